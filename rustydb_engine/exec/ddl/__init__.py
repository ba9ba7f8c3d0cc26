"""DDL: statements that change the catalog."""

from rustydb_engine.exec.ddl.run import DDL_STATEMENTS, run_ddl

__all__ = ["DDL_STATEMENTS", "run_ddl"]
