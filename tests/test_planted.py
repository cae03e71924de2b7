"""The canaries and the removals can fail: what survives, falls over or was never caught is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CATCHER = "machines_escrow.py::test_an_empty_pot_pays_nobody"

#: A canary of one's own: `planted` is what it does.
OWN = f"""
import sys
from planted.canary import CANARIES, canary
from planted import canaries

CANARIES.clear()

@canary("Z1", "there", caught_by="{CATCHER}")
def plant():
    "here"
    from escrowkit.machines.escrow import guards
    from escrowkit.pot import Pot
    {{planted}}

if __name__ == "__main__":
    sys.exit(canaries.main(["Z1"]))
"""


def run(*said: str) -> tuple[int, str]:
    """How a program ends, and what it prints."""
    done = subprocess.run(
        [sys.executable, "-X", "utf8", *said], cwd=ROOT, check=False, capture_output=True, text=True, encoding="utf-8"
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("planted", "told"),
    [
        ("pass", "Z1 SURVIVES"),
        ("Pot.held = property(lambda self: self.nowhere)", "fell over instead of finding it"),
        ("guards.nowhere.test = None", "Z1: AttributeError"),
    ],
)
def test_a_canary_that_is_not_caught_is_a_failure(planted: str, told: str) -> None:
    status, output = run("-c", OWN.format(planted=planted))
    assert (status, told in output, "1 canaries planted, 0 caught" in output) == (1, True, True), output


def test_a_canary_that_is_caught_is_counted() -> None:
    status, output = run("-m", "planted.canaries", "A20", "F17")
    assert (status, "2 canaries planted, 2 caught" in output) == (0, True), output


def test_there_are_many_canaries_each_of_one_bug_with_its_words() -> None:
    status, output = run(
        "-c",
        "from planted.bugs import CANARIES, NOT_PLANTED\n"
        "ids = [one.id for one in CANARIES] + [id_ for ids, *_ in NOT_PLANTED for id_ in ids]\n"
        "print(len(CANARIES) >= 40, all(one.there and one.here for one in CANARIES), len(ids) - len(set(ids)))",
    )
    assert (status, output.split()) == (0, ["True", "True", "0"]), output


REMOVALS = """
import sys
from planted import removals

wanted = [one for one in removals.removals() if one.name.startswith(sys.argv[1])]
removals.removals = lambda: iter(wanted)
removals.behaviour = lambda: ["tests/test_machines_" + sys.argv[2]]
sys.exit(removals.main([]))
"""


def test_a_removal_that_a_test_misses_is_counted() -> None:
    status, output = run("-c", REMOVALS, "obligation: open on waive", "obligation.py")
    assert (status, "1 rows, 1 guards taken out: 2 missed by a test, 0 by none" in output) == (0, True), output


def test_a_removal_that_no_test_misses_is_a_failure() -> None:
    status, output = run("-c", REMOVALS, "obligation: open on waive", "mediation.py")
    assert (status, "2 missed by a test" in output, "rows: obligation: open on waive" in output) == (1, False, True), (
        output
    )
