"""Measure everything in one run and print it.

python -m bench.run [--rounds N] [--quick] [--json | --markdown] [--gc] [--only PART …]
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from statistics import median

from attrs import frozen

import escrowkit as ek
from bench import growth, imports, lives, memory, peers
from bench.report import Aim, Figure, Ratio, Report
from bench.timing import Samples, Work, interleaved


@frozen
class Size:
    """How much is done: the same in every run of the same size."""

    rounds: int
    lives: int
    agreements: int
    imports: int
    milestones: tuple[int, ...]
    events: tuple[int, ...]
    #: For lives in which every event weighs more.
    fewer: tuple[int, ...]
    loops: int
    with_gc: bool = False


def full(rounds: int, with_gc: bool) -> Size:
    """What `make bench` does."""
    return Size(
        rounds=rounds,
        lives=60,
        agreements=2_000,
        imports=max(rounds, 21),
        milestones=(1, 10, 100, 1_000),
        events=(10, 100, 1_000, 10_000),
        fewer=(10, 32, 100, 320, 1_000),
        loops=100,
        with_gc=with_gc,
    )


def quick(with_gc: bool) -> Size:
    """Every kind of work once, for a test of the report's shape: its figures mean nothing."""
    return Size(
        rounds=1,
        lives=1,
        agreements=20,
        imports=1,
        milestones=(1, 4),
        events=(10, 20),
        fewer=(10, 20),
        loops=2,
        with_gc=with_gc,
    )


def _ratio(group: str, name: str, samples: Samples, ours: str, theirs: str, aim: Aim | None = None) -> Ratio:
    if theirs not in samples.seconds or ours not in samples.seconds:
        return Ratio(group, name, None, aim=aim)
    each = samples.ratios(ours, theirs)
    return Ratio(group, name, median(each), min(each), max(each), aim)


def one_life(life: lives.Life, size: Size) -> tuple[list[Ratio], list[Figure]]:
    """A life on both engines, against as many bare state changes of the peers."""
    start, records = lives.opened(), life.records()
    names = [f"{record.event.machine}_{record.event.word}" for record in records]
    moved = sum(record.event.before != record.event.after for record in records)
    works: dict[str, tuple[Work, int]] = {
        "compiled": (partial(life.live, start), size.lives),
        "stock": (partial(life.live, start, "stock"), size.lives),
        # Lighter work is repeated more often, so that every sample takes about as long.
        "transitions": (partial(peers.play, peers.transitions(names)), 8 * size.lives),
    }
    theirs = peers.statemachine(names)
    if theirs is not None:
        works["python-statemachine"] = (partial(peers.play, theirs), size.lives)
    samples = interleaved(works, rounds=size.rounds, with_gc=size.with_gc)
    group = f"A life, {life.name}: {len(names)} events ({moved} change a state) ÷ {len(names)} bare state changes"
    ratios = [
        _ratio(group, "escrowkit ÷ transitions", samples, "compiled", "transitions", Aim("≤", 1.0)),
        _ratio(group, 'engine="stock" ÷ transitions', samples, "stock", "transitions"),
        _ratio(group, "escrowkit ÷ python-statemachine", samples, "compiled", "python-statemachine"),
        _ratio(group, "python-statemachine ÷ transitions", samples, "python-statemachine", "transitions"),
    ]
    figures = [
        Figure(f"{life.name}: one event, {name}", samples.median(name) / len(names) * 1e6, "µs")
        for name in samples.seconds
    ]
    return ratios, figures


def replays(size: Size) -> tuple[list[Ratio], list[Figure]]:
    """Replaying a life against deciding it, the opening included in both."""
    ratios: list[Ratio] = []
    figures: list[Figure] = []
    for life in lives.LIVES:
        history = life.live(lives.opened()).history
        samples = interleaved(
            {
                "deciding": (partial(_open_and_live, life), size.lives),
                "replaying": (partial(ek.replay, history), 4 * size.lives),
            },
            rounds=size.rounds,
            with_gc=size.with_gc,
        )
        name = f"{life.name} ({len(history)} events)"
        group = "Replay: deciding ÷ replaying, from the opening"
        ratios.append(_ratio(group, name, samples, "deciding", "replaying", Aim("≥", 5)))
        per_second = len(history) / samples.median("replaying")
        figures.append(Figure(f"replaying, {life.name}", per_second, "events/s"))
    return ratios, figures


