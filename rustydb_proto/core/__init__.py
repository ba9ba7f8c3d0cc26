"""The pieces that every protocol machine shares."""
