"""What stands out in a rulebook that is well: one-sided, costly, endless or unsourced rules.

Errors are told when a rulebook is built, and nothing is opened under a wrong one. A lint is no error: a published rule
may say just this. It is what a reader should know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from escrowkit.doors import door
from escrowkit.lint.ends import ends
from escrowkit.lint.fees import fees
from escrowkit.lint.model import LINTS, Lint
from escrowkit.lint.powers import powers
from escrowkit.lint.silences import silences, windows
from escrowkit.lint.sources import sources
from escrowkit.rulebook import Rulebook

_ALL: Final[tuple[Callable[[Rulebook], Iterator[Lint]], ...]] = (fees, silences, ends, windows, powers, sources)


@door(rulebook=Rulebook)
def lint(rulebook: Rulebook) -> tuple[Lint, ...]:
    """All that stands out in a rulebook, in the order of `LINTS`.

    >>> from escrowkit.rulebook import load
    >>> lint(load("standard@1"))
    ()
    >>> [(one.key, one.place) for one in lint(load("upwork@2018"))]
    [('fee-above-stake', 'arbitration.fee.shares'), ('one-sided-answer', 'dispute.answer.payee')]
    """
    order = list(LINTS)
    return tuple(sorted((one for check in _ALL for one in check(rulebook)), key=lambda one: order.index(one.key)))


__all__ = ["LINTS", "Lint", "lint"]
