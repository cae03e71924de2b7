"""The explorer: what it walks, what it finds, and that a story shows it."""

from __future__ import annotations

import json
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from commandline import escrowkit
from escrowkit import DefinitionError, proof
from escrowkit.laws import Broken
from escrowkit.machines import arbitration, dispute, escrow, mediation, milestone, obligation
from escrowkit.money import Money
from escrowkit.pot import Lane
from escrowkit.proof.identity import key
from escrowkit.proof.laws import check
from escrowkit.proof.small import small
from escrowkit.proof.states import State, Tick, Try, replayed
from escrowkit.proof.telling import in_days
from escrowkit.proof.walk import Walk
from escrowkit.roles import Role
from escrowkit.rulebook import Rulebook, available, build, load
from escrowkit.story import parse, play, read

#: A review, dormancy, an end of every hold; disputes as each test says.
ENDS = """
id = "mine"
version = "1"
title = "Mine"
open_ended = []
[milestone.review]
within = "14 days"
on_silence = "payee"
[escrow.dormancy]
idle = "365 days"
on_silence = "payer"
[escrow.impound]
within = "30 days"
"""
#: A dispute without a stage, an answer window or a longest life.
STRANDS = ENDS + '[dispute]\nopen_by = ["payer", "payee"]\n'
TINY = proof.Size(price=1, unusual=0)


@pytest.fixture
def file(tmp_path: Path) -> Any:
    """Write a rulebook, give its path."""

    def write(text: str, name: str = "mine.toml") -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def proved(text: str, **size: Any) -> proof.Proof:
    return proof.prove(build(tomllib.loads(text), "mine"), proof.Size(**{"unusual": 0, **size}))


def shown(found: proof.Proof, tmp_path: Path) -> Any:
    """The first counterexample, played as a file."""
    path = tmp_path / "shown.toml"
    path.write_text(found.broken[0].story, encoding="utf-8")
    return play(read(path))


# -- what holds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", available())
def test_every_law_holds_in_every_plain_life_under_the_shipped_rulebooks(name: str) -> None:
    found = proof.prove(name, proof.Size(unusual=0))
    assert found.holds, found.broken
    assert found.whole
    assert found.states > 5
    assert found.moves > 10 * found.states
    assert all(end.listed for end in found.stranded)


def test_the_own_rulebook_strands_nothing_and_says_how_long_silence_lasts() -> None:
    found = proof.prove("standard@1", proof.Size(price=2, unusual=0))
    assert found.stranded == ()
    assert timedelta(days=365) <= found.longest < timedelta(days=600)


@pytest.mark.slow
@pytest.mark.parametrize("name", available())
def test_every_law_holds_in_every_life_with_an_unusual_move(name: str) -> None:
    found = proof.prove(name)
    assert found.holds, found.broken
    assert found.whole
    assert all(end.listed for end in found.stranded)


@pytest.mark.slow
@pytest.mark.parametrize(
    "size", [{"rail": "slow", "price": 1}, {"exact": True, "price": 2}, {"milestones": 2, "price": 1}]
)
def test_every_law_holds_on_other_rails_with_exact_times_and_with_two_milestones(size: dict[str, Any]) -> None:
    found = proof.prove("standard@1", proof.Size(unusual=0, **size))
    assert found.holds, found.broken


def test_the_same_walk_finds_the_same() -> None:
    first, second = (proof.prove("standard@1", TINY) for _ in range(2))
    assert (first.states, first.moves, first.accepted, first.longest) == (
        second.states, second.moves, second.accepted, second.longest,
    )  # fmt: skip


def test_several_rulebooks_are_walked_each_in_a_process_and_told_in_their_order() -> None:
    told: list[str] = []
    found = proof.prove_all(["upwork@2018", "standard@1"], TINY, lambda one: told.append(one.rulebook))
    assert [one.rulebook for one in found] == told == ["upwork@2018", "standard@1"]
    assert found[1].states == proof.prove("standard@1", TINY).states


# -- what is caught --------------------------------------------------------------------------------------------------


def test_a_dispute_that_nothing_ends_strands_money_and_a_story_shows_it(tmp_path: Path, file: Any) -> None:
    found = proof.prove(file(STRANDS), proof.Size(unusual=0))
    assert [one.law for one in found.broken] == ["silence ends"]
    assert found.stranded[0].listed is None
    assert "dispute.contested" in found.stranded[0].states
    played = shown(found, tmp_path)
    assert played.failures == ()
    assert len(played.story.steps) == 2, "the shortest: a deposit, a dispute"
    assert played.agreement.state("dispute.m1") == "contested"
    assert played.agreement.held() == Money(3, "USD")


