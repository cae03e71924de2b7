"""The money of a milestone: what comes in, what the sides let go, and what the platform may do with it."""

from __future__ import annotations

from typing import Any

from escrowkit.testing.oracle import giving, leaving, overrides, steps
from escrowkit.testing.oracle.arguments import sums
from escrowkit.testing.oracle.leaving import clearing, lacks
from escrowkit.testing.oracle.rules import percent
from escrowkit.testing.oracle.said import Refusal
from escrowkit.testing.oracle.sums import whole
from escrowkit.testing.oracle.world import Work, World, need

Said = dict[str, Any]
PROVIDER = (
    "confirm_deposit",
    "fail_deposit",
    "charge_back",
    "reverse_charge_back",
    "confirm_refund_released",
    "confirm_payout",
    "fail_payout",
)


def state(work: Work) -> str | None:
    """The state of the pot: a hold lies over a dispute, and both over what is below."""
    if work.pot is None:
        return None
    if work.facts.get("impounded"):
        return "impounded"
    return "frozen" if work.facts.get("frozen") else work.pot


def under(work: Work) -> str | None:
    """The state below a hold by the platform."""
    return "frozen" if work.facts.get("frozen") else work.pot


def met(work: Work, by: str) -> str | None:
    """Which state somebody meets: who waits for the end of a hold meets what is below it."""
    waits = by in ("payer", "payee", "mediator", "arbitrator", "provider") or by.startswith("witness:")
    return under(work) if waits else state(work)


def move(world: World, work: Work, by: str, said: Said, word: str) -> None:
    """A command of the parties or the platform to the pot."""
    need(work.pot is not None, "no-such-move")
    if word in ("deposit", "request_deposit"):
        _at(work, by, "empty", "funding", "held", "clearing", "frozen")
        (_deposit if word == "deposit" else _request_deposit)(world, work, by, said)
    elif word in ("release", "refund"):
        _at(work, by, "held", "frozen")
        _let_go(world, work, by, said, word)
    elif word == "roll_over":
        _at(work, by, "held", "frozen")
        _roll_over(world, work, by, said)
    elif word == "hold":
        seen = met(work, by)
        need(seen in ("held", "frozen", "clearing"), "no-such-move")
        need(by == "platform", "not-your-move")
        impound(world, work, by)
    elif word == "lift":
        # The provider waits for nobody: it meets the hold itself, where the hold knows the command.
        need("impounded" in (met(work, by), by == "provider" and state(work)), "no-such-move")
        need(by == "platform", "not-your-move")
        lift(world, work, by)
    elif word in ("seize", "obey_order"):
        seen = met(work, by)
        need(seen in ("held", "frozen", "clearing", "impounded"), "no-such-move")
        need(by == "platform", "not-your-move")
        if word == "seize":
            sums(said, work.currency)
        (overrides.seize if word == "seize" else overrides.obey)(world, work, by, said)
    else:
        _at(work, by, "empty", "held", "clearing", "settled", *(["frozen"] if word == "refund_released" else []))
        if word == "request_refund_released":
            giving.ask(world, work, by, said)
        else:
            giving.give(world, work, by, said, under(work) == "frozen")


def _at(work: Work, by: str, *states: str) -> None:
    need(met(work, by) in states, "no-such-move")


# -- in --------------------------------------------------------------------------------------------------------------


def fees_in(world: World, work: Work, amount: int) -> dict[str, Any]:
    """What the payer pays in for fees on top of a deposit."""
    fee = 0
    if work.rules.has("escrow.processing_fee.rate") or work.rules.has("escrow.processing_fee.fixed"):
        fee = whole(percent(work.rules.get("escrow.processing_fee.rate") or "0%") * amount)
        fee += work.rules.amount("escrow.processing_fee.fixed", work.currency) or 0
    before = sum(one["amount"] for one in leaving.paid_in(work))
    fees = {}
    for one in leaving.further(work):
        paid = sum(deposit["fees"].get(one["name"], 0) for deposit in leaving.paid_in(work))
        fees[one["name"]] = max(0, leaving.of_sum(work, one, before + amount, "payer") - paid)
    return {"amount": amount, "processing_fee": fee, "fees": fees}


def take_in(world: World, work: Work, name: str, by: str, kept: int, rest: int, reference: str | None) -> None:
    """Money arrived: so much is held, its fees beside it, and the rest is the payer's."""
    paid = fees_in(world, work, kept)
    work.pot = "held"
    lines = [("world:payer", f"escrow:{work.id}", kept, work.currency)]
    beside = paid["processing_fee"] + sum(paid["fees"].values())
    lines.append(("world:payer", f"fees:{work.id}", beside, work.currency))
    lines += world.paid("world:payer", "payer", rest, work.currency)
    world.post(lines)
    reference = reference or f"deposit {len(leaving.paid_in(work)) + 1}"
    world.happen(name, work, by, reference=reference, **paid)


DEPOSITS = ("escrow.deposited", "escrow.deposit_confirmed", "escrow.deposit_returned")


