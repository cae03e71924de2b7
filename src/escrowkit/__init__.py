"""Milestone, escrow, dispute, mediation and arbitration as explicit state machines over a double-entry ledger.

`open_agreement` opens, `Agreement.decide` decides, `Agreement.advance` lets time pass; `load` reads a rulebook.
"""

from escrowkit import agreement, conditions, errors, foresight
from escrowkit.agreement import Agreement, Decision, open_agreement, replay, verify, view
from escrowkit.conditions import all_of, any_of, at_least, attested, elapsed, signed
from escrowkit.errors import BrokenBooks, DefinitionError, EscrowError, MissingExtra, Refused, StoryError
from escrowkit.ledger import Entry, Kind, Ledger, Line
from escrowkit.machines import arbitration, dispute, escrow, mediation, milestone, obligation
from escrowkit.money import Money, Tariff
from escrowkit.periods import Calendar, Period
from escrowkit.roles import Role
from escrowkit.rulebook import Rulebook, available, load

__version__ = "0.1.0"

__all__ = [
    "Agreement",
    "BrokenBooks",
    "Calendar",
    "Decision",
    "DefinitionError",
    "Entry",
    "EscrowError",
    "Kind",
    "Ledger",
    "Line",
    "MissingExtra",
    "Money",
    "Period",
    "Refused",
    "Role",
    "Rulebook",
    "StoryError",
    "Tariff",
    "agreement",
    "all_of",
    "any_of",
    "arbitration",
    "at_least",
    "attested",
    "available",
    "conditions",
    "dispute",
    "elapsed",
    "errors",
    "escrow",
    "foresight",
    "load",
    "mediation",
    "milestone",
    "obligation",
    "open_agreement",
    "replay",
    "signed",
    "verify",
    "view",
]
