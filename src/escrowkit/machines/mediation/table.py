"""The law of a mediation: one row a move."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    refund_is_proved,
    same_recommendation,
    silence_accepts,
    within_stake,
)
from escrowkit.roles import PARTY, Role
from escrowkit.table import SAME, Row, Table, not_impounded

if TYPE_CHECKING:
    from escrowkit.machines.mediation.record import Mediation

R = Role

_OPEN = (S.REQUESTED, S.SITTING, S.RECOMMENDED)

TABLE: Table[Mediation] = Table(
    "mediation",
    S,
    initial=S.REQUESTED,
    final={S.AGREED, S.FAILED, S.DECIDED, S.CLOSED},
    always=(not_impounded,),
    rows=(
        # in                          on         by            then           event           when
        Row(None, Open, R.RULES, S.REQUESTED, Opened),
        Row(S.REQUESTED, Assign, R.PLATFORM, S.SITTING, Assigned, mediator_is_no_party),
        Row((S.SITTING, S.RECOMMENDED), Replace, R.PLATFORM, S.SITTING, Replaced, mediator_is_no_party),
        Row(S.SITTING, Recommend, R.MEDIATOR, S.RECOMMENDED, Recommended, (may_recommend, within_stake)),
        Row(S.RECOMMENDED, Accept, PARTY, S.AGREED, Accepted, (same_recommendation, other_has_accepted)),
        Row(S.RECOMMENDED, Accept, PARTY, SAME, Accepted, same_recommendation),
        Row(S.RECOMMENDED, Reject, PARTY, S.FAILED, Rejected, same_recommendation),
        Row((S.SITTING, S.RECOMMENDED), Decide, R.MEDIATOR, S.DECIDED, Decided, (may_decide, within_stake, parties_have_negotiated, refund_is_proved)),
        Row((S.SITTING, S.RECOMMENDED), Fail, R.MEDIATOR, S.FAILED, Failed),
        Row(S.RECOMMENDED, Void, R.RULES, S.SITTING, Voided),
        Row(S.SITTING, Lapse, R.CLOCK, S.FAILED, Lapsed, (), "recommend"),
        Row(S.RECOMMENDED, Lapse, R.CLOCK, S.AGREED, DeemedAccepted, silence_accepts, "accept"),
        Row(S.RECOMMENDED, Lapse, R.CLOCK, S.FAILED, Lapsed, (), "accept"),
        Row(_OPEN, Lapse, R.CLOCK, S.FAILED, Lapsed, (), "longest"),
        Row(_OPEN, Close, R.RULES, S.CLOSED, Closed),
    ),
)  # fmt: skip
