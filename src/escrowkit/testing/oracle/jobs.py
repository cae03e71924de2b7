"""The work of a milestone: what each side may say about it, and when."""

from __future__ import annotations

from typing import Any

from escrowkit.testing.oracle import cancelling, conditions
from escrowkit.testing.oracle.arguments import amount
from escrowkit.testing.oracle.rules import Rules
from escrowkit.testing.oracle.steps import enter, free, may_move, may_say, nobody_suspended, undisputed
from escrowkit.testing.oracle.world import PARTIES, Work, World, need

Said = dict[str, Any]
WORKING = ("agreed", "active", "submitted", "approved")


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
        cancelling.request_cancel(world, work, by, said)
    elif word in ("agree_cancel", "decline_cancel", "withdraw_cancel"):
        _at(state, "cancelling", "disputed")
        cancelling.answer_cancel(world, work, by, said, word)
    elif word in ("request_release", "agree_release"):
        _at(state, "active", "submitted", "disputed")
        (cancelling.request_release if word == "request_release" else cancelling.agree_release)(world, work, by, said)
    elif word == "cancel":
        _at(state, *WORKING, "cancelling", "disputed")
        cancelling.cancel(world, work, by)
    else:
        _small(world, work, by, said, word)


def _at(state: str, *states: str) -> None:
    need(state in states, "no-such-move")


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
    undisputed(work)
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


# -- small things ----------------------------------------------------------------------------------------------------


def _small(world: World, work: Work, by: str, said: Said, word: str) -> None:
    states = ("agreed", "active", "disputed") if word == "give_requirements" else ("submitted", "disputed")
    _at(work.state, *states)
    who = {"delay": "payer", "lock_delay": "payee", "give_requirements": "payer", "record_notice": "platform"}[word]
    need(by == who, "not-your-move")
    undisputed(work)
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
