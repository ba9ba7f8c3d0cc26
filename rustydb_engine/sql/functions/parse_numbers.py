"""to_number(): text read by a number template.

The template says how many digits to take and where the sign may stand; characters that are no patterns skip one
character of the text. What was collected is then read as numeric(pre + post, post).

    to_number('12,454.8-', '99G999D9S')  ->  -12454.8

Source: PostgreSQL 15, section 9.8; src/backend/utils/adt/formatting.c (NUM_processor, NUM_numpart_from_char).
"""

from __future__ import annotations

from decimal import Decimal

from rustydb_engine.sql.functions.format_numbers import unsupported_input
from rustydb_engine.sql.functions.number_templates import Picture, picture_of
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.sql.functions.templates import Node
from rustydb_engine.values.numeric import fit, multiply, numeric_in, pack_typmod
from rustydb_engine.values.numeric_math import power


class _Reader:
    """One text on its way through a template: `at` is the place in it, `digits` what was collected."""

    def __init__(self, picture: Picture, text: str) -> None:
        self.picture = picture
        self.text = text
        self.at = 0
        self.sign = " "
        self.digits = ""
        self.read_pre = 0
        self.read_post = 0
        self.read_point = False

    def _here(self, ahead: int = 0) -> str:
        return self.text[self.at + ahead : self.at + ahead + 1]

    def _take_sign(self, offset: int = 0) -> bool:
        """Take a + or - at an offset as the sign of the number."""
        if self._here(offset) not in ("-", "+") or not self._here(offset):
            return False
        self.sign = self._here(offset)
        return True

    def digit(self, node: Node) -> None:
        """Read a digit, the point or a sign, as a 9, 0, D or point of the template stands for."""
        if self._here() == " ":
            self.at += 1
        if not self._here():
            return
        if self.sign == " " and node.name in ("0", "9") and self.read_pre + self.read_post == 0:
            self._leading_sign()
        if not self._here():
            return
        taken = False
        if self._here().isdigit() and self._here().isascii():
            if self.read_point and self.read_post == self.picture.post:
                return
            self.digits += self._here()
            if self.read_point:
                self.read_post += 1
            else:
                self.read_pre += 1
            taken = True
        elif self.picture.decimal and not self.read_point and self._here() == ".":
            self.digits += "."
            self.read_point = taken = True
        if self.sign == " " and self.read_pre + self.read_post > 0:
            self._trailing_sign(taken)

    def _leading_sign(self) -> None:
        if self.picture.sign and self.picture.sign_place == "pre":
            if self._take_sign():
                self.at += 1
        elif self._here() == "-" or (self.picture.bracket and self._here() == "<"):
            self.sign = "-"
            self.at += 1
        elif self._here() == "+":
            self.sign = "+"
            self.at += 1

    def _trailing_sign(self, taken: bool) -> None:
        """Look for a sign right behind the last digit, where S, MI or PL allow one."""
        if self.picture.sign:
            if taken and self._here(1) and not self._here(1).isdigit() and self._take_sign(1):
                self.at += 1
        elif not taken and (self.picture.plus or self.picture.minus):
            self._take_sign()

    def skip(self, count: int) -> None:
        """Skip up to `count` characters that cannot belong to a number."""
        while count and self._here() and self._here() not in "0123456789.,+-":
            self.at += 1
            count -= 1

    def other(self, node: Node) -> None:
        """Read a pattern that is no digit."""
        match node.name:
            case "," | "G":
                # A separator before the first digit is skipped too unless FM is used; `inside` never becomes true here.
                if not self.picture.fill and self._here() == ",":
                    self.at += 1
            case "L":
                self.skip(1)
            case "TH":
                self.skip(2)
            case "RN":
                raise unsupported_input("RN")
            case "MI" if self._here() == "-":
                self.sign = "-"
                self.at += 1
            case "PL" if self._here() == "+":
                self.sign = "+"
                self.at += 1
            case "SG" if self._here() in ("+", "-") and self._here():
                self.sign = self._here()
                self.at += 1
            case "MI" | "PL" | "SG":
                self.skip(1)

    def number(self) -> str:
        """Walk the template and return what was collected."""
        for node in self.picture.nodes:
            if self.at >= len(self.text):
                break
            if node.kind != "pattern":
                self.at += 1
            elif node.name in ("9", "0", ".", "D"):
                self.digit(node)
                self.at += 1
            else:
                self.other(node)
        return self.sign + self.digits.removesuffix(".")


@function("to_number(text, text) -> numeric", oid=1777, volatility="s")
def to_number(text: str, template: str) -> Decimal | None:
    if not template:
        return None
    picture = picture_of(template)
    if picture.scientific:
        raise unsupported_input("EEEE")
    if picture.roman:
        raise unsupported_input("RN")
    reader = _Reader(picture, text)
    scale_text = reader.number()
    number = fit(
        numeric_in(scale_text), pack_typmod(max(picture.pre + picture.multi + reader.read_post, 1), reader.read_post)
    )
    if picture.shifted:
        number = multiply(number, power(Decimal(10), Decimal(-picture.multi)))
    return number
