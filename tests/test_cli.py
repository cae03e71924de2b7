"""The command line: what a person reads, what a machine reads, and what is said when something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as Xml
from pathlib import Path

import pytest

from commandline import escrowkit
from escrowkit.pot import MACHINES
from escrowkit.rulebook import available
from escrowkit.story import shipped

STORY = """
title = "A small job"
rulebook = "standard@1"
currency = "USD"
start = 2026-03-02T09:00:00Z
[[milestone]]
id = "m1"
price = "50.00"
[[step]]
at = "0 days"
by = "payer"
do = "escrow.deposit"
with = { milestone = "m1", amount = "50.00" }
[[expect]]
at = "1 day"
held = "50.00"
"""

RULES = """
id = "mine"
version = "1"
title = "Mine"
[milestone.review]
within = "0 days"
on_silence = "nobody"
[dispute.anser.payer]
within = "7 days"
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(STORY)
    return path


def test_play_without_an_argument_plays_a_dispute_and_says_who_got_what_and_why() -> None:
    out = escrowkit("play")
    assert out.exit_code == 0
    for words in (
        "dispute.open",
        "Refused (no-such-move)",
        "What each side paid in or got out",
        "awarded, merits",
        "It is over",
    ):
        assert words in out.output


def test_play_says_who_must_act_by_when_and_who_gets_it_if_nobody_does() -> None:
    out = escrowkit("play", "award-split", "--until", "5 days").output
    assert "must contest or concede the dispute" in out
    assert "2026-03-14 09:00" in out
    assert "Who gets the money if nobody ever acts again" in out
    assert "350.00 USD goes back to the payer" in out


def test_play_writes_plain_text_where_there_is_no_terminal() -> None:
    assert "\x1b[" not in escrowkit("play").output


def test_play_as_json_holds_the_same_page() -> None:
    data = json.loads(escrowkit("play", "--json").output)
    assert data[0]["nets"][0] == ["payer", "-262.50 USD"]
    assert data[0]["moments"][0]["at"].startswith("2026-03-02T09:00")


@pytest.mark.parametrize("engine", ["compiled", "stock"])
def test_play_check_holds_for_every_shipped_story_on_both_engines(engine: str) -> None:
    out = escrowkit("play", "--check", "--engine", engine)
    assert out.exit_code == 0, out.output
    assert f"{len(shipped())} of {len(shipped())} stories as expected" in out.output


def test_play_check_exits_1_with_a_readable_difference(story: Path) -> None:
    story.write_text(STORY.replace('held = "50.00"', 'held = "49.00"'))
    out = escrowkit("play", str(story), "--check")
    assert out.exit_code == 1
    assert "everything held should be 49.00 USD, but is 50.00 USD" in " ".join(out.output.split())


def test_play_of_a_broken_story_names_file_line_and_mend(story: Path) -> None:
    story.write_text(STORY.replace("escrow.deposit", "escrow.deposite"))
    out = escrowkit("play", str(story))
    assert out.exit_code == 2
    assert "small.toml:12" in out.stderr
    assert "Did you mean 'escrow.deposit'?" in out.stderr


def test_foresee_tells_a_newcomer_who_must_act_what_can_be_done_and_what_it_is_worth() -> None:
    out = " ".join(escrowkit("foresee", "upwork-calls-the-bluff", "--at", "22 days").output.split())
    for words in (
        "you are: the payee (freelancer)",
        "the payee must pay the arbitration fee of 291.00 USD",
        "before day 28 (2018-10-29 09:00)",
        "350.00 USD goes back to the payer",
        "arbitration.pay_fee (m1)",
        "dispute.open, dispute.contest, dispute.concede, dispute.escalate: not while the dispute is arbitrated",
        "it is ruled on, and you get your claim +24.00 -291.00 awarded",
        "323.33 USD (92.4% of the stake)",
        "while the other side pays with a chance below 70.2%",
    ):
        assert words in out


OPENED = [name for name in shipped() if name != "nobody-on-both-sides"]


@pytest.mark.parametrize("name", OPENED[::2])
def test_foresee_looks_at_every_other_shipped_story_as_a_page(name: str) -> None:
    out = escrowkit("foresee", name)
    assert out.exit_code == 0, out.output
    assert "What you can do now" in out.output


@pytest.mark.parametrize("name", OPENED[1::2])
def test_foresee_looks_at_the_others_for_machines(name: str) -> None:
    out = escrowkit("foresee", name, "--json")
    assert out.exit_code == 0, out.output
    data = json.loads(out.output)
    assert {option["allowed"] for option in data["details"]["options"]} <= {True, False}


