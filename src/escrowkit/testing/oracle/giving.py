"""Released money that goes back of somebody's own accord, and debts that are paid or waived."""

from __future__ import annotations

from typing import Any

from escrowkit.testing.oracle import leaving, stakes, steps
from escrowkit.testing.oracle.arguments import sums
from escrowkit.testing.oracle.leaving import released
from escrowkit.testing.oracle.said import Line, Refusal
from escrowkit.testing.oracle.world import Debt, Outflow, Work, World, need

Said = dict[str, Any]


def ask(world: World, work: Work, by: str, said: Said) -> None:
    """The payer asks for released money back; it moves nothing."""
    need(by == "payer", "not-your-move")
    sums(said, work.currency)
    need(released(work) > 0, "not-now")
    steps.free(work)
    world.happen("escrow.refund_released_requested", work, by)


def promised(work: Work) -> list[int]:
    """What was promised back and is not confirmed."""
    open_: list[int] = work.facts.setdefault("promised", [])
    return open_


def refundable(world: World, work: Work) -> int:
    """What was released within the rulebook's window and is not promised already."""
    if not work.rules.has("escrow.refund_released.within"):
        return 0
    window = work.rules.get("escrow.refund_released.within")
    recent = [one for one in work.outflows if work.rules.days.after(one.at, window) > world.now]
    return max(0, sum(one.left for one in recent) - sum(promised(work)))


def give(world: World, work: Work, by: str, said: Said, frozen: bool) -> None:
    """The payee, or the platform where the rulebook lets it, gives released money back."""
    need(by in ("payee", "platform"), "not-your-move")
    need(work.rules.lets("escrow.refund_released.by", by), "not-your-move")
    sums(said, work.currency)
    need(not frozen, "not-now")
    amount = said["amount"][0]
    need(amount <= refundable(world, work), "over-held")
    steps.may_move(work, by)
    if world.slow:
        promised(work).append(amount)
        world.happen("escrow.refund_released_promised", work, by)
    else:
        go_back(world, work, by, amount, None)


def confirm(world: World, work: Work, said: Said) -> None:
    """The provider reports that a voluntary refund went through."""
    need(said["amount"][0] in promised(work), "not-now")
    promised(work).remove(said["amount"][0])
    go_back(world, work, "provider", said["amount"][0], said["reference"])


def back_out_of(work: Work, minor: int) -> list[tuple[Outflow, int, int, int]]:
    """Take released money back: what clears first, the newest first."""
    clears = [one for one in work.outflows if not one.cleared]
    first = stakes.take_back(clears, min(minor, sum(one.left for one in clears)))
    rest = minor - sum(part for _, part, _, _ in first)
    return first + stakes.take_back([one for one in work.outflows if one.cleared], rest)


def go_back(world: World, work: Work, by: str, minor: int, reference: str | None) -> None:
    """Released money goes back to the payer: out of what clears, and from the payee, with the fees that were on it."""
    borne = work.rules.get("escrow.service_fee.on_refund")
    lines: list[Line] = []
    gone = back_out_of(work, min(minor, released(work)))
    # Promised money that a chargeback took first is the payee's own.
    from_payee = minor - sum(part for _, part, _, _ in gone)
    for flow, part, fee, spent in gone:
        if flow.cleared:
            from_payee += part - (fee if borne != "payee" else 0)
        else:
            lines += world.paid(f"clearing:{work.id}", "payer", part - fee - spent, work.currency)
            from_payee += spent + (fee if borne == "payee" else 0)
        if borne == "reversed":
            lines += world.paid("world:platform", "payer", fee, work.currency)
    lines += world.paid("world:payee", "payer", from_payee, work.currency)
    lines += leaving.fees_back(world, work, 0, given=minor)
    world.post(lines)
    world.happen("escrow.released_refunded", work, by, reference=reference)


# -- debts -----------------------------------------------------------------------------------------------------------


def move(world: World, work: Work, by: str, said: Said, word: str) -> None:
    """A debt is paid, as the provider reports, or waived by its creditor."""
    debt = _debt(work, said.get("number"))
    if word == "pay":
        need(by == "provider", "not-your-move")
        _pay(world, work, debt)
    else:
        need(by in ("payer", "payee", "platform"), "not-your-move")
        need(by == debt.creditor, "not-your-move")
        debt.state = "waived"
        world.happen("obligation.waived", work, by)


def _debt(work: Work, number: int | None) -> Debt:
    if number is not None:
        need(number <= len(work.debts), "no-such-move")
        found = [work.debts[number - 1]]
    else:
        found = [one for one in work.debts if one.state == "open"]
    if not found or found[0].state != "open":
        raise Refusal("no-such-move")
    return found[0]


def _pay(world: World, work: Work, debt: Debt) -> None:
    debt.state = "paid"
    lines: list[Line] = [(f"world:{debt.debtor}", f"world:{debt.creditor}", debt.minor, work.currency)]
    if debt.cause == "outcome" and debt.creditor == "payer":
        fee = sum(fee for _, _, fee, _ in stakes.preview(work, debt.minor))
        reversed_ = work.rules.get("escrow.service_fee.on_refund") == "reversed"
        lines.append(("world:platform", f"world:{debt.debtor}", fee if reversed_ else 0, work.currency))
    world.post(lines)
    world.happen("obligation.paid", work, "provider", debt=debt)
