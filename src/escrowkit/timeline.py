"""A played story as a page that a person can follow: what happened, who did it, by which rule, what it moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import asdict, frozen

from escrowkit import foresight
from escrowkit.agreement import Agreement, Record
from escrowkit.clocks import CLOCKS
from escrowkit.machines import arbitration, dispute, escrow, obligation
from escrowkit.roles import Role
from escrowkit.story import Played, Turn
from escrowkit.table import Command, Event
from escrowkit.wording import (
    QUIET,
    RULE_OF,
    fee_rule,
    listed,
    money,
    place,
    reason,
    rule,
    split,
    state_words,
    tell,
    the,
)


@frozen
class Moment:
    """One turn, in words."""

    day: str
    at: datetime
    who: str
    did: str
    said: tuple[str, ...]
    moved: tuple[str, ...]
    rules: tuple[str, ...]
    refused: str | None
    note: str | None
    warnings: tuple[str, ...]
    following: str | None


@frozen
class Report:
    """A whole page; `coming` and `forecast` are empty when it is over."""

    title: str
    about: str | None
    heading: tuple[tuple[str, str], ...]
    moments: tuple[Moment, ...]
    day: str
    states: tuple[tuple[str, str, str], ...]
    nets: tuple[tuple[str, str], ...]
    inside: tuple[tuple[str, str], ...]
    owed: tuple[str, ...]
    why: tuple[str, ...]
    coming: tuple[str, ...]
    forecast: tuple[str, ...]
    failures: tuple[str, ...]
    #: Said when the page stops before the story ends.
    stopped: str | None

    def data(self) -> dict[str, Any]:
        """As plain data, times as text."""
        return asdict(self, value_serializer=lambda _, __, v: v.isoformat() if isinstance(v, datetime) else v)


def report(played: Played, until: datetime | None = None) -> Report:
    """The page of a played story, as it stands at its end or at the time up to which it was played."""
    story, last = played.story, played.agreement
    start = story.start
    refusal = (f"The opening was refused: {played.refused}",) if played.refused else ()
    to = max([turn.at for turn in played.turns] + ([until] if until else []), default=start)
    stopped = until is not None and any(step.at > until for step in story.steps)
    return Report(
        story.title,
        story.about and " ".join(story.about.split()),
        tuple(_heading(played)),
        tuple(_moments(played)),
        day(to, start) if last else "",
        tuple((name, state, state_words(name, state)) for name, state in last.states().items()) if last else (),
        tuple(nets(last)) if last else (),
        tuple(inside(last)) if last else (),
        tuple(_owed(last)) if last else (),
        tuple(_why(last, start)) if last else refusal,
        tuple(coming(last, start)) if last else (),
        tuple(forecast(last, start)) if last else (),
        played.failures,
        f"This page stops on {day(to, start)}, as asked; the story goes on." if stopped else None,
    )


def day(at: datetime, start: datetime) -> str:
    """A day since the start, with the time of day where it differs.

    >>> from datetime import UTC, timedelta
    >>> start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> day(start + timedelta(days=5), start), day(start + timedelta(hours=30), start)
    ('day 5', 'day 1 +6:00')
    """
    whole, rest = divmod(int((at - start).total_seconds()), 86_400)
    return f"day {whole}" + (f" +{rest // 3600}:{rest % 3600 // 60:02}" if rest else "")


def _date(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def when(at: datetime, start: datetime) -> str:
    return f"{day(at, start)} ({_date(at)})"


def _heading(played: Played) -> Iterator[tuple[str, str]]:
    story = played.story
    yield "rules", f"{story.rulebook.name}: {story.rulebook.title}"
    if story.rules:
        yield "but", ", ".join(f"{key} = {value}" for key, value in story.rules.items())
    yield "payer", story.parties.get("payer", "")
    yield "payee", story.parties.get("payee", "")
    yield "times", f"UTC; day 0 is {_date(story.start)}; at a deadline's very minute it has passed"
    if story.source:
        yield "source", story.source


# -- the turns -------------------------------------------------------------------------------------------------------


def _moments(played: Played) -> Iterator[Moment]:
    before = ""
    for turn in played.turns:
        following = _next(turn.agreement, played.story.start)
        yield _moment(turn, played.story.start, following if following != before else None)
        before = following or ""


def _moment(turn: Turn, start: datetime, following: str | None) -> Moment:
    step = turn.step
    own = turn.records[0].event if turn.records else None
    who = step.by if step else (own.by if own else "")
    did = step.do if step else "time passes" if who == "clock" else "opens"
    entries = [entry for record in turn.records for entry in record.entries]
    return Moment(
        day(turn.at, start),
        turn.at,
        "" if who in ("clock", "rules") else who,
        did,
        tuple(_sentence(_tell(r.event, turn.agreement)) for r in turn.records if _worth_telling(r, turn)),
        tuple(line for entry in entries for line in money(entry)),
        tuple(_rules(turn)),
        f"({turn.refused.code}) {turn.refused.words}{_most(turn.refused)}" if turn.refused else None,
        step.note if step else None,
        turn.warnings,
        following,
    )


def _tell(event: Any, agreement: Agreement) -> str:
    """An event in words, both parts of a split named where the stake is known."""
    case = agreement.pot(event.milestone).dispute if event.milestone else None
    return tell(event, case.stake if case and event.machine in ("dispute", "mediation", "arbitration") else None)


def _most(refused: Any) -> str:
    most = f" At most {refused.most}." if refused.most is not None else ""
    return most + (f" Possible by {_date(refused.until)} at the latest." if refused.until else "")


def _sentence(text: str) -> str:
    """With a capital and one full stop.

    >>> _sentence("the payer says: “No.”"), _sentence("the payer pays")
    ('The payer says: “No.”', 'The payer pays.')
    """
    return text[:1].upper() + text[1:] + ("" if text.endswith((".”", "?”", "!”")) else ".")


def _worth_telling(record: Record, turn: Turn) -> bool:
    """What only follows, and says nothing that its neighbours do not, is left out."""
    quiet = type(record.event) in QUIET
    return not quiet or record is turn.records[0]


def _rules(turn: Turn) -> Iterator[str]:
    """By which rule: what the rulebook says to this move, to a silence, to a fee."""
    if turn.refused or not turn.records:
        return
    agreement = turn.agreement
    for record in turn.records:
        event = record.event
        if event.by == "clock":
            yield _clock_rule(agreement, event)
        if isinstance(event, (escrow.Deposited, escrow.DepositConfirmed)) and agreement.pot(event.milestone).has_fees:
            yield rule(agreement.pot(event.milestone).rules, "escrow.fees")
        part = _FEES.get(type(event))
        if part and _charges(event):
            pot = agreement.pot(event.milestone)
            yield fee_rule(pot.rules, pot.currency) if part == "arbitration.fee" else rule(pot.rules, part)
    if turn.command is not None:
        first = turn.records[0]
        yield from _guards(turn.command, first, agreement)


_FEES: Final[Mapping[type[Event], str]] = {
    arbitration.Opened: "arbitration.fee",
    escrow.Released: "escrow.service_fee",
    escrow.Disbursed: "escrow.service_fee",
    escrow.Divided: "escrow.service_fee",
    escrow.Held: "escrow.impound",
}


def _charges(event: Any) -> bool:
    return bool(event.fee) if isinstance(event, escrow.Disposed) else True


def _guards(command: Command, record: Record, agreement: Agreement) -> Iterator[str]:
    """Who may make such a move, and what the rulebook says to it."""
    event = record.event
    row = foresight.row_of(event, type(command))
    if row is None:
        return
    rules = agreement.lane(event.milestone).rules
    said = [check.words + _settings(rules, check.reads) for check in row.when if _settings(rules, check.reads)]
    named = [set(check.people(rules)) for check in row.when if check.people]
    people = sorted(role for role in row.by if role not in (Role.RULES, Role.CLOCK))
    who = ", ".join(r for r in people if all(r in names for names in named)) or ", ".join(people)
    yield f"{event.machine}.{command.word} is for: {who}." + "".join(f" {words}" for words in said)


def _settings(rules: Any, keys: tuple[str, ...]) -> str:
    """What the rulebook says where a condition asks it."""
    said = {path: (value, source) for path, value, _, source in rules.rows()}
    return "".join(f" [{key}: {said[key][0]}]" for key in keys if key in said)


def _clock_rule(agreement: Agreement, event: Any) -> str:
    """The rulebook's period and answer behind a clock."""
    rules = agreement.pot(event.milestone).rules
    parts = foresight.clock_parts(event)
    return "; ".join(rule(rules, part) for part in parts) or "the milestone's own release condition"


