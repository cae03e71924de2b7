"""Rulebooks: what they may say, what is told of a wrong one, how values are read, replaced and pinned."""

from __future__ import annotations

import copy
import pickle
import sys
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

from escrowkit.errors import BadArgument, DefinitionError, UnknownRulebookValue, WrongCurrency
from escrowkit.money import Money, Tariff
from escrowkit.periods import Period
from escrowkit.rulebook import Rulebook, available, build, divide, is_file, load
from escrowkit.schema import KEYS, PARTS, SCHEMA, SHORT, UNKNOWN, Power

promise = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

HEAD = 'id = "mine"\nversion = "1"\ntitle = "My own rules"\n'
STANDARD = load("standard@1")
DECAY = 'a list of { within = "5 days", back = "100%" }, less from step to step'


def book(rules: str = "", head: str = HEAD) -> Rulebook:
    return build(tomllib.loads(head + rules), "mine.toml")


def problems(rules: str = "", head: str = HEAD) -> tuple[str, ...]:
    with pytest.raises(DefinitionError) as caught:
        book(rules, head)
    assert caught.value.what == "mine.toml"
    return caught.value.problems


def refused(values: Any) -> tuple[str, ...]:
    with pytest.raises(DefinitionError) as caught:
        STANDARD.override(values)
    assert caught.value.what == "standard@1 with override"
    return caught.value.problems


# --- the schema ---------------------------------------------------------------------------------------------------


def test_each_value_has_a_place_of_its_own_and_a_meaning_in_words() -> None:
    assert len(KEYS) == len(SCHEMA)
    assert all(key.words and key.kind.allowed for key in SCHEMA)
    assert not set(KEYS) & PARTS
    some = {"milestone", "milestone.review", "dispute.answer", "dispute.answer.payer", "arbitration.fee.shares"}
    assert some <= PARTS


def test_each_short_form_stands_for_one_value_of_a_part() -> None:
    assert all(part in PARTS and f"{part}.{name}" in KEYS for part, name in SHORT.items())


@pytest.mark.parametrize("key", SCHEMA, ids=lambda key: key.path)
def test_a_value_that_the_sources_do_not_settle_can_be_said_everywhere(key: Any) -> None:
    beside = [path for path in KEYS if path.rpartition(".")[0] == key.path.rpartition(".")[0]]
    rules = STANDARD.override(dict.fromkeys(beside, "unknown"))
    assert not rules.settled(key.path)
    assert rules.has(key.path)
    with pytest.raises(UnknownRulebookValue, match=f"standard@1 has no settled value for {key.path}:") as caught:
        _ = rules[key.path]
    assert caught.value.key == f"unknown-rulebook-value.{key.path}"


@pytest.mark.parametrize("key", SCHEMA, ids=lambda key: key.path)
def test_what_no_kind_knows_is_refused_everywhere_with_what_is_allowed(key: Any) -> None:
    for nonsense in ({"no": "such"}, [["x"]], 10**5000, float("nan"), None, "", -1, object()):
        found = refused({key.path: nonsense})
        assert found[0].startswith(f"{key.path} = ")
        assert f"allowed: {key.kind.allowed}" in found[0]


@pytest.mark.parametrize(
    ("rules", "key", "value", "shown"),
    [
        ('calendar.timezone = "Europe/Berlin"', "calendar.timezone", "Europe/Berlin", "Europe/Berlin"),
        ("calendar.weekend = []", "calendar.weekend", (), "none"),
        ('calendar.weekend = "fri"', "calendar.weekend", ("fri",), "fri"),
        ("calendar.holidays = []", "calendar.holidays", (), "none"),
        ("calendar.holidays = [2026-05-01]", "calendar.holidays", (date(2026, 5, 1),), "2026-05-01"),
        ('calendar.holidays = { country = "DE-BY" }', "calendar.holidays", "DE-BY", "those of DE-BY"),
        ('milestone.start = "in_part"', "milestone.start", "in_part", "in part"),
        ("milestone.max_revisions = 0", "milestone.max_revisions", 0, "0"),
        ("milestone.max_revisions = 1000", "milestone.max_revisions", 1000, "1000"),
        ("escrow.roll_over = true", "escrow.roll_over", True, "yes"),
        ("escrow.release.partial = false", "escrow.release.partial", False, "no"),
        ('escrow.impound.within = "30 days"', "escrow.impound.within", Period.parse("30 days"), "30 days"),
        ('escrow.clearing = "5 business days"', "escrow.clearing", Period(business_days=5), "5 business days"),
        ('escrow.processing_fee.rate = "2.75%"', "escrow.processing_fee.rate", Fraction(11, 400), "2.75%"),
        (
            'money.min_milestone = "30.00 USD"',
            "money.min_milestone",
            {"USD": Money(3000, "USD")},
            "30.00 USD",
        ),
        (
            'money.min_milestone = { USD = "1.00", EUR = "1.00" }',
            "money.min_milestone",
            {"USD": Money(100, "USD"), "EUR": Money(100, "EUR")},
            "1.00 (USD, EUR)",
        ),
        (
            'money.min_milestone = { USD = "0", JPY = "100" }',
            "money.min_milestone",
            {"USD": Money(0, "USD"), "JPY": Money(100, "JPY")},
            "0.00 USD, 100 JPY",
        ),
        ('dispute.open_by = "payer"', "dispute.open_by", ("payer",), "payer"),
        ('dispute.open_by = ["witness", "witness:dave"]', "dispute.open_by", ("witness", "witness:dave"), None),
        ("milestone.late.right = []", "milestone.late.right", (), "nobody"),
        ('escrow.funding.on_silence = "payer"', "escrow.funding.on_silence", ("payer",), "payer"),
        (
            'mediation.on_failure = ["next_stage", { payer = "60%", payee = "40%" }]',
            "mediation.on_failure",
            ("next_stage", {"payer": Fraction(3, 5), "payee": Fraction(2, 5)}),
            "next stage, else 60% to the payer, 40% to the payee",
        ),
        (
            'milestone.review = { within = "1 day", on_silence = "dispute" }',
            "milestone.review.on_silence",
            ("dispute",),
            "dispute",
        ),
        (
            'milestone.review = { within = "1 day", on_silence = ["payee"] }',
            "milestone.review.on_silence",
            ("payee",),
            "payee",
        ),
        ('milestone.review.since = "active"', "milestone.review.since", "active", None),
        ('milestone.review.since = "attested:handover"', "milestone.review.since", "attested:handover", None),
        ('mediation.refund_needs = "attested:returned"', "mediation.refund_needs", "attested:returned", None),
        (
            'mediation.on_failure = ["claim", "as_asked"]',
            "mediation.on_failure",
            ("claim", "as_asked"),
            "the claim of the side that did not fail, else as asked",
        ),
        (
            'escrow.service_fee.model = "tiered"\n'
            'escrow.service_fee.tiers = [{ up_to = "500.00 USD", rate = "20%" }, { rate = "5%" }]',
            "escrow.service_fee.tiers",
            (({"USD": Money(50000, "USD")}, Fraction(1, 5)), (None, Fraction(1, 20))),
            "20% up to 500.00 USD, 5% above",
        ),
        ('mediation.power = "recommend"', "mediation.power", Power("recommend"), "recommend"),
        (
            'mediation.power = { below = "100.00 USD", small = "decide", otherwise = "recommend" }',
            "mediation.power",
            Power("recommend", "decide", {"USD": Money(10000, "USD")}),
            "decide below 100.00 USD, otherwise recommend",
        ),
        (
            'dispute.stages = ["mediation"]\nmediation.power = "decide"',
            "dispute.stages",
            ("mediation",),
            "mediation",
        ),
    ],
)
def test_a_value_is_read_and_shown_as_its_kind(rules: str, key: str, value: Any, shown: str | None) -> None:
    made = book(rules)
    assert made[key] == value
    row = next(row for row in made.rows() if row[0] == key)
    assert row[1:] == (shown or ", ".join([value] if isinstance(value, str) else value), KEYS[key].words, "")


