"""What can be tried in a state: every command that a table knows there, by every role that it names.

The arguments stand for all others: every amount, consents that repeat what stands and ones that do not, references new
and told. Left out: conduct and feedback (they move no money), evidence beyond the first piece, failed payouts (they
move nothing), and change orders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from escrowkit.agreement import End
from escrowkit.conditions import witnesses
from escrowkit.machines import arbitration, dispute, escrow, mediation, milestone, obligation
from escrowkit.money import Money
from escrowkit.periods import Period
from escrowkit.pot import TABLES, Pot
from escrowkit.proof.small import Small
from escrowkit.proof.states import State, Try
from escrowkit.roles import PARTY, Role
from escrowkit.table import INTERNAL, Command

#: What a text says where any would do.
WORDS: Final = "…"
OTHER: Final = "another"
#: Commands that are not tried at all.
LEFT_OUT: Final = frozenset({milestone.Propose, escrow.FailPayout})
#: Moves that are unusual whatever they say.
_UNUSUAL: Final = frozenset(
    {escrow.Hold, escrow.Seize, escrow.ObeyOrder, escrow.ChargeBack, escrow.RequestDeposit}
    | {escrow.RequestRefundReleased, dispute.AddEvidence}
    | {dispute.Offer, dispute.Extend, mediation.Replace, arbitration.Replace, milestone.RequestRelease}
    | {milestone.WithdrawSubmission, milestone.RequestChanges, milestone.Delay, milestone.LockDelay}
)  # fmt: skip
#: Consents repeat what stands: which sum they name is not their choice.
_CONSENTS: Final = (
    milestone.AgreeCancel,
    milestone.DeclineCancel,
    milestone.AgreeRelease,
    dispute.Concede,
    dispute.AcceptOffer,
    dispute.DeclineOffer,
    mediation.Accept,
)
_CONSENTING: Final = frozenset({*_CONSENTS, mediation.Reject, arbitration.PayFee, escrow.ConfirmRefundReleased})
_SUMS: Final = ("amount", "refund", "claim", "to_payee")


@frozen
class Here:
    """A milestone in a state, and what the walk allows."""

    pot: Pot
    small: Small
    sums: tuple[Money, ...]

    @property
    def id(self) -> str:
        """The milestone."""
        return self.pot.id

    @property
    def more(self) -> tuple[Money, ...]:
        """Every sum but nothing."""
        return self.sums[1:]

    @property
    def fresh(self) -> str:
        """A reference that was not told yet."""
        told = self.pot.escrow.told if self.pot.escrow else ()
        return f"r{len(told) + 1}"


Arguments = Callable[[Here, Any], Iterable[Command]]


def tries(state: State, small: Small, sums: tuple[Money, ...]) -> Iterator[Try]:
    """Everything that is tried in a state."""
    for lane in state.lanes.values():
        here = Here(Pot(state, lane, state.at), small, sums)
        for machine, states in _addressed(here.pot):
            for kind, roles in _known(machine, states):
                said = tuple(ARGUMENTS.get(kind, _plain)(here, kind))
                for role in roles:
                    for by in _names(here, role):
                        yield from (Try(role, by, one) for one in said)
    if len(state.lanes) > 1:
        yield from (Try(role, role.value, End(WORDS)) for role in sorted(PARTY))


def is_unusual(state: State, command: Any) -> bool:
    """Whether a move is one of those of which a life has few: parts of a sum, second attempts, acts from outside."""
    kind: Any = type(command)
    if kind is End:
        return True
    pot = state.pot(command.milestone)
    if kind in _UNUSUAL or (kind is dispute.Open and pot.lane.cases):
        return True
    if kind is escrow.ConfirmDeposit and pot.escrow and pot.escrow.pending is None:
        return True
    if kind in (escrow.Deposit, escrow.ConfirmDeposit):
        return bool(pot.escrow and pot.escrow.deposits) or command.amount != pot.lacks
    if kind in _CONSENTING:
        return False
    named = next((name for name in _SUMS if name in kind.fields()), None)
    if named is None or getattr(command, named) is None:
        return False
    if kind is escrow.ConfirmPayout:
        return bool(command.amount != pot.payable(command.to))
    return getattr(command, named) not in _wholes(pot, kind)


def _wholes(pot: Pot, kind: Any) -> tuple[Money, ...]:
    """Nothing and all, of whatever a command speaks of."""
    if pot.disputed:
        return (pot.zero, pot.stake, pot.inside, pot.stake - pot.pot_fee)
    if kind is escrow.RefundReleased:
        return (pot.refundable,)
    if kind is dispute.Open:
        return (pot.claimable(Role.PAYER), pot.claimable(Role.PAYEE))
    return (pot.zero, pot.held, pot.inside)


def _addressed(pot: Pot) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Each machine with the states in which a command can meet it; None where it can create."""
    yield "milestone", pot.milestone.stack[:1]
    if pot.escrow is not None:
        yield "escrow", pot.escrow.stack[:2]
    for machine in ("dispute", "mediation", "arbitration"):
        record = getattr(pot, machine)
        over = record is None or record.state in TABLES[machine].final
        yield machine, (None,) if over else record.stack[:1]
    if pot.lane.obligations:
        yield "obligation", (obligation.S.OPEN,)


