"""What can happen to a dispute: each event says what its command said, who, when, and what follows in figures."""

from __future__ import annotations

from typing import Any

from escrowkit.ledger import Kind
from escrowkit.machines.dispute.guards import (
    claim_to,
    must_answer_of,
    next_stage,
    oldest_offer,
    outcome,
    silence_gives,
    stages,
)
from escrowkit.money import Money
from escrowkit.periods import Period
from escrowkit.roles import PARTY, Role
from escrowkit.table import Context, Event, said

R = Role


@said
class Opened(Event):
    """A dispute was opened; from here everybody knows the stake, the stages and the mediator's power."""

    claim: Money | None
    reason: str | None
    opener: str | None
    stake: Money
    held: Money
    released: Money
    must_answer: tuple[str, ...]
    stages: tuple[str, ...]
    power: str | None
    submission: int

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """The stake: what is held, and what is claimed beyond it, which only the payer can, of what was released."""
        opener = ctx.by if ctx.by in PARTY else None
        held = ctx.pot.inside
        claim = ctx.command.claim
        released = max(claim - held, ctx.pot.zero) if claim else ctx.pot.zero
        stake = held + released
        power = ctx.rules["mediation.power"] if "mediation" in ctx.rules["dispute.stages"] else None
        return {
            "opener": opener and opener.value,
            "stake": stake,
            "held": held,
            "released": released,
            "must_answer": must_answer_of(ctx, opener),
            "stages": stages(ctx, stake),
            "power": power and power.at(stake),
            "submission": ctx.pot.submission,
        }


@said
class Contested(Event):
    """A side answered with a claim of its own."""

    claim: Money
    reply: str | None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """All of the stake, if no sum was named."""
        return {"claim": ctx.command.claim or ctx.it.stake}


@said
class Concluded(Event):
    """The dispute ended; so much of the stake is the payee's, under this release condition."""

    to_payee: Money
    code: str
    kind: Kind
    cost: Money | None = None


@said
class Conceded(Concluded):
    """One side gave the other what it claimed."""

    claim: Money | None = None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """The winner its claim, the other the rest."""
        winner = ctx.by.other
        return outcome(claim_to(ctx.it, winner), "claim_conceded") | {"claim": ctx.command.claim}


@said
class Proceeded(Event):
    """Nobody has to answer: the dispute is contested."""


@said
class Offered(Event):
    """A settlement was offered."""

    to_payee: Money


@said
class OfferAccepted(Concluded):
    """An offer was accepted."""

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As offered."""
        return outcome(ctx.command.to_payee, "settlement_agreed")


@said
class OfferDeclined(Event):
    """An offer was declined."""

    to_payee: Money


@said
class OfferLapsed(Event):
    """An offer was not answered in time and is void."""

    clock: str


@said
class OfferStands(Concluded):
    """An offer was not answered in time, and the rulebook executes it."""

    clock: str = ""

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As offered."""
        return outcome(oldest_offer(ctx.it).to_payee, "offer_lapsed") | {"clock": ctx.command.clock}


@said
class AnswerDemanded(Event):
    """The dispute was escalated: from now on the answer windows run."""


@said
class Escalated(Event):
    """The dispute went to its next stage; `clock` says that time took it there."""

    stage: str
    clock: str | None = None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Which stage."""
        return {"stage": next_stage(ctx.it)}


@said
class SmallPotDivided(Concluded):
    """The stake is too small for a ruling: it was divided."""

    clock: str | None = None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As the rulebook divides it."""
        gives: Money = ctx.pot.answer(ctx.rules["arbitration.small_pot.divide"], ctx.it.stake)
        return outcome(gives, "small_pot_divided")


@said
class Withdrawn(Event):
    """The dispute was taken back."""


@said
class Dropped(Event):
    """Nobody took the dispute further in time: it is closed, and everything is as it was."""

    clock: str | None = None


@said
class EvidenceAdded(Event):
    """Evidence was added; it can never be taken away."""

    digest: str
    title: str
    admissible: bool


@said
class Extended(Event):
    """A clock was extended, for both sides alike."""

    clock: str
    period: Period
    reason: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Which clock, by its full name."""
        return {"clock": ctx.pot.clock_key(ctx.command.clock)}


def _silent(ctx: Context[Any]) -> tuple[str, ...]:
    """Whose answer is overdue: not a side whose own window still runs."""
    if ctx.command.clock != "answer":
        return ()
    must: tuple[str, ...] = ctx.it.must_answer
    return must if ctx.pot.answer_due_together else (ctx.pot.first_silent,)


@said
class Defaulted(Concluded):
    """A silence decided the dispute; `silent` names who did not answer."""

    clock: str = ""
    silent: tuple[str, ...] = ()

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """By the rulebook's answer to this silence."""
        code = "respondent_silent" if ctx.command.clock == "answer" else "dispute_lapsed"
        return outcome(silence_gives(ctx), code) | {"clock": ctx.command.clock, "silent": _silent(ctx)}


@said
class SilenceContests(Event):
    """A silence counts as contesting."""

    clock: str


@said
class Overridden(Event):
    """The stake is gone; the dispute ended without a judgment."""

    code: str


@said
class Restaked(Event):
    """The stake changed because money moved; offers are void."""

    stake: Money
