"""The front of the native protocol: see README.md beside this file."""
