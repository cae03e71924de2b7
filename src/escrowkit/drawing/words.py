"""Words for people, and how wide they are: nothing in a picture depends on the fonts of the machine that draws it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from escrowkit.roles import PARTY, Role

#: Advance widths of Helvetica and of what is metric-compatible with it (Arial, Liberation Sans), U+0020 to U+007E.
_REGULAR: Final = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667,
    556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556,
    556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722,
    500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_BOLD: Final = (
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722,
    611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556,
    611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778,
    556, 556, 500, 389, 280, 389, 584,
)  # fmt: skip
_OTHER: Final = {"·": 278, "’": 278, "‘": 278, "–": 556, "\u00a0": 278}

_PERIOD: Final = re.compile(r"after (\d+ (business )?\w+|an unknown period)")


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a text is at this size, in the unit of the size."""
    table = _BOLD if bold else _REGULAR
    return size / 1000 * sum(table[ord(c) - 32] if 32 <= ord(c) < 127 else _OTHER.get(c, 1000) for c in text)


def wrap(text: str, size: float, room: float) -> list[str]:
    """The text in lines that fit; a non-breaking space holds words together."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return [line.replace("\u00a0", " ") for line in lines]


def keep(text: str, size: float, room: float) -> str:
    """The text with what belongs together kept so: a period, an arrow and what follows it, brackets that fit."""
    text = _PERIOD.sub(lambda found: found[0].replace(" ", "\u00a0"), text.replace("→ ", "→\u00a0"))
    head, bracket, tail = text.partition(" (")
    held = (bracket + tail).strip().replace(" ", "\u00a0")
    return f"{head} {held}" if bracket and width(held, size) <= room else head + bracket + tail


def pack(items: Iterable[str], size: float, room: float) -> list[str]:
    """Short texts side by side, with dots between them, in lines that fit."""
    lines: list[str] = []
    for item in items:
        longer = f"{lines[-1]} · {item}" if lines else item
        if lines and width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(item)
    return lines


def plain(word: str) -> str:
    """A word of the code as people write it: `request_changes` is "request changes"."""
    return word.replace("_", " ")


def who(roles: Iterable[Role]) -> str:
    """Who may: "payer", "either party, platform", "anybody"."""
    left = set(roles) - {Role.CLOCK, Role.RULES}
    if left == set(Role) - {Role.CLOCK, Role.RULES}:
        return "anybody"
    both = left >= PARTY
    names = [role.value for role in Role if role in left and not (both and role in PARTY)]
    return ", ".join(["either party"] * both + names)


def listed(words: Sequence[str], last: str = "and") -> str:
    """Several words in one phrase: "a, b and c"."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def capital(text: str) -> str:
    """With a capital letter."""
    return text[:1].upper() + text[1:]
