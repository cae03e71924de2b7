"""What the sides say of one another: a right that the outcome may take, sealed until both have said it."""

from __future__ import annotations

from typing import Any

import pytest

import escrowkit as ek
from escrowkit.agreement import Restrict
from escrowkit.machines import feedback as f
from escrowkit.roles import Role
from escrowkit.table import Context
from helpers import MICRO, SHARED, Job, contested, day, disputed, funded, submitted

RATED: dict[str, Any] = {"conduct.feedback.within": "14 days"}
SEALED: dict[str, Any] = {**RATED, "conduct.feedback.sealed": True}
WITHHELD: dict[str, Any] = {**RATED, "conduct.feedback.withheld_from": ["defaulted", "refunded"]}


def paid(rules: dict[str, Any] | None = None, **more: Any) -> Job:
    """A job that is paid in full on day 2."""
    return submitted(RATED if rules is None else rules, **more)("payer", ek.milestone.Approve("m1", "zip"), 2)


def given(job: Job, side: str) -> str:
    record = job.now.lanes["m1"].feedback
    assert record is not None
    return record.of(side)


def test_a_rulebook_without_the_rule_has_no_feedback() -> None:
    job = paid({})
    assert job.state("feedback") is None
    job.refused("no-such-move", "payer", f.Write("m1", 5))


def test_feedback_opens_when_a_milestone_that_had_money_is_over() -> None:
    assert submitted(RATED).state("feedback") is None
    assert paid().state("feedback") == paid().now.states()["feedback.m1"] == "open"
    assert Job(RATED)("payer", ek.milestone.Cancel("m1")).state("feedback") is None


def test_it_moves_no_money() -> None:
    job = paid()
    before = job.now.ledger
    job("payer", f.Write("m1", 5, "Well done."))("payee", f.Write("m1", 1), 3).wait(40)
    assert job.now.ledger == before


def test_both_sides_write_once_and_never_change_it() -> None:
    job = paid()("payer", f.Write("m1", 5, "Well done."), 3)
    assert (job.state("feedback"), given(job, "payer"), given(job, "payee")) == ("half_written", "written", "allowed")
    job.refused("not-now", "payer", f.Write("m1", 1), 3)
    job("payee", f.Write("m1", 4), 4)
    assert job.state("feedback") == "published"
    job.refused("no-such-move", "payee", f.Write("m1", 4), 5)


def test_nobody_but_the_sides_writes() -> None:
    for by in ("platform", "mediator", "witness:dave"):
        paid().refused("not-your-move", by, f.Write("m1", 5))


@pytest.mark.parametrize(("score", "code"), [(1, None), (5, None), (6, "bad-argument"), (0, "bad-argument")])
def test_a_score_is_on_the_scale(score: int, code: str | None) -> None:
    job = paid()
    if code:
        job.refused(code, "payer", f.Write("m1", score))
    else:
        job("payer", f.Write("m1", score))


def test_the_scale_is_the_rulebooks() -> None:
    job = paid({**RATED, "conduct.feedback.scale": 10})
    job("payer", f.Write("m1", 10))


def test_the_window_ends_at_its_very_instant() -> None:
    end = day(16)
    assert paid()("payer", f.Write("m1", 5), end - MICRO).state("feedback") == "half_written"
    for at in (end, end + MICRO):
        job = paid()
        job.refused("no-such-move", "payer", f.Write("m1", 5), at)
        assert (job.state("feedback"), given(job, "payer")) == ("closed", "missed")


def test_what_one_side_wrote_is_published_when_the_window_ends() -> None:
    job = paid(SEALED)("payer", f.Write("m1", 5), 3).wait(16)
    assert (job.state("feedback"), given(job, "payer"), given(job, "payee")) == ("published", "written", "missed")


# -- sealed ----------------------------------------------------------------------------------------------------------


def test_sealed_feedback_is_shown_to_nobody_but_who_wrote_it_until_both_have() -> None:
    job = paid(SEALED)("payer", f.Write("m1", 1, "Never again."), 3)
    assert given(job, "payer") == "sealed"
    for by in ("payee", "platform", "mediator"):
        seen = ek.view(job.now, by)
        assert seen.state("feedback.m1") == "open"
        assert not any(isinstance(event, f.Written) for event in seen.events())
    assert ek.view(job.now, "payer").state("feedback.m1") == "half_written"
    job("payee", f.Write("m1", 5), 4)
    assert ek.view(job.now, "payee").events() == job.now.events()
    assert ek.view(job.now, "payee").state("feedback.m1") == "published"


