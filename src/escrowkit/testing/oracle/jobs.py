"""The work of a milestone: what each side may say about it, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from escrowkit.testing.oracle import conditions
from escrowkit.testing.oracle.arguments import amount, sums
from escrowkit.testing.oracle.leaving import released
from escrowkit.testing.oracle.rules import Rules
from escrowkit.testing.oracle.world import PARTIES, Work, World, need, other

Said = dict[str, Any]
WORKING = ("agreed", "active", "submitted", "approved")


def enter(world: World, work: Work, state: str, keep: bool = False) -> None:
    """Come into a state; with `keep` the state before lies below it."""
    work.below = [*work.below, work.state] if keep else []
    work.state = state
    work.facts.setdefault("entered", {})[state] = world.now


def back(work: Work) -> None:
    """Go back to where it was."""
    work.state = work.below.pop()


def free(work: Work) -> None:
    """The platform does not hold this milestone's money."""
    need(not work.facts.get("impounded"), "not-now")


def may_move(work: Work, by: str) -> None:
    """What every move by a party, a neutral or a witness needs at last."""
    if by not in ("platform", "provider"):
        free(work)


def move(world: World, work: Work, by: str, said: Said, word: str) -> None:
    """A command to the milestone."""
    state = work.state
    if word == "accept":
        _at(state, "proposed")
        _accept(world, work, by, said)
    elif word in ("decline", "withdraw"):
        _at(state, "proposed")
        _turn_down(world, work, by, word)
    elif word == "submit":
        _at(state, "agreed", "active", "cancelling", "disputed")
        _submit(world, work, by, said)
    elif word in ("withdraw_submission", "request_changes"):
        _at(state, "submitted", "disputed")
        _reopen(world, work, by, word)
    elif word == "approve":
        _approve(world, work, by, said)
    elif word == "attest":
        _at(state, *WORKING, "cancelling", "disputed")
        _attest(world, work, by, said)
    elif word == "request_cancel":
        _at(state, *WORKING, "disputed")
        _request_cancel(world, work, by, said)
    elif word in ("agree_cancel", "decline_cancel", "withdraw_cancel"):
        _at(state, "cancelling", "disputed")
        _answer_cancel(world, work, by, said, word)
    elif word in ("request_release", "agree_release"):
        _at(state, "active", "submitted", "disputed")
        (_request_release if word == "request_release" else _agree_release)(world, work, by, said)
    elif word == "cancel":
        _at(state, *WORKING, "cancelling", "disputed")
        _cancel(world, work, by)
    else:
        _small(world, work, by, said, word)


def _at(state: str, *states: str) -> None:
    need(state in states, "no-such-move")


def _undisputed(work: Work) -> None:
    need(work.state != "disputed", "not-now")


# -- terms -----------------------------------------------------------------------------------------------------------


def propose(world: World, rules: Rules, id_: str, by: str, said: Said) -> None:
    """A change order."""
    need(id_ not in world.works, "no-such-move")
    need(by in PARTIES, "not-your-move")
    minor, currency = said["price"]
    need(minor > 0, "bad-amount")
    in_range(rules, minor, currency)
    nobody_suspended(world)
    may_say(world, by, said["title"])
    work = Work(id_, minor, currency, said["title"], said["due"], said["release_when"], rules, "proposed", proposer=by)
    world.works[id_] = work
    world.happen("milestone.proposed", work, by)


def in_range(rules: Rules, minor: int, currency: str) -> None:
    """The price is within the rulebook's smallest and largest."""
    least = rules.amount("money.min_milestone", currency)
    most = rules.amount("money.max_milestone", currency)
    need(least is None or minor >= least, "bad-amount")
    need(most is None or minor <= most, "bad-amount")


def nobody_suspended(world: World) -> None:
    """Neither side is suspended."""
    need(not any(one.state in ("suspended", "excluded") for one in world.conduct.values()), "not-now")


def may_say(world: World, by: str, words: str | None) -> None:
    """Who may not write says nothing beyond what the move needs."""
    conduct = world.conduct.get(by)
    need(words is None or conduct is None or not conduct.lacks("writing", world.now), "not-now")


def _accept(world: World, work: Work, by: str, said: Said) -> None:
    need(by in PARTIES, "not-your-move")
    need(by != work.proposer, "not-your-move")
    need(_same_terms(work, said["terms"]), "terms-changed")
    nobody_suspended(world)
    enter(world, work, "agreed")
    world.happen("milestone.accepted", work, by)


