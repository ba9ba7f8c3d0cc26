"""PostgreSQL 15's key words and what each may be used for.

A key word belongs to one of four categories. An *unreserved* word can name anything; a *column name* word can name
a column or table but not a function or type; a *type or function name* word the opposite; a *reserved* word can only
be a label after AS. Independently, most can be a label without AS (`SELECT 1 value`), a few cannot (`SELECT 1 year`).

The grammar mentions a key word where it has a meaning. Everywhere else the parser treats it as its category,
one of eight terminals: `FALLBACK["VALUE"]` is "IDENT", so `value` is an ordinary identifier unless the grammar says
otherwise at that place. That keeps hundreds of words out of the parse tables.

Source: PostgreSQL 15, Appendix C, and pg_get_keywords() (a test compares with a recording of it).
"""

from __future__ import annotations

from sys import intern

# The terminal that stands for each category, pg_get_keywords()'s code for it, and its words.
# Words of the terminals that end in _AS cannot be labels without AS.
_CATEGORIES = (
    ("IDENT", "U", """
        abort absolute access action add admin after aggregate also alter always asensitive assertion assignment at
        atomic attach attribute backward before begin breadth by cache call called cascade cascaded catalog chain
        characteristics checkpoint class close cluster columns comment comments commit committed compression
        configuration conflict connection constraints content continue conversion copy cost csv cube current cursor
        cycle data database deallocate declare defaults deferred definer delete delimiter delimiters depends depth
        detach dictionary disable discard document domain double drop each enable encoding encrypted enum escape
        event exclude excluding exclusive execute explain expression extension external family finalize first
        following force forward function functions generated global granted groups handler header hold identity if
        immediate immutable implicit import include including increment index indexes inherit inherits inline input
        insensitive insert instead invoker isolation key label language large last leakproof level listen load local
        location lock locked logged mapping match matched materialized maxvalue merge method minvalue mode move name
        names new next nfc nfd nfkc nfkd no normalized nothing notify nowait nulls object of off oids old operator
        option options ordinality others overriding owned owner parallel parameter parser partial partition passing
        password plans policy preceding prepare prepared preserve prior privileges procedural procedure procedures
        program publication quote range read reassign recheck recursive ref referencing refresh reindex relative
        release rename repeatable replace replica reset restart restrict return returns revoke role rollback rollup
        routine routines rows rule savepoint schema schemas scroll search security sequence sequences serializable
        server session set sets share show simple skip snapshot sql stable standalone start statement statistics
        stdin stdout storage stored strict strip subscription support sysid system tables tablespace temp template
        temporary text ties transaction transform trigger truncate trusted type types uescape unbounded uncommitted
        unencrypted unknown unlisten unlogged until update vacuum valid validate validator value version view views
        volatile whitespace work wrapper write xml yes zone
    """),
    ("IDENT_AS", "U", "day filter hour minute month over second varying within without year"),
    ("COLUMN_KEYWORD", "C", """
        between bigint bit boolean coalesce dec decimal exists extract float greatest grouping inout int integer
        interval least national nchar none normalize nullif numeric out overlay position real row setof smallint
        substring time timestamp treat trim values varchar xmlattributes xmlconcat xmlelement xmlexists xmlforest
        xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
    """),
    ("COLUMN_KEYWORD_AS", "C", "char character precision"),
    ("TYPE_KEYWORD", "T", """
        authorization binary collation concurrently cross current_schema freeze full ilike inner is join left like
        natural outer right similar tablesample verbose
    """),
    ("TYPE_KEYWORD_AS", "T", "isnull notnull overlaps"),
    ("RESERVED_KEYWORD", "R", """
        all analyse analyze and any asc asymmetric both case cast check collate column constraint current_catalog
        current_date current_role current_time current_timestamp current_user default deferrable desc distinct do
        else end false foreign in initially lateral leading localtime localtimestamp not null only or placing
        primary references select session_user some symmetric table then trailing true unique user using variadic
        when
    """),
    ("RESERVED_KEYWORD_AS", "R", """
        array as create except fetch for from grant group having intersect into limit offset on order returning to
        union where window with
    """),
)  # fmt: skip

# word -> its own terminal ("select" -> "SELECT"); the lexer looks identifiers up here.
TERMINALS: dict[str, str] = {word: intern(word.upper()) for _, _, words in _CATEGORIES for word in words.split()}

# terminal of a word -> terminal of its category ("SELECT" -> "RESERVED_KEYWORD"); the parser falls back on it.
FALLBACK: dict[str, str] = {word.upper(): terminal for terminal, _, words in _CATEGORIES for word in words.split()}

# word -> pg_get_keywords().catcode, and whether it may be a label without AS.
CATEGORY: dict[str, str] = {word: code for _, code, words in _CATEGORIES for word in words.split()}
BARE_LABEL: dict[str, bool] = {
    word: not terminal.endswith("_AS") for terminal, _, words in _CATEGORIES for word in words.split()
}


def needs_quotes(name: str) -> bool:
    """Say whether `name` must be double-quoted when it is written as an identifier (what quote_ident does)."""
    if not name or not (name[0] == "_" or "a" <= name[0] <= "z"):
        return True
    if not all(c == "_" or "a" <= c <= "z" or "0" <= c <= "9" for c in name):
        return True
    return CATEGORY.get(name, "U") != "U"


def quote_identifier(name: str) -> str:
    """Return `name` as it must be written in SQL, quoted only where PostgreSQL's quote_ident would."""
    return '"' + name.replace('"', '""') + '"' if needs_quotes(name) else name
