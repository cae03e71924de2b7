"""What a dispute is worth before anybody pays a fee: each way that it can end, and what each side nets by it.

Every figure is played: the steps are decided on a copy, time is let pass, and what came out is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from attrs import field, frozen

from escrowkit.agreement import Agreement
from escrowkit.doors import door
from escrowkit.errors import BadArgument, Refused
from escrowkit.foresight import moves
from escrowkit.foresight.outcomes import Outcome, outcomes
from escrowkit.foresight.plain import plain
from escrowkit.foresight.seeing import as_seen, gains, inside, role_named
from escrowkit.money import Money, rate_text
from escrowkit.periods import instant
from escrowkit.roles import PARTY, Role


@frozen
class Path:
    """One way in which it can end. `net` is empty where the rules or what happened before leave no such way.

    `net` is what each party gains (or loses) from now until it is over: what reaches or leaves its own account, debts
    between the parties included. Money in escrow is nobody's, so who has deposited and gets nothing back nets 0; a fee
    that was paid in before is gone already, and what comes back of it is a gain. `to_payee` is what the payee gets of
    the stake, before the service fee.
    """

    name: str
    words: str
    net: Mapping[str, Money] = field(factory=dict)
    to_payee: Money | None = None
    code: str | None = None
    kind: str | None = None
    ends: datetime | None = None
    left: Money | None = None

    @property
    def possible(self) -> bool:
        """Whether it can end so."""
        return bool(self.net)


@frozen
class Stakes:
    """What is at stake in a milestone for one party, what each way costs, and whether a fee can pay off.

    `fee` is the party's own share of the arbitration fee, `paid` whether it has paid it, `fee_of_stake` its share of
    the stake. `break_even` is the least part of the stake that a ruling must give this party to leave it no worse than
    conceding now, `break_even_share` that part of the stake; None where even all of it does not. `settle_from` is the
    least part in a settlement that is as good as the ruling it hopes for.
    """

    milestone: str
    by: str
    at: datetime
    stake: Money
    claim: Money
    fee: Money
    paid: bool
    paths: tuple[Path, ...]
    break_even: Money | None
    settle_from: Money | None
    warnings: tuple[str, ...] = ()

    def path(self, name: str) -> Path:
        """A way by its name. Raises `KeyError`."""
        return {path.name: path for path in self.paths}[name]

    def net(self, name: str, side: str | None = None) -> Money | None:
        """What a side (this one, if none is named) nets by a way; None where there is no such way."""
        return self.path(name).net.get(side or self.by)

    @property
    def fee_of_stake(self) -> Fraction:
        """The own share of the fee, as a share of the stake."""
        return Fraction(self.fee.minor, self.stake.minor)

    @property
    def break_even_share(self) -> Fraction | None:
        """The break-even part, as a share of the stake."""
        return None if self.break_even is None else Fraction(self.break_even.minor, self.stake.minor)

    def data(self) -> dict[str, Any]:
        """As plain data: amounts, shares and instants as text."""
        said: dict[str, Any] = plain(self)
        shares = {"fee_of_stake": percent(self.fee_of_stake), "break_even_share": percent(self.break_even_share)}
        return said | shares


@door(share=Fraction | None)
def percent(share: Fraction | None) -> str | None:
    """A share in percent, rounded half up to a tenth.

    >>> percent(Fraction(32333, 35000)), percent(Fraction(1, 2)), percent(None)
    ('92.4%', '50%', None)
    """
    return None if share is None else rate_text(Fraction(int(share * 1000 + Fraction(1, 2)), 1000))


#: The ways, in the order in which they are told, seen by one side.
WORDS: Final[Mapping[str, str]] = {
    "silence": "nobody does anything from now on",
    "concede": "you give the other side what it claims, now",
    "settle": "you settle on half of the stake, now",
    "nobody_pays": "nobody pays the fee",
    "only_other_pays": "only the other side pays the fee",
    "only_you_pay": "only you pay the fee",
    "lose": "it is ruled on, and the other side gets its claim",
    "halves": "it is ruled on, and the stake is halved",
    "win": "it is ruled on, and you get your claim",
    "no_ruling": "both pay, and the arbitrator does not rule",
    "other_concedes": "the other side gives you what you claim, now",
}


@door(agreement=Agreement, milestone=str, by=str, at=instant)
def stakes(agreement: Agreement, milestone: str, by: str, at: datetime | None = None) -> Stakes | None:
    """What a party has at stake in a milestone, and what each way on from here nets both sides; None if nothing is.

    Without an open dispute it is told as if this party (or else the other) opened one now for all that it can claim; on
    the way to a fee nobody settles, each answers, and a mediation ends without a result. What is sealed for this party
    counts as not done. Raises `BadArgument` (no party), `UnknownMilestone`, `TimeRunsBackwards`.
    """
    seen = as_seen(agreement, by, at)
    now = at or seen.at
    role, side = role_named(seen, by)
    if role not in PARTY:
        raise BadArgument("only a party has something at stake", key="by")
    seen.pot(milestone)
    case = moves.disputed(seen, milestone, now, by=side)
    return None if case is None else _Board(seen, case, milestone, side, now).stakes()


Step = Callable[[], Agreement | None]


class _Board:
    """A dispute from which every way is played."""

    def __init__(self, seen: Agreement, case: Agreement, id_: str, side: str, at: datetime) -> None:
        self.start, self.case, self.id, self.side, self.at = seen, case, id_, side, at
        self.pot = case.pot(id_, at)
        self.stake = self.pot.stake
        #: Where a neutral can rule, before a fee is paid; None where the rules lead to no ruling.
        self.front = moves.to_neutral(case, id_, at)
        self.hearing = self._hearing()

    def _hearing(self) -> Agreement | None:
        paid = self.front and (
            moves.pay_both(self.front, self.id, self.at) if self._arbitration(self.front) else self.front
        )
        return paid and moves.heard(paid, self.id, self.at)

    def _arbitration(self, agreement: Agreement) -> Any:
        """The arbitration that is open over the dispute."""
        pot = agreement.pot(self.id)
        return pot.arbitration if pot.disputed else None

    def stakes(self) -> Stakes:
        """All of it."""
        paths = tuple(self._path(name) for name in WORDS)
        nets = {path.name: path.net.get(self.side) for path in paths}
        arbitration = self.front and self._arbitration(self.front)
        zero = Money.zero(self.stake.currency)
        fee = arbitration.shares.get(self.side, zero) if arbitration else zero
        paid = bool(arbitration and self.side in arbitration.paid)
        against = nets["concede"] or zero
        won = nets["win"]
        cannot = won is not None and won <= against and bool(fee or self._out_of_pot())
        return Stakes(
            self.id, self.side, self.at, self.stake, self._claim(), fee, paid, paths,
            self._least(self._ruled, self.stake - self._cost(), against),
            None if won is None else self._least(self._settled, self.stake, won),
            ("fee-exceeds-stake",) if cannot else (),
        )  # fmt: skip

    def _claim(self) -> Money:
        case: Any = self.pot.dispute
        claim: Money = case.claim_of(Role(self.side))
        return claim

    def _out_of_pot(self) -> bool:
        try:
            return bool(self.pot.pot_fee)
        except Refused:
            return False

    # -- the ways ------------------------------------------------------------------------------------------------

    def _path(self, name: str) -> Path:
        after = self._play(name)
        if after is None:
            return Path(name, WORDS[name])
        done = moves.to_the_end(after, self.at)
        last = self._last(done)
        case = done.pot(self.id).dispute
        to_payee = case.to_payee if case is not None and name != "silence" else None
        return Path(
            name, WORDS[name], gains(self.start, done, self.id), to_payee, last.code if last else None,
            last.kind.value if last else None, done.at if len(done.history) > len(self.start.history) else None,
            inside(done, self.id),
        )  # fmt: skip

    def _last(self, done: Agreement) -> Outcome | None:
        """The latest outcome that is new."""
        found = outcomes(done, self.id)
        return found[-1] if len(found) > len(outcomes(self.start, self.id)) else None

    def _play(self, name: str) -> Agreement | None:
        other = moves.other(self.side)
        ways: dict[str, Step] = {
            "silence": lambda: self.start,
            "concede": lambda: moves.concede(self.case, self.id, self.at, by=self.side),
            "other_concedes": lambda: moves.concede(self.case, self.id, self.at, by=other),
            "settle": lambda: self._settled(self._half()),
            "nobody_pays": lambda: self._only(),
            "only_you_pay": lambda: self._only(self.side),
            "only_other_pays": lambda: self._only(other),
            "win": lambda: self._for(self.side),
            "lose": lambda: self._for(other),
            "halves": lambda: self._ruled(self._half()),
            "no_ruling": lambda: self.hearing and moves.unruled(self.hearing, self.id, self.at),
        }
        return ways[name]()

    def _half(self) -> Money:
        """Half of the stake, the odd unit to the other side."""
        return self.stake.allocate([1, 1])[1]

    def _only(self, *sides: str) -> Agreement | None:
        """Only these pay, and the window (or the second one, for who pays second) passes."""
        now = self.front
        it = now and self._arbitration(now)
        if now is None or not it or not it.shares or it.state not in _WINDOW or not set(it.paid) <= set(sides):
            return None
        for side in sides:
            paid = moves.pay(now, self.id, side, self.at)
            if paid is None:
                return None
            now = paid
        return moves.pass_window(now, self.id, "arbitration.pay")

    def _for(self, side: str) -> Agreement | None:
        if self.hearing is None:
            return None
        try:
            gives = moves.for_side(self.hearing.pot(self.id), side)
        except Refused:
            return None
        return moves.ruled(self.hearing, self.id, gives, self.at)

    def _to_payee(self, part: Money) -> Money:
        return part if self.side == "payee" else self.stake - part

    def _ruled(self, part: Money) -> Agreement | None:
        """A ruling that gives this side so much of the stake."""
        if self.hearing is None:
            return None
        most = self.stake - self._cost()
        to_payee = part if self.side == "payee" else most - part
        return moves.ruled(self.hearing, self.id, to_payee, self.at) if to_payee.minor >= 0 else None

    def _cost(self) -> Money:
        pot = self.hearing.pot(self.id) if self.hearing else self.pot
        try:
            return pot.pot_fee
        except Refused:
            return pot.zero

    def _settled(self, part: Money) -> Agreement | None:
        """A settlement that gives this side so much of the stake."""
        return moves.settle(self.case, self.id, self._to_payee(part), self.at, by=self.side)

    def _net(self, after: Agreement | None) -> Money | None:
        if after is None:
            return None
        return gains(self.start, moves.to_the_end(after, self.at), self.id)[self.side]

    def _least(self, end: Callable[[Money], Agreement | None], most: Money, wanted: Money) -> Money | None:
        """The least part of the stake that nets as much; nets grow with the part. None where none does."""

        def enough(minor: int) -> bool:
            got = self._net(end(Money(minor, most.currency)))
            return got is not None and got >= wanted

        low, high = -1, most.minor
        if not enough(high):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        return Money(high, self.stake.currency)


_WINDOW: Final = frozenset({"offered", "half_funded"})
