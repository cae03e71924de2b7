"""Laws over whole random lives: the scheduler, the order of equals, replay, the chain, refusals, keys, both engines."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest

from escrowkit import chain, codec
from escrowkit.agreement import Agreement, Decision, Record, evolve, replay
from escrowkit.chain import Head, Sealed
from escrowkit.clocks import CLOCKS, Clock
from escrowkit.errors import BrokenChain, KeyConflict, Refused
from escrowkit.machines import escrow, milestone
from escrowkit.pot import MACHINES
from escrowkit.roles import role_of
from escrowkit.rulebook import available, load
from escrowkit.testing import laws
from escrowkit.testing.chosen import MICRO, Dice, command, opening_moves
from lived import FOREVER, Said, Step, decided, life, opened, told
from test_laws import DEADLINES

#: Lives of the default run; `slow` runs go further.
SEEDS = range(48)
MANY = range(1_000, 1_400)


def final(seed: int) -> Agreement:
    """The end of a life, all deadlines passed."""
    last = life(seed)[-1].after
    return last.advance(last.at + FOREVER).agreement


def same(one: Any, other: Any) -> bool:
    """Whether two outcomes are one: decisions equal, refusals alike in all that they say."""
    if isinstance(one, Decision) or isinstance(other, Decision):
        return bool(one == other)
    return refusal(one) == refusal(other)


def refusal(refused: Refused) -> tuple[Any, ...]:
    """All that a refusal says."""
    return (
        refused.code, refused.key, refused.words, refused.missing, refused.until, refused.most, refused.state,
        refused.machine, refused.command, refused.milestone, refused.decision,
    )  # fmt: skip


# -- the scheduler changes nothing -----------------------------------------------------------------------------------


def scheduled(seed: int) -> None:
    """Live a life again, a scheduler running at any instants in between; all ends as if it never had."""
    shuffled = random.Random(seed)
    now = life(seed)[0].before
    for step in life(seed):
        since, until = now.at, max(step.said.at, now.at)
        for part in sorted(shuffled.random() for _ in range(shuffled.randrange(4))):
            now = now.advance(max(now.at, since + part * (until - since))).agreement
        outcome, after = decided(now, step.said)
        if _too_early(outcome):
            # Told before any deadline is asked, so only the scheduler's agreement has got so far.
            assert after.advance(until).agreement == step.after.advance(until).agreement, (seed, step.said)
            after = step.after
        else:
            assert after == step.after, (seed, step.said)
        if isinstance(step.outcome, Refused):
            assert isinstance(outcome, Refused)
            assert refusal(outcome)[:-1] == refusal(step.outcome)[:-1]
        else:
            assert isinstance(outcome, Decision)
            passed = len(step.outcome.events) - len(outcome.events)
            assert outcome.events == step.outcome.events[passed:]
            assert outcome.answer == step.outcome.answer
        now = after


@pytest.mark.parametrize("seed", SEEDS)
def test_a_life_is_the_same_however_often_a_scheduler_ran(seed: int) -> None:
    scheduled(seed)


@pytest.mark.slow
def test_hundreds_of_lives_are_the_same_however_often_a_scheduler_ran() -> None:
    for seed in MANY:
        scheduled(seed)


# -- the order of equals ---------------------------------------------------------------------------------------------

#: The order of the vocabulary: the stages of a dispute before the dispute, the work before the money, backstops last.
MACHINES_IN_ORDER = ("arbitration", "mediation", "dispute", "milestone", "escrow", "feedback")


def place(now: Agreement, deadline: tuple[datetime, str, Clock]) -> tuple[Any, ...]:
    """Where a deadline stands in the order, by the vocabulary and not by the library's own."""
    at, id_, clock = deadline
    return max(at, now.at), MACHINES_IN_ORDER.index(clock.machine), list(now.milestones).index(id_), clock.name


def test_of_all_deadlines_the_first_of_the_order_fires_first() -> None:
    equals = 0
    for seed in SEEDS:
        for step in life(seed)[::3]:
            now = step.after
            while deadlines := sorted(now.deadlines(), key=lambda one, now=now: place(now, one)):  # type: ignore[misc]
                assert list(now.deadlines()) == deadlines
                at = max(deadlines[0][0], now.at)
                equals += sum(max(due, now.at) == at for due, _, _ in deadlines) > 1
                passed = now.advance(at)
                if not passed.events:
                    break  # what it would give is not settled
                first = passed.events[0]
                fired = [
                    one
                    for one in deadlines
                    if (one[1], one[2].name) == (first.milestone, getattr(first, "clock", None))
                ]
                known = [one for one in deadlines if _settled(now, one)]
                assert first.by == "clock"
                assert not fired or fired[0] in known[:1] or not _settled(now, known[0]), (seed, first)
                now = passed.agreement
                if now.at > step.after.at + FOREVER:
                    break
    assert equals > 50


