"""A table of moves: proved when it is built, run alike by both engines."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from escrowkit.agreement import Restrict
from escrowkit.errors import (
    BadAmount,
    DefinitionError,
    NoSuchMove,
    NotNow,
    NotYourMove,
    Refused,
    TermsChanged,
    UnknownRulebookValue,
    WrongCurrency,
)
from escrowkit.machines import milestone, obligation
from escrowkit.roles import PARTY, Role
from escrowkit.rulebook import load
from escrowkit.table import (
    BACK,
    SAME,
    Changes,
    Command,
    Context,
    Event,
    Guard,
    Move,
    Row,
    Table,
    Waits,
    answers,
    guard,
    not_impounded,
    restack,
    said,
    words_of,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ENGINES = ("compiled", "stock")
R = Role


class S(StrEnum):
    """The states of a parcel."""

    PACKED = "packed"
    SENT = "sent"
    HELD = "held"
    DELIVERED = "delivered"
    LOST = "lost"


class Elsewhere(StrEnum):
    """A state of another machine."""

    NOWHERE = "nowhere"


@said
class Pack(Command):
    """Pack a parcel."""

    weight: int = 1


@said
class SendOff(Command):
    """Send it off."""

    weight: int = 1


@said
class Deliver(Command):
    """Deliver it."""


@said
class Hold(Command):
    """Hold it at the border."""


@said
class LetGo(Command):
    """Let it go on."""


@said
class Note(Command):
    """Write something on it."""

    words: str = ""


@said
class Lapse(Command):
    """A deadline passed."""

    clock: str = "transit"


@said
class Packed(Event):
    """It was packed."""

    weight: int


@said
class SentOff(Event):
    """It was sent off."""

    weight: int
    left: int = 0

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """How much the postman can still carry."""
        return {"left": 20 - ctx.command.weight}


@said
class Arrived(Event):
    """It arrived."""


@said
class Stopped(Event):
    """It was stopped."""


@said
class WentOn(Event):
    """It went on."""


@said
class Noted(Event):
    """Something was written on it."""

    says_all = False


@said
class Vanished(Event):
    """It vanished."""

    clock: str


@said
class Parcel:
    """The record of the machine: its layers, and what its guards ask."""

    stack: tuple[S, ...] = (S.PACKED,)
    stamped: bool = True
    seal: bool = True
    open_border: bool = True


@said
class Pot:
    """What a guard may see beside the record."""

    rules: Any = attrs.field(factory=dict)


@guard(BadAmount, most=lambda ctx: ctx.pot.rules.get("most"), reads=("post.weight",))
def light_enough(ctx: Context[Parcel]) -> bool:
    """The parcel is not too
    heavy."""
    return bool(ctx.command.weight <= 20)


@guard(until=lambda ctx: NOON)
def stamped(ctx: Context[Parcel]) -> bool:
    """The parcel has a stamp."""
    return ctx.it.stamped


@guard(TermsChanged)
def sealed(ctx: Context[Parcel]) -> bool:
    """The seal is whole."""
    return ctx.it.seal


@guard()
def sent_off(ctx: Context[Parcel]) -> bool:
    """The parcel was sent off."""
    return ctx.state != S.PACKED


@guard(NotYourMove, until=lambda ctx: ctx.at)
def own_parcel(ctx: Context[Parcel]) -> bool:
    """The parcel is one's own."""
    return ctx.name != "thief"


@guard()
def border_is_open(ctx: Context[Parcel]) -> bool:
    """The border is open."""
    return ctx.it.open_border


@guard()
def wordless(ctx: Context[Parcel]) -> bool:
    return bool(ctx.it)


ROWS: tuple[Row | tuple[Row, ...], ...] = (
    Row(None, Pack, R.PAYEE, S.PACKED, Packed),
    Row(S.PACKED, SendOff, PARTY, S.SENT, SentOff, (own_parcel, light_enough, stamped)),
    Waits(S.PACKED, Deliver, {R.PROVIDER, R.PAYEE}, sent_off),
    Row(S.SENT, Deliver, R.PROVIDER, S.DELIVERED, Arrived),
    Row(S.SENT, Deliver, R.PAYEE, S.DELIVERED, Arrived, stamped),
    Row(S.SENT, Deliver, R.PAYEE, S.LOST, Arrived, sealed),
    Row(S.SENT, Lapse, R.CLOCK, S.LOST, Vanished, clock="transit"),
    Row((S.PACKED, S.SENT), Hold, R.PLATFORM, S.HELD, Stopped),
    Row(S.HELD, LetGo, {R.PLATFORM, R.WITNESS}, BACK, WentOn),
    Row((S.PACKED, S.SENT, S.HELD, S.DELIVERED), Note, {R.PLATFORM, R.RULES}, SAME, Noted),
    Row((S.SENT, S.HELD), LetGo, R.RULES, SAME, WentOn),
)