def test_a_clearing_that_is_none_is_no_rule() -> None:
    made = book('escrow.clearing = "none"')
    assert made["escrow.clearing"] is None
    assert not made.has("escrow.clearing")
    assert made.settled("escrow.clearing")


@pytest.mark.parametrize(("minor", "power"), [(9999, "decide"), (10000, "recommend"), (10001, "recommend")])
def test_a_power_by_stake_changes_at_its_bound_exactly(minor: int, power: str) -> None:
    by_stake = Power("recommend", "decide", {"USD": Money(10000, "USD")})
    assert by_stake.at(Money(minor, "USD")) == power
    assert by_stake.at(Money(minor, "EUR")) == "recommend"
    assert Power("decide").at(Money(minor, "USD")) == "decide"


# --- what is wrong with a rulebook --------------------------------------------------------------------------------

_INSIDE = "milestone has start, submit_needs, max_revisions, review, cancel, proposal, requirements, late, early"
_TOP = "a rulebook has calendar, money, milestone, escrow, dispute, mediation, arbitration, conduct"
_ANSWERS = (
    'allowed: payer | payee | halves | as_asked | claim | recommendation | { payer = "60%", payee = "40%" }, or, '
    "moving nothing, contested | declined | rejected | next_stage | stays; a list is tried in order"
)
_AMOUNT = 'allowed: an amount that names its currency, "30.00 USD", or a table by currency'
_PERIOD = 'allowed: a period such as "14 days", "72 hours" or "5 business days"'
_TIERS = 'allowed: a list of { up_to = "500.00 USD", rate = "20%" }, the last without up_to'
_POWERS = 'allowed: facilitate | recommend | decide, or { below = "100.00 USD", small = "decide", otherwise = … }'


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        # keys
        ('milestones.start = "in_full"', f"milestones: no such rule; did you mean 'milestone'? {_TOP}"),
        ('titel = "x"', f"titel: no such rule; did you mean 'title'? {_TOP}"),
        ("zzz = 1", f"zzz: no such rule; {_TOP}"),
        (
            'milestone.revew.within = "1 day"',
            f"milestone.revew: no such rule; did you mean 'milestone.review'? {_INSIDE}",
        ),
        ("milestone.qqqqqqqqqq = 1", f"milestone.qqqqqqqqqq: no such rule; {_INSIDE}"),
        ("milestone = 5", f"milestone = 5: a table is needed; {_INSIDE}"),
        ('money = "none"', "money = 'none': a table is needed; money has min_milestone, max_milestone, remainder_to"),
        (
            '"escrow.roll_over" = true\nescrow = { roll_over = false }',
            "escrow.roll_over: it is said twice",
        ),
        # closed lists
        (
            'milestone.start = "in_ful"',
            "milestone.start = 'in_ful': did you mean 'in_full'? allowed: in_full | in_part | unfunded",
        ),
        ("milestone.start = 7", "milestone.start = 7: allowed: in_full | in_part | unfunded"),
        (
            'dispute.stages = ["mediaton"]',
            "dispute.stages = ['mediaton']: did you mean 'mediation'? allowed: a list out of: mediation, arbitration",
        ),
        (
            'calendar.weekend = ["sat", "sat"]',
            "calendar.weekend = ['sat', 'sat']: it says one twice; "
            "allowed: a list out of: mon, tue, wed, thu, fri, sat, sun",
        ),
        # numbers, texts, flags
        (
            "milestone.max_revisions = -1",
            "milestone.max_revisions = -1: allowed: a whole number from 0 to 1000",
        ),
        (
            "milestone.max_revisions = 1001",
            "milestone.max_revisions = 1001: allowed: a whole number from 0 to 1000",
        ),
        (
            "milestone.max_revisions = true",
            "milestone.max_revisions = True: allowed: a whole number from 0 to 1000",
        ),
        ("milestone.max_revisions = 1.0", "milestone.max_revisions = 1.0: allowed: a whole number from 0 to 1000"),
        ("escrow.roll_over = 1", "escrow.roll_over = 1: allowed: true | false"),
        ('calendar.timezone = " "', "calendar.timezone = ' ': allowed: a text"),
        (
            'milestone.review.since = "opened"',
            "milestone.review.since = 'opened': allowed: submitted | active | attested:<name>",
        ),
        (
            'milestone.review.since = "attested: "',
            "milestone.review.since = 'attested: ': allowed: submitted | active | attested:<name>",
        ),
        (
            'mediation.refund_needs = "attested: "',
            "mediation.refund_needs = 'attested: ': allowed: attested:<name>",
        ),
        # periods
        (
            'escrow.impound = "0 days"',
            f"escrow.impound.within = '0 days': a period cannot be zero; {_PERIOD}",
        ),
        (
            'escrow.impound = "0 business days"',
            f"escrow.impound.within = '0 business days': a period cannot be zero; {_PERIOD}",
        ),
        (
            'escrow.impound = "40000 days"',
            f"escrow.impound.within = '40000 days': a period cannot be longer than 100 years; {_PERIOD}",
        ),
        (
            'escrow.clearing = "0 days"',
            'escrow.clearing = \'0 days\': a period cannot be zero; allowed: a period such as "5 days", or "none"',
        ),
        # amounts and rates
        (
            'money.min_milestone = "1.00"',
            f"money.min_milestone = '1.00': '1.00' names no currency, as \"20.00 USD\" does; {_AMOUNT}",
        ),
        ("money.min_milestone = {}", f"money.min_milestone = {{}}: it names no currency; {_AMOUNT}"),
        ('money.min_milestone = "-0.01 USD"', f"money.min_milestone = '-0.01 USD': it is negative; {_AMOUNT}"),
        (
            'money.min_milestone = { USD = "1.00 EUR" }',
            f"money.min_milestone = {{'USD': '1.00 EUR'}}: '1.00 EUR' is not in USD; {_AMOUNT}",
        ),
        (
            'money.min_milestone = { usd = "1.00" }',
            "money.min_milestone = {'usd': '1.00'}: 'usd' is not a currency of ISO 4217 (such as USD); " + _AMOUNT,
        ),
        (
            'money.min_milestone = "1.001 USD"',
            f"money.min_milestone = '1.001 USD': '1.001 USD' has 3 decimals, USD has 2; {_AMOUNT}",
        ),
        (
            "money.min_milestone = 1.5",
            'money.min_milestone = 1.5: amounts are written as text like "20.00", not as a value of type float; '
            + _AMOUNT,
        ),
        (
            'escrow.processing_fee.rate = "110%"',
            "escrow.processing_fee.rate = '110%': '110%' is more than 100%; allowed: a rate such as \"10%\"",
        ),
        # who
        (
            'dispute.open_by = ["payer", "boss"]',
            "dispute.open_by = ['payer', 'boss']: 'boss' is nobody's role; allowed: a role or a list of roles",
        ),
        (
            'dispute.open_by = "clock"',
            "dispute.open_by = 'clock': 'clock' is nobody's role; allowed: a role or a list of roles",
        ),
        (
            "dispute.open_by = 5",
            "dispute.open_by = 5: 5 is nobody's role; allowed: a role or a list of roles",
        ),
        # who gets it
        (
            'escrow.funding.on_silence = "payeer"',
            f"escrow.funding.on_silence = 'payeer': did you mean 'payer'? {_ANSWERS}",
        ),
        ('escrow.funding.on_silence = "dispute"', f"escrow.funding.on_silence = 'dispute': {_ANSWERS}"),
        ("escrow.funding.on_silence = []", f"escrow.funding.on_silence = []: a list needs an answer; {_ANSWERS}"),
        (
            'escrow.funding.on_silence = { payer = "60%", payee = "30%" }',
            "escrow.funding.on_silence = {'payer': '60%', 'payee': '30%'}: the shares do not add up to 100%; "
            + _ANSWERS,
        ),
        (
            'escrow.funding.on_silence = { payer = "60%", payee = "41%" }',
            "escrow.funding.on_silence = {'payer': '60%', 'payee': '41%'}: the shares do not add up to 100%; "
            + _ANSWERS,
        ),
        (
            'escrow.funding.on_silence = { payer = "100%" }',
            f"escrow.funding.on_silence = {{'payer': '100%'}}: shares name payer and payee; {_ANSWERS}",
        ),
        (
            'escrow.funding.on_silence = { payer = "50%", payee = "50%", platform = "0%" }',
            "escrow.funding.on_silence = {'payer': '50%', 'payee': '50%', 'platform': '0%'}: "
            f"shares name payer and payee; {_ANSWERS}",
        ),
        (
            'milestone.review = { within = "1 day", on_silence = ["dispute", "payee"] }',
            "milestone.review.on_silence = ['dispute', 'payee']: "
            + _ANSWERS.replace(": payer", ": dispute | payer", 1),
        ),
        # fees
        (
            'escrow.service_fee = { model = "tiered", tiers = [{ rate = "20%" }, { rate = "10%" }] }',
            "escrow.service_fee.tiers = [{'rate': '20%'}, {'rate': '10%'}]: the last tier, and no other, has no up_to; "
            + _TIERS,
        ),
        (
            'escrow.service_fee = { model = "tiered", tiers = [{ up_to = "5 USD", rate = "5%" }] }',
            "escrow.service_fee.tiers = [{'up_to': '5 USD', 'rate': '5%'}]: "
            f"the last tier, and no other, has no up_to; {_TIERS}",
        ),
        (
            'escrow.service_fee = { model = "tiered", tiers = [{ up_to = "5 USD", rate = "5%" }, { rate = "4%" }, '
            '{ rate = "3%" }] }',
            "escrow.service_fee.tiers = [{'up_to': '5 USD', 'rate': '5%'}, {'rate': '4%'}, {'rate': '3%'}]: "
            f"the last tier, and no other, has no up_to; {_TIERS}",
        ),
        (
            'escrow.service_fee = { model = "tiered", tiers = [{ up_to = "5 USD" }] }',
            f"escrow.service_fee.tiers = [{{'up_to': '5 USD'}}]: a tier has up_to and rate; {_TIERS}",
        ),
        (
            'escrow.service_fee = { model = "tiered", tiers = [{ rate = "5%", cap = "5 USD" }] }',
            f"escrow.service_fee.tiers = [{{'rate': '5%', 'cap': '5 USD'}}]: a tier has up_to and rate; {_TIERS}",
        ),
        (
            'escrow.service_fee = { model = "tiered", tiers = [] }',
            f"escrow.service_fee.tiers = []: {_TIERS}",
        ),
        (
            'escrow.service_fee = { model = "tiered", tiers = [{ up_to = "2 USD", rate = "2%" }, '
            '{ up_to = "2 USD", rate = "2%" }, { rate = "1%" }] }',
            "escrow.service_fee.tiers: upper bounds must be more than zero and grow",
        ),
        (
            'arbitration.fee = { model = "rate", rate = "5%", floor = "5.01 USD", cap = "5.00 USD" }',
            "arbitration.fee.floor: 5.01 USD is more than the cap of 5.00 USD",
        ),
        (
            'arbitration.fee = { model = "from_pot", rate = "5%", floor = "5.01 USD", cap = "5.00 USD" }',
            "arbitration.fee.floor: 5.01 USD is more than the cap of 5.00 USD",
        ),
        (
            'escrow.fees = [{ name = "card", borne_by = "payee", on = "release", rate = "1%", '
            'floor = "5.01 USD", cap = "5.00 USD" }]',
            "escrow.fees.floor: 5.01 USD is more than the cap of 5.00 USD",
        ),
        # powers
        (
            'mediation.power = "decid"',
            f"mediation.power = 'decid': did you mean 'decide'? {_POWERS}",
        ),
        (
            'mediation.power = { below = "100 USD", small = "decide" }',
            "mediation.power = {'below': '100 USD', 'small': 'decide'}: "
            f"a power by stake has below, small and otherwise; {_POWERS}",
        ),
        # calendars
        (
            'calendar.timezone = "Mars/Base"',
            "calendar.timezone: 'Mars/Base' is not in the IANA time zone database of this computer",
        ),
        (
            'calendar.weekend = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]',
            "calendar.weekend: a week needs at least one business day",
        ),
        (
            'calendar.holidays = { country = "Narnia" }',
            "calendar.holidays: the extra 'holidays' knows none called 'Narnia'",
        ),
        (
            'calendar.holidays = ["2026-05-01"]',
            "calendar.holidays = ['2026-05-01']: allowed: a list of dates, or { country = \"US\" }",
        ),
        (
            "calendar.holidays = [2026-05-01T00:00:00Z]",
            "calendar.holidays = [datetime.datetime(2026, 5, 1, 0, 0, tzinfo=datetime.timezone.utc)]: "
            'allowed: a list of dates, or { country = "US" }',
        ),
        (
            'calendar.holidays = { land = "US" }',
            "calendar.holidays = {'land': 'US'}: allowed: a list of dates, or { country = \"US\" }",
        ),
        # rules that need one another
        (
            'milestone.review.within = "14 days"',
            "milestone.review.within needs milestone.review.on_silence: say who gets it, and when",
        ),
        (
            'milestone.review.on_silence = "payee"',
            "milestone.review.on_silence needs milestone.review.within: say who gets it, and when",
        ),
        ('dispute.stages = "mediation"', "mediation.power: a stage 'mediation' needs it"),
        ('escrow.service_fee = "flat"', "escrow.service_fee.rate: a fee of the model 'flat' needs it"),
        (
            'escrow.service_fee = { model = "per_contract", fixed = "1 USD" }',
            "escrow.service_fee.rate: a fee of the model 'per_contract' needs it",
        ),
        (
            'escrow.service_fee = { model = "tiered", rate = "5%", fixed = "1 USD" }',
            "escrow.service_fee.tiers: a fee of the model 'tiered' needs it",
        ),
        ('arbitration.fee.model = "from_pot"', "arbitration.fee.rate: a fee of the model 'from_pot' needs it"),
        ('arbitration.fee.refund = "decaying"', "arbitration.fee.decay: a refund 'decaying' needs it"),
        ('arbitration.fee.kept = "5.00 USD"', 'arbitration.fee.kept: it needs refund = "decaying"'),
        (
            'arbitration.fee = { refund = "winner", borne = "loser" }',
            'arbitration.fee.refund: a fee that comes back to the winner needs borne = "each" and cost = "all"',
        ),
        (
            'arbitration.pay.within = "4 days"',
            "arbitration.pay.within needs arbitration.none_paid.gets: say who gets it, and when",
        ),
        (
            'arbitration = { pay.within = "4 days", none_paid.gets = "declined" }',
            "arbitration.none_paid.gets: it must move the money; allowed: payer | payee | halves | stays, or shares",
        ),
        (
            'arbitration.fee = { refund = "decaying", decay = [] }',
            "arbitration.fee.decay = []: allowed: " + DECAY,
        ),
        (
            'arbitration.fee = { refund = "decaying", decay = [{ within = "5 days" }] }',
            "arbitration.fee.decay = [{'within': '5 days'}]: a step has within and back; allowed: " + DECAY,
        ),
        (
            'arbitration.fee = { refund = "decaying", decay = ['
            '{ within = "5 days", back = "50%" }, { within = "9 days", back = "50%" }] }',
            "arbitration.fee.decay = [{'within': '5 days', 'back': '50%'}, {'within': '9 days', 'back': '50%'}]: "
            "from step to step it is later, and less comes back; allowed: " + DECAY,
        ),
        (
            'arbitration.fee = { refund = "decaying", decay = ['
            '{ within = "5 days", back = "50%" }, { within = "5 days", back = "40%" }] }',
            "arbitration.fee.decay = [{'within': '5 days', 'back': '50%'}, {'within': '5 days', 'back': '40%'}]: "
            "from step to step it is later, and less comes back; allowed: " + DECAY,
        ),
    ],
    ids=lambda one: one.split(" = ")[0] if isinstance(one, str) else "",
)
def test_a_wrong_rule_is_told_with_its_key_what_is_wrong_and_what_is_allowed(rules: str, problem: str) -> None:
    assert problems(rules) == (problem,)


