"""Random rulebooks, agreements and commands, for any source of choices: Hypothesis, or a seeded `random.Random`."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol, TypeVar

import attrs
from hypothesis import strategies as st

import escrowkit as ek
from escrowkit.agreement import Agreement
from escrowkit.money import Money
from escrowkit.pot import TABLES, Pot
from escrowkit.roles import Role
from escrowkit.rulebook import Rulebook, build
from escrowkit.table import Command

T = TypeVar("T")

START = datetime(2024, 3, 1, 9, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
DAY = timedelta(days=1)
CURRENCIES = ("USD", "JPY", "KWD")
OTHERS = ("stranger", "ada", "lin", "clock", "rules")
ROLES = ("payer", "payee", "mediator", "arbitrator", "platform", "provider", "witness:dave", "witness:eve")


class Chooser(Protocol):
    """Where choices come from."""

    def pick(self, options: Sequence[T]) -> T:
        """One of these."""

    def whole(self, low: int, high: int) -> int:
        """A whole number."""


class Dice:
    """Choices of a seeded generator: fast."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def pick(self, options: Sequence[T]) -> T:
        """One of these."""
        return self.random.choice(options)

    def whole(self, low: int, high: int) -> int:
        """A whole number."""
        return self.random.randint(low, high)


class Drawn:
    """Choices of Hypothesis: they shrink."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data

    def pick(self, options: Sequence[T]) -> T:
        """One of these."""
        return options[self.data.draw(st.integers(0, len(options) - 1))]

    def whole(self, low: int, high: int) -> int:
        """A whole number."""
        return self.data.draw(st.integers(low, high))


def chance(choose: Chooser, percent: int) -> bool:
    """True that often; the simplest choice is no."""
    return choose.whole(0, 99) >= 100 - percent


# -- rulebooks -------------------------------------------------------------------------------------------------------

PERIODS = ("3 days", "36 hours", "1 business day", "5 business days", "10 days")
SHARES = {"payer": "60%", "payee": "40%"}
PAYS: tuple[Any, ...] = ("payer", "payee", "halves", SHARES)


def in_all(minor: int) -> dict[str, str]:
    """An amount in every currency of the tests, in minor units."""
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


# -- agreements ------------------------------------------------------------------------------------------------------

CONDITIONS: tuple[Any, ...] = (
    None,
    None,
    None,
    {"signed": "payer"},
    {"any": [{"signed": "payer"}, {"elapsed": "5 days", "since": "submitted"}]},
    {"all": [{"attested": "roof", "by": "witness:dave"}, {"elapsed": "2 days", "since": "active"}]},
    {"at_least": 2, "of": [{"attested": "roof", "by": "witness:dave"}, {"attested": "wall", "by": "platform"}, {"signed": "payer"}]},
    {"any": [{"elapsed": "4 business days", "since": "active"}, {"all": [{"signed": "payee"}, {"attested": "roof"}]}]},
)  # fmt: skip


def agreement(choose: Chooser, rules: Rulebook) -> Agreement:
    """An agreement of one to three milestones, or none where the fee would leave nothing."""
    currency = choose.pick(CURRENCIES)
    milestones = []
    for number in range(1, choose.whole(1, 3) + 1):
        terms: dict[str, Any] = {"id": f"m{number}", "price": Money(choose.pick(PRICES), currency)}
        terms["due"] = choose.pick([None, START + 5 * DAY, START + 40 * DAY])
        terms["release_when"] = choose.pick(CONDITIONS)
        if chance(choose, 10):
            terms["currency"] = choose.pick(CURRENCIES)
            terms["price"] = Money(choose.pick(PRICES), terms["currency"])
        if chance(choose, 10):
            terms["rules"] = {"escrow.clearing": "none", "milestone.start": "unfunded"}
        milestones.append(terms)
    return ek.open_agreement(
        rulebook=rules,
        parties={"payer": "ada", "payee": "lin"},
        currency=currency,
        milestones=milestones,
        at=START,
        rail=choose.pick(["instant", "slow"]),
        billed_before=choose.pick([None, None, Money(55, currency)]),
    )


PRICES = (10, 35, 100, 101, 333)

# -- commands --------------------------------------------------------------------------------------------------------

INTERNAL = frozenset({Role.CLOCK, Role.RULES})
ALL_COMMANDS: tuple[type[Command], ...] = tuple(
    dict.fromkeys(row.command for table in TABLES.values() for row in table.rows if not row.by <= INTERNAL)
)


def _now(agreement: Agreement, id_: str, at: datetime) -> list[tuple[type[Command], tuple[Role, ...]]]:
    """The commands that the tables know here, with the roles that may give them."""
    pot = agreement.pot(id_, at)
    lane = pot.lane
    case = lane.cases[-1] if lane.cases else None
    records = {"milestone": lane.milestone, "escrow": lane.escrow, "feedback": lane.feedback} | {
        name: getattr(case, name, None) for name in ("dispute", "mediation", "arbitration")
    }
    found: list[tuple[type[Command], tuple[Role, ...]]] = []
    for name, table in TABLES.items():
        record = records.get(name)
        state = None if record is None else record.state
        for row in table.rows:
            people = tuple(sorted(row.by - INTERNAL))
            again = name == "dispute" and state in table.final and None in row.on
            if people and (state in row.on or again) and row.command is not ek.milestone.Propose:
                found.append((row.command, people))
    if lane.obligations:
        found += [(ek.obligation.Pay, (Role.PROVIDER,)), (ek.obligation.Waive, (Role.PAYER, Role.PLATFORM))]
    return found


def command(choose: Chooser, now: Agreement, at: datetime) -> tuple[str, Command]:
    """A command, mostly one that the tables know here and by a role that they name, with plausible arguments."""
    if chance(choose, 4):
        return choose.pick(ROLES), whole_agreement(choose)
    if chance(choose, 4) and len(now.milestones) < 5:
        propose = ek.milestone.Propose(f"m{len(now.milestones) + 1}", Money(choose.pick(PRICES), now.currency), "more")
        return choose.pick(("payer", "payee")), propose
    busy = [id_ for id_ in now.milestones if now.pot(id_).disputed]
    id_ = choose.pick(busy if busy and chance(choose, 70) else now.milestones)
    kind, roles = _likely_kind(choose, _now(now, id_, at)) if not chance(choose, 8) else (choose.pick(ALL_COMMANDS), ())
    role: str = choose.pick(roles) if roles and not chance(choose, 8) else choose.pick((*ROLES, *OTHERS))
    if role == Role.WITNESS:
        role = choose.pick(("witness:dave", "witness:eve"))
    return role, filled(choose, kind, now.pot(id_, at))


#: Commands that end much at once, so that they are tried less often.
RARE = frozenset(
    {ek.escrow.Seize, ek.escrow.ObeyOrder, ek.escrow.Hold, ek.escrow.Refund, ek.milestone.Cancel, ek.escrow.FailPayout}
    | {ek.escrow.RequestRefundReleased, ek.dispute.AddEvidence, ek.milestone.WithdrawSubmission}
)


def _likely_kind(
    choose: Chooser, known: list[tuple[type[Command], tuple[Role, ...]]]
) -> tuple[type[Command], tuple[Role, ...]]:
    """One of the commands that are known here: first a machine, then one of its commands, and rare ones rarely."""
    machines = list(dict.fromkeys(kind.machine for kind, _ in known))
    stages = [name for name in ("arbitration", "mediation", "dispute") if name in machines]
    machine = stages[0] if stages and chance(choose, 50) else choose.pick(machines)
    of_it = [one for one in known if one[0].machine == machine]
    calm = [one for one in of_it if one[0] not in RARE]
    found = choose.pick(calm if calm and not chance(choose, 15) else of_it)
    others = [roles for kind, roles in known if kind is found[0]]
    return found[0], choose.pick(others)


def opening_moves(choose: Chooser, now: Agreement) -> Sequence[tuple[str, Command]]:
    """What most lives begin with: money comes in, work is submitted, a dispute opens."""
    moves: list[tuple[str, Command]] = []
    for id_ in now.milestones:
        pot = now.pot(id_)
        depth = choose.pick([0, 1, 2, 3, 4, 5, 5, 5])
        part = choose.pick([pot.price, pot.price, Money(pot.price.minor * 2 // 3, pot.currency)])
        if depth >= 1:
            moves.append(("payer", ek.escrow.Deposit(id_, part, choose.pick([None, "r1", f"first {id_}"]))))
        if depth >= 3:
            moves.append(("payee", ek.milestone.Submit(id_, "zip")))
        if depth >= 4 and chance(choose, 30):
            moves.append(("payer", ek.escrow.Release(id_, Money(part.minor // 3 + 1, pot.currency))))
        if depth >= 4:
            claim = Money(choose.pick([part.minor, part.minor // 2 + 1]), pot.currency)
            sides = choose.pick([("payer", "payee"), ("payee", "payer")])
            moves.append((sides[0], ek.dispute.Open(id_, claim, "words")))
            if depth >= 5:
                moves.append((sides[1], ek.dispute.Contest(id_)))
    return moves


def whole_agreement(choose: Chooser) -> Command:
    """A command to the agreement itself."""
    if chance(choose, 15):
        return ek.agreement.End(reason="over")
    role = choose.pick(("payer", "payee"))
    if chance(choose, 60):
        return choose.pick(CONDUCT)(role, "rude")
    right = choose.pick(("rating", "writing"))
    return ek.agreement.Restrict(
        role=role, right=right, reason="rude", until=choose.pick((None, START, START + 9 * DAY))
    )


CONDUCT = (
    ek.conduct.Strike,
    ek.conduct.Strike,
    ek.conduct.Suspend,
    ek.conduct.Reinstate,
    ek.conduct.Forgive,
    ek.conduct.Exclude,
)


def filled(choose: Chooser, kind: type[Command], pot: Pot) -> Command:
    """A command of this kind with plausible arguments."""
    said: dict[str, Any] = {"milestone": pot.id}
    fields: Any = kind
    for field in attrs.fields(fields):
        if field.name == "milestone":
            continue
        value = _argument(choose, kind, field.name, pot)
        if value is not None or field.default is attrs.NOTHING:
            said[field.name] = value
    return kind(**said)


def _argument(choose: Chooser, kind: type[Command], name: str, pot: Pot) -> Any:
    texts: Mapping[str, Sequence[Any]] = {
        "reference": ("r1", "r2", "r3", "r4", "r5"),
        "deposit": (None, "deposit 1", "r1", "r2"),
        "name": ("roof", "wall", "seen", "nothing"),
        "clock": ("review", "answer", "recommend", "award", "pay", "offer", "dispute.answer", "nonsense"),
        "to": tuple(pot.agreement.milestones) if kind is ek.escrow.RollOver else ("payer", "payee", "authority", "arbitrator"),
        "share": ("own", "own", "all"),
        "mediator": ("mia", "mia", "mia", "mia", "ada"),
        "arbitrator": ("art", "art", "art", "art", "lin"),
        "period": ("1 day", "5 days", "3 business days", "40 days"),
        "admissible": (True, False),
        "number": (None, None, 1, 2),
        "deliverable": (pot.milestone.deliverable, "zip", "zip"),
        "terms": (pot.milestone.digest, pot.milestone.terms, {"price": "1"}),
        "price": (Money(50, pot.currency),),
        "title": ("a title",),
        "due": (None,),
        "release_when": (None,),
        "evidence": (None, "proof"),
        "reply": (None, "no"),
        "comment": (None, "fine"),
        "score": (1, 5, 6),
    }  # fmt: skip
    if name in texts:
        return choose.pick(texts[name])
    if name in ("costs", "costs_to") and not chance(choose, 40):
        return None
    if name == "costs_to":
        return choose.pick(("broker", "broker", "broker", "payee"))
    if name in ("amount", "refund", "claim", "to_payee", "fee", "costs"):
        return _sum(choose, kind, name, pot)
    return "words"


def _sum(choose: Chooser, kind: type[Command], name: str, pot: Pot) -> Money | None:
    """A sum that matters here: what is held, lacking, claimed, offered, asked; or one more, or one less."""
    work, case, money = pot.milestone, pot.dispute, pot.escrow
    sums: list[Money | None] = [pot.held, pot.lacks, pot.price, pot.clearing_gross, pot.released]
    sums += [pot.payable("payer"), pot.payable("payee"), work.asked, work.proposal]
    if money is not None:
        sums += [money.pending, *(d.amount for d in money.deposits)]
    if case is not None:
        sums += [case.stake, case.claim_payer, case.claim_payee, *(o.to_payee for o in case.offers)]
    if pot.mediation is not None:
        sums += [pot.mediation.recommendation] * 3
    if pot.arbitration is not None:
        shares = pot.arbitration.shares
        sums += [*shares.values(), sum(shares.values(), pot.zero)]
    likely = _likely(kind, name, pot)
    if likely and not chance(choose, 25):
        return choose.pick(likely)
    found = choose.pick([one for one in sums if one is not None] or [pot.zero])
    minor = choose.pick(
        [found.minor] * 5 + [found.minor // 2, found.minor // 3 + 1, found.minor + 1, max(found.minor - 1, 0)]
    )
    return Money(minor, found.currency if not chance(choose, 2) else choose.pick(CURRENCIES))


def _likely(kind: type[Command], name: str, pot: Pot) -> list[Money | None]:
    """The sums that this very command is likely to repeat."""
    case = pot.dispute
    if kind in (ek.escrow.Deposit, ek.escrow.RequestDeposit):
        return [pot.lacks]
    if kind is ek.escrow.ConfirmDeposit and pot.escrow is not None:
        return [pot.escrow.pending or pot.lacks]
    if kind is ek.escrow.ConfirmRefundReleased and pot.escrow is not None:
        return list(pot.escrow.promised) or [pot.released]
    if kind is ek.escrow.RefundReleased:
        return [pot.released, pot.clearing_gross]
    if kind is ek.arbitration.PayFee and pot.arbitration is not None:
        return list(pot.arbitration.shares.values())
    if case is not None and kind is ek.dispute.Contest:
        return [None, case.stake]
    if case is not None and kind is ek.dispute.Concede:
        return [case.claim_payer, case.claim_payee, case.stake]
    if case is not None and kind in (ek.dispute.AcceptOffer, ek.dispute.DeclineOffer):
        return [o.to_payee for o in case.offers if o.open]
    if case is not None and name == "to_payee" and kind not in (ek.mediation.Accept, ek.mediation.Reject):
        return [case.stake, pot.zero, Money(case.stake.minor // 2, pot.currency)]
    if kind in (ek.mediation.Accept, ek.mediation.Reject) and pot.mediation is not None:
        return [pot.mediation.recommendation or pot.zero]
    if kind in (ek.milestone.AgreeCancel, ek.milestone.DeclineCancel):
        return [pot.milestone.asked or pot.zero]
    if kind is ek.milestone.AgreeRelease:
        return [pot.milestone.proposal]
    return []


def moment(choose: Chooser, now: Agreement) -> datetime:
    """Now, a little later, or on and around the next deadlines."""
    if not chance(choose, 15):
        return now.at + choose.pick([timedelta(0), timedelta(minutes=1)])
    deadlines = [at for at, _, _ in now.deadlines()][:3]
    marks = [at + shift for at in deadlines for shift in (-MICRO, timedelta(0), MICRO)]
    steps = [now.at, now.at, now.at + timedelta(hours=1), now.at + DAY, now.at + 3 * DAY]
    options = [at for at in steps * 2 + marks if at >= now.at]
    return choose.pick(options)