def table(*more: Row | tuple[Row, ...], rows: Iterable[Row | tuple[Row, ...]] = ROWS, **said: Any) -> Table[Parcel]:
    words: dict[str, Any] = {"initial": S.PACKED, "final": {S.DELIVERED, S.LOST}, "always": (border_is_open,)}
    return Table("parcel", S, rows=(*rows, *more), **(words | said))


def problems(*more: Row | tuple[Row, ...], **said: Any) -> tuple[str, ...]:
    with pytest.raises(DefinitionError) as caught:
        table(*more, **said)
    assert caught.value.what == "table 'parcel'"
    return caught.value.problems


PARCEL = table()


def ask(
    command: Command,
    by: Role,
    state: S | None = S.PACKED,
    *,
    it: Parcel | None = None,
    name: str = "",
    rules: dict[str, Any] | None = None,
) -> Context[Parcel]:
    record = it or Parcel((state,) if state else ())
    pot = Pot(rules or {"post.weight": 20})
    return Context(record, state.value if state else None, command, by, name or by.value, NOON, pot)


def refusal(ctx: Context[Parcel], engine: str = "compiled", **said: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        PARCEL.choose(ctx, engine, **said)
    return caught.value


# --- the proof ----------------------------------------------------------------------------------------------------


def test_a_good_table_can_be_built_and_knows_its_words() -> None:
    assert PARCEL.commands == {
        "pack": Pack,
        "send_off": SendOff,
        "deliver": Deliver,
        "lapse": Lapse,
        "hold": Hold,
        "let_go": LetGo,
        "note": Note,
    }
    assert set(PARCEL.events) == {"packed", "sent_off", "arrived", "vanished", "stopped", "went_on", "noted"}
    assert (PARCEL.initial, PARCEL.final, PARCEL.covering) == (
        (S.PACKED,),
        frozenset({S.DELIVERED, S.LOST}),
        frozenset({S.HELD}),
    )


@pytest.mark.parametrize(("name", "one"), [("parcel", "A parcel"), ("escrow", "An escrow"), ("Xeno", "A Xeno")])
def test_a_table_begins_a_sentence_with_its_name(name: str, one: str) -> None:
    made: Table[Parcel] = Table(name, S, initial=S.PACKED, final={S.DELIVERED, S.LOST}, rows=ROWS)
    assert (made.name, made.one) == (name, one)
    assert made.no_such_move("sent").startswith(f"{one} that is sent knows: ")


@said
class Unsaid(Command):
    pass


@said
class Untold(Event):
    pass


@said
class Weighed(Event):
    """It was weighed."""


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (Row(S.SENT, Note, R.PAYER, Elsewhere.NOWHERE, Noted), "unknown state <Elsewhere.NOWHERE: 'nowhere'>"),
        (Row(S.LOST, Deliver, R.PROVIDER, S.DELIVERED, Arrived), "final state lost has a way out to delivered"),
        (Row(None, Hold, R.PLATFORM, S.SENT, Stopped), "state sent is created but is not named initial"),
        (Row(S.PACKED, Note, (), SAME, Noted), "packed on note: nobody may make this move"),
        (Row((), Note, R.PAYER, SAME, Noted), " on note: it starts in no state"),
        (
            Row(S.PACKED, Note, R.PAYER, SAME, None),
            "packed on note: a row without an event only says why the command waits, and needs a guard that says it",
        ),
        (
            Row(S.PACKED, Note, R.PAYER, S.LOST, None, stamped),
            "packed on note: a row without an event only says why the command waits, and needs a guard that says it",
        ),
        (Row(None, Note, R.PAYER, SAME, Noted), "None on note: what creates must say which state"),
        (
            Row(S.PACKED, Lapse, R.CLOCK, S.LOST, Vanished),
            "packed on lapse: a move by the clock, and no other, names its clocks",
        ),
        (
            Row(S.PACKED, Lapse, R.PLATFORM, S.LOST, Vanished, (), "transit"),
            "packed on lapse: a move by the clock, and no other, names its clocks",
        ),
        (
            Row(S.SENT, SendOff, R.PAYER, SAME, Weighed),
            "sent on send_off: event weighed does not carry 'weight', which its command says",
        ),
        (
            Row((S.SENT, S.HELD), SendOff, R.PAYER, S.LOST, SentOff, (stamped, light_enough)),
            "sent/held on send_off: guards are not in the order of the refusals: stamped, light_enough",
        ),
        (
            Row(S.SENT, Unsaid, R.PAYER, SAME, Noted),
            "sent on unsaid: Unsaid has no docstring, so nothing can say it in words",
        ),
        (
            Row(S.HELD, Deliver, R.PAYER, SAME, Untold),
            "held on deliver: Untold has no docstring, so nothing can say it in words",
        ),
        (
            Row(S.HELD, Deliver, R.PAYER, SAME, Noted, wordless),
            "held on deliver: wordless has no docstring, so nothing can say it in words",
        ),
        (
            Row(S.SENT, Deliver, R.PROVIDER, S.LOST, Arrived, stamped),
            "sent on deliver by provider: an earlier row without a guard hides it",
        ),
        (
            Row(S.SENT, Lapse, R.CLOCK, S.DELIVERED, Vanished, stamped, "transit"),
            "sent on lapse by clock: an earlier row without a guard hides it",
        ),
        (Row(S.SENT, Deliver, R.PAYER, S.DELIVERED, Arrived), None),
        (Row(S.SENT, Lapse, R.CLOCK, S.DELIVERED, Vanished, stamped, "patience"), None),
        (Row(S.LOST, Note, R.PLATFORM, SAME, Noted), None),
        (Row((S.SENT, S.HELD), SendOff, R.PAYER, S.LOST, SentOff, (light_enough, stamped)), None),
    ],
    ids=lambda one: one if isinstance(one, str) else "row",
)
def test_a_row_that_cannot_stand_is_named_with_its_place(row: Row, problem: str | None) -> None:
    if problem is None:
        assert table(row)
    else:
        assert problems(row) == (problem,)


