"""Why the money is where it is: the path, the rule behind each step with its source, and what would have changed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from escrowkit import wording
from escrowkit.agreement import Agreement, Record, replay
from escrowkit.clocks import CLOCKS
from escrowkit.doors import door
from escrowkit.foresight.deadlines import Due, due
from escrowkit.foresight.options import options
from escrowkit.foresight.outcomes import Outcome, ended, outcomes
from escrowkit.foresight.plain import plain
from escrowkit.foresight.seeing import MICRO, as_seen, gains, signed, stake_of
from escrowkit.machines import arbitration, dispute, escrow
from escrowkit.money import Money
from escrowkit.pot import MACHINES
from escrowkit.roles import PARTY, Role, role_of
from escrowkit.rulebook import Rulebook
from escrowkit.rulecheck import mark_of
from escrowkit.table import Command, Event, Row


@frozen
class Rule:
    """A value of the rulebook: its key, what it says and means, the id of its source, and how sure that is."""

    key: str
    value: str
    meaning: str
    source: str
    sure: str


@frozen
class Step:
    """One step of the path: what happened, what it moved, the conditions that held, the rules that it used."""

    at: datetime
    by: str
    name: str
    words: str
    moved: tuple[str, ...]
    conditions: tuple[str, ...]
    rules: tuple[Rule, ...]
    #: Set where money left the escrow, or a dispute ended: the code of the closed list, its kind, to whom.
    outcome: Outcome | None = None


@frozen
class Could:
    """What one could have done until the last moment before a deadline: what followed at once, and what it was worth.

    `worth` is what each party would have gained from then on if nobody had acted after it, and `left` what would have
    stayed inside then, waiting for somebody.
    """

    by: str
    command: str
    words: str
    worth: Mapping[str, Money]
    left: Money | None


@frozen
class Missed:
    """A deadline that somebody let pass: who had to do what, what came of it, and what else could have been done."""

    at: datetime
    clock: str
    who: tuple[str, ...]
    act: str
    rule: str
    came: str
    could: tuple[Could, ...]
    #: What each party gained from then on, as it happened.
    worth: Mapping[str, Money]


@frozen
class Explanation:
    """The whole path of one milestone's money, its latest outcome (None so far), and the deadlines that were missed."""

    milestone: str
    state: str
    inside: Money
    over: bool
    steps: tuple[Step, ...]
    outcome: Outcome | None
    missed: tuple[Missed, ...]

    def text(self) -> str:
        """All of it as lines of text."""
        return "\n".join(_lines(self))

    def data(self) -> dict[str, Any]:
        """As plain data: amounts and instants as text."""
        said: dict[str, Any] = plain(self)
        return said


@door(agreement=Agreement, milestone=str, by=str)
def explain(agreement: Agreement, milestone: str, *, by: str | None = None) -> Explanation:
    """Why a milestone's money is where it is; with `by`, as that role may see it.

    Raises `UnknownMilestone`, and `BadArgument` for a role that is none.
    """
    seen = as_seen(agreement, by)
    pot = seen.pot(milestone)
    own = [(i, record) for i, record in enumerate(seen.history) if record.event.milestone == milestone]
    steps = tuple(_step(seen, record) for _, record in own if type(record.event) not in wording.QUIET)
    missed = tuple(found for i, record in own if (found := _missed(seen, i, record)) is not None)
    last = next(reversed(outcomes(seen, milestone)), None)
    inside = pot.inside
    return Explanation(milestone, pot.milestone_state, inside, ended(seen, milestone), steps, last, missed)


# -- the path --------------------------------------------------------------------------------------------------------


def _step(agreement: Agreement, record: Record) -> Step:
    event = record.event
    row = row_of(event)
    rules = agreement.pot(event.milestone).rules
    found = outcomes_of(agreement, record)
    return Step(
        event.at,
        event.by,
        f"{event.machine}.{event.word}",
        wording.tell(event, stake_of(agreement, event)),
        tuple(line for entry in record.entries for line in wording.money(entry)),
        tuple(check.words for check in row.when) if row is not None else (),
        tuple(_rules(rules, event, row, found)),
        found,
    )


def outcomes_of(agreement: Agreement, record: Record) -> Outcome | None:
    """The outcome that one line of the history brought."""
    found = [one for one in outcomes(agreement, record.event.milestone) if one.at == record.event.at]
    code = getattr(record.event, "code", None) or next((e.condition for e in record.entries if e.condition), None)
    cites = any(entry.condition for entry in record.entries) or isinstance(record.event, escrow.Divided)
    return next((one for one in found if one.code == code), None) if cites else None


def row_of(event: Any, command: type[Command] | None = None) -> Row | None:
    """The row of the table that an event was made by (on this command, if known); None for the agreement's own."""
    if event.machine not in MACHINES:
        return None
    role = role_of(event.by)
    for move in MACHINES[event.machine].moves():
        row = move.row
        same = row.event is type(event) and move.target == event.after and role in row.by
        clock = not row.clock or getattr(event, "clock", None) in row.clock
        asked = command is None or row.command is command
        if same and clock and asked and event.before == (move.source and move.source.value):
            return row
    return None


