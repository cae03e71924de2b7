"""Milestone, escrow, dispute, mediation and arbitration as explicit state machines over a double-entry ledger.

`open_agreement` opens, `Agreement.decide` decides, `Agreement.advance` lets time pass; `load` reads a rulebook.

Names are bound when they are first used, so that a host's start pays only for what it needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from escrowkit import agreement, chain, codec, conditions, errors, foresight
    from escrowkit.agreement import Agreement, Decision, open_agreement, replay, verify, view
    from escrowkit.conditions import all_of, any_of, at_least, attested, elapsed, signed
    from escrowkit.errors import (
        BadDocument,
        BrokenBooks,
        BrokenChain,
        DefinitionError,
        EscrowError,
        MissingExtra,
        Refused,
        StoryError,
    )
    from escrowkit.ledger import Entry, Kind, Ledger, Line
    from escrowkit.machines import (
        arbitration,
        conduct,
        dispute,
        escrow,
        feedback,
        mediation,
        milestone,
        obligation,
    )
    from escrowkit.money import Money, Tariff
    from escrowkit.periods import Calendar, Period
    from escrowkit.roles import Role
    from escrowkit.rulebook import Rulebook, available, load

__version__ = "0.1.0"

#: Where each public name is at home; a module is at home in itself.
_HOMES = {
    "agreement": "Agreement Decision open_agreement replay verify view",
    "chain": "",
    "codec": "",
    "conditions": "all_of any_of at_least attested elapsed signed",
    "errors": "BadDocument BrokenBooks BrokenChain DefinitionError EscrowError MissingExtra Refused StoryError",
    "foresight": "",
    "ledger": "Entry Kind Ledger Line",
    "machines": "arbitration conduct dispute escrow feedback mediation milestone obligation",
    "money": "Money Tariff",
    "periods": "Calendar Period",
    "roles": "Role",
    "rulebook": "Rulebook available load",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        home = import_module(f"escrowkit.{_HOME[name]}")
        value = import_module(f"{home.__name__}.{name}") if _HOME[name] == "machines" else getattr(home, name)
    elif name in _HOMES:
        value = import_module(f"escrowkit.{name}")
    else:
        raise AttributeError(f"module 'escrowkit' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "Agreement",
    "BadDocument",
    "BrokenBooks",
    "BrokenChain",
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
    "chain",
    "codec",
    "conditions",
    "conduct",
    "dispute",
    "elapsed",
    "errors",
    "escrow",
    "feedback",
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
