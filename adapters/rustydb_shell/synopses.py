"""The forms of the SQL commands that \\h shows: short ones, in our own words; [ ] is optional, | is a choice, … repeats."""

from __future__ import annotations

from typing import Final

SYNOPSES: Final = {
    "ALTER TABLE": "ALTER TABLE [IF EXISTS] name ADD [COLUMN] … | DROP [COLUMN] … | ALTER [COLUMN] … | ADD constraint\n    | RENAME [COLUMN] old TO new | RENAME TO new | SET SCHEMA schema | OWNER TO role",
    "ANALYZE": "ANALYZE [table [(column, …)], …]",
    "BEGIN": "BEGIN [ISOLATION LEVEL level] [READ ONLY | READ WRITE]",
    "CLOSE": "CLOSE name | ALL",
    "COMMIT": "COMMIT [AND CHAIN]",
    "COPY": "COPY table [(column, …)] FROM STDIN [WITH (option, …)]\nCOPY table [(column, …)] | (query) TO STDOUT [WITH (option, …)]\n    options: FORMAT text | csv | binary, DELIMITER, NULL, HEADER, QUOTE, ESCAPE",
    "CREATE INDEX": "CREATE [UNIQUE] INDEX [IF NOT EXISTS] [name] ON table [USING method] (column | (expression) [ASC | DESC], …) [WHERE condition]",
    "CREATE ROLE": "CREATE ROLE | USER name [WITH LOGIN | SUPERUSER | CREATEDB | CREATEROLE | PASSWORD 'text' …]",
    "CREATE SCHEMA": "CREATE SCHEMA [IF NOT EXISTS] name [AUTHORIZATION role]",
    "CREATE SEQUENCE": "CREATE SEQUENCE [IF NOT EXISTS] name [AS type] [INCREMENT n] [MINVALUE n] [MAXVALUE n] [START n] [CACHE n] [CYCLE]",
    "CREATE TABLE": "CREATE [TEMPORARY] TABLE [IF NOT EXISTS] name (column type [constraint …] | table_constraint, …)\nCREATE TABLE name AS query",
    "CREATE VIEW": "CREATE [OR REPLACE] VIEW name [(column, …)] AS query",
    "DECLARE": "DECLARE name CURSOR [WITH HOLD] FOR query",
    "DELETE": "[WITH …] DELETE FROM table [alias] [USING …] [WHERE condition] [RETURNING expression, …]",
    "DROP TABLE": "DROP TABLE [IF EXISTS] name, … [CASCADE | RESTRICT]",
    "EXPLAIN": "EXPLAIN [ANALYZE] statement",
    "FETCH": "FETCH [count | ALL | NEXT | PRIOR …] FROM cursor",
    "GRANT": "GRANT privilege, … ON table TO role, …\nGRANT role TO role",
    "INSERT": "[WITH …] INSERT INTO table [(column, …)] VALUES (expression, …), … | query | DEFAULT VALUES\n    [ON CONFLICT [(column, …)] DO NOTHING | DO UPDATE SET …] [RETURNING expression, …]",
    "LISTEN": "LISTEN channel",
    "NOTIFY": "NOTIFY channel [, 'payload']",
    "PREPARE": "PREPARE name [(type, …)] AS statement",
    "RELEASE SAVEPOINT": "RELEASE [SAVEPOINT] name",
    "REVOKE": "REVOKE privilege, … ON table FROM role, …\nREVOKE role FROM role",
    "ROLLBACK": "ROLLBACK [TO [SAVEPOINT] name]",
    "SAVEPOINT": "SAVEPOINT name",
    "SELECT": "[WITH …] SELECT [DISTINCT [ON (…)]] expression [AS name], … [FROM …] [WHERE condition]\n    [GROUP BY …] [HAVING condition] [WINDOW …] [UNION | INTERSECT | EXCEPT [ALL] query]\n    [ORDER BY expression [ASC | DESC] [NULLS FIRST | LAST], …] [LIMIT n] [OFFSET n] [FOR UPDATE | SHARE]",
    "SET": "SET [SESSION | LOCAL] name TO value | DEFAULT",
    "SHOW": "SHOW name | ALL",
    "TRUNCATE": "TRUNCATE [TABLE] name, … [RESTART IDENTITY] [CASCADE]",
    "UPDATE": "[WITH …] UPDATE table [alias] SET column = expression, … [FROM …] [WHERE condition] [RETURNING expression, …]",
    "VACUUM": "VACUUM [table, …]",
    "VALUES": "VALUES (expression, …), …",
}
