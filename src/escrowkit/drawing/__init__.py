"""Diagrams made from the tables: what is drawn is what runs.

>>> from escrowkit.machines import mediation
>>> draw(mediation.TABLE).splitlines()[1]
'title: "The mediation"'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from escrowkit.doors import door
from escrowkit.drawing import dot, markdown, mermaid, svg, together
from escrowkit.drawing.model import Diagram, Step
from escrowkit.drawing.reading import diagram
from escrowkit.drawing.together import TABLES, Overview
from escrowkit.errors import BadArgument, shown
from escrowkit.rulebook import Rulebook
from escrowkit.table import Table

__all__ = ["FORMATS", "TABLES", "Step", "draw", "overview"]

_MACHINE: Final[Mapping[str, Callable[[Diagram], str]]] = {
    "mermaid": mermaid.mermaid,
    "dot": dot.dot,
    "svg": svg.svg,
    "markdown": markdown.markdown,
}
_OVERVIEW: Final[Mapping[str, Callable[[Overview], str]]] = {
    "mermaid": together.mermaid,
    "dot": together.dot,
    "svg": together.svg,
    "markdown": together.markdown,
}
#: The formats; SVG needs the extra `diagrams`.
FORMATS: Final = tuple(_MACHINE)


@door(table=Table, rulebook=Rulebook, format=str, now=str)
def draw(
    table: Table[Any],
    *,
    rulebook: Rulebook | None = None,
    format: str = "mermaid",
    path: Sequence[Step] = (),
    now: str | None = None,
) -> str:
    """One machine as text in one of `FORMATS`: who may make each move, under which conditions, after how long.

    With a rulebook its periods are filled in, and what it does not allow is left out. `path` are the steps taken (state
    before or None, word of the event, state after), `now` is the state now. Raises `BadArgument` for another format, or
    a path that is not of this table; `MissingExtra` for SVG without pygraphviz.
    """
    _check(format)
    return _MACHINE[format](diagram(table, rulebook, path, now))


@door(rulebook=Rulebook, format=str)
def overview(*, rulebook: Rulebook | None = None, format: str = "mermaid") -> str:
    """All machines on one page: what each goes through, and how they act on one another. Raises as `draw` does."""
    _check(format)
    return _OVERVIEW[format](together.overview_of(rulebook))


def _check(format: str) -> None:
    if format not in FORMATS:
        raise BadArgument(f"There is no format {shown(format)}: it is one of {', '.join(FORMATS)}.", key="format")