def _open_and_live(life: lives.Life) -> ek.Agreement:
    return life.live(lives.opened())


def memories(size: Size) -> list[Ratio]:
    """What is an agreement's own. Bytes depend on the Python, hardly on the machine, so they stand with the ratios."""
    group = f"Memory of one agreement: KB of its own, one milestone ({size.agreements} from one rulebook, tracemalloc)"
    found = (("opened", lives.opened, Aim("≤", 2, " KB")), ("opened, funded, submitted", memory.submitted, None))
    return [Ratio(group, name, memory.bytes_each(make, size.agreements) / 1024, aim=aim) for name, make, aim in found]


def import_times(size: Size) -> tuple[list[Ratio], list[Figure]]:
    """Import times, each less that of the empty interpreter: of medians, and round by round for the spread."""
    samples = imports.measure(rounds=size.imports)
    empty, stock = samples.seconds["empty"], samples.seconds["transitions"]
    net = {name: samples.median(name) - samples.median("empty") for name in imports.CODES if name != "empty"}
    group = "Import: fresh interpreters, (X − empty interpreter) ÷ (import transitions − empty interpreter)"
    ratios = []
    aim = Aim("≤", 2.0)
    for name, aim_ in (("escrowkit", aim), ("deciding", aim), ("dependencies", None)):
        each = [(x - e) / (t - e) for x, e, t in zip(samples.seconds[name], empty, stock, strict=True)]
        value = net[name] / net["transitions"]
        ratios.append(Ratio(group, imports.CODES[name], value, min(each), max(each), aim_))
    figures = [Figure("empty interpreter", samples.median("empty") * 1e3, "ms")]
    figures += [Figure(f"{imports.CODES[name]}, net", seconds * 1e3, "ms") for name, seconds in net.items()]
    return ratios, figures


def curves(size: Size) -> list[growth.Curve]:
    """How time grows."""
    found = [*growth.milestones(size.milestones, rounds=size.rounds, loops=size.loops)]
    for growing, sizes in (
        (lives.CONDUCT, size.events),
        (lives.EVIDENCE, size.events),
        (lives.MONEY, size.fewer),
        (lives.CASES, size.fewer),
    ):
        found += growth.history(growing, sizes, rounds=size.rounds, loops=size.loops)
    return found


PARTS = ("lives", "replay", "memory", "import", "growth")


def measure(size: Size, only: Sequence[str] = PARTS) -> Report:
    """One part after the other; within each the works take turns."""
    parts: list[tuple[list[Ratio], list[Figure]]] = []
    if "lives" in only:
        parts += [one_life(life, size) for life in lives.LIVES]
    if "replay" in only:
        parts.append(replays(size))
    if "memory" in only:
        parts.append((memories(size), []))
    if "import" in only:
        parts.append(import_times(size))
    ratios = tuple(ratio for found, _ in parts for ratio in found)
    figures = tuple(figure for _, found in parts for figure in found)
    return Report(_made(size), ratios, tuple(curves(size)) if "growth" in only else (), figures)


def _made(size: Size) -> dict[str, str]:
    """With what it was measured."""
    return {
        "Python": platform.python_version(),
        "on": f"{platform.system()} {platform.machine()}",
        **{name: _version(name) for name in ("escrowkit", "attrs", "transitions", "python-statemachine")},
        "rounds": str(size.rounds),
        "garbage collector": "on" if size.with_gc else "off while timed",
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def main(said: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description="Measure what escrowkit costs, as ratios.")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of every comparison (default: 9; at least 7)")
    parser.add_argument("--quick", action="store_true", help="a smoke test: everything once; its figures mean nothing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--markdown", action="store_true", help="print for pages: a short table, then everything")
    parser.add_argument(
        "--gc", action="store_true", help="leave the garbage collector on while lives and replays are timed"
    )
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=f"of: {', '.join(PARTS)}"
    )
    asked = parser.parse_args(said)
    if asked.rounds < 7:
        parser.error("--rounds: medians are of at least 7 rounds")
    report = measure(quick(asked.gc) if asked.quick else full(asked.rounds, asked.gc), asked.only)
    if asked.markdown:
        sys.stdout.write(report.as_markdown())
    elif asked.json:
        json.dump(report.as_json(), sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(report.as_text())


if __name__ == "__main__":
    main()