def _settled(now: Agreement, deadline: tuple[datetime, str, Clock]) -> bool:
    """Whether the rulebook says what a lapse does."""
    _, id_, clock = deadline
    rules = now.pot(id_).rules
    return all(rules.settled(key) for key in (clock.period, clock.answer) if key)


def test_however_deadlines_were_armed_they_fire_in_one_order() -> None:
    """Three milestones live alike; their first moves interleaved in any way, the clock then says the same."""
    told_more = 0
    for seed in range(40):
        dice = Dice(seed)
        now = opened(dice, None if seed % 2 else load("standard@1"), milestones=(3, 3))
        # A reference is told once for all milestones, so without any: whose was first would be another life.
        moves = [
            (by, escrow.Deposit(s.milestone, s.amount) if isinstance(s, escrow.Deposit) else s)
            for by, s in opening_moves(dice, now)
        ]
        lapsed = [_lapses(now, _interleaved(moves, random.Random(shuffle))) for shuffle in range(3)]
        assert lapsed[0] == lapsed[1] == lapsed[2], seed
        told_more += len(lapsed[0]) > 2
    assert told_more > 20


def _interleaved(moves: Sequence[tuple[str, Any]], shuffled: random.Random) -> Iterator[tuple[str, Any]]:
    """The same moves, those of each milestone in their order."""
    lanes: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for by, said in moves:
        lanes[said.milestone].append((by, said))
    while lanes:
        id_ = shuffled.choice(sorted(lanes))
        yield lanes[id_].pop(0)
        if not lanes[id_]:
            del lanes[id_]


def _lapses(now: Agreement, moves: Iterator[tuple[str, Any]]) -> list[tuple[Any, ...]]:
    for by, said in moves:
        _, now = decided(now, Said(by, said, now.at))
    passed = now.advance(now.at + FOREVER)
    return [(e.machine, e.word, e.milestone, e.at, getattr(e, "clock", None)) for e in passed.events if e.by == "clock"]


# -- replay ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS[:12])
def test_at_every_cut_a_history_is_its_beginning_and_its_rest(seed: int) -> None:
    """fold(events) = S, decode(encode(S)) = S, snapshot + rest = S."""
    now = final(seed)
    assert codec.loads(codec.dumps(now)) == now
    made: Agreement | None = None
    for cut, record in enumerate(now.history, 1):
        made = evolve(made, record)
        assert made == replay(now.history[:cut])
        if cut % 5 == 0 or cut == len(now.history):
            stored = codec.loads(codec.dumps(made))
            assert stored == made
            for rest in now.history[cut:]:
                stored = evolve(stored, rest)
            assert stored == now
            assert codec.dumps(stored) == codec.dumps(now)
    now.verify()


@pytest.mark.parametrize("seed", SEEDS[:18])
def test_a_life_goes_on_from_its_bytes_as_if_it_had_never_been_away(seed: int) -> None:
    now = life(seed)[0].before
    for place_, step in enumerate(life(seed)):
        now = codec.loads(codec.dumps(now)) if place_ % 7 == seed % 7 else now
        outcome, now = decided(now, step.said)
        assert same(outcome, step.outcome), (seed, place_)
    assert now == life(seed)[-1].after


# -- the chain -------------------------------------------------------------------------------------------------------


def salts(seed: int) -> Any:
    """Salts that are the same in every run."""
    return random.Random(seed).randbytes


def forged(records: Sequence[Sealed]) -> tuple[Sealed, ...]:
    """The same records in a chain whose numbers, links and hashes fit: what a forger makes."""
    made: list[Sealed] = []
    for one in records:
        head = made[-1].head if made else chain.GENESIS
        linked = attrs.evolve(one, number=head.length, previous=head.hash)
        made.append(attrs.evolve(linked, hash=linked.rehashed()))
    return tuple(made)


