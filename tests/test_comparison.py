"""Side by side: rulebooks question by question, and one story under several of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from escrowkit import story
from escrowkit.comparison import Comparison, StoryComparison, compare, newest, pick, rulebooks, under
from escrowkit.comparison.questions import questions
from escrowkit.errors import DefinitionError
from escrowkit.rulebook import Rulebook, available, build, load
from escrowkit.schema import KEYS, SCHEMA
from escrowkit.testing.chosen import Dice, rulebook

STANDARD = load("standard@1")


def own(name: str, rules: Mapping[str, Any] | None = None, **head: Any) -> Rulebook:
    """A small rulebook of one's own."""
    id_, _, version = name.partition("@")
    return build({"id": id_, "version": version, "title": name, **head, **(rules or {})}, name)


def cells(it: Comparison, question: str) -> list[str]:
    return [str(cell) for row in it.rows if row.question == question for cell in row.cells]


MARKED = {
    "sources": {"page": "a page", "forum": "a forum", "memory": "nothing but memory", "us": "us"},
    "sure": {
        "milestone.review": {"source": "page", "sure": "seen", "note": "The page has no date."},
        "milestone.review.on_silence": {"source": "forum", "sure": "second-hand"},
        "escrow.clearing": {"source": "memory", "sure": "recalled"},
        "dispute": {"source": "us", "sure": "own"},
    },
}
PLATFORM = own(
    "platform@1",
    {
        "milestone": {"review": {"within": "14 days", "on_silence": "payee"}},
        "escrow": {"clearing": "5 days"},
        "dispute": {"open_by": ["payee", "payer"], "answer": {"payer": {"within": "unknown", "on_silence": "claim"}}},
    },
    **MARKED,
)


# -- questions -------------------------------------------------------------------------------------------------------


def test_every_value_of_a_rulebook_is_asked_for_by_some_question() -> None:
    asked = {key for question in questions() for key in question.keys}
    assert set(KEYS) <= asked


def test_a_value_that_no_question_names_is_asked_in_the_words_of_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    new = attrs.evolve(SCHEMA[0], path="calendar.moon", words="the phase of the moon")
    monkeypatch.setattr("escrowkit.comparison.questions.SCHEMA", (*SCHEMA, new))
    last = list(questions())[-1]
    assert (last.step, last.words, last.keys) == ("And also", "The phase of the moon", ("calendar.moon",))


def test_no_question_is_asked_twice() -> None:
    asked = [(question.step, question.words) for question in questions()]
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("seed", range(40))
def test_every_rulebook_has_an_answer_that_can_be_shown(seed: int) -> None:
    it = compare([rulebook(Dice(seed), unknown=seed % 2 == 0), STANDARD])
    assert all(str(cell) for row in it.rows for cell in row.cells)
    assert it.markdown()


def test_a_silence_says_who_gets_it_and_after_how_long() -> None:
    it = compare([STANDARD, load("upwork@2018")])
    assert cells(it, "The payer does not answer a submission") == ["payee, after 14 days"] * 2
    assert cells(it, "Nobody pays the fee") == ["half each, after 7 days", "payer, after 5 business days~"]
    assert cells(it, "The payer does not answer the dispute")[0] == "the payee’s claim, after 7 days"


def test_from_when_a_silence_counts_is_said_where_it_is_not_as_usual() -> None:
    review = {"milestone": {"review": {"within": "3 days", "on_silence": "payee", "since": "attested:seen"}}}
    it = compare([own("a@1", review)])
    assert cells(it, "The payer does not answer a submission") == ["payee, after 3 days since attested:seen"]


def test_what_is_not_settled_is_shown_as_unknown() -> None:
    it = compare([PLATFORM, own("b@1", {"milestone.review": "unknown"}, **MARKED)])
    assert cells(it, "The payer does not answer the dispute") == ["the payee’s claim, after an unknown time*", "—"]
    assert cells(it, "The payer does not answer a submission")[1] == "unknown"
    assert next(row for row in it.rows if "submission" in row.question).cells[1].unknown


def test_a_rule_that_a_platform_does_not_have_is_a_dash_and_one_that_nobody_has_is_not_asked() -> None:
    it = compare([own("a@1"), STANDARD])
    assert cells(it, "Is there a mediation?") == ["no", "yes"]
    assert cells(it, "What may the mediator do?")[0] == "—"
    assert cells(it, "How long can an award be appealed?") == []


def test_shares_that_are_equal_are_halves_and_amounts_that_are_equal_are_said_once() -> None:
    silence = {"within": "1 day", "on_silence": {"payer": "60%", "payee": "40%"}}
    it = compare([own("a@1", {"milestone": {"cancel": silence}}), STANDARD])
    assert cells(it, "The other side does not answer that")[0] == "payer 60%, payee 40%, after 1 day"
    assert cells(it, "The arbitrator does not rule")[1] == "half each"
    assert cells(it, "What is the smallest price of a milestone?")[1] == "1.00 USD, EUR, GBP"