def test_foresee_without_a_time_looks_where_a_party_still_has_something_to_do() -> None:
    out = escrowkit("foresee", "upwork-calls-the-bluff").output
    assert "the payer must pay the arbitration fee of 291.00 USD" in " ".join(out.split())
    assert "you are: the payer" in out


def test_foresee_takes_chances_and_roles_and_says_what_is_none() -> None:
    story = ("foresee", "upwork-calls-the-bluff", "--at", "22 days")
    sure = escrowkit(*story, "--win", "1", "--other-pays", "0%").output
    assert "chance to win a ruling is 100%" in " ".join(sure.split())
    assert "What you can do now" in escrowkit(*story, "--by", "mediator").output
    for wrong, words in (("--win", "no chance"), ("--by", "the name of a role"), ("--at", "days")):
        out = escrowkit("foresee", "upwork-calls-the-bluff", wrong, "nonsense")
        assert out.exit_code == 2
        assert words in out.stderr


def test_foresee_tells_why_money_went_where_it_went() -> None:
    out = " ".join(escrowkit("foresee", "silent-review", "--at", "60 days").output.split())
    assert "No deadline runs." in out
    assert "the payer could have used milestone.request_changes" in out


def test_foresee_of_an_agreement_that_never_opened_says_so() -> None:
    out = escrowkit("foresee", "nobody-on-both-sides")
    assert out.exit_code == 2
    assert "bad-terms" in out.stderr


def test_play_lists_the_shipped_stories() -> None:
    listed = escrowkit("play", "--list").output
    assert all(name in listed for name in shipped())
    assert {one["name"] for one in json.loads(escrowkit("play", "--list", "--json").output)} == set(shipped())


def test_play_until_a_time_that_is_none_says_how_to_write_one() -> None:
    out = escrowkit("play", "--until", "soon")
    assert out.exit_code == 2
    assert "days" in out.stderr


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("format_", ["mermaid", "dot", "svg", "markdown"])
def test_draw_draws_every_machine_in_every_format(machine: str, format_: str) -> None:
    out = escrowkit("draw", machine, "--format", format_, "--rulebook", "standard@1")
    assert out.exit_code == 0, out.output
    if format_ == "svg":
        assert Xml.fromstring(out.output).tag.endswith("svg")


def test_draw_without_a_machine_draws_how_they_act_on_one_another() -> None:
    out = escrowkit("draw").output
    assert all(machine in out for machine in ("milestone", "escrow", "dispute", "mediation", "arbitration"))


def test_draw_highlights_the_path_of_a_story_and_writes_to_a_file(tmp_path: Path) -> None:
    plain, path = tmp_path / "plain.svg", tmp_path / "path.svg"
    escrowkit("draw", "dispute", "-f", "svg", "-o", str(plain))
    out = escrowkit("draw", "dispute", "-f", "svg", "--highlight", "award-split", "-o", str(path))
    assert out.exit_code == 0
    assert path.read_text() != plain.read_text()


def test_draw_as_json_holds_the_drawing() -> None:
    data = json.loads(escrowkit("draw", "mediation", "--json").output)
    assert data["machine"] == "mediation"
    assert "stateDiagram-v2" in data["drawing"]


def test_rules_lists_the_rulebooks_and_shows_one_with_periods_defaults_fees_and_sources() -> None:
    assert "standard@1" in escrowkit("rules").output
    page = escrowkit("rules", "standard@1").output
    for words in ("14 days", "7 days", "10%", "5%", "halves", "own", "It names no state with money in it"):
        assert words in page
    assert "standard@1" in {one["name"] for one in json.loads(escrowkit("rules", "--json").output)}
    data = json.loads(escrowkit("rules", "standard@1", "--json").output)
    assert any(row["key"] == "milestone.review.within" and row["value"] == "14 days" for row in data["rules"])


def test_rules_shows_notes_what_was_left_out_and_what_no_clock_ends() -> None:
    page = escrowkit("rules", "upwork@2023-12").output
    assert "Applies to agreements opened from 2023-12-05." in page
    assert "Without an end by the clock: arbitration.funded" in page
    assert "The release note says 5 days, not business days." in page
    assert "dispute.longest: No longest life of a whole dispute is published." in page
    assert "left out" not in escrowkit("rules", "standard@1").output
    data = json.loads(escrowkit("rules", "upwork@2023-12", "--json").output)
    noted = {row["key"]: row["note"] for row in data["rules"] if "note" in row}
    assert noted["mediation.accept.on_silence"].startswith("Not published")
    assert "milestone.cancel.within" not in noted
    assert [one["key"] for one in data["left_out"]] == [
        "milestone.requirements",
        "dispute.longest",
        "arbitration.eligible",
    ]