_KNOWN: dict[Any, tuple[tuple[type[Command], tuple[Role, ...]], ...]] = {}


def _known(machine: str, states: tuple[Any, ...]) -> tuple[tuple[type[Command], tuple[Role, ...]], ...]:
    """The commands from outside that a table knows in a state, each with the roles that it names."""
    found = _KNOWN.get((machine, states))
    if found is None:
        rows = [row for row in TABLES[machine].rows if set(row.on) & set(states) and row.command not in LEFT_OUT]
        kinds = dict.fromkeys(row.command for row in rows)
        named = ((kind, {role for row in rows if row.command is kind for role in row.by} - INTERNAL) for kind in kinds)
        found = _KNOWN[machine, states] = tuple((kind, tuple(sorted(roles))) for kind, roles in named if roles)
    return found


def _names(here: Here, role: Role) -> tuple[str, ...]:
    """Under which names a role acts: a witness under those that the rules name, and one that nobody knows."""
    return here.small.witnesses if role is Role.WITNESS else (role.value,)


# -- arguments -------------------------------------------------------------------------------------------------------


def _plain(here: Here, kind: Any) -> Iterator[Command]:
    """A command that says no more than its milestone, or texts that nobody reads."""
    texts = [name for name in kind.fields() if name in ("reason", "requirements", "deliverable")]
    yield kind(here.id, **dict.fromkeys(texts, WORDS))


def _amounts(here: Here, kind: Any) -> Iterator[Command]:
    yield from (kind(here.id, sum_) for sum_ in here.more)


def _parts(here: Here, kind: Any) -> Iterator[Command]:
    yield from (kind(here.id, sum_) for sum_ in here.sums)


def _reasoned(here: Here, kind: Any) -> Iterator[Command]:
    yield from (kind(here.id, sum_, WORDS) for sum_ in here.sums)


def _claims(here: Here, kind: Any) -> Iterator[Command]:
    if len(here.pot.lane.cases) < here.small.size.disputes:
        yield from _amounts(here, kind)


def _deposits(here: Here, kind: Any) -> Iterator[Command]:
    it = here.pot.escrow
    made = it.deposits if it else ()
    if len(made) < here.small.size.deposits:
        yield from (kind(here.id, sum_, here.fresh) for sum_ in here.more)
    yield from (kind(here.id, made[0].amount, made[0].reference) for _ in made[:1])


def _requests(here: Here, kind: Any) -> Iterator[Command]:
    it = here.pot.escrow
    if it and len(it.deposits) < here.small.size.deposits:
        yield from _amounts(here, kind)


def _charge_backs(here: Here, kind: Any) -> Iterator[Command]:
    it = here.pot.escrow
    if it and len(it.charged) < here.small.size.charge_backs:
        fee = Money(1, here.pot.currency)
        alike = {(d.amount, d.charged): d.reference for d in it.deposits}
        yield from (kind(here.id, sum_, here.fresh, fee, name) for name in alike.values() for sum_ in here.more)


def _reversals(here: Here, kind: Any) -> Iterator[Command]:
    it = here.pot.escrow
    yield from (kind(here.id, one.reference) for one in (it.charged if it else ()))


def _promised(here: Here, kind: Any) -> Iterator[Command]:
    it = here.pot.escrow
    yield from (kind(here.id, sum_, here.fresh) for sum_ in dict.fromkeys(it.promised if it else ()))


def _payouts(here: Here, kind: Any) -> Iterator[Command]:
    roles = ("payer", "payee", "platform", "arbitrator")
    yield from (kind(here.id, to, sum_, here.fresh) for to in roles for sum_ in here.more)


def _orders(here: Here, kind: Any) -> Iterator[Command]:
    yield from (kind(here.id, sum_, here.fresh) for sum_ in here.sums)


def _seizures(here: Here, kind: Any) -> Iterator[Command]:
    yield from (kind(here.id, to, WORDS) for to in ("payer", "payee", "authority"))


def _roll_overs(here: Here, kind: Any) -> Iterator[Command]:
    others = [id_ for id_ in here.pot.agreement.milestones if id_ != here.id]
    yield from (kind(here.id, sum_, other) for other in others for sum_ in here.more)


def _consents_to_terms(here: Here, kind: Any) -> Iterator[Command]:
    yield from (kind(here.id, terms) for terms in (here.pot.milestone.digest, OTHER))


def _approvals(here: Here, kind: Any) -> Iterator[Command]:
    yield from (kind(here.id, name) for name in (here.pot.milestone.deliverable, OTHER))