FEES: Mapping[str, tuple[dict[str, Any], str]] = {
    "none": ({"model": "none"}, "none"),
    "unknown": ({"model": "unknown"}, "unknown"),
    "rate": ({"model": "rate", "rate": "5%", "floor": "2.00 USD", "cap": "9.00 USD"},
             "5% of the stake from each side, at least 2.00 USD, at most 9.00 USD"),
    "from_pot": ({"model": "from_pot", "rate": "5%"}, "5% out of the pot"),
    "shares": ({"model": "shares", "shares": {"payer": "1.00 USD", "payee": "2.00 USD"}},
               "payer 1.00 USD and payee 2.00 USD"),
    "external": ({"model": "external"}, "the arbitrator’s own, paid outside"),
}  # fmt: skip


@pytest.mark.parametrize(("fee", "words"), FEES.values(), ids=FEES)
def test_an_arbitration_says_what_it_costs(fee: dict[str, Any], words: str) -> None:
    arbitration = {"fee": fee, "pay": {"within": "1 day"}, "none_paid": "payer"}
    it = compare([own("a@1", {"dispute": {"stages": ["arbitration"]}, "arbitration": arbitration})])
    assert cells(it, "What does it cost?") == [words]


def test_steps_of_a_dispute_by_a_party_say_who_takes_them() -> None:
    rules = {
        "dispute": {
            "stages": ["mediation"],
            "escalate": {"when": "by a party", "by": ["payee", "payer"], "after": "3 days", "from_opened": True},
            "extend": {"by": "mediator", "step": "2 days", "most": 3},
        },
        "mediation": {"power": "decide"},
    }
    it = compare([own("a@1", rules), own("b@1", {"dispute": {"extend": {"by": "platform", "most": "unknown"}}})])
    assert cells(it, "How does it reach the next stage?") == ["by payer and payee, after 3 days", "—"]
    assert cells(it, "May it go on before it is answered?") == ["yes", "—"]
    assert cells(it, "Who may extend a deadline, and by how much?") == [
        "mediator, by 2 days at a time, each 3 times",
        "platform, each an unknown number of times",
    ]


# -- how sure --------------------------------------------------------------------------------------------------------


def test_the_least_sure_part_of_an_answer_counts() -> None:
    row = next(row for row in compare([PLATFORM]).rows if row.question == "The payer does not answer a submission")
    (cell,) = row.cells
    assert (str(cell), cell.sure) == ("payee, after 14 days~", "second-hand")
    assert cell.sources == ("page", "forum")
    assert cell.notes == ("The page has no date.",)


def test_signs_say_how_sure_a_value_is_and_the_legend_explains_those_that_are_there() -> None:
    it = compare([PLATFORM])
    assert cells(it, "How long is a release held back for security?") == ["5 days?"]
    assert cells(it, "Who may open a dispute?") == ["payer and payee*"]
    assert cells(it, "Who may refund?") == ["payee°"]
    assert [sign for sign, _ in it.legend] == ["~", "?", "*", "°", "unknown"]


def test_a_rulebook_that_is_its_own_source_has_no_signs() -> None:
    it = compare([STANDARD])
    assert it.legend == (("standard@1", "its own source, so without signs"),)
    assert not any(cell.sure for row in it.rows for cell in row.cells)


# -- rows ------------------------------------------------------------------------------------------------------------


def test_rows_that_differ_are_those_whose_words_differ_however_sure() -> None:
    it = compare([load("upwork@2018"), load("upwork@2023-12")]).differing
    assert "What does the payee pay of each release?" in {row.question for row in it.rows}
    assert all(len({cell.text for cell in row.cells}) == 2 for row in it.rows)
    assert compare([STANDARD, STANDARD.override({"money.remainder_to": "payer"})]).differing.rows == ()


def test_a_list_of_roles_is_the_same_in_any_order() -> None:
    a = own("a@1", {"dispute": {"open_by": ["payee", "payer"]}})
    b = own("b@1", {"dispute": {"open_by": ["payer", "payee"]}})
    assert compare([a, b]).differing.rows == ()


def test_one_that_is_named_twice_stands_there_once() -> None:
    assert compare([STANDARD, load("upwork@2018"), STANDARD]).names == ("standard@1", "upwork@2018")


def test_as_data_each_row_has_an_answer_a_rulebook() -> None:
    data = compare([PLATFORM, STANDARD]).data()
    assert [book["name"] for book in data["rulebooks"]] == ["platform@1", "standard@1"]
    row = next(row for row in data["rows"] if row["question"] == "Who may open a dispute?")
    assert row["answers"]["platform@1"] == {
        "text": "payer and payee", "sure": "own", "unknown": False, "sources": ["us"], "notes": [],
    }  # fmt: skip
    assert row["differs"] is False


