"""Money that is disposed of from outside: a seizure, a court's order, the longest holding time, dormancy."""

from __future__ import annotations

from typing import Any

from escrowkit.testing.oracle import leaving, stakes
from escrowkit.testing.oracle.arguments import sums
from escrowkit.testing.oracle.leaving import clearing
from escrowkit.testing.oracle.said import Line
from escrowkit.testing.oracle.sums import for_payee
from escrowkit.testing.oracle.world import PARTIES, Work, World, need

Said = dict[str, Any]


def dispose(
    world: World,
    work: Work,
    name: str,
    by: str,
    payee: int,
    code: str,
    *,
    all_in: bool,
    cost: tuple[int, str] = (0, ""),
) -> None:
    """Dispose of all that is held, with `all_in` of what clears as well: costs, the payee's part, the rest back."""
    held = world.held(work) - cost[0]
    there = clearing(work) if all_in else 0
    fresh = max(0, payee - there)
    lines: list[Line] = [(f"escrow:{work.id}", f"world:{cost[1]}", cost[0], work.currency)]
    lines += leaving.out(world, work, fresh, held - fresh, clears=False)
    back, owed = stakes.out_of_clearing(world, work, max(0, there - payee))
    leaving.leave(world, work, lines + back, code, fresh, held - fresh)
    world.happen(name, work, by, fee_owed=owed, code=code)


def seize(world: World, work: Work, by: str, said: Said) -> None:
    """The platform takes all for fraud or illegality."""
    held, clears = world.held(work), clearing(work)
    to, pot, owed = said["to"], f"escrow:{work.id}", 0
    lines: list[Line] = []
    if to == "payee":
        lines = leaving.out(world, work, held, 0, seized=True, clears=False)
    else:
        if to == "authority":
            leaving.begin(world, work)
            work.facts["gone"] = leaving.gone(work) + held
            lines = [(pot, "world:authority", held, work.currency)]
            lines += leaving.fees_back(world, work, held) if held else []
        else:
            lines = leaving.out(world, work, 0, held, seized=True)
        back, owed = stakes.out_of_clearing(world, work, clears, to)
        lines += back
    leaving.leave(world, work, lines, "platform_seized", 0, 0)
    world.happen("escrow.seized", work, by, fee_owed=owed, code="platform_seized")


def obey(world: World, work: Work, by: str, said: Said) -> None:
    """A court's order is obeyed; costs go to a third party that it names."""
    costs, to = said.get("costs"), said.get("costs_to")
    need((costs is None) == (to is None) and to not in (*PARTIES, *world.parties.values()), "bad-argument")
    sums(said, work.currency)
    minor = costs[0] if costs else 0
    payee = said["to_payee"][0]
    need(payee + minor <= world.held(work) + clearing(work) and minor <= world.held(work), "over-held")
    dispose(world, work, "escrow.order_obeyed", by, payee, "court_ordered", all_in=True, cost=(minor, to or ""))


def end_hold(world: World, work: Work, key: str, code: str) -> None:
    """The longest time that money may be held was over, or nobody did anything for too long."""
    all_in = code == "hold_limit_reached" and work.open_case is not None
    whole = world.held(work) + (clearing(work) if all_in else 0)
    says = work.rules.raw(key)
    part = for_payee(says, whole, work.rules.raw("money.remainder_to"))
    dispose(world, work, "escrow.hold_ended", "clock", part, code, all_in=all_in)


def override(world: World, work: Work, code: str) -> None:
    """The stake is gone: the dispute ends without a judgment."""
    case = work.open_case
    if case is not None:
        case.state = "overridden"
        case.facts["out of time"] = code == "hold_limit_reached"
        world.happen("dispute.overridden", work, "rules", case=case)
