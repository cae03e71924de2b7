"""The page of the mutants: how many small bugs the tests find, module by module, and what they do not find, and why."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from docs_planted import table

TESTS = Path(__file__).resolve().parent.parent / "tests"

HEAD = """\
# Mutants

Small bugs (mutants) are planted in the code of levels 1 to 5, one at a time: another operator, another constant, an argument left out, a branch
taken always or never. Of each, the tests of behaviour that reach it run until one fails; then it is killed. `make mutants` plants and tries
them all with [mutmut](https://mutmut.readthedocs.io), `make mutants MODULE=money` those of a module.

Not planted: another sentence in what an error says, the `strict` of a `zip` and the type of a `cast` (neither decides anything), and what stands
outside of functions: the rows of the tables are taken out one at a time by `make removals`.

The aim is 95 % of what is not equivalent, in each module. A mutant keeps its result while its function stays as it is. Every survivor stands below with its
reason, and `make mutants` fails for any other. Where the table does not say `all`, a run was cut short, and how the rest fares is not known.
"""


def _row(name: str, it: Mapping[str, Any]) -> tuple[str, ...]:
    real, tried = it["tried"] - it["equivalent"], str(it["tried"])
    share = f"{it['killed'] / real:.1%}" if real else "—"
    planted, killed, equivalent = (str(it[part]) for part in ("planted", "killed", "equivalent"))
    return name, planted, "all" if it["tried"] == it["planted"] else tried, killed, equivalent, share, it["when"]


def _together(those: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    those = list(those)
    sums = {part: sum(it[part] for it in those) for part in ("planted", "tried", "killed", "equivalent")}
    return sums | {"when": max((it["when"] for it in those), default="")}


def _rows(kept: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """A line a module; those of which less than a tenth was tried stand together."""
    drawn = {name for name, it in kept.items() if it["tried"] * 10 < it["planted"]}
    yield from (_row(f"`{name}`", it) for name, it in kept.items() if name not in drawn)
    if drawn:
        yield _row(f"{len(drawn)} others", _together(kept[name] for name in drawn))
    yield _row("all", _together(kept.values()))


def page() -> str:
    """The whole page."""
    kept = json.loads((TESTS / "mutants.json").read_text(encoding="utf-8"))
    told = {name: {**it, "when": f"{it['date']}, {it['commit']}"} for name, it in kept.items()}
    titles = ("module", "planted", "tried", "killed", "equivalent", "killed of what is not equivalent", "measured")
    listed = tomllib.loads((TESTS / "mutants.toml").read_text(encoding="utf-8"))["survivor"]
    lines = [(f"`{one['in']}`", _code(one["was"]), _code(one["now"]), one["kind"], one["why"]) for one in listed]
    survivors = table(("where", "as it is", "as planted", "kind", "why it survives"), lines)
    return "\n".join((HEAD, table(titles, _rows(told)), f"## Survivors\n\n{survivors}"))


def _code(text: str) -> str:
    return "<br>".join(f"`` {line} ``" for line in text.splitlines()) or "(the line is left out)"
