"""What happens if nobody acts any more: the events, the amounts in the end, and when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import frozen

from escrowkit.agreement import Agreement, Decision
from escrowkit.doors import door
from escrowkit.foresight.outcomes import outcomes
from escrowkit.foresight.seeing import as_seen, long_after
from escrowkit.ledger import Entry
from escrowkit.machines import escrow
from escrowkit.money import Money
from escrowkit.periods import instant
from escrowkit.table import Event


@frozen
class Forecast:
    """What time alone makes of an agreement.

    `agreement` is how it stands then; `events` and `entries` are what happened until then, in order; `ends` is when the
    last of it happens (None if nothing is to come); `over` says that nothing is inside any more. `net` is what each one
    outside gained or lost in the end, by currency and name, and `left` what time alone moves out of nothing.
    """

    agreement: Agreement
    events: tuple[Event, ...]
    entries: tuple[Entry, ...]
    warnings: tuple[str, ...]
    ends: datetime | None

    @property
    def net(self) -> Mapping[str, Mapping[str, Money]]:
        """What each one outside has gained or lost in the end: currency → name → amount."""
        now = self.agreement
        return {currency: {name: now.net(name, currency) for name in _outside(now)} for currency in now.currencies}

    @property
    def left(self) -> Mapping[str, Money]:
        """What is still inside in the end, by currency."""
        return {currency: self.agreement.held(currency) for currency in self.agreement.currencies}

    @property
    def over(self) -> bool:
        """Whether nothing is inside in the end."""
        return not any(self.left.values())


def _outside(agreement: Agreement) -> tuple[str, ...]:
    """The parties always, then whoever else gained or lost."""
    worlds = [name for name, _ in agreement.ledger.accounts() if name.startswith("world:")]
    others = [name.removeprefix("world:") for name in worlds]
    return tuple(dict.fromkeys(("payer", "payee", *sorted(others))))


@door(agreement=Agreement, at=instant, by=str)
def if_silent(agreement: Agreement, at: datetime | None = None, *, by: str | None = None) -> Forecast:
    """The forecast when nobody acts again after an instant (now, if none is given): what time alone decides.

    With `by`, as that role sees it: nothing then depends on a deposit that is sealed for it. Raises `BadArgument`.
    """
    seen = as_seen(agreement, by, at and max(at, agreement.at)) if by is not None else agreement
    start = max(at, seen.at) if at else seen.at
    done: Decision = seen.advance(long_after(start))
    last = done.events[-1].at if done.events else None
    return Forecast(done.agreement, done.events, done.entries, done.warnings, last)


@door(agreement=Agreement, milestone=str)
def silence(agreement: Agreement, milestone: str) -> str:
    """Who gets the money that is inside now if nobody acts from here on; `nobody` if time alone moves none of it."""
    now = len(agreement.history)
    later = if_silent(agreement).agreement
    found = outcomes(later, milestone)[len(outcomes(agreement, milestone)) :]
    if found:
        return found[-1].to
    cleared = any(isinstance(r.event, escrow.Cleared) and r.event.milestone == milestone for r in later.history[now:])
    return "payee" if cleared else "nobody"
