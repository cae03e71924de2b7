"""The digest of whole random lives, for processes of any kind to print.

`python everywhere.py FIRST LAST PRECISION ROUNDING`: the seeds of the lives, and a context for decimals.
No assertion: it runs under -O too, and without docstrings under -OO.
"""

from __future__ import annotations

import decimal
import hashlib
import locale
import sys
from collections.abc import Iterator
from random import Random

from escrowkit import chain, codec, foresight
from escrowkit.agreement import view
from escrowkit.errors import Refused
from lived import FOREVER, life


def digest(seeds: range, *, words: bool = True) -> str:
    """One digest of all that is decided, written, sealed, refused and foreseen in these lives."""
    whole = hashlib.sha256()
    for seed in seeds:
        for part in _told(seed, words=words):
            whole.update(part)
    return whole.hexdigest()


def _told(seed: int, *, words: bool) -> Iterator[bytes]:
    salts = Random(seed)
    for number, step in enumerate(life(seed)):
        outcome = step.outcome
        if isinstance(outcome, Refused):
            said = (outcome.code, outcome.key, outcome.until, outcome.most, outcome.state)
            yield repr((*said, outcome.words, outcome.missing) if words else said).encode()
        else:
            yield repr((outcome.warnings, outcome.repeated)).encode()
        if number % 10 == 9:
            yield repr(foresight.due(step.after)).encode() if words else b""
            yield repr([view(step.after, role).states() for role in ("payer", "payee", "provider")]).encode()
    after = life(seed)[-1].after
    now = after.advance(after.at + FOREVER).agreement
    yield codec.dumps(now)
    yield chain.dumps(chain.seal(now.history, salt=lambda: salts.randbytes(16)))


def main() -> None:
    """Print both digests under a decimal context that would spoil every sum, in the locale of the environment."""
    first, last, precision, rounding = sys.argv[1:]
    context = decimal.getcontext()
    context.prec, context.rounding = int(precision), rounding
    for signal in context.traps:
        context.traps[signal] = True
    locale.setlocale(locale.LC_ALL, "")
    seeds = range(int(first), int(last))
    sys.stdout.write(f"{digest(seeds)} {digest(seeds, words=False)}\n")


if __name__ == "__main__":
    main()
