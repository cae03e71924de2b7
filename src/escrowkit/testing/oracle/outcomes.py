"""What follows in a case: stages open and close, and an outcome divides the stake."""

from __future__ import annotations

from escrowkit.testing.oracle import casetime, disputes, feesin, helping, judging, leaving, stakes, steps
from escrowkit.testing.oracle.cases import Case
from escrowkit.testing.oracle.said import Happening
from escrowkit.testing.oracle.world import PARTIES, Work, World

ENDED = (
    "dispute.concluded",
    "dispute.conceded",
    "dispute.offer_accepted",
    "dispute.offer_stands",
    "dispute.defaulted",
    "dispute.small_pot_divided",
)
THAWED = ("dispute.withdrawn", "dispute.dropped")
SETTLED = (
    "arbitration.awarded",
    "arbitration.award_stands",
    "arbitration.nobody_paid",
    "arbitration.only_one_paid",
    "arbitration.refused",
    "arbitration.award_lapsed",
    "arbitration.closed",
)


def follow(world: World, work: Work, what: Happening) -> None:
    """Queue what the rules say in a case when this happened."""
    name, case = what.name, work.case
    if name == "milestone.review_escalated":
        world.then(disputes.begin, work, "rules", None)
    if case is None:
        return
    if name == "dispute.opened":
        _opened(world, work, case)
    if name in ("dispute.contested", "dispute.proceeded", "dispute.silence_contests") and case.state == "contested":
        _goes_on(world, case)
    if name == "dispute.escalated":
        world.then(helping.open_mediation if what["stage"] == "mediation" else judging.open_arbitration, case)
    if name in ("mediation.accepted", "mediation.deemed_accepted") and case.mediation == "agreed":
        world.then(_recommended, case, "procedure" if name == "mediation.deemed_accepted" else "agreement")
    if name == "mediation.decided":
        world.then(disputes.conclude, case, what["to_payee"], "mediator_decided")
    if name in ("mediation.rejected", "mediation.failed", "mediation.lapsed"):
        helping.after_failure(world, case)
    _judged(world, case, name)
    if name in SETTLED and case.arbitration in ("final", "refused", "forfeited", "closed"):
        world.then(feesin.settle_fees, case, name.split(".")[1])
    if name in ENDED:
        cost = what.more.get("cost", 0)
        world.then(stakes.divide, work, case, what["to_payee"], what["code"], what.more.get("kind"), cost)
        _close_stages(world, case)
    if name == "escrow.divided":
        _divided(world, work, case, what)
    if name in THAWED:
        if work.facts.get("frozen"):
            world.then(_thaw, work)
        if work.state == "disputed":
            world.then(_resume, work)
        _close_stages(world, case)
    if name == "dispute.overridden":
        _close_stages(world, case)
    if name == "escrow.conceded" and work.open_case:
        part = case.stake if what["to"] == "payee" else case.before
        world.then(disputes.conclude, case, part, "claim_conceded")


def _opened(world: World, work: Work, case: Case) -> None:
    if work.pot not in (None, "settled"):
        world.then(_freeze, work)
    if not work.is_over:
        world.then(steps.suspended_by_dispute, work)
    if not case.must:
        world.then(_proceed, case)


def _freeze(world: World, work: Work) -> None:
    work.facts["frozen"] = True
    world.happen("escrow.frozen", work, "rules")


def _thaw(world: World, work: Work) -> None:
    work.facts["frozen"] = False
    world.happen("escrow.thawed", work, "rules")


def _resume(world: World, work: Work) -> None:
    steps.back(work)
    world.happen("milestone.resumed", work, "rules")


def _proceed(world: World, case: Case) -> None:
    disputes.contested(world, case)
    world.happen("dispute.proceeded", case.work, "rules")


def _goes_on(world: World, case: Case) -> None:
    if case.rules.raw("dispute.escalate.when") == "at once" and case.next_stage() is not None:
        world.then(disputes.escalate, case, "rules")


def _judged(world: World, case: Case, name: str) -> None:
    """What ends an arbitration ends the dispute, as the rulebook says."""
    rules, cost = case.rules, judging.cost(world, case)
    if name in ("arbitration.awarded", "arbitration.award_stands") and case.arbitration == "final":
        world.then(disputes.conclude, case, case.facts["award"], "awarded", cost)
    elif name == "arbitration.nobody_paid":
        part = _out_of(case, "none_paid", None)
        if part is None:
            world.then(casetime.drop, case, "rules")
        else:
            world.then(disputes.conclude, case, part, "nobody_paid_fee")
    elif name == "arbitration.only_one_paid":
        part = _out_of(case, "one_paid", judging.only_payer_of_fee(case))
        silent = [side for side in PARTIES if side not in case.facts["paid"]]
        world.then(_defaulted_fee, case, part, silent)
    elif name == "arbitration.refused":
        world.then(disputes.conclude, case, judging.refusal_share(case), "refused_to_rule")
    elif name == "arbitration.award_lapsed":
        part = casetime.share(case, rules.raw("arbitration.award.on_silence"), None)
        world.then(disputes.conclude, case, part, "award_lapsed")


def _recommended(world: World, case: Case, kind: str) -> None:
    disputes.conclude(world, case, case.facts["recommended"], "recommendation_accepted", kind=kind)


def _defaulted_fee(world: World, case: Case, part: int, silent: list[str]) -> None:
    disputes.conclude(world, case, part, "only_one_paid_fee", silent=silent)


def _out_of(case: Case, rule: str, winner: str | None) -> int | None:
    part = casetime.share(case, case.rules.raw(f"arbitration.{rule}.gets"), winner)
    if part is not None and case.rules.raw(f"arbitration.{rule}.out_of") == "held":
        return max(part, case.before)
    return part


def _close_stages(world: World, case: Case) -> None:
    if case.mediation in ("requested", "sitting", "recommended"):
        world.then(_close, case, "mediation")
    if case.arbitration in ("offered", "half_funded", "funded", "hearing", "awarded", "appealed"):
        world.then(_close, case, "arbitration")


def _close(world: World, case: Case, stage: str) -> None:
    setattr(case, stage, "closed")
    world.happen(f"{stage}.closed", case.work, "rules")


def _divided(world: World, work: Work, case: Case, what: Happening) -> None:
    if what["advanced"]:
        world.then(stakes.reclaimed, work, what["owed"])
    if what["owed"]:
        creditor = "platform" if what["advanced"] else "payer"
        world.then(stakes.owe, work, "payee", creditor, what["owed"] - what["fee_back"], "outcome")
    if not work.is_over:
        world.then(steps.conclude, work, None, leaving.released(work) > what["owed"])
