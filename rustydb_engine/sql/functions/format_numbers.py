"""to_char() of numbers.

The number is first printed plainly with as many decimals as the template has places; then the template's nodes are
walked, each digit pattern taking one place of the number: a blank while the number has not begun, then its digits.
The sign is written just before the first digit, unless MI, PL, SG or S after the point put it elsewhere. A number
that has too many digits is printed as #.

    to_char(-125.8, '999D99S')  ->  125.80-

Source: PostgreSQL 15, section 9.8; src/backend/utils/adt/formatting.c (NUM_processor, NUM_numpart_to_char).
"""

from __future__ import annotations

import math
from decimal import Decimal

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.number_templates import Picture, picture_of
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.sql.functions.templates import Node, ordinal_suffix
from rustydb_engine.values.integers import INT4_MAX, INT4_MIN, int4_overflow, int8_check
from rustydb_engine.values.numeric import divide_scaled, multiply, round_to, to_int

FLOAT8_DIGITS, FLOAT4_DIGITS = 15, 6
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


def _roman(number: int) -> str:
    """Return a Roman numeral, # outside of 1 to 3999."""
    if not 1 <= number <= 3999:
        return "#" * 15
    out = ""
    for size, letters in _ROMAN:
        while number >= size:
            out += letters
            number -= size
    return out


class _Writer:
    """One number on its way through a template. `at` is the place in `digits`, `place` counts digit patterns."""

    def __init__(self, picture: Picture, digits: str, blanks: int, sign: str) -> None:
        self.picture = picture
        self.digits = digits
        self.blanks = blanks
        self.sign = sign
        self.out: list[str] = []
        self.at = 0
        self.place = 0
        self.inside = False
        self.bracket = picture.bracket and not (sign != "-" and picture.fill)
        self.sign_place = picture.sign_place
        self.zero_start = picture.zero_start - 1 if picture.zero_start else 0
        if picture.plus or picture.minus:
            self.signed = not (picture.plus and not picture.minus)
        else:
            self.signed = sign == "+" and picture.fill and not picture.sign
            if picture.sign_place == "pre" and picture.pre == picture.pre_sign:
                self.sign_place = "post"
        self.last = self._last_relevant() if picture.fill and picture.decimal else -1
        self.count = picture.post + picture.pre - 1 + (not self.signed and blanks == 0)

    def _last_relevant(self) -> int:
        """Return the place of the last digit after the point that is not 0 (the point's own when there is none)."""
        point = self.digits.find(".")
        if point < 0:
            return -1
        last = point
        for index in range(point + 1, len(self.digits)):
            if self.digits[index] != "0":
                last = index
        if self.picture.zero_end > self.blanks:
            last = max(last, min(len(self.digits) - 1, self.picture.zero_end - self.blanks))
        return last

    def _ends_in_point(self) -> bool:
        return self.last >= 0 and self.digits[self.last] == "."

    def _lone_zero(self) -> bool:
        """Whether the digit here is the 0 of 0.5, which a template of nines leaves out."""
        return not self.picture.zero and self.at == 0 and self.digits[:1] == "0" and self.picture.post != 0

    def digit(self, node: Node) -> None:
        """Write the place of a 9, 0, D or point."""
        self.inside = False
        starts = self.place >= self.blanks or (self.picture.zero and self.zero_start == self.place)
        if not self.signed and starts and (not self._lone_zero() or self._ends_in_point()):
            self._write_sign()
        if self.place < self.blanks and (self.zero_start > self.place or not self.picture.zero):
            if not self.picture.fill:
                self.out.append(" ")
        elif self.picture.zero and self.place < self.blanks:
            self.out.append("0")
            self.inside = True
        else:
            self._write_digit(node)
        end = self.count + (1 if self.blanks else 0) + (1 if self.picture.decimal else 0)
        if self.last >= 0 and self.last == self.at:
            end = self.place
        if self.place + 1 == end:
            if self.signed and self.bracket:
                self.out.append(" " if self.sign == "+" else ">")
            elif self.picture.sign and self.sign_place == "post":
                self.out.append(self.sign)
        self.place += 1

    def _write_sign(self) -> None:
        if self.picture.sign:
            if self.sign_place == "pre":
                self.out.append(self.sign)
                self.signed = True
        elif self.bracket:
            self.out.append(" " if self.sign == "+" else "<")
            self.signed = True
        elif self.sign == "+":
            if not self.picture.fill:
                self.out.append(" ")
            self.signed = True
        else:
            self.out.append("-")
            self.signed = True

    def _write_digit(self, node: Node) -> None:
        character = self.digits[self.at : self.at + 1]
        if character == ".":
            if not self._ends_in_point() or self.picture.fill:
                self.out.append(".")
        elif self.last >= 0 and self.at > self.last and node.name != "0":
            pass
        elif self._lone_zero():
            if not self.picture.fill:
                self.out.append(" ")
            elif self._ends_in_point():
                self.out.append("0")
        elif character:
            self.out.append(character)
            self.inside = True
        if character:
            self.at += 1

    def other(self, node: Node) -> None:
        """Write a pattern that is no digit."""
        picture = self.picture
        match node.name:
            case "," | "G":
                if self.inside:
                    self.out.append(",")
                elif not picture.fill:
                    self.out.append(" ")
            case "L":
                self.out.append(" ")
            case "TH":
                if not (picture.roman or self.digits[:1] == "#" or self.sign == "-" or picture.decimal):
                    self.out.append(ordinal_suffix(self.digits, node.text == "TH"))
            case "MI":
                if self.sign == "-" or not picture.fill:
                    self.out.append("-" if self.sign == "-" else " ")
            case "PL":
                if self.sign == "+" or not picture.fill:
                    self.out.append("+" if self.sign == "+" else " ")
            case "SG":
                self.out.append(self.sign)

    def text(self) -> str:
        """Walk the template."""
        for node in self.picture.nodes:
            if node.kind != "pattern":
                self.out.append(node.text)
            elif node.name in ("9", "0", ".", "D"):
                self.digit(node)
            else:
                self.other(node)
        return "".join(self.out)