def test_feedback_that_is_not_sealed_is_shown_at_once() -> None:
    job = paid()("payer", f.Write("m1", 1), 3)
    assert ek.view(job.now, "payee").state("feedback.m1") == "half_written"


# -- bound to the outcome --------------------------------------------------------------------------------------------


def test_why_a_side_has_no_right_to_rate_is_told_with_it() -> None:
    refunded = submitted(WITHHELD)("payee", ek.milestone.Cancel("m1"), 2).now.pot("m1").feedback
    silent = disputed(WITHHELD, by="payee").wait(9).now.pot("m1").feedback
    assert refunded is not None
    assert silent is not None
    assert (refunded.withheld, silent.withheld) == ({"payer": "refunded"}, {"payer": "defaulted"})


def test_who_lost_by_its_own_silence_has_no_right_to_rate() -> None:
    job = disputed(WITHHELD, by="payee").wait(9)
    assert job.state("dispute") == "defaulted"
    assert (given(job, "payer"), given(job, "payee")) == ("withheld", "allowed")
    refused = job.refused("not-your-move", "payer", f.Write("m1", 1))
    assert refused.words == "Needed: The outcome leaves this side the right to give feedback."
    job("payee", f.Write("m1", 2))
    assert job.state("feedback") == "published"


def test_who_did_not_pay_its_share_while_the_other_did_lost_by_silence() -> None:
    job = contested({**SHARED, **WITHHELD, "arbitration.pay.order": "any"})
    job("payee", ek.arbitration.PayFee("m1", "own", "20.00"), 4).wait(40)
    assert job.outcome == ("only_one_paid_fee", "procedure")
    assert job.now.lanes["m1"].cases[-1].defaulted == ("payer",)
    assert job.now.lanes["m1"].feedback == f.Feedback((f.S.CLOSED,), day(10), False, {"payer": "defaulted"}, {})


def test_a_silent_side_that_won_all_the_same_did_not_lose_by_default() -> None:
    job = disputed({**WITHHELD, "dispute.answer.payer.on_silence": "payer"}, by="payee").wait(9)
    assert job.now.lanes["m1"].cases[-1].defaulted == ()


def test_silence_in_a_review_is_no_default() -> None:
    job = submitted(WITHHELD).wait(15)
    assert job.outcome == ("review_lapsed", "procedure")
    assert given(job, "payer") == "allowed"


def test_a_payer_who_got_all_back_may_not_rate_where_the_rulebook_says_so() -> None:
    job = funded(WITHHELD)("payee", ek.milestone.Cancel("m1"), 1)
    assert (given(job, "payer"), given(job, "payee")) == ("withheld", "allowed")
    job = funded(RATED)("payee", ek.milestone.Cancel("m1"), 1)
    assert given(job, "payer") == "allowed"


def test_where_neither_has_the_right_it_is_closed_at_once() -> None:
    rules = {
        **WITHHELD,
        "dispute.answer.opener_too": True,
        "dispute.answer.both_silent": "halves",
    }
    job = disputed(rules, by="payee").wait(9)
    assert job.state("feedback") == "closed"
    assert (given(job, "payer"), given(job, "payee")) == ("withheld", "withheld")


def test_a_later_dispute_changes_who_has_the_right_and_nobody_rates_meanwhile() -> None:
    rules = {**WITHHELD, "dispute.reopen": "always", "dispute.lookback": "60 days", "conduct.feedback.within": "9 days"}
    job = paid(rules)("payer", ek.dispute.Open("m1", "350.00", "It broke."), 5)
    refused = job.refused("not-now", "payee", f.Write("m1", 5))
    assert refused.key == "not-now.no_dispute_open"
    job.wait(13)
    assert job.state("dispute") == "defaulted"
    assert "feedback.revised" in job.events
    assert (given(job, "payer"), given(job, "payee")) == ("allowed", "withheld")
    job.wait(day(12 + 6) - MICRO)
    assert job.state("feedback") == "open", "the window waited for the dispute"
    assert job.wait(18).state("feedback") == "closed"


def test_a_later_dispute_that_changes_no_right_says_nothing() -> None:
    rules = {**WITHHELD, "dispute.reopen": "always", "dispute.lookback": "60 days"}
    job = paid(rules)("payer", ek.dispute.Open("m1", "350.00", "It broke."), 5)
    job("payee", ek.dispute.Concede("m1", "350.00"), 6)
    assert "feedback.revised" not in job.events


