"""Kill a real server under load and look at what is left."""