@pytest.mark.parametrize(
    ("model", "lacking"),
    [
        ("none", []),
        ("external", ["arbitration.pay.within"]),
        ("rate", ["arbitration.pay.within", "arbitration.fee.rate"]),
        ("shares", ["arbitration.pay.within", "arbitration.fee.shares.payer", "arbitration.fee.shares.payee"]),
    ],
)
def test_a_fee_that_is_paid_in_needs_its_sums_and_its_time_where_there_is_arbitration(
    model: str, lacking: list[str]
) -> None:
    rules = f'arbitration.fee.model = "{model}"\n'
    assert book(rules)
    told = [f"{key}: a fee of the model {model!r} needs it" for key in lacking]
    if lacking:
        assert list(problems(rules + 'dispute.stages = ["arbitration"]')) == told
    else:
        assert book(rules + 'dispute.stages = ["arbitration"]')


def test_no_side_has_a_share_of_nothing_for_it_would_lose_by_not_paying_it() -> None:
    rules = """
        dispute.stages = ["arbitration"]
        arbitration.pay.within = "7 days"
        arbitration.none_paid.gets = "halves"
        arbitration.one_paid.gets = "payer"
        arbitration.fee.model = "shares"
        arbitration.fee.shares.payer = "0.01 USD"
    """
    told = "arbitration.fee.shares.payee: each side pays a share in, and a share of nothing cannot be paid"
    assert list(problems(rules + 'arbitration.fee.shares.payee = { USD = "0.01", EUR = "0.00" }')) == [told]
    assert book(rules + 'arbitration.fee.shares.payee = { USD = "0.01", EUR = "0.01" }')


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ("", ("id: it is missing", "version: it is missing", "title: it is missing")),
        (
            'id = " "\nversion = 2\ntitle = []\n',
            ("id = ' ': a text is needed", "version = 2: a text is needed", "title = []: a text is needed"),
        ),
        (HEAD + 'applies_from = "2018"\n', ("applies_from = '2018': a date or an instant is needed",)),
        (HEAD + "applies_from = 09:00:00\n", ("applies_from = datetime.time(9, 0): a date or an instant is needed",)),
        (
            HEAD + "applies_from = 2018-01-01T09:00:00\n",
            ("applies_from = 2018-01-01 09:00:00: an instant needs its zone, as in 2018-01-01T09:00:00Z",),
        ),
        (
            HEAD + "applies_from = 9999-12-31T23:00:00-05:00\n",
            ("applies_from = 9999-12-31 23:00:00-05:00: it lies outside the years 1 to 9999",),
        ),
        (HEAD + 'open_ended = "disputed"\n', ("open_ended = 'disputed': a list of states is needed",)),
        (HEAD + "open_ended = [1]\n", ("open_ended = [1]: a list of states is needed",)),
        (
            HEAD + "sources = 5\nsure = 5\n",
            ("sources = 5: a table of texts is needed", "sure = 5: a table of marks by dotted key is needed"),
        ),
        (HEAD + "sources = { a = 5 }\n", ("sources = {'a': 5}: a table of texts is needed",)),
        (
            HEAD + 'sources = 5\nsure = { money = { source = "a", sure = "own" } }\n',
            (
                "sources = 5: a table of texts is needed",
                "sure.money.source = 'a': allowed: nothing, [sources] is empty",
            ),
        ),
        (
            HEAD + 'sure = { "milestone.qqqqqqqqqq" = { source = "a", sure = "seen" } }\n',
            (
                f"sure.milestone.qqqqqqqqqq: no such rule; {_INSIDE}",
                "sure.milestone.qqqqqqqqqq.source = 'a': allowed: nothing, [sources] is empty",
            ),
        ),
        (
            HEAD + 'sources = { help = "…" }\nsure = { milestone = { source = "halp", sure = "heard" } }\n',
            (
                "sure.milestone.source = 'halp': did you mean 'help'? allowed: help",
                "sure.milestone.sure = 'heard': allowed: seen | second-hand | recalled | own",
            ),
        ),
        (
            HEAD + 'sources = { help = "…" }\nsure = { milestone = { source = ["help"], sure = 1 } }\n',
            (
                "sure.milestone.source = ['help']: allowed: help",
                "sure.milestone.sure = 1: allowed: seen | second-hand | recalled | own",
            ),
        ),
        (
            HEAD + 'sources = { a = "…" }\nsure = { money = { source = "a", sure = "own", note = 5, notes = "…" } }\n',
            (
                "sure.money.notes: did you mean 'note'? a mark has source, sure, note",
                "sure.money.note = 5: a text is needed",
            ),
        ),
        (
            HEAD + 'sure = { milestone = "seen" }\n',
            ("sure.milestone = 'seen': { source, sure } is needed, by a key in quotes such as \"milestone.review\"",),
        ),
        (
            HEAD + 'sources = { a = "…" }\nsure.milestone.review = { source = "a", sure = "seen" }\n',
            (
                "sure.milestone = {'review': {'source': 'a', 'sure': 'seen'}}: "
                '{ source, sure } is needed, by a key in quotes such as "milestone.review"',
            ),
        ),
    ],
)
def test_what_a_file_says_of_itself_is_checked_as_its_rules_are(head: str, found: tuple[str, ...]) -> None:
    assert problems("", head) == found


