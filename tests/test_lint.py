"""What stands out in a rulebook: each lint in a small rulebook that has it, and in none that is clean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from commandline import escrowkit
from escrowkit import proof
from escrowkit.errors import DefinitionError
from escrowkit.lint import LINTS, Lint, lint
from escrowkit.lint.ends import RESTS, listed
from escrowkit.lint.fees import bound
from escrowkit.lint.powers import able
from escrowkit.lint.silences import STEPS, WINDOWS
from escrowkit.money import Money, Tariff, parse_rate
from escrowkit.roles import Role
from escrowkit.rulebook import Rulebook, available, build, load
from escrowkit.schema import KEYS, ROLES

#: Nothing stands out: every silence ends, both sides alike, all of it marked.
CLEAN: Mapping[str, Any] = {
    "milestone.review": {"within": "14 days", "on_silence": "payee"},
    "escrow.dormancy": {"idle": "365 days", "on_silence": "payer"},
    "escrow.impound": {"within": "30 days"},
    "dispute.open_by": ["payer", "payee"],
    "dispute.answer.payer": {"within": "7 days", "on_silence": "claim"},
    "dispute.answer.payee": {"within": "7 days", "on_silence": "claim"},
    "dispute.longest": {"within": "90 days", "on_expiry": "halves"},
}
MEDIATED = {"dispute.stages": ["mediation"], "mediation.power": "recommend"}
SHARES = {
    "dispute.stages": ["arbitration"],
    "arbitration.fee": {"model": "shares", "shares": {"payer": "291.00 USD", "payee": "291.00 USD"}},
    "arbitration.pay": {"within": "7 days"},
    "arbitration.none_paid": "halves",
}


def rules(changes: Mapping[str, Any] | None = None, *, without: tuple[str, ...] = (), **head: Any) -> Rulebook:
    """The clean rulebook, some of it left out, and some values said otherwise."""
    said = {key: value for key, value in CLEAN.items() if key not in without} | dict(changes or {})
    parts = {key.partition(".")[0] for key in said}
    marks = {part: {"source": "own", "sure": "own"} for part in parts}
    top: dict[str, Any] = {"id": "mine", "version": "1", "title": "mine", "sources": {"own": "own"}, "sure": marks}
    return build({**top, **head, **said}, "mine")


def keys(book: Rulebook) -> list[str]:
    return [one.key for one in lint(book)]


def only(book: Rulebook, key: str) -> Lint:
    """The one lint of this key."""
    (found,) = [one for one in lint(book) if one.key == key]
    return found


def test_in_a_clean_rulebook_and_in_the_standard_one_nothing_stands_out() -> None:
    assert lint(rules()) == ()
    assert lint(load("standard@1")) == ()


#: (lint, what is said otherwise, what is left out, the head, the place, words that must be there, what mends it)
Found = tuple[str, dict[str, Any], tuple[str, ...], dict[str, Any], str, str, dict[str, Any]]
FOUND: tuple[Found, ...] = (
    ("fee-above-stake", SHARES, (), {}, "arbitration.fee.shares", "Under 291.00 USD a side's own fee is more than all that is in dispute, and under 582.00 USD",
     {**SHARES, "arbitration.eligible.stake_from": "582.00 USD"}),
    ("fee-above-stake", {**SHARES, "arbitration.eligible.stake_from": "581.99 USD"}, (), {}, "arbitration.fee.shares", "Under 582.00 USD the fees of both sides together are more than all that is in dispute.",
     {**SHARES, "arbitration.small_pot": {"up_to": "581.99 USD", "divide": "halves"}}),
    ("fee-above-stake", {**SHARES, "arbitration.fee": {"model": "external", "shares": {"payer": "40.00 EUR"}}}, (), {}, "arbitration.fee.shares", "Under 40.00 EUR a side's own fee",
     {**SHARES, "arbitration.fee": {"model": "external"}}),
    ("fee-above-stake", {**SHARES, "arbitration.fee": {"model": "rate", "rate": "5%", "floor": {"USD": "5.00", "JPY": "600"}}}, (), {}, "arbitration.fee.floor", "under 10.00 USD, 1200 JPY the fees",
     {**SHARES, "arbitration.fee": {"model": "rate", "rate": "50%"}}),
    ("fee-above-stake", {**SHARES, "arbitration.fee": {"model": "rate", "rate": "60%"}}, (), {}, "arbitration.fee.rate", "more than any stake",
     {**SHARES, "arbitration.fee": {"model": "rate", "rate": "49%"}}),
    ("fee-above-stake", {**SHARES, "arbitration.fee": {"model": "rate", "rate": "60%", "cap": "30.00 USD"}}, (), {}, "arbitration.fee.rate", "Under 60.00 USD the fees of both sides together",
     {**SHARES, "arbitration.fee": {"model": "rate", "rate": "40%", "cap": "30.00 USD"}}),
    ("fee-above-stake", {"dispute.stages": ["arbitration"], "arbitration.fee": {"model": "from_pot", "rate": "5%", "floor": "25.00 USD"}}, (), {}, "arbitration.fee.floor", "Under 25.00 USD the fee out of the pot is more",
     {"dispute.stages": ["arbitration"], "arbitration.fee": {"model": "from_pot", "rate": "5%", "floor": "25.00 USD"}, "arbitration.small_pot": {"up_to": "50.00 USD", "divide": "halves"}}),
    ("fee-above-stake", {"escrow.service_fee": {"model": "per_contract", "rate": "10%", "fixed": "4.50 USD"}}, (), {}, "escrow.service_fee", "Under 5.00 USD the service fee is more",
     {"escrow.service_fee": {"model": "per_contract", "rate": "10%", "fixed": "4.50 USD"}, "money.min_milestone": "5.00 USD"}),
    ("fee-above-stake", {"escrow.processing_fee": {"fixed": "0.30 USD"}}, (), {}, "escrow.processing_fee.fixed", "Under 0.30 USD the processing fee is more",
     {"escrow.processing_fee": {"rate": "3%"}}),
    ("fee-above-stake", {"escrow.fees": [{"name": "desk", "borne_by": "payer", "on": "deposit", "fixed": "1.00 USD"}]}, (), {}, "escrow.fees", "Under 1.00 USD the fee 'desk' is more",
     {"escrow.fees": [{"name": "desk", "borne_by": "payer", "on": "deposit", "rate": "4%"}]}),
    ("one-sided-silence", {"escrow.dormancy": {"idle": "365 days", "on_silence": "payee"}, "dispute.longest": {"within": "90 days", "on_expiry": "payee"}},
     ("dispute.answer.payee", "dispute.answer.payer"), {}, "milestone.review.on_silence", "moves it to the payee: milestone.review.on_silence, dispute.longest.on_expiry, escrow.dormancy.on_silence.",
     {"dispute.longest": {"within": "90 days", "on_expiry": "halves"}}),
    ("one-sided-silence", {"milestone.cancel": {"within": "7 days", "on_silence": "as_asked"}, "dispute.longest": {"within": "90 days", "on_expiry": "payer"}, "dispute.open_by": "payer"},
     ("milestone.review",), {}, "milestone.cancel.on_silence", "moves it to the payer",
     {"dispute.longest": {"within": "90 days", "on_expiry": {"payer": "60%", "payee": "40%"}}}),
    ("one-sided-answer", {}, ("dispute.answer.payee",), {}, "dispute.answer.payee", "only the payer can lose it by silence",
     {"dispute.open_by": ["payer"]}),
    ("one-sided-answer", {"dispute.answer.payer": {"within": "7 days", "on_silence": "contested"}}, (), {}, "dispute.answer.payer", "only the payee can lose it by silence", {}),
    ("unequal-windows", {"dispute.answer.payer": {"within": "14 days", "on_silence": "claim"}}, (), {}, "dispute.answer", "The payer has 14 days to answer a dispute, and the payee 7 days.", {}),
    ("longest-too-short", {**MEDIATED, "mediation.longest": "84 days", "mediation.on_failure": "halves"}, (), {}, "dispute.longest.within", "It is over after 90 days, and its stages can take longer: dispute.answer 7 days, mediation 84 days.",
     {**MEDIATED, "mediation.longest": "83 days", "mediation.on_failure": "halves"}),
    ("longest-too-short", {**MEDIATED, "mediation.longest": "9 days", "mediation.on_failure": "halves", "mediation.recommend.within": "5 business days", "mediation.accept.within": "3 days"}, (), {}, "mediation.longest", "mediation.recommend.within 7 days",
     {**MEDIATED, "mediation.longest": "10 days", "mediation.on_failure": "halves", "mediation.recommend.within": "5 business days", "mediation.accept.within": "3 days"}),
    ("shorter-than-notice", {"milestone.review": {"within": "71 hours", "on_silence": "payee", "notices": 1}}, (), {}, "milestone.review.within", "shorter than the 3 days",
     {"milestone.review": {"within": "72 hours", "on_silence": "payee", "notices": 1}}),
    ("shorter-than-notice", {"escrow.dormancy": {"idle": "6 days", "notice": "7 days", "on_silence": "payer"}}, (), {}, "escrow.dormancy.idle", "less than the notice of 7 days",
     {"escrow.dormancy": {"idle": "7 days", "notice": "7 days", "on_silence": "payer"}}),
    ("gone-in-a-weekend", {"milestone.review": {"within": "48 hours", "on_silence": "payee"}}, (), {}, "milestone.review.within", "48 hours can pass within one weekend of 2 days",
     {"milestone.review": {"within": "49 hours", "on_silence": "payee"}}),
    ("gone-in-a-weekend", {"milestone.review": {"within": "24 hours", "on_silence": "payee"}, "calendar.weekend": ["fri"]}, (), {}, "milestone.review.within", "one weekend of 1 days",
     {"milestone.review": {"within": "1 business day", "on_silence": "payee"}, "calendar.holidays": []}),
    ("no-holidays", {"milestone.review": {"within": "5 business days", "on_silence": "payee"}}, (), {}, "calendar.holidays", "Business days are counted (milestone.review.within)",
     {"milestone.review": {"within": "5 business days", "on_silence": "payee"}, "calendar.holidays": []}),
    ("power-nobody-holds", {"escrow.release.by": ["payer", "mediator"]}, (), {}, "escrow.release.by", "The mediator can never do this", {"escrow.release.by": ["payer", "witness"]}),
    ("power-nobody-holds", {"dispute.open_by": ["payer", "payee", "provider"]}, (), {}, "dispute.open_by", "The provider can never do this", {"dispute.open_by": ["payer", "payee", "witness", "platform"]}),
    ("power-nobody-holds", {"milestone.late": {"after": "3 days", "right": ["arbitrator"]}}, (), {}, "milestone.late.right", "The arbitrator can never", {"milestone.late": {"after": "3 days", "right": ["payer"]}}),
    ("power-nobody-holds", {"dispute.extend": {"by": ["mediator"], "step": "7 days"}}, (), {}, "dispute.extend.by", "no dispute has one", {"dispute.extend": {"by": ["platform"], "step": "7 days"}}),
    ("power-nobody-holds", {"dispute.extend.step": "7 days"}, (), {}, "dispute.extend.by", "nobody may extend one", {}),
    ("power-nobody-holds", {"dispute.open_by": []}, (), {}, "dispute.open_by", "Nobody may open a dispute", {}),
    ("power-nobody-holds", {"dispute.stages": ["arbitration"], "arbitration.appoint.by": []}, (), {}, "arbitration.appoint.by", "Nobody may appoint", {"arbitration.appoint.by": ["platform"]}),
    ("power-nobody-holds", {**MEDIATED, "dispute.escalate": {"when": "by a party", "by": []}}, (), {}, "dispute.escalate.by", "no stage is ever reached",
     {**MEDIATED, "dispute.escalate": {"when": "by a party", "by": []}, "dispute.escalate.within": "5 days", "dispute.escalate.on_silence": "next_stage"}),
    ("unused-rules", {"mediation.power": "decide"}, (), {}, "mediation", "rules for a stage 'mediation'", {**MEDIATED}),
    ("unused-rules", {"arbitration.award.menu": "any"}, (), {}, "arbitration", "rules for a stage 'arbitration'", {"dispute.stages": ["arbitration"]}),
    ("unused-rules", {**MEDIATED, "mediation.power": "facilitate", "mediation.accept.within": "5 days"}, (), {}, "mediation.accept.within", "the power to recommend or decide, and this one may only facilitate", {**MEDIATED, "mediation.accept.within": "5 days"}),
    ("unused-rules", {**MEDIATED, "mediation.decide.after": "5 days"}, (), {}, "mediation.decide.after", "the power to decide",
     {**MEDIATED, "mediation.decide.after": "5 days", "mediation.power": {"below": "1.00 USD", "small": "decide", "otherwise": "recommend"}}),
    ("no-source", {}, (), {"sure": {"escrow": {"source": "own", "sure": "own"}, "dispute": {"source": "own", "sure": "own"}}}, "milestone", "No source says any of this.", {}),
    ("no-source", {}, (), {"sure": {name: {"source": "own", "sure": "own"} for name in ("escrow", "dispute", "milestone.review.within")}}, "milestone.review.on_silence", "No source says this.", {}),
    ("no-source", {}, (), {"sure": {}, "sources": {}}, "sure", "No value names a source", {}),
    ("unused-source", {}, (), {"sources": {"own": "own", "terms": "Terms"}}, "sources.terms", "No value names it.", {}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("key", "said", "without", "head", "place", "words", "mended"), FOUND, ids=[f"{f[0]}-{f[4]}" for f in FOUND]
)
def test_each_lint_is_found_at_its_place_and_is_gone_when_mended(
    key: str, said: dict[str, Any], without: tuple[str, ...], head: dict[str, Any], place: str, words: str, mended: Any
) -> None:
    found = only(rules(said, without=without, **head), key)
    assert found.place == place
    assert words in found.words
    assert found.words.endswith(".")
    assert found.mend.endswith(".")
    assert key not in keys(rules({**said, **mended} if mended else None))


def test_every_lint_is_tried_here() -> None:
    assert {key for key, *_ in FOUND} | {"no-exit-by-clock"} == set(LINTS)


def test_the_lints_come_in_the_order_of_their_list() -> None:
    found = keys(
        rules({**SHARES, "milestone.review": {"within": "2 days", "on_silence": "payee"}, "mediation.power": "decide"})
    )
    assert found == sorted(found, key=list(LINTS).index)
    assert len(set(found)) > 2


def test_unknown_values_are_never_held_against_a_rulebook() -> None:
    told = {path: "unknown" for path in KEYS if path not in ("calendar.timezone",)}
    book = build({"id": "dark", "version": "1", "title": "dark", **told}, "dark")
    assert not {one.key for one in lint(book)} - {"no-exit-by-clock", "no-source"}


# -- states that no clock ends ---------------------------------------------------------------------------------------

DISPUTED = {
    **MEDIATED,
    "mediation.longest": "unknown",
    "arbitration.fee": {"model": "rate", "rate": "5%"},
    "arbitration.pay": {"within": "7 days"},
    "dispute.stages": ["mediation", "arbitration"],
    "dispute.escalate": {"when": "by a party"},
    "dispute.answer.payer": {"within": "unknown", "on_silence": "claim"},
    "milestone.cancel": {"within": "unknown", "on_silence": "as_asked"},
}  # fmt: skip
#: Nothing ends anything, in each rest of the list.
ENDLESS: Mapping[str, Any] = {**DISPUTED, "arbitration.none_paid": "unknown", "arbitration.one_paid": "unknown"}
LEFT_OUT = ("milestone.review", "escrow.dormancy", "escrow.impound", "dispute.longest")


def endless(changes: Mapping[str, Any] | None = None, **head: Any) -> set[str]:
    """The states that no clock ends."""
    found = lint(rules({**ENDLESS, **(changes or {})}, without=LEFT_OUT, **head))
    return {
        state for one in found if one.key == "no-exit-by-clock" for rest in RESTS if rest.words in one.words
        for state in rest.states
    }  # fmt: skip


def test_where_nothing_ends_every_rest_is_told_and_the_longest_time_of_all_ends_every_one() -> None:
    last = {"dispute.mediated", "mediation.failed"}  # a failed mediation goes on to arbitration here
    assert endless() == {state for rest in RESTS for state in rest.states} - last
    assert endless({"escrow.hold_limit.within": "90 days", "escrow.hold_limit.on_expiry": "payer"}) == set()
    assert last <= endless({"dispute.stages": ["mediation"]})


@pytest.mark.parametrize(("said", "ended"), [
    ({"escrow.dormancy": {"idle": "90 days", "on_silence": "payer"}}, {"milestone.agreed", "milestone.active", "milestone.submitted"}),
    ({"milestone.start": "unfunded"}, {"milestone.agreed"}),
    ({"milestone.review.within": "9 days", "milestone.review.on_silence": "payee"}, {"milestone.submitted"}),
    ({"milestone.review": {"within": "9 days", "on_silence": "payee", "since": "active"}}, {"milestone.active", "milestone.submitted"}),
    ({"milestone.late": {"after": "9 days", "since": "active", "on_silence": "payer"}}, {"milestone.active"}),
    ({"milestone.late": {"after": "9 days", "since": "due", "on_silence": "payer"}}, set()),
    ({"escrow.impound.within": "9 days"}, {"escrow.impounded"}),
    ({"milestone.cancel": {"within": "9 days", "on_silence": "as_asked"}}, {"milestone.cancelling"}),
    ({"dispute.answer.payer": {"within": "9 days", "on_silence": "contested"}}, {"dispute.opened"}),
    ({"dispute.escalate": {"when": "at once"}}, {"dispute.contested"}),
    ({"dispute.escalate": {"when": "by a party", "within": "9 days", "on_silence": "next_stage"}}, {"dispute.opened", "dispute.contested"}),
    ({"mediation.recommend.within": "9 days"}, {"mediation.sitting"}),
    ({"mediation.longest": "9 days"}, {"mediation.requested", "mediation.sitting"}),
    ({"arbitration.none_paid": "halves"}, {"arbitration.offered"}),
    ({"arbitration.none_paid": "halves", "arbitration.pay": {"within": "7 days", "since": "first_paid"}}, set()),
    ({"arbitration.one_paid": "claim"}, {"arbitration.half_funded"}),
    ({"arbitration.award": {"within": "9 days", "on_silence": "halves"}}, {"arbitration.funded", "arbitration.hearing"}),
])  # fmt: skip
def test_each_clock_ends_what_it_ends_and_nothing_else(said: dict[str, Any], ended: set[str]) -> None:
    assert endless() - endless(said) == ended


def test_what_the_rulebook_owns_up_to_is_no_warning() -> None:
    said = ["milestone.agreed, milestone.active (no end is published)", "escrow.frozen (nor for a dispute)"]
    left = endless(open_ended=said)
    assert left == {"milestone.submitted", "milestone.cancelling", "escrow.impounded"}
    assert listed(rules(open_ended=said)) == {"milestone.agreed", "milestone.active", "escrow.frozen"}


def test_in_the_shipped_rulebooks_it_agrees_with_the_walk_over_every_state() -> None:
    """Where `prove` finds money that stays, `open_ended` says so; the lint warns of nothing beyond it."""
    for name in available():
        assert "no-exit-by-clock" not in keys(load(name)), name
    strands = rules({}, without=("dispute.longest", "dispute.answer.payee", "dispute.answer.payer"))
    assert (
        only(strands, "no-exit-by-clock").words
        == "No clock ends a dispute that nobody takes further (dispute.contested)."
    )
    found = proof.prove(strands, proof.Size(price=1, unusual=0))
    assert any("dispute.contested" in end.states for end in found.stranded)
    assert proof.prove(rules(), proof.Size(price=1, unusual=0)).stranded == ()


# -- the tables behind it --------------------------------------------------------------------------------------------


def test_every_list_of_roles_in_the_schema_is_known_to_the_tables() -> None:
    lists = {path for path, key in KEYS.items() if key.kind is ROLES}
    assert set(able()) == lists
    assert able()["arbitration.appoint.by"] == {Role.PLATFORM, Role.PAYER, Role.PAYEE}


def test_every_answer_to_a_silence_is_a_step_or_divides_a_ruling() -> None:
    answers = {path for path, key in KEYS.items() if "who gets it" in key.words or path.endswith(".on_silence")}
    asked = {step.answer for step in STEPS} | {"escrow.funding.on_silence", "mediation.accept.on_silence"}
    ruled = {"dispute.answer.both_silent", "arbitration.refusal.divide"}
    assert answers - asked - ruled == set()
    assert {step.within for step in STEPS} | set(WINDOWS) <= set(KEYS)


TARIFFS: tuple[tuple[str, str | None, str | None, str | None], ...] = (
    ("0%", "4.99", None, None), ("10%", "4.50", None, None), ("5%", None, "5.00", None), ("99%", "0.01", None, None),
    ("20%", "1.00", "3.00", "9.00"), ("100%", None, None, None), ("50%", None, None, None), ("3.3%", "0.07", None, None),
)  # fmt: skip


@pytest.mark.parametrize("tariff", TARIFFS)
@pytest.mark.parametrize("currency", ["USD", "KWD"])
def test_under_the_bound_and_only_there_the_fee_exceeds(tariff: Any, currency: str) -> None:
    rate, *sums = tariff
    fixed, floor, cap = (one and Money.parse(one, currency) for one in sums)
    fee = Tariff(((None, parse_rate(rate)),), fixed=fixed, floor=floor, cap=cap)
    edge = bound(fee.of, currency)
    assert edge is not None
    over = [minor for minor in range(1, 6_000) if fee.of(Money(minor, currency)).minor > minor]
    assert over == list(range(1, edge.minor))[: len(over)]
    assert edge.minor - 1 == (over[-1] if over else 0) or edge.minor > 6_000 or edge.minor == 0 == len(over)


def test_a_fee_that_always_exceeds_has_no_bound() -> None:
    assert bound(lambda stake: stake + stake, "USD") is None
    assert bound(lambda stake: stake, "USD") == Money(0, "USD")


# -- the command -----------------------------------------------------------------------------------------------------

MINE = """
id = "mine"
version = "1"
title = "mine"
[milestone.review]
within = "2 days"
on_silence = "payee"
"""


def check(*arguments: str) -> Result:
    return escrowkit("check", *arguments)


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(MINE, encoding="utf-8")
    return str(path)


def test_check_warns_and_is_content_unless_it_is_strict(mine: str) -> None:
    told = check(mine)
    assert told.exit_code == 0
    assert "warning: milestone.review.within: 2 days can pass within one weekend" in told.output
    assert f"this rulebook is well; {len(lint(load(Path(mine))))} warning(s)" in told.output
    assert check(mine, "--strict").exit_code == 1
    assert check("standard@1", "--strict").exit_code == 0


def test_check_prints_warnings_for_machines(mine: str) -> None:
    told = json.loads(check(mine, "--json").output)
    assert told["problems"] == []
    assert told["warnings"] == [one.data() for one in lint(load(Path(mine)))]
    assert {tuple(one) for one in told["warnings"]} == {("key", "place", "words", "mend")}
    assert check(mine, "--json", "--strict").exit_code == 1


def test_a_rulebook_that_is_wrong_is_told_its_errors_alone(mine: str) -> None:
    Path(mine).write_text(MINE.replace("payee", "pay"), encoding="utf-8")
    told = json.loads(check(mine, "--json").output)
    assert len(told["problems"]) == 1
    assert told["warnings"] == []


def test_check_takes_the_name_of_a_shipped_rulebook_and_says_what_is_none() -> None:
    assert "291.00 USD" in check("upwork@2018").output
    told = check("upwerk@2018")
    assert told.exit_code == 2
    assert "did you mean 'upwork@2018'?" in told.output


def test_no_lint_fails_whatever_single_value_is_said_otherwise() -> None:
    book = load("standard@1")
    values: tuple[Any, ...] = ("unknown", "1.00 EUR", "60%", "payer", [], "5 business days", 0, True, "decide")
    for path, key in KEYS.items():
        for value in values:
            try:
                other = book.override({path: value})
            except DefinitionError:
                continue
            assert all(one.key in LINTS and one.words and one.mend for one in lint(other)), key
