"""Release conditions as values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import field, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escrowkit.conditions import (
    DEEPEST,
    AtLeast,
    Attested,
    Condition,
    Elapsed,
    Signed,
    all_of,
    any_of,
    at_least,
    attested,
    by_clock_alone,
    elapsed,
    holds,
    parse,
    signed,
    witnesses,
)
from escrowkit.errors import BadArgument
from escrowkit.periods import Period

promise = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


@frozen
class Told:
    """The facts of a milestone: who signed, what was attested by whom, when what began."""

    signers: frozenset[str] = frozenset()
    facts: frozenset[tuple[str, str]] = frozenset()
    began: dict[str, datetime] = field(factory=dict)

    def signed(self, role: str) -> bool:
        return role in self.signers

    def attested(self, name: str, by: str | None) -> bool:
        return any(name == fact and by in (None, whom) for fact, whom in self.facts)

    def elapsed_at(self, period: Period, since: str) -> datetime | None:
        begun = self.began.get(since)
        return begun and begun + period.exact


NOTHING = Told()
BOTH = Told(signers=frozenset({"payer", "payee"}))
RUNNING = Told(began={"submitted": NOON})

roles = st.sampled_from(["payer", "payee"])
names = st.sampled_from(["roof", "door"])
people = st.sampled_from(["witness:dave", "witness:eve", "platform"])
sinces = st.sampled_from(["active", "submitted", "approved", "attested:roof"])
leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(signed, roles),
    st.builds(attested, names, st.none() | people),
    st.builds(elapsed, st.sampled_from(["1 day", "2 days", "72 hours", "90 seconds"]), sinces),
)


def _grown(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    some = st.lists(parts, min_size=1, max_size=3)
    return some.flatmap(lambda of: st.integers(1, len(of)).map(lambda n: at_least(n, *of)))


conditions = st.recursive(leaves, _grown, max_leaves=6)
moments = st.integers(-1, 5 * 86_400).map(lambda seconds: NOON + timedelta(seconds=seconds))
told = st.builds(
    Told,
    st.frozensets(roles),
    st.frozensets(st.tuples(names, people)),
    st.dictionaries(sinces, moments, max_size=4),
)


def naive(condition: Condition, facts: Told, at: datetime) -> bool:
    """Whether it holds, part by part."""
    match condition:
        case Signed(role):
            return facts.signed(role)
        case Attested(name, by):
            return facts.attested(name, by)
        case Elapsed(period, since):
            due = facts.elapsed_at(period, since)
            return due is not None and due <= at
        case AtLeast(n, of):
            return sum(naive(part, facts, at) for part in of) >= n


# --- single conditions --------------------------------------------------------------------------------------------


def test_a_signature_is_wanted_until_it_is_given_and_time_does_not_give_it() -> None:
    condition = signed("payer")
    assert not holds(condition, NOTHING, NOON)
    assert condition.due(NOTHING) is None
    assert condition.missing(NOTHING, NOON) == ("the payer has not signed",)
    assert holds(condition, BOTH, NOON)
    assert condition.missing(BOTH, NOON) == ()


@pytest.mark.parametrize(
    ("by", "whom", "met", "lacks"),
    [
        (None, "platform", True, ()),
        ("witness:dave", "witness:dave", True, ()),
        ("witness:dave", "witness:eve", False, ("witness:dave has not attested 'roof'",)),
        (None, None, False, ("somebody has not attested 'roof'",)),
    ],
)
def test_a_fact_is_wanted_from_whom_the_condition_names(
    by: str | None, whom: str | None, met: bool, lacks: tuple[str, ...]
) -> None:
    facts = Told(facts=frozenset({("roof", whom)} if whom else {("door", "witness:dave")}))
    condition = attested("roof", by)
    assert holds(condition, facts, NOON) is met
    assert condition.missing(facts, NOON) == lacks


def test_time_passes_at_the_due_instant_and_not_a_microsecond_before() -> None:
    condition = elapsed("14 days")
    due = NOON + 14 * DAY
    assert condition.due(RUNNING) == due
    assert [holds(condition, RUNNING, due + step) for step in (-TICK, 0 * TICK, TICK)] == [False, True, True]
    assert condition.missing(RUNNING, due - TICK) == ("14 days since submitted, over on 2026-03-16 12:00 UTC",)
    assert condition.missing(RUNNING, due) == ()


def test_time_that_does_not_run_passes_never() -> None:
    condition = elapsed("14 days", "approved")
    assert not holds(condition, RUNNING, datetime.max.replace(tzinfo=UTC))
    assert condition.missing(RUNNING, NOON) == ("14 days since approved, which does not run now",)


def test_the_default_condition_of_a_milestone_holds_when_the_payer_approves_while_the_review_runs() -> None:
    condition = any_of(signed("payer"), elapsed("14 days"))
    approved = Told(signers=frozenset({"payer"}), began={"submitted": NOON})
    assert holds(condition, approved, NOON)
    assert not holds(condition, RUNNING, NOON)
    assert condition.missing(RUNNING, NOON) == (
        "1 more of: the payer has not signed; 14 days since submitted, over on 2026-03-16 12:00 UTC",
    )


@pytest.mark.parametrize(("step", "alone"), [(-TICK, False), (0 * TICK, True), (TICK, True)])
def test_a_review_that_passed_is_fulfilled_by_the_clock_alone_from_its_end_on(step: timedelta, alone: bool) -> None:
    condition = any_of(signed("payer"), elapsed("14 days"))
    approved = Told(signers=frozenset({"payer"}), began={"submitted": NOON})
    assert by_clock_alone(condition, RUNNING, NOON + 14 * DAY + step) is alone
    assert by_clock_alone(condition, approved, NOON + 14 * DAY + step) is alone


# --- several ------------------------------------------------------------------------------------------------------


@promise
@given(condition=conditions, facts=told, at=moments)
def test_all_any_and_n_of_hold_as_a_count_of_their_parts_says(condition: Condition, facts: Told, at: datetime) -> None:
    assert holds(condition, facts, at) == naive(condition, facts, at)


@promise
@given(condition=conditions, facts=told, at=moments)
def test_nothing_is_missing_exactly_when_it_holds(condition: Condition, facts: Told, at: datetime) -> None:
    assert (condition.missing(facts, at) == ()) == holds(condition, facts, at)


@promise
@given(condition=conditions, facts=told)
def test_it_is_due_at_the_first_instant_at_which_it_holds(condition: Condition, facts: Told) -> None:
    due = condition.due(facts)
    never, always = NOON - 999 * DAY, NOON + 999 * DAY
    if due is None:
        assert not naive(condition, facts, always)
    else:
        assert naive(condition, facts, max(due, never))
        assert due < never or not naive(condition, facts, due - TICK)


@promise
@given(condition=conditions, facts=told, at=moments)
def test_the_clock_alone_fulfils_what_would_hold_had_nobody_done_anything(
    condition: Condition, facts: Told, at: datetime
) -> None:
    assert by_clock_alone(condition, facts, at) == naive(condition, Told(began=facts.began), at)


@promise
@given(parts=st.lists(leaves, min_size=1, max_size=4), facts=told, at=moments)
def test_all_and_any_are_the_ends_of_n_of(parts: list[Condition], facts: Told, at: datetime) -> None:
    held = [holds(part, facts, at) for part in parts]
    assert holds(all_of(*parts), facts, at) == all(held)
    assert holds(any_of(*parts), facts, at) == any(held)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (signed("payer"), "the payer approves"),
        (signed("payee"), "the payee submits"),
        (attested("roof"), "somebody attests 'roof'"),
        (attested("roof", "witness:dave"), "witness:dave attests 'roof'"),
        (elapsed("14 days"), "14 days pass since submitted"),
        (elapsed("5 business days", "attested:roof"), "5 business days pass since attested:roof"),
        (all_of(signed("payer")), "the payer approves"),
        (all_of(signed("payer"), signed("payee")), "the payer approves and the payee submits"),
        (any_of(signed("payer"), signed("payee")), "the payer approves or the payee submits"),
        (
            at_least(2, signed("payer"), signed("payee"), attested("roof")),
            "at least 2 of: the payer approves; the payee submits; somebody attests 'roof'",
        ),
        (
            all_of(any_of(signed("payer"), signed("payee")), attested("roof")),
            "(the payer approves or the payee submits) and somebody attests 'roof'",
        ),
        (
            any_of(all_of(signed("payer"), signed("payee")), attested("roof")),
            "(the payer approves and the payee submits) or somebody attests 'roof'",
        ),
    ],
)
def test_a_condition_is_said_in_words_that_leave_no_doubt(condition: Condition, words: str) -> None:
    assert condition.describe() == words


@pytest.mark.parametrize(
    ("condition", "lacks"),
    [
        (all_of(signed("payer"), signed("payee")), ("the payer has not signed", "the payee has not signed")),
        (any_of(attested("door"), signed("payer")), ()),
        (any_of(signed("payer"), signed("payee")), ("1 more of: the payer has not signed; the payee has not signed",)),
        (
            at_least(2, attested("door"), signed("payer"), signed("payee")),
            ("1 more of: the payer has not signed; the payee has not signed",),
        ),
        (
            any_of(all_of(signed("payer"), attested("roof")), signed("payee")),
            ("1 more of: the payer has not signed and somebody has not attested 'roof'; the payee has not signed",),
        ),
        (
            any_of(any_of(signed("payer"), attested("roof")), signed("payee")),
            (
                "1 more of: (1 more of: the payer has not signed; somebody has not attested 'roof'); "
                "the payee has not signed",
            ),
        ),
    ],
)
def test_what_is_missing_says_how_many_more_and_of_what(condition: Condition, lacks: tuple[str, ...]) -> None:
    assert condition.missing(Told(facts=frozenset({("door", "platform")})), NOON) == lacks


def test_the_facts_that_a_condition_waits_for_are_found_at_any_depth() -> None:
    condition = any_of(signed("payer"), all_of(attested("roof", "witness:dave"), attested("door"), elapsed("1 day")))
    assert witnesses(condition) == (("roof", "witness:dave"), ("door", None))
    assert witnesses(attested("roof")) == (("roof", None),)
    assert witnesses(signed("payer")) == ()


# --- as data ------------------------------------------------------------------------------------------------------


@promise
@given(condition=conditions)
def test_a_condition_is_read_back_from_its_data(condition: Condition) -> None:
    assert parse(condition.data()) == condition
    assert parse(condition) is condition


def test_the_data_of_a_fact_that_anybody_attests_names_nobody() -> None:
    assert attested("roof").data() == {"attested": "roof"}


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        ({"signed": "payer"}, signed("payer")),
        ({"attested": "roof"}, attested("roof")),
        ({"attested": "roof", "by": "witness:dave"}, attested("roof", "witness:dave")),
        ({"elapsed": "14 days"}, elapsed("14 days", "submitted")),
        ({"elapsed": "14 days", "since": "active"}, elapsed("14 days", "active")),
        ({"elapsed": "1 day", "since": "attested:roof"}, elapsed("1 day", "attested:roof")),
        ({"all": [{"signed": "payer"}, {"signed": "payee"}]}, all_of(signed("payer"), signed("payee"))),
        ({"any": ({"signed": "payer"}, signed("payee"))}, any_of(signed("payer"), signed("payee"))),
        (
            {"at_least": 2, "of": [{"signed": "payer"}, {"signed": "payee"}, {"attested": "roof"}]},
            at_least(2, signed("payer"), signed("payee"), attested("roof")),
        ),
    ],
)
def test_a_condition_is_read_from_what_users_write(data: dict[str, Any], condition: Condition) -> None:
    assert parse(data) == condition


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "is a table with one of signed, attested, elapsed, all, any, at_least, not None"),
        ("payer", "is a table with one of"),
        ([], "is a table with one of"),
        ({}, "is a table with one of"),
        ({"singed": "payer"}, "is a table with one of .*not {'singed': 'payer'}"),
        ({"signed": 10**5000}, "not a value of type int"),
        ({"signed": "payer", "by": "payee"}, "'signed' does not know by; it knows signed"),
        ({"attested": "roof", "since": "active", 5: 1}, "'attested' does not know 5, since; it knows attested, by"),
        ({"all": [], "any": []}, "'all' does not know any"),
        ({"signed": "mediator"}, "only the payer or the payee signs, not 'mediator'"),
        ({"signed": ["payer"]}, r"not \['payer'\]"),
        ({"signed": None}, "not None"),
        ({"attested": ""}, "the fact needs a name, not ''"),
        ({"attested": "  "}, "needs a name"),
        ({"attested": 5}, "needs a name, not 5"),
        ({"attested": "roof", "by": "dave"}, "'dave' is nobody's role; a third party is 'witness:<name>'"),
        ({"attested": "roof", "by": "witness:"}, "nobody's role"),
        ({"attested": "roof", "by": "clock"}, "nobody's role"),
        ({"attested": "roof", "by": "rules"}, "nobody's role"),
        ({"attested": "roof", "by": 5}, "5 is nobody's role"),
        ({"elapsed": "14"}, "'14' is not a period"),
        ({"elapsed": "0 days"}, "cannot be zero"),
        ({"elapsed": 14}, "not as a value of type int"),
        ({"elapsed": "1 day", "since": "opened"}, "active, submitted, approved or attested:<name>, not 'opened'"),
        ({"elapsed": "1 day", "since": "attested:"}, "not 'attested:'"),
        ({"elapsed": "1 day", "since": "attested: "}, "not 'attested: '"),
        ({"elapsed": "1 day", "since": None}, "not None"),
        ({"elapsed": "1 day", "since": ["active"]}, r"not \['active'\]"),
        ({"all": []}, "at least one release condition is needed"),
        ({"any": []}, "at least one release condition is needed"),
        ({"at_least": 1, "of": []}, "at least one release condition is needed"),
        ({"all": {"signed": "payer"}}, "a list of release conditions is needed, not {'signed': 'payer'}"),
        ({"any": "payer"}, "a list of release conditions is needed"),
        ({"all": ["payer"]}, "is a table with one of .*not 'payer'"),
        ({"at_least": 1}, "a list of release conditions is needed, not None"),
        ({"at_least": 0, "of": [{"signed": "payer"}]}, "0 of 1 parts cannot be"),
        ({"at_least": 2, "of": [{"signed": "payer"}]}, "2 of 1 parts cannot be; it is a whole number from 1 to that"),
        ({"at_least": True, "of": [{"signed": "payer"}]}, "True of 1 parts"),
        ({"at_least": "1", "of": [{"signed": "payer"}]}, "'1' of 1 parts"),
        ({"at_least": 1.0, "of": [{"signed": "payer"}]}, "1.0 of 1 parts"),
    ],
)
def test_what_is_no_release_condition_is_a_bad_argument_that_says_why(data: Any, words: str) -> None:
    with pytest.raises(BadArgument, match=words):
        parse(data)


def test_a_part_that_is_no_condition_is_a_bad_argument() -> None:
    with pytest.raises(BadArgument, match="is itself a release condition"):
        any_of(signed("payer"), {"signed": "payee"})  # type: ignore[arg-type]


def nested(depth: int) -> dict[str, Any]:
    data: dict[str, Any] = {"signed": "payer"}
    for _ in range(depth - 1):
        data = {"any": [data]}
    return data


def test_conditions_nest_to_a_depth_that_people_can_read_and_no_deeper() -> None:
    assert holds(parse(nested(DEEPEST)), BOTH, NOON)
    for depth in (DEEPEST + 1, 100_000):
        with pytest.raises(BadArgument, match="nested 10 deep at most"):
            parse(nested(depth))
