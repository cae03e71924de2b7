"""What somebody sees at an instant: the agreement as it is then, without what is sealed for this role."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import frozen

from escrowkit.agreement import Agreement, Decision, view
from escrowkit.agreement.seen import hides
from escrowkit.copying import changed
from escrowkit.errors import BadArgument, Refused, shown
from escrowkit.machines import obligation
from escrowkit.money import Money
from escrowkit.roles import CALLERS, PARTY, Role, role_of
from escrowkit.table import Command, Event

#: Longer than any chain of deadlines: what has not ended by then, time alone does not end.
FOREVER: Final = timedelta(days=3653)
MICRO: Final = timedelta(microseconds=1)
END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)


def role_named(agreement: Agreement, by: str) -> tuple[Role, str]:
    """The role behind a `by` (a role's name or a party's id), and the name under which it acts.

    Raises `BadArgument` for anybody else.
    """
    own = next((side for side, id_ in agreement.parties.items() if id_ == by), by)
    role = role_of(own) if isinstance(own, str) else None
    if role not in CALLERS:
        raise BadArgument(f"by = {shown(by)}: the name of a role is needed", key="by")
    return role, own if role is Role.WITNESS else role.value


def as_seen(agreement: Agreement, by: str | None, at: datetime | None = None) -> Agreement:
    """The agreement at an instant as a role sees it, fit to be decided on: nothing in it depends on a sealed deposit.

    `at` is the present, as in `decide`: what is due by then has happened, so a window that closes by then hides nothing
    any more. A host therefore passes its own clock, never a time that a user chose. Raises `BadArgument`,
    `TimeRunsBackwards`.
    """
    now = agreement if at is None else agreement.advance(at).agreement
    if by is not None and agreement.seen_by is None and hides(now, role_named(now, by)[1]):
        now = view(now, by)
    return changed(now, seen_by=None)


def tried(agreement: Agreement, command: Command, by: str, at: datetime) -> Decision | Refused:
    """What `decide` answers; nothing changes."""
    try:
        return agreement.decide(command, by=by, at=at)
    except Refused as refused:
        return refused


@frozen
class Span:
    """A time in which nothing happens if nobody acts: from `start` to the next deadline, if one is left."""

    agreement: Agreement
    start: datetime
    end: datetime | None
    #: The clocks whose passing ends it: `milestone.review` of `m1` as ("m1", "milestone.review").
    ends_by: tuple[tuple[str, str], ...] = ()

    @property
    def last(self) -> datetime:
        """The last instant in it."""
        return long_after(self.start) if self.end is None else self.end - MICRO


def long_after(at: datetime) -> datetime:
    """An instant at which every deadline has passed that runs at this one; the end of time, if that comes first.

    >>> from datetime import UTC
    >>> long_after(datetime(9999, 1, 1, tzinfo=UTC)).year
    9999
    """
    return END_OF_TIME if at > END_OF_TIME - FOREVER else at + FOREVER


def spans(agreement: Agreement, at: datetime) -> Iterator[Span]:
    """The times between the deadlines that are still to come, if nobody acts any more."""
    new = agreement.advance(long_after(at)).agreement.history[len(agreement.history) :]
    start = at
    for end in dict.fromkeys(record.event.at for record in new):
        own = [record.event for record in new if record.event.at == end and record.event.by == "clock"]
        ended = tuple((event.milestone, f"{event.machine}.{getattr(event, 'clock', '')}") for event in own)
        yield Span(agreement, start, end, ended)
        agreement, start = agreement.advance(end).agreement, end
    yield Span(agreement, start, None)


def gains(before: Agreement, after: Agreement, milestone: str) -> dict[str, Money]:
    """What each party gains (or loses) by what happened to one milestone between two states of an agreement.

    Counted are the lines of its entries that reach or leave the party's own account (in the world, or payable to it),
    and what it came to be owed (or to owe) by obligations of this milestone. What is inside an escrow, a security hold
    or a fee deposit is nobody's.
    """
    totals = {side: Money.zero(after.pot(milestone).currency) for side in ("payer", "payee")}
    for record in after.history[len(before.history) :]:
        if record.event.milestone != milestone:
            continue
        for line in (line for entry in record.entries for line in entry.lines):
            for side in totals:
                own = (f"world:{side}", f"payable:{side}")
                totals[side] += line.amount if line.target in own else Money.zero(line.amount.currency)
                totals[side] -= line.amount if line.source in own else Money.zero(line.amount.currency)
    for sign, agreement in ((1, after), (-1, before)):
        for one in agreement.lanes[milestone].obligations if milestone in agreement.lanes else ():
            if one.state is obligation.S.OPEN:
                for side, part in ((one.creditor, sign), (one.debtor, -sign)):
                    if side in PARTY:
                        totals[side] += Money(part * one.amount.minor, one.amount.currency)
    return totals


def inside(agreement: Agreement, milestone: str) -> Money:
    """What is inside for one milestone: its escrow, its security hold, and the fee deposits of its cases."""
    currency = agreement.pot(milestone).currency
    own = (f"escrow:{milestone}", f"clearing:{milestone}")
    found = (
        sum_
        for account, sum_ in agreement.ledger.accounts()
        if sum_.currency == currency and (account in own or account.startswith(f"deposit:{milestone}/"))
    )
    return sum(found, Money.zero(currency))


def stake_of(agreement: Agreement, event: Event) -> Money | None:
    """What the dispute divides that an event belongs to; None for one of the work, the money or the whole agreement."""
    if event.machine not in ("dispute", "mediation", "arbitration"):
        return None
    case = agreement.pot(event.milestone).dispute
    return case.stake if case else None


def signed(money: Money) -> str:
    """An amount with its sign.

    >>> signed(Money(2400, "USD")), signed(Money(-5, "USD")), signed(Money(0, "USD"))
    ('+24.00', '-0.05', '0.00')
    """
    return f"+{money.text}" if money.minor > 0 else money.text
