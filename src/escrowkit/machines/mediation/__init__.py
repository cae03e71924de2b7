"""A neutral helps: with the power to facilitate, to recommend, or to decide, as the rulebook gives it.

The law is `table.TABLE`; the rest are its words: commands, events, guards, the record.
"""

from escrowkit.machines.mediation.commands import (
    Accept,
    Assign,
    Close,
    Decide,
    Fail,
    Lapse,
    Open,
    Recommend,
    Reject,
    Replace,
    S,
    Void,
)
from escrowkit.machines.mediation.events import (
    Accepted,
    Assigned,
    Closed,
    Decided,
    DeemedAccepted,
    Failed,
    Lapsed,
    Opened,
    Recommended,
    Rejected,
    Replaced,
    Voided,
)
from escrowkit.machines.mediation.guards import (
    may_decide,
    may_recommend,
    mediator_is_no_party,
    other_has_accepted,
    parties_have_negotiated,
    same_recommendation,
    silence_accepts,
    within_stake,
)
from escrowkit.machines.mediation.record import Mediation, evolve
from escrowkit.machines.mediation.table import TABLE

__all__ = [
    "TABLE",
    "Accept",
    "Accepted",
    "Assign",
    "Assigned",
    "Close",
    "Closed",
    "Decide",
    "Decided",
    "DeemedAccepted",
    "Fail",
    "Failed",
    "Lapse",
    "Lapsed",
    "Mediation",
    "Open",
    "Opened",
    "Recommend",
    "Recommended",
    "Reject",
    "Rejected",
    "Replace",
    "Replaced",
    "S",
    "Void",
    "Voided",
    "evolve",
    "may_decide",
    "may_recommend",
    "mediator_is_no_party",
    "other_has_accepted",
    "parties_have_negotiated",
    "same_recommendation",
    "silence_accepts",
    "within_stake",
]