def test_a_state_that_no_row_leads_to_cannot_be_reached() -> None:
    rows = [row for row in ROWS if isinstance(row, tuple) or row.then not in (S.HELD, BACK)]
    assert "state 'held' cannot be reached" in problems(rows=rows)


def test_a_state_without_a_way_to_a_final_one_is_a_trap() -> None:
    rows = [row for row in ROWS if isinstance(row, tuple) or row.then is not BACK]
    assert problems(rows=rows) == ("state 'held' is a trap: no way leads from it to a final state",)


def test_a_way_round_in_a_circle_is_no_way_out() -> None:
    rows = [row for row in ROWS if isinstance(row, tuple) or row.then not in (S.DELIVERED, S.LOST)]
    found = problems(rows=rows)
    for state in ("packed", "sent", "held"):
        assert f"state {state!r} is a trap: no way leads from it to a final state" in found
    for state in ("delivered", "lost"):
        assert f"state {state!r} cannot be reached" in found


def test_a_row_that_only_waits_is_no_way_to_anywhere() -> None:
    rows = [row for row in ROWS if isinstance(row, tuple) or row.command not in (SendOff, Hold, LetGo)]
    assert "state 'sent' cannot be reached" in problems(Waits(S.PACKED, SendOff, PARTY, stamped), rows=rows)


def test_a_way_back_reaches_nothing_that_was_not_reached_before() -> None:
    rows = (
        Row(None, Pack, R.PAYER, S.PACKED, Packed),
        Row((S.PACKED, S.SENT), Hold, R.PLATFORM, S.HELD, Stopped),
        Row(S.HELD, LetGo, R.PLATFORM, BACK, WentOn),
        Row((S.PACKED, S.SENT), Deliver, R.PROVIDER, S.DELIVERED, Arrived),
        Row((S.PACKED, S.SENT), Lapse, R.CLOCK, S.LOST, Vanished, (), "patience"),
    )
    with pytest.raises(DefinitionError, match="state 'sent' cannot be reached"):
        Table("parcel", S, initial=S.PACKED, final={S.DELIVERED, S.LOST}, rows=rows)


