"""The SQL functions, operators and casts, and the registry that holds them.

`load_all()` enters everything; the binder calls it once.
"""

from __future__ import annotations


def load_all() -> None:
    """Fill the tables of `registry` with every function, aggregate, operator and cast. Calling it again does nothing."""
    from rustydb_engine.sql.functions import (
        casts_datetime,
        casts_json,
        casts_numbers,
        casts_reg,
        casts_text,
        library,
        operators,
    )

    modules = (casts_datetime, casts_json, casts_numbers, casts_reg, casts_text, library, operators)
    assert all(modules), "importing a module enters its objects"