def edited(one: Sealed, shuffled: random.Random) -> Sealed:
    """A record of which one byte is another."""
    body = bytearray(one.body)
    spot = shuffled.randrange(len(body))
    body[spot] = shuffled.choice([b for b in range(256) if b != body[spot]])
    return attrs.evolve(one, body=bytes(body))


def harmed(records: Sequence[Sealed], shuffled: random.Random) -> tuple[str, tuple[Sealed, ...]]:
    """A history to which something was done."""
    made, spot, other = list(records), shuffled.randrange(len(records)), shuffled.randrange(len(records))
    how = shuffled.choice(("edit", "drop", "swap", "insert", "truncate"))
    if how == "edit":
        made[spot] = edited(made[spot], shuffled)
    elif how == "drop":
        del made[spot]
    elif how == "swap":
        made[spot], made[other] = made[other], made[spot]
    elif how == "insert":
        made.insert(spot, made[other])
    else:
        del made[spot:]
    return how, tuple(made)


def whole(records: Sequence[Sealed], head: Head) -> bool:
    try:
        chain.verify(records, head=head)
    except BrokenChain:
        return False
    return True


def test_whatever_is_done_to_any_history_is_found() -> None:
    """Edited, dropped, swapped, inserted, cut off with the head known; and all of it hashed anew by a forger."""
    tried: Counter[str] = Counter()
    for seed in SEEDS:
        records = chain.seal(life(seed)[-1].after.history, salt=lambda seed=seed: salts(seed)(16))  # type: ignore[misc]
        head = chain.verify(records)
        shuffled = random.Random(seed)
        for _ in range(7):
            how, made = harmed(records, shuffled)
            if made == records:
                continue
            assert not whole(made, head), (seed, how)
            assert not whole(forged(made), head), (seed, how)
            tried[how] += 1
    assert len(tried) == 5
    assert min(tried.values()) > 20


# -- refusals and keys -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_a_refused_command_leaves_every_byte_as_it_was(seed: int) -> None:
    """Deadlines that had passed aside: their decision stands."""
    refused = 0
    for step in life(seed):
        if isinstance(step.outcome, Refused):
            before = codec.dumps(step.before)
            again, after = decided(step.before, step.said)
            assert same(again, step.outcome)
            assert codec.dumps(step.before) == before
            assert after == step.after
            assert step.outcome.decision is not None or codec.dumps(step.after) == before
            refused += 1
    assert refused


def test_a_key_answers_once_and_refuses_every_other_command_before_any_other_rule() -> None:
    answered = conflicts = 0
    for seed in SEEDS:
        dice = Dice(seed)
        for step in life(seed):
            if step.said.key is None or isinstance(step.outcome, Refused) or step.outcome.repeated:
                continue
            now, said = step.after, step.said
            for later in (now, now.advance(now.at + timedelta(days=400)).agreement):
                again = later.decide(said.command, by=said.by, at=said.at, key=said.key)  # an instant that has passed
                assert again.repeated
                assert again.agreement is later
                assert again.answer == step.outcome.events[len(step.outcome.events) - len(again.answer) :]
                answered += 1
            for _ in range(3):
                by, other = command(dice, now, now.at)
                if (by, other) == (said.by, said.command):
                    continue
                for at in (now.at, now.at - MICRO, None, now.at.replace(tzinfo=None)):
                    assert isinstance(_tried(now, other, by, at, said.key), KeyConflict), (seed, other)
                conflicts += 1
    assert answered > 50
    assert conflicts > 100


def _tried(now: Agreement, said: Any, by: str, at: Any, key: str | None) -> Refused | None:
    try:
        now.decide(said, by=by, at=at, key=key)
    except Refused as refused:
        return refused
    return None


# -- both engines ----------------------------------------------------------------------------------------------------


def walked(name: str | None, seed: int, steps: int) -> Counter[str]:
    """So many steps on both engines, each with an agreement of its own; how many of which machine were accepted."""
    accepted: Counter[str] = Counter()
    dice = Dice(seed)
    while steps > 0:
        now = opened(dice, load(name) if name else None, milestones=(2, 4))
        stock = replay(now.history)
        for step in told(dice, now, min(steps, 25)):
            steps -= 1
            outcome, stock = decided(stock, step.said, "stock")
            assert same(outcome, step.outcome), (name, seed, step.said)
            assert stock.states() == step.after.states()
            assert stock.at == step.after.at
            if isinstance(outcome, Decision):
                accepted[step.said.command.machine] += 1
                assert codec.dumps(stock) == codec.dumps(step.after) if steps % 10 == 0 else True
        after = (step.after.advance(step.after.at + FOREVER), stock.advance(stock.at + FOREVER, engine="stock"))
        assert after[0] == after[1]
    return accepted


