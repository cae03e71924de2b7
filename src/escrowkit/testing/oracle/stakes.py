"""How a stake is divided: what is held, what clears, what was paid before, and who owes whom then."""

from __future__ import annotations

from copy import deepcopy
from fractions import Fraction
from typing import Any

from escrowkit.testing.oracle import leaving
from escrowkit.testing.oracle.cases import Case
from escrowkit.testing.oracle.leaving import clearing, kind_of
from escrowkit.testing.oracle.said import Line
from escrowkit.testing.oracle.sums import whole
from escrowkit.testing.oracle.world import Debt, Outflow, Work, World


def within_lookback(world: World, work: Work) -> int:
    """What was paid out so recently that it can be claimed back, and is not owed by an outcome already."""
    if not work.rules.has("dispute.lookback"):
        return 0
    window = work.rules.get("dispute.lookback")
    recent = [one for one in work.outflows if one.cleared and work.rules.days.after(one.at, window) > world.now]
    owed = sum(
        debt.minor for debt in work.debts if (debt.cause, debt.creditor, debt.state) == ("outcome", "payer", "open")
    )
    return max(0, sum(one.left for one in recent) - owed)


def back_of(flow: Outflow, minor: int) -> tuple[int, int]:
    """Let so much of a release go back: the fee that comes back with it, and what is spent of it, in proportion."""
    due = whole(Fraction(flow.fee) * (flow.back + minor) / flow.gross) - flow.back_fee
    spent = whole(Fraction(sum(flow.taken.values())) * (flow.back + minor) / flow.gross) - flow.back_spent
    flow.back += minor
    flow.back_fee += due
    flow.back_spent += spent
    return due, spent


def take_back(flows: list[Outflow], minor: int) -> list[tuple[Outflow, int, int, int]]:
    """Take a sum back out of releases, the newest first: of each how much, of its fee, and of what fees took of it."""
    found = []
    for flow in reversed(flows):
        part = min(flow.left, minor)
        if part:
            found.append((flow, part, *back_of(flow, part)))
            minor -= part
    return found


def preview(work: Work, minor: int) -> list[tuple[Outflow, int, int, int]]:
    """What would go back of releases that have left, without doing it."""
    flows = deepcopy(work.outflows)
    clears = [one for one in flows if not one.cleared]
    minor = min(minor, sum(one.left for one in flows))
    first = take_back(clears, min(minor, sum(one.left for one in clears)))
    return first + take_back([one for one in flows if one.cleared], minor - sum(part for _, part, _, _ in first))


def out_of_clearing(world: World, work: Work, minor: int, to: str = "payer") -> tuple[list[Line], int]:
    """Take back what still clears, the newest first: the lines, and what the payee owes for fees that are spent."""
    leaving.begin(world, work)
    lines: list[Line] = []
    owed = 0
    borne = work.rules.get("escrow.service_fee.on_refund")
    for _, part, fee, spent in take_back([one for one in work.outflows if not one.cleared], minor):
        place = f"clearing:{work.id}"
        lines += [(place, "world:authority", part - fee - spent, work.currency)] if to == "authority" else []
        lines += world.paid(place, "payer", part - fee - spent, work.currency) if to == "payer" else []
        if borne == "reversed":
            lines += world.paid("world:platform", "payer", fee, work.currency) if to == "payer" else []
            lines += [("world:platform", "world:authority", fee, work.currency)] if to == "authority" else []
        owed += spent + (fee if borne == "payee" else 0)
    lines += leaving.fees_back(world, work, minor) if minor else []
    return lines, owed


def divide(world: World, work: Work, case: Case, to_payee: int, code: str, kind: str | None, cost: int) -> None:
    """Divide the stake: what the payee was paid before counts first, then what clears, then what is held."""
    held, clears = world.held(work), clearing(work)
    cost = min(cost, held)
    part = max(0, to_payee - case.before)
    owed = max(0, case.before - to_payee)
    lines: list[Line] = [(f"escrow:{work.id}", f"world:{cost_to(case)}", cost, work.currency)]
    fresh = max(0, min(part - clears, held - cost))
    back = max(0, clears - part)
    lines += leaving.out(world, work, fresh, held - cost - fresh)
    cleared_back, fee_owed = out_of_clearing(world, work, back)
    lines += cleared_back
    advanced = owed if case.rules.get("dispute.advance") == "platform" else 0
    lines += world.paid("world:platform", "payer", advanced, work.currency)
    world.post(lines, code, kind or kind_of(code), of=work)
    divided: list[Line] = [("", "payee", to_payee, work.currency), ("", "payer", owed, work.currency)]
    leaving.note_outcome(work, code, kind or kind_of(code), lines + divided)
    fee_back = sum(one[2] for one in preview(work, advanced))
    fee_back = fee_back if work.rules.get("escrow.service_fee.on_refund") == "reversed" else 0
    more = {"to_payee": to_payee, "owed": owed, "advanced": advanced, "fee_owed": fee_owed, "fee_back": fee_back}
    world.happen("escrow.divided", work, "rules", **more)


def reclaimed(world: World, work: Work, minor: int) -> None:
    """What was owed for released money has come back: so much was released no longer."""
    left = min(minor, sum(one.left for one in work.outflows))
    clears = [one for one in work.outflows if not one.cleared]
    first = take_back(clears, min(left, sum(one.left for one in clears)))
    take_back([one for one in work.outflows if one.cleared], left - sum(part for _, part, _, _ in first))
    world.happen("escrow.reclaimed", work, "rules")


def cost_to(case: Case) -> str:
    """Who earns a fee out of the pot."""
    return str(case.rules.get("arbitration.fee.paid_to"))


def owe(world: World, work: Work, debtor: str, creditor: str, minor: int, cause: str, **about: Any) -> None:
    """One owes another."""
    work.debts.append(Debt(debtor, creditor, minor, cause, about=about))
    world.happen("obligation.opened", work, "rules")
