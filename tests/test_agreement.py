"""An agreement as a whole: opening, deciding, keys, time, ending, views; every rule in one sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis.vendor.pretty import pretty

import escrowkit as ek
from escrowkit.agreement import Decision, End, Record, Restrict, deciding, evolve
from escrowkit.errors import REFUSALS, BadArgument, BrokenBooks, DefinitionError, KeyConflict, Refused
from escrowkit.machines import dispute, escrow, milestone
from escrowkit.money import Money
from escrowkit.roles import Role
from escrowkit.rulebook import build
from escrowkit.table import Command
from helpers import MICRO, SHARED, START, Job, contested, day, disputed, funded, submitted

TWO = (("m1", "350.00"), ("m2", "100.00"))
PARTIES = {"payer": "ada", "payee": "lin"}


def opened(**said: Any) -> ek.Agreement:
    terms: dict[str, Any] = {
        "rulebook": "standard@1",
        "parties": PARTIES,
        "currency": "USD",
        "milestones": [("m1", "350.00")],
        "at": START,
    }
    return ek.open_agreement(**{**terms, **said})


def own(rules: Any) -> dict[str, Any]:
    """A milestone with rules for itself alone."""
    return {"id": "m1", "price": "350.00", "rules": rules}


def nested(depth: int) -> dict[str, Any]:
    """A table in a table, and so on."""
    table: dict[str, Any] = {}
    for _ in range(depth):
        table = {"escrow": table}
    return table


NESTED = nested(100_000)


# -- opening ---------------------------------------------------------------------------------------------------------


def test_an_agreement_opened_before_its_rulebook_applies_is_refused() -> None:
    with pytest.raises(ek.errors.NotInForce) as refused:
        opened(at=datetime(2017, 12, 31, 23, 59, tzinfo=timezone.utc))  # noqa: UP017
    assert refused.value.until == datetime(2018, 1, 1, tzinfo=UTC)
    assert opened(at=refused.value.until)


@pytest.mark.parametrize("parties", [
    {"payer": "ada", "payee": "ada"},
    {"payer": "payee", "payee": "lin"},
    {"payer": "ada", "payee": "platform"},
    {"payer": "ada", "payee": "witness:dave"},
    {"payer": "clock", "payee": "lin"},
])  # fmt: skip
def test_one_id_is_on_one_side_and_no_other_role(parties: dict[str, str]) -> None:
    """F5: nobody pays himself, and nobody is a party and a neutral."""
    with pytest.raises(ek.errors.BadTerms):
        opened(parties=parties)


@pytest.mark.parametrize(
    "parties", [None, {}, {"payer": "ada"}, {"payer": "", "payee": "lin"}, {"payer": 1, "payee": "lin"}]
)
def test_an_agreement_names_two_parties(parties: Any) -> None:
    with pytest.raises(ek.errors.BadArgument):
        opened(parties=parties)


def test_the_roles_names_are_ids_of_the_parties_too() -> None:
    now = opened(parties={"payer": "payer", "payee": "payee"})
    assert now.decide(escrow.Deposit("m1", "350.00"), by="payer", at=START).events


@pytest.mark.parametrize("milestones", [
    (), "m1", {"m1": "350.00"}, [("m1",)], [("m1", "1.00", "x")], [{"id": "m1"}], [{"id": "m1", "price": "1.00", "cost": 1}],
    {("m1", "1.00")}, [("m1", "1.00"), ("m1", "2.00")], [("", "1.00")], [("a/b", "1.00")], [("a:b", "1.00")], [(7, "1.00")], [("x" * 101, "1.00")],
    [("m1", 1.0)], [("m1", None)], [{"id": "m1", "price": "1.00", "due": "soon"}], [{"id": "m1", "price": "1.00", "currency": "XYZ"}],
])  # fmt: skip
def test_an_agreement_has_milestones_each_with_an_id_of_its_own_and_a_price(milestones: Any) -> None:
    """H9, B5: an agreement without milestones is no agreement."""
    with pytest.raises(ek.errors.BadArgument):
        opened(milestones=milestones)


@pytest.mark.parametrize("price", ["0.00", "-1.00", "1.001", "9" * 31])
def test_a_price_that_cannot_be_is_a_bad_amount_and_says_of_which_milestone(price: str) -> None:
    """D4, H4."""
    with pytest.raises(ek.errors.BadAmount) as refused:
        opened(milestones=[("m0", "1.00"), ("m1", price)])
    assert refused.value.milestone == "m1"


def test_an_opening_says_by_whom_when_and_with_what_after_it() -> None:
    titled = {"id": "m1", "price": "350.00", "title": "the roof"}
    event: Any = opened(milestones=[titled]).events()[0]
    assert (event.milestone, event.by, event.at, event.after) == ("", "rules", START, "open")
    assert [terms.title for terms in event.terms] == ["the roof"]
    assert opened(milestones=[titled]).pot("m1").milestone.title == "the roof"


def test_a_currency_that_the_rulebook_has_no_amounts_for_is_refused() -> None:
    with pytest.raises(ek.errors.WrongCurrency):
        opened(currency="JPY", milestones=[("m1", "350")])
    with pytest.raises(ek.errors.WrongCurrency):
        opened(milestones=[("m1", "1.00 EUR")])


def test_other_nonsense_at_the_opening_says_what_is_wrong() -> None:
    for said in (
        {"rail": "fast"},
        {"currency": "usd"},
        {"currency": None},
        {"at": None},
        {"at": datetime(2024, 3, 1)},
        {"billed_before": 5},
        {"billed_before": "x"},
    ):
        with pytest.raises(ek.errors.BadArgument):
            opened(**said)
    with pytest.raises(ek.errors.BadAmount):
        opened(billed_before="-1.00")
    for rules in ({"milestone.nonsense": 1}, {"milestone.review.within": "0 days"}, 7):
        with pytest.raises(DefinitionError):
            opened(rules=rules)


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"parties": {"payer": "ada"}}, "bad-argument.parties"),
        ({"parties": {"payer": " ", "payee": "lin"}}, "bad-argument.parties"),
        ({"parties": {"payer": "ada", "payee": "clock"}}, "bad-terms.parties"),
        ({"parties": {"payer": "ada", "payee": "ada"}}, "bad-terms.parties"),
        ({"rail": "fast"}, "bad-argument.rail"),
        ({"milestones": []}, "bad-argument.milestones"),
        ({"milestones": [("m1", "1.00"), ("m1", "1.00")]}, "bad-argument.milestones"),
        ({"milestones": [("m1",)]}, "bad-argument.milestones"),
        ({"milestones": [("a b", "1.00")]}, "bad-argument.id"),
        ({"billed_before": "-0.01"}, "bad-amount.billed_before"),
        ({"rules": {"escrow.hold_limit": {"within": "14 days", "on_expiry": "payer"}}}, "bad-terms.limit"),
        ({"rules": {"milestone.review.most": "13 days", "milestone.review.within": "14 days"}}, "bad-terms.review"),
        ({"rules": {"escrow.service_fee": {"model": "flat", "rate": "100%"}}}, "bad-terms.fee"),
        ({"milestones": [own({"escrow.service_fee": {"model": "flat", "rate": "100%"}})]}, "bad-terms.fee"),
        ({"milestones": [own(7)]}, "bad-argument.rules"),
        ({"milestones": [own(NESTED)]}, "bad-argument.rules"),
    ],
)
def test_each_refusal_of_an_opening_has_its_key(said: dict[str, Any], key: str) -> None:
    with pytest.raises(Refused) as refused:
        opened(**said)
    assert refused.value.key == key


@pytest.mark.parametrize(("letters", "fits"), [(1, True), (100, True), (101, False)])
def test_the_id_of_a_milestone_has_at_most_a_hundred_letters(letters: int, fits: bool) -> None:
    if fits:
        assert opened(milestones=[("x" * letters, "350.00")]).pot("x" * letters)
    else:
        with pytest.raises(BadArgument):
            opened(milestones=[("x" * letters, "350.00")])


@pytest.mark.parametrize("id_", ["a/b", "a:b", "a.b", "a b", "a\tb", "a\nb", " ", chr(0xD800)])
def test_the_id_of_a_milestone_has_no_letter_that_stands_between_ids(id_: str) -> None:
    with pytest.raises(BadArgument) as refused:
        opened(milestones=[(id_, "350.00")])
    assert refused.value.key == "bad-argument.id"


def test_the_bounds_of_the_rulebook_are_within_them() -> None:
    bounds = {"money.min_milestone": "5.00 USD", "money.max_milestone": "9.00 USD"}
    for price in ("5.00", "9.00"):
        assert opened(rules=bounds, milestones=[("m1", price)]).pot("m1").price.text == price
    for price in ("4.99", "9.01"):
        with pytest.raises(ek.errors.BadAmount, match=r"has milestones from 5\.00 USD to 9\.00 USD") as refused:
            opened(rules=bounds, milestones=[("m1", price)])
        assert refused.value.milestone == "m1"
    bare = build({"id": "bare", "version": "1", "title": "bare"}, "bare")
    with pytest.raises(ek.errors.BadAmount, match=r"has milestones from 0 to 9\.00 USD"):
        opened(rulebook=bare, rules={"money.max_milestone": "9.00 USD"}, milestones=[("m1", "9.01")])
    agreed = {"milestone.review.least": "3 days", "milestone.review.most": "9 days"}
    for within in ("3 days", "9 days"):
        assert opened(rules={**agreed, "milestone.review.within": within})
    for within in ("71 hours", "217 hours"):
        with pytest.raises(ek.errors.BadTerms, match="has reviews from 3 days to 9 days"):
            opened(rules={**agreed, "milestone.review.within": within})
    limit = {"escrow.hold_limit": {"within": "337 hours", "on_expiry": "payer"}}
    assert opened(rules=limit)
    assert opened(rulebook=bare, rules=limit)


def test_a_fee_leaves_the_payee_at_least_one_cent_of_the_price() -> None:
    fee = {"escrow.fees": [{"name": "a", "to": "broker", "borne_by": "payee", "on": "release", "fixed": "1.00 USD"}]}
    rules = {"escrow.service_fee.model": "none", **fee}
    assert opened(rules=rules, milestones=[("m1", "1.01")])
    with pytest.raises(ek.errors.BadTerms):
        opened(rules=rules, milestones=[("m1", "1.00")])
    theirs = {"escrow.fees": [{**fee["escrow.fees"][0], "borne_by": "payer"}]}
    assert opened(rules={**rules, **theirs}, milestones=[("m1", "1.00")])


@pytest.mark.parametrize(
    ("command", "said", "key"),
    [
        (None, {}, "bad-argument.command"),
        (escrow.Release("m1", "1.00"), {"by": ""}, "bad-argument.by"),
        (escrow.Release("m1", "1.00"), {"key": ""}, "bad-argument.key"),
        (escrow.Release("m1", "1.00"), {"actor": ""}, "bad-argument.actor"),
        (escrow.Release("m1", "1.00"), {"engine": "fast"}, "bad-argument.engine"),
        (escrow.Release(7, "1.00"), {}, "bad-argument.milestone"),  # type: ignore[arg-type]
        (milestone.Propose("a b", "1.00"), {}, "bad-argument.id"),
        (milestone.Approve("m1", 10**5000), {"key": "k"}, "bad-argument.command"),  # type: ignore[arg-type]
    ],
)
def test_each_refusal_before_any_rule_has_its_key(command: Any, said: dict[str, Any], key: str) -> None:
    with pytest.raises(Refused) as refused:
        opened().decide(command, **{"by": "payer", "at": START, **said})
    assert refused.value.key == key


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"rail": "fast"}, "'fast'"),
        ({"parties": {"payer": 1.25, "payee": "lin"}}, "1.25"),
        ({"parties": {"payer": "platform", "payee": "lin"}}, "'platform'"),
        ({"milestones": [("a b", "1.00")]}, "'a b'"),
        ({"milestones": [("m1",)]}, "('m1',)"),
        ({"milestones": [own("strict")]}, "'strict'"),
    ],
)
def test_what_is_wrong_in_an_opening_is_shown(said: dict[str, Any], wrong: str) -> None:
    with pytest.raises(Refused) as refused:
        opened(**said)
    assert wrong in refused.value.words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"command": "approve"}, "'approve'"),
        ({"by": 1.25}, "1.25"),
        ({"key": 1.25}, "1.25"),
        ({"actor": ""}, "10000"),
        ({"engine": "fast"}, "'fast'"),
        ({"command": escrow.Release(1.25, "1.00")}, "1.25"),  # type: ignore[arg-type]
        ({"command": escrow.Release("m9", "1.00")}, "'m9'"),
        ({"command": escrow.Release("m9", "1.00")}, "m1"),
    ],
)
def test_what_is_wrong_in_a_call_is_shown_with_what_would_be_right(said: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused) as refused:
        opened().decide(**{"command": escrow.Release("m1", "1.00"), "by": "payer", "at": START, **said})
    assert words in refused.value.words


def test_names_and_keys_have_at_most_ten_thousand_letters() -> None:
    job, most = funded(), "x" * 10_000
    assert job("payer", escrow.Release("m1", "1.00"), key=most).last.events
    assert job.refused("not-your-move", most, escrow.Release("m1", "1.00")).by == most
    assert job.refused("unknown-milestone", most, escrow.Release("m9", "1.00")).by == most
    job.refused("bad-argument", "payer", escrow.Release("m1", "1.00"), key=most + "x")
    assert job.refused("bad-argument", most + "x", escrow.Release("m1", "1.00")).by is None


def test_a_refusal_before_any_rule_says_where() -> None:
    refused = funded().refused("bad-argument", "ada", escrow.Release("m1", "x"))
    assert (refused.machine, refused.command, refused.milestone, refused.by) == ("escrow", "release", "m1", "ada")
    assert funded().refused("bad-argument", "ada", End(reason="")).milestone is None


def test_a_rulebook_is_resolved_and_pinned_and_a_milestone_may_have_its_own() -> None:
    """C8, I5: what is changed later changes no open agreement."""
    now = opened(milestones=[("m1", "350.00"), {"id": "m2", "price": "9.00", "rules": {"escrow.clearing": "none"}}])
    assert (now.pot("m1").rules["escrow.clearing"] is None, now.pot("m2").rules["escrow.clearing"]) == (False, None)
    opening: Any = now.events()[0]
    assert opening.digest == opening.rulebook.digest == ek.load("standard@1").digest


@pytest.mark.parametrize("rules", [
    {"milestone.review.on_silence": "stays"},
    {"milestone.review.on_silence": ["dispute", "payee"]},
    {"milestone.late.after": "1 day", "milestone.late.on_silence": "stays"},
    {"dispute.longest.on_expiry": "next_stage"},
    {"dispute.longest.on_expiry": ["recommendation"]},
    {"dispute.longest.on_expiry": ["stays", "payer"]},
    {"arbitration.none_paid": "claim"},
    {"arbitration.award.on_silence": "stays"},
    {"escrow.dormancy.on_silence": "as_asked"},
    {"dispute.offers.on_silence": "payee"},
    {"mediation.accept.on_silence": "halves"},
])  # fmt: skip
def test_a_silence_that_must_decide_decides_something(rules: dict[str, Any]) -> None:
    """B24, B31: a rulebook under which a clock would strike and nothing could follow is no rulebook."""
    with pytest.raises(DefinitionError) as wrong:
        opened(rules=rules)
    assert all(next(reversed(rules)) in problem for problem in wrong.value.problems)


def test_an_answer_that_applies_sometimes_is_followed_by_one_that_always_does() -> None:
    assert opened(rules={"dispute.longest.on_expiry": ["recommendation", {"payer": "60%", "payee": "40%"}]})


def test_what_was_billed_before_counts_for_the_tiers() -> None:
    tiers = [{"up_to": {"USD": "500.00", "EUR": "500.00", "GBP": "500.00"}, "rate": "20%"}, {"rate": "10%"}]
    rules = {"escrow.service_fee.model": "tiered", "escrow.service_fee.tiers": tiers, "escrow.clearing": "none"}
    job = Job(rules, plain=False, billed_before=Money(45_000, "USD"))
    job("payer", escrow.Deposit("m1", "350.00"))("payer", escrow.Release("m1", "350.00"))
    assert job.net("platform") == "40.00"


# -- reading ---------------------------------------------------------------------------------------------------------


def test_states_are_read_by_name() -> None:
    job = contested(SHARED)
    assert job.now.states() == {
        "milestone.m1": "disputed",
        "escrow.m1": "frozen",
        "dispute.m1/1": "arbitrated",
        "arbitration.m1/1": "offered",
    }
    assert (job.state("dispute.m1/1"), job.state("dispute.m1/2"), job.state("mediation"), job.state("obligation")) == (
        "arbitrated", None, None, None,
    )  # fmt: skip
    assert job.state("dispute.m1/²") is None
    assert job.state("dispute.m1/0") is None
    assert job.state("conduct.witness:j.doe") == "good"
    with pytest.raises(ek.errors.BadArgument, match=r"'nonsense\.m1'"):
        job.state("nonsense.m1")
    with pytest.raises(ek.errors.UnknownMilestone):
        job.state("escrow.m9")


def test_sums_are_read_by_account_and_currency() -> None:
    job = Job(milestones=[("m1", "350.00"), {"id": "m2", "price": "9.00", "currency": "EUR"}])
    job("payer", escrow.Deposit("m1", "350.00"))("payer", escrow.Deposit("m2", "9.00"))
    assert job.now.currencies == ("USD", "EUR")
    assert (job.now.held().text, job.now.held("EUR").text, job.now.net("payer", "EUR").text) == (
        "350.00",
        "9.00",
        "-9.00",
    )
    assert (job.now.balance("escrow:m2").text, job.now.balance("escrow:m2", "EUR").text) == ("0.00", "9.00")
    job.refused("wrong-currency", "payer", escrow.Release("m2", "9.00 USD"))


def test_what_is_owed_is_read_by_currency() -> None:
    job = Job(milestones=[("m1", "350.00"), {"id": "m2", "price": "9.00", "currency": "EUR"}])
    job("payer", escrow.Deposit("m2", "9.00", "pay-1"))("payer", escrow.Release("m2", "9.00"))
    job("provider", escrow.ChargeBack("m2", "9.00", "cb"), 40)
    assert (job.now.owed(), job.now.owed("USD")) == ({}, {})
    assert job.now.owed("EUR") == {("payee", "platform"): Money(900, "EUR")}


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        (lambda now: now.state(7), "bad-argument.name"),
        (lambda now: now.conduct_of(7), "bad-argument.role"),
        (lambda now: now.owed(7), "bad-argument.currency"),
    ],
)
def test_a_name_that_is_none_is_refused_by_its_key(asked: Any, key: str) -> None:
    with pytest.raises(BadArgument) as refused:
        asked(opened())
    assert refused.value.key == key


def test_a_milestone_is_read_at_an_instant_the_agreements_own_unless_another_is_asked() -> None:
    now = submitted().now
    assert (now.pot("m1").at, now.pot("m1", day(9)).at) == (now.at, day(9))


def test_an_agreement_is_shown_briefly_by_printers_that_set_out_every_field() -> None:
    now = funded().now
    assert pretty(now) == repr(now)


# -- deciding --------------------------------------------------------------------------------------------------------


def test_refusals_come_in_one_order() -> None:
    """Of several that apply the first of the list is told."""
    job = funded()("payer", escrow.Release("m1", "1.00"), key="k")
    early = START - MICRO
    told = [
        job.refused("key-conflict", "stranger", escrow.Release("m9", "x"), early, key="k"),
        job.refused("unknown-milestone", "stranger", escrow.Release("m9", "x"), early),
        job.refused("bad-argument", "stranger", escrow.Release("m1", "x"), early),
        job.refused("time-runs-backwards", "stranger", milestone.AgreeCancel("m1", "1.00 EUR"), early),
        job.refused("no-such-move", "stranger", milestone.AgreeCancel("m1", "1.00 EUR")),
        job.refused("not-your-move", "stranger", escrow.Release("m1", "1.00 EUR")),
        job.refused("wrong-currency", "payer", escrow.Release("m1", "1.00 EUR")),
        job.refused("bad-amount", "payer", escrow.Release("m1", "0.00")),
        job.refused("over-held", "payer", escrow.Release("m1", "999.00")),
    ]
    order = [refusal.code for refusal in REFUSALS]
    assert [order.index(refused.code) for refused in told] == sorted(order.index(refused.code) for refused in told)
    for refused in told:
        assert (refused.machine, refused.command) in (("escrow", "release"), ("milestone", "agree_cancel"))
        assert refused.by in ("stranger", "payer")
        assert str(refused).startswith(f"[{refused.code}] ")


def test_what_the_sources_do_not_settle_is_told_to_who_needs_it_and_to_nobody_else() -> None:
    job = funded({"escrow.roll_over": "unknown", "milestone.late": "unknown"}, milestones=TWO)
    refused = job.refused("unknown-rulebook-value", "payer", escrow.RollOver("m1", "1.00", "m2"))
    assert "escrow.roll_over" in refused.words
    assert (refused.command, refused.state) == ("roll_over", "held")
    job.refused("not-your-move", "payee", escrow.RollOver("m1", "1.00", "m2"))
    job.refused("unknown-rulebook-value", "payer", milestone.Cancel("m1"))
    assert job("payee", milestone.Cancel("m1")).state("milestone") == "cancelled"


def test_a_clock_that_needs_what_the_sources_do_not_settle_never_fires() -> None:
    for rules in (
        {"milestone.review.on_silence": "unknown"},
        {"milestone.review.within": "unknown"},
        {"milestone.review.notices": "unknown"},
        {"milestone.review.since": "unknown"},
        {"escrow.service_fee.model": "unknown"},
    ):
        job = submitted({"escrow.dormancy": "unknown", **rules}).wait(1000)
        assert job.state("milestone") == "submitted"
    answer = disputed({"dispute.answer.payee.on_silence": "unknown", "dispute.longest": "unknown"}).wait(1000)
    assert answer.state("dispute") == "opened"
    both = disputed(
        {"dispute.answer.payee.on_silence": "unknown", "dispute.answer.opener_too": True, "dispute.stages": []}
    )
    assert (both.wait(9).state("dispute"), both.net("payee")) == ("defaulted", "350.00")
    one = contested(
        {**SHARED, "arbitration.one_paid.gets": "unknown", "arbitration.pay.order": "any", "dispute.longest": "unknown"}
    )
    one("payer", ek.arbitration.PayFee("m1", "own", "20.00"))
    assert one.wait(1000).state("arbitration") == "half_funded"


def test_a_clock_that_needs_what_the_sources_do_not_settle_hides_no_later_one() -> None:
    """B31: what cannot be decided ends no schedule."""
    unsettled = {
        "id": "m1",
        "price": "10.00",
        "rules": {"escrow.service_fee.model": "unknown", "escrow.dormancy": "unknown"},
    }
    job = Job(milestones=(unsettled, ("m2", "20.00")))
    for day_, id_, price in ((1, "m1", "10.00"), (2, "m2", "20.00")):
        job("payer", ek.escrow.Deposit(id_, price), day_)("payee", ek.milestone.Submit(id_, "zip"), day_)
    # The review of m1 is over, and nobody knows what then; that of m2 has a day left.
    assert (job.wait(15).state("milestone.m1"), job.state("milestone.m2")) == ("submitted", "submitted")
    assert (job.wait(100).state("milestone.m1"), job.state("milestone.m2")) == ("submitted", "completed")
    assert job.net("payee") == "20.00"


def test_all_deadlines_that_passed_are_of_the_clock_and_each_warns_of_its_own() -> None:
    job = funded({"milestone.review.notices": 1}, milestones=TWO)("payer", escrow.Deposit("m2", "100.00"))
    job("payee", milestone.Submit("m1", "zip"), 1)("payee", milestone.Submit("m2", "zip"), 40)
    job("platform", milestone.RecordNotice("m2", "review"), 41).wait(60)
    lapsed: Any = [event for event in job.last.events if isinstance(event, milestone.DeemedApproved)]
    assert [(event.milestone, event.by, event.at) for event in lapsed] == [
        ("m1", "clock", day(45)),
        ("m2", "clock", day(54)),
    ]
    assert job.last.warnings == ("notices-unsent",)


def test_a_reaction_that_needs_it_refuses_the_command_whole() -> None:
    job = submitted({"escrow.service_fee.model": "unknown"})
    before = job.now
    refused = job.refused("unknown-rulebook-value", "payer", milestone.Approve("m1", "zip"))
    assert (refused.machine, refused.command, job.now) == ("milestone", "approve", before)
    assert "escrow.service_fee.model" in refused.words
    open_ = disputed({"dispute.stages": ["arbitration"], "arbitration.fee.model": "unknown"})
    refused = open_.refused("unknown-rulebook-value", "payee", dispute.Contest("m1"))
    assert "arbitration.fee.model" in refused.words
    assert (refused.machine, refused.command, refused.by) == ("dispute", "contest", "payee")


def test_nobody_outside_is_the_clock_or_the_rules() -> None:
    """F14: what silence decides nobody can say."""
    job = submitted()
    for by in ("clock", "rules", ek.Role.CLOCK, ek.Role.RULES):
        job.refused("not-your-move", by, milestone.Lapse("m1", "review"))
        job.refused("not-your-move", by, escrow.Release("m1", "350.00"))
    job.refused("not-your-move", "rules", escrow.Disburse("m1", Money(1, "USD"), "awarded", ek.Kind.MERITS))


def test_who_acted_is_recorded_and_decides_nothing() -> None:
    now = opened()
    decision = now.decide(escrow.Deposit("m1", "350.00"), by="ada", at=START, actor="bot-7")
    assert {event.actor for event in decision.events if event.by == "payer"} == {"bot-7"}
    assert {event.actor for event in decision.events if event.by == "rules"} == {None}
    assert decision.events[0].by == "payer"


def test_a_refused_command_changes_nothing() -> None:
    job = funded()
    before = job.now
    job.refused("over-held", "payer", escrow.Release("m1", "999.00"))
    assert job.now is before
    assert ek.replay(before.history) == before


def test_a_late_command_meets_the_deadlines_first_and_a_refusal_carries_what_they_decided() -> None:
    """B31, D10: what was due is decided, whether a scheduler ran or not."""
    job = submitted()
    before = job.now
    refused = job.refused("no-such-move", "payer", milestone.RequestChanges("m1", "no"), 400)
    assert refused.decision == before.advance(day(400))
    assert refused.decision is not None
    assert refused.decision.events
    unsettled = submitted({"escrow.service_fee.model": "unknown", "escrow.dormancy": "unknown"})
    assert unsettled.refused("no-such-move", "payer", escrow.Thaw("m1"), 400).decision is None


def test_a_late_command_warns_of_what_the_deadlines_before_it_did_too() -> None:
    job = submitted({"milestone.review.notices": 1}, milestones=TWO)
    assert job.wait(40).now.states() == job.now.states()
    job("payer", escrow.Deposit("m2", "100.00"), 60)
    assert job.events[0] == "milestone.deemed_approved"
    assert job.last.warnings == ("notices-unsent",)


# -- keys ------------------------------------------------------------------------------------------------------------


def test_the_same_key_gives_the_same_answer_and_nothing_happens() -> None:
    """A9, E12: a repeat is safe at any later time."""
    job = funded()
    first = job("payer", escrow.Release("m1", "100.00"), 1, key="r1").last
    for days in (1, 300):
        again = job.now.decide(escrow.Release("m1", "100.00"), by="ada", at=day(days), key="r1")
        assert (again.repeated, again.answer, again.events, again.agreement) == (True, first.events, (), job.now)
    assert ek.replay(job.now.history).keys == job.now.keys


def test_only_under_a_key_is_remembered_what_was_said() -> None:
    plain, keyed = (funded()("payer", escrow.Release("m1", "1.00"), key=key).now.history[-1] for key in (None, "k"))
    assert (plain.key, plain.said) == (None, None)
    assert (keyed.key, keyed.said) == ("k", "payer " + repr(escrow.Release("m1", "1.00")))


def test_a_key_of_which_a_history_does_not_say_what_was_said_is_taken() -> None:
    job = funded()
    last = job.now.history[-1]
    job.now = evolve(job.now, attrs.evolve(last, key="k", decision=last.decision + 1))
    assert job.now.keys == {"k": ("", last.decision + 1)}
    job.refused("key-conflict", "payer", escrow.Release("m1", "1.00"), key="k")


def test_a_key_with_another_command_or_by_another_is_a_conflict_before_any_other_rule() -> None:
    job = funded()("payer", escrow.Release("m1", "100.00"), key="r1")
    for by, command in (
        ("payer", escrow.Release("m1", "100.01")),
        ("payee", escrow.Release("m1", "100.00")),
        ("payer", escrow.Release("m9", "x")),
    ):
        job.refused("key-conflict", by, command, START - MICRO, key="r1")
    with pytest.raises(KeyConflict):
        job.now.decide(escrow.Release("m1", "1.00"), by="payer", at=START, key="r1")


def test_a_refused_command_uses_up_no_key() -> None:
    job = funded()
    job.refused("over-held", "payer", escrow.Release("m1", "999.00"), key="r1")
    assert job("payer", escrow.Release("m1", "1.00"), key="r1").last.events


def test_the_answer_under_a_key_leaves_out_what_deadlines_decided_before() -> None:
    job = submitted(milestones=TWO)
    decision = job("payer", escrow.Deposit("m2", "100.00"), 20, key="d").last
    assert decision.events[0].milestone == "m1"
    again = job.now.decide(escrow.Deposit("m2", "100.00"), by="payer", at=day(20), key="d")
    assert {event.milestone for event in again.answer} == {"m2"}


# -- conduct and ending ----------------------------------------------------------------------------------------------


def test_conduct_moves_neither_money_nor_clocks() -> None:
    job = submitted()
    deadlines = job.now.deadlines()
    for by in ("platform", "mediator"):
        job(by, Restrict(role="payee", right="rating", reason="rude", until=day(9)))
        assert (job.last.entries, job.now.deadlines()) == ((), deadlines)
    for by in ("payer", "payee", "stranger"):
        job.refused("not-your-move", by, Restrict(role="payee", right="rating", reason="rude"))
    job.refused("bad-argument", "platform", Restrict(role="payee", right="", reason="rude"))


def test_ending_asks_for_gives_back_cancels_and_withdraws_as_if_said_one_by_one() -> None:
    job = funded(milestones=(*TWO, ("m3", "10.00")))("payer", milestone.Propose("m4", "5.00"))(
        "payee", milestone.Propose("m5", "5.00")
    )
    payer = Job.__new__(Job)
    payer.now, payer.last = job.now, job.last
    payer("payer", End(reason="over"), key="end")
    states = {name: payer.state(f"milestone.{name}") for name in payer.now.milestones}
    assert states == {"m1": "cancelling", "m2": "cancelled", "m3": "cancelled", "m4": "declined", "m5": "declined"}
    assert payer("payer", End(reason="over"), key="end").last.repeated
    payer.refused("not-now", "payer", End(reason="again"))
    job("payee", End(reason="over"))
    assert {job.state(f"milestone.{name}") for name in ("m1", "m2", "m3")} == {"cancelled"}
    assert job.net("payer") == "0.00"


def test_an_ending_says_who_ended_when_and_why_and_is_one_decision_with_what_follows() -> None:
    decision = funded().now.decide(End(reason="moved away"), by="payee", at=day(3), actor="bot-7", key="end")
    event: Any = decision.events[0]
    assert (event.milestone, event.reason, event.after) == ("", "moved away", "open")
    assert (event.by, event.at, event.actor) == ("payee", day(3), "bot-7")
    added = decision.agreement.history[-len(decision.events) :]
    assert len(added) > 2
    assert len({(record.decision, record.key) for record in added}) == 1


def test_a_restriction_says_who_restricted_whom_when_and_why_and_is_one_decision() -> None:
    restrict = Restrict(role="payer", right="rate", until=day(9), reason="abuse")
    decision = funded().now.decide(restrict, by="platform", at=day(3), actor="bot-7")
    event: Any = decision.events[0]
    assert (event.milestone, event.role, event.right, event.until) == ("", "payer", "rate", day(9))
    assert (event.by, event.at, event.actor, event.reason, event.after) == (
        "platform",
        day(3),
        "bot-7",
        "abuse",
        "open",
    )
    assert decision.agreement.history[-1].decision == decision.agreement.history[-2].decision + 1


def test_ending_answers_the_request_of_the_other_side_and_cannot_repeat_one_that_was_taken_back() -> None:
    asked = funded()("payer", milestone.RequestCancel("m1", "350.00"))
    assert (asked("payee", End(reason="over")).state("milestone"), asked.net("payer")) == ("cancelled", "0.00")
    back = funded()("payer", milestone.RequestCancel("m1", "350.00"))("payer", milestone.WithdrawCancel("m1"))
    refused = back.refused("not-now", "ada", End(reason="over"))
    assert refused.key == "not-now.first_request"
    assert (refused.machine, refused.command, refused.milestone) == ("milestone", "request_cancel", "m1")
    assert (refused.by, refused.state) == ("payer", "active")


def test_who_has_nothing_to_end_is_told_by_its_key() -> None:
    done = funded()("payer", escrow.Release("m1", "350.00"))
    assert done.refused("not-now", "payer", End(reason="over")).key == "not-now.nothing-open"


def test_ending_is_all_or_nothing() -> None:
    """H2: one milestone that cannot be ended, and none is."""
    job = disputed(milestones=TWO)
    before = job.now
    for by in ("payer", "payee"):
        job.refused("not-now", by, End(reason="over"))
    assert job.now == before
    job.refused("not-your-move", "platform", End(reason="over"))
    done = funded()("payer", escrow.Release("m1", "350.00"))
    done.refused("not-now", "payer", End(reason="over"))


# -- time ------------------------------------------------------------------------------------------------------------


def test_time_never_runs_backwards_and_the_same_instant_is_fine() -> None:
    job = funded()("payer", escrow.Release("m1", "1.00"), 1)
    job.refused("time-runs-backwards", "payer", escrow.Release("m1", "1.00"), day(1) - MICRO)
    with pytest.raises(ek.errors.TimeRunsBackwards):
        job.now.advance(START)
    assert job("payer", escrow.Release("m1", "1.00"), 1).last.events


def test_an_engine_that_is_none_is_refused_whatever_is_asked_of_it() -> None:
    now: Any = opened()
    for asked in (now.advance, lambda to, engine: opened(engine=engine)):
        for engine in ("fast", "", None, 7):
            with pytest.raises(BadArgument) as refused:
                asked(START, engine=engine)
            assert refused.value.key == "bad-argument.engine"
        for engine in ek.agreement.ENGINES:
            assert asked(START, engine=engine)


def test_an_instant_is_one_in_every_zone() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    there = opened(at=START.astimezone(zone))
    assert there == opened()
    assert there.decide(escrow.Deposit("m1", "350.00"), by="payer", at=day(1).astimezone(zone)).events[0].at == day(1)


def test_deadlines_of_one_instant_fire_in_one_order() -> None:
    """D8: disputes before milestones before escrows, then by milestone."""
    rules = {
        "milestone.review.within": "7 days",
        "dispute.answer.payee.within": "7 days",
        "escrow.dormancy.idle": "7 days",
        "escrow.dormancy.on_silence": "payer",
        "dispute.stages": [],
    }
    job = Job(rules, milestones=[("m1", "10.00"), ("m2", "10.00"), ("m3", "10.00"), ("m4", "10.00")])
    for id_ in job.now.milestones:
        job("payer", escrow.Deposit(id_, "10.00"))
    for id_ in ("m3", "m2"):
        job("payee", milestone.Submit(id_, "zip"))
    job("payer", dispute.Open("m4", "10.00", "why"))
    assert [(id_, clock.machine, clock.name) for at, id_, clock in job.now.deadlines() if at == day(7)] == [
        ("m4", "dispute", "answer"),
        ("m2", "milestone", "review"),
        ("m3", "milestone", "review"),
        ("m1", "escrow", "dormancy"),
        ("m2", "escrow", "dormancy"),
        ("m3", "escrow", "dormancy"),
    ]
    job.wait(7)
    assert job.net("payee") == "20.00"


def test_nothing_due_nothing_happens() -> None:
    job = funded()
    assert job.now.advance(day(1)) == Decision(job.now)


# -- histories -------------------------------------------------------------------------------------------------------


def test_a_history_that_was_changed_does_not_verify() -> None:
    """I2: what is held is worked out, never believed."""
    now = funded().now
    place = next(n for n, record in enumerate(now.history) if record.entries)
    forged = attrs.evolve(now.history[place], entries=())
    history = (*now.history[:place], forged, *now.history[place + 1 :])
    ek.agreement.verify(now)
    ek.agreement.verify(ek.view(now, "payee"))
    with pytest.raises(BrokenBooks, match=rf"record {place} "):
        ek.agreement.verify(ek.replay(history))
    with pytest.raises(BrokenBooks):
        ek.agreement.verify(attrs.evolve(now, at=day(9)))


def test_an_empty_history_makes_no_agreement() -> None:
    with pytest.raises(ek.errors.BadArgument):
        ek.replay(())
    assert ek.replay([Record(opened().events()[0], (), 0)]).milestones == ("m1",)


def test_books_that_break_are_never_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused reaction and a refused clock are faults of the tables, and nothing is changed."""
    from escrowkit.agreement import deciding as module

    job = submitted()
    monkeypatch.setattr(module, "reactions", lambda pot, event: iter([escrow.Thaw("m1")]))
    with pytest.raises(BrokenBooks):
        job.now.decide(milestone.Approve("m1", "zip"), by="payer", at=day(2))
    with pytest.raises(BrokenBooks):
        job.now.advance(day(20))
    monkeypatch.setattr(module, "LAPSE", {"milestone": lambda id_, name: milestone.LockDelay(id_)})
    with pytest.raises(BrokenBooks):
        job.now.advance(day(20))