def test_an_initial_state_must_be_created_and_a_final_one_must_be_known() -> None:
    with pytest.raises(DefinitionError) as caught:
        Table("parcel", S, initial=(S.PACKED, S.SENT), final={S.DELIVERED, S.LOST, Elsewhere.NOWHERE}, rows=PARCEL.rows)
    assert "state sent is named initial, but nothing creates it" in caught.value.problems
    assert "unknown state <Elsewhere.NOWHERE: 'nowhere'>" in caught.value.problems


def test_two_commands_cannot_have_one_word() -> None:
    @frozen
    class Again(Command):
        """Note it again."""

    Again.word = "note"
    with pytest.raises(DefinitionError, match="two commands have the word 'note'"):
        Table(
            "parcel",
            S,
            initial=S.PACKED,
            final={S.DELIVERED, S.LOST},
            rows=(*PARCEL.rows, Row(S.SENT, Again, R.PLATFORM, SAME, Noted)),
        )


def test_a_bad_table_lists_all_its_problems_at_once() -> None:
    found = problems(
        Row(S.SENT, Note, R.PAYER, Elsewhere.NOWHERE, Noted),
        Row(S.PACKED, Note, (), SAME, Noted),
        Row(S.SENT, SendOff, R.PAYER, SAME, Weighed, (stamped, light_enough)),
        Row(S.SENT, Deliver, R.PROVIDER, S.LOST, Arrived),
    )
    assert found == (
        "unknown state <Elsewhere.NOWHERE: 'nowhere'>",
        "packed on note: nobody may make this move",
        "sent on send_off: event weighed does not carry 'weight', which its command says",
        "sent on send_off: guards are not in the order of the refusals: stamped, light_enough",
        "sent on deliver by provider: an earlier row without a guard hides it",
    )


# --- the machine --------------------------------------------------------------------------------------------------


def test_the_machine_has_the_states_of_the_table_and_its_commands_as_triggers() -> None:
    assert list(PARCEL.machine.states) == ["(start)", *(state.value for state in S)]
    assert set(PARCEL.machine.events) == set(PARCEL.commands)


def test_back_is_one_edge_for_each_origin() -> None:
    edges = [(move.source, move.target) for move in PARCEL.moves() if move.row.then is BACK]
    assert edges == [(S.HELD, S.PACKED), (S.HELD, S.SENT)]
    for target in S:
        in_machine = PARCEL.machine.get_transitions("let_go", "held", target.value)
        assert len(in_machine) == ((S.HELD, target) in edges) + (target is S.HELD)


def test_same_is_one_edge_from_each_state_to_itself() -> None:
    edges = [(move.source, move.target) for move in PARCEL.moves() if move.row.command is Note]
    assert edges == [(state, state) for state in (S.PACKED, S.SENT, S.HELD, S.DELIVERED)]


def test_the_condition_of_an_edge_is_named_by_who_may_and_by_its_guards() -> None:
    """The diagrams of `transitions` itself show a condition by its name."""
    edge: Any = PARCEL.machine.get_transitions("send_off", "packed", "sent")[0]
    assert [condition.func.__name__ for condition in edge.conditions] == [
        "by payee or payer and own_parcel and light_enough and stamped"
    ]


def test_back_and_same_say_their_names() -> None:
    assert (repr(BACK), repr(SAME)) == ("BACK", "SAME")


def test_a_row_that_only_waits_is_no_edge_of_the_drawing() -> None:
    assert not [move for move in PARCEL.moves() if move.row.waits]
    assert [row.command for row in PARCEL.rows if row.waits] == [Deliver]