def test_a_mark_by_what_is_no_key_does_not_hide_what_is_wrong_with_the_next() -> None:
    with pytest.raises(DefinitionError) as caught:
        build(tomllib.loads(HEAD) | {"sure": {5: {}, "money": "seen"}}, "mine")
    assert caught.value.problems == (
        "sure: 5 is no dotted key",
        "sure.money = 'seen': { source, sure } is needed, by a key in quotes such as \"milestone.review\"",
    )


def test_every_problem_is_told_at_once_and_none_that_only_follows_from_another() -> None:
    assert problems(
        """
        milestone.review = { within = "0 days", on_silence = "payee" }
        milestone.cancel = { within = "3 days", on_silence = "payeee" }
        milestone.strat = "in_full"
        dispute = { stages = ["mediation"], longest.within = "9 days" }
        escrow.service_fee = { model = "flat", rate = 10 }
        calendar.timezone = "Mars/Base"
        """,
        'id = "mine"\nversion = 2\ntitle = "My own rules"\n',
    ) == (
        "version = 2: a text is needed",
        f"milestone.review.within = '0 days': a period cannot be zero; {_PERIOD}",
        f"milestone.cancel.on_silence = 'payeee': did you mean 'payee'? {_ANSWERS}",
        f"milestone.strat: no such rule; did you mean 'milestone.start'? {_INSIDE}",
        'escrow.service_fee.rate = 10: rates are written as text like "2.75%", not as a value of type int; '
        'allowed: a rate such as "10%"',
        "dispute.longest.within needs dispute.longest.on_expiry: say who gets it, and when",
        "mediation.power: a stage 'mediation' needs it",
        "calendar.timezone: 'Mars/Base' is not in the IANA time zone database of this computer",
    )


@pytest.mark.parametrize("fee", ['model = "rate", cap = "1 USD"', 'rate = "5%", floor = "6 USD", cap = "5 USD"'])
def test_a_fee_that_nobody_pays_need_not_make_sense(fee: str) -> None:
    assert book(f"arbitration.fee = {{ {fee} }}")


def test_a_value_that_is_not_settled_needs_nothing_and_is_no_problem() -> None:
    made = book(
        """
        milestone.review = { within = "unknown", on_silence = "payee" }
        dispute.stages = "unknown"
        escrow.service_fee = { model = "unknown", fixed = "1 USD" }
        arbitration.fee = { model = "rate", rate = "unknown", cap = "1 USD" }
        calendar = "unknown"
        """
    )
    assert made["milestone.review.on_silence"] == ("payee",)
    with pytest.raises(UnknownRulebookValue):
        made.within("milestone.review")
    with pytest.raises(UnknownRulebookValue):
        _ = made.calendar


def test_what_is_not_settled_stays_so_in_a_copy_and_a_process_pool() -> None:
    made = book('dispute.lookback = "unknown"')
    for again in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert again == made
        assert again.values == made.values
        assert not again.settled("dispute.lookback")
    assert repr(UNKNOWN) == "unknown"