def test_markdown_has_a_table_a_step_and_its_signs_are_no_markup() -> None:
    text = compare([PLATFORM]).markdown(lambda name: f"[{name}](x.md)")
    assert "## Releasing and refunding\n\n| question | [platform@1](x.md) |\n| --- | --- |\n" in text
    assert r"| payer and payee\* |" in text
    assert "- `*`: our own inference or choice" in text


# -- names -----------------------------------------------------------------------------------------------------------


def test_a_name_without_its_version_is_the_newest_one(tmp_path: Path) -> None:
    versions = [load(name) for name in available() if name.startswith("upwork@")]
    assert pick("upwork") is max(versions, key=lambda book: str(book.applies_from))
    assert pick("standard") is pick("standard@1") is pick(STANDARD)
    path = tmp_path / "mine.toml"
    path.write_text('id = "mine"\nversion = "1"\ntitle = "mine"\n', encoding="utf-8")
    assert pick(path).name == pick(str(path)).name == pick("mine.toml", tmp_path).name == "mine@1"


def test_a_name_that_can_mean_several_is_told_with_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    books = {name: own(name) for name in ("twin@a", "twin@b")}
    monkeypatch.setattr(rulebooks, "available", lambda: tuple(books))
    monkeypatch.setattr(rulebooks, "load", lambda name, near=None: books[name])
    with pytest.raises(DefinitionError, match="say which of twin@a, twin@b"):
        pick("twin")
    assert [book.name for book in newest()] == ["twin@a", "twin@b"]


def test_a_name_that_means_nothing_is_told_with_what_there_is() -> None:
    with pytest.raises(DefinitionError, match=r"did you mean 'upwork'\?"):
        pick("upwrok")
    with pytest.raises(DefinitionError, match="shipped are"):
        pick("upwork@1999")


def test_the_newest_of_each_are_those_that_are_compared_by_themselves() -> None:
    names = {book.name for book in newest()}
    assert {"standard@1", pick("upwork").name} <= names <= set(available())
    assert "upwork@2018" not in names


# -- a story under other rulebooks -----------------------------------------------------------------------------------

STORY = """
title = "Nobody answers"
rulebook = "standard@1"
currency = "USD"
start = 2026-03-02T09:00:00Z

[rules]
"escrow.service_fee.rate" = "5%"

[[milestone]]
id = "m1"
price = "100.00"
rules = { "milestone.review.within" = "3 days", "milestone.review.notices" = 0 }

[[step]]
at = "0 days"
by = "payer"
do = "escrow.deposit"
with = { milestone = "m1", amount = "100.00" }

[[step]]
at = "1 day"
by = "payee"
do = "milestone.submit"
with = { milestone = "m1", deliverable = "zip" }

[[step]]
at = "2 days"
by = "payer"
do = "dispute.open"
with = { milestone = "m1", claim = "100.00" }

[[expect]]
at = "90 days"
net = { payee = "1000.00" }
"""
LATER = own(
    "later@1", {"milestone": {"review": {"within": "9 days", "on_silence": "payee"}}}, applies_from=date(2030, 1, 1)
)
EUROS = own("euros@1", {"money": {"min_milestone": "1.00 EUR"}})


def played(*books: Rulebook, text: str = STORY, **more: Any) -> StoryComparison:
    return under(story.parse(text, "nobody.toml"), books, **more)


def test_a_story_is_played_as_told_and_under_each_rulebook_to_where_time_changes_nothing() -> None:
    it = played(STANDARD, LATER)
    assert [column.name for column in it.columns] == ["as told", "standard@1", "later@1"]
    told, plain, _ = it.columns
    assert told.nets == {"USD": {"payer": "0.00 USD", "payee": "0.00 USD", "platform": "0.00 USD"}}
    assert told.left[0].code == "respondent_silent"
    assert told.left[0].why == "the payee did not answer the dispute in time"
    assert told.left[0].after
    assert plain.states["dispute.m1/1"] == "defaulted"
    assert it.last_step - it.start == timedelta(days=2)


def test_a_step_that_another_rulebook_refuses_is_told_with_its_code() -> None:
    column = played(LATER).columns[1]
    (stopped,) = column.stopped
    assert (stopped.step, stopped.do, stopped.by, stopped.code) == (3, "dispute.open", "payer", "not-your-move")
    assert not stopped.expected
    assert column.left[0].code == "review_lapsed"
    assert column.nets["USD"]["payee"] == "100.00 USD"
    assert "Refused: step 3 (dispute.open by payer, day 2), as not-your-move" in "\n".join(column.told(played().start))


