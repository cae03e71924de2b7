"""The explorer: every state of a small agreement under a rulebook, every law at every move, every silence to its end.

>>> from escrowkit import proof
>>> found = proof.prove("standard@1", proof.Size(price=1, unusual=0))
>>> found.holds, found.whole, found.stranded
(True, True, ())

A life of one milestone of three minor units has some thousands of states under a shipped rulebook, once everything that
no rule can tell apart counts as one (`escrowkit.proof.identity`). They are walked breadth first: in each state every
command that its tables know is tried by every role that they name, with every amount, and with consents that repeat
what stands and ones that do not. Time moves to the next deadline and lets it pass; then people may act again.

What makes it finite, and what is left out, says `Size`; how the rulebook is made small says `escrowkit.proof.small`. A
law that does not hold is told as a story that `escrowkit play` runs. What is proved is proved within these bounds.
"""

from __future__ import annotations

from escrowkit.proof.laws import LAWS
from escrowkit.proof.proving import Counterexample, Proof, Stranded, prove, prove_all
from escrowkit.proof.reach import unreached
from escrowkit.proof.small import Size
from escrowkit.proof.telling import in_days

__all__ = ["LAWS", "Counterexample", "Proof", "Size", "Stranded", "in_days", "prove", "prove_all", "unreached"]
