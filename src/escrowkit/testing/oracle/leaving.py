"""How money leaves a pot: what the payee gets and what is kept of it, what goes back and what comes back with it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from escrowkit.testing.oracle.said import Line
from escrowkit.testing.oracle.sums import shared, tariff, whole
from escrowkit.testing.oracle.world import Outflow, Work, World

KINDS = {
    "agreement": "payer_approved payer_released condition_met payee_refunded cancel_agreed settlement_agreed "
    "claim_conceded recommendation_accepted rolled_forward",
    "procedure": "review_lapsed cancel_lapsed proposal_lapsed requirements_lapsed late_cancelled offer_lapsed "
    "respondent_silent nobody_paid_fee only_one_paid_fee award_lapsed refused_to_rule small_pot_divided "
    "dispute_lapsed early_cancelled hold_limit_reached dormant",
    "merits": "awarded mediator_decided",
    "override": "platform_seized court_ordered charged_back",
}


def kind_of(code: str) -> str:
    """Of which kind a release condition is."""
    return next(kind for kind, codes in KINDS.items() if code in codes.split())


def leave(world: World, work: Work, lines: list[Line], code: str, payee: int, payer: int, **more: Any) -> None:
    """Book what leaves a pot under a release condition, and remember the outcome: to whom it went."""
    kind = str(more.get("kind") or kind_of(code))
    world.post(lines, code, kind)
    to = more.get("to") or ("both" if payee and payer else "payee" if payee else "payer")
    work.facts["outcome"] = (kind, code, to)


# -- the service fee -------------------------------------------------------------------------------------------------


def said_fee(work: Work, part: str) -> dict[str, Any]:
    """The words of a fee in the rulebook."""
    names = ("rate", "fixed", "tiers", "floor", "cap")
    return {name: work.rules.get(f"{part}.{name}") for name in names if work.rules.has(f"{part}.{name}")}


def service_fee(world: World, work: Work, gross: int) -> int:
    """The service fee of a release: the fee of all so far, this included, less what was taken."""
    if gross == 0 or work.rules.get("escrow.service_fee.model") == "none":
        return 0
    said = said_fee(work, "escrow.service_fee")
    before = world.billed_before.get(work.currency, 0)
    flows = [flow for one in world.each() if one.currency == work.currency for flow in one.outflows]
    billed = before + sum(flow.left for flow in flows)
    taken = tariff(work.rules, said, before, work.currency) + sum(flow.fee_left for flow in flows)
    return max(0, min(gross, tariff(work.rules, said, billed + gross, work.currency) - taken))


# -- further fees ----------------------------------------------------------------------------------------------------


def further(work: Work) -> list[Mapping[str, Any]]:
    """The further fees of the rulebook."""
    return list(work.rules.get("escrow.fees") or [])


def of_sum(work: Work, fee: Mapping[str, Any], total: int, side: str) -> int:
    """What one side bears of a further fee on so much."""
    if fee["borne_by"] not in (side, "both"):
        return 0
    whole_fee = tariff(work.rules, fee, total, work.currency)
    if fee["borne_by"] == side:
        return whole_fee
    order = ["payer", "payee"] if work.rules.get("money.remainder_to") == "payee" else ["payee", "payer"]
    return shared(whole_fee, [1, 1])[order.index(side)]


def gone(work: Work) -> int:
    """All that ever left the pot to anybody."""
    return int(work.facts.get("gone", 0))


def levies(work: Work, amount: int, room: int, released: bool) -> dict[str, int]:
    """What further fees take of money that leaves now; `room` is what they can take."""
    found: dict[str, int] = {}
    for fee in further(work):
        base = work.facts.get("released_ever", 0) if fee["on"] == "release" else gone(work)
        if fee["on"] == "deposit" or (fee["on"] == "release" and not released):
            continue
        due = of_sum(work, fee, base + amount, "payee") - work.facts.setdefault("levied", {}).get(fee["name"], 0)
        take = max(0, min(due, room))
        room -= take
        found[fee["name"]] = take
    return {name: minor for name, minor in found.items() if minor}


def levy_lines(work: Work, source: str, taken: Mapping[str, int]) -> list[Line]:
    """The lines by which further fees go to whom they go."""
    return [(source, f"world:{goes_to(work, name)}", minor, work.currency) for name, minor in taken.items()]


def goes_to(work: Work, name: str) -> str:
    """To whom a further fee goes."""
    return str(next(fee.get("to") or "platform" for fee in further(work) if fee["name"] == name))


def note_levies(work: Work, taken: Mapping[str, int]) -> None:
    """Remember what further fees took."""
    levied = work.facts.setdefault("levied", {})
    for name, minor in taken.items():
        levied[name] = levied.get(name, 0) + minor


# -- out of the pot --------------------------------------------------------------------------------------------------


def to_payee(world: World, work: Work, gross: int) -> list[Line]:
    """Give so much of what is held to the payee: the lines."""
    if not gross:
        return []
    fee = service_fee(world, work, gross)
    taken = levies(work, gross, gross - fee, released=True)
    note_levies(work, taken)
    work.facts["gone"] = gone(work) + gross
    work.facts["released_ever"] = work.facts.get("released_ever", 0) + gross
    clears = work.rules.raw("escrow.clearing") not in (None, "none")
    work.outflows.append(Outflow(world.now, gross, fee, clears, taken, cleared=not clears))
    net, pot = gross - fee - sum(taken.values()), f"escrow:{work.id}"
    lines: list[Line] = [(pot, "world:platform", fee, work.currency), *levy_lines(work, pot, taken)]
    if clears:
        return [*lines, (pot, f"clearing:{work.id}", net, work.currency)]
    return [*lines, *world.paid(pot, "payee", net, work.currency)]


def to_payer(world: World, work: Work, minor: int, free: bool = False) -> list[Line]:
    """Give so much of what is held back to the payer: the lines, with what comes back of its fees."""
    if not minor:
        return []
    pot = f"escrow:{work.id}"
    taken = {} if free else levies(work, minor, minor, released=False)
    note_levies(work, taken)
    work.facts["gone"] = gone(work) + minor
    lines = [*levy_lines(work, pot, taken), *world.paid(pot, "payer", minor - sum(taken.values()), work.currency)]
    return [*lines, *fees_back(world, work, minor)]


def fees_back(world: World, work: Work, minor: int) -> list[Line]:
    """What the payer paid in for fees on money that goes back, and gets back with it."""
    work.facts["went_back"] = work.facts.get("went_back", 0) + minor
    deposits = paid_in(work)
    total = sum(one["amount"] for one in deposits)
    if not total:
        return []
    lines: list[Line] = []
    if work.rules.get("escrow.processing_fee.returned") == "while_held":
        lines += _back(world, work, "processing fee", sum(one["processing_fee"] for one in deposits), total)
    for fee in further(work):
        said = sum(one["fees"].get(fee["name"], 0) for one in deposits)
        if fee["on"] == "release" or (fee["on"] == "deposit" and fee.get("returned", "never") != "never"):
            lines += _back(world, work, fee["name"], said, total)
    return lines


def _back(world: World, work: Work, name: str, paid: int, total: int) -> list[Line]:
    returned = work.facts.setdefault("returned", {})
    due = whole(Fraction(paid) * work.facts["went_back"] / total) - returned.get(name, 0)
    returned[name] = returned.get(name, 0) + max(0, due)
    return world.paid(f"fees:{work.id}", "payer", max(0, due), work.currency)


def paid_in(work: Work) -> list[Any]:
    """What happened when money came in and was kept."""
    return work.all("escrow.deposited", "escrow.deposit_confirmed")


def earned(world: World, work: Work) -> list[Line]:
    """What is left of the fees that the payer paid in, to whom it goes."""
    lines: list[Line] = []
    returned = work.facts.get("returned", {})
    rest = sum(one["processing_fee"] for one in paid_in(work)) - returned.get("processing fee", 0)
    lines.append((f"fees:{work.id}", "world:platform", rest, work.currency))
    for fee in further(work):
        rest = sum(one["fees"].get(fee["name"], 0) for one in paid_in(work)) - returned.get(fee["name"], 0)
        lines.append((f"fees:{work.id}", f"world:{goes_to(work, fee['name'])}", rest, work.currency))
    left = world.at(f"fees:{work.id}", work.currency)
    return [line for line in lines if line[2]] if left else []


# -- what clears -----------------------------------------------------------------------------------------------------


def clearing(work: Work) -> int:
    """What still clears, counted gross of its service fee."""
    return sum(flow.left for flow in work.outflows if not flow.cleared)


def released(work: Work) -> int:
    """All that was given to the payee and has not gone back, clearing included."""
    return sum(flow.left for flow in work.outflows)


def lacks(world: World, work: Work) -> int:
    """What the price still lacks."""
    return max(0, work.price - world.held(work) - released(work))
