"""What a lint is: a rulebook that may be opened under, and says something that its readers should know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from escrowkit.rulebook import Rulebook
from escrowkit.schema import UNKNOWN

#: Every lint by its key, which stays the same, and what it is about.
LINTS: Final[Mapping[str, str]] = {
    "fee-above-stake": "Under some bound a fee is more than the money that it is about.",
    "one-sided-silence": "Every silence that moves money moves it to the same side.",
    "one-sided-answer": "Both sides can be disputed, and only one of them loses by not answering.",
    "unequal-windows": "The two sides have different times to answer the same thing.",
    "no-exit-by-clock": "Money can rest in a state that no clock ends, and `open_ended` does not name it.",
    "longest-too-short": "A longest life ends a case before its stages can.",
    "shorter-than-notice": "A window is shorter than the wait after the reminder that it needs.",
    "gone-in-a-weekend": "A window in which silence decides can pass between two business days.",
    "no-holidays": "Business days are counted, and the calendar knows no holidays.",
    "power-nobody-holds": "A power is given to nobody, or to a role that can never use it.",
    "unused-rules": "Rules are given for a stage or a power that the rulebook does not have.",
    "no-source": "A value names no source, so nobody can tell whether it was published.",
    "unused-source": "A source is listed, and no value names it.",
}


@frozen
class Lint:
    """One thing that stands out: a stable `key` of `LINTS`, the `place` (a dotted key), a sentence, and a mend."""

    key: str
    place: str
    words: str
    mend: str

    def __str__(self) -> str:
        return f"{self.place}: {self.words} {self.mend} ({self.key})"

    def data(self) -> dict[str, str]:
        """As plain data."""
        return {"key": self.key, "place": self.place, "words": self.words, "mend": self.mend}


def known(book: Rulebook, key: str) -> Any:
    """A value, or None where there is no such rule or its sources do not settle it."""
    value = book.values[key]
    return None if value is UNKNOWN else value


def stages(book: Rulebook) -> tuple[str, ...]:
    """The stages of a dispute, as far as they are known."""
    return tuple(known(book, "dispute.stages") or ())