# --- reading ------------------------------------------------------------------------------------------------------


def test_a_rulebook_that_says_nothing_has_these_rules_and_no_others() -> None:
    halves = ({"payer": Fraction(1, 2), "payee": Fraction(1, 2)},)
    assert {key: value for key, value in book().values.items() if value is not None} == {
        "calendar.timezone": "UTC",
        "calendar.weekend": ("sat", "sun"),
        "calendar.holidays": (),
        "money.remainder_to": "payer",
        "milestone.start": "in_full",
        "milestone.submit_needs": "nothing",
        "milestone.review.since": "submitted",
        "milestone.review.notices": 0,
        "milestone.review.delay_lockable": False,
        "milestone.cancel.by": ("payer",),
        "milestone.cancel.declinable": False,
        "milestone.proposal.by": ("payee",),
        "milestone.late.since": "due",
        "milestone.late.right": (),
        "milestone.early.right": (),
        "escrow.funding.on_silence": ("stays",),
        "escrow.release.partial": True,
        "escrow.release.by": ("payer",),
        "escrow.refund.by": ("payee",),
        "escrow.roll_over": False,
        "escrow.service_fee.model": "none",
        "escrow.service_fee.payer": "payee",
        "escrow.service_fee.on_refund": "reversed",
        "escrow.processing_fee.returned": "never",
        "escrow.hold_limit.since": "deposited",
        "escrow.refund_released.by": ("payee",),
        "escrow.fees": (),
        "escrow.chargeback.borne_by": "platform",
        "dispute.open_by": (),
        "dispute.open_in": ("active", "submitted", "cancelling", "approved", "completed"),
        "dispute.open_after.since": "submitted",
        "dispute.open_needs": "nothing",
        "dispute.reopen": "never",
        "dispute.advance": "nobody",
        "dispute.answer.payer.since": "opened",
        "dispute.answer.payee.since": "opened",
        "dispute.answer.opener_too": False,
        "dispute.answer.both_silent": halves,
        "dispute.evidence.until": "end",
        "dispute.stages": (),
        "dispute.escalate.when": "at once",
        "dispute.escalate.by": ("payer", "payee", "mediator"),
        "dispute.escalate.from_opened": False,
        "dispute.offers.on_silence": ("declined",),
        "dispute.offers.turns": "free",
        "dispute.extend.by": (),
        "dispute.extend.most": 1,
        "mediation.accept.on_silence": ("rejected",),
        "mediation.on_failure": ("next_stage", "stays"),
        "arbitration.appoint.by": ("platform",),
        "arbitration.fee.model": "none",
        "arbitration.fee.paid_to": "arbitrator",
        "arbitration.fee.cost": "all",
        "arbitration.fee.borne": "each",
        "arbitration.fee.refund": "before_start",
        "arbitration.pay.since": "offered",
        "arbitration.pay.order": "any",
        "arbitration.pay.all_by_one": False,
        "arbitration.none_paid.out_of": "stake",
        "arbitration.one_paid.gets": ("claim",),
        "arbitration.one_paid.out_of": "stake",
        "arbitration.award.menu": "any",
        "arbitration.refusal.divide": halves,
        "conduct.default_suspends": False,
        "conduct.feedback.sealed": False,
        "conduct.feedback.scale": 5,
        "conduct.feedback.withheld_from": (),
    }


def test_a_rule_that_a_rulebook_does_not_have_is_none_or_its_default() -> None:
    empty = book()
    assert empty["dispute.lookback"] is None
    assert empty.within("milestone.review") is None
    assert empty.amount("money.min_milestone", "USD") is None
    assert (empty["money.remainder_to"], empty["dispute.answer.both_silent"]) == (
        "payer",
        ({"payer": Fraction(1, 2), "payee": Fraction(1, 2)},),
    )
    assert not empty.has("dispute.lookback")
    assert empty.has("money.remainder_to")
    assert empty.settled("dispute.lookback")
    assert not empty.given("money.remainder_to")
    assert list(empty.rows()) == []


def test_a_period_is_read_by_its_part() -> None:
    assert STANDARD.within("milestone.review") == STANDARD["milestone.review.within"] == Period.parse("14 days")


def test_a_rulebook_shows_which_it_is_and_not_all_that_it_says() -> None:
    assert repr(STANDARD).startswith("Rulebook(id='standard', version='1', ")
    assert "14 days" not in repr(STANDARD)
    assert pretty(STANDARD) == repr(STANDARD)


def test_what_a_rulebook_says_is_written_as_a_file_would_and_nothing_that_it_does_not_say() -> None:
    assert book('applies_from = 2018-01-01\nmoney.remainder_to = "payee"').written() == {
        "id": "mine",
        "version": "1",
        "title": "My own rules",
        "applies_from": datetime(2018, 1, 1, tzinfo=UTC),
        "open_ended": [],
        "sources": {},
        "sure": {},
        "money.remainder_to": "payee",
    }
    assert "applies_from" not in book().written()


def test_a_key_that_is_none_is_no_value() -> None:
    for ask in (STANDARD.__getitem__, STANDARD.has, STANDARD.settled):
        with pytest.raises(BadArgument, match=r"'milestone.revew.within': no such rule; did you mean") as caught:
            ask("milestone.revew.within")
        assert caught.value.key == "bad-argument.key"


@pytest.mark.parametrize(
    ("argument", "ask"),
    [
        ("part", lambda said: STANDARD.within(said)),
        ("path", lambda said: STANDARD.given(said)),
        ("path", lambda said: STANDARD.source_of(said)),
        ("currency", lambda said: book('money.min_milestone = "1 USD"').amount("money.min_milestone", said)),
        ("currency", lambda said: book().check_currency(said)),
        ("currency", lambda said: book().service_fee(said)),
        ("currency", lambda said: book().fees(said)),
        ("where", lambda said: STANDARD.override({"escrow.clearing": "none"}, said)),
        ("where", lambda said: build(STANDARD.written(), said)),
    ],
)
def test_what_is_no_text_is_refused_by_the_name_of_the_argument(argument: str, ask: Callable[[Any], Any]) -> None:
    for said in (5, None, ["USD"]):
        with pytest.raises(BadArgument) as caught:
            ask(said)
        assert caught.value.key == f"bad-argument.{argument}"


@pytest.mark.parametrize("data", [5, None, ["id"]])
def test_what_is_no_table_is_no_rulebook(data: Any) -> None:
    with pytest.raises(DefinitionError) as caught:
        build(data, "mine.toml")
    assert (caught.value.what, caught.value.problems) == ("mine.toml", (f"{data!r}: a table of rules is needed",))


def test_a_short_form_says_the_same_as_the_long_one() -> None:
    short = book('arbitration.one_paid = "claim"\nescrow.chargeback = "payee"\nescrow.service_fee = "none"')
    long = book(
        'arbitration.one_paid.gets = "claim"\nescrow = { chargeback.borne_by = "payee", service_fee.model = "none" }'
    )
    assert short == long
    assert short.digest == long.digest
    assert short.given("escrow.service_fee.model")
    assert not short.given("escrow.service_fee.rate")
    assert not short.given("escrow.service_fee")


def test_shares_are_a_short_form_as_well() -> None:
    short = book('arbitration = { pay.within = "3 days", none_paid = { payer = "60%", payee = "40%" } }')
    assert short["arbitration.none_paid.gets"] == ({"payer": Fraction(3, 5), "payee": Fraction(2, 5)},)
    assert short["arbitration.none_paid.out_of"] == "stake"
    assert problems('arbitration.none_paid = { gets = "payer", payee = "40%" }')[0].startswith(
        "arbitration.none_paid.payee: no such rule"
    )


def test_a_window_that_opens_with_the_first_payment_needs_no_answer_to_nobody_paying() -> None:
    assert book('arbitration.pay = { within = "4 days", since = "first_paid" }').has("arbitration.pay.within")


