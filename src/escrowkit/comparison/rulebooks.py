"""Rulebooks side by side: who loses by silence at each step, every period, every fee, who may do what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import frozen

from escrowkit.comparison.questions import Question, questions
from escrowkit.doors import Every, door
from escrowkit.errors import BadArgument, DefinitionError, did_you_mean, in_turn, shown
from escrowkit.rulebook import Rulebook, available, is_file, load
from escrowkit.rulecheck import CERTAINTY, mark_of

#: How sure a value is, as a sign behind it; `seen` needs none.
SIGNS: Final[Mapping[str, str]] = {"second-hand": "~", "recalled": "?", "own": "*", "default": "°"}
LEGEND: Final[Mapping[str, str]] = {
    "~": "second-hand: somebody else states or quotes it",
    "?": "recalled, without a document",
    "*": "our own inference or choice",
    "°": "the rulebook does not say it: what holds then",
    "—": "no such rule",
    "unknown": "the sources do not settle it",
}
_ORDER: Final = (*CERTAINTY, "default")


@frozen
class Cell:
    """What one rulebook answers: in words, how sure that is (the least sure part counts), where it stands, notes.

    `text` is None where there is no such rule. `sure` is None where nothing is to be doubted: the rulebook is its own
    source.
    """

    text: str | None
    sure: str | None = None
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def unknown(self) -> bool:
        """Whether the sources leave it, or a part of it, open."""
        return self.text is not None and "unknown" in self.text

    def __str__(self) -> str:
        if self.text is None:
            return "—"
        return self.text if self.text == "unknown" else self.text + SIGNS.get(self.sure or "", "")


@frozen
class Row:
    """One question with the answer of each rulebook."""

    step: str
    question: str
    keys: tuple[str, ...]
    cells: tuple[Cell, ...]

    @property
    def differs(self) -> bool:
        """Whether the answers differ, however sure they are."""
        return len({cell.text for cell in self.cells}) > 1


@frozen
class Comparison:
    """Rulebooks side by side; questions to which none of them has an answer are left out."""

    rulebooks: tuple[Rulebook, ...]
    rows: tuple[Row, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the rulebooks, in their order."""
        return tuple(book.name for book in self.rulebooks)

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps at which something is asked, in their order."""
        return tuple(dict.fromkeys(row.step for row in self.rows))

    @property
    def differing(self) -> Comparison:
        """The rows that differ alone."""
        return Comparison(self.rulebooks, tuple(row for row in self.rows if row.differs))

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """What the signs mean that are there, and which rulebooks need none."""
        there = {sign for row in self.rows for cell in row.cells for sign in _signs(cell)}
        own = ((book.name, "its own source, so without signs") for book in self.rulebooks if is_own(book))
        return (*((sign, words) for sign, words in LEGEND.items() if sign in there), *own)

    @door(most=int)
    def few(self, most: int) -> Iterator[Comparison]:
        """The same rows, at most so many rulebooks at a time."""
        if most < 1:
            raise BadArgument(f"most = {shown(most)}: a whole number from 1 is needed", key="most")
        for start in range(0, len(self.rulebooks), most):
            here = slice(start, start + most)
            rows = (attrs.evolve(row, cells=row.cells[here]) for row in self.rows)
            yield Comparison(self.rulebooks[here], tuple(rows))

    @door(step=str)
    def at(self, step: str) -> tuple[Row, ...]:
        """The rows of one step."""
        return tuple(row for row in self.rows if row.step == step)

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "rulebooks": [{"name": book.name, "title": book.title} for book in self.rulebooks],
            "legend": dict(LEGEND),
            "rows": [self._row(row) for row in self.rows],
        }

    def _row(self, row: Row) -> dict[str, Any]:
        cells = {
            name: {
                "text": cell.text,
                "sure": cell.sure,
                "unknown": cell.unknown,
                "sources": list(cell.sources),
                "notes": list(cell.notes),
            }
            for name, cell in zip(self.names, row.cells, strict=True)
        }
        return {
            "step": row.step,
            "question": row.question,
            "keys": list(row.keys),
            "differs": row.differs,
            "answers": cells,
        }

    def markdown(self, link: Callable[[str], str] | None = None) -> str:
        """As Markdown, one table a step; `link` makes what stands at the head of a column of a rulebook's name."""
        parts = ["\n".join(f"- `{sign}`: {words}" for sign, words in self.legend)]
        head = ("question", *map(link or str, self.names))
        for step in self.steps:
            lines = [head, ("---",) * len(head), *((row.question, *map(str, row.cells)) for row in self.at(step))]
            parts += [f"## {step}", "\n".join(f"| {' | '.join(map(_escaped, line))} |" for line in lines)]
        return "\n\n".join(parts) + "\n"