# -- how it stands ---------------------------------------------------------------------------------------------------


def nets(agreement: Agreement) -> Iterator[tuple[str, str]]:
    """The parties always; others if they gained or lost anything."""
    for currency in agreement.currencies:
        names = ["payer", "payee", "platform", "arbitrator"]
        names += sorted(
            name
            for account, sum_ in agreement.ledger.accounts()
            if account.startswith("world:") and sum_.currency == currency
            if (name := account.removeprefix("world:")) not in names
        )
        for name in names:
            net = agreement.net(name, currency)
            if net or name in ("payer", "payee", "platform"):
                yield name, str(net)


def _owed(agreement: Agreement) -> Iterator[str]:
    for currency in agreement.currencies:
        for (debtor, creditor), sum_ in agreement.owed(currency).items():
            yield f"the {debtor} owes the {creditor} {sum_}"


def inside(agreement: Agreement) -> Iterator[tuple[str, str]]:
    for account, sum_ in agreement.ledger.accounts():
        if not account.startswith("world:"):
            yield place(account), str(sum_)


def _why(agreement: Agreement, start: datetime) -> Iterator[str]:
    """Every outcome and every settled fee: what went where, the reason and its kind, the rule."""
    for record in agreement.history:
        event = record.event
        at = f"{event.milestone}, {day(event.at, start)}"
        if isinstance(event, arbitration.FeesSettled) and record.entries:
            pot = agreement.pot(event.milestone)
            yield f"{at}: {tell(event)}. Rule: {fee_rule(pot.rules, pot.currency)}."
        if isinstance(event, escrow.Divided) and event.advanced and not any(e.condition for e in record.entries):
            yield f"{at}: {tell(event)}. Rule: {_rule(agreement, event, 'dispute.advance')}."
        if isinstance(event, escrow.ChargedBack):
            yield f"{at}: {tell(event)}. Rule: {_rule(agreement, event, 'escrow.chargeback')}."
        if isinstance(event, (escrow.ChargeBackReversed, escrow.ReleasedRefunded, obligation.Paid)):
            yield f"{at}: {tell(event)}."
        for entry in record.entries:
            if entry.condition is not None and not isinstance(event, escrow.ChargedBack):
                part = RULE_OF.get(entry.condition)
                by = f" Rule: {_rule(agreement, event, part)}." if part else ""
                because = reason(event, agreement.events())
                yield f"{at}: {tell(event)}, because {because} [{entry.condition}, {entry.kind}].{by}"


