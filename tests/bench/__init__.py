"""Benchmarks: figures as ratios to PostgreSQL 15, measured in turn on one machine."""