def test_waits_makes_one_row_for_each_command() -> None:
    assert Waits(S.HELD, (Deliver, SendOff), PARTY, stamped) == (
        Row(S.HELD, Deliver, PARTY, SAME, None, stamped),
        Row(S.HELD, SendOff, PARTY, SAME, None, stamped),
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_ever_added_to_the_models_of_the_shared_machine(engine: str) -> None:
    for _ in range(3):
        PARCEL.choose(ask(Pack("p1"), R.PAYEE, None), engine)
        refusal(ask(Deliver("p1"), R.PROVIDER), engine)
    assert PARCEL.machine.models == []
    assert PARCEL.machine.initial is None


@pytest.mark.parametrize("engine", ENGINES)
def test_the_stock_engine_is_that_of_transitions_and_the_compiled_one_never_asks_it(
    engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "transitions")
    PARCEL.choose(ask(Pack("p1"), R.PAYEE, None), engine)
    assert bool(caplog.records) is (engine == "stock")


# --- choosing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("command", "by", "it", "source", "target"),
    [
        (Pack("p1"), R.PAYEE, Parcel(()), None, S.PACKED),
        (SendOff("p1", 20), R.PAYER, Parcel(), S.PACKED, S.SENT),
        (Deliver("p1"), R.PROVIDER, Parcel((S.SENT,)), S.SENT, S.DELIVERED),
        (Deliver("p1"), R.PAYEE, Parcel((S.SENT,)), S.SENT, S.DELIVERED),
        (Deliver("p1"), R.PAYEE, Parcel((S.SENT,), stamped=False), S.SENT, S.LOST),
        (Lapse("p1", "transit"), R.CLOCK, Parcel((S.SENT,)), S.SENT, S.LOST),
        (Hold("p1"), R.PLATFORM, Parcel((S.SENT,)), S.SENT, S.HELD),
        (LetGo("p1"), R.PLATFORM, Parcel((S.HELD, S.SENT)), S.HELD, S.SENT),
        (LetGo("p1"), R.PLATFORM, Parcel((S.HELD, S.PACKED)), S.HELD, S.PACKED),
        (LetGo("p1"), R.RULES, Parcel((S.HELD, S.PACKED)), S.HELD, S.HELD),
        (Note("p1"), R.RULES, Parcel((S.DELIVERED,)), S.DELIVERED, S.DELIVERED),
    ],
)
def test_a_command_makes_the_first_move_whose_guards_hold(
    command: Command, by: Role, it: Parcel, source: S | None, target: S, engine: str
) -> None:
    ctx = ask(command, by, source, it=it)
    move = PARCEL.choose(ctx, engine)
    assert PARCEL.may(ctx)
    assert (move.source, move.target, move.row.command) == (source, target, type(command))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("command", "by", "it", "code", "words"),
    [
        (Deliver("p1"), R.PROVIDER, Parcel(()), NoSuchMove, "There is no parcel here yet."),
        (Pack("p1"), R.PAYEE, Parcel(), NoSuchMove, "A parcel that is packed knows: deliver, hold, note, send_off."),
        (Deliver("p1"), R.PROVIDER, Parcel((S.LOST,)), NoSuchMove, "This parcel is lost, which is final."),
        (Hold("p1"), R.PAYER, Parcel(), NotYourMove, "This is for: platform."),
        (Note("p1"), R.PAYER, Parcel(), NotYourMove, "This is for: platform."),
        (SendOff("p1"), R.MEDIATOR, Parcel(), NotYourMove, "This is for: payee, payer."),
        (LetGo("p1"), R.PLATFORM, Parcel((S.SENT,)), NotYourMove, "This is for: the rules alone."),
        (Lapse("p1", "patience"), R.CLOCK, Parcel((S.SENT,)), NotYourMove, "This is for: clock."),
        (LetGo("p1"), R.PLATFORM, Parcel((S.HELD,)), NotYourMove, "This is for: platform, witness."),
        (SendOff("p1", 21), R.PAYER, Parcel(), BadAmount, "Needed: The parcel is not too heavy."),
        (SendOff("p1", 20), R.PAYER, Parcel(stamped=False), NotNow, "Needed: The parcel has a stamp."),
        (SendOff("p1", 21), R.PAYER, Parcel(stamped=False), BadAmount, "Needed: The parcel is not too heavy."),
        (Deliver("p1"), R.PROVIDER, Parcel(), NotNow, "Needed: The parcel was sent off."),
        (Deliver("p1"), R.PAYEE, Parcel((S.SENT,), False, False), TermsChanged, "Needed: The seal is whole."),
        (SendOff("p1"), R.PAYER, Parcel(open_border=False), NotNow, "Needed: The border is open."),
        (LetGo("p1"), R.WITNESS, Parcel((S.HELD, S.SENT), open_border=False), NotNow, "Needed: The border is open."),
    ],
)
def test_a_command_that_makes_no_move_is_refused_with_the_reason(
    command: Command, by: Role, it: Parcel, code: type[Refused], words: str, engine: str
) -> None:
    ctx = ask(command, by, it.stack[0] if it.stack else None, it=it)
    refused = refusal(ctx, engine)
    assert not PARCEL.may(ctx)
    assert (type(refused), refused.words) == (code, words)