def test_check_tells_every_problem_of_a_rulebook_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(RULES)
    out = escrowkit("check", str(path))
    assert out.exit_code == 1
    for words in (
        "milestone.review.within",
        "milestone.review.on_silence",
        "did you mean 'dispute.answer'",
        "3 problem",
    ):
        assert words in out.output
    assert len(json.loads(escrowkit("check", str(path), "--json").output)["problems"]) == 3


def test_check_tells_every_problem_of_a_story_at_once(story: Path) -> None:
    story.write_text(STORY.replace("escrow.deposit", "escrow.deposite").replace("price =", "prize ="))
    out = escrowkit("check", str(story))
    assert out.exit_code == 1
    assert "prize" in out.output
    assert "escrow.deposite" in out.output


def test_check_is_content_with_what_is_well(story: Path) -> None:
    assert escrowkit("check", str(story)).exit_code == 0
    story.write_text(STORY.replace('held = "50.00"', 'held = "49.00"'))
    assert escrowkit("check", str(story)).exit_code == 1


def test_check_says_where_a_file_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "cut.toml"
    path.write_text('title = "x')
    out = escrowkit("check", str(path))
    assert out.exit_code == 1
    assert "not TOML" in out.output


def test_the_module_runs_as_a_program_too() -> None:
    done = subprocess.run([sys.executable, "-m", "escrowkit", "rules"], capture_output=True, text=True, check=True)
    assert "standard@1" in done.stdout


def test_an_unknown_rulebook_is_said_in_words() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "escrowkit", "rules", "nowhere@9"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "no such rulebook" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_extra_the_command_line_names_it() -> None:
    code = "import sys; sys.modules['click'] = None; import escrowkit.__main__ as m; m.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "escrowkit[cli]" in done.stderr
    assert "Traceback" not in done.stderr


# -- side by side ----------------------------------------------------------------------------------------------------


def test_rulebooks_are_shown_side_by_side_within_a_page() -> None:
    shown = escrowkit("rules", "--compare", "upwork@2018", "upwork", "standard").output
    assert "The payer does not" in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert "standard@1: its own source" in shown


def test_five_rulebooks_fit_on_a_page(tmp_path: Path) -> None:
    names = ["upwork@2018", "upwork@2023-12", "standard@1"]
    for name in ("four", "five"):
        path = tmp_path / f"{name}.toml"
        path.write_text(f'id = "{name}"\nversion = "1"\ntitle = "{name}"\n', encoding="utf-8")
        names.append(str(path))
    assert max(map(len, escrowkit("rules", "--compare", *names).output.splitlines())) <= 100


def test_only_what_differs_is_shown_if_asked_for() -> None:
    shown = escrowkit("rules", "--compare", "--differing", "upwork@2018", "upwork@2023-12").output
    assert "payee pay" in shown
    assert "Who may release?" not in shown


def test_rulebooks_side_by_side_as_markdown_and_as_json() -> None:
    assert escrowkit("rules", "--compare", "standard", "-f", "markdown").output.startswith("- `standard@1`: ")
    data = json.loads(escrowkit("rules", "--compare", "--json").output)
    assert len(data["rulebooks"]) == len(available())


def test_what_goes_with_compare_alone_is_a_wrong_call_without_it() -> None:
    for call in (("standard", "upwork"), ("--differing",), ("-f", "markdown")):
        assert escrowkit("rules", *call).exit_code == 2


def test_a_story_is_compared_under_other_rulebooks() -> None:
    shown = escrowkit("compare", "silent-payer-in-dispute", "--rulebooks", "upwork@2018", "upwork").output
    assert "as told (standard@1)" in shown
    assert shown == escrowkit("compare", "silent-payer-in-dispute", "upwork@2018", "upwork").output
    assert "did not apply yet" not in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert len(json.loads(escrowkit("compare", "silent-payer-in-dispute", "--json").output)["columns"]) >= 2


def test_a_story_that_cannot_be_read_is_told() -> None:
    told = escrowkit("compare", "silent-payer")
    assert told.exit_code == 2
    assert "there is no such story" in told.output