def test_money_that_stays_is_no_broken_law_where_the_rulebook_says_so() -> None:
    said = STRANDS.replace("open_ended = []", 'open_ended = ["dispute.contested (nobody decides)"]')
    found = proved(said)
    assert found.holds
    assert [end.listed for end in found.stranded] == ["dispute.contested (nobody decides)"]


def test_a_funded_milestone_that_nobody_works_on_is_stranded_without_dormancy() -> None:
    without = ENDS.replace('[escrow.dormancy]\nidle = "365 days"\non_silence = "payer"\n', "")
    found = proved(without)
    assert ("milestone.active", "escrow.held") in [end.states for end in found.stranded]
    assert not found.holds


def test_a_payee_who_may_release_to_itself_is_caught_with_a_story(tmp_path: Path, file: Any) -> None:
    found = proof.prove(file(ENDS + '[escrow.release]\nby = ["payer", "payee"]\n'), proof.Size(unusual=0))
    assert [one.law for one in found.broken] == ["own hand"]
    assert "payer_released" in found.broken[0].words
    played = shown(found, tmp_path)
    assert [step.by for step in played.story.steps] == ["payer", "payee"]
    assert played.agreement.net("payee") == Money(3, "USD")


def test_a_payer_who_may_refund_itself_is_caught() -> None:
    found = proved(ENDS + '[escrow.refund]\nby = ["payer"]\n')
    assert [one.law for one in found.broken] == ["own hand"]


def test_a_platform_that_takes_back_what_the_payee_was_paid_is_caught() -> None:
    found = proved(ENDS + '[escrow.refund_released]\nwithin = "30 days"\nby = ["platform"]\n')
    assert [(one.law, "no condition" in one.words) for one in found.broken] == [("own hand", True)]


@pytest.mark.parametrize("to", ["payer", "payee"])
def test_a_third_party_that_releases_and_refunds_is_no_broken_law(to: str) -> None:
    assert proved(ENDS + f'[escrow.{"refund" if to == "payer" else "release"}]\nby = ["witness:dave"]\n').holds


