"""What is wrong with a document, as the inner functions say it: each level of the way out adds its step to the path."""

from __future__ import annotations

from typing import Any, Self

from escrowkit.errors import BadDocument, shown


class Wrong(Exception):
    """Something here cannot be read (or written). The doors of this package make a `BadDocument` of it."""

    def __init__(self, what: str, mend: str = "") -> None:
        super().__init__(what)
        self.path, self.what, self.mend = "", what, mend

    def at(self, step: str) -> Self:
        """The same, seen from one level up."""
        self.path = step + self.path
        return self

    def told(self) -> BadDocument:
        """What users meet."""
        return BadDocument(f"${self.path}", self.what, self.mend)


class Odd:
    """What stands in JSON where no document may have anything: whoever meets it refuses it, and knows the place."""

    def __init__(self, what: str) -> None:
        self.what = what


def called(document: Any) -> str:
    """What stands there, in words."""
    if isinstance(document, Odd):
        return document.what
    if document is None or isinstance(document, bool):
        return {None: "null", True: "true", False: "false"}[document]
    if isinstance(document, (dict, list)):
        return "an object" if isinstance(document, dict) else "a list"
    return shown(document)
