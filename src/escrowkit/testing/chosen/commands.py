"""Any command to an agreement: mostly a likely one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import attrs

from escrowkit.agreement import Agreement, End, Restrict
from escrowkit.machines import arbitration, conduct, dispute, escrow, mediation, milestone, obligation
from escrowkit.money import Money
from escrowkit.pot import TABLES, Pot
from escrowkit.roles import Role
from escrowkit.table import Command
from escrowkit.testing.chosen.agreements import DAY, PRICES, later
from escrowkit.testing.chosen.choices import Chooser, chance
from escrowkit.testing.chosen.rulebooks import CURRENCIES

#: Whoever gives no command from outside, or has no role.
OTHERS: Final = ("stranger", "ada", "lin", "clock", "rules")
ROLES: Final = ("payer", "payee", "mediator", "arbitrator", "platform", "provider", "witness:dave", "witness:eve")
_INTERNAL: Final = frozenset({Role.CLOCK, Role.RULES})
#: Every command that people can give, but those of the agreement itself.
ALL_COMMANDS: Final[tuple[type[Command], ...]] = tuple(
    dict.fromkeys(row.command for table in TABLES.values() for row in table.rows if not row.by <= _INTERNAL)
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
            people = tuple(sorted(row.by - _INTERNAL))
            again = name == "dispute" and state in table.final and None in row.on
            if people and (state in row.on or again) and row.command is not milestone.Propose:
                found.append((row.command, people))
    if lane.obligations:
        found += [(obligation.Pay, (Role.PROVIDER,)), (obligation.Waive, (Role.PAYER, Role.PLATFORM))]
    return found


def command(choose: Chooser, now: Agreement, at: datetime) -> tuple[str, Command]:
    """A command, mostly one that the tables know here and by a role that they name, with plausible arguments."""
    if chance(choose, 4):
        return choose.pick(ROLES), _whole_agreement(choose, now.at)
    if chance(choose, 4) and len(now.milestones) < 5:
        propose = milestone.Propose(f"m{len(now.milestones) + 1}", Money(choose.pick(PRICES), now.currency), "more")
        return choose.pick(("payer", "payee")), propose
    busy = [id_ for id_ in now.milestones if now.pot(id_).disputed]
    id_ = choose.pick(busy if busy and chance(choose, 70) else now.milestones)
    kind, roles = _likely_kind(choose, _now(now, id_, at)) if not chance(choose, 8) else (choose.pick(ALL_COMMANDS), ())
    role: str = str(choose.pick(roles)) if roles and not chance(choose, 8) else choose.pick((*ROLES, *OTHERS))
    if role == Role.WITNESS:
        role = choose.pick(("witness:dave", "witness:eve"))
    return role, filled(choose, kind, now.pot(id_, at))


#: Commands that end much at once, so that they are tried less often.
RARE = frozenset(
    {escrow.Seize, escrow.ObeyOrder, escrow.Hold, escrow.Refund, milestone.Cancel, escrow.FailPayout}
    | {escrow.RequestRefundReleased, dispute.AddEvidence, milestone.WithdrawSubmission}
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


def _whole_agreement(choose: Chooser, at: datetime) -> Command:
    """A command to the agreement itself."""
    if chance(choose, 15):
        return End(reason="over")
    role = choose.pick(("payer", "payee"))
    if chance(choose, 60):
        return choose.pick(_CONDUCT)(role, "rude")
    right = choose.pick(("rating", "writing"))
    return Restrict(role=role, right=right, reason="rude", until=choose.pick((None, at, later(at, 9 * DAY))))


_CONDUCT = (
    conduct.Strike,
    conduct.Strike,
    conduct.Suspend,
    conduct.Reinstate,
    conduct.Forgive,
    conduct.Exclude,
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
        "to": tuple(pot.agreement.milestones) if kind is escrow.RollOver else ("payer", "payee", "authority", "arbitrator"),
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
    if kind in (escrow.Deposit, escrow.RequestDeposit):
        return [pot.lacks]
    if kind is escrow.ConfirmDeposit and pot.escrow is not None:
        return [pot.escrow.pending or pot.lacks]
    if kind is escrow.ConfirmRefundReleased and pot.escrow is not None:
        return list(pot.escrow.promised) or [pot.released]
    if kind is escrow.ConfirmPayout and pot.escrow is not None:
        taken = sum((charged.from_payable for charged in pot.escrow.charged), pot.zero)
        return [pot.payable("payer"), pot.payable("payee"), pot.payable("payee") + taken]
    if kind is escrow.RefundReleased:
        return [pot.released, pot.clearing_gross]
    if kind is arbitration.PayFee and pot.arbitration is not None:
        return list(pot.arbitration.shares.values())
    if case is not None and kind is dispute.Contest:
        return [None, case.stake]
    if case is not None and kind is dispute.Concede:
        return [case.claim_payer, case.claim_payee, case.stake]
    if case is not None and kind in (dispute.AcceptOffer, dispute.DeclineOffer):
        return [o.to_payee for o in case.offers if o.open]
    if case is not None and name == "to_payee" and kind not in (mediation.Accept, mediation.Reject):
        return [case.stake, pot.zero, Money(case.stake.minor // 2, pot.currency)]
    if kind in (mediation.Accept, mediation.Reject) and pot.mediation is not None:
        return [pot.mediation.recommendation or pot.zero]
    if kind in (milestone.AgreeCancel, milestone.DeclineCancel):
        return [pot.milestone.asked or pot.zero]
    if kind is milestone.AgreeRelease:
        return [pot.milestone.proposal]
    return []
