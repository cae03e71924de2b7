"""Arbitration: the fee is paid in or not, an arbitrator hears the case, awards, and may be appealed from."""

from __future__ import annotations

from typing import Any

from escrowkit.testing.oracle import steps
from escrowkit.testing.oracle.arguments import sums
from escrowkit.testing.oracle.cases import Case, claimant
from escrowkit.testing.oracle.feesin import hundredths
from escrowkit.testing.oracle.said import Refusal
from escrowkit.testing.oracle.sums import for_payee
from escrowkit.testing.oracle.world import PARTIES, Work, World, need

Said = dict[str, Any]


def paid_in(case: Case) -> bool:
    """Whether the rulebook has the parties pay the fee in."""
    return case.rules.get("arbitration.fee.model") in ("shares", "rate", "external")


def open_arbitration(world: World, case: Case) -> None:
    """The dispute goes to arbitration; each side's share of the fee is fixed."""
    shares = {side: _share(case, side) for side in (*PARTIES, "platform")}
    case.facts["shares"] = {side: minor for side, minor in shares.items() if minor is not None}
    case.facts["paid"] = {}
    case.facts["offered at"] = world.now
    case.facts["claimant"] = claimant(case)
    case.arbitration = "offered" if paid_in(case) else "funded"
    case.facts["funded at"] = world.now
    world.happen("arbitration.opened", case.work, "rules")


def _share(case: Case, side: str) -> int | None:
    rules, currency = case.rules, case.work.currency
    model = rules.get("arbitration.fee.model")
    if model in ("shares", "external"):
        return rules.amount(f"arbitration.fee.shares.{side}", currency)
    return hundredths(case) if model == "rate" and side in PARTIES else None


def move(world: World, work: Work, by: str, said: Said, word: str) -> None:
    """A command to the arbitration."""
    case: Case | None = work.case
    if case is None or case.arbitration in (None, "final", "refused", "forfeited", "closed"):
        raise Refusal("no-such-move")
    if word == "pay_fee":
        _pay(world, case, by, said)
    elif word == "appoint":
        need(case.arbitration in ("offered", "half_funded", "funded"), "no-such-move")
        _appoint(world, case, by, said)
    elif word == "replace":
        need(case.arbitration == "hearing", "no-such-move")
        need(by == "platform", "not-your-move")
        need(said["arbitrator"] not in world.parties.values(), "bad-argument")
        world.happen("arbitration.replaced", work, by)
    elif word in ("award", "refuse"):
        need(case.arbitration == "hearing", "no-such-move")
        need(by == "arbitrator", "not-your-move")
        (_award if word == "award" else _refuse)(world, case, said)
    else:
        need(case.arbitration == "awarded", "no-such-move")
        _appeal(world, case, by)


# -- the fee ---------------------------------------------------------------------------------------------------------


def _pay(world: World, case: Case, by: str, said: Said) -> None:
    need(by in PARTIES, "not-your-move")
    shares, paid = case.facts["shares"], case.facts["paid"]
    amount, currency = said["amount"]
    sums(said, case.work.currency)
    sealed = case.arbitration == "funded" and window_open(world, case)
    need(sealed or case.arbitration not in ("funded", "hearing", "awarded"), "not-now")
    # Whoever paid for both sees that all is paid; to anybody else the window seems open.
    need(not sealed or set(paid) != {by}, "not-now")
    wanted = [by] if said["share"] == "own" else list(PARTIES)
    need(by not in shares or amount == sum(shares.get(side, 0) for side in wanted), "bad-amount")
    need(not sealed, "not-now")
    if case.arbitration == "offered":
        first = case.rules.get("arbitration.pay.order") == "claimant_first"
        need(not first or case.facts["claimant"] in (None, by), "not-now")
        need(said["share"] == "own" or case.rules.get("arbitration.pay.all_by_one"), "not-now")
    else:
        need(by not in paid and said["share"] == "own", "not-now")
    steps.free(case.work)
    paid[by] = paid.get(by, 0) + amount
    case.facts.setdefault("deposits", []).append((by, amount, world.now))
    case.facts.setdefault("first paid at", world.now)
    _fund(world, case, said["share"])
    outside = case.rules.get("arbitration.fee.model") == "external"
    world.post([(f"world:{by}", "world:arbitrator" if outside else f"deposit:{case.name}:{by}", amount, currency)])
    world.happen("arbitration.fee_paid", case.work, by)