def test_every_refusal_is_one_of_the_closed_list() -> None:
    assert all(issubclass(refusal, Refused) for refusal in REFUSALS)
    assert len({refusal.code for refusal in REFUSALS}) == len(REFUSALS)


def test_one_line_after_the_other_makes_what_the_whole_history_makes() -> None:
    now = submitted().now
    folded = None
    for record in now.history:
        folded = evolve(folded, record)
    assert folded == ek.replay(now.history) == now


@pytest.mark.parametrize("key", [None, "k1"])
def test_a_command_that_cannot_be_written_down_is_refused_with_a_key_and_without(key: str | None) -> None:
    said: Any = 10**5000
    with pytest.raises(BadArgument):
        submitted().now.decide(milestone.Approve("m1", said), by="payer", at=day(2), key=key)


def test_whether_a_move_may_be_made_is_told_without_its_reasons() -> None:
    now = ek.open_agreement(
        rulebook="standard@1",
        parties={"payer": "ada", "payee": "lin"},
        currency="USD",
        milestones=[("m1", "1.00")],
        at=START,
        rules={"milestone.max_revisions": "unknown"},
    )
    now = now.decide(escrow.Deposit("m1", "1.00"), by="payer", at=START).agreement
    now = now.decide(milestone.Submit("m1", "zip"), by="payee", at=START).agreement
    payer = deciding.Call(Role.PAYER, "payer", day(1))
    assert deciding.may(now, milestone.Approve("m1", "zip"), payer)
    assert not deciding.may(now, milestone.Approve("m1", "other"), payer)
    assert not deciding.may(now, milestone.RequestChanges("m1", "more"), payer), "the sources do not settle it"
    assert not deciding.may(now, milestone.Submit("m1", "zip"), payer)


