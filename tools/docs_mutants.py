"""The page of the mutants: how many small bugs the tests find, module by module, and what they do not find, and why."""

from __future__ import annotations

import json
import tomllib
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
"""


def _row(name: str, it: dict[str, Any]) -> tuple[str, ...]:
    real = it["tried"] - it["equivalent"]
    tried = "all" if it["tried"] == it["planted"] else f"a sample of {it['tried']}"
    share = f"{it['killed'] / real:.1%}" if real else "—"
    return (
        name,
        str(it["planted"]),
        tried,
        str(it["killed"]),
        str(it["equivalent"]),
        share,
        f"{it['date']} ({it['commit']})",
    )


def page() -> str:
    """The whole page."""
    kept = json.loads((TESTS / "mutants.json").read_text(encoding="utf-8"))
    rows = [_row(f"`{name}`", it) for name, it in kept.items()]
    names = ("planted", "tried", "killed", "equivalent")
    whole = {name: sum(it[name] for it in kept.values()) for name in names}
    share = f"{whole['killed'] / (whole['tried'] - whole['equivalent']):.1%}"
    rows.append(("all", *(str(whole[name]) for name in names), share, ""))
    titles = ("module", "planted", "tried", "killed", "equivalent", "killed of what is not equivalent", "measured")
    listed = tomllib.loads((TESTS / "mutants.toml").read_text(encoding="utf-8"))["survivor"]
    told = [(f"`{one['in']}`", _code(one["was"]), _code(one["now"]), one["kind"], one["why"]) for one in listed]
    survivors = table(("where", "as it is", "as planted", "kind", "why it survives"), told)
    return "\n".join((HEAD, table(titles, rows), f"## Survivors\n\n{survivors}"))


def _code(text: str) -> str:
    return "<br>".join(f"`` {line} ``" for line in text.splitlines()) or "(the line is left out)"
