"""Bugs of the catalogue that are not planted, and why."""

from __future__ import annotations

from typing import Final

#: Ids, what went wrong there, and why there is no such bug to plant here.
NOT_PLANTED: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (("A2", "B32"), "A payout's destination was changed, or ended, while it was under way.",
     "There are no destinations here: a payout is the host's, and what the provider tells of it is compared (E16)."),
    (("A4", "A7", "A11", "A12", "A22", "E1", "E2", "E3"), "Two workers wrote the same escrow at the same time.",
     "An agreement is a value. Whoever stores it compares and sets; threads of one session are A3, retries A9 and E12."),
    (("A23", "A24", "A25", "B34", "E6", "E15"), "The process died, or a write failed, between the movement and the state.",
     "There is nothing in between: events, entries and states are one value, all or nothing (A10)."),
    (("B12", "B23", "E4", "E5"), "A payee that could not be paid blocked the others, or lost its balance.",
     "A payout that fails leaves the sum payable, which is B16 and A21."),
    (("B14", "I3"), "Money of another currency, or from nowhere, had no owner.",
     "Money comes in by a command that names milestone and currency; what fits nowhere is the payer's (B35)."),
    (("B19",), "A ruling of 0 and 0 was accepted.",
     "A ruling is one number; the rest is the payer's, so there is no second one to be wrong."),
    (("B30",), "One call flipped a flag that closed another way out.",
     "There are no flags beside the state of a machine."),
    (("B33",), "Nobody saw a case that waited for a year.", "A queue is the host's; every case here ends by the clock (B2, B8)."),
    (("C8",), "Rates were read anew at the payout.", "It is I5: the rules are pinned when an agreement is opened."),
    (("C14", "C15", "C17"), "Limits and dust at the edge of a fee.", "They are C12, B6 and C2 here."),
    (("D16",), "The entry that guarded money expired.", "Nothing expires in a value."),
    (("E11", "G15"), "An identity was taken over, or wiped.", "Who somebody is, is the host's; the parties are fixed at the opening."),
    (("E13", "G17", "I6"), "States outside the table, states that nothing reaches, drawings that drifted.",
     "The tables prove themselves when they are built, and the drawings are made of them; that is no test of behaviour."),
    (("E14",), "A lock of one id was deleted while others waited for it.", "There are no locks for each id."),
    (("F6", "H7"), "A list was compared in order; milestones had to go one after the other.", "It is B26; roles are sets."),
    (("F9",), "An old receiver stayed after the client had changed.", "The parties of an agreement do not change."),
    (("G9",), "A counter was empty at the first dispute.", "Nothing is counted that is not in a record."),
    (("G22",), "Eight properties of an arbitrated sale.", "They are laws of whole lives here (`escrowkit.testing.laws`)."),
    (("H5", "H8"), "The last milestone paid the whole balance; deposit and final charge were one.", "It is B4: each milestone has a pot."),
)  # fmt: skip
