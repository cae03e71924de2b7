"""A played story as a page that a person can follow: what happened, who did it, by which rule, what it moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from attrs import asdict, frozen

from escrowkit import foresight
from escrowkit.agreement import Agreement, Record
from escrowkit.clocks import CLOCKS
from escrowkit.machines import arbitration, dispute, escrow, obligation
from escrowkit.pot import TABLES
from escrowkit.story import Played, Turn
from escrowkit.table import Command
from escrowkit.wording import QUIET, RULE_OF, listed, money, rule, tell, the


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
    states: tuple[tuple[str, str], ...]
    nets: tuple[tuple[str, str], ...]
    inside: tuple[tuple[str, str], ...]
    owed: tuple[str, ...]
    why: tuple[str, ...]
    coming: tuple[str, ...]
    forecast: tuple[str, ...]
    failures: tuple[str, ...]

    def data(self) -> dict[str, Any]:
        """As plain data, times as text."""
        return asdict(self, value_serializer=lambda _, __, v: v.isoformat() if isinstance(v, datetime) else v)


def report(played: Played) -> Report:
    """The page of a played story."""
    story, last = played.story, played.agreement
    start = story.start
    refusal = (f"The opening was refused: {played.refused}",) if played.refused else ()
    return Report(
        story.title,
        story.about and " ".join(story.about.split()),
        tuple(_heading(played)),
        tuple(_moments(played)),
        day(last.at, start) if last else "",
        tuple(last.states().items()) if last else (),
        tuple(_nets(last)) if last else (),
        tuple(_inside(last)) if last else (),
        tuple(f"the {d} owes the {c} {sum_}" for (d, c), sum_ in last.owed().items()) if last else (),
        tuple(_why(last, start)) if last else refusal,
        tuple(_coming(last, start)) if last else (),
        tuple(_forecast(last, start)) if last else (),
        played.failures,
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


def _when(at: datetime, start: datetime) -> str:
    return f"{day(at, start)} ({_date(at)})"


def _heading(played: Played) -> Iterator[tuple[str, str]]:
    story = played.story
    yield "rules", f"{story.rulebook.name}: {story.rulebook.title}"
    if story.rules:
        yield "but", ", ".join(f"{key} = {value}" for key, value in story.rules.items())
    yield "payer", story.parties.get("payer", "")
    yield "payee", story.parties.get("payee", "")
    yield "times", f"UTC; day 0 is {_date(story.start)}"
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
        tuple(_sentence(tell(r.event)) for r in turn.records if _worth_telling(r, turn)),
        tuple(line for entry in entries for line in money(entry)),
        tuple(_rules(turn)),
        f"{turn.refused.code}: {turn.refused.words}{_most(turn.refused)}" if turn.refused else None,
        step.note if step else None,
        turn.warnings,
        following,
    )


def _most(refused: Any) -> str:
    most = f" At most {refused.most}." if refused.most is not None else ""
    return most + (f" Possible from {_date(refused.until)}." if refused.until else "")


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
    """By which rule: the guards of the row that was used, the rulebook's answer to a silence, the fee."""
    if turn.refused or not turn.records:
        return
    agreement = turn.agreement
    for record in turn.records:
        event = record.event
        if event.by == "clock":
            yield _clock_rule(agreement, event)
        if isinstance(event, arbitration.FeesSettled) and event.earned:
            yield rule(agreement.pot(event.milestone).rules, "arbitration.fee")
        if isinstance(event, escrow.Disposed) and event.fee:
            yield rule(agreement.pot(event.milestone).rules, "escrow.service_fee")
    if turn.command is not None:
        first = turn.records[0]
        id_ = first.event.milestone
        guards = _guards(turn.command, first, agreement.pot(id_).rules) if id_ else ()
        if guards:
            yield " ".join(guards)


def _guards(command: Command, record: Record, rules: Any) -> tuple[str, ...]:
    """The conditions, in words, of the move that a command made."""
    event = record.event
    if event.machine not in TABLES or command.machine != event.machine:
        return ()
    for move in TABLES[event.machine].moves():
        row = move.row
        same = row.event is type(event) and row.command is type(command) and move.target == event.after
        if same and event.before == (move.source and move.source.value):
            return tuple(check.words + _settings(rules, check.reads) for check in row.when)
    return ()


def _settings(rules: Any, keys: tuple[str, ...]) -> str:
    """What the rulebook says where a condition asks it."""
    said = {path: (value, source) for path, value, _, source in rules.rows()}
    return "".join(f" [{key}: {said[key][0]}]" for key in keys if key in said)


def _clock_rule(agreement: Agreement, event: Any) -> str:
    """The rulebook's period and answer behind a clock."""
    rules = agreement.pot(event.milestone).rules
    clock = next(c for c in CLOCKS if c.machine == event.machine and c.name == event.clock)
    if isinstance(event, dispute.Defaulted) and event.silent:
        return rule(rules, f"dispute.answer.{event.silent[0]}")
    if clock.name == "answer":
        return rule(rules, "dispute.answer")
    if not clock.period:
        return "the milestone's own release condition"
    part = clock.period.removesuffix(".within").removesuffix(".idle")
    answer = clock.answer if clock.answer and not clock.answer.startswith(part) else ""
    return rule(rules, part) + (f"; {rule(rules, answer)}" if answer else "")


