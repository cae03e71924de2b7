"""The oracle: a second, naive account of the rules.

It was written from the vocabulary and the reference pages and shares no table, guard or arithmetic with the library: it
imports nothing of it. It reads plain data, and keeps a list of lots (so many units, where they came from, where they
are) and a list of what happened. `escrowkit.testing.compare` drives it beside the library.
"""

from escrowkit.testing.oracle.said import Amount, Answer, Refusal, Unpredicted
from escrowkit.testing.oracle.whole import Oracle

__all__ = ["Amount", "Answer", "Oracle", "Refusal", "Unpredicted"]
