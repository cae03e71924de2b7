"""The list of survivors of `make mutants` speaks of the code as it is, and gives a reason for each."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "escrowkit"
LISTED = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text(encoding="utf-8"))["survivor"]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]


def source_of(place: str) -> str:
    """The text of the module in which a function stands."""
    parts = place.split(".")
    for length in range(len(parts), 0, -1):
        path = SOURCE.joinpath(*parts[:length])
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.exists():
                return file.read_text(encoding="utf-8")
    raise AssertionError(f"no module for {place}")


def test_each_survivor_that_is_listed_has_its_reason() -> None:
    for one in LISTED:
        assert set(one) == {"in", "was", "now", "kind", "why"}
        assert one["kind"] in ("equivalent", "open")
        assert one["why"].endswith(".")
        assert one["was"] != one["now"]


def test_no_survivor_is_listed_twice_or_of_a_line_that_is_gone() -> None:
    assert len({(one["in"], one["was"], one["now"]) for one in LISTED}) == len(LISTED)
    for one in LISTED:
        lines = {line.strip() for line in source_of(one["in"]).splitlines()}
        assert {line.strip() for line in one["was"].splitlines()} <= lines, one


def test_the_tests_that_mutants_are_tried_with_are_there() -> None:
    assert all((ROOT / name).exists() for name in CONFIG["pytest_add_cli_args_test_selection"])
    assert all(list(ROOT.glob(name)) for name in CONFIG["only_mutate"])


def test_what_was_measured_adds_up() -> None:
    measured = json.loads((ROOT / "tests" / "mutants.json").read_text(encoding="utf-8"))
    for it in measured.values():
        assert 0 <= it["killed"] + it["equivalent"] <= it["tried"] <= it["planted"]
