"""The opening: what is asked of the terms before there is an agreement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from escrowkit import arguments as arg
from escrowkit.agreement.words import NOTHING, Opened, Terms
from escrowkit.errors import BadAmount, BadArgument, BadTerms, NotInForce, shown
from escrowkit.machines import milestone
from escrowkit.money import Money, exponent
from escrowkit.roles import role_of
from escrowkit.rulebook import Rulebook, plain
from escrowkit.table import Command

MilestoneTerms = tuple[str, arg.Amount] | Mapping[str, Any]
_TERMS: Final = frozenset({"id", "price", "title", "due", "release_when", "currency", "rules"})


def opened(
    *,
    rules: Rulebook,
    parties: Mapping[str, str],
    currency: str,
    milestones: Sequence[MilestoneTerms],
    at: datetime,
    billed_before: arg.Amount | None,
    rail: str,
) -> Opened:
    """The event that opens an agreement. Raises as `open_agreement` does."""
    if rules.applies_from is not None and at < rules.applies_from:
        raise NotInForce(f"{rules.name} applies from {rules.applies_from:%Y-%m-%d}.", until=rules.applies_from)
    _check_parties(parties)
    if rail not in ("instant", "slow"):
        raise BadArgument(f"rail = {shown(rail)}: it is 'instant' or 'slow'", key="rail")
    terms = _read_terms(milestones, currency)
    for t, own in [(t, rules.override(t.rules, f"overrides of {t.id}")) for t in terms]:
        _check_terms(own, t)
    billed = _read_billed(billed_before, currency)
    return Opened(
        "", rules, rules.digest, dict(parties), currency, rail, billed, terms, by="rules", at=at, after="open"
    )


def included(event: Opened) -> Iterator[Command]:
    """What follows at once: its milestones are agreed."""
    for t in event.terms:
        yield milestone.Include(t.id, t.price, t.title, t.due, t.release_when)


def check_id(value: Any) -> str:
    """The id of a milestone. Raises `BadArgument`."""
    if (
        not isinstance(value, str)
        or not value.strip()
        or any(c in value for c in "/:. \t\n")
        or len(value) > 100
        or not arg.is_storable(value)
    ):
        raise BadArgument(
            f"{shown(value)} is no id of a milestone: a short text without blanks, '/', ':' and '.' is needed", key="id"
        )
    return str(value)


def _read_billed(said: Any, currency: str) -> Mapping[str, Money]:
    """What was billed before, by currency."""
    if said is None:
        return NOTHING
    before = said if isinstance(said, Money) else Money.parse(said, currency)
    if before.minor < 0:
        raise BadAmount(f"billed_before = {before}: it cannot be negative", key="billed_before")
    return {before.currency: before}


def _check_parties(parties: Mapping[str, str]) -> None:
    if not isinstance(parties, Mapping) or set(parties) != {"payer", "payee"}:
        raise BadArgument("parties name a payer and a payee", key="parties")
    for role, id_ in parties.items():
        if not isinstance(id_, str) or not id_.strip() or not arg.is_storable(id_):
            raise BadArgument(f"parties.{role} = {shown(id_)}: an id is a text that is not empty", key="parties")
        if id_ != role and role_of(id_) is not None:
            raise BadTerms(f"parties.{role} = {shown(id_)}: this is the name of another role.", key="parties")
    if parties["payer"] == parties["payee"]:
        raise BadTerms(f"{parties['payer']!r} cannot be on both sides.", key="parties")


def _read_terms(milestones: Sequence[MilestoneTerms], currency: str) -> tuple[Terms, ...]:
    exponent(currency)
    if isinstance(milestones, str) or not isinstance(milestones, Sequence) or not milestones:
        raise BadArgument("An agreement has at least one milestone.", key="milestones")
    terms = tuple(_one_terms(given, currency) for given in milestones)
    ids = [t.id for t in terms]
    if len(set(ids)) != len(ids):
        raise BadArgument(f"Milestone ids must differ: {', '.join(ids)}.", key="milestones")
    return terms


def _one_terms(given: MilestoneTerms, currency: str) -> Terms:
    if isinstance(given, tuple) and len(given) == 2:
        given = {"id": given[0], "price": given[1]}
    if not isinstance(given, Mapping) or not {"id", "price"} <= set(given) or set(given) - _TERMS:
        raise BadArgument(
            f"a milestone is (id, price) or a mapping with {', '.join(sorted(_TERMS))}, not {shown(given)}",
            key="milestones",
        )
    own = given.get("currency", currency)
    exponent(own)
    said = milestone.Propose(
        check_id(given["id"]), given["price"], given.get("title"), given.get("due"), given.get("release_when")
    )
    propose, wrong = arg.check(said, own)
    if wrong is not None:
        raise wrong.where(milestone=said.milestone)
    return Terms(
        propose.milestone,
        propose.price,
        propose.title,
        propose.due,
        propose.release_when,
        _own_rules(given.get("rules")),
    )


def _own_rules(rules: Any) -> Mapping[str, Any]:
    """What a milestone overrides for itself alone."""
    if rules is None:
        return NOTHING
    if not isinstance(rules, Mapping):
        raise BadArgument(f"rules = {shown(rules)}: a table of values by dotted key is needed", key="rules")
    try:
        own: Mapping[str, Any] = plain(rules)
    except RecursionError as error:
        raise BadArgument("rules: they are nested too deeply", key="rules") from error
    return own


def _check_terms(rules: Rulebook, terms: Terms) -> None:
    """What can be seen at once to go wrong later: amounts in another currency, a fee that leaves nothing, limits."""
    rules.check_currency(terms.price.currency)
    least = rules.amount("money.min_milestone", terms.price.currency)
    most = rules.amount("money.max_milestone", terms.price.currency)
    if (least and terms.price < least) or (most and terms.price > most):
        raise BadAmount(f"{rules.name} has milestones from {least or '0'} to {most or 'any price'}.").where(
            milestone=terms.id
        )
    _check_fees(rules, terms.price)
    _check_review(rules)
    limit, review = rules.values["escrow.hold_limit.within"], rules.values["milestone.review.within"]
    if getattr(limit, "exact", None) and getattr(review, "exact", None) and limit.exact <= review.exact:
        raise BadTerms(f"Money may be held for {limit} only, but a review takes {review}.", key="limit")


def _check_review(rules: Rulebook) -> None:
    """The review that the parties agreed lies within what the rulebook lets them agree."""
    agreed = _exact(rules, "within")
    least, most = _exact(rules, "least"), _exact(rules, "most")
    if agreed and ((least and agreed < least) or (most and agreed > most)):
        bounds = f"from {rules.values['milestone.review.least']} to {rules.values['milestone.review.most']}"
        raise BadTerms(f"{rules.name} has reviews {bounds}, not of {rules['milestone.review.within']}.", key="review")


def _exact(rules: Rulebook, name: str) -> timedelta | None:
    """The length of a review, where it is one and not counted in business days."""
    period = rules.values[f"milestone.review.{name}"]
    return None if getattr(period, "business_days", True) else period.exact


def _check_fees(rules: Rulebook, price: Money) -> None:
    """Something of the price is left to the payee."""
    tariffs = []
    if rules.settled("escrow.service_fee.model"):
        tariffs.append(rules.service_fee(price.currency))
    if rules.settled("escrow.fees"):
        tariffs += [tariff for fee, tariff in rules.fees(price.currency) if fee.borne_by != "payer"]
    taken = sum((tariff.of(price) for tariff in tariffs if tariff is not None), Money.zero(price.currency))
    if taken >= price:
        raise BadTerms(f"The service fee of {taken} leaves nothing of {price}.", key="fee")
