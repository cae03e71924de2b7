"""The law of a dispute: one row a move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from escrowkit.machines.dispute.commands import (
    AcceptOffer,
    AddEvidence,
    Concede,
    Conclude,
    Contest,
    DeclineOffer,
    Escalate,
    Extend,
    Lapse,
    Offer,
    Open,
    Override,
    Proceed,
    Restake,
    S,
    Withdraw,
)
from escrowkit.machines.dispute.events import (
    AnswerDemanded,
    Conceded,
    Concluded,
    Contested,
    Defaulted,
    Escalated,
    EvidenceAdded,
    Extended,
    OfferAccepted,
    OfferDeclined,
    Offered,
    OfferLapsed,
    OfferStands,
    Opened,
    Overridden,
    Proceeded,
    Restaked,
    SilenceContests,
    SmallPotDivided,
    Withdrawn,
)
from escrowkit.machines.dispute.guards import (
    answer_runs_from_escalation,
    by_agreement,
    by_judgment,
    claim_contests,
    claim_within_cap,
    claim_within_stake,
    evidence_open,
    extension_within_limits,
    is_opener,
    known_clock,
    may_be_disputed_here,
    may_dispute_again,
    may_escalate,
    may_escalate_unanswered,
    may_extend,
    may_open,
    mediation_failed,
    must_answer,
    next_is_arbitration,
    next_is_mediation,
    not_heard_yet,
    not_own_offer,
    offer_executes,
    offer_stands,
    offer_within_stake,
    other_must_answer_too,
    own_turn,
    pot_is_small,
    rounds_left,
    same_claim,
    same_offer,
    silence_decides,
    waited_before_escalating,
    waited_before_opening,
)
from escrowkit.roles import PARTY, Role
from escrowkit.table import SAME, Row, Table, not_impounded

if TYPE_CHECKING:
    from escrowkit.machines.dispute.record import Dispute

R = Role

_OPEN = (S.OPENED, S.CONTESTED, S.MEDIATED, S.ARBITRATED)
_ESCALATING = {R.PAYER, R.PAYEE, R.MEDIATOR, R.RULES}

TABLE: Table[Dispute] = Table(
    "dispute",
    S,
    initial=S.OPENED,
    final={S.SETTLED, S.DEFAULTED, S.AWARDED, S.WITHDRAWN, S.OVERRIDDEN},
    always=(not_impounded,),
    rows=(
        # in             on            by             then          event            when
        Row(None, Open, {*PARTY, R.PLATFORM, R.WITNESS, R.RULES}, S.OPENED, Opened,
            (may_open, claim_within_cap, may_be_disputed_here, waited_before_opening, may_dispute_again)),
        Row(S.OPENED, Contest, PARTY, S.OPENED, Contested, (must_answer, claim_contests, claim_within_stake, other_must_answer_too)),
        Row(S.OPENED, Contest, PARTY, S.CONTESTED, Contested, (must_answer, claim_contests, claim_within_stake)),
        Row(S.OPENED, Concede, PARTY, S.SETTLED, Conceded, (must_answer, same_claim)),
        Row(S.OPENED, Proceed, R.RULES, S.CONTESTED, Proceeded),
        Row(S.OPENED, Lapse, R.CLOCK, S.DEFAULTED, Defaulted, silence_decides, "answer"),
        Row(S.OPENED, Lapse, R.CLOCK, S.CONTESTED, SilenceContests, (), "answer"),
        Row(S.OPENED, Escalate, _ESCALATING, SAME, AnswerDemanded, (may_escalate, waited_before_escalating, answer_runs_from_escalation)),
        Row(S.OPENED, Escalate, _ESCALATING, S.MEDIATED, Escalated,
            (may_escalate, may_escalate_unanswered, waited_before_escalating, next_is_mediation)),
        Row(S.OPENED, Escalate, _ESCALATING, S.DEFAULTED, SmallPotDivided,
            (may_escalate, may_escalate_unanswered, waited_before_escalating, pot_is_small)),
        Row(S.OPENED, Escalate, _ESCALATING, S.ARBITRATED, Escalated,
            (may_escalate, may_escalate_unanswered, waited_before_escalating, next_is_arbitration)),
        Row(S.CONTESTED, Escalate, _ESCALATING, S.MEDIATED, Escalated, (may_escalate, waited_before_escalating, next_is_mediation)),
        Row(S.CONTESTED, Escalate, _ESCALATING, S.DEFAULTED, SmallPotDivided, (may_escalate, waited_before_escalating, pot_is_small)),
        Row(S.CONTESTED, Escalate, _ESCALATING, S.ARBITRATED, Escalated, (may_escalate, waited_before_escalating, next_is_arbitration)),
        Row(S.MEDIATED, Escalate, _ESCALATING, S.DEFAULTED, SmallPotDivided,
            (may_escalate, mediation_failed, waited_before_escalating, pot_is_small)),
        Row(S.MEDIATED, Escalate, _ESCALATING, S.ARBITRATED, Escalated,
            (may_escalate, mediation_failed, waited_before_escalating, next_is_arbitration)),
        Row(_OPEN, Offer, PARTY, SAME, Offered, (offer_within_stake, rounds_left, own_turn)),
        Row(_OPEN, AcceptOffer, PARTY, S.SETTLED, OfferAccepted, (not_own_offer, same_offer, offer_stands)),
        Row(_OPEN, DeclineOffer, PARTY, SAME, OfferDeclined, (not_own_offer, same_offer, offer_stands)),
        Row(_OPEN, Lapse, R.CLOCK, S.DEFAULTED, OfferStands, offer_executes, "offer"),
        Row(_OPEN, Lapse, R.CLOCK, SAME, OfferLapsed, (), "offer"),
        Row(_OPEN, Withdraw, {*PARTY, R.PLATFORM, R.WITNESS}, S.WITHDRAWN, Withdrawn, (is_opener, not_heard_yet)),
        Row(_OPEN, AddEvidence, {*PARTY, R.PLATFORM}, SAME, EvidenceAdded, evidence_open),
        Row(_OPEN, Extend, {R.MEDIATOR, R.PLATFORM}, SAME, Extended, (known_clock, may_extend, extension_within_limits)),
        Row(_OPEN, Lapse, R.CLOCK, S.DEFAULTED, Defaulted, (), "longest"),
        Row(_OPEN, Conclude, R.RULES, S.SETTLED, Concluded, by_agreement),
        Row(_OPEN, Conclude, R.RULES, S.AWARDED, Concluded, by_judgment),
        Row(_OPEN, Conclude, R.RULES, S.DEFAULTED, Concluded),
        Row(_OPEN, Override, R.RULES, S.OVERRIDDEN, Overridden),
        Row(_OPEN, Restake, R.RULES, SAME, Restaked),
    ),
)  # fmt: skip