def test_what_comes_back_of_a_fee_is_told_step_by_step() -> None:
    def told(early: str, late: str) -> str:
        steps = f'[{{ within = "{early}", back = "100%" }}, {{ within = "{late}", back = "25%" }}]'
        rows = book(f'arbitration.fee = {{ refund = "decaying", decay = {steps} }}').rows()
        return next(value for key, value, *_ in rows if key.endswith("decay"))

    assert told("5 days", "3 weeks") == "100% within 5 days, 25% within 21 days, then nothing"
    assert told("1 business day", "2 business days") == (
        "100% within 1 business day, 25% within 2 business days, then nothing"
    )


def test_a_part_that_is_unknown_leaves_each_of_its_values_unknown() -> None:
    made = book('dispute.answer = "unknown"')
    inside = [key for key in KEYS if key.startswith("dispute.answer.")]
    assert [key for key in KEYS if not made.settled(key)] == inside
    assert all(made.given(key) for key in inside)
    assert [row[:2] for row in made.rows()] == [(key, "unknown") for key in inside]


def test_a_rule_that_only_repeats_its_default_is_still_a_rule_that_was_said() -> None:
    assert [row[:2] for row in book('money.remainder_to = "payer"').rows()] == [("money.remainder_to", "payer")]


def test_amounts_are_given_in_the_currencies_that_the_rulebook_names() -> None:
    made = book('money = { min_milestone = { USD = "1.00", EUR = "2.00" } }')
    assert made.amount("money.min_milestone", "EUR") == Money(200, "EUR")
    with pytest.raises(
        WrongCurrency, match=r"mine@1 gives money\.min_milestone in USD, EUR only, not in GBP"
    ) as caught:
        made.amount("money.min_milestone", "GBP")
    assert caught.value.key == "wrong-currency.money.min_milestone"


@pytest.mark.parametrize(
    ("rules", "key"),
    [
        ('arbitration.fee.cap = "1 USD"', "arbitration.fee.cap"),
        (
            'escrow.service_fee = { model = "tiered", tiers = [{ up_to = "5 USD", rate = "5%" }, { rate = "1%" }] }',
            "escrow.service_fee.tiers",
        ),
        ('mediation.power = { below = "1 USD", small = "decide", otherwise = "recommend" }', "mediation.power"),
    ],
)
def test_a_currency_in_which_some_amount_is_not_given_is_refused(rules: str, key: str) -> None:
    made = book(rules)
    made.check_currency("USD")
    with pytest.raises(WrongCurrency, match=f"mine@1 gives {key} in USD only, not in EUR"):
        made.check_currency("EUR")


@pytest.mark.parametrize(
    "rules",
    [
        "",
        'escrow.service_fee = "unknown"\nmediation.power = "unknown"\nmoney = "unknown"',
        'mediation.power = "decide"',
    ],
)
def test_a_rulebook_without_amounts_takes_every_currency(rules: str) -> None:
    book(rules).check_currency("JPY")


USD, EUR = Money.zero("USD"), Money.zero("EUR")


@pytest.mark.parametrize(
    ("rules", "tariff"),
    [
        ('escrow.service_fee = "none"', None),
        ('escrow.service_fee = { model = "none", rate = "unknown" }', None),
        ('escrow.service_fee = { model = "flat", rate = "10%" }', Tariff.flat(Fraction(1, 10))),
        ('escrow.service_fee = { model = "flat", rate = "10%", tiers = "unknown" }', Tariff.flat(Fraction(1, 10))),
        (
            'escrow.service_fee = { model = "per_contract", rate = "10%", fixed = "1 USD" }',
            Tariff(((None, Fraction(1, 10)),), fixed=Money(100, "USD")),
        ),
        (
            'escrow.service_fee = { model = "tiered", rate = "unknown", '
            'tiers = [{ up_to = { USD = "5", EUR = "4" }, rate = "5%" }, { rate = "1%" }] }',
            Tariff(((Money(500, "USD"), Fraction(1, 20)), (None, Fraction(1, 100)))),
        ),
    ],
)
def test_the_service_fee_is_made_of_what_its_model_needs_and_nothing_else(rules: str, tariff: Tariff | None) -> None:
    assert book(rules).service_fee("USD") == tariff


def test_a_fee_with_a_fixed_part_is_that_of_its_currency_however_often_it_is_asked() -> None:
    made = book(
        'escrow.service_fee = { model = "flat", rate = "1%", fixed = { USD = "1", EUR = "2" } }\n'
        'escrow.fees = [{ name = "card", borne_by = "payee", on = "release", fixed = { USD = "3", EUR = "4" } }]'
    )
    for _ in range(2):
        for currency, own, further in (("USD", 100, 300), ("EUR", 200, 400)):
            assert made.service_fee(currency) == Tariff(((None, Fraction(1, 100)),), fixed=Money(own, currency))
            assert [tariff.fixed for _, tariff in made.fees(currency)] == [Money(further, currency)]


def test_a_service_fee_is_refused_in_a_currency_that_its_tiers_do_not_name() -> None:
    made = book(
        'escrow.service_fee = { model = "tiered", tiers = [{ up_to = "5 USD", rate = "5%" }, { rate = "1%" }] }'
    )
    with pytest.raises(WrongCurrency, match=r"escrow\.service_fee\.tiers in USD only, not in EUR"):
        made.service_fee("EUR")


def test_the_arbitration_fee_has_a_rate_a_floor_and_a_cap() -> None:
    made = book(
        'arbitration.fee = { model = "from_pot", rate = "5%", floor = "5 USD", cap = { USD = "9", EUR = "9" } }'
    )
    assert made.arbitration_fee("USD") == Tariff(
        ((None, Fraction(1, 20)),), floor=Money(500, "USD"), cap=Money(900, "USD")
    )
    with pytest.raises(WrongCurrency, match=r"arbitration\.fee\.floor"):
        made.arbitration_fee("EUR")


def test_its_calendar_counts_business_days_by_its_zone_its_weekend_and_its_holidays() -> None:
    made = book('calendar = { timezone = "Europe/Berlin", weekend = ["sun"], holidays = [2026-05-01] }').calendar
    assert (made.timezone, made.weekend, made.is_business_day(date(2026, 5, 1))) == ("Europe/Berlin", (7,), False)
    german = book('calendar = { weekend = ["fri"], holidays = { country = "DE" } }').calendar
    assert (german.timezone, german.weekend) == ("UTC", (5,))
    assert not german.is_business_day(date(2026, 5, 1))
    assert german.is_business_day(date(2026, 5, 4))


def test_without_the_extra_a_countrys_holidays_are_missed_when_days_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    made = book('calendar.holidays = { country = "DE" }')
    with pytest.raises(ImportError, match=r"escrowkit\[holidays\]"):
        _ = made.calendar


@pytest.mark.parametrize(
    ("said", "start"),
    [
        ("", None),
        ("applies_from = 2018-01-01", datetime(2018, 1, 1, tzinfo=UTC)),
        ("applies_from = 2018-01-01T09:00:00Z", datetime(2018, 1, 1, 9, tzinfo=UTC)),
        ("applies_from = 2018-01-01T09:00:00+01:00", datetime(2018, 1, 1, 8, tzinfo=UTC)),
    ],
)
def test_a_rulebook_applies_from_an_instant_and_a_day_begins_in_utc(said: str, start: datetime | None) -> None:
    made = book(said + "\n")
    assert made.applies_from == start
    assert start is None or made.applies_from is not None
    assert made.applies_from is None or made.applies_from.tzinfo is UTC


SOURCED = """
open_ended = ["dispute.contested"]
[sources]
help = "the help pages"
terms = "the terms"
[sure]
milestone = { source = "help", sure = "seen" }
"milestone.review.within" = { source = "terms", sure = "recalled" }
[milestone]
start = "in_part"
review = { within = "14 days", on_silence = "payee" }
[money]
remainder_to = "payee"
"""


def test_a_value_comes_from_the_source_of_the_smallest_part_that_names_one() -> None:
    made = book(SOURCED)
    assert made.open_ended == ("dispute.contested",)
    assert {row[0]: row[3] for row in made.rows()} == {
        "money.remainder_to": "",
        "milestone.start": "help (seen)",
        "milestone.review.within": "terms (recalled)",
        "milestone.review.on_silence": "help (seen)",
    }