def _escaped(text: str) -> str:
    for sign in "|*~<":
        text = text.replace(sign, f"\\{sign}")
    return text


def _signs(cell: Cell) -> tuple[str, ...]:
    if cell.text is None:
        return ("—",)
    sign = SIGNS.get(cell.sure or "", "")
    return (*((sign,) if str(cell).endswith(sign) and sign else ()), *(("unknown",) if cell.unknown else ()))


@door(rulebooks=Every(Rulebook))
def compare(rulebooks: Iterable[Rulebook]) -> Comparison:
    """Rulebooks side by side, question by question; one that is named twice stands there once."""
    books = tuple({book.name: book for book in rulebooks}.values())
    rows = (
        Row(question.step, question.words, question.keys, tuple(_cell(question, book) for book in books))
        for question in questions()
    )
    return Comparison(books, tuple(row for row in rows if any(cell.text is not None for cell in row.cells)))


def is_own(book: Rulebook) -> bool:
    """Whether a rulebook has no source but itself: then nothing in it is an inference."""
    return all(mark["sure"] == "own" for mark in book.sure.values())


def _cell(question: Question, book: Rulebook) -> Cell:
    text = question.answer(book)
    said = [key for key in question.keys if book.given(key)]
    marks = [mark_of(book.sure, key) for key in said]
    if text is None or is_own(book):
        return Cell(text)
    sure = [mark["sure"] for mark in marks if mark] or ([] if said else ["default"])
    return Cell(
        text,
        max(sure, key=_ORDER.index, default=None),
        tuple(dict.fromkeys(mark["source"] for mark in marks if mark)),
        tuple(dict.fromkeys(mark["note"] for mark in marks if "note" in mark)),
    )


# -- names -----------------------------------------------------------------------------------------------------------


@door(near=Path)
def pick(name: str | Path | Rulebook, near: Path | None = None) -> Rulebook:
    """A rulebook by name or path; a name without its version is the newest one, where only one can be meant.

    Raises `DefinitionError`, which lists the versions where several can be meant, and as `load` does.
    """
    if not isinstance(name, str) or name in available() or "@" in name or is_file(Path(near or "", name)):
        return load(name, near)
    versions = [load(one) for one in available() if one.partition("@")[0] == name]
    if not versions:
        ids = dict.fromkeys(one.partition("@")[0] for one in available())
        words = f"no rulebook has this name; shipped are {', '.join(available())}, and a path names one's own"
        raise DefinitionError(name, [in_turn(words, did_you_mean(name, ids))])
    return _newest(name, versions)


def newest() -> list[Rulebook]:
    """The newest version of each shipped rulebook; all of those that apply from the same time."""
    books = [load(name) for name in available()]
    last = {book.id: max(_since(other) for other in books if other.id == book.id) for book in books}
    return [book for book in books if _since(book) == last[book.id]]


def _newest(name: str, versions: Sequence[Rulebook]) -> Rulebook:
    last = max(map(_since, versions))
    newest = [book for book in versions if _since(book) == last]
    if len(newest) > 1:
        names = ", ".join(book.name for book in newest)
        raise DefinitionError(name, [f"several versions apply from the same time: say which of {names}"])
    return newest[0]


def _since(book: Rulebook) -> datetime:
    return book.applies_from or datetime.min.replace(tzinfo=UTC)


__all__ = ["LEGEND", "SIGNS", "Cell", "Comparison", "Row", "compare", "is_own", "newest", "pick"]
