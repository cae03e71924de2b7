"""The benchmark reports all that it says. Its figures are no promise here: a slow computer is no failure."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIVES = ("approved", "dispute settled", "dispute awarded")


def bench(*said: str) -> str:
    """What a quick run prints."""
    command = [sys.executable, "-X", "utf8", "-m", "bench.run", "--quick", *said]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, encoding="utf-8").stdout


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """One quick run of everything."""
    found: dict[str, Any] = json.loads(bench("--json"))
    return found


def test_every_life_is_compared_on_both_engines_and_with_both_peers(report: dict[str, Any]) -> None:
    for life in LIVES:
        names = [r["name"] for r in report["ratios"] if r["group"].startswith(f"A life, {life}:")]
        assert names == [
            "escrowkit ÷ transitions",
            'engine="stock" ÷ transitions',
            "escrowkit ÷ python-statemachine",
            "python-statemachine ÷ transitions",
        ]


def test_replay_memory_and_import_are_reported_with_their_aims(report: dict[str, Any]) -> None:
    aims = {r["name"]: r["aim"] for r in report["ratios"] if not r["group"].startswith("A life")}
    assert [aim for name, aim in aims.items() if name.startswith(LIVES)] == ["≥ 5"] * 3
    assert aims["opened"] == "≤ 2 KB"
    assert aims["opened, funded, submitted"] is None
    assert aims["import escrowkit"] == "≤ 2"


def test_growth_is_told_for_one_decision_and_for_all_of_them(report: dict[str, Any]) -> None:
    lives = ("conduct", "evidence", "deposit and release", "dispute and withdraw")
    wanted = {f"{life}: {what}" for life in lives for what in ("the next", "deciding all", "replaying all")}
    assert {c["name"] for c in report["growth"]} == wanted | {"milestones: one deposit", "milestones: opening all"}
    for curve in report["growth"]:
        assert len(curve["sizes"]) == len(curve["seconds"]) >= 2
        assert sorted(set(curve["sizes"])) == curve["sizes"]
        assert math.isfinite(curve["fitted"])
        assert math.isfinite(curve["last"])
        assert curve["aim"] == ("≤ 1.1" if curve["total"] else "≤ 0.1")


def test_every_figure_is_a_finite_number_or_says_that_its_peer_is_not_installed(report: dict[str, Any]) -> None:
    absent = report["made"]["python-statemachine"] == "not installed"
    for ratio in report["ratios"]:
        if ratio["value"] is None:
            assert absent
            assert "python-statemachine" in ratio["name"]
        else:
            assert math.isfinite(ratio["value"])
    assert all(math.isfinite(figure["value"]) and figure["unit"] for figure in report["figures"])


def test_the_table_shows_ratios_first_and_the_machine_s_own_figures_last() -> None:
    shown = bench("--only", "lives", "memory")
    places = [shown.index(part) for part in ("A life, approved: 10 events", "Memory of one", "On this machine")]
    assert places == sorted(places)
    assert "≤ 1" in shown
    assert "Growth" not in shown


def test_for_pages_a_short_table_has_a_line_for_every_aim_and_two_for_growth(report: dict[str, Any]) -> None:
    table, everything = bench("--markdown").split("\n\n", maxsplit=1)
    lines = table.splitlines()
    aims = sum(r["aim"] is not None for r in report["ratios"])
    assert lines[0] == "| measured | figure | aim |"
    assert len(lines) == 2 + aims + 2
    assert sum("Growth of" in line for line in lines) == 2
    assert everything.startswith("```text\nescrowkit: what it costs\n")


def test_less_than_seven_rounds_are_refused() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        bench("--rounds", "3")