# -- warnings --------------------------------------------------------------------------------------------------------

NO_SUBMISSION = (
    ("payer", milestone.RequestCancel("m1", "350.00")),
    ("payer", dispute.Open("m1", "350.00", "nothing came")),
    ("payee", dispute.Open("m1", "350.00", "it was sent by chat")),
)


@pytest.mark.parametrize(("by", "said"), NO_SUBMISSION)
def test_a_request_or_dispute_over_work_that_was_never_submitted_warns(by: str, said: Command) -> None:
    assert funded()(by, said, 2).last.warnings == ("nothing-submitted",)
    assert submitted()(by, said, 2).last.warnings == ()
    own = {"id": "m1", "price": "350.00", "release_when": {"attested": "roof", "by": "witness:dave"}}
    assert funded(milestones=[own])(by, said, 2).last.warnings == ()


def test_a_dispute_over_what_was_paid_without_a_submission_warns_of_none() -> None:
    paid = funded({"dispute.lookback": "30 days", "milestone.submit_needs": "nothing"})
    paid("payer", escrow.Release("m1", "350.00"))("payer", dispute.Open("m1", "350.00", "nothing came"), 2)
    assert paid.last.warnings == ()


def test_work_that_is_submitted_without_the_money_for_it_warns() -> None:
    rules = {"milestone.start": "unfunded", "milestone.submit_needs": "nothing"}
    for paid, warned in (("349.99", ("unfunded-work",)), ("350.00", ())):
        job = Job(rules)("payer", escrow.Deposit("m1", paid))
        assert job("payee", milestone.Submit("m1", "zip")).last.warnings == warned