def _changes(here: Here, kind: Any) -> Iterator[Command]:
    bounded = here.pot.rules.values["milestone.max_revisions"] is not None
    if not bounded or here.pot.milestone.revisions < here.small.size.revisions:
        yield kind(here.id, WORDS)


def _attestations(here: Here, kind: Any) -> Iterator[Command]:
    asked = [here.pot.rules.values[key] for key in ("milestone.review.since", "mediation.refund_needs")]
    named = {name for name, _ in witnesses(here.pot.release_condition)}
    named |= {
        fact.removeprefix("attested:") for fact in asked if isinstance(fact, str) and fact.startswith("attested:")
    }
    told = {fact.name for fact in here.pot.milestone.facts}
    yield from (kind(here.id, name) for name in (*sorted(named - told), *([] if told else [OTHER])))


def _notices(here: Here, kind: Any) -> Iterator[Command]:
    wanted = here.pot.rules.values["milestone.review.notices"]
    if isinstance(wanted, int) and len(here.pot.milestone.notices) < wanted:
        yield kind(here.id, "review")


def _offers(here: Here, kind: Any) -> Iterator[Command]:
    it = here.pot.dispute
    if it and len(it.offers) < here.small.size.offers:
        yield from _parts(here, kind)


def _evidence(here: Here, kind: Any) -> Iterator[Command]:
    it = here.pot.dispute
    if it and not it.evidence:
        yield kind(here.id, WORDS, WORDS)


def _extensions(here: Here, kind: Any) -> Iterator[Command]:
    rules, it = here.pot.rules.values, here.pot.dispute
    if not rules["dispute.extend.by"] or it is None:
        return
    step = rules["dispute.extend.step"]
    period = step if isinstance(step, Period) else Period.parse("1 day")
    names = ("dispute.answer", "dispute.offer", "mediation.recommend", "mediation.accept", "mediation.longest")
    for name in (*names, "arbitration.pay", "arbitration.award", "arbitration.appeal"):
        if here.pot.extendable(name):
            yield kind(here.id, name, period, WORDS)


def _neutral(name: str) -> Arguments:
    def arguments(here: Here, kind: Any) -> Iterator[Command]:
        texts = {"reason": WORDS} if "reason" in kind.fields() else {}
        yield from (kind(here.id, who, **texts) for who in (name, here.pot.agreement.parties["payer"]))

    return arguments


def _fees(here: Here, kind: Any) -> Iterator[Command]:
    yield from (kind(here.id, share, sum_) for share in ("own", "all") for sum_ in here.more)


def _debts(here: Here, kind: Any) -> Iterator[Command]:
    """Each open debt."""
    numbers = [n for n, one in enumerate(here.pot.lane.obligations, 1) if one.state is obligation.S.OPEN]
    said = {"reference": here.fresh} if kind is obligation.Pay else {}
    yield from (kind(here.id, **said, number=number) for number in numbers)


#: What each command is tried with; one that is not here says nothing that matters.
ARGUMENTS: Final[Mapping[type[Command], Arguments]] = {
    escrow.Deposit: _deposits,
    escrow.ConfirmDeposit: _deposits,
    escrow.RequestDeposit: _requests,
    **dict.fromkeys((escrow.Release, escrow.Refund, escrow.RefundReleased, escrow.RequestRefundReleased), _amounts),
    **dict.fromkeys(
        (milestone.RequestCancel, milestone.AgreeCancel, milestone.DeclineCancel, dispute.Contest, dispute.Concede),
        _amounts,
    ),
    **dict.fromkeys((dispute.AcceptOffer, dispute.DeclineOffer, mediation.Accept, mediation.Reject), _parts),
    **dict.fromkeys((mediation.Recommend, mediation.Decide, arbitration.Award), _reasoned),
    **dict.fromkeys((milestone.RequestRelease, milestone.AgreeRelease), _parts),
    escrow.ChargeBack: _charge_backs,
    escrow.ReverseChargeBack: _reversals,
    escrow.ConfirmRefundReleased: _promised,
    escrow.ConfirmPayout: _payouts,
    escrow.ObeyOrder: _orders,
    escrow.Seize: _seizures,
    escrow.RollOver: _roll_overs,
    milestone.Accept: _consents_to_terms,
    milestone.Approve: _approvals,
    milestone.RequestChanges: _changes,
    milestone.Attest: _attestations,
    milestone.RecordNotice: _notices,
    dispute.Open: _claims,
    dispute.Offer: _offers,
    dispute.AddEvidence: _evidence,
    dispute.Extend: _extensions,
    mediation.Assign: _neutral("mia"),
    mediation.Replace: _neutral("mia"),
    arbitration.Appoint: _neutral("art"),
    arbitration.Replace: _neutral("art"),
    arbitration.PayFee: _fees,
    obligation.Pay: _debts,
    obligation.Waive: _debts,
}
