"""What each side, a neutral and the platform may do in a dispute."""

from __future__ import annotations

from typing import Any

from escrowkit.testing.oracle import stakes, steps
from escrowkit.testing.oracle.arguments import sums
from escrowkit.testing.oracle.cases import Case, Offer, sides_to_answer
from escrowkit.testing.oracle.conditions import entered
from escrowkit.testing.oracle.leaving import clearing, kind_of
from escrowkit.testing.oracle.rules import Rules
from escrowkit.testing.oracle.said import Happening, Refusal
from escrowkit.testing.oracle.sums import for_payee
from escrowkit.testing.oracle.world import PARTIES, Work, World, need, other

Said = dict[str, Any]


def move(world: World, work: Work, by: str, said: Said, word: str) -> None:
    """A command to the dispute over a milestone."""
    case: Case | None = work.open_case
    if word == "open":
        need(case is None, "no-such-move")
        _open(world, work, by, said)
        return
    if case is None:
        raise Refusal("no-such-move")
    if word in ("contest", "concede"):
        need(case.state == "opened", "no-such-move")
        (_contest if word == "contest" else _concede)(world, case, by, said)
    elif word == "escalate":
        need(case.state != "arbitrated", "no-such-move")
        _escalate(world, case, by)
    elif word == "offer":
        _offer(world, case, by, said)
    elif word in ("accept_offer", "decline_offer"):
        _answer_offer(world, case, by, said, word)
    elif word == "withdraw":
        _withdraw(world, case, by)
    elif word == "add_evidence":
        _add_evidence(world, case, by)
    else:
        raise Refusal("no-such-move")


# -- opening ---------------------------------------------------------------------------------------------------------


#: What must be settled before anything is said of a claim.
ASKED = (
    "dispute.lookback",
    "dispute.open_in",
    "dispute.open_needs",
    "dispute.open_after.period",
    "dispute.open_after.since",
    "dispute.reopen",
)


def _open(world: World, work: Work, by: str, said: Said) -> None:
    need(by in (*PARTIES, "platform") or by.startswith("witness:"), "not-your-move")
    rules = work.rules
    need(rules.lets("dispute.open_by", by), "not-your-move")
    claim = said["claim"][0]
    for key in ASKED:
        rules.get(key)
    sums(said, work.currency)
    there = world.held(work) + clearing(work)
    cap = there + (stakes.within_lookback(world, work) if by == "payer" else 0)
    need(cap > 0 and claim <= cap, "over-claim-cap")
    need(work.state in rules.get("dispute.open_in"), "not-now")
    need(rules.get("dispute.open_needs") != "proposal" or bool(work.facts.get("proposal")), "not-now")
    need(_waited_to_open(world, work), "not-now")
    need(_may_again(work), "not-now")
    steps.may_move(work, by)
    steps.may_say(world, by, said.get("reason"))
    begin(world, work, by, claim)


def _waited_to_open(world: World, work: Work) -> bool:
    if not work.rules.has("dispute.open_after.period"):
        return True
    since = work.rules.get("dispute.open_after.since")
    start = entered(work, since)
    return start is None or work.rules.days.after(start, work.rules.get("dispute.open_after.period")) <= world.now


def _may_again(work: Work) -> bool:
    reopen = work.rules.get("dispute.reopen")
    if reopen == "always" or not work.cases:
        return True
    return reopen == "once_a_submission" and not work.since("milestone.submitted", "dispute.opened")


def begin(world: World, work: Work, by: str, claim: int | None) -> None:
    """A dispute opens over what is held and clears, and over what the payer claims beyond that."""
    there = world.held(work) + clearing(work)
    before = max(0, (claim or 0) - there) if by == "payer" else 0
    claims = {by: claim} if claim is not None and by in PARTIES else {}
    case = Case(work, len(work.cases) + 1, by, world.now, there + before, before, claims, [], [])
    case.facts["stake at first"] = case.stake
    case.must = list(PARTIES) if by == "rules" else sides_to_answer(work.rules, by)
    case.must = [one for one in case.must if work.rules.has(f"dispute.answer.{one}.within")]
    case.stages = stages(work.rules, case.stake, work.currency)
    work.cases.append(case)
    world.happen("dispute.opened", work, by)


def stages(rules: Rules, stake: int, currency: str) -> list[str]:
    """The stages that a stake of this size can reach."""
    least = rules.amount("arbitration.eligible.stake_from", currency)
    said = list(rules.get("dispute.stages"))
    return [one for one in said if one != "arbitration" or least is None or stake >= least]


# -- answering -------------------------------------------------------------------------------------------------------


def _contest(world: World, case: Case, by: str, said: Said) -> None:
    need(by in PARTIES, "not-your-move")
    need(by in case.silent, "not-your-move")
    claim = case.stake if said.get("claim") is None else said["claim"][0]
    sums(said, case.work.currency)
    need(claim + case.claim(other(by)) > case.stake, "bad-amount")
    need(claim <= case.stake, "over-claim-cap")
    steps.free(case.work)
    steps.may_say(world, by, said.get("reply"))
    case.claims[by] = claim
    case.answered.append(by)
    if not case.silent:
        contested(world, case)
    world.happen("dispute.contested", case.work, by)


def contested(world: World, case: Case) -> None:
    """The dispute is contested from now on."""
    case.state = "contested"
    case.contested = world.now


def _concede(world: World, case: Case, by: str, said: Said) -> None:
    need(by in PARTIES, "not-your-move")
    need(by in case.silent, "not-your-move")
    sums(said, case.work.currency)
    need(said["claim"][0] == case.claim(other(by)), "terms-changed")
    steps.free(case.work)
    end(world, case, "conceded", by, case.as_claimed(other(by)), "claim_conceded")


