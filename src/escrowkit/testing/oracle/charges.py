"""Chargebacks: the payer's bank takes a deposit back from whoever has it, and may give it back again."""

from __future__ import annotations

from typing import Any

from escrowkit.testing.oracle import giving, leaving, stakes
from escrowkit.testing.oracle.arguments import sums
from escrowkit.testing.oracle.leaving import released
from escrowkit.testing.oracle.said import Happening, Line, Refusal
from escrowkit.testing.oracle.world import Outflow, Work, World, need

Said = dict[str, Any]


def charge(world: World, work: Work, said: Said) -> None:
    """The bank takes a deposit back: out of the pot, what clears, what is payable, and at last the platform's own."""
    deposit = _deposit(work, said.get("deposit"))
    sums(said, work.currency)
    amount, name = said["amount"][0], deposit["reference"]
    before = sum(one["amount"] for one in work.all("escrow.charged_back") if one["deposit"] == name)
    need(amount <= deposit["amount"] - before, "bad-amount")
    from_pot = min(amount, world.held(work))
    freed = min(amount - from_pot, released(work))
    excusable = sum(debt.minor for debt in _awarded(work))
    at_hand = unpaid(world, work)
    cleared_part, net, back_fee = _out_of_releases(world, work, freed)
    payable = min(net, at_hand)
    excused = min(freed, excusable)
    borne = work.rules.get("escrow.chargeback.borne_by") == "payee"
    fee = said["fee"][0] if said.get("fee") else 0
    rest = amount - from_pot - cleared_part - payable
    lines = [
        (f"escrow:{work.id}", "world:payer", from_pot, work.currency),
        (f"clearing:{work.id}", "world:payer", cleared_part, work.currency),
        ("payable:payee", "world:payer", payable, work.currency),
        ("world:platform", "world:payer", rest, work.currency),
        ("world:platform", "world:provider", fee, work.currency),
    ]
    leaving.leave(world, work, lines, "charged_back", 0, 0, to="payer")
    more = {
        "reference": said["reference"],
        "deposit": name,
        "amount": amount,
        "taken": (from_pot, cleared_part, payable, rest),
        "back": freed,
        "back_fee": back_fee,
        "by_payee": net - payable if borne else min(net - payable, excused),
        "by_payer": amount - from_pot - freed,
        "excused": excused,
    }
    world.happen("escrow.charged_back", work, "provider", **more)


def _deposit(work: Work, name: str | None) -> Happening:
    deposits = leaving.paid_in(work)
    named = deposits if name is None else [one for one in deposits if one["reference"] == name]
    if not named or (name is None and len(deposits) != 1):
        raise Refusal("bad-argument")
    found: Happening = named[0]
    return found


def _out_of_releases(world: World, work: Work, freed: int) -> tuple[int, int, int]:
    """Out of what clears, net of its fees; of what the payee had, net; and the service fee that was on all of it."""
    reversed_ = work.rules.get("escrow.service_fee.on_refund") == "reversed"
    out, net, fees = 0, 0, 0
    for flow, part, fee, spent in giving.back_out_of(work, freed):
        fees += fee
        if flow.cleared:
            net += part - (fee if reversed_ else 0)
        else:
            out += part - fee - spent
            net += spent
    return out, net, fees


def unpaid(world: World, work: Work) -> int:
    """What is payable to the payee of what this milestone's pot brought and was not paid out."""
    return max(0, min(world.at("payable:payee", work.currency), work.unpaid))


def met_too_late(world: World, work: Work, amount: int) -> list[tuple[Happening, int]]:
    """What of a payout chargebacks took when it had left already: the last one found least, so it comes first."""
    undone = {one["reference"] for one in work.all("escrow.charge_back_reversed")}
    missing = amount - unpaid(world, work)
    found = []
    for charged in reversed(work.all("escrow.charged_back")):
        part = min(missing, charged["taken"][2])
        if part > 0 and charged["reference"] not in undone:
            found.append((charged, part))
            missing -= part
    return found


def borne_late(work: Work, charged: Happening, part: int) -> int:
    """The platform paid this part of a chargeback, not the payee: what the payee owes it for that."""
    from_pot, cleared_part, payable, rest = charged["taken"]
    borne = work.rules.get("escrow.chargeback.borne_by") == "payee"
    owed: int = part if borne else min(part, charged["excused"] - charged["by_payee"])
    charged.more["taken"] = (from_pot, cleared_part, payable - part, rest + part)
    charged.more["by_payee"] += owed
    return owed


def reverse(world: World, work: Work, said: Said) -> None:
    """A chargeback was reversed: its money comes back to where it was, or to whom it belongs."""
    found = [one for one in work.all("escrow.charged_back") if one["reference"] == said["reference"]]
    need(bool(found), "bad-argument")
    charged = found[0]
    from_pot, cleared_part, payable, rest = charged["taken"]
    held_again = bool(from_pot) and not work.is_over
    lines: list[Line] = []
    if held_again:
        lines.append(("world:payer", f"escrow:{work.id}", from_pot, work.currency))
        if work.pot in ("empty", "funding", "clearing"):
            work.pot = "held"
    else:
        lines += world.paid("world:payer", "payer", from_pot, work.currency)
    lines += world.paid("world:payer", "payee", cleared_part + payable, work.currency)
    lines.append(("world:payer", "world:platform", rest, work.currency))
    for debt in work.debts:
        if debt.cause == f"chargeback {said['reference']}" and debt.state == "paid":
            lines += world.paid("world:platform", debt.debtor, debt.minor, work.currency)
    if charged["back"]:
        work.outflows.append(Outflow(charged.at, charged["back"], charged["back_fee"], False, cleared=True))
    world.post(lines, of=work)
    more = {"reference": said["reference"], "excused": charged["excused"], "to_pot": held_again}
    world.happen("escrow.charge_back_reversed", work, "provider", **more)


# -- what follows ----------------------------------------------------------------------------------------------------


def follow(world: World, work: Work, what: Happening) -> None:
    """Who owes the platform what it had to advance, and what nobody owes any more."""
    cause = f"chargeback {what.more.get('reference')}"
    if what.name == "escrow.charged_back":
        for debtor, minor in (("payee", what["by_payee"]), ("payer", what["by_payer"])):
            if minor:
                world.then(stakes.owe, work, debtor, "platform", minor, cause)
        _excuse(world, work, what["excused"])
    for reference, minor in what.more.get("late", ()):
        if minor:
            world.then(stakes.owe, work, "payee", "platform", minor, f"chargeback {reference}")
    if what.name == "escrow.charge_back_reversed":
        for debt in work.debts:
            if debt.cause == cause and debt.state == "open":
                world.then(_cancel, work, debt)
        if what["excused"]:
            world.then(stakes.owe, work, "payee", "payer", what["excused"], "outcome")


def _awarded(work: Work) -> list[Any]:
    """What the payee still owes the payer by an outcome; what the platform advanced of it, it owes the platform."""
    open_ = (debt for debt in work.debts if debt.state == "open" and debt.cause == "outcome")
    return [debt for debt in open_ if debt.creditor == "payer"]


def _excuse(world: World, work: Work, left: int) -> None:
    """The payer has it from the bank: nobody is paid the same money by an award once more."""
    for debt in _awarded(work):
        if left:
            world.then(_cancel, work, debt)
            if debt.minor > left:
                world.then(stakes.owe, work, "payee", "payer", debt.minor - left, "outcome")
            left = max(0, left - debt.minor)


def _cancel(world: World, work: Work, debt: Any) -> None:
    debt.state = "waived"
    world.happen("obligation.waived", work, "rules")
