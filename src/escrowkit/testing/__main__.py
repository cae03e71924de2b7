"""Drive random lives through the library and the oracle, under every law, and say how many.

    python -m escrowkit.testing                                  # random rulebooks
    python -m escrowkit.testing my-rulebook.toml upwork@2018     # under these, by turns
    python -m escrowkit.testing --lives 5000 --seed 7

The same seed makes the same lives. The first that fails is shown as a story that `escrowkit play` runs; exit 1. It
needs no extra: choices are thrown by dice. `EscrowMachine` is the same for a test suite, with Hypothesis.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from functools import partial

from attrs import frozen

from escrowkit.errors import Refused
from escrowkit.rulebook import load
from escrowkit.testing import chosen
from escrowkit.testing.chosen import MICRO, Dice
from escrowkit.testing.lived import Life, Plugged, Step, shortest, step

#: How many moves a life has beside those with which most begin, and how many deadlines pass at its end.
MOVES = 25
ALONE = 30


@frozen
class Driven:
    """What became of a life: its steps, how many of its answers the oracle compared, and what failed, as a story."""

    steps: int = 0
    compared: int = 0
    failed: str = ""


def drive(seed: int, rulebooks: Sequence[str] = ()) -> Driven:
    """One life by dice, under one of these rulebooks or a random one; without a step where none can be opened.

    Raises `DefinitionError` for a rulebook that is wrong.
    """
    choose, ends = Dice(seed), seed % 2 == 0
    rules = load(rulebooks[seed % len(rulebooks)]) if rulebooks else chosen.rulebook(choose, ends=ends)
    try:
        opened = chosen.agreement(choose, rules)
    except Refused:
        return Driven()
    life = Life(opened, Plugged(must_end=not rules.open_ended if rulebooks else ends, named=rulebooks))
    try:
        life.begin()
        for move in _moves(choose, life):
            life.take(move())
        life.end()
    except Exception as error:
        life, shown = shortest(life, error)
        return Driven(len(life.steps), failed=life.note(f"seed {seed}: {str(shown).splitlines()[0][:100]}"))
    return Driven(len(life.steps), life.twin.compared)


def _moves(choose: Dice, life: Life) -> Iterator[Callable[[], Step]]:
    """The moves of a life, each chosen when it is its turn: as most begin, then any, and at the end nobody acts."""
    for by, said in chosen.opening_moves(choose, life.now):
        yield partial(Step, life.now.at, by, said)
    for _ in range(MOVES):
        yield partial(step, choose, life)
    for _ in range(ALONE):
        due = next(iter(life.now.deadlines()), None)
        if due is None:
            return
        yield partial(Step, max(life.now.at, due[0] + choose.pick([-MICRO, timedelta(0), MICRO])))


def main(words: Sequence[str] | None = None) -> int:
    """Drive as many lives as asked for on all cores; 1 if one failed."""
    parser = argparse.ArgumentParser(
        prog="python -m escrowkit.testing", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rulebooks", nargs="*", metavar="RULEBOOK")
    parser.add_argument("--lives", type=int, default=1000, help="how many (1000)")
    parser.add_argument("--seed", type=int, default=0, help="where to begin (0)")
    asked = parser.parse_args(words)
    seeds = range(asked.seed, asked.seed + asked.lives)
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        found = list(workers.map(partial(drive, rulebooks=tuple(asked.rulebooks)), seeds, chunksize=20))
    failed = next((one.failed for one in found if one.failed), "")
    lives, steps = sum(bool(one.steps) for one in found), sum(one.steps for one in found)
    compared = sum(one.compared for one in found)
    sys.stdout.write(failed)
    ending = "a life failed" if failed else "no difference, and every law held"
    sys.stdout.write(f"{lives:,} lives, {steps:,} steps, {compared:,} answers compared with the oracle's: {ending}\n")
    return bool(failed)


if __name__ == "__main__":
    raise SystemExit(main())