def _same_terms(work: Work, terms: Any) -> bool:
    if not isinstance(terms, dict):
        return False
    own = {"price": (work.price, work.currency), "title": work.title, "due": work.due, "release_when": work.condition}
    said = {**dict.fromkeys(own), **terms}
    said["price"] = amount(said["price"], work.currency, work.rules.decimals)
    return said == own


def _turn_down(world: World, work: Work, by: str, word: str) -> None:
    need(by in PARTIES, "not-your-move")
    need((by == work.proposer) == (word == "withdraw"), "not-your-move")
    enter(world, work, "declined")
    world.happen("milestone.withdrawn" if word == "withdraw" else "milestone.declined", work, by)


# -- work ------------------------------------------------------------------------------------------------------------


def _submit(world: World, work: Work, by: str, said: Said) -> None:
    need(by == "payee", "not-your-move")
    need(work.state == "active", "not-now")
    need(work.rules.get("milestone.submit_needs") != "funded" or world.held(work) > 0, "not-now")
    free(work)
    work.deliverable = said["deliverable"]
    enter(world, work, "submitted")
    world.happen("milestone.submitted", work, by)


def _reopen(world: World, work: Work, by: str, word: str) -> None:
    need(by == ("payee" if word == "withdraw_submission" else "payer"), "not-your-move")
    _undisputed(work)
    most = work.rules.get("milestone.max_revisions") if word == "request_changes" else None
    need(most is None or len(work.all("milestone.changes_requested")) < most, "not-now")
    free(work)
    enter(world, work, "active")
    work.deliverable = None
    world.happen(
        "milestone.submission_withdrawn" if word == "withdraw_submission" else "milestone.changes_requested", work, by
    )


def _approve(world: World, work: Work, by: str, said: Said) -> None:
    _at(work.state, "active", "submitted", "cancelling", "disputed")
    need(by == "payer", "not-your-move")
    need(work.state not in ("cancelling", "disputed"), "not-now")
    need(said["deliverable"] == work.deliverable, "terms-changed")
    need(work.state == "submitted" or work.condition is not None, "not-now")
    free(work)
    enter(world, work, "approved")
    work.facts["why"] = "payer_approved"
    world.happen("milestone.approved", work, by)


def _attest(world: World, work: Work, by: str, said: Said) -> None:
    known = (*PARTIES, "mediator", "arbitrator", "platform", "provider")
    need(by in known or by.startswith("witness:"), "not-your-move")
    if work.state == "disputed":
        wanted = f"attested:{said['name']}" == work.rules.get("mediation.refund_needs")
        need(wanted and by not in ("payer", "mediator", "arbitrator"), "not-now")
    else:
        need(work.state != "agreed", "not-now")
        need(_may_attest(work, by, said["name"]), "not-your-move")
    may_move(work, by)
    world.happen("milestone.attested", work, by, fact=said["name"])


def _may_attest(work: Work, by: str, name: str) -> bool:
    named = list(conditions.facts_named(work.condition))
    since = str(work.rules.raw("milestone.review.since"))
    if since.startswith("attested:"):
        named.append((since.removeprefix("attested:"), None))
    return any(fact == name and (who == by or (who is None and by != "payee")) for fact, who in named)


# -- cancelling ------------------------------------------------------------------------------------------------------


def _request_cancel(world: World, work: Work, by: str, said: Said) -> None:
    need(by in PARTIES, "not-your-move")
    if work.state == "disputed":
        sums(said, work.currency)
    _undisputed(work)
    need(work.rules.lets("milestone.cancel.by", by), "not-your-move")
    sums(said, work.currency)
    refund = said["refund"][0]
    need(refund <= world.held(work), "over-held")
    need(work.rules.has("milestone.cancel.within"), "not-now")
    need(not work.since("milestone.submitted", "milestone.cancel_requested"), "not-now")
    free(work)
    work.facts["asked"] = (by, refund)
    enter(world, work, "cancelling", keep=True)
    world.happen("milestone.cancel_requested", work, by)


def _answer_cancel(world: World, work: Work, by: str, said: Said, word: str) -> None:
    need(by in PARTIES, "not-your-move")
    if work.state == "disputed":
        sums(said, work.currency)
    _undisputed(work)
    asked_by, refund = work.facts["asked"]
    need((by == asked_by) == (word == "withdraw_cancel"), "not-your-move")
    sums(said, work.currency)
    if word != "withdraw_cancel":
        need(said["refund"][0] == refund, "terms-changed")
    need(word != "decline_cancel" or work.rules.get("milestone.cancel.declinable"), "not-now")
    free(work)
    if word == "agree_cancel":
        all_back = refund == world.held(work) and not released(work)
        work.facts["divide"] = (world.held(work) - refund, "cancel_agreed")
        enter(world, work, "cancelled" if all_back else "completed")
        world.happen("milestone.cancel_agreed", work, by)
    else:
        back(work)
        world.happen(
            "milestone.cancel_declined" if word == "decline_cancel" else "milestone.cancel_withdrawn", work, by
        )