@pytest.mark.parametrize("name", available())
def test_both_engines_walk_alike_under_every_shipped_rulebook(name: str) -> None:
    assert sum(walked(name, 7, 120).values()) > 25


def test_both_engines_walk_alike_under_random_rulebooks() -> None:
    accepted = sum((walked(None, seed, 150) for seed in range(8)), Counter[str]())
    assert set(accepted) >= {"milestone", "escrow", "dispute", "mediation", "arbitration", "agreement"}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*available(), None])
def test_both_engines_walk_thousands_of_steps_alike(name: str | None) -> None:
    for seed in range(100, 103):
        assert sum(walked(name, seed, 800).values()) > 200


# -- time, authority, frozen money, divisions ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_time_runs_forward_and_the_clock_acts_at_its_own_instants(seed: int) -> None:
    history = final(seed).history
    times = [record.event.at for record in history]
    assert times == sorted(times)
    said = {step.said.at for step in life(seed)} | {history[0].event.at}
    for record in history:
        event = record.event
        assert event.at.utcoffset() == timedelta(0)
        assert event.by == "clock" or event.at in said or _by_clock(history, record), (seed, event)


def _by_clock(history: Sequence[Record], record: Record) -> bool:
    """Whether something follows from a deadline that passed at that instant."""
    return any(other.event.by == "clock" and other.event.at == record.event.at for other in history)


#: Who the table lets give a command, by its own rows: (machine, command) → roles, as their words.
ALLOWED = {
    (name, row.command): frozenset(
        role.value for other in table.rows if other.command is row.command for role in other.by
    )
    for name, table in MACHINES.items()
    for row in table.rows
}  # fmt: skip


def test_whatever_was_accepted_was_by_a_role_that_its_row_names() -> None:
    """Counted from the events that were stored: who, in which state, by the rows of the table."""
    counted = 0
    for seed in SEEDS:
        now = final(seed)
        for event in now.events():
            table = MACHINES.get(event.machine)
            if table is None or event.by in ("rules",):
                continue
            role = role_of(event.by)
            assert role is not None
            rows = [row for row in table.rows if row.event is type(event) and role in row.by]
            states = {None if state is None else str(state) for row in rows for state in row.on}
            assert event.before in states or (event.before in table.final and None in states), (seed, event)
            counted += 1
    assert counted > 500


def test_who_is_no_role_of_a_command_is_never_accepted() -> None:
    """Every command of every life, said again by everybody whom no row of its command names."""
    everybody = (
        "payer",
        "payee",
        "mediator",
        "arbitrator",
        "platform",
        "provider",
        "witness:zoe",
        "stranger",
        "clock",
        "rules",
    )
    tried = 0
    for seed in SEEDS:
        for step in life(seed)[::2]:
            said = step.said
            allowed = ALLOWED.get((said.command.machine, type(said.command)), frozenset())
            if said.command.machine == "agreement" or isinstance(step.outcome, Refused):
                continue
            for by in everybody:
                if by.partition(":")[0] not in allowed or by in ("clock", "rules"):
                    refused = _tried(step.before, said.command, by, said.at, None)
                    assert refused is not None, (seed, by, said.command)
                    assert refused.code in ("not-your-move", "no-such-move", "bad-argument"), (by, refused)
                    tried += 1
    assert tried > 1_000


@pytest.mark.parametrize("seed", SEEDS)
def test_while_disputed_only_the_ends_of_the_dispute_move_that_money(seed: int) -> None:
    start = life(seed)[0].before
    laws.frozen_is_frozen(start, final(seed).history[len(start.history) :])


def test_a_division_leaves_nothing_of_its_stake_behind() -> None:
    """Whatever ends a dispute: what lay in escrow and security hold is gone after it, and what is owed is open."""
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        balances: dict[str, int] = defaultdict(int)
        for record in final(seed).history:
            event = record.event
            for entry in record.entries:
                for line in entry.lines:
                    balances[line.source] -= line.amount.minor
                    balances[line.target] += line.amount.minor
            if isinstance(event, escrow.Divided):
                assert balances[f"escrow:{event.milestone}"] == 0, (seed, event)
                assert balances[f"clearing:{event.milestone}"] == 0 or event.clears, (seed, event)
                leaving = [entry for entry in record.entries if entry.condition is not None]
                assert len({entry.condition for entry in leaving}) <= 1
                assert all(entry.condition == event.code for entry in leaving)
                seen[event.code] += 1
    assert len(seen) > 6
    assert sum(seen.values()) > 20