def end(world: World, case: Case, word: str, by: str, to_payee: int, code: str, **more: Any) -> None:
    """The dispute has its outcome."""
    kind = more.get("kind") or kind_of(code)
    states = {"agreement": "settled", "merits": "awarded"}
    case.state = states.get(kind, "defaulted")
    if word in ("offer_stands", "small_pot_divided", "defaulted"):
        case.state = "defaulted"
    case.facts["end"] = Happening(f"dispute.{word}", case.work.id, by, world.now, {"to_payee": to_payee, **more})
    world.happen(f"dispute.{word}", case.work, by, to_payee=to_payee, code=code, case=case, **more)


def conclude(world: World, case: Case, to_payee: int, code: str, cost: int = 0, **more: Any) -> None:
    """The rules conclude the dispute."""
    if case.is_open:
        end(world, case, "concluded", "rules", to_payee, code, cost=cost, **more)


# -- the next stage --------------------------------------------------------------------------------------------------


def _escalate(world: World, case: Case, by: str) -> None:
    rules = case.rules
    need(by in (*PARTIES, "mediator"), "not-your-move")
    need(rules.get("dispute.escalate.when") == "by a party" and rules.lets("dispute.escalate.by", by), "not-your-move")
    for key in ("dispute.escalate.after", "dispute.escalate.from_opened"):
        rules.get(key)
    waits = _answers_wait(case)
    if case.state == "opened":
        need(waits or rules.get("dispute.escalate.from_opened"), "not-now")
    need(case.state != "mediated" or case.mediation == "failed", "not-now")
    need(_waited_to_escalate(world, case), "not-now")
    need(waits or case.next_stage() is not None, "not-now")
    need(case.state != "mediated" or case.next_stage() == "arbitration", "not-now")
    steps.free(case.work)
    if waits:
        demand(world, case, by)
    else:
        escalate(world, case, by)


def _answers_wait(case: Case) -> bool:
    waiting = [one for one in case.silent if case.rules.get(f"dispute.answer.{one}.since") == "escalated"]
    return case.state == "opened" and case.demanded is None and bool(waiting)


def _waited_to_escalate(world: World, case: Case) -> bool:
    after = case.rules.get("dispute.escalate.after")
    since = case.facts.get("escalated at") or case.contested or case.opened
    return after is None or case.rules.days.after(since, after) <= world.now


def demand(world: World, case: Case, by: str) -> None:
    """The answer windows run from now."""
    case.demanded, case.escalated = world.now, True
    case.facts["escalated at"] = world.now
    world.happen("dispute.answer_demanded", case.work, by)


def is_small(case: Case) -> bool:
    """Whether the stake is so small that it is divided instead of judged."""
    up_to = case.rules.amount("arbitration.small_pot.up_to", case.work.currency)
    return up_to is not None and case.stake <= up_to


def escalate(world: World, case: Case, by: str) -> None:
    """The dispute goes to its next stage, or is divided if it is too small for an arbitration."""
    stage = case.next_stage()
    case.escalated = True
    if stage == "arbitration" and is_small(case):
        shares = case.rules.get("arbitration.small_pot.divide")
        part = for_payee(shares, case.stake, case.rules.get("money.remainder_to"))
        end(world, case, "small_pot_divided", by, part, "small_pot_divided")
        return
    case.facts["escalated at"] = world.now
    case.state = "mediated" if stage == "mediation" else "arbitrated"
    world.happen("dispute.escalated", case.work, by, stage=stage, case=case)


# -- offers, evidence, time ------------------------------------------------------------------------------------------


def _offer(world: World, case: Case, by: str, said: Said) -> None:
    need(by in PARTIES, "not-your-move")
    sums(said, case.work.currency)
    amount = said["to_payee"][0]
    need(0 <= amount <= case.stake, "bad-amount")
    rounds = case.rules.get("dispute.offers.rounds")
    need(rounds is None or len([one for one in case.offers if one.by == by]) < rounds, "not-now")
    alternate = case.rules.get("dispute.offers.turns") == "alternate"
    need(not (alternate and case.offers and case.offers[-1].by == by), "not-now")
    steps.free(case.work)
    for one in case.offers:
        one.stands = one.stands and one.by != by
    case.offers.append(Offer(by, amount, world.now))
    world.happen("dispute.offered", case.work, by)


def _answer_offer(world: World, case: Case, by: str, said: Said, word: str) -> None:
    need(by in PARTIES, "not-your-move")
    theirs, own = case.standing(other(by)), case.standing(by)
    need(theirs is not None or own is None, "not-your-move")
    sums(said, case.work.currency)
    need(theirs is None or theirs.to_payee == said["to_payee"][0], "terms-changed")
    if theirs is None:
        raise Refusal("not-now")
    steps.free(case.work)
    if word == "accept_offer":
        end(world, case, "offer_accepted", by, theirs.to_payee, "settlement_agreed")
    else:
        theirs.stands = False
        world.happen("dispute.offer_declined", case.work, by)


def _withdraw(world: World, case: Case, by: str) -> None:
    need(by in (*PARTIES, "platform") or by.startswith("witness:"), "not-your-move")
    need(by == case.opener, "not-your-move")
    need(not case.facts.get("arbitrator"), "not-now")
    steps.may_move(case.work, by)
    case.state = "withdrawn"
    world.happen("dispute.withdrawn", case.work, by, case=case)


def _add_evidence(world: World, case: Case, by: str) -> None:
    need(by in (*PARTIES, "platform"), "not-your-move")
    until = case.rules.get("dispute.evidence.until")
    need(until != "arbitrated" or case.state != "arbitrated", "not-now")
    need(until != "funded" or case.arbitration in (None, "offered", "half_funded"), "not-now")
    steps.may_move(case.work, by)
    world.happen("dispute.evidence_added", case.work, by)