def _with_roman(picture: Picture, numeral: str) -> str:
    """Return a template with RN printed; its digit patterns print nothing."""
    out: list[str] = []
    for node in picture.nodes:
        if node.kind != "pattern":
            out.append(node.text)
        elif node.name == "RN":
            text = numeral.lower() if node.text == "rn" else numeral
            out.append(text if picture.fill else text.rjust(15))
        elif (node.name in (",", "G", "MI", "PL") and not picture.fill) or node.name == "L":
            out.append(" ")
    return "".join(out)


def _laid_out(picture: Picture, plain: str, shift: int = 0) -> str:
    """Put a plainly printed number into a template; `shift` is how many places V added."""
    pre = picture.pre + shift
    sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("+", plain)
    whole = len(digits.partition(".")[0])
    if whole > pre:
        digits = "#" * pre + "." + "#" * picture.post
    if shift:
        picture = _shifted(picture, shift)
    return _Writer(picture, digits, max(pre - whole, 0), sign).text()


def _shifted(picture: Picture, shift: int) -> Picture:
    """Return the picture with the places after V counted before the point."""
    fields = {name: getattr(picture, name) for name in Picture.__slots__}
    fields["pre"] = picture.pre + shift
    return Picture(**fields)


# ---------------------------------------------------------------- the SQL functions


@function("to_char(int4, text) -> text", oid=1773, volatility="s")
def to_char4(number: int, template: str) -> str:
    if not template:
        return ""
    picture = picture_of(template)
    if picture.scientific:
        text = f"{float(number):+.{picture.post}e}"
        return " " + text[1:] if text.startswith("+") else text
    if picture.shifted and not INT4_MIN <= number * 10**picture.multi <= INT4_MAX:
        int4_overflow()
    return _integer(picture, number)


