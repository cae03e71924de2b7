"""What people wrote in their own words, and the mark that stands where such words were erased."""

from __future__ import annotations

from typing import Final, Self, final

from escrowkit.doors import needed

#: The fields of events, of terms and of a record that hold words which people wrote, and which no rule reads: they may
#: be erased. `said` repeats a command with all its words.
FREE_TEXT: Final = frozenset({"reason", "reasons", "reply", "comment", "title", "evidence", "requirements", "said"})


@final
class Erased(str):
    """A text that was erased: a mark for people to see, and the digest that still stands for it.

    >>> print(Erased("c0ffee" + "0" * 58))
    [erased text c0ffee000000]
    """

    __slots__ = ("sha256",)
    sha256: str

    def __new__(cls, sha256: str) -> Self:
        needed("sha256", sha256, str)
        mark = super().__new__(cls, f"[erased text {sha256[:12]}]")
        mark.sha256 = sha256
        return mark

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (self.sha256,)