# -- how it stands ---------------------------------------------------------------------------------------------------


def _nets(agreement: Agreement) -> Iterator[tuple[str, str]]:
    for currency in agreement.currencies:
        names = ["payer", "payee", "platform", "arbitrator"]
        names += sorted(
            a.removeprefix("world:")
            for a, m in agreement.ledger.accounts()
            if a.startswith("world:") and m.currency == currency and a.removeprefix("world:") not in names
        )
        for name in names:
            yield name, f"{agreement.net(name, currency)}"


def _inside(agreement: Agreement) -> Iterator[tuple[str, str]]:
    for account, sum_ in agreement.ledger.accounts():
        if not account.startswith("world:"):
            yield account, str(sum_)


def _why(agreement: Agreement, start: datetime) -> Iterator[str]:
    """Every outcome and every settled fee: what went where, the reason and its kind, the rule."""
    for record in agreement.history:
        event = record.event
        at = f"{event.milestone}, {day(event.at, start)}"
        if isinstance(event, arbitration.FeesSettled) and record.entries:
            yield f"{at}: {tell(event)}. Rule: {_rule(agreement, event, 'arbitration.fee')}."
        if isinstance(event, escrow.ChargedBack):
            yield f"{at}: {tell(event)}. Rule: {_rule(agreement, event, 'escrow.chargeback')}."
        if isinstance(event, (escrow.ChargeBackReversed, escrow.ReleasedRefunded, obligation.Paid)):
            yield f"{at}: {tell(event)}."
        for entry in record.entries:
            if entry.condition is not None and not isinstance(event, escrow.ChargedBack):
                part = RULE_OF.get(entry.condition)
                by = f" Rule: {_rule(agreement, event, part)}." if part else ""
                yield f"{at}: {tell(event)} [{entry.condition}, {entry.kind}].{by}"


def _rule(agreement: Agreement, event: Any, part: str) -> str:
    side = f".{_silent(agreement, event.milestone)}" if part == "dispute.answer" else ""
    return rule(agreement.pot(event.milestone).rules, part + side)


def _silent(agreement: Agreement, milestone: str) -> str:
    found = (e for e in reversed(agreement.events()) if isinstance(e, dispute.Defaulted) and e.milestone == milestone)
    event = next(found, None)
    return event.silent[0] if event and event.silent else "payer"


def _coming(agreement: Agreement, start: datetime) -> Iterator[str]:
    """Who must act by when, and what happens if nobody does."""
    for due in foresight.due(agreement):
        follows = otherwise(agreement, due)
        rule_ = f"{due.clock}, {due.period} by {due.rule}" if due.period else f"{due.clock}, by {due.rule}"
        if not follows:
            yield f"{due.milestone}, on {_when(due.at, start)}: an end by {rule_}, unless it has ended before."
        elif due.who:
            must = f"{listed(the(name) for name in due.who)} must {due.act}"
            yield f"{due.milestone}, before {_when(due.at, start)}: {must} ({rule_}). If not: {follows}."
        else:
            yield f"{due.milestone}, on {_when(due.at, start)}, nobody having to act ({rule_}): {follows}."


def otherwise(agreement: Agreement, due: foresight.Due) -> str:
    """What happens at a deadline if nobody does anything before it; nothing, if an earlier one has decided by then."""
    done = agreement.advance(due.at)
    own = [e for e in done.events if e.at == due.at and e.milestone == due.milestone]
    told = [tell(e) for e in own if type(e) not in QUIET and not isinstance(e, arbitration.FeesSettled)]
    return "; ".join(dict.fromkeys(told))


def _forecast(agreement: Agreement, start: datetime) -> Iterator[str]:
    """Who gets the money that is inside if nobody ever acts again."""
    later = foresight.if_silent(agreement).agreement
    for id_ in agreement.milestones:
        pot = agreement.pot(id_)
        if not (pot.held or pot.clearing_gross):
            continue
        new = [r for r in later.history[len(agreement.history) :] if r.event.milestone == id_ and _disposes(r)]
        for record in new:
            yield f"{id_}: on {_when(record.event.at, start)}, {tell(record.event)}."
        if not new:
            what = "what is clearing becomes the payee's" if pot.clearing_gross else "time alone moves nothing"
            yield f"{id_}: {what}."


def _disposes(record: Record) -> bool:
    """Whether money left a pot by this."""
    return isinstance(record.event, escrow.Divided) or any(entry.condition for entry in record.entries)


def _next(agreement: Agreement, start: datetime) -> str | None:
    """The next deadline, in one line."""
    due = next(iter(foresight.due(agreement)), None)
    if due is None:
        return None
    follows = otherwise(agreement, due)
    if not due.who:
        return f"{due.milestone}: on {_when(due.at, start)}, nobody having to act: {follows}."
    who = listed(the(name) for name in due.who)
    return f"{due.milestone}: {who} must {due.act} before {_when(due.at, start)}; otherwise: {follows}."