@function("to_char(int8, text) -> text", oid=1774, volatility="s")
def to_char8(number: int, template: str) -> str:
    if not template:
        return ""
    picture = picture_of(template)
    if picture.scientific:
        return to_char(Decimal(number), template)
    if picture.shifted:
        int8_check(number * 10**picture.multi)
    return _integer(picture, number)


def _integer(picture: Picture, number: int) -> str:
    if picture.roman:
        return _with_roman(picture, _roman(number))
    shift = picture.multi if picture.shifted else 0
    plain = str(number * 10**shift)
    return _laid_out(picture, plain + ("." + "0" * picture.post if picture.post else ""), shift)


@function("to_char(numeric, text) -> text", oid=1772, volatility="s")
def to_char(number: Decimal, template: str) -> str:
    if not template:
        return ""
    picture = picture_of(template)
    if picture.roman:
        return _with_roman(picture, _roman(to_int(number, INT4_MIN, INT4_MAX, "integer")))
    if picture.scientific:
        return _scientific(picture, number)
    shift = picture.multi if picture.shifted else 0
    if not number.is_finite():
        return _laid_out(picture, "NaN" if number.is_nan() else f"{number}", shift)
    if shift:
        number = multiply(number, Decimal(10**shift))
    return _laid_out(picture, f"{round_to(number, picture.post):f}", shift)


def _scientific(picture: Picture, number: Decimal) -> str:
    """Return the form of EEEE: one digit, the decimals of the template, the exponent."""
    if not number.is_finite():
        return " " + "#" * picture.pre + "." + "#" * (picture.post + 4)
    exponent = number.adjusted() if number else 0
    mantissa = divide_scaled(number, Decimal(1).scaleb(exponent), picture.post)
    text = f"{mantissa:f}e{exponent:+03d}"
    return text if text.startswith("-") else " " + text


@function("to_char(float8, text) -> text", oid=1776, volatility="s")
def to_char_float8(number: float, template: str) -> str:
    return _float(number, template, FLOAT8_DIGITS)


@function("to_char(float4, text) -> text", oid=1775, volatility="s")
def to_char_float4(number: float, template: str) -> str:
    return _float(number, template, FLOAT4_DIGITS)


def _float(number: float, template: str, precision: int) -> str:
    """Print a float; decimals beyond its precision are left out."""
    if not template:
        return ""
    picture = picture_of(template)
    if picture.roman:
        if not math.isfinite(number) or not INT4_MIN <= round(number) <= INT4_MAX:
            return _with_roman(picture, "#" * 15)
        return _with_roman(picture, _roman(round(number)))
    if picture.scientific:
        if not math.isfinite(number):
            return " " + "#" * picture.pre + "." + "#" * (picture.post + 4)
        text = f"{number:+.{picture.post}e}"
        return " " + text[1:] if text.startswith("+") else text
    shift = picture.multi if picture.shifted else 0
    if not math.isfinite(number):
        plain = "nan" if math.isnan(number) else "infinity" if number > 0 else "-infinity"
        return _laid_out(picture, "NaN" if plain == "nan" else plain.replace("i", "I", 1), shift)
    number *= 10.0**shift
    whole = len(f"{abs(number):.0f}")
    decimals = 0 if whole >= precision else min(picture.post, precision - whole)
    return _laid_out(_with_post(picture, decimals), f"{number:.{decimals}f}", shift)


def _with_post(picture: Picture, decimals: int) -> Picture:
    if decimals == picture.post:
        return picture
    fields = {name: getattr(picture, name) for name in Picture.__slots__}
    fields["post"] = decimals
    return Picture(**fields)


def unsupported_input(what: str) -> SqlError:
    """Return the error for a pattern that to_number does not read."""
    return SqlError("0A000", f'"{what}" not supported for input')
