"""Random lives by dice, from a command: `python -m escrowkit.testing`."""

from __future__ import annotations

from pathlib import Path

import pytest

from escrowkit import story
from escrowkit.pot.balances import Balances
from escrowkit.rulebook import build
from escrowkit.testing.__main__ import drive, main
from test_testing_machine import STRANDS

SEEDS = range(12)


def test_the_same_seed_makes_the_same_life_and_none_fails() -> None:
    lives = [drive(seed) for seed in SEEDS]
    assert lives == [drive(seed) for seed in SEEDS]
    assert not any(one.failed for one in lives)
    assert sum(one.steps for one in lives) > 100


def test_lives_go_under_the_rulebooks_that_were_named_by_turns() -> None:
    assert all(not one.failed for one in (drive(seed, ["standard@1", "upwork@2018"]) for seed in range(6)))


def test_a_rulebook_that_strands_money_fails_with_a_story_that_plays(tmp_path: Path) -> None:
    """B2: a dispute was opened, and nothing ends it."""
    mine = tmp_path / "mine.toml"
    mine.write_text(story.rulebook_file(build(STRANDS, "strands")), encoding="utf-8")
    failed = next(one.failed for one in (drive(seed, [str(mine)]) for seed in range(50)) if one.failed)
    told = tmp_path / "found.toml"
    told.write_text(failed[failed.index("title") :], encoding="utf-8")
    assert not story.play(story.read(told)).failures


def test_a_fault_of_the_library_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """B6: what a price still lacks is counted without what was released."""
    lacks = property(lambda pot: max(pot.price - pot.held, pot.zero))
    monkeypatch.setattr(Balances, "lacks", lacks)
    assert any(one.failed for one in map(drive, range(40)))


def test_the_command_says_how_many_lives_there_were(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lives", "4", "--seed", "3"]) == 0
    said = capsys.readouterr().out
    assert "4 lives, " in said
    assert said.endswith("no difference, and every law held\n")


def test_the_command_shows_the_story_of_what_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(story.rulebook_file(build(STRANDS, "strands")), encoding="utf-8")
    assert main([str(mine), "--lives", "20"]) == 1
    said = capsys.readouterr().out
    assert "silence ends" in said
    assert said.endswith("a life failed\n")