def _rule(agreement: Agreement, event: Any, part: str) -> str:
    side = f".{_silent(agreement, event.milestone)}" if part == "dispute.answer" else ""
    return rule(agreement.pot(event.milestone).rules, part + side)


def _silent(agreement: Agreement, milestone: str) -> str:
    found = (e for e in reversed(agreement.events()) if isinstance(e, dispute.Defaulted) and e.milestone == milestone)
    event = next(found, None)
    return event.silent[0] if event and event.silent else "payer"


def coming(agreement: Agreement, start: datetime) -> Iterator[str]:
    """Who must act by when, and what happens if nobody does."""
    for due in foresight.due(agreement):
        follows = otherwise(agreement, due)
        by = f"{due.clock}, {due.period} by {due.rule}" if due.period else f"{due.clock}, by {due.rule}"
        note = f" ({due.note})" if due.note else ""
        if not follows:
            yield f"{due.milestone}, on {when(due.at, start)}, if it has not ended before: {_latest(agreement, due)}."
        elif due.who:
            must = f"{listed(the(name) for name in due.who)} must {due.act}"
            yield f"{due.milestone}, before {when(due.at, start)}{note}: {must} ({by}). If not: {follows}."
        else:
            yield f"{due.milestone}, on {when(due.at, start)}, nobody needs to act ({by}): {follows}."


