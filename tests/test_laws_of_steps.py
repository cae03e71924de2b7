"""The laws of a step and of a state, each on something that breaks it and on what is next to it and does not."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta, timezone
from typing import Any

import attrs
import pytest

import escrowkit as ek
from escrowkit import laws
from escrowkit.agreement import Agreement, Record
from escrowkit.ledger import Entry, Kind, Ledger, Line
from escrowkit.machines import escrow
from escrowkit.roles import Role
from helpers import PLAIN, Job, contested, disputed, funded, hearing, submitted

USD = ek.Money.parse("1.00 USD")
TWO = [("m1", "350.00"), ("m2", "400.00")]


def booked(record: Record, *moves: tuple[str, str], cites: str | None = None, kind: Kind | None = None) -> Record:
    """A record that moves one unit from each account to another, whatever its event says; no entry checks itself."""
    entry = Entry(())
    for name, value in (("lines", tuple(Line(*move, USD) for move in moves)), ("condition", cites), ("kind", kind)):
        object.__setattr__(entry, name, value)
    return attrs.evolve(record, entries=(entry,))


def last(job: Job, kind: type) -> Record:
    return next(record for record in reversed(job.now.history) if isinstance(record.event, kind))


DEPOSITED = last(funded(), escrow.Deposited)
RELEASED = last(funded()("payer", escrow.Release("m1", "10.00")), escrow.Released)
ROLLED = last(funded(milestones=TWO)("payer", escrow.RollOver("m1", "50.00", "m2")), escrow.RolledOver)


def breaks(law: str, *of: str) -> Any:
    return pytest.raises(laws.Broken, match=f"^{law}: .*{'.*'.join(of)}")


@pytest.mark.parametrize(
    ("record", "source", "target", "strays"),
    [
        (RELEASED, "escrow:m1", "payable:payee", False),
        (RELEASED, "escrow:m2", "payable:payee", True),
        (RELEASED, "escrow:m1", "escrow:m2", True),
        (RELEASED, "escrow:m1", "world:payer", False),
        (RELEASED, "escrow:m1", "world:payee", True),
        (RELEASED, "escrow:m1", "deposit:m1/1:payer", True),
        (RELEASED, "clearing:m1", "payable:payee", False),
        (RELEASED, "clearing:m1", "escrow:m1", True),
        (RELEASED, "world:payer", "deposit:m2/1:payer", True),
        (DEPOSITED, "world:payer", "escrow:m1", False),
        (DEPOSITED, "world:payer", "fees:m2", True),
        (ROLLED, "escrow:m1", "escrow:m2", False),
        (ROLLED, "escrow:m2", "escrow:m1", True),
        (ROLLED, "escrow:m1", "escrow:m3", True),
        (ROLLED, "clearing:m1", "escrow:m2", True),
    ],
)
def test_a_line_touches_its_own_milestone_alone_and_leads_where_money_may_go(
    record: Record, source: str, target: str, strays: bool
) -> None:
    found = booked(record, (source, target))
    assert tuple(laws.strays(found)) == found.entries[0].lines[: int(strays)]


@pytest.mark.parametrize(
    ("source", "cites", "kind", "holds"),
    [
        ("escrow:m1", "awarded", Kind.MERITS, True),
        ("escrow:m1", "awarded", Kind.AGREEMENT, False),
        ("escrow:m1", "awarded", None, False),
        ("escrow:m1", "because", Kind.MERITS, False),
        ("escrow:m1", None, None, False),
        ("escrow:m1", "condition_met", Kind.AGREEMENT, True),
        ("escrow:m1", "condition_met", Kind.PROCEDURE, True),
        ("escrow:m1", "condition_met", Kind.MERITS, False),
        ("clearing:m1", "charged_back", Kind.OVERRIDE, True),
        ("clearing:m1", None, None, False),
        ("payable:payee", None, None, True),
        ("payable:payee", "awarded", Kind.MERITS, False),
    ],
)
def test_what_leaves_an_escrow_cites_one_condition_of_its_kind_and_nothing_else_does(
    source: str, cites: str | None, kind: Kind | None, holds: bool
) -> None:
    there = defaultdict(int, {(source, "USD"): 100})
    record = booked(RELEASED, (source, "payable:payer"), cites=cites, kind=kind)
    if holds:
        laws.take(there, [record])
        assert there == {(source, "USD"): 0, ("payable:payer", "USD"): 100}
    else:
        with breaks("leaves once"):
            laws.take(there, [record])


def test_the_end_of_a_security_hold_cites_nothing() -> None:
    there = defaultdict(int, {("clearing:m1", "USD"): 100})
    cleared = last(
        funded({"escrow.clearing": "5 days"})("payer", escrow.Release("m1", "10.00")).wait(6), escrow.Cleared
    )
    laws.take(there, [booked(cleared, ("clearing:m1", "payable:payee"))])
    assert there["payable:payee", "USD"] == 100


def test_no_account_but_the_worlds_falls_below_zero() -> None:
    laws.take(defaultdict(int), [booked(DEPOSITED, ("world:payer", "escrow:m1"))])
    with breaks("never negative", "payable:payee, -100"):
        laws.take(defaultdict(int), [booked(DEPOSITED, ("payable:payee", "world:payee"))])


def test_the_ledger_must_say_what_the_entries_say_and_the_whole_sum_to_zero() -> None:
    now = funded().now
    laws.agree(laws.balances(now.ledger), now.ledger)
    with breaks("balanced"):
        laws.agree(laws.balances(Ledger()), now.ledger)
    lost = Ledger({("escrow:m1", "USD"): 1})
    with breaks("balanced", "all together is, {.USD.: 1}"):
        laws.agree(laws.balances(lost), lost)


def test_money_in_dispute_is_moved_by_the_ends_of_the_dispute_alone() -> None:
    frozen, free = disputed(), submitted()
    moved = booked(RELEASED, ("escrow:m1", "payable:payee"), cites="payer_released", kind=Kind.AGREEMENT)
    laws.frozen_is_frozen(free.now, [moved])
    laws.frozen_is_frozen(frozen.now, [booked(RELEASED, ("payable:payee", "world:payee"))])
    with breaks("frozen is frozen"):
        laws.frozen_is_frozen(frozen.now, [moved])
    opened, over = frozen.last, frozen("payer", ek.dispute.Withdraw("m1")).last
    with breaks("frozen is frozen"):
        laws.frozen_is_frozen(free.now, [*opened.agreement.history[-len(opened.events) :], moved])
    laws.frozen_is_frozen(opened.agreement, [*over.agreement.history[-len(over.events) :], moved])


def test_a_command_is_given_by_a_role_of_its_rows() -> None:
    laws.authority(escrow.Deposit("m1", "1.00"), Role.PAYER)
    laws.authority(ek.agreement.End("none"), Role.PLATFORM)
    for role in (Role.PAYEE, None):
        with breaks("authority"):
            laws.authority(escrow.Deposit("m1", "1.00"), role)


def test_instants_go_forward_and_are_in_utc() -> None:
    at = DEPOSITED.event.at
    laws.time_forward(at, [DEPOSITED, DEPOSITED])
    event: Any = DEPOSITED.event
    elsewhere = attrs.evolve(event, at=at.astimezone(timezone(timedelta(hours=1))))
    for since, record in ((at + timedelta(microseconds=1), DEPOSITED), (at, attrs.evolve(DEPOSITED, event=elsewhere))):
        with breaks("time forward"):
            laws.time_forward(since, [record])


def with_lane(now: Agreement, **changes: Any) -> Agreement:
    return attrs.evolve(now, lanes={"m1": attrs.evolve(now.lane("m1"), **changes)})


def with_ledger(now: Agreement, **balances: int) -> Agreement:
    return attrs.evolve(now, ledger=Ledger({(account, "USD"): minor for account, minor in balances.items()}))


FUNDED, DISPUTED = funded().now, contested().now
SETTLED = funded()("payer", escrow.Release("m1", "350.00")).now
OPEN = hearing().now


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (with_ledger(FUNDED), "it is held, and nothing is in it"),
        (with_ledger(Job(PLAIN).now, **{"escrow:m1": 1}), "it is empty, and something is in it"),
        (with_ledger(Job(PLAIN).now, **{"clearing:m1": 1}), "it is empty, and something is in it"),
        (with_ledger(SETTLED, **{"fees:m1": 1}), "there are fees in it"),
        (with_lane(SETTLED, milestone=FUNDED.lane("m1").milestone), "or work goes on"),
        (with_lane(DISPUTED, escrow=FUNDED.lane("m1").escrow), "it is disputed, and held"),
        (with_lane(DISPUTED, milestone=FUNDED.lane("m1").milestone), "it is disputed, and active"),
        (with_lane(DISPUTED, cases=()), "it waits for a dispute that is over"),
        (with_ledger(FUNDED, **{"escrow:m1": 1, "deposit:m1/1:payer": 1}), "there are fees of a dispute"),
    ],
)
def test_a_state_must_fit_what_is_in_it(now: Agreement, words: str) -> None:
    with breaks("final is empty", words):
        laws.final_is_empty(now)


def test_a_stage_of_a_dispute_that_is_over_must_be_over_though_another_dispute_is_open() -> None:
    laws.final_is_empty(OPEN)
    over = disputed()("payer", ek.dispute.Withdraw("m1")).now.lane("m1").cases[0]
    goes_on = attrs.evolve(over, arbitration=OPEN.lane("m1").cases[0].arbitration)
    with breaks("final is empty", "the dispute is over, and its arbitration goes on"):
        laws.final_is_empty(with_lane(DISPUTED, cases=(goes_on, *DISPUTED.lane("m1").cases)))


def test_what_is_inside_is_in_escrows_security_holds_and_fee_deposits() -> None:
    parts = {"escrow:m1": 1, "clearing:m1": 2, "deposit:m1/1:payer": 4, "payable:payee": 8, "world:payer": -15}
    assert laws.inside(with_ledger(FUNDED, **parts)) == 7