def _fund(world: World, case: Case, share: str) -> None:
    all_paid = share == "all" or set(case.facts["paid"]) == set(PARTIES)
    if case.arbitration == "appealed" and not all_paid:
        return
    case.arbitration = "funded" if all_paid else "half_funded"
    case.facts["funded at" if all_paid else "half funded at"] = world.now


def window_open(world: World, case: Case) -> bool:
    """Whether sealed deposits hide who has paid, so that nobody can be appointed yet."""
    sealed = case.rules.get("arbitration.pay.order") == "sealed"
    return sealed and paid_in(case) and not case.facts.get("window closed")


def _appoint(world: World, case: Case, by: str, said: Said) -> None:
    need(by in (*PARTIES, "platform"), "not-your-move")
    need(said["arbitrator"] not in world.parties.values(), "bad-argument")
    need(case.rules.lets("arbitration.appoint.by", by), "not-your-move")
    need(case.arbitration == "funded" and not window_open(world, case), "not-now")
    steps.may_move(case.work, by)
    case.arbitration = "hearing"
    case.facts |= {"arbitrator": said["arbitrator"], "heard at": world.now}
    case.facts["hearings"] = case.facts.get("hearings", 0) + 1
    share = case.facts["shares"].get("platform", 0)
    world.post([("world:platform", f"deposit:{case.name}:platform", share, case.work.currency)])
    world.happen("arbitration.appointed", case.work, by)


# -- the award -------------------------------------------------------------------------------------------------------


def cost(world: World, case: Case) -> int:
    """A fee out of the pot: at most what is in it."""
    if case.rules.get("arbitration.fee.model") != "from_pot":
        return 0
    return min(hundredths(case), world.held(case.work))


def _award(world: World, case: Case, said: Said) -> None:
    sums(said, case.work.currency)
    part = said["to_payee"][0]
    menu = _menu(world, case)
    need(part <= case.stake - cost(world, case) if menu is None else part in menu, "bad-amount")
    steps.free(case.work)
    case.facts["award"] = part
    appeals = case.rules.has("arbitration.appeal.within") and not case.facts.get("appealed by")
    case.arbitration = "awarded" if appeals else "final"
    case.facts["awarded at"] = world.now
    world.happen("arbitration.awarded", case.work, "arbitrator", case=case)


def _menu(world: World, case: Case) -> list[int] | None:
    menu, most = case.rules.get("arbitration.award.menu"), case.stake - cost(world, case)
    if menu == "any":
        return None
    if menu == "all_or_nothing":
        return [0, most]
    offers = []
    for side in PARTIES:
        made = [one.to_payee for one in case.offers if one.by == side]
        offers.append(min(most, made[-1] if made else case.as_claimed(side)))
    return offers


def _refuse(world: World, case: Case, said: Said) -> None:
    steps.free(case.work)
    case.arbitration = "refused"
    world.happen("arbitration.refused", case.work, "arbitrator", case=case)


def _appeal(world: World, case: Case, by: str) -> None:
    need(by in PARTIES, "not-your-move")
    steps.free(case.work)
    case.facts |= {"appealed by": by, "paid": {}, "appealed at": world.now, "funded at": world.now}
    case.arbitration = "appealed" if paid_in(case) else "funded"
    world.happen("arbitration.appealed", case.work, by)


def refusal_share(case: Case) -> int:
    """The payee's part if the arbitrator does not rule."""
    says = case.rules.raw("arbitration.refusal.divide")
    return for_payee(says, case.stake, case.rules.raw("money.remainder_to"))


def only_payer_of_fee(case: Case) -> str:
    """The one side that has paid."""
    return str(next(iter(case.facts["paid"])))