def test_a_stranger_learns_who_may_move_and_not_that_the_rules_may() -> None:
    assert refusal(ask(Note("p1"), R.PAYER)).missing == ("platform",)


def test_guards_of_every_move_bind_people_and_nobody_else() -> None:
    closed = Parcel((S.SENT,), open_border=False)
    assert refusal(ask(Deliver("p1"), R.PAYEE, S.SENT, it=closed)).words == "Needed: The border is open."
    assert PARCEL.choose(ask(Deliver("p1"), R.PROVIDER, S.SENT, it=closed)).target is S.DELIVERED


@pytest.mark.parametrize("engine", ENGINES)
def test_who_may_not_move_learns_it_before_anything_about_sums_and_the_rulebook(engine: str) -> None:
    thief = ask(SendOff("p1", 21), R.PAYER, name="thief")
    told = refusal(thief, engine, wrong=WrongCurrency("Other."))
    assert (type(told), told.key, told.until) == (NotYourMove, "not-your-move.own_parcel", NOON)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "target"), [("ada", S.SENT), ("lin", S.LOST)])
def test_who_may_make_one_of_two_moves_is_not_refused_for_the_other(name: str, target: S, engine: str) -> None:
    @guard(NotYourMove)
    def ada(ctx: Context[Parcel]) -> bool:
        """Ada sends it."""
        return ctx.name == "ada"

    @guard(NotYourMove)
    def lin(ctx: Context[Parcel]) -> bool:
        """Lin loses it."""
        return ctx.name == "lin"

    two = table(*(Row(S.PACKED, Deliver, R.PAYER, then, Arrived, who) for then, who in ((S.SENT, ada), (S.LOST, lin))))
    assert two.choose(ask(Deliver("p1"), R.PAYER, name=name), engine).target is target


@pytest.mark.parametrize("engine", ENGINES)
def test_a_value_that_the_rulebook_does_not_settle_is_told_before_a_wrong_sum(engine: str) -> None:
    class Silent(dict[str, Any]):
        def __missing__(self, key: str) -> Any:
            raise UnknownRulebookValue(f"{key} is not settled.")

    ctx = ask(SendOff("p1", 21), R.PAYER, rules=Silent(other=1))
    assert refusal(ctx, engine, wrong=WrongCurrency("Other.")).words == "post.weight is not settled."


@pytest.mark.parametrize("engine", ENGINES)
def test_a_guard_that_finds_the_rulebook_unsettled_is_told_before_a_wrong_sum(engine: str) -> None:
    @guard(UnknownRulebookValue)
    def settled(ctx: Context[Parcel]) -> bool:
        """The rulebook settles it."""
        return False

    unsettled = table(Row(S.PACKED, Deliver, R.PAYER, S.SENT, Arrived, settled))
    with pytest.raises(UnknownRulebookValue, match="The rulebook settles it"):
        unsettled.choose(ask(Deliver("p1"), R.PAYER), engine, wrong=WrongCurrency("Other."))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_wrong_sum_is_told_before_the_guards_are_asked(engine: str) -> None:
    wrong = WrongCurrency("Other.")
    assert refusal(ask(SendOff("p1", 21), R.PAYER), engine, wrong=wrong) is wrong


commands = st.one_of(
    st.builds(Pack, st.just("p1"), st.integers(0, 40)),
    st.builds(SendOff, st.just("p1"), st.integers(0, 40)),
    st.builds(Lapse, st.just("p1"), st.sampled_from(["transit", "patience"])),
    *(st.just(kind("p1")) for kind in (Deliver, Hold, LetGo, Note)),
)
stacks = st.sampled_from([(), *((s,) for s in S), (S.HELD, S.PACKED), (S.HELD, S.SENT), (S.HELD, S.LOST)])
parcels = st.builds(Parcel, stacks, st.booleans(), st.booleans(), st.booleans())


def outcome(ctx: Context[Parcel], engine: str) -> Move | tuple[Any, ...]:
    try:
        return PARCEL.choose(ctx, engine)
    except Refused as refused:
        return type(refused), refused.words, refused.key, refused.missing, refused.until, refused.most


