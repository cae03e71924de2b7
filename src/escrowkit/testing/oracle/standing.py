"""How the sides behave, and what each may say of the other when a milestone is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from escrowkit.testing.oracle import pots, steps
from escrowkit.testing.oracle.cases import Case
from escrowkit.testing.oracle.leaving import released
from escrowkit.testing.oracle.said import Happening, Refusal
from escrowkit.testing.oracle.world import ARRIVALS, PARTIES, Work, World, need, other

Said = dict[str, Any]
#: With what a milestone is over.
OVER = (
    "milestone.completed",
    "milestone.cancelled",
    "milestone.cancel_agreed",
    "milestone.release_agreed",
    "milestone.silence_divided",
    "milestone.concluded",
)


@dataclass
class Conduct:
    """How a side stands: its strikes, and the rights that it lacks, and until when (None: until given back)."""

    state: str = "good"
    strikes: int = 0
    taken: dict[str, datetime | None] = field(default_factory=dict)
    freezes: bool = False

    def lacks(self, right: str, at: datetime) -> bool:
        """Whether a right is taken at an instant."""
        if right not in self.taken:
            return False
        until = self.taken[right]
        return until is None or at < until


@dataclass
class Feedback:
    """What the sides say of one another: who has no right to, and who has written."""

    state: str
    opened: datetime
    withheld: list[str]
    written: list[str] = field(default_factory=list)


def of(world: World, role: str) -> Conduct:
    """The conduct of a side."""
    found: Conduct = world.conduct.setdefault(role, Conduct())
    return found


# -- conduct ---------------------------------------------------------------------------------------------------------


def move(world: World, by: str, said: Said, word: str) -> None:
    """A command about the conduct of a side."""
    need(said["role"] in PARTIES, "bad-argument")
    conduct = world.conduct.get(said["role"]) or Conduct()
    need(conduct.state in IN[word], "no-such-move")
    need(by == "platform" or (by == "mediator" and word == "strike"), "not-your-move")
    conduct = of(world, said["role"])
    if word == "strike":
        _strike(world, conduct, by)
    elif word == "forgive":
        conduct.state, conduct.strikes = "good", 0
        conduct.taken.pop("writing", None)
        world.happen("conduct.forgiven", None, by)
    elif word == "reinstate":
        conduct.state, conduct.freezes = "warned", False
        world.happen("conduct.reinstated", None, by)
    else:
        conduct.state = "suspended" if word == "suspend" else "excluded"
        conduct.freezes = True
        world.happen("conduct.suspended" if word == "suspend" else "conduct.excluded", None, by)


IN = {
    "strike": ("good", "warned", "suspended"),
    "forgive": ("warned",),
    "suspend": ("good", "warned"),
    "reinstate": ("suspended",),
    "exclude": ("good", "warned", "suspended"),
}


def _strike(world: World, conduct: Conduct, by: str) -> None:
    rules = world.rules
    mute_after = rules.get("conduct.strikes.mute_after")
    suspend_after = rules.get("conduct.strikes.suspend_after")
    conduct.strikes += 1
    if mute_after and conduct.strikes >= mute_after:
        period = rules.get("conduct.strikes.mute_for")
        conduct.taken["writing"] = None if period is None else rules.days.after(world.now, period)
    out = conduct.state != "suspended" and suspend_after and conduct.strikes >= suspend_after
    if conduct.state != "suspended":
        conduct.state = "suspended" if out else "warned"
    conduct.freezes = conduct.freezes or bool(out and by == "platform")
    world.happen("conduct.struck_out" if out else "conduct.struck", None, by)


def restrict(world: World, by: str, said: Said) -> None:
    """Take a right, or give it back."""
    need(by in ("platform", "mediator"), "not-your-move")
    conduct = of(world, said["role"])
    until = said.get("until")
    if until is not None and until <= world.now:
        conduct.taken.pop(said["right"], None)
    else:
        conduct.taken[said["right"]] = until
    world.happen("agreement.restricted", None, by)


def is_frozen(world: World) -> bool:
    """Whether the platform has suspended a side, so that money that arrives is frozen too."""
    return any(one.freezes for one in world.conduct.values())


def follow_conduct(world: World, what: Happening) -> None:
    """A suspension by the platform impounds what is held; its end gives it free."""
    if what.name in ("conduct.suspended", "conduct.struck_out", "conduct.excluded") and what.by == "platform":
        for work in world.each():
            if pots.state(work) in ("held", "frozen", "clearing"):
                world.then(_hold, work)
    if what.name == "conduct.reinstated" and not is_frozen(world):
        for work in world.each():
            if pots.state(work) == "impounded" and work.facts.get("by suspension"):
                world.then(pots.lift, work, "rules")


def _hold(world: World, work: Work) -> None:
    work.facts["by suspension"] = True
    pots.impound(world, work, "rules")


def hold_what_arrives(world: World, work: Work) -> None:
    """What arrives while a side is suspended is frozen too."""
    if is_frozen(world) and pots.state(work) in ("held", "frozen", "clearing"):
        world.then(_hold, work)


# -- defaults --------------------------------------------------------------------------------------------------------


def defaulters(case: Case) -> list[str]:
    """Who lost the dispute, in part or whole, by its own silence."""
    end = case.facts.get("end")
    if end is None:
        return []
    silent = list(end.more.get("silent") or [])
    lost = {"payer": end["to_payee"] > 0, "payee": end["to_payee"] < case.stake}
    return [side for side in PARTIES if side in silent and lost[side]]


def suspend_defaulters(world: World, case: Case) -> None:
    """A default suspends, where the rulebook says so; it impounds nothing."""
    if case.rules.raw("conduct.default_suspends") is not True:
        return
    for side in defaulters(case):
        if (world.conduct.get(side) or Conduct()).state in ("good", "warned"):
            world.then(_suspend, side)


def _suspend(world: World, side: str) -> None:
    of(world, side).state = "suspended"
    world.happen("conduct.suspended", None, "rules")


# -- feedback --------------------------------------------------------------------------------------------------------


def withheld(work: Work) -> list[str]:
    """Who has no right to give feedback, by the outcome."""
    said = work.rules.raw("conduct.feedback.withheld_from")
    rules = said if isinstance(said, list) else []
    lost = [side for case in work.cases for side in defaulters(case)]
    found = []
    for side in PARTIES:
        refunded = side == "payer" and not released(work)
        if ("defaulted" in rules and side in lost) or ("refunded" in rules and refunded):
            found.append(side)
    return found


def follow_feedback(world: World, work: Work, what: Happening) -> None:
    """Feedback opens when a milestone that ever held money is over; a later outcome may change who has the right."""
    if what.name not in (*OVER, "escrow.divided") or not work.is_over or not work.rules.has("conduct.feedback.within"):
        return
    if not work.all(*ARRIVALS):
        return
    feedback: Feedback | None = work.facts.get("feedback")
    if feedback is None:
        world.then(_open, work)
    elif feedback.state in ("open", "half_written") and withheld(work) != feedback.withheld:
        world.then(_revise, work)


def _open(world: World, work: Work) -> None:
    if "feedback" in work.facts:
        return
    sides = withheld(work)
    work.facts["feedback"] = Feedback("closed" if len(sides) == 2 else "open", world.now, sides)
    world.happen("feedback.opened", work, "rules")


def _revise(world: World, work: Work) -> None:
    work.facts["feedback"].withheld = withheld(work)
    world.happen("feedback.revised", work, "rules")


def write(world: World, work: Work, by: str, said: Said) -> None:
    """A side rates the other."""
    feedback: Feedback | None = work.facts.get("feedback")
    if feedback is None or feedback.state not in ("open", "half_written"):
        raise Refusal("no-such-move")
    need(by in PARTIES, "not-your-move")
    need(1 <= said["score"] <= work.rules.get("conduct.feedback.scale"), "bad-argument")
    need(by not in feedback.withheld, "not-your-move")
    need(by not in feedback.written, "not-now")
    need(not (world.conduct.get(by) or Conduct()).lacks("rating", world.now), "not-now")
    need(work.open_case is None, "not-now")
    steps.may_say(world, by, said.get("comment"))
    feedback.written.append(by)
    alone = other(by) in feedback.withheld
    feedback.state = "published" if feedback.state == "half_written" or alone else "half_written"
    world.happen("feedback.written", work, by)


def window_over(world: World, work: Work) -> None:
    """The time to give feedback is over: what was written is published."""
    feedback: Feedback = work.facts["feedback"]
    feedback.state = "published" if feedback.state == "half_written" else "closed"
    world.happen("feedback.window_closed", work, "clock")