def _request_release(world: World, work: Work, by: str, said: Said) -> None:
    need(by in PARTIES, "not-your-move")
    if work.state == "disputed":
        sums(said, work.currency)
    _undisputed(work)
    need(work.rules.lets("milestone.proposal.by", by), "not-your-move")
    sums(said, work.currency)
    need(0 < world.held(work) >= said["to_payee"][0], "over-held")
    need(work.rules.has("milestone.proposal.within"), "not-now")
    free(work)
    work.facts["proposal"] = (by, said["to_payee"][0], world.now)
    world.happen("milestone.release_requested", work, by)


def _agree_release(world: World, work: Work, by: str, said: Said) -> None:
    need(by in PARTIES, "not-your-move")
    if work.state == "disputed":
        sums(said, work.currency)
    _undisputed(work)
    proposal = work.facts.get("proposal")
    need(proposal is None or proposal[0] != by, "not-your-move")
    sums(said, work.currency)
    need(proposal is None or proposal[1] == said["to_payee"][0], "terms-changed")
    need(proposal is not None, "not-now")
    free(work)
    all_back = said["to_payee"][0] == 0 and not released(work)
    work.facts["divide"] = (said["to_payee"][0], "settlement_agreed")
    enter(world, work, "cancelled" if all_back else "completed")
    world.happen("milestone.release_agreed", work, by)


def _cancel(world: World, work: Work, by: str) -> None:
    need(by in ("payee", "payer", "platform") and (work.state != "approved" or by == "payee"), "not-your-move")
    _undisputed(work)
    code: str | None = "payee_refunded"
    if by != "payee":
        code = cancel_right(world, work, by)
        need(code is not None or (by == "payer" and world.held(work) == 0), "not-now")
    may_move(work, by)
    work.facts["divide"] = (0, code)
    enter(world, work, "cancelled")
    world.happen("milestone.cancelled", work, by)


def late_from(work: Work) -> datetime | None:
    """From when lateness counts; work that the payer sent back is late anew only from then."""
    start = work.due if work.rules.get("milestone.late.since") == "due" else conditions.entered(work, "active")
    returned = work.last("milestone.changes_requested")
    return max(start, returned.at) if start is not None and returned is not None else start


def cancel_right(world: World, work: Work, by: str) -> str | None:
    """The right by which the payer or the platform may cancel while money is held: it is late, or early enough."""
    rules = work.rules
    if rules.lets("milestone.late.right", by) and rules.has("milestone.late.after"):
        start = late_from(work)
        if start is not None and rules.days.after(start, rules.get("milestone.late.after")) <= world.now:
            return "late_cancelled"
    if not (rules.lets("milestone.early.right", by) and rules.has("milestone.early.before_due") and work.due):
        return None
    soon = rules.days.after(world.now, rules.get("milestone.early.before_due"))
    return "early_cancelled" if soon <= work.due else None


# -- small things ----------------------------------------------------------------------------------------------------


def _small(world: World, work: Work, by: str, said: Said, word: str) -> None:
    states = ("agreed", "active", "disputed") if word == "give_requirements" else ("submitted", "disputed")
    _at(work.state, *states)
    who = {"delay": "payer", "lock_delay": "payee", "give_requirements": "payer", "record_notice": "platform"}[word]
    need(by == who, "not-your-move")
    _undisputed(work)
    if word == "delay":
        need(work.rules.get("milestone.review.delay_step") is not None, "not-now")
        need(not work.since("milestone.submitted", "milestone.delay_locked"), "not-now")
        name = "milestone.delayed"
    elif word == "lock_delay":
        need(work.rules.get("milestone.review.delay_lockable"), "not-now")
        name = "milestone.delay_locked"
    elif word == "give_requirements":
        name = "milestone.requirements_given"
    else:
        need(said["clock"] == "review", "bad-argument")
        need(work.rules.get("milestone.review.notices") > 0, "not-now")
        name = "milestone.notice_recorded"
    may_move(work, by)
    world.happen(name, work, by)


def suspended_by_dispute(world: World, work: Work) -> None:
    """A dispute opened: the milestone waits for it."""
    enter(world, work, "disputed", keep=True)
    world.happen("milestone.suspended", work, "rules")


def proposer_of(work: Work) -> str:
    """Who has to answer a proposal."""
    return other(work.proposer or "payer")
