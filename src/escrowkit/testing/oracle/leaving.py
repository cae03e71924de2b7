"""How money leaves a pot: what the payee gets and what is kept of it, what goes back and what comes back with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escrowkit.testing.oracle.said import Line
from escrowkit.testing.oracle.sums import shared, tariff
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
    world.post(lines, code, kind, of=work)
    if any(line[2] and line[0].startswith(("escrow:", "clearing:")) for line in lines):
        note_outcome(work, code, kind, lines, more.get("to"))


def note_outcome(work: Work, code: str, kind: str, lines: list[Line], to: str | None = None) -> None:
    """Remember under what money left last, and who got any of it."""
    ends = {line[1].split(":")[-1] for line in lines if line[2] and line[0].split(":")[0] in ("", "escrow", "clearing")}
    ends |= {"payee" for line in lines if line[2] and line[1].startswith("clearing:")}
    got = [side for side in ("payer", "payee", "authority") if side in ends]
    work.facts["outcome"] = (kind, code, to or ("both" if len(got) > 1 else got[0] if got else "nobody"))


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


def levies(work: Work, payee: int, fee: int, payer: int) -> tuple[dict[str, int], dict[str, int]]:
    """What further fees take of money that leaves now: of the payee's part (less its service fee), and of the payer's.

    A fee on release is one of all that ever reached the payee, a fee on exit of all that ever left the pot; it falls on
    both parts in proportion, and what a part cannot bear is taken of the next that leaves.
    """
    mine, yours = payee - fee, payer
    of_payee: dict[str, int] = {}
    of_payer: dict[str, int] = {}
    levied = work.facts.setdefault("levied", {})
    for one in further(work):
        name, exits = one["name"], one["on"] == "exit"
        base = gone(work) + payee + payer if exits else work.facts.get("released_ever", 0) + payee
        due = 0 if one["on"] == "deposit" else of_sum(work, one, base, "payee") - levied.get(name, 0)
        weights = [mine, yours if exits else 0]
        if due <= 0 or not any(weights):
            continue
        first, second = (min(part, room) for part, room in zip(shared(due, weights), (mine, yours), strict=True))
        mine, yours = mine - first, yours - second
        of_payee[name], of_payer[name] = first, second
        levied[name] = levied.get(name, 0) + first + second
    return of_payee, of_payer


def levy_lines(work: Work, source: str, taken: Mapping[str, int]) -> list[Line]:
    """The lines by which further fees go to whom they go."""
    return [(source, f"world:{goes_to(work, name)}", minor, work.currency) for name, minor in taken.items()]


def goes_to(work: Work, name: str) -> str:
    """To whom a further fee goes."""
    return str(next(fee.get("to") or "platform" for fee in further(work) if fee["name"] == name))


# -- out of the pot --------------------------------------------------------------------------------------------------


#: What the rulebook must have settled before any money leaves a pot.
ASKED = (
    "escrow.clearing",
    "escrow.service_fee.model",
    "escrow.service_fee.on_refund",
    "escrow.processing_fee.returned",
)


def out(
    world: World, work: Work, payee: int, payer: int, seized: bool = False, clears: bool | None = None
) -> list[Line]:
    """Give so much of what is held to the payee and so much to the payer: the lines, with all that is kept of it."""
    for key in ASKED:
        work.rules.get(key)
    begin(world, work)
    pot = f"escrow:{work.id}"
    fee = service_fee(world, work, payee)
    taken, kept = levies(work, payee, fee, 0 if seized else payer)
    work.facts["gone"] = gone(work) + payee + payer
    work.facts["released_ever"] = work.facts.get("released_ever", 0) + payee
    lines = [*levy_lines(work, pot, taken), *levy_lines(work, pot, kept)]
    lines += world.paid(pot, "payer", payer - sum(kept.values()), work.currency)
    if payee:
        waits = work.rules.raw("escrow.clearing") not in (None, "none") if clears is None else clears
        lines += _to_payee(world, work, payee, fee, taken, waits)
    return lines + (fees_back(world, work, payer) if payer else [])


def _to_payee(world: World, work: Work, gross: int, fee: int, taken: dict[str, int], clears: bool) -> list[Line]:
    work.outflows.append(Outflow(world.now, gross, fee, clears, taken, cleared=not clears))
    net, pot = gross - fee - sum(taken.values()), f"escrow:{work.id}"
    lines: list[Line] = [(pot, "world:platform", fee, work.currency)]
    if clears:
        return [*lines, (pot, f"clearing:{work.id}", net, work.currency)]
    return [*lines, *world.paid(pot, "payee", net, work.currency)]


def begin(world: World, work: Work) -> None:
    """Note, before money leaves, how much of what was paid in for this milestone is neither held nor released."""
    if work.facts.get("act") != len(work.happened):
        work.facts |= {"act": len(work.happened), "gone now": 0}
        kept = sum(one["amount"] for one in paid_in(work)) - work.facts.get("rolled", 0)
        kept -= sum(one["amount"] for one in work.all("escrow.charged_back"))
        work.facts["kept in"] = kept
        work.facts["gone before"] = max(0, kept - world.held(work) - released(work))


def fees_back(world: World, work: Work, minor: int, given: int = 0) -> list[Line]:
    """What comes back of the fees that the payer paid in, with held money or with released money that is given back."""
    facts, deposits = work.facts, paid_in(work)
    facts["went_back"] = facts.get("went_back", 0) + minor
    facts["given_back"] = facts.get("given_back", 0) + given
    facts["gone now"] = facts.get("gone now", 0) + minor
    total = sum(one["amount"] for one in deposits)
    if not total:
        return []
    lines: list[Line] = []
    if work.rules.get("escrow.processing_fee.returned") == "while_held" and minor:
        paid = sum(one["processing_fee"] for one in deposits)
        gone, kept = facts["gone before"] + facts["gone now"], facts["kept in"]
        due = shared(paid, [gone, max(0, kept - gone)])[0] if paid and gone else 0
        lines += _back(world, work, "processing fee", due)
    inside = total + facts.get("received", 0) - facts["went_back"]
    for fee in further(work):
        when = fee.get("returned") or ("while_held" if fee["on"] == "release" else "never")
        if fee["on"] == "exit" or when == "never":
            continue
        remains = inside - (facts["given_back"] if when == "always" else 0)
        said = sum(one["fees"].get(fee["name"], 0) for one in deposits)
        due = said - of_sum(work, fee, max(0, min(remains, total)), "payer")
        lines += _back(world, work, fee["name"], due)
    return lines


def _back(world: World, work: Work, name: str, all_told: int) -> list[Line]:
    returned = work.facts.setdefault("returned", {})
    due = max(0, all_told - returned.get(name, 0))
    returned[name] = returned.get(name, 0) + due
    owner = "platform" if name == "processing fee" else goes_to(work, name)
    place = f"world:{owner}" if work.pot == "settled" else f"fees:{work.id}"
    return world.paid(place, "payer", due, work.currency)


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
