"""Any rulebook that the schema allows."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from escrowkit.money import Money
from escrowkit.rulebook import Rulebook, build
from escrowkit.testing.chosen.choices import Chooser, chance

#: Currencies with two, no and three decimals.
CURRENCIES: Final = ("USD", "JPY", "KWD")
PERIODS = ("3 days", "36 hours", "1 business day", "5 business days", "10 days")
SHARES = {"payer": "60%", "payee": "40%"}
PAYS: tuple[Any, ...] = ("payer", "payee", "halves", SHARES)


def in_all(minor: int) -> dict[str, str]:
    """An amount in every one of the currencies, in minor units."""
    return {currency: Money(minor, currency).text for currency in CURRENCIES}


#: Lists of further fees: on top of the deposit, out of what leaves, and both.
FEES: tuple[Any, ...] = (
    [{"name": "entry", "borne_by": "payer", "on": "deposit", "fixed": in_all(2), "returned": "while_held"}],
    [
        {"name": "agent", "to": "broker", "borne_by": "payee", "on": "release", "rate": "1%", "floor": in_all(1), "cap": in_all(2)},
        {"name": "escrow", "borne_by": "both", "on": "exit", "rate": "3.25%"},
    ],
    [
        {"name": "tip", "to": "broker", "borne_by": "both", "on": "release", "rate": "5%", "returned": "always"},
        {"name": "gate", "borne_by": "payee", "on": "exit", "tiers": [{"up_to": in_all(60), "rate": "4%"}, {"rate": "1%"}]},
        {"name": "card", "borne_by": "payer", "on": "deposit", "rate": "2%", "returned": "always"},
    ],
)  # fmt: skip


class Draft:
    """The data of a rulebook in the making."""

    def __init__(self, choose: Chooser) -> None:
        self.choose = choose
        self.data: dict[str, Any] = {"id": "drawn", "version": "1", "title": "drawn"}
        self.said: list[str] = []

    @property
    def stays(self) -> list[str]:
        """A dispute may be closed by silence, unless silence would open it again."""
        review = self.data.get("milestone", {}).get("review", {})
        return [] if review.get("on_silence") == "dispute" else ["stays"]

    def put(self, path: str, *options: Any, percent: int = 100) -> Any:
        """One of the options under a dotted key, that often; what was put."""
        if percent < 100 and not chance(self.choose, percent):
            return None
        value = self.choose.pick(options)
        *parts, last = path.split(".")
        node = self.data
        for part in parts:
            node = node.setdefault(part, {})
        node[last] = value
        self.said.append(path)
        return value


def rulebook(choose: Chooser, *, ends: bool = False, unknown: bool = False) -> Rulebook:
    """Any rulebook that the schema allows; one under which every silence ends, or one with gaps, if asked for."""
    draft = Draft(choose)
    put = draft.put
    put("calendar.timezone", "UTC", "America/New_York", "Asia/Kolkata")
    put("calendar.holidays", [], [date(2024, 3, 4), date(2024, 3, 5)])
    put("money.remainder_to", "payer", "payee")
    _milestone_rules(draft)
    _escrow_rules(draft, ends=ends)
    _dispute_rules(draft, ends=ends)
    _neutral_rules(draft)
    _standing_rules(draft)
    if unknown:
        said = [path for path in draft.said if path.split(".")[0] not in ("calendar", "money")]
        for _ in range(choose.whole(1, 4)):
            draft.put(choose.pick(said), "unknown")
    return build(draft.data, "drawn")


def _standing_rules(draft: Draft) -> None:
    put = draft.put
    put("conduct.default_suspends", False, True)
    put("conduct.strikes.mute_after", 1, 2, percent=40)
    put("conduct.strikes.mute_for", *PERIODS, percent=40)
    put("conduct.strikes.suspend_after", 2, 3, percent=40)
    if put("conduct.feedback.within", *PERIODS, percent=60):
        put("conduct.feedback.sealed", True, False)
        put("conduct.feedback.withheld_from", [], ["defaulted"], ["defaulted", "refunded"])


def _milestone_rules(draft: Draft) -> None:
    put = draft.put
    put("milestone.start", "in_full", "in_part", "unfunded")
    put("milestone.submit_needs", "nothing", "funded")
    put("milestone.max_revisions", 1, percent=30)
    if put("milestone.review.within", *PERIODS, percent=80):
        put("milestone.review.on_silence", "payee", "payee", "payer", "dispute", "halves", SHARES)
        if put("milestone.review.since", "submitted", "submitted", "attested:seen", "active") != "active":
            put("milestone.review.notices", 0, 0, 1, 2)
        put("milestone.review.delay_step", *PERIODS, percent=40)
        put("milestone.review.delay_lockable", True, False)
    if put("milestone.cancel.within", *PERIODS, percent=70):
        put("milestone.cancel.on_silence", "as_asked", "declined", *PAYS)
        put("milestone.cancel.by", ["payer"], ["payer", "payee"])
        put("milestone.cancel.declinable", True, False)
    if put("milestone.proposal.within", *PERIODS, percent=50):
        put("milestone.proposal.on_silence", "as_asked", "declined", *PAYS)
        put("milestone.proposal.by", ["payee"], ["payer", "payee"])
    if put("milestone.requirements.within", *PERIODS, percent=25):
        put("milestone.requirements.on_silence", *PAYS)
    if put("milestone.late.after", *PERIODS, percent=40):
        put("milestone.late.since", "due", "active")
        put("milestone.late.right", ["payer"], ["platform"], ["payer", "platform"])
        put("milestone.late.on_silence", *PAYS, percent=40)
    if put("milestone.early.before_due", "3 days", "10 days", percent=40):
        put("milestone.early.right", ["payer"], ["payer", "platform"])


def _escrow_rules(draft: Draft, *, ends: bool) -> None:
    put = draft.put
    put("escrow.funding.within", *PERIODS, percent=50)
    put("escrow.release.partial", True, True, False)
    put("escrow.release.by", ["payer"], ["payer"], ["payer", "platform"], ["witness:dave", "payer"])
    put("escrow.refund.by", ["payee"], ["payee"], ["payee", "platform"], ["witness", "payee"])
    put("escrow.roll_over", True, False)
    put("escrow.clearing", "none", *PERIODS)
    model = put("escrow.service_fee.model", "none", "flat", "flat", "tiered", "per_contract")
    if model in ("flat", "per_contract"):
        put("escrow.service_fee.rate", "10%", "2.75%", "90%")
        put("escrow.service_fee.fixed", in_all(2), percent=20)
    if model == "tiered":
        put("escrow.service_fee.tiers", [{"up_to": in_all(60), "rate": "20%"}, {"rate": "5%"}])
    put("escrow.service_fee.on_refund", "reversed", "payer", "payee")
    if put("escrow.processing_fee.rate", "3%", "10%", percent=35):
        put("escrow.processing_fee.fixed", in_all(1), percent=50)
        put("escrow.processing_fee.returned", "while_held", "never")
    put("escrow.fees", *FEES, percent=40)
    if put("escrow.hold_limit.within", "60 days", "120 days", percent=30):
        put("escrow.hold_limit.on_expiry", *PAYS)
    if put("escrow.dormancy.idle", "90 days", "365 days", percent=100 if ends else 50):
        put("escrow.dormancy.on_silence", *PAYS)
        put("escrow.dormancy.notice", *PERIODS, percent=40)
    if put("escrow.refund_released.within", "10 days", "180 days", percent=60):
        put("escrow.refund_released.by", ["payee"], ["payee", "platform"])
    put("escrow.chargeback.borne_by", "platform", "payee")
    put("escrow.impound.within", "10 days", "30 days", percent=100 if ends else 60)


def _dispute_rules(draft: Draft, *, ends: bool) -> None:
    put = draft.put
    put("dispute.open_by", ["payer", "payee"], ["payer", "payee", "platform"], ["payer", "payee", "witness"], ["payer"])
    if put("dispute.open_after.period", "1 day", percent=20):
        put("dispute.open_after.since", "active", "submitted")
    put("dispute.reopen", "never", "once_a_submission", "always")
    put("dispute.lookback", "20 days", "180 days", percent=60)
    when = put("dispute.escalate.when", "at once", "at once", "by a party")
    since = ("opened", "escalated") if when == "by a party" else ("opened",)
    for side in ("payer", "payee"):
        if put(f"dispute.answer.{side}.within", *PERIODS, percent=80):
            put(f"dispute.answer.{side}.on_silence", "claim", "contested", *PAYS)
            put(f"dispute.answer.{side}.since", *since)
    put("dispute.answer.opener_too", True, False)
    put("dispute.answer.both_silent", *PAYS, percent=50)
    put("dispute.evidence.until", "end", "arbitrated", "funded")
    put("dispute.advance", "nobody", "platform")
    put("dispute.open_needs", "nothing", "proposal", percent=5)
    put(
        "dispute.stages", [], ["mediation"], ["arbitration"], ["mediation", "arbitration"], ["mediation", "arbitration"]
    )
    if when == "by a party":
        put("dispute.escalate.after", "1 day", percent=30)
        put("dispute.escalate.from_opened", True, False)
        put("dispute.escalate.by", ["payer", "payee"], ["payer", "payee", "mediator"], ["payer"])
    if put("dispute.escalate.within", *PERIODS, percent=30):
        stages = draft.data["dispute"]["stages"]
        put("dispute.escalate.on_silence", *draft.stays, *(["next_stage"] if stages else []), *PAYS)
    put("dispute.offers.within", *PERIODS, percent=60)
    put("dispute.offers.on_silence", "declined", "as_asked")
    put("dispute.offers.rounds", 1, 2, percent=30)
    put("dispute.offers.turns", "free", "alternate")
    put("dispute.extend.by", [], ["mediator"], ["platform", "mediator"])
    put("dispute.extend.step", "5 days", "3 business days", percent=60)
    put("dispute.extend.most", 1, 2)
    if put("dispute.longest.within", "30 days", "90 days", percent=100 if ends else 60):
        put("dispute.longest.on_expiry", *PAYS)


def _neutral_rules(draft: Draft) -> None:
    put = draft.put
    powers = ("facilitate", "recommend", "decide")
    put("mediation.power", *powers, {"below": in_all(100), "small": "decide", "otherwise": "recommend"})
    put("mediation.refund_needs", "attested:seen", percent=20)
    put("mediation.recommend.within", *PERIODS, percent=60)
    if put("mediation.accept.within", *PERIODS, percent=60):
        put("mediation.accept.on_silence", "rejected", "recommendation")
    put("mediation.decide.after", *PERIODS, percent=20)
    put("mediation.longest", "21 days", percent=60)
    put("mediation.on_failure", ["next_stage", "halves"], ["next_stage", "stays"], ["recommendation", "payee"], "stays")
    model = put("arbitration.fee.model", "none", "shares", "rate", "from_pot", "external")
    if model in ("shares", "external"):
        for side, percent in (("payer", 100), ("payee", 100), ("platform", 50)):
            put(f"arbitration.fee.shares.{side}", in_all(7), in_all(4), percent=percent if model == "shares" else 50)
    if model in ("rate", "from_pot"):
        put("arbitration.fee.rate", "5%", "50%")
        put("arbitration.fee.floor", in_all(2), in_all(50), percent=50)
        put("arbitration.fee.cap", in_all(60), percent=50)
    refund = put("arbitration.fee.refund", "before_start", "before_start", "winner", "decaying")
    if refund == "decaying":
        steps = [{"within": "5 days", "back": "100%"}, {"within": "20 days", "back": "30%"}]
        put("arbitration.fee.decay", steps, steps[1:])
        put("arbitration.fee.kept", in_all(2), percent=50)
    if refund != "winner":
        put("arbitration.fee.cost", "all", "one_share")
        put("arbitration.fee.borne", "each", "loser", "by_share_lost")
    put("arbitration.fee.paid_to", "arbitrator", "platform")
    if put("arbitration.pay.within", *PERIODS, percent=100 if model in ("shares", "rate", "external") else 30):
        put("arbitration.none_paid.gets", *draft.stays, *PAYS)
        put("arbitration.none_paid.out_of", "held", "stake")
        put("arbitration.pay.since", "offered", "offered", "first_paid")
    put("arbitration.one_paid.gets", "claim", *PAYS)
    put("arbitration.one_paid.out_of", "held", "stake")
    put("arbitration.pay.order", "any", "sealed", "sealed", "claimant_first")
    put("arbitration.pay.all_by_one", True, False)
    put("arbitration.eligible.stake_from", in_all(20), percent=20)
    if put("arbitration.small_pot.up_to", in_all(30), percent=20):
        put("arbitration.small_pot.divide", *PAYS)
    if put("arbitration.award.within", *PERIODS, percent=70):
        put("arbitration.award.on_silence", *PAYS)
    put("arbitration.award.menu", "any", "any", "all_or_nothing", "last_offers")
    put("arbitration.refusal.divide", *PAYS)
    put("arbitration.appeal.within", *PERIODS, percent=40)
    put("arbitration.appoint.by", ["platform"], ["platform", "payer"])