def test_a_right_to_rate_that_is_taken_comes_back_at_its_instant() -> None:
    job = paid()("platform", Restrict(role="payer", right="rating", reason="A threat.", until=day(5)), 2)
    refused = job.refused("not-now", "payer", f.Write("m1", 1), day(5) - MICRO)
    assert refused.until == day(5)
    job("payer", f.Write("m1", 1), day(5))


def test_a_window_that_the_sources_do_not_settle_stays_open() -> None:
    job = paid({**RATED, "conduct.feedback.within": "unknown", "conduct.feedback.withheld_from": "unknown"}).wait(4000)
    assert job.state("feedback") == "open"


# -- what is easily left out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["cancel_agreed", "release_agreed", "silence_divided"])
def test_feedback_opens_however_a_milestone_ends(end: str) -> None:
    split = {"milestone.proposal.within": "3 days", "milestone.proposal.on_silence": "as_asked"}
    job = submitted({**RATED, **split})
    if end == "cancel_agreed":
        job("payer", ek.milestone.RequestCancel("m1", "100.00"))("payee", ek.milestone.AgreeCancel("m1", "100.00"))
    else:
        job("payee", ek.milestone.RequestRelease("m1", "100.00"), 1)
    if end == "release_agreed":
        job("payer", ek.milestone.AgreeRelease("m1", "100.00"))
    if end == "silence_divided":
        job.wait(4)
    assert (job.state("milestone"), job.state("feedback")) == ("completed", "open")


def test_a_machine_knows_by_itself_that_the_rulebook_has_no_feedback() -> None:
    closed: dict[str, Any] = {"conduct.feedback.withheld_from": ["defaulted", "refunded"], "dispute.stages": []}
    for told in (paid({}).now.pot("m1"), disputed(closed).wait(9).now.pot("m1")):
        ctx = Context(None, None, f.Open("m1"), Role.RULES, "rules", day(), told)
        with pytest.raises(ek.errors.NotNow):
            f.TABLE.choose(ctx)


def alone_or_second(rules: dict[str, Any], *, alone: bool) -> tuple[Job, str]:
    """Feedback that one more rating publishes, and who may give it: the only side with a right, or the second."""
    if not alone:
        return paid(rules)("payer", f.Write("m1", 5), 3), "payee"
    job = submitted({**rules, "conduct.feedback.withheld_from": ["refunded"]})("payee", ek.milestone.Cancel("m1"), 2)
    assert given(job, "payer") == "withheld"
    return job, "payee"


@pytest.mark.parametrize("alone", [False, True])
def test_the_rating_that_publishes_keeps_every_rule(alone: bool) -> None:
    job, side = alone_or_second(RATED, alone=alone)
    job.refused("bad-argument", side, f.Write("m1", 6), 3)
    job("platform", Restrict(side, "rating", "abuse"), 3).refused("not-now", side, f.Write("m1", 5))
    job, side = alone_or_second(RATED, alone=alone)
    assert job(side, f.Write("m1", 5), 3).state("feedback") == "published"


LATER: dict[str, Any] = {**WITHHELD, "dispute.lookback": "60 days", "dispute.reopen": "always", "dispute.stages": []}


def test_no_rating_publishes_during_a_dispute() -> None:
    second = paid(LATER)("payer", f.Write("m1", 5), 3)
    only = disputed(LATER, by="payee").wait(9)
    assert given(only, "payer") == "withheld"
    for job in (second, only):
        job("payer", ek.dispute.Open("m1", "100.00", "why")).refused("not-now", "payee", f.Write("m1", 5))


def test_who_lost_its_right_by_a_later_dispute_does_not_publish_what_the_other_wrote() -> None:
    job = paid(LATER)("payer", f.Write("m1", 5), 3)("payer", ek.dispute.Open("m1", "350.00", "why"), 3).wait(10)
    assert (job.state("feedback"), given(job, "payee")) == ("half_written", "withheld")
    job.refused("not-your-move", "payee", f.Write("m1", 5))


def test_where_a_later_dispute_took_the_right_of_both_nobody_writes() -> None:
    job = disputed({**LATER, "escrow.clearing": "30 days"}, claim="300.00").wait(9)
    assert (given(job, "payer"), given(job, "payee")) == ("allowed", "withheld")
    job("payer", ek.dispute.Open("m1", "50.00", "that too"), 9).wait(16)
    assert (job.state("feedback"), given(job, "payer"), given(job, "payee")) == ("open", "withheld", "withheld")
    for side in ("payer", "payee"):
        job.refused("not-your-move", side, f.Write("m1", 5))
