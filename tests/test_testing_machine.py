"""The machine of the test kit: it holds for the library, and finds what is wrong with whatever is plugged in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import Phase, settings

import escrowkit as ek
from escrowkit import story
from escrowkit.agreement import Agreement, Record
from escrowkit.errors import Refused
from escrowkit.rulebook import Rulebook, available, build, load
from escrowkit.testing import Disagreement, EscrowMachine, FakeProvider, MemoryStore, Order, Twin, chosen, strategies
from escrowkit.testing.chosen import Dice
from escrowkit.testing.diary import Diary
from escrowkit.testing.laws import Broken
from escrowkit.testing.oracle import Oracle
from escrowkit.testing.payments import Answer
from escrowkit.testing.promises import Missed


class AnyRules(EscrowMachine):
    """Random rulebooks."""


def settled(name: str) -> bool:
    """Whether a rulebook has no value that its sources leave open."""
    rules = load(name)
    return all(map(rules.settled, rules.values))


class ShippedRules(EscrowMachine):
    """Each rulebook that is shipped, and whose sources settle every value."""

    rulebook = [name for name in available() if settled(name)]


class OpenRules(EscrowMachine):
    """The shipped rulebooks with values that are unknown: the laws alone."""

    rulebook = [name for name in available() if not settled(name)]
    oracle = False


class Plugged(EscrowMachine):
    """With a store and a provider."""

    store = MemoryStore
    provider = FakeProvider


class BadLine(EscrowMachine):
    """One milestone, one engine, no oracle, a provider that is slow, fails and loses."""

    rulebook = "standard@1"
    milestones = (1, 1)
    engine = None
    oracle = False

    @staticmethod
    def provider() -> FakeProvider:
        """With every fault."""
        return FakeProvider(failing=1, slow=2, losing=2)


TestAnyRules = AnyRules.TestCase
TestShippedRules = ShippedRules.TestCase
TestOpenRules = OpenRules.TestCase
TestPlugged = Plugged.TestCase
TestBadLine = BadLine.TestCase
for _case in (TestAnyRules, TestShippedRules, TestOpenRules, TestPlugged, TestBadLine):
    # The same lives each time; the long run below draws new ones.
    _case.settings = settings(_case.settings, max_examples=25, stateful_step_count=15, derandomize=True, database=None)
del _case


@pytest.mark.slow
@pytest.mark.parametrize("machine", [AnyRules, ShippedRules, OpenRules, Plugged])
def test_no_life_of_thousands_of_steps_differs(machine: type[EscrowMachine]) -> None:
    class Long(machine):  # type: ignore[misc, valid-type]
        """More of the same."""

    Long.TestCase.settings = settings(max_examples=1500, stateful_step_count=40)
    Long.TestCase("runTest").runTest()


# -- what it finds ---------------------------------------------------------------------------------------------------


def found(machine: type[EscrowMachine], error: type[AssertionError], *, examples: int = 300) -> AssertionError:
    """What the machine finds, shrunk."""
    machine.TestCase.settings = settings(
        machine.TestCase.settings, max_examples=examples, stateful_step_count=15, database=None, deadline=None
    )
    with pytest.raises(error) as told:
        machine.TestCase("runTest").runTest()
    return told.value


def saved(error: BaseException, folder: Path) -> Path:
    """The files that a failure shows, as a person saves them; the story."""
    (note,) = [note for note in error.__notes__ if "escrowkit play" in note]
    for name, text in re.findall(r"Save as (\S+):\n\n(.*?)(?=\nSave as |\Z)", note, re.DOTALL):
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "found.toml"


STRANDS = {
    "id": "strands",
    "version": "1",
    "title": "Nobody answers, and nothing follows",
    "milestone": {"review": {"within": "14 days", "on_silence": "dispute"}},
    "dispute": {"stages": [], "open_by": ["payer", "payee"]},
    "escrow": {"clearing": "none", "service_fee": {"model": "none"}},
}


def test_a_rulebook_that_strands_money_is_found_with_a_short_story_that_plays(tmp_path: Path) -> None:
    """B1, B2: nobody acts, and the money stays."""

    class Strands(EscrowMachine):
        oracle = False
        rulebook = build(STRANDS, "strands")

    error = found(Strands, Broken)
    assert "silence ends" in str(error)
    played = story.play(story.read(saved(error, tmp_path)))
    assert not played.failures
    assert played.agreement is not None
    assert len(played.story.steps) <= 2
    left = played.agreement.advance(played.agreement.at + 4000 * chosen.DAY).agreement
    assert any(left.held(currency) for currency in left.currencies)


def test_a_story_names_the_rulebook_by_the_path_that_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(story.rulebook_file(build(STRANDS, "strands")), encoding="utf-8")

    class Mine(EscrowMachine):
        oracle = False
        rulebook = "mine.toml"

    told = saved(found(Mine, Broken), tmp_path)
    assert tomllib.loads(told.read_text())["rulebook"] == "mine.toml"
    assert not story.play(story.read(told)).failures


def test_a_library_that_books_otherwise_than_the_oracle_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Oracle.balances

    def one_more(self: Oracle) -> dict[tuple[str, str], int]:
        return {account: minor + (account[0] == "escrow:m1") for account, minor in honest(self).items()}

    monkeypatch.setattr(Oracle, "balances", one_more)

    class Differs(EscrowMachine):
        rulebook = "standard@1"

    error = found(Differs, Disagreement)
    assert "the balances differ" in str(error)
    played = story.play(story.read(saved(error, tmp_path)))
    assert not played.failures
    assert [step.do for step in played.story.steps] == ["escrow.deposit"]


class Drops(MemoryStore):
    """Loses the last of three records and more."""

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        super().append(id, tuple(records)[:2], expected=expected, due=due)


class Twice(FakeProvider):
    """Pays twice."""

    def pay(self, order: Order) -> Answer:
        answer = super().pay(order)
        self._moved.append(order)
        return answer


def test_a_store_that_loses_a_record_is_found() -> None:
    class Loses(EscrowMachine):
        oracle = False
        rulebook = "standard@1"
        store = Drops

    assert "the store has another history" in str(found(Loses, Missed))


def test_a_provider_that_pays_twice_is_found(tmp_path: Path) -> None:
    class PaysTwice(EscrowMachine):
        oracle = False
        rulebook = "standard@1"
        provider = Twice

    error = found(PaysTwice, Missed)
    assert "the provider's statement" in str(error)
    assert not story.play(story.read(saved(error, tmp_path))).failures


def test_a_broken_law_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("escrowkit.laws._OUT_OF_CLEARING", ())

    class Cleared(EscrowMachine):
        oracle = False
        rulebook = "standard@1"

    error = found(Cleared, Broken)
    assert str(error).startswith("own accounts: ")
    assert not story.play(story.read(saved(error, tmp_path))).failures


def test_library_and_oracle_call_it_procedure_when_time_alone_had_met_a_condition_that_a_word_makes_be_asked() -> None:
    """The machine found it: the fact that is attested is none that the condition needs."""
    later = chosen.START + 20 * chosen.DAY
    twin = Twin.open(
        rulebook="standard@1",
        parties={"payer": "ada", "payee": "lin"},
        currency="USD",
        milestones=[{"id": "m1", "price": "5.00", "release_when": TIME_OR_BOTH}],
        at=chosen.START,
        rules={"milestone.start": "unfunded"},
    )
    twin.decide(ek.milestone.Attest("m1", "roof"), by="arbitrator", at=later)
    decision = twin.decide(ek.escrow.Deposit("m1", "5.00"), by="payer", at=later)
    assert [(entry.condition, entry.kind) for entry in decision.entries[1:2]] == [("condition_met", "procedure")]
    assert not twin.unpredicted


TIME_OR_BOTH = {"any": [{"elapsed": "4 days", "since": "active"}, {"all": [{"signed": "payee"}, {"attested": "roof"}]}]}


# -- stories of lives ------------------------------------------------------------------------------------------------


def lived(seed: int) -> tuple[Agreement, Diary] | None:
    """A life of dice, and its diary."""
    dice = Dice(seed)
    try:
        now = chosen.agreement(dice, chosen.rulebook(dice, unknown=seed % 2 == 0))
    except Refused:
        return None
    diary = Diary(now)
    for number in range(30):
        at = chosen.moment(dice, now)
        by, said = chosen.command(dice, now, at)
        key = f"key {number // 2}" if number % 3 == 0 else None
        diary.said(at, by, said, key)
        try:
            now = now.decide(said, by=by, at=at, key=key).agreement
        except Refused as refused:
            diary.refused(refused)
            now = refused.decision.agreement if refused.decision else now
    return now, diary


@pytest.mark.parametrize("seed", range(40))
def test_the_story_of_any_life_plays_to_the_same_history(seed: int, tmp_path: Path) -> None:
    life = lived(seed)
    if life is None:
        pytest.skip("its terms cannot work")
    now, diary = life
    for name, text in diary.files("A life", now.at).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    played = story.play(story.read(tmp_path / "found.toml"))
    assert not played.failures
    assert played.agreement is not None
    assert [record.event for record in played.agreement.history][1:] == [record.event for record in now.history][1:]
    assert played.agreement.ledger == now.ledger


def test_a_rulebook_that_is_shipped_is_named() -> None:
    deal = chosen.agreement(Dice(4), ek.load("standard@1"))
    assert tomllib.loads(Diary(deal).story("x", deal.at))["rulebook"] == "standard@1"
    assert list(Diary(deal).files("x", deal.at)) == ["found.toml"]


def test_a_machine_that_was_not_opened_says_so() -> None:
    with pytest.raises(RuntimeError, match="nothing is opened yet"):
        _ = EscrowMachine().now


def test_a_strategy_of_rulebooks_can_be_plugged_in() -> None:
    asked: list[Rulebook] = []

    def keep(rules: Rulebook) -> Rulebook:
        asked.append(rules)
        return rules

    class Drawn(EscrowMachine):
        oracle = False
        rulebook = strategies.rulebooks(ends=True).map(keep)
        milestones = (2, 2)
        ends = True

    Drawn.TestCase.settings = settings(max_examples=5, stateful_step_count=4, phases=[Phase.generate])
    Drawn.TestCase("runTest").runTest()
    assert len(asked) >= 5