def test_every_unit_that_entered_an_escrow_left_it_once_or_is_there() -> None:
    """Counted unit by unit: money in by deposits and roll-overs, out by entries that cite one condition each."""
    for seed in SEEDS:
        now = final(seed)
        lots: dict[str, int] = defaultdict(int)
        for record in now.history:
            for entry in record.entries:
                for line in entry.lines:
                    if line.source.startswith("escrow:"):
                        assert entry.condition, record
                        assert lots[line.source] >= line.amount.minor, record
                        lots[line.source] -= line.amount.minor
                    if line.target.startswith("escrow:"):
                        lots[line.target] += line.amount.minor
        held = {f"escrow:{id_}": now.pot(id_).held.minor for id_ in now.milestones}
        assert {account: minor for account, minor in lots.items() if minor} == {a: m for a, m in held.items() if m}


# -- one side an instant ---------------------------------------------------------------------------------------------


def test_every_deadline_of_every_life_belongs_to_one_side_at_each_instant() -> None:
    """At D − 1 µs nothing of the clock has happened, at D it has, whoever speaks: for each clock that occurs."""
    seen: Counter[tuple[str, str]] = Counter()
    for seed in range(150):
        for step in life(seed, 30)[2::4]:
            running = sorted(step.after.deadlines(), key=lambda one: seen[one[2].machine, one[2].name])
            for due, id_, clock in running[:2]:
                if seen[clock.machine, clock.name] < 12 and due - MICRO > step.after.at:
                    seen[clock.machine, clock.name] += _belongs_to_one_side(step.after, due, id_, clock, Dice(seed))
    rare = {(clock.machine, clock.name) for clock in CLOCKS if not seen[clock.machine, clock.name]}
    assert {name for _, name in rare} <= {name for *_, name in DEADLINES}, rare  # tried by hand there
    assert len(rare) < 3
    assert sum(seen.values()) > 150


def _belongs_to_one_side(now: Agreement, due: datetime, id_: str, clock: Clock, dice: Dice) -> bool:
    """Whether a clock still runs so far on; if so, that its instant is its own."""
    now = now.advance(due - MICRO).agreement
    if (due, id_, clock) not in now.deadlines() or not _settled(now, (due, id_, clock)):
        return False  # an earlier deadline ended it, or what it would give is not settled
    late = now.advance(due)
    of_it = [e for e in late.events if e.milestone == id_ and getattr(e, "clock", clock.name) == clock.name]
    first = now.deadlines()[0] == (due, id_, clock)
    assert late.events[0].by == "clock"
    assert late.events[0].at == due
    assert of_it or not first
    for _ in range(2):
        by, said = command(dice, now, due - MICRO)
        early, _ = decided(now, Said(by, said, due - MICRO))
        assert not isinstance(early, Refused) or early.decision is None
        outcome, after = decided(now, Said(by, said, due))
        if not _too_early(outcome):
            assert after == decided(late.agreement, Said(by, said, due))[1]
            made = outcome if isinstance(outcome, Decision) else outcome.decision
            assert made is not None
            assert made.events[: len(late.events)] == late.events
    return True


def _too_early(outcome: Any) -> bool:
    """Whether a command was refused for what it says, before any deadline is asked."""
    return isinstance(outcome, Refused) and outcome.code in ("bad-argument", "unknown-milestone", "key-conflict")


def test_these_lives_are_whole() -> None:
    """What the laws above were tried on: every machine, accepted and refused alike."""
    steps: list[Step] = [step for seed in SEEDS for step in life(seed)]
    accepted = Counter(type(s.said.command).__name__ for s in steps if isinstance(s.outcome, Decision))
    codes = Counter(s.outcome.code for s in steps if isinstance(s.outcome, Refused))
    assert len(accepted) > 30, accepted
    assert len(codes) > 8, codes
    assert sum(accepted.values()) > len(steps) // 5
    assert {type(event) for seed in SEEDS for event in final(seed).events()} > {
        milestone.DeemedApproved,
        escrow.Divided,
    }
