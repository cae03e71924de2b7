"""Every command that a role could ever give, made from the tables, and arguments with which to try it.

The object of a consent is what stands (`escrowkit.consents`); of an amount, the most that is allowed is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import product
from typing import Any, Final

import attrs
from attrs import frozen

from escrowkit import agreement as whole
from escrowkit.agreement import Agreement, Decision
from escrowkit.arguments import Kind, kinds
from escrowkit.clocks import running
from escrowkit.conditions import witnesses
from escrowkit.consents import FILLED
from escrowkit.errors import RANK, NoSuchMove, Refused, UnknownRulebookValue
from escrowkit.foresight.seeing import tried
from escrowkit.machines import arbitration, escrow, milestone
from escrowkit.money import Money
from escrowkit.pot import MACHINES, TABLES, Pot
from escrowkit.roles import PARTY, Role
from escrowkit.table import Command

Said = Mapping[str, Any]
#: Larger than any cap: the refusal then says what the most is.
_HUGE: Final = 10**20
#: How often a refusal may name a still smaller most.
_TRIES: Final = 6


def commands(role: Role) -> tuple[type[Command], ...]:
    """Every command over a milestone that a row of a table lets this role give, machine by machine."""
    rows = (row for table in TABLES.values() for row in table.rows if role in row.by)
    found: dict[type[Command], None] = dict.fromkeys(row.command for row in rows)
    found.pop(milestone.Propose, None)
    return tuple(found)


def over_all(role: Role) -> tuple[type[Command], ...]:
    """The commands that speak of no milestone that there is: a proposal, conduct, and those of the agreement."""
    tables = (table for name, table in MACHINES.items() if name not in TABLES)
    rows = (row.command for table in tables for row in table.rows if role in row.by)
    own: tuple[type[Command], ...] = (milestone.Propose, whole.End) if role in PARTY else ()
    judging = (whole.Restrict,) if role in (Role.PLATFORM, Role.MEDIATOR) else ()
    return (*dict.fromkeys(rows), *own, *judging)


def of_no_milestone(kind: type[Command]) -> bool:
    """Whether a command speaks of the whole agreement."""
    own: Any = kind
    return not attrs.fields(own).milestone.init


@frozen
class Try:
    """A command as it was tried, and what `decide` answered."""

    command: Command
    answer: Decision | Refused

    @property
    def allowed(self) -> bool:
        """Whether it was accepted."""
        return isinstance(self.answer, Decision)


def best(agreement: Agreement, kind: type[Command], id_: str, by: str, at: datetime) -> Try:
    """The first way to say this command that is accepted; else the one that came furthest before it was refused."""
    found: list[Try] = []
    for _, one in answers(agreement, kind, id_, by, at):
        found.append(one)
        if one.allowed or isinstance(one.answer, NoSuchMove):
            return one
    return max(found, key=_rank)


def answers(
    agreement: Agreement, kind: type[Command], id_: str, by: str, at: datetime
) -> Iterator[tuple[Said, Try]]:  # fmt: skip
    """Every way to say a command, and what is answered to it."""
    for said in ways(agreement, kind, id_, by, at):
        yield said, _with_amount(agreement, kind, said, by, at)


def _rank(one: Try) -> int:
    return RANK[type(one.answer)] if isinstance(one.answer, Refused) else len(RANK)


def ways(agreement: Agreement, kind: type[Command], id_: str, by: str, at: datetime) -> Iterator[dict[str, Any]]:
    """Ways to say a command, the likeliest first; what is left out is an amount, still to be found."""
    if of_no_milestone(kind):
        yield from _ways_over_all(kind)
        return
    if kind is milestone.Propose:
        yield {"milestone": id_, "title": "…"}
        return
    pot = agreement.pot(id_, at)
    filled = {name: fill(pot, by) for name, fill in FILLED.get(kind, {}).items()}
    fields: Any = kind
    others = {n: k for n, k in kinds(fields) if not is_amount(n, k)}
    choices = {name: _choices(pot, kind, name, k, by, filled) for name, k in others.items()}
    for values in product(*choices.values()):
        said = dict(zip(choices, values, strict=True))
        usual = all(said[name] == filled[name] for name in said if name in filled)
        yield {"milestone": id_, **(filled if usual else {}), **said}


def _ways_over_all(kind: Any) -> Iterator[dict[str, Any]]:
    """Ways to say a command about the whole agreement: every one of its closed lists, and some words."""
    choices = {name: of.name.split(" | ") if " | " in of.name else [_default(of)] for name, of in kinds(kind)}
    if kind is whole.Restrict:
        choices["role"] = ["payer", "payee"]
    yield from (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))


def _default(of: Kind) -> Any:
    return None if of.optional else _DEFAULTS.get(of.name, "…")


def is_amount(name: str, kind: Kind) -> bool:
    """Whether an argument is an amount that has to be said; a claim that is left out means all of the stake."""
    return kind.sum_ and (not kind.optional or name == "claim")


def _choices(pot: Pot, kind: type[Command], name: str, of: Kind, by: str, filled: Said) -> list[Any]:
    """What an argument that is no amount may say here, the likeliest first."""
    find = _KNOWN.get((kind, name)) or _NAMED.get(name)
    if find is not None:
        found = list(find(pot, by))
    elif " | " in of.name:
        found = of.name.split(" | ")
    else:
        found = [] if name in filled else [_default(of)]
    first = [filled[name]] if name in filled else []
    return list(dict.fromkeys(first + found)) if name != "terms" else first


_DEFAULTS: Final[Mapping[str, Any]] = {"true or false": True, "a period": "1 day", "a whole number from 1": 1}


def _attestable(pot: Pot, by: str) -> Iterable[str]:
    """The facts that the release condition waits for from this one, and those that the rulebook names."""
    named = [name for name, who in witnesses(pot.release_condition) if who in (None, by)]
    texts = (value for value in pot.rules.values.values() if isinstance(value, str))
    named += [value.removeprefix("attested:") for value in texts if value.startswith("attested:")]
    return named or ["…"]


def _case_clocks(pot: Pot, by: str) -> Iterable[str]:
    names = [f"{c.machine}.{c.name}" for _, c in running(pot) if c.machine not in ("milestone", "escrow")]
    return [name for name in names if not name.endswith(".longest")] or ["dispute.answer"]


def _step(pot: Pot, by: str) -> Iterable[Any]:
    step = pot.rules.values["dispute.extend.step"]
    return [step if hasattr(step, "exact") else "1 day"]


def _charged(pot: Pot, by: str) -> Iterable[str]:
    return [*(charge.reference for charge in pot.escrow.charged), "…"] if pot.escrow else ["…"]


def _deposits(pot: Pot, by: str) -> Iterable[str | None]:
    paid = pot.escrow.deposits if pot.escrow else ()
    return [None, *(deposit.reference for deposit in paid)] if len(paid) != 1 else [None]


_KNOWN: Final[Mapping[tuple[type[Command], str], Callable[[Pot, str], Iterable[Any]]]] = {
    (milestone.Attest, "name"): _attestable,
    (milestone.RecordNotice, "clock"): lambda pot, by: ["review"],
    (escrow.RollOver, "to"): lambda pot, by: [m for m in pot.agreement.lanes if m != pot.id] or ["…"],
    (escrow.ReverseChargeBack, "reference"): _charged,
    (escrow.ChargeBack, "deposit"): _deposits,
    (escrow.Deposit, "reference"): lambda pot, by: [None],
    (arbitration.PayFee, "share"): lambda pot, by: ["own", "all"],
}
_NAMED: Final[Mapping[str, Callable[[Pot, str], Iterable[Any]]]] = {
    "clock": _case_clocks,
    "period": _step,
    "number": lambda pot, by: [None, *range(1, len(pot.lane.obligations) + 1)],
    # A reference that was told before moves nothing, so a new one is tried.
    "reference": lambda pot, by: [f"new {pot.at:%Y-%m-%d %H:%M:%S}"],
}


# -- amounts ---------------------------------------------------------------------------------------------------------


def build(kind: type[Command], said: Said) -> Command:
    """The command; what is neither said nor optional is left empty."""
    make: Any = kind
    own = attrs.fields(make)
    lacking = {f.name: None for f in own if f.init and f.default is attrs.NOTHING and f.name not in said}
    return make(**lacking, **said)  # type: ignore[no-any-return]


def _with_amount(agreement: Agreement, kind: Any, said: dict[str, Any], by: str, at: datetime) -> Try:
    """Try it with the largest amount that is accepted, or else with one that is likely."""
    amount = next((name for name, of in kinds(kind) if is_amount(name, of) and name not in said), None)
    if amount is None:
        command = build(kind, said)
        return Try(command, tried(agreement, command, by, at))
    likely = list(_likely(agreement, kind, said, by, at))
    one = _largest(agreement, kind, said, amount, likely[0].currency, by, at)
    if one.allowed and getattr(one.command, amount).minor < _HUGE:
        return one
    tries = []
    for sum_ in likely:
        tries.append(_again(agreement, kind, said, amount, sum_, by, at))
        if tries[-1].allowed or _rank(tries[-1]) <= _OF_PLACE:
            return tries[-1]
    return max(tries, key=_rank)


#: Up to here a refusal does not depend on the amount.
_OF_PLACE: Final = RANK[UnknownRulebookValue]


def _again(
    agreement: Agreement, kind: type[Command], said: dict[str, Any], name: str, sum_: Money, by: str, at: datetime
) -> Try:
    command = build(kind, {**said, name: sum_})
    return Try(command, tried(agreement, command, by, at))


def _largest(
    agreement: Agreement, kind: type[Command], said: dict[str, Any], name: str, currency: str, by: str, at: datetime
) -> Try:
    """As much as a refusal says would do; the huge sum itself where nothing caps it."""
    sum_ = Money(_HUGE, currency)
    for _ in range(_TRIES):
        one = _again(agreement, kind, said, name, sum_, by, at)
        most = one.answer.most if isinstance(one.answer, Refused) else None
        if not isinstance(most, Money) or most.currency != currency or most >= sum_:
            break
        sum_ = most
    return one


def _likely(agreement: Agreement, kind: type[Command], said: Said, by: str, at: datetime) -> Iterator[Money]:
    """Sums that matter here, the likeliest first."""
    if kind is milestone.Propose:
        prices = [agreement.pot(id_).price for id_ in agreement.lanes]
        yield from (price for price in prices if price.currency == agreement.currency)
        yield from (Money(minor, agreement.currency) for minor in (10_000, 1))
        return
    pot = agreement.pot(said["milestone"], at)
    money = pot.escrow
    special = (money.pending if money else None, *(money.promised if money else ()))
    sums = [*special, pot.milestone.asked, pot.held, pot.lacks, pot.price]
    if pot.dispute is not None:
        sums += [pot.dispute.stake, *_menu(pot), *(pot.arbitration.shares.values() if pot.arbitration else ())]
    yield from dict.fromkeys(sum_ for sum_ in sums if sum_ is not None and sum_)
    yield from (Money(1, pot.currency), pot.zero)


def _menu(pot: Pot) -> list[Money]:
    """The awards that the rulebook allows, where it allows only some and says which."""
    try:
        return sorted(pot.award_menu or ())
    except Refused:
        return []