def test_overrides_are_dropped_elsewhere_unless_they_are_kept() -> None:
    it = played(STANDARD)
    assert it.dropped == ("escrow.service_fee.rate", "milestone.review.within", "milestone.review.notices")
    kept = played(STANDARD, keep_rules=True)
    assert kept.dropped == ()
    assert kept.columns[1].states == kept.columns[0].states


def test_overrides_that_another_rulebook_cannot_take_are_told_in_its_column() -> None:
    text = STORY.replace('"escrow.service_fee.rate" = "5%"', '"milestone.review.within" = "3 days"')
    column = played(own("bare@1"), text=text, keep_rules=True).columns[1]
    assert column.refused
    assert "milestone.review.on_silence" in column.refused


def test_a_story_without_overrides_is_not_played_twice_under_its_own_rulebook() -> None:
    text = STORY.replace('[rules]\n"escrow.service_fee.rate" = "5%"\n', "").replace(
        'rules = { "milestone.review.within" = "3 days", "milestone.review.notices" = 0 }\n', ""
    )
    assert [column.name for column in played(STANDARD, text=text).columns] == ["as told"]
    assert played(text=text).dropped == ()


def test_that_a_rulebook_did_not_apply_yet_is_ignored_and_said_unless_dates_are_kept() -> None:
    column = played(LATER).columns[1]
    assert column.dates_ignored
    assert "did not apply yet" in next(iter(column.told(played().start)))
    column = played(LATER, keep_dates=True).columns[1]
    assert column.refused == "not-in-force: later@1 applies from 2030-01-01."
    assert not column.dates_ignored


def test_a_rulebook_that_cannot_open_the_agreement_says_so_in_its_column() -> None:
    it = played(EUROS)
    column = it.columns[1]
    assert column.refused
    assert column.refused.startswith("wrong-currency: ")
    assert list(column.told(it.start)) == [f"The agreement cannot be opened: {column.refused}"]
    head, told, other = it.table()
    assert head == ("", "payer", "payee", "platform", "inside", "over on", "because", "refused")
    assert told == ("as told", "0.00", "0.00", "0.00", "—", "day 9", "respondent silent", "—")
    assert other == ("euros@1", "—", "—", "—", "—", "—", "it cannot be opened", "—")


def test_a_story_whose_own_opening_is_refused_can_be_compared_too() -> None:
    it = under(story.read("nobody-on-both-sides"), [load("upwork@2023-12")])
    assert all(column.refused and column.refused.startswith("bad-terms") for column in it.columns)
    assert it.last_step == it.start


def test_what_time_alone_never_moves_is_told() -> None:
    text = STORY.replace("dispute.open", "milestone.withdraw_submission").replace(', claim = "100.00"', "")
    text = text.replace('at = "2 days"\nby = "payer"', 'at = "2 days"\nby = "payee"')
    it = played(own("bare@1"), text=text)
    assert it.columns[1].inside == {"USD": "100.00 USD"}
    assert "Time alone never moves what is still inside: 100.00 USD." in list(it.columns[1].told(it.start))
    assert "No money leaves an escrow." in list(it.columns[1].told(it.start))


def test_a_step_that_the_story_has_refused_and_another_accepts_is_told() -> None:
    text = STORY.replace('at = "2 days"\nby = "payer"', 'at = "2 days"\nby = "platform"\nrefused = "not-your-move"')
    text = text.replace(', claim = "100.00"', ', claim = "100.00", reason = "x"')
    it = played(own("wide@1", {"dispute": {"open_by": ["platform"]}}), LATER, text=text)
    assert [(taken.step, taken.by) for taken in it.columns[1].accepted] == [(3, "platform")]
    assert "Accepted here, though the story has it refused: step 3" in "\n".join(it.columns[1].told(it.start))
    assert it.columns[0].stopped[0].expected


def test_who_pays_a_fee_pays_what_is_due_there() -> None:
    it = under(story.read("upwork-small-stake-freelancer-pays"), [load("upwork@2023-12")])
    assert not any(stopped.code == "bad-amount" for stopped in it.columns[1].stopped)
    assert "337.50" in it.columns[1].nets["USD"]["payee"]


def test_several_currencies_are_shown_apart() -> None:
    it = under(story.read("two-currencies"), [])
    assert it.currencies == ("USD", "EUR")
    assert [name for name, *_ in it.table()] == ["", "as told, USD", "as told, EUR"]


@pytest.mark.parametrize("name", story.shipped())
def test_every_shipped_story_can_be_compared(name: str) -> None:
    it = under(story.read(name), [STANDARD, load("upwork@2018")])
    assert all(column.refused or column.nets for column in it.columns)
    assert it.data()["columns"][0]["name"] == "as told"
    assert len({len(row) for row in it.table()}) == 1