# --- overrides ----------------------------------------------------------------------------------------------------


def changed(before: Rulebook, after: Rulebook) -> dict[str, Any]:
    """The values in which a rulebook differs from another, as they are now."""
    return {key: value for key, value in after.values.items() if value != before.values[key]}


NO_FEE = book('escrow.service_fee = "none"')


@pytest.mark.parametrize(
    ("base", "values", "now"),
    [
        (STANDARD, {"milestone.review.within": "3 days"}, {"milestone.review.within": Period.parse("3 days")}),
        (STANDARD, {"milestone.review.within": "14 days"}, {}),
        (STANDARD, {"milestone.max_revisions": 2}, {"milestone.max_revisions": 2}),
        (
            STANDARD,
            {"escrow.service_fee": {"model": "per_contract", "rate": "5%"}},
            {"escrow.service_fee.model": "per_contract", "escrow.service_fee.rate": Fraction(1, 20)},
        ),
        (
            STANDARD,
            {"escrow.service_fee": "none"},
            {"escrow.service_fee.model": "none", "escrow.service_fee.rate": None},
        ),
        (STANDARD, {"escrow.service_fee": {}}, {"escrow.service_fee.model": "none", "escrow.service_fee.rate": None}),
        (STANDARD, {"escrow.service_fee.rate": "5%"}, {"escrow.service_fee.rate": Fraction(1, 20)}),
        (
            NO_FEE,
            {"escrow.service_fee.model": "flat", "escrow.service_fee.rate": "5%"},
            {"escrow.service_fee.model": "flat", "escrow.service_fee.rate": Fraction(1, 20)},
        ),
        (NO_FEE, {"escrow.service_fee.rate": "5%"}, {"escrow.service_fee.rate": Fraction(1, 20)}),
        (
            NO_FEE,
            {"escrow.service_fee": {"model": "flat", "rate": "5%"}},
            {"escrow.service_fee.model": "flat", "escrow.service_fee.rate": Fraction(1, 20)},
        ),
        (
            STANDARD,
            {"dispute.answer.payer": {}},
            {"dispute.answer.payer.within": None, "dispute.answer.payer.on_silence": None},
        ),
        (
            STANDARD,
            {"dispute.answer.payer": {}, "dispute.answer.payee.within": "1 day"},
            {
                "dispute.answer.payer.within": None,
                "dispute.answer.payer.on_silence": None,
                "dispute.answer.payee.within": Period.parse("1 day"),
            },
        ),
        (
            STANDARD,
            {"dispute.answer.payer": "unknown"},
            {f"dispute.answer.payer.{name}": UNKNOWN for name in ("within", "since", "on_silence")},
        ),
        (
            book('dispute.answer.payer = "unknown"'),
            {"dispute.answer.payer.within": "1 day"},
            {"dispute.answer.payer.within": Period.parse("1 day")},
        ),
        (STANDARD, {"escrow.impound": "1 day"}, {"escrow.impound.within": Period.parse("1 day")}),
        (STANDARD, {"escrow.clearing": "none"}, {"escrow.clearing": None}),
        (STANDARD, {"dispute.open_by": ("payer",)}, {"dispute.open_by": ("payer",)}),
        (
            STANDARD,
            {"arbitration.fee.shares": {"payer": "1 USD"}},
            {"arbitration.fee.shares.payer": {"USD": Money(100, "USD")}},
        ),
        (
            STANDARD,
            {"conduct.strikes": "unknown"},
            {f"conduct.strikes.{name}": UNKNOWN for name in ("mute_after", "mute_for", "suspend_after")},
        ),
    ],
)
def test_an_override_replaces_what_it_names_and_nothing_else(
    base: Rulebook, values: Mapping[str, Any], now: dict[str, Any]
) -> None:
    assert changed(base, base.override(values)) == now


def test_a_part_that_is_replaced_is_replaced_whole() -> None:
    made = STANDARD.override({"milestone.review": {"within": "3 days", "on_silence": "payer"}})
    assert STANDARD["milestone.review.notices"] == 2
    assert made["milestone.review.notices"] == 0
    assert not made.given("milestone.review.notices")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (
            {"milestone.revew.within": "3 days"},
            "milestone.revew.within: no such rule; did you mean 'milestone.review.within'?",
        ),
        (
            {"milestone.review.within.days": 3},
            "milestone.review.within.days: no such rule; did you mean 'milestone.review.within'?",
        ),
        ({"milestone.titel": 1}, f"milestone.titel: no such rule; {_INSIDE}"),
        ({"": 1}, f": no such rule; {_TOP}"),
        ({5: 1}, f"5: no such rule; {_TOP}"),
        (
            {"milestone.cancel.on_silence": {}, "milestone.cancel.by": "payer"},
            f"milestone.cancel.on_silence = {{}}: shares name payer and payee; {_ANSWERS}",
        ),
        (
            {"arbitration.fee": 5},
            "arbitration.fee = 5: a table is needed; "
            "arbitration.fee has model, paid_to, cost, shares, rate, floor, cap, borne, refund, decay, kept",
        ),
        (
            {"milestone.review": {"notices": 1}, "milestone.review.within": "1 day"},
            "milestone.review.within needs milestone.review.on_silence: say who gets it, and when",
        ),
        (
            {"milestone.cancel": "1 day"},
            "milestone.cancel.within needs milestone.cancel.on_silence: say who gets it, and when",
        ),
        (
            {"escrow.impound": "1 day", "escrow.impound.within": "2 days"},
            "escrow.impound.within: it is said twice",
        ),
        (
            {"milestone.review.within": "0 days"},
            f"milestone.review.within = '0 days': a period cannot be zero; {_PERIOD}",
        ),
        ({"id": "other"}, "id: it says which rulebook this is, and cannot be overridden"),
        ({"sources": {}}, "sources: it says which rulebook this is, and cannot be overridden"),
        ({"sure": {}}, "sure: it says which rulebook this is, and cannot be overridden"),
        (
            {"escrow": {"service_fee": {"rate": "5%"}}},
            'escrow: only a part of it can be replaced; write the whole key in quotes, "escrow.…" = …',
        ),
        (
            {"mediation": {}},
            'mediation: only a part of it can be replaced; write the whole key in quotes, "mediation.…" = …',
        ),
        (["milestone"], "['milestone']: a table of values by dotted key is needed"),
        ("milestone", "'milestone': a table of values by dotted key is needed"),
    ],
)
def test_an_override_that_cannot_be_is_refused_and_told_as_in_a_file(values: Any, problem: str) -> None:
    assert refused(values) == (problem,)


@pytest.mark.parametrize("values", [{}, None, ()])
def test_an_override_of_nothing_is_the_rulebook_itself(values: Any) -> None:
    assert STANDARD.override(values) is STANDARD


def test_an_override_says_where_it_was_said() -> None:
    with pytest.raises(DefinitionError, match=r"^standard@1 with overrides of m1: 1 problem\n"):
        STANDARD.override({"zzz": 1}, "overrides of m1")


def test_an_overridden_value_no_longer_comes_from_the_source_and_the_others_still_do() -> None:
    made = book(SOURCED).override({"milestone.review.within": "3 days", "money": "unknown"})
    sources = {row[0]: row[3] for row in made.rows()}
    assert sources["milestone.review.within"] == "override (own)"
    assert sources["milestone.review.on_silence"] == sources["milestone.start"] == "help (seen)"
    assert sources["money.min_milestone"] == "override (own)"
    whole = book(SOURCED).override({"milestone.review": {"within": "3 days", "on_silence": "payer"}})
    assert {row[0]: row[3] for row in whole.rows()} == {
        "money.remainder_to": "",
        "milestone.start": "help (seen)",
        "milestone.review.within": "override (own)",
        "milestone.review.on_silence": "override (own)",
    }


def test_what_was_handed_over_can_change_later_and_the_rulebook_does_not() -> None:
    stages: list[str] = ["mediation"]
    made = STANDARD.override({"dispute.stages": stages})
    before = made.digest, dict(made.data)
    stages.append("arbitration")
    assert (STANDARD.override({"dispute.stages": ["mediation"]}).digest, dict(made.data)) == before
    assert made["dispute.stages"] == ("mediation",)
    assert made.written()["dispute.stages"] == ["mediation"]


