"""What a number template says as a whole: how many digits, where the sign goes, which special forms.

`picture_of("9,990.99MI")` counts the digit places before and after the decimal point and refuses combinations
that make no sense, as PostgreSQL does (42601).

Source: PostgreSQL 15, src/backend/utils/adt/formatting.c (NUMDesc_prepare).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.templates import Node, number_template


@dataclass(slots=True)
class Picture:
    """The nodes of a template and what they add up to.

    `pre` and `post` count digit places before and after the point, `multi` those after V. `zero_start` and `zero_end` are
    the places of the first and the last `0`. `sign_place`: '' no S, 'pre' before the number, 'post' after it.
    """

    nodes: tuple[Node, ...]
    pre: int = 0
    post: int = 0
    multi: int = 0
    sign_place: str = ""
    pre_sign: int = 0
    zero: bool = False
    zero_start: int = 0
    zero_end: int = 0
    decimal: bool = False
    fill: bool = False
    blank: bool = False
    sign: bool = False
    minus: bool = False
    plus: bool = False
    bracket: bool = False
    roman: bool = False
    shifted: bool = False
    scientific: bool = False


def _refuse(message: str, detail: str | None = None) -> SqlError:
    return SqlError("42601", message, detail=detail)


def _nine(picture: Picture) -> None:
    if picture.bracket:
        raise _refuse('"9" must be ahead of "PR"')
    if picture.shifted:
        picture.multi += 1
    elif picture.decimal:
        picture.post += 1
    else:
        picture.pre += 1


def _zero(picture: Picture) -> None:
    if picture.bracket:
        raise _refuse('"0" must be ahead of "PR"')
    if not picture.zero and not picture.decimal:
        picture.zero = True
        picture.zero_start = picture.pre + 1
    if picture.decimal:
        picture.post += 1
    else:
        picture.pre += 1
    picture.zero_end = picture.pre + picture.post


def _blank(picture: Picture) -> None:
    if not picture.pre and not picture.post and not picture.zero:
        picture.blank = True


def _point(picture: Picture) -> None:
    if picture.decimal:
        raise _refuse("multiple decimal points")
    if picture.shifted:
        raise _refuse('cannot use "V" and decimal point together')
    picture.decimal = True


def _fill(picture: Picture) -> None:
    picture.fill = True


def _sign(picture: Picture) -> None:
    if picture.sign:
        raise _refuse('cannot use "S" twice')
    if picture.plus or picture.minus or picture.bracket:
        raise _refuse('cannot use "S" and "PL"/"MI"/"SG"/"PR" together')
    picture.sign = True
    if picture.decimal:
        picture.sign_place = "post"
    else:
        picture.sign_place = "pre"
        picture.pre_sign = picture.pre


def _minus(picture: Picture) -> None:
    if picture.sign:
        raise _refuse('cannot use "S" and "MI" together')
    picture.minus = True


def _plus(picture: Picture) -> None:
    if picture.sign:
        raise _refuse('cannot use "S" and "PL" together')
    picture.plus = True


def _either(picture: Picture) -> None:
    if picture.sign:
        raise _refuse('cannot use "S" and "SG" together')
    picture.minus = picture.plus = True


def _bracket(picture: Picture) -> None:
    if picture.sign or picture.plus or picture.minus:
        raise _refuse('cannot use "PR" and "S"/"PL"/"MI"/"SG" together')
    picture.bracket = True


def _roman(picture: Picture) -> None:
    picture.roman = True


def _shift(picture: Picture) -> None:
    if picture.decimal:
        raise _refuse('cannot use "V" and decimal point together')
    picture.shifted = True


def _scientific(picture: Picture) -> None:
    if picture.scientific:
        raise _refuse('cannot use "EEEE" twice')
    others = (picture.blank, picture.fill, picture.sign, picture.bracket, picture.minus, picture.plus, picture.roman)
    if any(others) or picture.shifted:
        raise _refuse(
            '"EEEE" is incompatible with other formats',
            '"EEEE" may only be used together with digit and decimal point patterns.',
        )
    picture.scientific = True


_COUNT: dict[str, Callable[[Picture], None]] = {
    "9": _nine, "0": _zero, "B": _blank, "D": _point, ".": _point, "FM": _fill, "S": _sign, "MI": _minus,
    "PL": _plus, "SG": _either, "PR": _bracket, "RN": _roman, "V": _shift, "EEEE": _scientific,
}  # fmt: skip


@lru_cache(maxsize=256)
def picture_of(template: str) -> Picture:
    """Read a template; 42601 for patterns that exclude each other."""
    picture = Picture(number_template(template))
    for node in picture.nodes:
        if node.kind != "pattern":
            continue
        if picture.scientific and node.name != "EEEE":
            raise _refuse('"EEEE" must be the last pattern used')
        count = _COUNT.get(node.name)
        if count is not None:
            count(picture)
    return picture
