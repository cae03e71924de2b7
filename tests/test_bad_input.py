"""What is wrong comes back as a typed refusal that says what and where, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest

import escrowkit as ek
from escrowkit.agreement import Agreement, End, Restrict
from escrowkit.errors import BadArgument, EscrowError, Refused
from escrowkit.machines import milestone
from escrowkit.money import Money
from escrowkit.pot import MACHINES
from escrowkit.roles import Role
from escrowkit.table import Command
from helpers import MICRO, START, contested, day, disputed, funded, hearing, submitted

INTERNAL = frozenset({Role.CLOCK, Role.RULES})


class Odd:
    """Something that cannot even be shown."""

    def __repr__(self) -> str:
        raise RecursionError


def deep() -> list[Any]:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


#: Wrong for every kind of argument that users give.
JUNK: tuple[Any, ...] = (
    *(1.5, float("nan"), float("inf"), 0.0, True, False, b"x", object(), [], (), {}, {"a": 1}, set()),
    *(
        10**5000,
        -(10**5000),
        Decimal("1.00"),
        Fraction(1, 2),
        complex(1, 1),
        lambda: None,
        Odd(),
        Money,
        ValueError("x"),
    ),
)
EMPTY: tuple[Any, ...] = ("", " ", "\n")
SUMS: tuple[Any, ...] = (
    *(
        "-1.00",
        "-0.01",
        "1.001",
        "1e5",
        "1,00",
        "١٢",
        "NaN",
        "inf",
        "0x10",
        "1.00 USDT",
        "1.00 usd",
        "9" * 31,
        "9" * 100_000,
        "1.00 EUR",
    ),
    *(Money(-1, "USD"), Money(10**40, "USD"), Money(100, "EUR"), Money(100, "JPY")),
)
STATES: tuple[Agreement, ...] = (funded().now, disputed().now, contested().now, hearing().now)


def commands() -> Iterator[tuple[type[Command], str]]:
    """Every field of every command that people give."""
    found = [row.command for table in MACHINES.values() for row in table.rows if not row.by <= INTERNAL]
    for kind in dict.fromkeys([*found, Restrict, End]):
        fields: Any = kind
        for spec in attrs.fields(fields):
            if spec.init:
                yield kind, spec.name


GOOD: dict[str, Any] = {
    "milestone": "m1", "amount": "1.00", "refund": "1.00", "claim": "1.00", "to_payee": "1.00", "fee": "1.00", "costs": "1.00", "price": "5.00",
    "to": "payer", "share": "own", "period": "1 day", "number": 1, "clock": "answer", "admissible": True, "until": None,
    "due": None, "release_when": None, "role": "payer", "terms": "x", "score": 5,
}  # fmt: skip


def filled(kind: type[Command], **said: Any) -> Command:
    fields: Any = kind
    return kind(**{s.name: GOOD.get(s.name, "words") for s in attrs.fields(fields) if s.init} | said)


def refused(now: Agreement, command: Any, **said: Any) -> Refused:
    call: dict[str, Any] = {"by": "payer", "at": now.at, **said}
    with pytest.raises(Refused) as told:
        now.decide(command, **call)
    assert told.value.words
    assert told.value.code in str(told.value)
    return told.value


def wrong_for(kind: type[Command], name: str) -> Iterator[Any]:
    """Values that no command takes in this field."""
    if name in ("amount", "refund", "claim", "to_payee", "fee", "costs", "price"):
        yield from (*JUNK, *EMPTY, *SUMS)
    elif name == "admissible":
        yield from (*(j for j in JUNK if type(j) is not bool), *EMPTY, 1, 0, "yes", None)
    elif name in ("number", "score"):
        yield from (*JUNK[:-9], 0, -1, "1", 1.0)
    elif name in ("until", "due"):
        yield from (*JUNK, *EMPTY, "tomorrow", 0, datetime(2024, 3, 1, 9))
    elif name == "release_when":
        yield from (
            *JUNK,
            *EMPTY,
            {"signed": "platform"},
            {"all": []},
            {"at_least": 3, "of": [{"signed": "payer"}]},
            {"elapsed": "0 days"},
            deep(),
        )
    elif name == "period":
        yield from (*JUNK, *EMPTY, "0 days", "-1 days", "1 fortnight", "1.5 days", "101 years", None)
    else:
        yield from (*JUNK, *EMPTY, "x" * 10_001)


@pytest.mark.parametrize(("kind", "name"), list(commands()))
def test_a_wrong_value_in_any_field_of_any_command_is_refused(kind: type[Command], name: str) -> None:
    """C18, E16: what comes from outside is read strictly, before any rule is asked."""
    for now in STATES:
        before = now.history
        for value in wrong_for(kind, name):
            for by in ("payer", "payee", "platform", "provider", "mediator", "arbitrator", "witness:dave"):
                told = refused(now, filled(kind, **{name: value}), by=by)
                assert told.machine == kind.machine
                assert told.command == kind.word
        assert now.history is before


@pytest.mark.parametrize(("kind", "name"), [pair for pair in commands() if pair[1] not in ("milestone",)])
def test_an_argument_of_the_wrong_kind_is_told_by_its_name(kind: type[Command], name: str) -> None:
    told = refused(STATES[0], filled(kind, **{name: object()}), by="payer")
    assert told.code == "bad-argument"
    assert told.words.startswith(f"{name} = ")


@pytest.mark.parametrize("milestone", ["m9", "", "M1", "m1 ", "m1/1", "escrow:m1"])
def test_an_unknown_milestone_is_told(milestone: str) -> None:
    assert refused(STATES[0], ek.escrow.Release(milestone, "1.00")).code in ("unknown-milestone", "bad-argument")
    assert refused(STATES[0], ek.milestone.Propose("a b", "1.00")).code == "bad-argument"


@pytest.mark.parametrize(
    "by", ["", "stranger", "witness", "witness:", "witness: ", "PAYER", "clock", "rules", "Ada", "ada "]
)
def test_who_is_nobody_here_does_nothing(by: str) -> None:
    """F12, F17."""
    told = refused(STATES[0], ek.escrow.Release("m1", "1.00"), by=by)
    assert told.code == ("not-your-move" if by else "bad-argument")


@pytest.mark.parametrize("said", [
    {"by": None}, {"by": 7}, {"by": b"payer"}, {"by": object()}, {"key": ""}, {"key": 7}, {"key": b"k"}, {"actor": ""}, {"actor": 7},
    {"engine": "fast"}, {"engine": None}, {"at": None}, {"at": 0}, {"at": 1.5}, {"at": "2024-03-01"}, {"at": START.date()},
    {"at": START.replace(tzinfo=None)},
])  # fmt: skip
def test_a_call_of_the_wrong_kind_is_a_bad_argument(said: dict[str, Any]) -> None:
    """D6: a missing time is an error and never the epoch."""
    told = refused(STATES[0], ek.escrow.Release("m1", "1.00"), **said)
    assert told.code == "bad-argument"
    assert (told.machine, told.command) == ("escrow", "release")


@pytest.mark.parametrize(
    "command", [None, "escrow.release", 7, {"do": "escrow.release"}, object(), ek.escrow.Release, Odd()]
)
def test_what_is_no_command_is_told(command: Any) -> None:
    assert refused(STATES[0], command).code == "bad-argument"


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), START - MICRO])
def test_an_instant_that_has_passed_is_told(at: datetime) -> None:
    assert refused(STATES[0], ek.escrow.Release("m1", "1.00"), at=at).code == "time-runs-backwards"


def test_the_end_of_time_breaks_nothing() -> None:
    """D17: no overflow locks money for ever."""
    late = datetime.max.replace(tzinfo=UTC)
    for now in STATES:
        assert now.advance(late).agreement.held().text == "0.00"
        try:
            now.decide(ek.escrow.Release("m1", "1.00"), by="payer", at=late)
        except EscrowError as told:
            assert isinstance(told, Refused)  # noqa: PT017 - either is fine, a crash is not


def test_a_fold_says_one_instant() -> None:
    """An hour that a place shows twice is two instants, and each is one."""
    zone = ZoneInfo("America/New_York")
    first = datetime(2024, 11, 3, 1, 30, tzinfo=zone)
    now = STATES[0]
    told = [
        now.decide(ek.milestone.GiveRequirements("m1", "logo"), by="payer", at=at).agreement.at
        for at in (first, first.replace(fold=1))
    ]
    assert told[1] - told[0] == timedelta(hours=1)


def test_a_text_that_no_history_can_hold_is_refused_at_the_door() -> None:
    half = chr(0xD800)
    now = submitted().now
    for command in (milestone.RequestChanges("m1", half), milestone.Approve(half, "zip")):
        with pytest.raises(Refused):
            now.decide(command, by="payer", at=day(2))
    for named in ({"key": half}, {"actor": half}):
        with pytest.raises(BadArgument):
            now.decide(milestone.Approve("m1", "zip"), by="payer", at=day(2), **named)
    for parties, id_ in (({"payer": half, "payee": "lin"}, "m1"), ({"payer": "ada", "payee": "lin"}, half)):
        with pytest.raises(BadArgument):
            ek.open_agreement(
                rulebook="standard@1", parties=parties, currency="USD", milestones=[(id_, "1.00")], at=START
            )


def test_a_right_is_restricted_until_an_instant_of_any_zone() -> None:
    """What is read as UTC makes another command than the one that was said; a command without a milestone too."""
    berlin = datetime(2024, 3, 9, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    restrict = Restrict(role="payer", right="writing", reason="rude", until=berlin)
    event = STATES[0].decide(restrict, by="platform", at=STATES[0].at).events[-1]
    assert getattr(event, "until", None) == berlin.astimezone(UTC)


def test_a_role_is_as_good_as_its_word() -> None:
    said = [ek.conduct.Strike(role, "rude") for role in ("payer", Role.PAYER)]
    decisions = [STATES[0].decide(one, by="platform", at=STATES[0].at) for one in said]
    assert decisions[0].events == decisions[1].events


@pytest.mark.parametrize("number", [0, -1, 2, 10**400, "1", 1.0, True])
def test_an_obligation_that_does_not_exist_is_cancelled_by_nobody(number: Any) -> None:
    for by in ("payer", "platform", "rules"):
        told = refused(STATES[0], ek.obligation.Cancel("m1", number), by=by)
        assert told.code in ("not-your-move", "no-such-move", "not-now")


@pytest.mark.parametrize("name", ["by", "key", "actor"])
def test_a_name_is_not_longer_than_a_text_can_be(name: str) -> None:
    told = refused(STATES[0], ek.escrow.Release("m1", "1.00"), **{name: "x" * 1_000_000})
    assert told.code == "bad-argument"
    assert len(str(told)) < 500