periods = st.sampled_from(["1 day", "7 days", "14 days", "5 business days", "unknown"])
shares = {"payer": "60%", "payee": "40%"}
answers = st.sampled_from(["payer", "payee", "halves", ["claim", "halves"], shares, "unknown"])
single = st.one_of(
    st.tuples(st.sampled_from(["milestone.review.within", "dispute.longest.within", "escrow.clearing"]), periods),
    st.tuples(st.sampled_from(["milestone.review.on_silence", "arbitration.none_paid"]), answers),
    st.tuples(st.just("milestone.max_revisions"), st.integers(0, 3)),
    st.tuples(st.just("calendar.holidays"), st.lists(st.dates(date(2026, 1, 1), date(2026, 1, 9)), max_size=2)),
    st.tuples(st.sampled_from(["mediation", "conduct", "escrow.service_fee", "dispute.answer"]), st.just("unknown")),
    st.tuples(st.sampled_from(["escrow.service_fee", "dispute.answer.payer", "milestone.review"]), st.just({})),
    st.tuples(st.just("escrow.service_fee"), st.sampled_from(["none", {"model": "flat", "rate": "5%"}])),
)
overrides = (
    st.lists(single, max_size=4)
    .map(dict)
    .filter(lambda values: not any(a != b and a.startswith(b + ".") for a in values for b in values))
)


@promise
@given(one=overrides, other=overrides)
def test_the_digest_changes_exactly_when_what_is_said_changes(one: dict[str, Any], other: dict[str, Any]) -> None:
    made, again = STANDARD.override(one), STANDARD.override(other)
    assert (made.digest == again.digest) == (made.data == again.data)
    if made.digest == again.digest:
        assert made.values == again.values


@promise
@given(values=overrides)
def test_an_override_leaves_the_rulebook_and_its_file_as_they_were(values: dict[str, Any]) -> None:
    digest, data = STANDARD.digest, dict(STANDARD.data)
    STANDARD.override(values)
    assert (STANDARD.data, load("standard@1").digest) == (data, digest)
    assert build(STANDARD.written(), "again").digest == digest


@promise
@given(values=overrides)
def test_a_rulebook_is_made_again_from_what_it_says(values: dict[str, Any]) -> None:
    made = STANDARD.override(values)
    again = build(made.written(), "again")
    assert again == made
    assert (again.digest, again.values, list(again.rows())) == (made.digest, made.values, list(made.rows()))


@promise
@given(one=overrides, other=overrides)
def test_overrides_that_name_different_rules_can_be_said_in_any_order(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    apart = {key: value for key, value in other.items() if not any(_touch(key, name) for name in one)}
    first = STANDARD.override(one).override(apart)
    assert first.data == STANDARD.override(apart).override(one).data == STANDARD.override(one | apart).data


def _touch(key: str, name: str) -> bool:
    return key == name or key.startswith(name + ".") or name.startswith(key + ".")


def test_the_digest_is_the_same_wherever_and_in_whatever_order_the_rules_stand() -> None:
    one = book('money.remainder_to = "payee"\nescrow.roll_over = true')
    other = book('[escrow]\nroll_over = true\n[money]\nremainder_to = "payee"')
    assert one.digest == other.digest
    assert one.digest != book('money.remainder_to = "payee"').digest
    assert one.digest != book(head=HEAD.replace('"1"', '"2"'), rules='money.remainder_to = "payee"').digest


# --- files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", available())
def test_a_shipped_rulebook_is_named_as_its_file_and_names_a_source_for_each_value(name: str) -> None:
    made = load(name)
    assert made.name == name
    assert made.title
    assert [row[0] for row in made.rows() if not row[3]] == []


def test_the_rulebook_of_the_house_has_an_answer_to_every_silence() -> None:
    assert STANDARD.open_ended == ()
    assert all(STANDARD.settled(key) for key in KEYS)


def test_a_rulebook_is_loaded_once_and_hands_itself_back() -> None:
    assert load("standard@1") is load("standard@1")
    assert load(STANDARD) is STANDARD


def test_a_rulebook_of_ones_own_is_loaded_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + 'title_ = "ü"\n'.replace("title_", "money.remainder_to").replace("ü", "payee"), "utf-8")
    monkeypatch.chdir(tmp_path.parent)
    loaded = [load(path), load(str(path)), load("mine.toml", tmp_path), load(Path(tmp_path.name) / "mine.toml")]
    assert {one.digest for one in loaded} == {loaded[0].digest}
    assert loaded[0].name == "mine@1"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("standrd@1", r"no such rulebook \(No such file or directory\); shipped are .*; did you mean 'standard@1'\?"),
        ("xyzzy", r"no such rulebook .* and a path names one's own$"),
        (".", "no such rulebook"),
        ("", "no such rulebook"),
        ("x" * 5000, "no such rulebook"),
        ("a\0b", "null"),
        (None, "None is no name of a rulebook and no path"),
        ({}, "{} is no name of a rulebook and no path"),
    ],
    ids=["near", "far", "folder", "empty", "long", "null", "none", "table"],
)
def test_a_rulebook_that_is_not_there_is_told_with_what_is(name: Any, words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        load(name)


@pytest.mark.parametrize(("said", "leads"), [("mine.toml", True), (".", False), ("no", False), ("x" * 5000, False)])
def test_what_is_too_long_to_be_a_path_leads_to_no_file(tmp_path: Path, said: str, leads: bool) -> None:
    (tmp_path / "mine.toml").touch()
    assert is_file(tmp_path / said) is leads


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'id = "mine"\nversion = "1', r"it is not TOML: .*\(at end of document\)"),
        (b'[milestone\nstart = "in_full"', r"it is not TOML: .*\(at line 1, column 11\)"),
        (b'id = "a"\nid = "b"\n', r"it is not TOML: .*\(at line 2, column 9\)"),
        (b"[money]\n[escrow]\n[money]\n", r"it is not TOML: .*\(at line 3, column 7\)"),
        (b"version = 2023-12\n", "it is not TOML"),
        (b'title = "\xff"\n', "it is not TOML: 'utf-8' codec can't decode byte 0xff"),
        (b"a = " + b"[" * 5000, "it is not TOML"),
        (b"a = " + b"9" * 5000, "it is not TOML"),
        (b"", r"3 problems\n  - id: it is missing"),
        (
            HEAD.encode() + b"money.min_milestone = 0x" + b"f" * 5000,
            "money.min_milestone = a value of type int: amounts",
        ),
    ],
    ids=["cut text", "cut table", "key twice", "table twice", "no text", "no utf-8", "deep", "long", "empty", "huge"],
)
def test_a_file_that_cannot_be_read_is_told_with_its_name_and_its_place(
    content: bytes, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(DefinitionError, match=words) as caught:
        load(path)
    assert caught.value.what == str(path)


# --- division -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payer", "payee", "minor", "remainder_to", "gets"),
    [
        (1, 1, 101, "payer", 50),
        (1, 1, 101, "payee", 51),
        (1, 1, 100, "payer", 50),
        (3, 2, 100, "payer", 40),
        (1, 0, 101, "payee", 0),
        (0, 1, 101, "payer", 101),
        (1, 1, 0, "payer", 0),
    ],
)
def test_a_stake_is_divided_by_shares_and_the_odd_unit_goes_where_the_rulebook_says(
    payer: int, payee: int, minor: int, remainder_to: str, gets: int
) -> None:
    shares = {"payer": Fraction(payer, payer + payee), "payee": Fraction(payee, payer + payee)}
    assert divide(shares, Money(minor, "USD"), remainder_to) == Money(gets, "USD")


def test_shares_that_are_nearly_the_whole_are_not_the_whole() -> None:
    """H6: 99.9995 % is not 100 %, for the rest would be nobody's."""
    told = problems('[dispute.longest]\non_expiry = { payer = "60%", payee = "39.9995%" }\n')
    assert any("the shares do not add up to 100%" in words for words in told)
