"""The words with which the library says no."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime

import pytest

from escrowkit.errors import (
    RANK,
    REFUSALS,
    BadAmount,
    BadDocument,
    BrokenBooks,
    BrokenChain,
    DefinitionError,
    EscrowError,
    MissingExtra,
    NotNow,
    Refused,
    StoryError,
    did_you_mean,
    in_turn,
    shown,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


# --- refusals -----------------------------------------------------------------------------------------------------


def test_the_refusals_are_the_closed_list_of_the_vocabulary_in_its_order() -> None:
    assert [refusal.code for refusal in REFUSALS] == [
        "key-conflict",
        "not-in-force",
        "bad-terms",
        "unknown-milestone",
        "bad-argument",
        "time-runs-backwards",
        "no-such-move",
        "not-your-move",
        "unknown-rulebook-value",
        "wrong-currency",
        "bad-amount",
        "over-held",
        "over-claim-cap",
        "terms-changed",
        "not-now",
    ]


def test_the_library_has_no_refusal_outside_the_list_and_ranks_each_by_its_place() -> None:
    own = {refusal for refusal in Refused.__subclasses__() if refusal.__module__.startswith("escrowkit.")}
    assert own == set(REFUSALS)
    assert sorted(REFUSALS, key=RANK.__getitem__) == list(REFUSALS)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_says_in_words_what_it_means_and_has_a_stable_key(refusal: type[Refused]) -> None:
    assert refusal.__doc__
    assert refusal("No.").key == refusal.code
    assert refusal("No.", key="fee").key == f"{refusal.code}.fee"


def test_a_refusal_carries_what_was_missing_until_when_and_the_most_that_would_do() -> None:
    refused = NotNow("The review runs.", missing=["the payer has not signed"], until=NOON, most="20.00 USD")
    assert (refused.words, refused.missing, refused.until, refused.most) == (
        "The review runs.",
        ("the payer has not signed",),
        NOON,
        "20.00 USD",
    )


def test_a_refusal_that_says_nothing_more_has_nothing_more() -> None:
    refused = NotNow("No.")
    assert (refused.missing, refused.until, refused.most, refused.decision) == ((), None, None, None)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({}, "[not-now] No."),
        ({"command": "approve"}, "[not-now] approve: No."),
        ({"machine": "milestone"}, "[not-now] No."),
        ({"machine": "milestone", "command": "approve"}, "[not-now] milestone.approve: No."),
        ({"milestone": "m1"}, "[not-now] on m1: No."),
        ({"by": "payer", "state": "active"}, "[not-now] by payer in state active: No."),
        (
            {"machine": "milestone", "command": "approve", "by": "payer", "milestone": "m1", "state": "active"},
            "[not-now] milestone.approve by payer on m1 in state active: No.",
        ),
    ],
)
def test_a_refusal_tells_its_code_its_place_and_its_words(place: dict[str, str], said: str) -> None:
    assert str(NotNow("No.").where(**place)) == said


def test_where_it_was_refused_is_what_the_innermost_call_said() -> None:
    refused = NotNow("No.")
    assert refused.where(machine="escrow", command="release") is refused
    refused.where(machine="milestone", milestone="m1", state="held", command="approve", by="payer")
    assert (refused.machine, refused.command) == ("escrow", "release")
    assert (refused.milestone, refused.state, refused.by) == ("m1", "held", "payer")


# --- the other branches -------------------------------------------------------------------------------------------


def test_whatever_the_library_raises_on_purpose_has_one_root_and_a_key() -> None:
    branches: set[type[EscrowError]] = {
        *(Refused, BrokenBooks, DefinitionError, StoryError, BadDocument, BrokenChain, MissingExtra)
    }
    assert {one for one in EscrowError.__subclasses__() if one.__module__ == "escrowkit.errors"} == branches
    keys = {Refused("No.").key, *(branch.key for branch in branches - {Refused})}
    assert keys == {"refused", "broken-books", "definition", "story", "bad-document", "broken-chain", "missing-extra"}


@pytest.mark.parametrize(
    ("problems", "said"),
    [
        ([], "table 'door': 0 problems"),
        (["no way out"], "table 'door': 1 problem\n  - no way out"),
        (["no way out", "no way in"], "table 'door': 2 problems\n  - no way out\n  - no way in"),
    ],
)
def test_a_definition_error_lists_every_problem(problems: list[str], said: str) -> None:
    error = DefinitionError("table 'door'", iter(problems))
    assert (str(error), error.what, error.problems) == (said, "table 'door'", tuple(problems))


@pytest.mark.parametrize(
    ("line", "mend", "said"),
    [
        (3, "", "a.toml:3: no such command"),
        (None, "", "a.toml: no such command"),
        (3, "did you mean 'approve'?", "a.toml:3: no such command\n  did you mean 'approve'?"),
    ],
)
def test_a_story_error_tells_the_file_the_line_and_a_mend(line: int | None, mend: str, said: str) -> None:
    error = StoryError("a.toml", line, "no such command", mend)
    assert str(error) == said
    assert (error.file, error.line, error.what, error.mend) == ("a.toml", line, "no such command", mend)


def test_a_bad_document_tells_the_place_what_is_wrong_and_a_mend() -> None:
    error = BadDocument("$.amount", "1 is no amount", "an amount is a text")
    assert str(error) == "$.amount: 1 is no amount; an amount is a text"
    assert str(BadDocument("$", "it is not JSON")) == "$: it is not JSON"
    assert (error.path, error.what, error.mend) == ("$.amount", "1 is no amount", "an amount is a text")


def test_a_broken_chain_tells_the_first_record_that_does_not_fit() -> None:
    error = BrokenChain(3, "it was changed")
    assert (str(error), error.number, error.why) == ("record 3: it was changed", 3, "it was changed")


def test_a_missing_extra_names_what_to_install_and_is_an_import_error() -> None:
    error = MissingExtra("holidays", "a calendar")
    assert str(error) == "a calendar needs the extra 'holidays': pip install 'escrowkit[holidays]'"
    assert isinstance(error, ImportError)
    assert error.extra == "holidays"


@pytest.mark.parametrize(
    "error",
    [
        BadAmount("Too much.", key="most", most="20.00 USD", until=NOON).where(milestone="m1"),
        BrokenBooks("a line moves nothing"),
        DefinitionError("table 'door'", ["no way out", "no way in"]),
        StoryError("a.toml", 3, "no such command", "mend it"),
        BadDocument("$.amount", "1 is no amount", "an amount is a text"),
        BrokenChain(3, "it was changed"),
        MissingExtra("holidays", "a calendar"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_whole_out_of_a_process_pool_and_a_copy(error: EscrowError) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)


# --- words for what is wrong --------------------------------------------------------------------------------------


def test_a_wrong_value_is_shown_whole_up_to_a_length_and_cut_beyond_it() -> None:
    assert shown("x" * 78) == repr("x" * 78)
    assert shown("x" * 79) == "'" + "x" * 78 + "…"
    assert len(shown("x" * 1000)) == 80


def test_what_python_cannot_show_is_named_by_its_kind() -> None:
    endless: list[object] = []
    for _ in range(100_000):
        endless = [endless]
    assert shown(endless) == "a value of type list"
    assert shown(10**5000) == "a value of type int"


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("aprove", "did you mean 'approve'?"),
        ("submitted", "did you mean 'submit'?"),
        ("xyzzy", ""),
        ("", ""),
        (7, ""),
        (None, ""),
        (["approve"], ""),
    ],
)
def test_what_is_near_to_something_known_is_asked_back(said: object, asked: str) -> None:
    assert did_you_mean(said, iter(["approve", "submit"])) == asked


def test_what_there_is_to_say_stands_in_one_line_and_nothing_empty_in_it() -> None:
    assert in_turn("wrong", "", "allowed: a text") == "wrong; allowed: a text"
    assert in_turn("", "") == ""
