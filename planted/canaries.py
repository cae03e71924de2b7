"""Plant each bug alone: does the test that is named for it fail, as it must, and does it pass without?

python -m planted.canaries             # all; exit 1 if one survives
python -m planted.canaries A15 F1      # some
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Final

from planted.bugs import CANARIES, Canary
from planted.running import WORKERS, Trial, Verdict, Warm, attempts, crashed, warm

NOTHING: Final = "nothing planted"


def nothing() -> None:
    """Plant nothing: the tests must pass."""


def verdicts(warm: Warm, canaries: Sequence[Canary]) -> Iterator[Verdict]:
    """First every catcher without a fault, then each canary."""
    names = tuple(dict.fromkeys(name for one in canaries for name in warm.named(one.caught_by)))
    parts = [names[n::WORKERS] for n in range(WORKERS)]
    yield from attempts(warm, [Trial(NOTHING, nothing, part) for part in parts if part])
    yield from attempts(warm, [Trial(one.id, one.plant, warm.named(one.caught_by)) for one in canaries])


def problem(verdict: Verdict) -> str | None:
    """What is wrong with what became of a trial; None if all is as it must be."""
    if verdict.wrong:
        return f"{verdict.name}: {verdict.wrong}"
    if verdict.name == NOTHING:
        return verdict.caught_by and f"{verdict.caught_by} fails with nothing planted: {verdict.how}"
    if verdict.caught_by is None:
        return f"{verdict.name} SURVIVES"
    return (
        f"{verdict.name}: {verdict.caught_by} fell over instead of finding it: {verdict.how}"
        if crashed(verdict)
        else None
    )


def main(said: Sequence[str] | None = None) -> int:
    """Plant them."""
    parser = argparse.ArgumentParser(prog="python -m planted.canaries", description=__doc__.splitlines()[0])
    parser.add_argument("ids", nargs="*", help="all, if none is named")
    parser.add_argument("--show", action="store_true", help="tell of each what caught it and how")
    asked = parser.parse_args(said)
    start = time.monotonic()
    wanted = [one for one in CANARIES if not asked.ids or one.id in asked.ids]
    found: list[Verdict] = []
    files = sorted({one.caught_by.split("::")[0] for one in wanted})
    code = warm(files, lambda warm: found.extend(verdicts(warm, wanted)))
    for verdict in sorted(found, key=lambda one: one.name) if asked.show else ():
        sys.stdout.write(f"{verdict.name}: {verdict.caught_by}\n    {verdict.how}\n")
    wrong = sorted({words for verdict in found if (words := problem(verdict))})
    caught = sum(one.name != NOTHING and problem(one) is None for one in found)
    sys.stdout.write("".join(f"{words}\n" for words in wrong))
    sys.stdout.write(f"{len(wanted)} canaries planted, {caught} caught, in {time.monotonic() - start:.0f} s\n")
    return int(bool(code or wrong or not found))


if __name__ == "__main__":
    sys.exit(main())
