"""A short way to tell a life in a test: who does what on which day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import escrowkit as ek
from escrowkit.agreement import Agreement, Decision
from escrowkit.errors import Refused
from escrowkit.table import Command

START = datetime(2024, 3, 1, 9, tzinfo=UTC)
MICRO = timedelta(microseconds=1)

#: Terms under which nothing but the parties decides, and money travels without fees and holds.
PLAIN: Mapping[str, Any] = {
    "escrow.clearing": "none",
    "escrow.service_fee.model": "none",
    "milestone.review.notices": 0,
}


def day(days: float = 0, *, micros: int = 0) -> datetime:
    """An instant, in days since the start."""
    return START + timedelta(days=days, microseconds=micros)


class Job:
    """An agreement as it goes on; every act is decided by both engines."""

    def __init__(
        self,
        rules: Mapping[str, Any] | None = None,
        *,
        milestones: Sequence[Any] = (("m1", "350.00"),),
        currency: str = "USD",
        rail: str = "instant",
        plain: bool = True,
        rulebook: Any = "standard@1",
        **more: Any,
    ) -> None:
        self.now: Agreement = ek.open_agreement(
            rulebook=rulebook,
            parties={"payer": "ada", "payee": "lin"},
            currency=currency,
            milestones=milestones,
            at=START,
            rules={**(PLAIN if plain else {}), **(rules or {})},
            rail=rail,
            **more,
        )
        self.last: Decision = Decision(self.now)

    def __call__(
        self, by: str, command: Command, days: float | datetime | None = None, *, key: str | None = None
    ) -> Job:
        """Somebody gives a command, now or so many days after the start."""
        at = self._at(days)
        self.last = self.now.decide(command, by=by, at=at, key=key)
        assert self.last == self.now.decide(command, by=by, at=at, key=key, engine="stock")
        self.now = self.last.agreement
        self.now.verify()
        return self

    def refused(
        self, code: str, by: str, command: Command, days: float | datetime | None = None, *, key: str | None = None
    ) -> Refused:
        """Somebody gives a command that is refused so; what deadlines decided before it stands."""
        try:
            self.now.decide(command, by=by, at=self._at(days), key=key)
        except Refused as refused:
            assert refused.code == code, refused
            if refused.decision is not None:
                self.now = refused.decision.agreement
            return refused
        raise AssertionError(f"{command} by {by} was not refused")

    def wait(self, days: float | datetime) -> Job:
        """Let time pass until so many days after the start."""
        self.last = self.now.advance(self._at(days))
        self.now = self.last.agreement
        self.now.verify()
        return self

    def _at(self, days: float | datetime | None) -> datetime:
        if days is None:
            return self.now.at
        return days if isinstance(days, datetime) else day(days)

    # -- reading -------------------------------------------------------------------------------------------------

    def state(self, name: str) -> str | None:
        """The state of a machine: `milestone`, `escrow.m2`."""
        return self.now.state(name if "." in name else f"{name}.m1")

    def net(self, name: str) -> str:
        """What one outside gained or lost."""
        return self.now.net(name).text

    def balance(self, account: str) -> str:
        """What stands on an account."""
        return self.now.balance(account).text

    @property
    def events(self) -> list[str]:
        """What the last act caused."""
        return [f"{event.machine}.{event.word}" for event in self.last.events]

    @property
    def outcome(self) -> tuple[str | None, str | None]:
        """Under which release condition money left last, and of which kind it is."""
        entry = next(entry for entry in reversed(self.now.entries()) if entry.condition)
        return entry.condition, entry.kind and entry.kind.value


def funded(rules: Mapping[str, Any] | None = None, **more: Any) -> Job:
    """A job whose first milestone is funded in full."""
    job = Job(rules, **more)
    return job("payer", ek.escrow.Deposit("m1", job.now.pot("m1").price, "pay-1"))


def submitted(rules: Mapping[str, Any] | None = None, **more: Any) -> Job:
    """A job whose work was submitted on day 1."""
    return funded(rules, **more)("payee", ek.milestone.Submit("m1", "zip"), 1)


def disputed(rules: Mapping[str, Any] | None = None, *, by: str = "payer", claim: str = "350.00", **more: Any) -> Job:
    """A job that is disputed on day 2."""
    return submitted(rules, **more)(by, ek.dispute.Open("m1", claim, "not as agreed"), 2)


def contested(rules: Mapping[str, Any] | None = None, *, by: str = "payer", claim: str = "350.00", **more: Any) -> Job:
    """A job whose dispute was contested on day 3."""
    other = "payee" if by == "payer" else "payer"
    return disputed(rules, by=by, claim=claim, **more)(other, ek.dispute.Contest("m1"), 3)


MEDIATED = {"dispute.stages": ["mediation"], "mediation.power": "recommend"}
ARBITRATED = {"dispute.stages": ["arbitration"], "arbitration.fee.borne": "each"}
FREE = {**ARBITRATED, "arbitration.fee.model": "none"}
SHARED = {
    **ARBITRATED,
    "arbitration.fee.model": "shares",
    "arbitration.fee.shares.payer": "20.00 USD",
    "arbitration.fee.shares.payee": "20.00 USD",
    "arbitration.fee.cost": "all",
}


def hearing(rules: Mapping[str, Any] | None = None, **more: Any) -> Job:
    """A job whose arbitration is heard from day 4, without a fee unless the rules say so."""
    job = contested({**FREE, **(rules or {})}, **more)
    arbitration = job.now.pot("m1").arbitration
    assert arbitration is not None
    for side, share in arbitration.shares.items():
        if side in ("payer", "payee"):
            job(side, ek.arbitration.PayFee("m1", "own", share), 3)
    return job("platform", ek.arbitration.Appoint("m1", "art"), job.now.deadlines()[0][0] if _sealed(job) else 4)


def _sealed(job: Job) -> bool:
    arbitration = job.now.pot("m1").arbitration
    return arbitration is not None and arbitration.sealed