def test_broken_books_are_told_with_the_move_that_broke_them(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = small(load("standard@1"), TINY)
    monkeypatch.setattr("escrowkit.agreement.deciding.book", lambda pot, event: 1 / 0)
    walk = Walk(tiny).run()
    assert [found.law for found in walk.broken] == ["nothing breaks"]
    assert walk.broken[0].words == "ZeroDivisionError: division by zero"


def test_a_law_that_a_move_breaks_is_told_and_the_move_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> None:
        raise Broken("frozen is frozen", "as the test wants it")

    monkeypatch.setattr("escrowkit.proof.laws.check", wrong)
    walk = Walk(small(load("standard@1"), TINY)).run()
    assert [found.law for found in walk.broken] == ["frozen is frozen"]
    assert len(walk.states) == 1


# -- bugs that it found ----------------------------------------------------------------------------------------------

REVERSED = """
title = "A chargeback is reversed in a dispute over what clears"
rulebook = "standard@1"
currency = "USD"
start = 2026-03-02T09:00:00Z
[[milestone]]
id = "m1"
price = "3.00"
[[step]]
at = "0 days"
by = "payer"
do = "escrow.deposit"
with = { milestone = "m1", amount = "3.00", reference = "r1" }
[[step]]
at = "0 days"
by = "provider"
do = "escrow.charge_back"
with = { milestone = "m1", amount = "1.00", reference = "r2" }
[[step]]
at = "0 days"
by = "payer"
do = "escrow.release"
with = { milestone = "m1", amount = "2.00" }
[[step]]
at = "0 days"
by = "payee"
do = "dispute.open"
with = { milestone = "m1", claim = "2.00" }
[[step]]
at = "0 days"
by = "provider"
do = "escrow.reverse_charge_back"
with = { milestone = "m1", reference = "r2" }
[[step]]
at = "0 days"
by = "payee"
do = "dispute.withdraw"
with = { milestone = "m1" }
[[expect]]
at = "0 days"
state = { "escrow.m1" = "held" }
balance = { "escrow:m1" = "1.00", "clearing:m1" = "1.80" }
[[step]]
at = "1 day"
by = "payee"
do = "milestone.cancel"
with = { milestone = "m1" }
[[expect]]
at = "1 day"
state = { "escrow.m1" = "clearing" }
balance = { "escrow:m1" = "0.00" }
"""


@pytest.mark.parametrize("engine", ["compiled", "stock"])
def test_money_that_comes_back_in_a_dispute_is_held_when_the_dispute_is_withdrawn(engine: str) -> None:
    assert play(parse(REVERSED, "reversed.toml"), engine=engine).failures == ()


PROMISED = """
title = "A refund of released money is promised twice"
rulebook = "standard@1"
currency = "USD"
start = 2026-03-02T09:00:00Z
rail = "slow"
[[milestone]]
id = "m1"
price = "3.00"
[[step]]
at = "0 days"
by = "payer"
do = "escrow.deposit"
with = { milestone = "m1", amount = "3.00" }
[[step]]
at = "0 days"
by = "payer"
do = "escrow.release"
with = { milestone = "m1", amount = "3.00" }
[[step]]
at = "10 days"
by = "payee"
do = "escrow.refund_released"
with = { milestone = "m1", amount = "2.00" }
[[step]]
at = "10 days"
by = "payee"
do = "escrow.refund_released"
with = { milestone = "m1", amount = "1.01" }
refused = { code = "over-held", most = "1.00" }
[[step]]
at = "11 days"
by = "provider"
do = "escrow.confirm_refund_released"
with = { milestone = "m1", amount = "2.00", reference = "a" }
[[expect]]
at = "11 days"
balance = { "payable:payer" = "2.00" }
"""


def test_the_same_released_money_is_not_promised_back_twice() -> None:
    assert play(parse(PROMISED, "promised.toml")).failures == ()


# -- bounds ----------------------------------------------------------------------------------------------------------


def test_a_limit_that_comes_first_is_said_and_strands_nothing() -> None:
    by_states = proof.prove("standard@1", proof.Size(unusual=0, states=20))
    by_depth = proof.prove("standard@1", proof.Size(unusual=0, depth=3))
    assert not by_states.whole
    assert not by_depth.whole
    assert by_states.holds
    assert by_depth.holds
    assert by_states.states < 40


def test_more_unusual_moves_reach_more() -> None:
    sizes = [proof.prove("standard@1", proof.Size(price=1, unusual=n)).states for n in (0, 1)]
    assert sizes[1] > 5 * sizes[0]


def test_every_field_of_every_record_is_known_to_the_identity_of_states() -> None:
    """A field that is new must be looked at: does it matter for what can still happen?"""
    fields = {
        milestone.Milestone: 28, escrow.Escrow: 19, escrow.Freed: 8, escrow.Paid: 3, escrow.Span: 3,
        dispute.Dispute: 21, mediation.Mediation: 8, arbitration.Arbitration: 19, obligation.Obligation: 5,
        Lane: 10,
    }  # fmt: skip
    assert {kind.__name__: len(attrs.fields(kind)) for kind in fields} == {k.__name__: n for k, n in fields.items()}


def test_a_state_is_the_same_an_hour_later_and_another_when_a_deadline_has_passed() -> None:
    opened = small(load("standard@1"), proof.Size()).agreement
    paid = opened.decide(escrow.Deposit("m1", Money(3, "USD")), by="payer", at=opened.at).agreement
    work = paid.decide(milestone.Submit("m1", "zip"), by="payee", at=opened.at).agreement
    hour, month = (work.advance(opened.at + timedelta(hours=h)).agreement for h in (1, 24 * 50))
    assert key(work, work.at) == key(hour, work.at + timedelta(hours=1))
    assert key(work, work.at, exact=True) != key(hour, work.at + timedelta(hours=1), exact=True)
    assert key(work, work.at) != key(month, month.at)


# -- the small rulebook ----------------------------------------------------------------------------------------------


def test_large_sums_become_small_and_nothing_else_of_a_rulebook_changes() -> None:
    tiny = small(load("standard@1"), proof.Size())
    assert tiny.rules["arbitration.eligible.stake_from"]["USD"] == Money(2, "USD")
    assert tiny.rules["arbitration.fee.floor"]["USD"] == Money(1, "USD")
    assert tiny.rules.service_fee("USD") is not None
    changed = {name for name, value in tiny.rules.values.items() if value != load("standard@1").values[name]}
    assert changed <= set(tiny.overrides)


def test_business_days_count_as_days_so_that_a_week_has_one_kind_of_day() -> None:
    tiny = small(load("upwork@2018"), proof.Size())
    assert tiny.rules["calendar.weekend"] == ()
    assert "calendar.weekend" not in small(load("standard@1"), proof.Size()).overrides


def test_a_path_makes_the_same_agreement_on_both_engines() -> None:
    tiny = small(load("standard@1"), proof.Size())
    at = tiny.start
    path: list[Any] = [
        (Try(Role.PAYER, "payer", escrow.Deposit("m1", Money(3, "USD"), "r1")), at),
        (Tick(at + timedelta(days=365)), at + timedelta(days=365)),
    ]
    made = [replayed(tiny.agreement, path, engine=engine) for engine in ("compiled", "stock")]
    assert made[0] == made[1]
    assert made[0].state("milestone.m1") == "cancelled"


def test_a_check_of_a_move_sees_a_balance_that_the_entries_do_not_make() -> None:
    tiny = small(load("standard@1"), proof.Size())
    root = State(tiny.agreement, tiny.agreement, tiny.start, None, None)
    move = Try(Role.PAYER, "payer", escrow.Deposit("m1", Money(3, "USD"), "r1"))
    paid = tiny.agreement.decide(move.command, by="payer", at=tiny.start)
    after = State(tiny.agreement, paid.agreement, tiny.start, root, move)
    records = paid.agreement.history[len(tiny.agreement.history) :]
    check(root, after, records, move)
    with pytest.raises(Broken, match="balanced"):
        check(root, after, records[:0], move)
    with pytest.raises(Broken, match="authority"):
        check(root, after, records, Try(Role.PAYEE, "payee", move.command))


def test_lengths_of_time_are_told_in_days() -> None:
    assert [in_days(timedelta(days=1)), in_days(timedelta(days=400, hours=5))] == ["1 day", "400 days 5 h"]


# -- rows ------------------------------------------------------------------------------------------------------------


def test_rows_that_no_walk_reached_are_told_and_more_walks_reach_more() -> None:
    few = [proof.prove("standard@1", TINY)]
    many = [*few, proof.prove("upwork@2018", proof.Size(unusual=0))]
    assert set(proof.unreached(many)) < set(proof.unreached(few))
    assert "milestone: new → proposed on propose by payee, payer" in proof.unreached(many)
    assert not any(line.startswith("escrow: empty → held on deposit") for line in proof.unreached(few))


# -- the command line ------------------------------------------------------------------------------------------------


def test_prove_says_what_was_walked_and_ends_well() -> None:
    out = escrowkit("prove", "standard@1", "--amount", "1", "--unusual", "0")
    assert out.exit_code == 0, out.output
    assert "standard@1: every law holds, in every state within the bounds" in out.output
    assert "16 laws" in out.output
    assert "--rows lists them" in out.output


def test_prove_lists_rows_that_were_not_reached() -> None:
    out = escrowkit("prove", "standard@1", "--amount", "1", "--unusual", "0", "--rows")
    assert "milestone: new → proposed on propose by payee, payer" in out.output


def test_prove_prints_and_saves_a_story_that_play_plays(tmp_path: Path, file: Any) -> None:
    out = escrowkit("prove", file(STRANDS), "--unusual", "0", "--save", str(tmp_path / "found"))
    assert out.exit_code == 1
    assert "not listed in open_ended" in out.output
    saved = tmp_path / "found" / "mine-1.toml"
    assert saved.read_text(encoding="utf-8") in out.output
    assert escrowkit("play", "--check", str(saved)).exit_code == 0


def test_prove_tells_machines_the_same(file: Any) -> None:
    data = json.loads(escrowkit("prove", file(STRANDS), "--unusual", "0", "--json").output)
    (one,) = data["proofs"]
    assert one["holds"] is False
    assert one["broken"][0]["law"] == "silence ends"
    assert one["stranded"][0]["listed"] is None
    assert one["moves_a_second"] > 0
    assert data["unreached"]


def test_several_rulebooks_on_the_command_line_are_told_in_their_order() -> None:
    out = escrowkit("prove", "upwork@2018", "standard@1", "--amount", "1", "--unusual", "0")
    assert out.exit_code == 0, out.output
    assert out.output.index("upwork@2018:") < out.output.index("standard@1:")
    assert out.output.splitlines()[-1].startswith("2 rulebooks, ")
    assert out.output.splitlines()[-1].endswith("each of the 16 laws holds")


def test_the_last_line_names_the_rulebooks_that_break_a_law(file: Any) -> None:
    last = escrowkit("prove", file(STRANDS), "guru@undated", "--unusual", "0").output.splitlines()[-1]
    assert "a law is broken under " in last
    assert last.endswith("mine.toml")


def test_a_rulebook_that_is_wrong_is_told_before_any_walk(file: Any) -> None:
    out = escrowkit("prove", "standard@1", file('id = "x"'))
    assert isinstance(out.exception, DefinitionError)


def test_a_rulebook_without_a_file_is_walked_as_well() -> None:
    book: Rulebook = load("standard@1").override({"escrow.clearing": "none"})
    assert proof.prove(book, TINY).holds
