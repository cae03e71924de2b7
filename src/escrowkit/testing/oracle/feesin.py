"""The fee of an arbitration: what it is, who earned it, who bears it, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from escrowkit.testing.oracle.cases import Case
from escrowkit.testing.oracle.leaving import said_fee
from escrowkit.testing.oracle.rules import percent
from escrowkit.testing.oracle.said import Line
from escrowkit.testing.oracle.sums import for_payee, shared, tariff, whole
from escrowkit.testing.oracle.world import PARTIES, World


def hundredths(case: Case) -> int:
    """A fee that is a rate of the stake, with its floor and its cap."""
    return tariff(case.rules, said_fee(case.work, "arbitration.fee"), case.stake, case.work.currency)


def deposits(world: World, case: Case) -> dict[str, int]:
    """What lies in the deposits of the case."""
    found = {side: world.at(f"deposit:{case.name}:{side}", case.work.currency) for side in (*PARTIES, "platform")}
    return {side: minor for side, minor in found.items() if minor}


def settle_fees(world: World, case: Case, how: str) -> None:
    """The arbitration has ended: what was earned goes to who earned it, the rest back."""
    inside = deposits(world, case)
    keeps = kept(world, case, inside, how)
    lines: list[Line] = []
    for side, minor in inside.items():
        place, keep = f"deposit:{case.name}:{side}", keeps.get(side, 0)
        lines.append((place, f"world:{case.rules.get('arbitration.fee.paid_to')}", keep, case.work.currency))
        if side == "platform":
            lines.append((place, "world:platform", minor - keep, case.work.currency))
        else:
            lines += world.paid(place, side, minor - keep, case.work.currency)
    world.post(lines)
    world.happen("arbitration.fees_settled", case.work, "rules")


def kept(world: World, case: Case, inside: dict[str, int], how: str) -> dict[str, int]:
    """What of each deposit does not come back."""
    rules, heard = case.rules, case.facts.get("hearings", 0)
    refund = rules.get("arbitration.fee.refund")
    if refund == "decaying" and not heard and how != "award_lapsed":
        return _decayed(world, case, inside)
    ruled = how == "refused" or "award" in case.facts
    if how == "award_lapsed" or not heard or (not ruled and case.facts.get("out of time")):
        return {}
    if refund == "winner" and ruled:
        return {side: minor - _won_back(case, side, minor, how, heard) for side, minor in inside.items()}
    weights = _weights(case, how) if ruled else dict(case.facts["shares"])
    return _spread(min(_cost(case) * heard, sum(inside.values())), weights, inside)


def _cost(case: Case) -> int:
    """What the arbitrator earns for one hearing."""
    shares = case.facts["shares"]
    parties = [shares.get(side, 0) for side in PARTIES]
    total: int = sum(shares.values())
    return max(parties) if case.rules.get("arbitration.fee.cost") == "one_share" else total


def _won_back(case: Case, side: str, minor: int, how: str, heard: int) -> int:
    """The winner's own share; half of each party's, if nobody won; of an odd unit the larger half is earned."""
    if side == "platform":
        return 0
    lost = losses(case, how)
    own: int = min(case.facts["shares"].get(side, 0) * heard, minor)
    if how == "refused" or lost["payer"] == lost["payee"]:
        return own // 2
    return own if lost[side] == min(lost.values()) else 0


def _weights(case: Case, how: str) -> dict[str, int]:
    borne, even = case.rules.get("arbitration.fee.borne"), {"payer": 1, "payee": 1}
    if borne == "each":
        return dict(case.facts["shares"])
    if how == "refused":
        return _as_divided(case)
    lost = losses(case, how)
    if borne == "loser" and lost["payer"] != lost["payee"]:
        return {side: int(lost[side] == max(lost.values())) for side in PARTIES}
    return lost if borne == "by_share_lost" and any(lost.values()) else even


def _as_divided(case: Case) -> dict[str, int]:
    """The fees of a refusal are borne in the shares in which the stake is divided."""
    says = case.rules.get("arbitration.refusal.divide")
    says = says[0] if isinstance(says, list) else says
    if isinstance(says, Mapping):
        return {side: int(percent(says.get(side, "0%")) * 10**6) for side in PARTIES}
    return {"payer": int(says != "payee"), "payee": int(says != "payer")}


def _spread(earned: int, weights: dict[str, int], inside: dict[str, int]) -> dict[str, int]:
    """By weights, at most what was paid in; the others bear what is short."""
    sides = [side for side in (*PARTIES, "platform") if weights.get(side)]
    if not earned or not sides:
        return {}
    parts = dict(zip(sides, shared(earned, [weights[side] for side in sides]), strict=True))
    found = {side: min(parts.get(side, 0), minor) for side, minor in inside.items()}
    for side in inside:
        found[side] += min(earned - sum(found.values()), inside[side] - found[side])
    return found


def losses(case: Case, how: str) -> dict[str, int]:
    """How much of what both claimed each side lost."""
    if how == "refused":
        says = case.rules.get("arbitration.refusal.divide")
        part = for_payee(says, case.stake, case.rules.get("money.remainder_to"))
        return {"payer": part, "payee": case.stake - part}
    end = case.facts.get("end")
    given = case.stake if end is None else end["to_payee"]
    got = {"payee": given, "payer": case.stake - given}
    contested = max(0, sum(case.claim(side) for side in PARTIES) - case.stake)
    return {side: min(max(0, case.claim(side) - got[side]), contested) for side in PARTIES}


def _decayed(world: World, case: Case, inside: dict[str, int]) -> dict[str, int]:
    start = case.facts.get("first paid at")
    if start is None:
        return {}
    steps = case.rules.get("arbitration.fee.decay") or []
    running = [percent(one["back"]) for one in steps if case.rules.days.after(start, one["within"]) > world.now]
    back = running[0] if running else Fraction(0)
    least = case.rules.amount("arbitration.fee.kept", case.work.currency) or 0
    return {side: min(minor, max(minor - whole(minor * back), least)) for side, minor in inside.items()}