@given(command=commands, it=parcels, by=st.sampled_from(Role), name=st.sampled_from(["", "thief"]))
def test_both_engines_choose_and_refuse_alike_and_who_only_asks_learns_the_same(
    command: Command, it: Parcel, by: Role, name: str
) -> None:
    ctx = ask(command, by, it.stack[0] if it.stack else None, it=it, name=name)
    assert outcome(ctx, "compiled") == outcome(ctx, "stock")
    assert PARCEL.may(ctx) is isinstance(outcome(ctx, "compiled"), Move)


# --- guards -------------------------------------------------------------------------------------------------------


def test_a_guard_is_its_function_and_says_the_docstring_of_it_in_one_line() -> None:
    assert (light_enough.__name__, light_enough.words) == ("light_enough", "The parcel is not too heavy.")
    assert repr(light_enough) == "<guard light_enough>"
    assert light_enough(ask(SendOff("p1", 20), R.PAYER))
    assert not light_enough(ask(SendOff("p1", 21), R.PAYER))


def test_a_guard_that_refuses_says_what_is_missing_until_when_and_the_most_that_would_do() -> None:
    heavy = light_enough.refuse(ask(SendOff("p1", 21), R.PAYER, rules={"most": 20}))
    assert (type(heavy), heavy.key, heavy.missing) == (BadAmount, "bad-amount.light_enough", (light_enough.words,))
    assert (heavy.most, heavy.until) == (20, None)
    bare = stamped.refuse(ask(SendOff("p1"), R.PAYER))
    assert (type(bare), bare.until, bare.most) == (NotNow, NOON, None)


def test_a_guard_may_say_otherwise_what_it_means_when_it_does_not_hold() -> None:
    closed = guard(otherwise="The border is closed.")(lambda ctx: False)
    assert closed.refuse(ask(SendOff("p1"), R.PAYER)).words == "The border is closed."
    assert Guard(stamped.test).refuse(ask(SendOff("p1"), R.PAYER)).words == "Needed: The parcel has a stamp."
    assert light_enough.refuse(ask(SendOff("p1", 21), R.PAYER, rules={"most": 20})).words.startswith("Needed: ")


def test_a_guard_knows_what_it_reads_whether_it_can_ever_hold_and_whom_it_lets() -> None:
    made = guard(reads=("a.b",), offered=lambda rules: bool(rules), people=lambda rules: rules["who"])(lambda ctx: True)
    assert made.reads == ("a.b",)
    assert made.words == ""
    assert made.offered is not None
    assert (made.offered({}), made.offered({"a": 1})) == (False, True)
    assert made.people is not None
    assert made.people({"who": ("payer",)}) == ("payer",)


@said
class Impound:
    """A pot that the platform may hold."""

    impounded: bool
    impounded_until: datetime | None = None
    rules: Any = None


@pytest.mark.parametrize("until", [NOON, None])
def test_while_the_platform_holds_the_money_everybody_waits_for_it_and_learns_until_when(
    until: datetime | None,
) -> None:
    free, held = (attrs.evolve(ask(Pack("p1"), R.PAYEE), pot=Impound(impounded, until)) for impounded in (False, True))
    assert not_impounded(free)
    assert not not_impounded(held)
    refused = not_impounded.refuse(held)
    assert (type(refused), refused.until) == (NotNow, until)
    assert "everybody waits" in refused.words


@pytest.mark.parametrize(
    ("said", "may"),
    [
        ({}, True),
        ({"mediation.on_failure": "payee"}, False),
        ({"mediation.on_failure": ["next_stage", "halves"]}, True),
        ({"mediation.on_failure": [{"payer": "50%", "payee": "50%"}]}, False),
        ({"mediation.on_failure": "unknown"}, True),
    ],
    ids=str,
)
def test_a_rulebook_may_answer_what_it_says_and_whatever_its_sources_do_not_settle(
    said: dict[str, Any], may: bool
) -> None:
    assert answers("mediation.on_failure", "next_stage", "stays")(load("standard@1").override(said)) is may


def test_a_rulebook_without_the_rule_answers_nothing() -> None:
    assert not answers("escrow.hold_limit.on_expiry", "payer")(load("standard@1"))


# --- commands and events ------------------------------------------------------------------------------------------


def test_commands_and_events_know_their_machine_their_word_and_their_own_fields() -> None:
    assert (SendOff.machine, SendOff.word, SendOff.fields()) == ("test_table", "send_off", ("weight",))
    assert (SentOff.machine, SentOff.word, SentOff.fields()) == ("test_table", "sent_off", ("weight", "left"))
    assert (Deliver.fields(), Arrived.fields()) == ((), ())


