"""The lives that are measured: the same commands by the same people at the same instants, every time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, partial

from attrs import frozen

import escrowkit as ek
from escrowkit.agreement import Record
from escrowkit.table import Command

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)

#: Who says what on which day. The command is made anew in each life, as a host makes it; None lets time pass.
Step = tuple[str, Callable[[], Command] | None, datetime]


@cache
def rulebook() -> ek.Rulebook:
    """The one rulebook that all share, loaded once."""
    return ek.load("standard@1")


def opened(milestones: int = 1, price: str = "350.00") -> ek.Agreement:
    """A fresh agreement; nothing but what an opening does has happened."""
    return ek.open_agreement(
        rulebook=rulebook(),
        parties={"payer": "ada", "payee": "lin"},
        currency="USD",
        milestones=[(f"m{number}", price) for number in range(1, milestones + 1)],
        at=START,
    )


def _says(day: float, by: str, command: type[Command], *said: str) -> Step:
    return by, partial(command, "m1", *said), START + day * DAY


def _passes(day: float) -> Step:
    return "", None, START + day * DAY


@frozen
class Life:
    """A life of one milestone from the opened agreement to the settled escrow."""

    name: str
    steps: tuple[Step, ...]

    def live(self, start: ek.Agreement, engine: str = "compiled") -> ek.Agreement:
        """Live it. `start` is frozen, so every life begins at the very same value."""
        now = start
        for by, command, at in self.steps:
            if command is None:
                now = now.advance(at, engine=engine).agreement
            else:
                now = now.decide(command(), by=by, at=at, engine=engine).agreement
        return now

    def records(self) -> tuple[Record, ...]:
        """What this life records, the opening left out. A life that did not end, or ends differently, is an error."""
        start = opened()
        end = self.live(start)
        if end.state("escrow.m1") != "settled" or end != self.live(start, "stock"):
            raise RuntimeError(f"the life {self.name!r} did not come to its end: {end.states()}")
        return end.history[len(start.history) :]


_FUNDED = (
    _says(0, "payer", ek.escrow.Deposit, "350.00"),
    _says(3, "payee", ek.milestone.Submit, "v1.zip"),
)
_DISPUTED = (
    *_FUNDED,
    _says(5, "payer", ek.dispute.Open, "350.00", "The checkout does not work."),
    _says(8, "payee", ek.dispute.Contest, "350.00", "It works."),
)

APPROVED = Life(
    "approved",
    (
        *_FUNDED,
        _says(4, "payer", ek.milestone.Approve, "v1.zip"),
        _passes(9),
    ),
)

SETTLED = Life(
    "dispute settled",
    (
        *_DISPUTED,
        _says(9, "payer", ek.dispute.Offer, "200.00"),
        _says(10, "payee", ek.dispute.AcceptOffer, "200.00"),
        _passes(15),
    ),
)

AWARDED = Life(
    "dispute awarded",
    (
        *_DISPUTED,
        _says(9, "platform", ek.mediation.Assign, "mediator-7"),
        _says(12, "mediator", ek.mediation.Recommend, "200.00", "Most of the shop works."),
        _says(13, "payee", ek.mediation.Accept, "200.00"),
        _says(14, "payer", ek.mediation.Reject, "200.00"),
        _says(15, "payee", ek.arbitration.PayFee, "own", "17.50"),
        _says(18, "payer", ek.arbitration.PayFee, "own", "17.50"),
        _says(22, "platform", ek.arbitration.Appoint, "arbitrator-2"),
        _says(30, "arbitrator", ek.arbitration.Award, "250.00", "The shop works but for the checkout."),
        _passes(36),
    ),
)

LIVES = (APPROVED, SETTLED, AWARDED)


# -- lives that grow ---------------------------------------------------------------------------------------------------


@frozen
class Growing:
    """A life without an end: `turn` makes the next agreement of the last one."""

    name: str
    start: Callable[[], ek.Agreement]
    turn: Callable[[ek.Agreement], ek.Agreement]


def _after(steps: tuple[Step, ...], price: str = "350.00") -> ek.Agreement:
    return Life("", steps).live(opened(price=price))


def _restrict(now: ek.Agreement) -> ek.Agreement:
    return now.decide(ek.agreement.Restrict("payee", "rate", "Abuse"), by="platform", at=now.at).agreement


def _add_evidence(now: ek.Agreement) -> ek.Agreement:
    said = ek.dispute.AddEvidence("m1", f"sha256:{len(now.history)}", "A file")
    return now.decide(said, by="payer", at=now.at).agreement


def _deposit_and_release(now: ek.Agreement) -> ek.Agreement:
    now = now.decide(ek.escrow.Deposit("m1", "10.00"), by="payer", at=now.at + DAY / 24).agreement
    return now.decide(ek.escrow.Release("m1", "10.00"), by="payer", at=now.at).agreement


def _dispute_and_withdraw(now: ek.Agreement) -> ek.Agreement:
    at, version = now.at + DAY / 24, f"v{len(now.history)}.zip"
    now = now.decide(ek.milestone.Submit("m1", version), by="payee", at=at).agreement
    now = now.decide(ek.dispute.Open("m1", "350.00", "No."), by="payer", at=at).agreement
    now = now.decide(ek.dispute.Withdraw("m1"), by="payer", at=at).agreement
    return now.decide(ek.milestone.WithdrawSubmission("m1"), by="payee", at=at).agreement


#: Nothing grows but the history.
CONDUCT = Growing("conduct", opened, _restrict)
#: A dispute to which evidence is added.
EVIDENCE = Growing("evidence", partial(_after, _DISPUTED[:3]), _add_evidence)
#: 10.00 in and 10.00 out, an hour apart; what was released clears after five days, so some of it always does.
MONEY = Growing("deposit and release", partial(_after, (), "999999.00"), _deposit_and_release)
#: Work submitted, disputed, and both taken back: one more case each time.
CASES = Growing("dispute and withdraw", partial(_after, _FUNDED[:1]), _dispute_and_withdraw)
