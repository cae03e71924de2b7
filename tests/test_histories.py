"""Old books open: every history that a release ever stored replays to what it was."""

from __future__ import annotations

import json
import runpy
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import escrowkit as ek
from escrowkit import chain, codec
from escrowkit.chain import Head, Sealed
from escrowkit.codec import Erased
from escrowkit.codec.shapes import EVENTS

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
TOOL = ROOT / "tools" / "histories.py"
FILES = sorted(GOLDEN.glob("*/*.json"))
NEWEST = max((path.parent for path in FILES), key=lambda path: [*map(int, path.name.split("."))])


def read(path: Path) -> tuple[dict[str, Any], tuple[Sealed, ...]]:
    """What was recorded of a life, and its records."""
    said = json.loads(path.read_text(encoding="utf-8"))
    return said, tuple(map(codec.from_document, said["records"]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_stored_history_makes_the_recorded_head_states_and_balances_for_ever(path: Path) -> None:
    said, records = read(path)
    head = Head(**said["head"])
    assert chain.verify(records, head=head) == head
    now = chain.replay(records)
    assert now.states() == said["states"]
    assert {f"{account} {money.currency}": money.text for account, money in now.ledger.accounts()} == said["balances"]
    owed = {f"{d}>{c} {unit}": m.text for unit in now.currencies for (d, c), m in now.owed(unit).items()}
    assert owed == said["owed"]
    assert codec.loads(codec.dumps(now)) == now
    now.advance(now.at + timedelta(days=4000)).agreement.verify()


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_stored_history_is_kept_byte_for_byte(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    _, records = read(path)
    stored = [line.strip().removesuffix(",").encode() for line in lines if line.startswith('  {"body"')]
    assert stored == chain.dumps(records).splitlines()


def test_the_newest_histories_show_every_type_of_event_every_machine_and_erased_words() -> None:
    seen, erased = set(), 0
    for path in NEWEST.glob("*.json"):
        _, records = read(path)
        for record in map(chain.unseal, records):
            seen.add(f"{record.event.machine}.{record.event.word}")
            erased += isinstance(getattr(record.event, "reason", None), Erased)
    assert seen == set(EVENTS)
    assert erased


def test_every_release_has_its_histories() -> None:
    assert NEWEST.name == ".".join(ek.__version__.split(".")[:2])


# -- the tool --------------------------------------------------------------------------------------------------------

RELEASED = "## [Unreleased]\n\n## [0.1.0] - 2026-11-21\n"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The tool, with few lives."""
    found = runpy.run_path(str(TOOL))
    few = (("one", chain.seal(found["told"]("smooth-job").history)),)
    monkeypatch.setitem(found["run"].__globals__, "histories", lambda: iter(few))
    monkeypatch.setitem(found["run"].__globals__, "version", lambda: "0.1")
    return found


def test_every_life_of_this_release_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [str(TOOL), "--check"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(TOOL), run_name="__main__")
    assert ended.value.code == 0, capsys.readouterr().out


def test_a_missing_history_is_told_and_then_written(
    tool: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool["run"](tmp_path, RELEASED, check=True) == 1
    assert "missing: 0.1/one.json" in capsys.readouterr().out
    assert tool["run"](tmp_path, RELEASED) == 0
    assert tool["run"](tmp_path, RELEASED, check=True) == 0
    said, records = read(tmp_path / "0.1" / "one.json")
    assert chain.verify(records).length == said["head"]["length"]


def test_a_history_of_a_released_version_is_never_written_again(
    tool: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "0.1" / "one.json"
    path.parent.mkdir()
    path.write_text("old", encoding="utf-8")
    assert tool["run"](tmp_path, RELEASED) == 0
    assert tool["run"](tmp_path, RELEASED, again=True) == 1
    assert "0.1 is released" in capsys.readouterr().out
    assert path.read_text(encoding="utf-8") == "old"
    assert tool["run"](tmp_path, "## [Unreleased]\n", again=True) == 0
    assert path.read_text(encoding="utf-8") != "old"


def test_a_version_is_released_once_the_changelog_gives_it_a_date(tool: dict[str, Any]) -> None:
    assert tool["released"]("0.1", RELEASED)
    assert not tool["released"]("0.2", RELEASED)
    assert not tool["released"]("0.1", "## [0.1.0]\n## [0.11.0] - 2027-01-01\n")


def test_a_story_in_which_nothing_is_opened_leaves_no_history(tool: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match="no agreement is opened"):
        tool["told"]("nobody-on-both-sides")
