"""Plans become generated Python that gives rows; DDL; what running statements need."""