def told_before(world: World, reference: str | None, *names: str) -> bool:
    """Whether a fact of this kind was told before under this reference."""
    told = [one for one in world.happened if one.name in (names or DEPOSITS)]
    return reference is not None and any(one["reference"] == reference for one in told)


def repeated(world: World, work: Work, by: str) -> None:
    """A reference told twice moves nothing."""
    world.happen("escrow.repeated", work, by)


def _deposit(world: World, work: Work, by: str, said: Said) -> None:
    need(by == "payer", "not-your-move")
    sums(said, work.currency)
    need(under(work) != "frozen", "not-now")
    if told_before(world, said["reference"]):
        repeated(world, work, by)
        return
    _may_come_in(world, work, said["amount"][0])
    steps.free(work)
    take_in(world, work, "escrow.deposited", by, said["amount"][0], 0, said["reference"])


def _may_come_in(world: World, work: Work, amount: int) -> None:
    need(0 < amount <= lacks(world, work), "bad-amount")
    need(not work.is_over, "not-now")
    steps.nobody_suspended(world)


def _request_deposit(world: World, work: Work, by: str, said: Said) -> None:
    need(by == "payer", "not-your-move")
    sums(said, work.currency)
    need(under(work) != "frozen", "not-now")
    need(0 < said["amount"][0] <= lacks(world, work), "bad-amount")
    need(not work.is_over, "not-now")
    need(not work.facts.get("pending"), "not-now")
    steps.nobody_suspended(world)
    steps.free(work)
    work.facts["pending"] = (said["amount"][0], world.now)
    if work.pot == "empty":
        work.pot = "funding"
    world.happen("escrow.deposit_requested", work, by)


# -- out -------------------------------------------------------------------------------------------------------------


def _let_go(world: World, work: Work, by: str, said: Said, word: str) -> None:
    amount, held = said["amount"][0], world.held(work)
    if under(work) == "frozen":
        need(by == ("payer" if word == "release" else "payee"), "not-your-move")
        most = held if word == "release" else held + clearing(work)
        sums(said, work.currency)
        need(amount <= most, "over-held")
        need(amount == most, "not-now")
        steps.free(work)
        world.happen("escrow.conceded", work, by, to="payee" if word == "release" else "payer")
        return
    need(by in ("payer", "payee", "platform") or by.startswith("witness:"), "not-your-move")
    need(work.rules.lets(f"escrow.{word}.by", by), "not-your-move")
    sums(said, work.currency)
    need(amount <= held, "over-held")
    if word == "release":
        need(amount == held or work.rules.get("escrow.release.partial"), "not-now")
    steps.may_move(work, by)
    if word == "release":
        leaving.leave(world, work, leaving.out(world, work, amount, 0), "payer_released", amount, 0)
    else:
        leaving.leave(world, work, leaving.out(world, work, 0, amount), "payee_refunded", 0, amount)
    world.happen(f"escrow.{word}d" if word == "release" else "escrow.refunded", work, by)


def _roll_over(world: World, work: Work, by: str, said: Said) -> None:
    need(by == "payer", "not-your-move")
    if under(work) == "frozen":
        sums(said, work.currency)
        raise Refusal("not-now")
    target, amount = world.works.get(said["to"]), said["amount"][0]
    if target is None or target is work:
        raise Refusal("bad-argument")
    open_ = target.pot is not None and not target.is_over and state(target) not in ("frozen", "impounded")
    need(open_ and target.currency == work.currency, "bad-argument")
    sums(said, work.currency)
    need(0 < amount <= lacks(world, target), "bad-amount")
    need(amount <= world.held(work), "over-held")
    need(work.rules.get("escrow.roll_over"), "not-now")
    steps.free(work)
    work.facts["rolled"] = work.facts.get("rolled", 0) + amount
    lines = [(f"escrow:{work.id}", f"escrow:{target.id}", amount, work.currency)]
    leaving.leave(world, work, lines, "rolled_forward", 0, amount, to=target.id)
    world.happen("escrow.rolled_over", work, by, to=target, amount=amount)


def receive(world: World, work: Work, amount: int) -> None:
    """A rest of another milestone was taken in."""
    work.facts["received"] = work.facts.get("received", 0) + amount
    work.pot = "held"
    world.happen("escrow.received", work, "rules")


def disburse(world: World, work: Work, payee: int, code: str, kind: str | None = None) -> None:
    """Pay out all that is held, as another machine decided."""
    payer = world.held(work) - payee
    lines = leaving.out(world, work, payee, payer)
    leaving.leave(world, work, lines, code, payee, payer, kind=kind)
    world.happen("escrow.disbursed", work, "rules")


# -- holds and overrides ---------------------------------------------------------------------------------------------


def impound(world: World, work: Work, by: str) -> None:
    """The platform holds the money, apart from any dispute."""
    work.facts["impounded"] = True
    world.happen("escrow.held", work, by)


def lift(world: World, work: Work, by: str, name: str = "escrow.lifted") -> None:
    """The hold ends."""
    work.facts["impounded"] = False
    world.happen(name, work, by)
