"""What the strategies of the test kit draw is what they say, and Hypothesis knows the types by itself."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

import escrowkit as ek
from escrowkit.agreement import Agreement
from escrowkit.conditions import Condition, parse
from escrowkit.errors import Refused
from escrowkit.money import Money, exponent
from escrowkit.periods import Period, instant
from escrowkit.roles import CALLERS, Role
from escrowkit.rulebook import Rulebook, build, load
from escrowkit.story import rulebook_file
from escrowkit.testing import strategies
from escrowkit.testing.chosen import MICRO, currencies_of, prices


@given(strategies.money("USD", least=1, most=9), strategies.money(strategies.currencies(decimals=3)))
def test_amounts_are_within_bounds_and_in_the_currency_that_was_asked_for(dollars: Money, other: Money) -> None:
    assert 1 <= dollars.minor <= 9
    assert dollars.currency == "USD"
    assert exponent(other.currency) == 3


@given(strategies.instants(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)))
def test_instants_are_aware_and_within_bounds_in_whatever_zone(at: datetime) -> None:
    assert datetime(2024, 1, 1, tzinfo=UTC) <= instant(at) <= datetime(2024, 1, 2, tzinfo=UTC)


@given(strategies.periods(business_days=False), strategies.periods())
def test_periods_are_ones_that_can_be_written_and_read_again(exact: Period, any_: Period) -> None:
    assert not exact.business_days
    assert Period.parse(str(any_)) == any_


@given(strategies.release_conditions())
def test_release_conditions_are_ones_that_a_story_can_write(condition: Condition) -> None:
    assert parse(condition.data()) == condition


@settings(max_examples=30)
@given(strategies.rulebooks(unknown=True), strategies.rulebooks(ends=True))
def test_rulebooks_are_the_same_when_written_to_a_file_and_read_again(open_: Rulebook, ends: Rulebook) -> None:
    import tomllib

    for rules in (open_, ends):
        assert build(tomllib.loads(rulebook_file(rules)), "again") == rules
    assert all(map(ends.settled, ends.values))


@settings(max_examples=40)
@given(strategies.agreements(["standard@1", "upwork@2018"], milestones=(2, 3), rail="slow"), st.data())
def test_agreements_are_opened_under_what_was_asked_for(deal: Agreement, data: st.DataObject) -> None:
    assert deal.rulebook.name in ("standard@1", "upwork@2018")
    assert 2 <= len(deal.milestones) <= 3
    assert deal.rail == "slow"
    assert set(deal.currencies) <= set(currencies_of(deal.rulebook))
    at = data.draw(strategies.instants_around(deal))
    assert at >= deal.at


def test_prices_lie_on_and_around_the_sums_that_a_rulebook_names() -> None:
    rules = load("upwork@2018")
    least = rules.amount("money.min_milestone", "USD")
    assert least is not None
    assert min(prices(rules, "USD")) >= least.minor
    assert any(price > 29_100 for price in prices(rules, "USD"))


@settings(max_examples=60)
@given(strategies.agreements("standard@1"), st.data())
def test_commands_are_plausible_ones_by_roles_right_and_wrong(deal: Agreement, data: st.DataObject) -> None:
    by, said = data.draw(strategies.commands(deal))
    try:
        deal = deal.decide(said, by=by, at=deal.at).agreement
    except Refused:
        return
    assert deal.history[-1].decision > 0


def test_each_side_of_a_deadline_is_drawn() -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    deal = ek.open_agreement(
        rulebook="standard@1",
        parties={"payer": "ada", "payee": "lin"},
        currency="USD",
        milestones=[("m1", "5.00")],
        at=at,
    )
    deal = deal.decide(ek.escrow.Deposit("m1", "5.00"), by="payer", at=at).agreement
    due = deal.deadlines()[0][0]
    for wanted in (due - MICRO, due, due + MICRO):
        assert find(strategies.instants_around(deal), wanted.__eq__) == wanted


@settings(max_examples=30)
@given(strategies.histories("standard@1", steps=6))
def test_histories_replay(history: tuple[ek.agreement.Record, ...]) -> None:
    ek.replay(history).verify()


def test_what_is_simplest_is_small() -> None:
    simplest = find(strategies.agreements("standard@1"), lambda deal: True)
    assert [str(simplest.pot(id_).price) for id_ in simplest.milestones] == ["1.00 USD"]


def test_accepted_and_refused_commands_are_both_drawn_often() -> None:
    counts = {True: 0, False: 0}

    @settings(max_examples=200, database=None)
    @given(strategies.agreements("standard@1"), st.data())
    def count(deal: Agreement, data: st.DataObject) -> None:
        by, said = data.draw(strategies.commands(deal))
        try:
            deal.decide(said, by=by, at=deal.at)
        except Refused:
            counts[False] += 1
        else:
            counts[True] += 1

    count()
    assert min(counts.values()) > 5


def test_a_failure_shows_a_rulebook_and_an_agreement_briefly() -> None:
    deal = find(strategies.agreements("standard@1"), lambda deal: True)
    assert pretty(deal) == repr(deal)
    assert pretty(deal.rulebook) == repr(deal.rulebook)
    assert len(repr(deal.rulebook)) < 300


# -- Hypothesis ------------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(
    st.from_type(Money),
    st.from_type(Period),
    st.from_type(Role),
    st.from_type(Rulebook),
    st.from_type(Agreement),
)
def test_hypothesis_knows_the_types(money: Money, period: Period, role: Role, rules: Rulebook, deal: Agreement) -> None:
    assert money.minor >= 0
    assert period.exact > timedelta(0) or period.business_days
    assert role in CALLERS
    assert rules.id == "drawn"
    assert deal.history


def _ran(code: str, *flags: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", *flags, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_hypothesis_imports_nothing_of_escrowkit_but_its_entry_point() -> None:
    code = "import sys, hypothesis; print(sorted(m for m in sys.modules if m.startswith(('escrowkit', 'attr'))))"
    assert _ran(code) == "['escrowkit', 'escrowkit.testing', 'escrowkit.testing.plugin']"


@pytest.mark.parametrize("first", ["import escrowkit.money, hypothesis", "import hypothesis, escrowkit.money"])
def test_a_type_is_known_whether_its_module_comes_before_hypothesis_or_after(first: str) -> None:
    code = f"""
{first}
from hypothesis import strategies as st, given, settings
from escrowkit.money import Money
from escrowkit.rulebook import Rulebook
@settings(max_examples=5, database=None)
@given(st.from_type(Money), st.from_type(Rulebook), st.builds(list, st.lists(st.from_type(Money))))
def run(money, rules, more):
    assert isinstance(money, Money) and isinstance(rules, Rulebook)
