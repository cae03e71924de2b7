"""Mediation: a neutral who may talk, recommend or decide, as the rulebook says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escrowkit.testing.oracle import disputes, steps
from escrowkit.testing.oracle.arguments import sums
from escrowkit.testing.oracle.cases import Case
from escrowkit.testing.oracle.said import Refusal
from escrowkit.testing.oracle.sums import for_payee
from escrowkit.testing.oracle.world import PARTIES, Work, World, need

Said = dict[str, Any]
IN = {
    "assign": ("requested",),
    "replace": ("sitting", "recommended"),
    "recommend": ("sitting",),
    "accept": ("recommended",),
    "reject": ("recommended",),
    "decide": ("sitting", "recommended"),
    "fail": ("sitting", "recommended"),
}


def power(case: Case) -> str:
    """What the mediator may do, as it was shown when the dispute opened; it may depend on the stake of then."""
    said = case.rules.get("mediation.power")
    if isinstance(said, Mapping):
        small = case.facts["stake at first"] < case.rules.of_table(said["below"], case.work.currency)
        return str(said["small"] if small else said["otherwise"])
    return str(said)


def open_mediation(world: World, case: Case) -> None:
    """The dispute goes to mediation."""
    case.mediation = "requested"
    case.facts["mediation opened"] = world.now
    case.facts["power"] = power(case)
    world.happen("mediation.opened", case.work, "rules")


def move(world: World, work: Work, by: str, said: Said, word: str) -> None:
    """A command to the mediation."""
    case: Case | None = work.case
    if case is None or case.mediation not in IN.get(word, ()):
        raise Refusal("no-such-move")
    if word in ("assign", "replace"):
        _seat(world, case, by, said, word)
    elif word in ("accept", "reject"):
        _answer(world, case, by, said, word)
    else:
        need(by == "mediator", "not-your-move")
        _speak(world, case, said, word)


def _seat(world: World, case: Case, by: str, said: Said, word: str) -> None:
    need(by == "platform", "not-your-move")
    need(said["mediator"] not in world.parties.values(), "bad-argument")
    sit(world, case)
    world.happen(f"mediation.{word}{'ed' if word == 'assign' else 'd'}", case.work, by)


def sit(world: World, case: Case) -> None:
    """A mediator sits; what was recommended is void."""
    case.mediation = "sitting"
    case.facts["seated"] = world.now
    case.facts["recommended"] = None
    case.facts["accepted"] = []


def _answer(world: World, case: Case, by: str, said: Said, word: str) -> None:
    need(by in PARTIES, "not-your-move")
    sums(said, case.work.currency)
    need(said["to_payee"][0] == case.facts["recommended"], "terms-changed")
    steps.free(case.work)
    if word == "reject":
        fail(world, case, "rejected", by)
        return
    accepted = case.facts["accepted"]
    accepted.append(by)
    if set(accepted) == set(PARTIES):
        case.mediation = "agreed"
    world.happen("mediation.accepted", case.work, by, case=case)


def _speak(world: World, case: Case, said: Said, word: str) -> None:
    if word == "recommend":
        need(case.facts["power"] in ("recommend", "decide"), "not-your-move")
        sums(said, case.work.currency)
        need(0 <= said["to_payee"][0] <= case.stake, "bad-amount")
        steps.free(case.work)
        case.mediation = "recommended"
        case.facts |= {"recommended": said["to_payee"][0], "recommended at": world.now, "accepted": []}
        world.happen("mediation.recommended", case.work, "mediator")
    elif word == "decide":
        need(case.facts["power"] == "decide", "not-your-move")
        sums(said, case.work.currency)
        part = said["to_payee"][0]
        need(0 <= part <= case.stake, "bad-amount")
        need(_negotiated(world, case), "not-now")
        need(part == case.stake or _proved(case), "not-now")
        steps.free(case.work)
        case.mediation = "decided"
        world.happen("mediation.decided", case.work, "mediator", case=case, to_payee=part)
    else:
        steps.free(case.work)
        fail(world, case, "failed", "mediator")


def _negotiated(world: World, case: Case) -> bool:
    after = case.rules.get("mediation.decide.after")
    if after is None or case.rules.days.after(case.facts["mediation opened"], after) <= world.now:
        return True
    rounds = case.rules.get("dispute.offers.rounds")
    made = [len([one for one in case.offers if one.by == side]) for side in PARTIES]
    return rounds is not None and min(made) >= rounds


def _proved(case: Case) -> bool:
    wanted = case.rules.get("mediation.refund_needs")
    if wanted is None:
        return True
    fact = str(wanted).removeprefix("attested:")
    return any(one["fact"] == fact for one in case.work.all("milestone.attested"))


def fail(world: World, case: Case, word: str, by: str) -> None:
    """The mediation has failed."""
    case.mediation = "failed"
    case.facts["failed by"] = by
    world.happen(f"mediation.{word}", case.work, by, case=case)


def after_failure(world: World, case: Case) -> None:
    """What follows a failed mediation: the next stage, or the rulebook's answer."""
    says = case.rules.get("mediation.on_failure")
    for one in says if isinstance(says, list) else [says]:
        if one == "next_stage":
            if case.next_stage() is None:
                continue
            if case.rules.raw("dispute.escalate.when") == "at once":
                world.then(lambda w: disputes.escalate(w, case, "rules"))
            return
        if one in ("stays", "unknown", "contested", "declined", "rejected"):
            return
        part = _share(case, one)
        if part is not None:
            code = "award_lapsed" if case.facts["failed by"] == "clock" else "refused_to_rule"
            world.then(disputes.conclude, case, part, code)
            return


def _share(case: Case, says: Any) -> int | None:
    if says == "recommendation":
        part: int | None = case.facts.get("recommended")
        return part
    return for_payee(says, case.stake, case.rules.raw("money.remainder_to"))
