"""Operators on dates, times and intervals."""
