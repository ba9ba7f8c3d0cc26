"""Values: what each SQL type is in Python, its text and binary forms, its order."""