def clock_parts(event: Any) -> tuple[str, ...]:
    """The parts of the rulebook behind a clock that passed: its period, and who gets it then."""
    named = [c for c in CLOCKS if c.machine == event.machine and c.name == event.clock]
    clock = next((c for c in named if event.before in c.states), named[0])
    if clock.name == "answer":
        silent = event.silent if isinstance(event, dispute.Defaulted) else ()
        return (f"dispute.answer.{silent[0]}" if silent else "dispute.answer",)
    if not clock.period:
        return ()
    part = clock.period.removesuffix(".within").removesuffix(".idle")
    one_paid = isinstance(event, arbitration.OnlyOnePaid)
    behind = "arbitration.one_paid" if one_paid else clock.answer.removesuffix(".gets")
    return (part, behind) if behind and not behind.startswith(part) else (part,)


#: What an event charges beside its own rule.
_FEES: Final[Mapping[type[Event], str]] = {
    arbitration.Opened: "arbitration.fee",
    arbitration.FeesSettled: "arbitration.fee",
    escrow.Released: "escrow.service_fee",
    escrow.Disbursed: "escrow.service_fee",
    escrow.Divided: "escrow.service_fee",
    escrow.Held: "escrow.impound",
}


def _rules(rules: Rulebook, event: Any, row: Row | None, found: Outcome | None) -> Iterator[Rule]:
    """The values that an event stands on: what its conditions read, its clock, its fee, its outcome."""
    parts = [key for check in (row.when if row else ()) for key in check.reads]
    if event.by == Role.CLOCK and getattr(event, "clock", None):
        parts += clock_parts(event)
    if type(event) in _FEES and getattr(event, "fee", True):
        parts.append(_FEES[type(event)])
    if found is not None and found.code in wording.RULE_OF:
        parts.append(wording.RULE_OF[found.code])
    for key, value, meaning, _ in rules.rows():
        if any(key == part or key.startswith(part + ".") for part in parts):
            mark = mark_of(rules.sure, key)
            yield Rule(key, value, meaning, mark.get("source", ""), mark.get("sure", ""))


# -- what would have changed it --------------------------------------------------------------------------------------


def _missed(agreement: Agreement, place: int, record: Record) -> Missed | None:
    """A deadline that passed though somebody had to act before it."""
    event: Any = record.event
    clock = getattr(event, "clock", None)
    if event.by != Role.CLOCK or clock is None:
        return None
    before = replay(agreement.history[:place])
    name = f"{event.machine}.{clock}"
    passed = next((d for d in due(before) if (d.milestone, d.clock, d.at) == (event.milestone, name, event.at)), None)
    if passed is None or not passed.who:
        return None
    came = [r.event for r in agreement.history[place:] if r.decision == record.decision]
    told = [wording.tell(e, stake_of(agreement, e)) for e in came if type(e) not in wording.QUIET]
    could = tuple(_could(before, passed, name)) if before.at < passed.at else ()
    return Missed(
        passed.at, name, passed.who, passed.act, passed.rule, "; ".join(told), could,
        gains(before, agreement, event.milestone),
    )  # fmt: skip


def _could(before: Agreement, passed: Due, name: str) -> Iterator[Could]:
    """What the parties that had to act could have done at the last moment to keep this deadline from passing."""
    last = max(before.at, passed.at - MICRO)
    for side in (side for side in passed.who if side in PARTY):
        for option in options(before, side, last, milestone=passed.milestone):
            if option.allowed and _averts(before, option.command, side, last, passed, name):
                yield Could(side, option.name, "; ".join(option.told), option.worth, option.left)


def _averts(before: Agreement, command: Any, by: str, at: datetime, passed: Due, name: str) -> bool:
    """Whether a command would have kept the deadline from passing."""
    after = before.decide(command, by=by, at=at).agreement.advance(passed.at)
    found = (e for e in after.events if e.milestone == passed.milestone and e.by == Role.CLOCK)
    return not any(f"{e.machine}.{getattr(e, 'clock', '')}" == name for e in found)


# -- telling ---------------------------------------------------------------------------------------------------------


def _lines(it: Explanation) -> Iterator[str]:
    for step in it.steps:
        yield f"{step.at:%Y-%m-%d %H:%M}  {step.words}"
        yield from (f"    {line}" for line in step.moved)
        yield from (f"    rule: {rule.key} = {rule.value}{cited(rule)}" for rule in step.rules)
        if step.outcome is not None:
            yield f"    outcome: {step.outcome.words} ({step.outcome.code}, {step.outcome.kind})"
    for missed in it.missed:
        yield from missed_lines(missed)


def cited(rule: Rule) -> str:
    """The source of a rule, if it has one.

    >>> cited(Rule("a.b", "1", "", "own", "own")), cited(Rule("a.b", "1", "", "", ""))
    (' (own, own)', '')
    """
    return f" ({rule.source}, {rule.sure})" if rule.source else ""


def missed_lines(missed: Missed) -> Iterator[str]:
    """A missed deadline, and what could have been done, in words."""
    who = wording.listed(wording.the(name) for name in missed.who)
    yield f"By {missed.at:%Y-%m-%d %H:%M} {who} had to {missed.act} ({missed.rule}). What came: {missed.came}."
    for could in missed.could:
        worth = worth_words(could.worth, could.left)
        yield f"    {wording.the(could.by)} could have used {could.command}: {could.words} ({worth})"


def worth_words(worth: Mapping[str, Money], left: Money | None) -> str:
    """What each party gains if nothing else happens, in words.

    >>> worth_words({"payer": Money(-500, "USD"), "payee": Money(400, "USD")}, Money(0, "USD"))
    'if nobody does more: payer -5.00, payee +4.00 USD'
    """
    said = ", ".join(f"{side} {signed(sum_)}" for side, sum_ in worth.items())
    stays = f"; {left} stays inside" if left else ""
    return f"if nobody does more: {said} {next(iter(worth.values())).currency}{stays}"