def _latest(agreement: Agreement, due: foresight.Due) -> str:
    """What a deadline decides that an earlier one will forestall if nobody acts."""
    machine, _, name = due.clock.partition(".")
    clock = next(c for c in CLOCKS if (c.machine, c.name) == (machine, name))
    part = (clock.period or clock.answer).rpartition(".")[0] or due.clock
    pot = agreement.pot(due.milestone)
    gives = pot.answer(pot.rules[clock.answer], pot.stake) if due.clock == "dispute.longest" else None
    then = f": {split(gives, pot.stake)}" if gives is not None else ""
    return f"{clock.words} is over{then} ({rule(pot.rules, part)})"


def otherwise(agreement: Agreement, due: foresight.Due) -> str:
    """What happens at a deadline if nobody acts before it, and by which rule; nothing, if all is decided by then."""
    done = agreement.advance(due.at)
    own = [r for r in done.agreement.history[len(agreement.history) :] if r.event.at == due.at]
    return _told([r for r in own if r.event.milestone == due.milestone], done.agreement)


def _told(records: list[Record], agreement: Agreement) -> str:
    """What the clock and the rules did, in one sentence, and the rule that disposed of the money."""
    told = [_tell(r.event, agreement) for r in records if type(r.event) not in QUIET and not _empty_fees(r)]
    codes = [entry.condition for r in records for entry in r.entries if entry.condition]
    rules = [_rule(agreement, records[0].event, RULE_OF[code]) for code in codes if code in RULE_OF]
    return "; ".join(dict.fromkeys(told)) + (f" ({'; '.join(dict.fromkeys(rules))})" if rules else "")


def _empty_fees(record: Record) -> bool:
    return isinstance(record.event, arbitration.FeesSettled) and not record.entries


def forecast(agreement: Agreement, start: datetime) -> Iterator[str]:
    """What time alone does with what is inside, step by step."""
    later = foresight.if_silent(agreement).agreement
    for id_ in agreement.milestones:
        pot = agreement.pot(id_)
        if not (pot.held or pot.clearing_gross):
            continue
        new = [r for r in later.history[len(agreement.history) :] if r.event.milestone == id_]
        for at in dict.fromkeys(r.event.at for r in new):
            yield f"{id_}, {when(at, start)}: {_told([r for r in new if r.event.at == at], later)}."
        if not new:
            yield f"{id_}: time alone moves nothing."


def _next(agreement: Agreement, start: datetime) -> str | None:
    """The next deadline, in one line."""
    due = next(iter(foresight.due(agreement)), None)
    if due is None:
        return None
    follows = otherwise(agreement, due)
    if not due.who:
        return f"{due.milestone}: on {when(due.at, start)}, nobody needs to act: {follows}."
    who = listed(the(name) for name in due.who)
    note = f" ({due.note})" if due.note else ""
    return f"{due.milestone}: {who} must {due.act} before {when(due.at, start)}{note}; otherwise: {follows}."