run()
print("done")
"""
    assert _ran(code) == "done"


HIDDEN = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] == 'hypothesis':
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hide())
from escrowkit.errors import MissingExtra
from escrowkit.testing import FakeProvider, MemoryStore, check_provider, check_store, laws, chosen
for name in ('strategies', 'machine'):
    try:
        __import__(f'escrowkit.testing.{name}')
    except MissingExtra as missing:
        print(missing)
try:
    from escrowkit.testing import EscrowMachine
except MissingExtra as missing:
    print(missing.extra)
check_store(MemoryStore)
"""


def test_without_hypothesis_the_extra_is_named_and_the_checks_work() -> None:
    words = "Testing with random rulebooks, agreements and commands needs the extra 'testing'"
    lines = _ran(HIDDEN).splitlines()
    assert lines == [f"{words}: pip install 'escrowkit[testing]'"] * 2 + ["testing"]


def test_every_name_of_the_kit_is_there_and_no_other_is_offered() -> None:
    from escrowkit import testing

    assert sorted(testing.__all__) == sorted(
        {*testing._HOME, *(home for home, names in testing._HOMES.items() if not names)}
    )
    for name in testing.__all__:
        assert getattr(testing, name) is not None
    assert set(testing.__all__) <= set(dir(testing))
    with pytest.raises(AttributeError, match="no attribute 'check_stroe'"):
        testing.check_stroe  # noqa: B018


def test_a_rulebook_is_named_by_its_path_too(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('id = "own"\nversion = "1"\ntitle = "Own"\n', encoding="utf-8")
    assert find(strategies.agreements(tmp_path / "own.toml"), lambda deal: True).rulebook.name == "own@1"
