"""Which agreements can be opened, and how the others are refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from escrowkit.testing.oracle.arguments import amount
from escrowkit.testing.oracle.rules import Rules
from escrowkit.testing.oracle.sums import tariff
from escrowkit.testing.oracle.times import in_business_days
from escrowkit.testing.oracle.world import PARTIES, need

ROLES = (*PARTIES, "mediator", "arbitrator", "platform", "provider", "witness", "clock", "rules")
NAMES = ("rate", "fixed", "tiers", "floor", "cap")


def check(terms: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The milestones of an opening, with their prices in minor units. Raises `Refusal`."""
    decimals, rules = terms["currencies"], Rules(terms["rulebook"], terms["currencies"])
    need(_in_force(terms["rulebook"].get("applies_from"), terms["at"]), "not-in-force")
    _parties(terms["parties"])
    need(terms["currency"] in decimals and terms["rail"] in ("instant", "slow"), "bad-argument")
    milestones = [_read(one, terms["currency"], decimals) for one in terms["milestones"]]
    ids = [one["id"] for one in milestones]
    need(bool(ids) and len(set(ids)) == len(ids), "bad-argument")
    for one in milestones:
        _terms(rules.changed(one.get("rules") or {}), one, terms["at"])
    return milestones


def _in_force(since: datetime | None, at: datetime) -> bool:
    return since is None or since.astimezone(UTC) <= at


def _parties(parties: Mapping[str, str]) -> None:
    need(set(parties) == set(PARTIES), "bad-argument")
    need(all(isinstance(id_, str) and id_.strip() for id_ in parties.values()), "bad-argument")
    need(parties["payer"] != parties["payee"], "bad-terms")
    need(all(id_.split(":")[0] not in ROLES for id_ in parties.values()), "bad-terms")


def _read(one: Mapping[str, Any], currency: str, decimals: Mapping[str, int]) -> dict[str, Any]:
    id_ = one["id"]
    need(isinstance(id_, str) and bool(id_) and not set(id_) & set(" /:."), "bad-argument")
    price = amount(one["price"], one.get("currency") or currency, decimals)
    need(price[0] > 0, "bad-amount")
    return {**one, "price": price, "title": one.get("title"), "due": one.get("due")}


def _terms(rules: Rules, one: Mapping[str, Any], at: datetime) -> None:
    minor, currency = one["price"]
    for key in ("money.min_milestone", "money.max_milestone"):
        if rules.settled(key):
            rules.amount(key, currency)
    need(_fees(rules, minor, currency) < minor, "bad-terms")
    need(_limit_allows(rules, at) and _agreed_review(rules, at), "bad-terms")
    least, most = (
        rules.settled(key) and rules.amount(key, currency) for key in ("money.min_milestone", "money.max_milestone")
    )
    need((not least or minor >= least) and (not most or minor <= most), "bad-amount")


def _fees(rules: Rules, minor: int, currency: str) -> int:
    """All fees that are not the payer's alone, on the whole price."""
    said = []
    if rules.raw("escrow.service_fee.model") not in ("none", "unknown"):
        said.append({name: rules.get(f"escrow.service_fee.{name}") for name in NAMES})
    if rules.settled("escrow.fees"):
        said += [fee for fee in rules.get("escrow.fees") if fee["borne_by"] != "payer"]
    settled = [{name: value for name, value in fee.items() if value != "unknown"} for fee in said]
    return sum(tariff(rules, fee, minor, currency) for fee in settled)


def _limit_allows(rules: Rules, at: datetime) -> bool:
    """Money can be held until a review is over."""
    limit, review = rules.raw("escrow.hold_limit.within"), rules.raw("milestone.review.within")
    if None in (limit, review) or "unknown" in (limit, review):
        return True
    return rules.days.after(at, limit) >= rules.days.after(at, review)


def _agreed_review(rules: Rules, at: datetime) -> bool:
    """A review that the parties agreed is within the platform's bounds."""
    ends = [rules.raw(f"milestone.review.{name}") for name in ("least", "within", "most")]
    known = [None if one in (None, "unknown") or in_business_days(one) else rules.days.after(at, one) for one in ends]
    least, within, most = known
    return within is None or ((least is None or least <= within) and (most is None or within <= most))
