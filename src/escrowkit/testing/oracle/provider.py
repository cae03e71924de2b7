"""Facts that the payment provider reports; none is refused for the state that it meets."""

from __future__ import annotations

from typing import Any

from escrowkit.testing.oracle import charges, giving, pots
from escrowkit.testing.oracle.arguments import sums
from escrowkit.testing.oracle.leaving import lacks
from escrowkit.testing.oracle.world import Work, World, need

Said = dict[str, Any]

#: By which happenings each fact was told before.
TOLD = {
    "confirm_deposit": pots.DEPOSITS,
    "confirm_payout": ("escrow.paid_out",),
    "charge_back": ("escrow.charged_back",),
    "reverse_charge_back": ("escrow.charge_back_reversed",),
    "confirm_refund_released": ("escrow.released_refunded",),
}


def move(world: World, work: Work, by: str, said: Said, word: str) -> None:
    """A fact that the provider reports."""
    need(work.pot is not None, "no-such-move")
    need(pots.met(work, by) != "impounded", "no-such-move")
    need(by == "provider", "not-your-move")
    sums(said, work.currency)
    if word in TOLD and _told(world, work, said["reference"], word):
        pots.repeated(world, work, by)
    elif word == "confirm_deposit":
        _confirm_deposit(world, work, said)
    elif word == "fail_deposit":
        forget_request(work)
        world.happen("escrow.deposit_failed", work, by)
    elif word == "confirm_payout":
        _paid_out(world, work, said)
    elif word == "confirm_refund_released":
        giving.confirm(world, work, said)
    elif word == "fail_payout":
        world.happen("escrow.payout_failed", work, by)
    else:
        (charges.charge if word == "charge_back" else charges.reverse)(world, work, said)


def _told(world: World, work: Work, reference: str, word: str) -> bool:
    """A deposit counts once in the whole agreement, any other fact once a milestone."""
    if word == "confirm_deposit":
        return pots.told_before(world, reference)
    return any(one["reference"] == reference for one in work.all(*TOLD[word]))


def forget_request(work: Work) -> None:
    """No payment waits for the provider any more."""
    work.facts["pending"] = None
    if work.pot == "funding":
        work.pot = "empty"


def _confirm_deposit(world: World, work: Work, said: Said) -> None:
    amount, currency = said["amount"]
    room = lacks(world, work)
    fits = work.facts.get("pending") and room and not work.is_over and not work.facts.get("frozen")
    forget_request(work)
    if fits:
        kept = min(amount, room)
        pots.take_in(world, work, "escrow.deposit_confirmed", "provider", kept, amount - kept, said["reference"])
        return
    world.post(world.paid("world:payer", "payer", amount, currency))
    world.happen("escrow.deposit_returned", work, "provider", reference=said["reference"])


def _paid_out(world: World, work: Work, said: Said) -> None:
    amount, currency = said["amount"]
    account, target = f"payable:{said['to']}", f"world:{said['to']}"
    late = charges.met_too_late(world, work, amount) if said["to"] == "payee" else []
    missing = sum(part for _, part in late)
    need(amount - missing <= world.at(account, currency), "over-held")
    world.post([(account, target, amount - missing, currency), ("world:platform", target, missing, currency)], of=work)
    owed = [(charged["reference"], charges.borne_late(work, charged, part)) for charged, part in late]
    more = {"reference": said["reference"], "amount": amount, "to": said["to"], "late": owed}
    world.happen("escrow.paid_out", work, "provider", **more)
