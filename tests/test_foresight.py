"""Foresight says what `decide` and `advance` do: no more, no less, and nothing that is sealed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

import escrowkit as ek
from escrowkit import foresight
from escrowkit.agreement import Agreement
from escrowkit.errors import Refused
from escrowkit.foresight.samples import commands
from escrowkit.foresight.seeing import FOREVER, MICRO, as_seen
from escrowkit.machines.escrow import Repeated
from escrowkit.pot import TABLES
from escrowkit.roles import CALLERS, role_of
from escrowkit.table import Command
from strategies import ROLES, Dice, agreement, command, moment, opening_moves, rulebook

Moment = tuple[Dice, Agreement, str, datetime]


def lives(seed: int, steps: int) -> Iterator[tuple[Dice, Agreement]]:
    """A random life, step by step: the agreement as it is before each command."""
    dice = Dice(seed)
    try:
        now = agreement(dice, rulebook(dice, ends=seed % 2 == 0, unknown=seed % 3 == 0))
    except Refused:
        return
    for by, said in opening_moves(dice, now):
        now = _after(now, by, said, now.at)
    for _ in range(steps):
        yield dice, now
        at = moment(dice, now)
        by, said = command(dice, now, at)
        now = _after(now, by, said, at)


def _after(now: Agreement, by: str, said: Command, at: datetime) -> Agreement:
    try:
        return now.decide(said, by=by, at=at).agreement
    except Refused as refused:
        return refused.decision.agreement if refused.decision else now


def answer(now: Agreement, said: Command, by: str, at: datetime) -> str | None:
    """The code of the refusal, or None."""
    try:
        now.decide(said, by=by, at=at)
    except Refused as refused:
        return refused.code
    return None


# -- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(30))
def test_an_option_is_allowed_exactly_where_decide_accepts_it(seed: int) -> None:
    for dice, now in lives(seed, 12):
        at, by = moment(dice, now), dice.pick(ROLES)
        seen = as_seen(now, by, at)
        for option in foresight.options(now, by, at):
            assert answer(seen, option.command, by, at) == option.code, option
            assert option.allowed is (option.code is None)
            if option.allowed:
                done = seen.decide(option.command, by=by, at=at)
                assert (done.events, done.entries) == (option.events, option.entries)


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_accepted_was_an_option(seed: int) -> None:
    """However it is said: a command that `decide` accepts is allowed among the options of its role."""
    for dice, now in lives(seed, 25):
        at = moment(dice, now)
        by, said = command(dice, now, at)
        if answer(now, said, by, at) is None and by not in ("stranger",):
            name = f"{said.machine}.{said.word}"
            found = [o for o in foresight.options(now, by, at) if o.name == name]
            if isinstance(said, ek.milestone.Propose | ek.agreement.End | ek.agreement.Restrict):
                assert any(o.allowed for o in found), (said, by)
            else:
                assert any(o.allowed for o in found if o.milestone == said.milestone), (said, by, found)


@pytest.mark.parametrize("seed", range(20))
def test_waiting_helps_or_hurts_from_the_very_instant_that_is_told(seed: int) -> None:
    for dice, now in lives(seed, 4):
        by = dice.pick(ROLES)
        for option in foresight.options(now, by):
            turn = option.until if option.allowed else option.opens
            if turn is None or option.milestone not in now.milestones:
                continue
            before = foresight.option(now, option.name, option.milestone, by, turn - MICRO) if turn > now.at else None
            after = foresight.option(now, option.name, option.milestone, by, turn)
            assert before is None or before.allowed is option.allowed, option
            assert after is not None
            assert after.allowed is not option.allowed, option


@pytest.mark.parametrize("role", sorted(CALLERS))
def test_every_command_that_the_tables_give_a_role_is_among_its_options(role: str) -> None:
    by = "witness:dave" if role == "witness" else role
    now = next(iter(lives(4, 1)))[1]
    listed = {option.name for option in foresight.options(now, by, milestone=now.milestones[0])}
    named = role_of(by)
    rows = (row for table in TABLES.values() for row in table.rows if named in row.by)
    wanted = {f"{row.command.machine}.{row.command.word}" for row in rows} - {"milestone.propose"}
    assert listed == wanted
    assert named is not None
    assert len(commands(named)) == len(wanted)


# -- if nobody acts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_the_forecast_is_what_time_alone_makes(seed: int) -> None:
    for dice, now in lives(seed, 6):
        at = moment(dice, now)
        forecast, done = foresight.if_silent(now, at), now.advance(at + FOREVER)
        assert (forecast.agreement, forecast.events, forecast.entries) == (done.agreement, done.events, done.entries)
        assert forecast.ends == (done.events[-1].at if done.events else None)
        for currency, nets in forecast.net.items():
            assert all(sum_ == done.agreement.net(name, currency) for name, sum_ in nets.items())
            assert sum((sum_.minor for sum_ in nets.values()), forecast.left[currency].minor) == 0
        if forecast.ends is not None and forecast.ends > at:
            assert now.advance(forecast.ends).agreement == done.agreement
            assert now.advance(forecast.ends - timedelta(microseconds=1)).agreement != done.agreement
