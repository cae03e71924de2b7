"""Values that nobody can look up."""

from __future__ import annotations

from collections.abc import Iterator

from escrowkit.lint.model import Lint
from escrowkit.rulebook import Rulebook
from escrowkit.schema import KEYS


def sources(book: Rulebook) -> Iterator[Lint]:
    """Values without a source, a whole part at once where none of its values has one; sources without a value."""
    if not book.sure:
        words = "No value names a source, so nobody can tell what was published and what was chosen."
        mend = 'List the texts in [sources], and mark values or whole parts in [sure]; your own choices too ("own").'
        yield Lint("no-source", "sure", words, mend)
        return
    bare = [path for path in KEYS if book.given(path) and not book.source_of(path)]
    for place in dict.fromkeys(_place(book, path) for path in bare):
        words = "No source says this." if place in bare else "No source says any of this."
        mend = f'Mark it in [sure]: "{place}" = {{ source = "…", sure = "…" }}.'
        yield Lint("no-source", place, words, mend)
    named = {mark["source"] for mark in book.sure.values()}
    for name in book.sources:
        if name not in named:
            yield Lint("unused-source", f"sources.{name}", "No value names it.", "Mark what it says, or leave it out.")


def _place(book: Rulebook, path: str) -> str:
    """The value, or the first word of its key where all that was said there has no source."""
    part = path.partition(".")[0]
    said = [other for other in KEYS if book.given(other) and other.startswith(f"{part}.")]
    return path if any(map(book.source_of, said)) else part
