"""The rules of a mediation in words: a guard's docstring is what refusals, drawings and pages say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from escrowkit.errors import BadAmount, BadArgument, NotYourMove, TermsChanged
from escrowkit.table import Context, answers, guard

if TYPE_CHECKING:
    from escrowkit.machines.mediation.record import Mediation


@guard(BadArgument)
def mediator_is_no_party(ctx: Context[Mediation]) -> bool:
    """The mediator is neither the payer nor the payee."""
    return ctx.command.mediator not in ctx.pot.party_ids


def _may(rules: Any, *powers: str) -> bool:
    power = rules.values["mediation.power"]
    given = {getattr(power, "otherwise", None), getattr(power, "small", None)}
    return not rules.settled("mediation.power") or bool(given & set(powers))


@guard(NotYourMove, offered=lambda rules: _may(rules, "recommend", "decide"))
def may_recommend(ctx: Context[Mediation]) -> bool:
    """The rulebook gives this mediator the power to recommend, not only to facilitate."""
    return ctx.it.power in ("recommend", "decide")


@guard(NotYourMove, offered=lambda rules: _may(rules, "decide"))
def may_decide(ctx: Context[Mediation]) -> bool:
    """The rulebook gives this mediator the power to decide; a mediator without it may not judge."""
    return ctx.it.power == "decide"


@guard(reads=("mediation.decide.after",), until=lambda ctx: ctx.pot.negotiable_until)
def parties_have_negotiated(ctx: Context[Mediation]) -> bool:
    """The time that the rulebook leaves the parties to negotiate has passed, or both used all their offers."""
    until = ctx.pot.negotiable_until
    return until is None or ctx.at >= until


@guard(BadAmount, most=lambda ctx: ctx.pot.stake)
def within_stake(ctx: Context[Mediation]) -> bool:
    """The payee's part is at most the stake."""
    return bool(ctx.command.to_payee <= ctx.pot.stake)


@guard(reads=("mediation.refund_needs",), offered=lambda rules: rules.has("mediation.refund_needs"))
def refund_is_proved(ctx: Context[Mediation]) -> bool:
    """All of the stake is the payee's, or what the rulebook wants before money goes back was attested."""
    needs = ctx.rules["mediation.refund_needs"]
    kept = ctx.command.to_payee == ctx.pot.stake
    return bool(needs is None or kept or ctx.pot.attested(needs.removeprefix("attested:"), None))


@guard(TermsChanged)
def same_recommendation(ctx: Context[Mediation]) -> bool:
    """The answer repeats the recommended sum."""
    return bool(ctx.command.to_payee == ctx.it.recommendation)


@guard()
def other_has_accepted(ctx: Context[Mediation]) -> bool:
    """The other party has accepted."""
    return ctx.by.other.value in ctx.it.accepted


@guard(offered=answers("mediation.accept.on_silence", "recommendation"))
def silence_accepts(ctx: Context[Mediation]) -> bool:
    """The rulebook takes silence on a recommendation as acceptance."""
    return bool(ctx.rules["mediation.accept.on_silence"] == ("recommendation",))
