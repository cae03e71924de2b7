"""The library and the oracle, side by side: after each step both must say the same.

`Twin` takes an agreement that was just opened, gives every command to both, and raises `Disagreement` at the first
difference: in acceptance, refusal code, events, entries, states, balances, outcomes or debts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from escrowkit import foresight
from escrowkit._currencies import EXPONENTS
from escrowkit.agreement import Agreement, Decision, open_agreement
from escrowkit.errors import Refused
from escrowkit.ledger import Entry
from escrowkit.machines import milestone
from escrowkit.money import Money
from escrowkit.periods import Period
from escrowkit.rulebook import load
from escrowkit.table import Command, Event
from escrowkit.testing.oracle import Answer, Oracle, Refusal, Unpredicted
from escrowkit.testing.oracle.said import Line, Moved, summed


class Disagreement(AssertionError):
    """The library and the oracle say different things about the same step."""


class Twin:
    """An agreement and its oracle, driven together.

    `agreement` is the library's, as it stands now. `unpredicted` counts what the oracle has no account of; from such a
    step on the rest of that life is not compared, and `compared` counts the steps that were.
    """

    def __init__(self, agreement: Agreement) -> None:
        self.agreement = agreement
        self.story: list[str] = [f"{told(agreement.at)} opened under {agreement.rulebook.name}"]
        self.unpredicted: Counter[str] = Counter()
        self.compared = 0
        self.oracle: Oracle | None = None
        try:
            self.oracle = Oracle.open(terms_of(agreement))
        except Refusal as refusal:
            raise Disagreement(f"the library opens what the oracle refuses: {refusal.code}") from refusal
        except Unpredicted as unpredicted:
            self._give_up(unpredicted)
        self._compare("opening", {})

    @classmethod
    def open(cls, **terms: Any) -> Twin:
        """Open an agreement with both; the arguments are those of `open_agreement`.

        Raises `Refused` if both refuse with the same code, `Disagreement`, and `DefinitionError` for a rulebook.
        """
        try:
            agreement = open_agreement(**terms)
        except Refused as refused:
            code = _refusal(said_terms(**terms))
            if code != refused.code:
                raise Disagreement(f"the opening: library {refused.code}, oracle {code}: {terms}") from refused
            raise
        return cls(agreement)

    def decide(
        self, command: Command, *, by: str, at: datetime, key: str | None = None, actor: str | None = None
    ) -> Decision:
        """Give a command to both. Raises `Refused` if both refuse with the same code, and `Disagreement`."""
        step = f"{told(at)} {by}: {command}{f' key={key!r}' if key else ''}"
        arguments = self._arguments(command)

        def question(oracle: Oracle) -> Answer:
            return oracle.decide(named(command), arguments, by=by, at=at, key=key, actor=actor)

        try:
            decision = self.agreement.decide(command, by=by, at=at, key=key, actor=actor)
        except Refused as refused:
            self._take(refused.decision)
            self._ask(step, refused, refused.decision, question)
            self.story.append(f"{step} refused: {refused.code}")
            raise
        self._take(decision)
        self._ask(step, None, decision, question)
        self.story.append(step)
        return decision

    def advance(self, at: datetime) -> Decision:
        """Let time pass for both. Raises `Disagreement`."""
        decision = self.agreement.advance(at)
        self._take(decision)
        self._ask(f"{told(at)} time passes", None, decision, lambda oracle: oracle.advance(at))
        self.story.append(f"{told(at)} time passes")
        return decision

    def _take(self, decision: Decision | None) -> None:
        self.agreement = self.agreement if decision is None else decision.agreement

    def _ask(
        self, step: str, refused: Refused | None, decision: Decision | None, question: Callable[[Oracle], Answer]
    ) -> None:
        if self.oracle is None:
            return
        try:
            answer = question(self.oracle)
        except Unpredicted as unpredicted:
            self._give_up(unpredicted)
            return
        code = refused and refused.code
        if code != answer.refused and UNSETTLED in (code, answer.refused):
            self._give_up(Unpredicted("a value that the rulebook does not settle"))
            return
        self._compare(step, _answers(answer, refused, decision))

    def _give_up(self, unpredicted: Unpredicted) -> None:
        self.unpredicted[str(unpredicted)] += 1
        self.oracle = None

    def _compare(self, step: str, said: Said) -> None:
        if self.oracle is None:
            return
        for what, (library, oracle) in (said | _states(self.agreement, self.oracle)).items():
            if library != oracle:
                raise Disagreement(_difference(step, what, library, oracle, self.story))
        self.compared += 1

    def _arguments(self, command: Command) -> dict[str, Any]:
        """What a command says, as plain data. A digest of terms is said as the terms of which it is one."""
        found = {name: plain(getattr(command, name)) for name in command.fields()}
        found["milestone"] = command.milestone
        if isinstance(command, milestone.Accept) and isinstance(command.terms, str):
            found["terms"] = self._written_out(command.milestone, command.terms)
        return found

    def _written_out(self, id_: str, digest: str) -> Any:
        if id_ not in self.agreement.milestones or self.agreement.pot(id_).milestone.digest != digest:
            return digest
        proposed = next((e for e in self.agreement.events() if e.milestone == id_ and e.word in INCLUDED), None)
        return {name: plain(getattr(proposed, name)) for name in ("price", "title", "due", "release_when")}


#: The events with which a milestone begins: they say its terms.
INCLUDED = ("proposed", "included")

#: What the sources do not settle refuses a move in both accounts, but not always at the same place in the order.
UNSETTLED = "unknown-rulebook-value"

#: What each side says, by its name: the library's, the oracle's.
Said = dict[str, tuple[Any, Any]]


def told(at: datetime) -> str:
    """An instant, to the microsecond."""
    return f"{at:%Y-%m-%d %H:%M:%S.%f}"


def named(command: Command) -> str:
    """A command as in a story: `escrow.deposit`."""
    return f"{command.machine}.{command.word}"


def plain(value: Any) -> Any:
    """A value as plain data: an amount as minor units with its currency, a condition as in TOML, a period as text."""
    if isinstance(value, Money):
        return (value.minor, value.currency)
    if isinstance(value, Period):
        return str(value)
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value.data() if hasattr(value, "data") else value


def terms_of(agreement: Agreement) -> dict[str, Any]:
    """The terms of an agreement that was just opened, as plain data for the oracle.

    The rules are those that were said, before anything is filled in. Raises `BadArgument` for an agreement with a past.
    """
    opened: Any = agreement.history[0].event
    return {
        "rulebook": {"applies_from": opened.rulebook.applies_from, **plain(opened.rulebook.data)},
        "parties": dict(opened.parties),
        "currency": opened.currency,
        "rail": opened.rail,
        "facts": {"billed_before": plain(opened.billed_before)},
        "milestones": [
            {name: plain(getattr(terms, name)) for name in ("id", "price", "title", "due", "release_when", "rules")}
            for terms in opened.terms
        ],
        "at": opened.at,
        "currencies": EXPONENTS,
    }


def said_terms(
    *,
    rulebook: Any,
    parties: Mapping[str, str],
    currency: str,
    milestones: Iterable[Any],
    at: datetime,
    rules: Mapping[str, Any] | None = None,
    billed_before: Any = None,
    rail: str = "instant",
    near: Path | None = None,
) -> dict[str, Any]:
    """The terms of an opening as they are said, as plain data for the oracle."""
    book = load(rulebook, near).override(rules or {})
    said = [dict(zip(("id", "price"), one, strict=True)) if isinstance(one, tuple) else one for one in milestones]
    return {
        "rulebook": {"applies_from": book.applies_from, **plain(book.data)},
        "parties": dict(parties),
        "currency": currency,
        "rail": rail,
        "facts": {"billed_before": {} if billed_before is None else {currency: plain(billed_before)}},
        "milestones": [plain(one) for one in said],
        "at": at,
        "currencies": EXPONENTS,
    }


def _refusal(terms: Mapping[str, Any]) -> str | None:
    try:
        Oracle.open(terms)
    except Refusal as refusal:
        return refusal.code
    return None


def entries_of(entries: Iterable[Entry]) -> tuple[Moved, ...]:
    """Entries as the oracle tells them."""
    return tuple(
        (entry.condition, entry.kind and entry.kind.value, summed(_line(line) for line in entry.lines))
        for entry in entries
    )


def _line(line: Any) -> Line:
    return (line.source, line.target, line.amount.minor, line.amount.currency)


def events_of(events: Iterable[Event]) -> tuple[str, ...]:
    """Events as the oracle tells them."""
    return tuple(f"{event.machine}.{event.word} {event.milestone}".rstrip() for event in events)


def _answers(answer: Answer, refused: Refused | None, decision: Decision | None) -> Said:
    return {
        "refused": (refused and refused.code, answer.refused),
        "events": (events_of(decision.events) if decision else (), answer.events),
        "entries": (entries_of(decision.entries) if decision else (), answer.entries),
    }


def _states(agreement: Agreement, oracle: Oracle) -> Said:
    balances = {(a, m.currency): m.minor for a, m in agreement.ledger.accounts() if m.minor}
    owed = {(*pair, m.currency): m.minor for c in agreement.currencies for pair, m in agreement.owed(c).items()}
    outcomes = {}
    for id_ in agreement.milestones:
        found = foresight.outcome(agreement, id_)
        if found is not None:
            outcomes[id_] = (found.kind.value, found.code, found.to)
    return {
        "states": (agreement.states(), oracle.states()),
        "balances": (balances, oracle.balances()),
        "outcomes": (outcomes, oracle.outcomes()),
        "owed": (owed, oracle.owed()),
    }


def _difference(step: str, what: str, library: Any, oracle: Any, story: list[str]) -> str:
    lines = [f"the {what} differ after: {step}", *_both(library, oracle), "what happened before:", *story[-60:]]
    return "\n  ".join(lines)


def _both(library: Any, oracle: Any) -> Iterator[str]:
    if isinstance(library, tuple) and isinstance(oracle, tuple):
        library, oracle = (dict(enumerate(one, 1)) for one in (library, oracle))
    if not (isinstance(library, Mapping) and isinstance(oracle, Mapping)):
        yield from (f"library: {library}", f"oracle:  {oracle}")
        return
    for key in sorted({*library, *oracle}):
        if library.get(key) != oracle.get(key):
            yield f"{key}: library {library.get(key)}, oracle {oracle.get(key)}"