def test_a_machine_is_a_module_or_a_package_and_so_is_the_agreement() -> None:
    assert (milestone.Approve.machine, obligation.Cancel.machine, Restrict.machine) == (
        "milestone",
        "obligation",
        "agreement",
    )


def test_only_what_is_said_alike_by_the_same_command_is_equal_and_has_the_same_place_in_a_set() -> None:
    assert SendOff("p1", 7) == SendOff("p1", 7)
    assert SendOff("p1", 7) != Pack("p1", 7)
    assert SendOff("p1", 7) != ("p1", 7)
    assert hash(SendOff("p1", 7)) == hash(SendOff("p1", 7))
    assert len({hash(kind(f"p{n}")) for kind in (Pack, SendOff) for n in range(100)}) > 100


@pytest.mark.parametrize(
    ("optimize", "guards", "command"),
    [(1, "The parcel is not too heavy.", "Send it off."), (2, "light enough", "send off")],
)
def test_where_docstrings_were_dropped_the_name_stands_for_the_words(
    optimize: int, guards: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.flags", SimpleNamespace(optimize=optimize))
    assert (words_of(light_enough.test), words_of(SendOff)) == (guards, command)


def test_an_event_says_what_the_command_said_who_when_and_the_states() -> None:
    ctx = attrs.evolve(ask(Pack("p1", 7), R.PAYEE, None), actor="bot")
    assert Packed.of(ctx, "packed") == Packed("p1", 7, by="payee", at=NOON, actor="bot", before=None, after="packed")


def test_an_event_works_out_its_own_figures_and_leaves_out_what_it_does_not_know() -> None:
    ctx = ask(SendOff("p1", 7), R.PAYER)
    assert SentOff.of(ctx, "sent") == SentOff("p1", 7, 13, by="payer", at=NOON, before="packed", after="sent")


def test_an_event_need_not_repeat_what_was_only_told() -> None:
    ctx = ask(Note("p1", "fragile"), R.PLATFORM)
    assert Noted.of(ctx, "packed") == Noted("p1", by="platform", at=NOON, before="packed", after="packed")


# --- layers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stack", "before", "after", "then"),
    [
        ((), None, S.PACKED, (S.PACKED,)),
        ((S.PACKED,), "packed", S.SENT, (S.SENT,)),
        ((S.PACKED,), "packed", S.PACKED, (S.PACKED,)),
        ((S.PACKED,), "packed", S.HELD, (S.HELD, S.PACKED)),
        ((S.HELD, S.PACKED), "held", S.PACKED, (S.PACKED,)),
        ((S.HELD, S.PACKED), "packed", S.SENT, (S.HELD, S.SENT)),
        ((S.HELD, S.PACKED), "held", S.HELD, (S.HELD, S.PACKED)),
        ((S.HELD, S.PACKED), "held", S.LOST, (S.LOST,)),
    ],
    ids=["created", "moves", "stays", "is covered", "goes back", "moves below", "stays covered", "leaves all behind"],
)
def test_a_covering_state_lies_over_the_one_that_it_came_from(
    stack: tuple[S, ...], before: str | None, after: S, then: tuple[S, ...]
) -> None:
    assert restack(stack, before, after, PARCEL.covering) == then
    assert PARCEL.layers(stack, Noted("p1", by="platform", at=NOON, before=before, after=after.value)) == then


# --- what changes of the record -----------------------------------------------------------------------------------


@said
class NotedTwice(Noted):
    """Something was written on it again."""


def test_an_event_changes_what_its_own_line_says_or_its_family_and_another_changes_nothing() -> None:
    lines: dict[type[Event], Any] = {Noted: lambda it, event: {"read": event.milestone, "by": it}}
    changes = Changes(lines)
    for _ in range(2):
        for kind, then in (
            (Noted, {"read": "p1", "by": "ada"}),
            (NotedTwice, {"read": "p1", "by": "ada"}),
            (Stopped, {}),
        ):
            assert changes("ada", kind("p1", by="platform", at=NOON)) == then
    assert list(lines) == [Noted]


def test_the_line_of_an_event_stands_before_that_of_its_family() -> None:
    changes = Changes({Noted: lambda it, event: {"times": 1}, NotedTwice: lambda it, event: {"times": 2}})
    assert changes("ada", NotedTwice("p1", by="platform", at=NOON)) == {"times": 2}
