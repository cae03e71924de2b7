"""Models for a host that lives with `transitions`: triggers are decisions, callbacks are told and cannot take part."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

import escrowkit as ek
from escrowkit import live
from escrowkit.errors import BadAmount, BadArgument, NoSuchMove, NotYourMove, OverHeld, Refused, UnknownMilestone
from escrowkit.pot import TABLES
from escrowkit.roles import Role

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def opened() -> ek.Agreement:
    return ek.open_agreement(
        rulebook="standard@1",
        parties={"payer": "ada", "payee": "lin"},
        currency="USD",
        milestones=[("m1", "150.00"), ("m2", "350.00")],
        at=START,
    )


@pytest.fixture
def session() -> live.Session:
    return live.bind(opened())


@pytest.fixture
def m1(session: live.Session) -> live.Bound:
    return live.bind(session, "m1")


@pytest.fixture
def submitted(m1: live.Bound) -> live.Bound:
    """`m1` funded and submitted."""
    m1.escrow.deposit(amount="150.00", by="payer", at=START)
    m1.milestone.submit(deliverable="v1", by="payee", at=START)
    return m1


def listen(session: live.Session) -> list[str]:
    """Everything that a session tells, as words."""
    told: list[str] = []
    session.on_event(lambda event: told.append(f"{event.machine}.{event.word}"))
    for id_ in session:
        for machine in TABLES:
            model = getattr(session[id_], machine)
            for name in dir(model):
                if name.startswith(("on_enter_", "on_exit_", "after_")):
                    getattr(model, name)(lambda event, name=name, machine=machine: told.append(f"{machine} {name}"))
    return told


# -- models ----------------------------------------------------------------------------------------------------------


def test_a_milestone_has_one_model_a_machine_with_its_state(m1: live.Bound) -> None:
    assert (m1.milestone.state, m1.escrow.state) == ("agreed", "empty")
    assert (m1.dispute.state, m1.mediation.state, m1.arbitration.state, m1.obligation.state) == (None,) * 4
    assert m1.milestone.is_agreed()
    assert not m1.milestone.is_active()
    assert not m1.dispute.is_opened()


def test_a_model_has_the_methods_of_its_table_and_no_others(m1: live.Bound) -> None:
    names = set(dir(m1.milestone))
    assert {"submit", "may_submit", "is_submitted", "on_enter_submitted", "on_exit_submitted", "after_submit"} <= names
    assert "after_conclude" in names
    assert not {"conclude", "may_conclude", "lapse", "may_lapse"} & names, "what no person gives is no trigger"
    with pytest.raises(AttributeError):
        m1.milestone.sbumit  # noqa: B018


def test_no_command_hides_what_every_model_has_or_takes() -> None:
    every = set(dir(live.Model)) | {spec.name for spec in attrs.fields(live.Model)}
    taken = {"by", "at", "key", "actor", "engine"}
    for table in TABLES.values():
        assert not every & set(table.commands)
        for command in table.commands.values():
            assert not taken & set(command.fields())


def test_milestones_bound_to_one_session_share_the_agreement(session: live.Session) -> None:
    first, second = session["m1"], live.bind(session, "m2")
    first.escrow.deposit(amount="150.00", by="payer", at=START)
    assert second.agreement is first.agreement is session.agreement
    assert second.agreement.state("escrow.m1") == "held"
    assert list(session) == ["m1", "m2"]


def test_an_agreement_bound_twice_gives_two_lives() -> None:
    agreement = opened()
    one, other = live.bind(agreement, "m1"), live.bind(agreement, "m1")
    one.escrow.deposit(amount="150.00", by="payer", at=START)
    assert other.agreement is agreement
    assert other.escrow.is_empty()


def test_only_milestones_of_the_agreement_can_be_bound(session: live.Session) -> None:
    with pytest.raises(UnknownMilestone, match="m1, m2"):
        session["m3"]
    with pytest.raises(BadArgument):
        live.bind({"m1": "150.00"})  # type: ignore[call-overload]


def test_a_new_milestone_is_proposed_through_the_session_and_can_be_bound_then(session: live.Session) -> None:
    session.decide(ek.milestone.Propose("m3", "20.00"), by="payee", at=START)
    assert session["m3"].milestone.is_proposed()
    assert session["m3"].escrow.state is None


def test_nothing_of_a_model_can_be_set(m1: live.Bound, session: live.Session) -> None:
    for thing, name in ((m1.escrow, "state"), (m1.escrow, "_milestone"), (m1, "agreement"), (m1, "id")):
        with pytest.raises(AttributeError):
            setattr(thing, name, "released")
    with pytest.raises(AttributeError):
        session.agreement = opened()  # type: ignore[misc]
    with pytest.raises(AttributeError):
        m1.milestone.anything = 1  # type: ignore[attr-defined]


def test_the_shared_machines_never_get_a_model(submitted: live.Bound) -> None:
    submitted.milestone.approve(deliverable="v1", by="payer", at=START)
    assert all(table.machine.models == [] for table in TABLES.values())


# -- triggers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["compiled", "stock"])
def test_a_trigger_is_a_decide(m1: live.Bound, engine: str) -> None:
    agreement = m1.agreement
    decided = agreement.decide(ek.escrow.Deposit("m1", "150.00"), by="ada", at=START, actor="app", key="k")
    assert m1.escrow.deposit(amount="150.00", by="ada", at=START, actor="app", key="k", engine=engine) == decided
    assert m1.agreement == decided.agreement
    assert (
        m1.milestone.trigger("submit", deliverable="v1", by="payee", at=START, engine=engine).agreement is m1.agreement
    )


def test_a_refused_trigger_raises_its_refusal_and_nothing_changes(m1: live.Bound) -> None:
    told = listen(m1.session)
    before = m1.agreement
    with pytest.raises(NotYourMove):
        m1.escrow.deposit(amount="150.00", by="payee", at=START)
    with pytest.raises(BadAmount):
        m1.escrow.trigger("request_deposit", amount="150.01", by="payer", at=START)
    with pytest.raises(NoSuchMove):
        m1.milestone.propose(price="20.00", by="payer", at=START)
    assert m1.agreement is before
    assert told == []


def test_a_call_that_says_too_little_or_too_much_is_a_bad_argument(m1: live.Bound) -> None:
    for said, words in (({}, "must say deliverable"), ({"deliverable": "v1", "url": "x"}, "says no url")):
        with pytest.raises(BadArgument, match=words):
            m1.milestone.submit(**said, by="payee", at=START)
        with pytest.raises(BadArgument, match=words):
            m1.milestone.may_submit(**said, by="payee", at=START)
    for name in ("fly", "conclude"):
        with pytest.raises(BadArgument, match="no command of a milestone"):
            m1.milestone.trigger(name, by="payee", at=START)
        with pytest.raises(BadArgument, match="no command of a milestone"):
            m1.milestone.may_trigger(name, by="payee", at=START)
    with pytest.raises(TypeError, match="at"):
        m1.milestone.submit(deliverable="v1", by="payee")


@pytest.mark.parametrize("engine", ["compiled", "stock"])
def test_may_says_whether_the_very_call_would_be_accepted_and_changes_nothing(m1: live.Bound, engine: str) -> None:
    told = listen(m1.session)
    before = m1.agreement
    assert m1.escrow.may_deposit(amount="150.00", by="payer", at=START, engine=engine)
    assert not m1.escrow.may_deposit(amount="150.01", by="payer", at=START, engine=engine)
    assert not m1.escrow.may_trigger("deposit", amount="150.00", by="payee", at=START, engine=engine)
    assert m1.agreement is before
    assert told == []
    with pytest.raises(BadArgument):
        m1.escrow.may_deposit(amount="150.00", by="payer", at=START.replace(tzinfo=None))


def test_why_not_gives_the_refusal_that_may_leaves_out(m1: live.Bound) -> None:
    refused = m1.escrow.why_not("request_deposit", amount="150.01", by="payer", at=START)
    assert refused is not None
    assert (refused.code, str(refused.most)) == ("bad-amount", "150.00 USD")
    assert m1.escrow.why_not("request_deposit", amount="150.00", by="payer", at=START) is None


def test_may_counts_the_deadlines_that_pass_before(submitted: live.Bound) -> None:
    assert submitted.milestone.may_request_changes(reason="blue", by="payer", at=START + DAY)
    assert not submitted.milestone.may_request_changes(reason="blue", by="payer", at=START + 300 * DAY)
    assert submitted.milestone.is_submitted()


# -- callbacks -------------------------------------------------------------------------------------------------------


def test_callbacks_run_for_every_event_in_order_reactions_included(m1: live.Bound) -> None:
    told = listen(m1.session)
    m1.escrow.deposit(amount="150.00", by="payer", at=START)
    assert told == [
        "escrow.deposited",
        "escrow on_exit_empty",
        "escrow on_enter_held",
        "escrow after_deposit",
        "milestone.started",
        "milestone on_exit_agreed",
        "milestone on_enter_active",
        "milestone after_start",
    ]


def test_callbacks_run_after_acceptance_and_get_the_event(m1: live.Bound) -> None:
    seen: list[Any] = []
    m1.escrow.on_enter_held(lambda event: seen.append((event, m1.escrow.state, m1.milestone.state)))
    decision = m1.escrow.deposit(amount="150.00", by="payer", at=START)
    assert seen == [(decision.events[0], "held", "active")]


def test_callbacks_of_one_milestone_hear_nothing_of_another(session: live.Session) -> None:
    told: list[Any] = []
    session["m2"].escrow.after_deposit(told.append)
    session["m1"].escrow.deposit(amount="150.00", by="payer", at=START)
    assert told == []


def test_registering_decorates_and_callbacks_run_in_the_order_of_registering(m1: live.Bound) -> None:
    told: list[str] = []

    @m1.escrow.on_enter_held
    def first(event: Any) -> None:
        told.append("first")

    m1.escrow.on_enter_held(lambda event: told.append("second"))
    m1.escrow.deposit(amount="150.00", by="payer", at=START)
    assert told == ["first", "second"]
    assert first.__name__ == "first"


def test_a_callback_is_a_plain_function(m1: live.Bound) -> None:
    async def later(event: Any) -> None: ...

    for wrong in (later, None, "notify"):
        with pytest.raises(BadArgument, match="callback"):
            m1.escrow.on_enter_held(wrong)


def test_time_alone_is_told_too(submitted: live.Bound) -> None:
    told = listen(submitted.session)
    decision = submitted.advance(START + 300 * DAY)
    assert submitted.milestone.is_completed()
    assert [line for line in told if "." in line] == [f"{event.machine}.{event.word}" for event in decision.events]
    first = told.index("milestone.deemed_approved")
    assert told[first : first + 4] == [
        "milestone.deemed_approved",
        "milestone on_exit_submitted",
        "milestone on_enter_approved",
        "milestone after_lapse",
    ]


def test_what_deadlines_decided_before_a_late_trigger_is_told_though_the_trigger_is_refused(
    submitted: live.Bound,
) -> None:
    told = listen(submitted.session)
    with pytest.raises(Refused) as caught:
        submitted.milestone.request_changes(reason="blue", by="payer", at=START + 300 * DAY)
    assert caught.value.decision is not None
    assert submitted.agreement is caught.value.decision.agreement
    assert submitted.milestone.is_completed()
    assert "milestone on_enter_approved" in told
    assert "milestone after_request_changes" not in told


def test_a_move_within_a_state_neither_leaves_nor_enters_it(m1: live.Bound) -> None:
    m1.escrow.deposit(amount="100.00", by="payer", at=START)
    told = listen(m1.session)
    m1.escrow.deposit(amount="50.00", by="payer", at=START)
    assert [line for line in told if line.startswith("escrow ")] == ["escrow after_deposit"]


def test_a_state_that_a_dispute_gives_back_is_entered_again(submitted: live.Bound) -> None:
    submitted.dispute.open(claim="150.00", reason="late", by="payer", at=START + DAY)
    told = listen(submitted.session)
    submitted.dispute.withdraw(by="payer", at=START + 2 * DAY)
    assert {"milestone on_exit_disputed", "milestone on_enter_submitted", "escrow on_enter_held"} <= set(told)


def test_what_moves_below_a_hold_of_the_platform_shows_when_it_is_lifted(submitted: live.Bound) -> None:
    submitted.dispute.open(claim="150.00", reason="late", by="payer", at=START)
    submitted.escrow.hold(reason="fraud?", by="platform", at=START)
    told = listen(submitted.session)
    submitted.escrow.charge_back(amount="50.00", reference="c1", by="provider", at=START)
    assert submitted.escrow.is_impounded()
    assert "escrow after_charge_back" in told
    assert not [line for line in told if line.startswith(("escrow on_enter", "escrow on_exit"))]
    submitted.escrow.lift(by="platform", at=START)
    assert told[-2:] == ["escrow on_enter_frozen", "escrow after_lift"]


def test_a_repeated_key_gives_the_recorded_answer_and_tells_nobody(m1: live.Bound) -> None:
    m1.escrow.deposit(amount="150.00", by="payer", at=START, key="k")
    told = listen(m1.session)
    assert m1.escrow.deposit(amount="150.00", by="payer", at=START, key="k").repeated
    assert told == []


def test_a_reference_told_twice_is_told_of_the_command_that_told_it(m1: live.Bound) -> None:
    m1.escrow.deposit(amount="100.00", reference="r", by="payer", at=START)
    told = listen(m1.session)
    m1.escrow.confirm_deposit(amount="100.00", reference="r", by="provider", at=START)
    assert told == ["escrow.repeated", "escrow after_confirm_deposit"]


def test_every_event_of_the_clock_or_the_rules_has_one_command() -> None:
    for table in TABLES.values():
        causes: dict[Any, set[str]] = {}
        for row in table.rows:
            for role in {Role.CLOCK, Role.RULES} & row.by if row.event else ():
                for state in row.on:
                    causes.setdefault((row.event, role, state), set()).add(row.command.word)
        assert all(len(words) == 1 for words in causes.values())


def test_ending_the_whole_agreement_is_told_milestone_by_milestone(session: live.Session) -> None:
    told = listen(session)
    session.decide(ek.agreement.End("no more work"), by="payer", at=START)
    assert told[0] == "agreement.ended"
    assert told.count("milestone on_enter_cancelled") == 2
    assert told.count("milestone after_cancel") == 2


# -- callbacks that fail or trigger ----------------------------------------------------------------------------------


def fails(error: BaseException) -> Any:
    def callback(event: Any) -> None:
        raise error

    return callback


def test_a_failing_callback_changes_nothing_of_the_decision_and_silences_no_other(m1: live.Bound) -> None:
    told: list[str] = []
    m1.escrow.on_enter_held(fails(ValueError("mail")))
    m1.escrow.on_enter_held(lambda event: told.append("held"))
    m1.milestone.on_enter_active(fails(KeyError("queue")))
    m1.milestone.after_start(lambda event: told.append("started"))
    with pytest.raises(live.CallbacksFailed) as caught:
        m1.escrow.deposit(amount="150.00", by="payer", at=START)
    assert [type(error) for error in caught.value.exceptions] == [ValueError, KeyError]
    assert caught.value.decision is not None
    assert m1.agreement is caught.value.decision.agreement
    assert (m1.escrow.state, m1.milestone.state, told) == ("held", "active", ["held", "started"])


def test_parts_of_what_failed_still_say_which_decision_stands(m1: live.Bound) -> None:
    m1.escrow.on_enter_held(fails(ValueError("mail")))
    m1.escrow.on_enter_held(fails(KeyError("queue")))
    parts: list[Any] = []
    try:
        m1.escrow.deposit(amount="150.00", by="payer", at=START)
    except* ValueError as part:
        parts.append(part)
    except* KeyError as part:
        parts.append(part)
    assert [part.decision.agreement is m1.agreement for part in parts] == [True, True]


def test_a_refusal_inside_a_callback_is_never_mistaken_for_the_answer_to_the_trigger(m1: live.Bound) -> None:
    m1.milestone.on_enter_active(lambda event: m1.escrow.release(amount="150.01", by="payer", at=START))
    with pytest.raises(Exception, match="the decision before them stands") as caught:
        m1.escrow.deposit(amount="150.00", by="payer", at=START)
    assert not isinstance(caught.value, Refused)
    assert isinstance(caught.value, live.CallbacksFailed)
    assert isinstance(caught.value.exceptions[0], OverHeld)
    assert m1.escrow.is_held()


def test_a_refusal_stays_the_answer_when_callbacks_of_the_deadlines_fail(submitted: live.Bound) -> None:
    submitted.milestone.on_enter_approved(fails(ValueError("mail")))
    with pytest.raises(NoSuchMove) as caught:
        submitted.milestone.request_changes(reason="blue", by="payer", at=START + 300 * DAY)
    assert isinstance(caught.value.__cause__, live.CallbacksFailed)
    assert submitted.milestone.is_completed()


def test_an_interrupt_leaves_at_once_and_the_decision_stands(m1: live.Bound) -> None:
    told: list[str] = []
    m1.escrow.on_enter_held(fails(KeyboardInterrupt()))
    m1.milestone.on_enter_active(lambda event: told.append("active"))
    m1.milestone.after_submit(lambda event: told.append("submitted"))
    with pytest.raises(KeyboardInterrupt):
        m1.escrow.deposit(amount="150.00", by="payer", at=START)
    assert (m1.escrow.state, told) == ("held", [])
    m1.milestone.submit(deliverable="v1", by="payee", at=START)
    assert told == ["submitted"]


def test_what_a_callback_triggers_is_decided_at_once_and_told_in_its_turn(m1: live.Bound) -> None:
    told: list[str] = []

    @m1.milestone.on_enter_active
    def deliver(event: Any) -> None:
        told.append("active")
        decision = m1.milestone.submit(deliverable="v1", by="payee", at=event.at)
        told.append(f"decided {decision.events[0].word}")

    m1.milestone.on_enter_submitted(lambda event: told.append("submitted"))
    m1.milestone.after_start(lambda event: told.append(f"started, now {m1.milestone.state}"))
    m1.escrow.deposit(amount="150.00", by="payer", at=START)
    assert told == ["active", "decided submitted", "started, now submitted", "submitted"]


def test_threads_take_turns_so_no_decision_is_lost(session: live.Session) -> None:
    barrier = threading.Barrier(8)
    refused: list[Refused] = []

    def pay() -> None:
        barrier.wait()
        for _ in range(5):
            try:
                session["m1"].escrow.deposit(amount="10.00", by="payer", at=START)
            except Refused as error:
                refused.append(error)

    threads = [threading.Thread(target=pay) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert str(session.agreement.balance("escrow:m1")) == "150.00 USD"
    assert len(refused) == 40 - 15
    session.agreement.verify()
