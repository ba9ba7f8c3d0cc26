"""Actions for utility statements."""

from rustydb_engine.sql import ast
from rustydb_engine.sql.actions import action

action("begin")(lambda pos, *_: ast.Begin(pos=pos))
action("commit")(lambda pos: ast.Commit(pos=pos))
action("rollback")(lambda pos: ast.Rollback(pos=pos))
