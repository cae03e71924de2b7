"""The law of an arbitration: one row a move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from escrowkit.machines.arbitration.commands import (
    Appeal,
    Appoint,
    Award,
    Close,
    Lapse,
    Open,
    PayFee,
    Refuse,
    Replace,
    S,
    SettleFees,
)
from escrowkit.machines.arbitration.events import (
    Appealed,
    Appointed,
    Awarded,
    AwardLapsed,
    AwardStands,
    Closed,
    FeePaid,
    FeesSettled,
    NobodyPaid,
    OnlyOnePaid,
    Opened,
    Refused,
    Replaced,
    WindowClosed,
)
from escrowkit.machines.arbitration.guards import (
    all_by_one,
    appeal_not_paid,
    arbitrator_is_no_party,
    can_be_appealed,
    claimant_goes_first,
    exact_share,
    fee_is_paid_in,
    may_appoint,
    not_paid_yet,
    on_the_menu,
    other_paid,
    own_share,
    window_is_over,
)
from escrowkit.roles import PARTY, Role
from escrowkit.table import SAME, Row, Table, Waits, not_impounded

if TYPE_CHECKING:
    from escrowkit.machines.arbitration.record import Arbitration

R = Role

_OPEN = (S.OFFERED, S.HALF_FUNDED, S.FUNDED, S.HEARING, S.AWARDED, S.APPEALED)
_OVER = (S.FINAL, S.REFUSED, S.FORFEITED, S.CLOSED)

TABLE: Table[Arbitration] = Table(
    "arbitration",
    S,
    initial=(S.OFFERED, S.FUNDED),
    final=_OVER,
    always=(not_impounded,),
    rows=(
        # in                         on           by            then             event         when
        Row(None, Open, R.RULES, S.OFFERED, Opened, fee_is_paid_in),
        Row(None, Open, R.RULES, S.FUNDED, Opened),
        Row(S.OFFERED, PayFee, PARTY, S.FUNDED, FeePaid, (exact_share, claimant_goes_first, all_by_one)),
        Row(S.OFFERED, PayFee, PARTY, S.HALF_FUNDED, FeePaid, (exact_share, claimant_goes_first, own_share)),
        Row(S.HALF_FUNDED, PayFee, PARTY, S.FUNDED, FeePaid, (exact_share, not_paid_yet, own_share)),
        Waits((S.OFFERED, S.HALF_FUNDED), Appoint, {R.PLATFORM, *PARTY}, (arbitrator_is_no_party, may_appoint, window_is_over)),
        Row(S.FUNDED, Appoint, {R.PLATFORM, *PARTY}, S.HEARING, Appointed, (arbitrator_is_no_party, may_appoint, window_is_over)),
        Row(S.HEARING, Replace, R.PLATFORM, SAME, Replaced, arbitrator_is_no_party),
        Row(S.HEARING, Award, R.ARBITRATOR, S.AWARDED, Awarded, (on_the_menu, can_be_appealed)),
        Row(S.HEARING, Award, R.ARBITRATOR, S.FINAL, Awarded, on_the_menu),
        Row(S.HEARING, Refuse, R.ARBITRATOR, S.REFUSED, Refused),
        Row(S.AWARDED, Appeal, PARTY, S.APPEALED, Appealed, fee_is_paid_in),
        Row(S.AWARDED, Appeal, PARTY, S.FUNDED, Appealed),
        Waits((S.FUNDED, S.HEARING, S.AWARDED), PayFee, PARTY, (fee_is_paid_in, not_paid_yet)),
        Row(S.APPEALED, PayFee, PARTY, S.FUNDED, FeePaid, (exact_share, own_share, other_paid)),
        Row(S.APPEALED, PayFee, PARTY, SAME, FeePaid, (exact_share, not_paid_yet, own_share)),
        Row(S.OFFERED, Lapse, R.CLOCK, S.FORFEITED, NobodyPaid, (), "pay"),
        Row(S.HALF_FUNDED, Lapse, R.CLOCK, S.FORFEITED, OnlyOnePaid, (), "pay"),
        Row(S.FUNDED, Lapse, R.CLOCK, SAME, WindowClosed, (), "pay"),
        Row(S.APPEALED, Lapse, R.CLOCK, S.FINAL, AwardStands, appeal_not_paid, "pay"),
        Row(S.APPEALED, Lapse, R.CLOCK, S.FORFEITED, OnlyOnePaid, (), "pay"),
        Row((S.FUNDED, S.HEARING), Lapse, R.CLOCK, S.CLOSED, AwardLapsed, (), "award"),
        Row(S.AWARDED, Lapse, R.CLOCK, S.FINAL, AwardStands, (), "appeal"),
        Row(_OPEN, Close, R.RULES, S.CLOSED, Closed),
        Row(_OVER, SettleFees, R.RULES, SAME, FeesSettled),
    ),
)  # fmt: skip