def test_who_acts_while_an_own_deadline_ends_within_a_day_is_warned() -> None:
    """Evidence is no answer: the answer is due all the same."""
    said = dispute.AddEvidence("m1", "digest", "screenshot")
    end, near = disputed().now.deadlines()[0][0], timedelta(days=1)
    for at, warned in ((end - near, ()), (end - near + MICRO, ("deadline-near",)), (end - MICRO, ("deadline-near",))):
        assert disputed()("payee", said, at).last.warnings == warned
        assert disputed()("payer", said, at).last.warnings == (), "the payer has no deadline"
    assert disputed()("payee", said, 2).last.warnings == ()


def test_a_fee_above_the_stake_warns_whichever_side_bears_it() -> None:
    for payer, payee, warned in (("350.00", "350.00", ()), ("350.01", "1.00", True), ("1.00", "350.01", True)):
        shares = {"arbitration.fee.shares.payer": f"{payer} USD", "arbitration.fee.shares.payee": f"{payee} USD"}
        assert contested({**SHARED, **shares}).last.warnings == (("fee-exceeds-stake",) if warned else ())


def test_a_part_released_near_the_end_of_the_review_does_not_end_it() -> None:
    job = submitted({"escrow.release.partial": True})
    assert job("payer", escrow.Release("m1", "50.00"), job.now.deadlines()[0][0] - MICRO).last.warnings == (
        "deadline-near",
    )
