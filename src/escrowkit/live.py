"""Agreements for a host that lives with `transitions`: models with triggers, `may_…`, `is_…` and callbacks.

>>> from datetime import UTC, datetime
>>> from escrowkit import escrow, open_agreement
>>> now = datetime(2026, 3, 2, 9, tzinfo=UTC)
>>> deal = open_agreement(rulebook="standard@1", parties={"payer": "ada", "payee": "lin"}, currency="USD",
...                       milestones=[("m1", "20.00")], at=now)
>>> session = bind(deal)                                           # or bind(deal, "m1")
>>> work = session["m1"].milestone
>>> told = work.on_enter_submitted(lambda event: print("submitted", event.deliverable))
>>> paid = session.decide(escrow.Deposit("m1", "20.00"), by="payer", at=now)
>>> decision = work.submit(deliverable="v1", by="payee", at=now)
submitted v1
>>> work.is_submitted(), work.may_approve(deliverable="v1", by="payer", at=now)
(True, True)
>>> session.agreement is decision.agreement                        # the agreement after it: store this one
True

A trigger is a `decide`: it returns the `Decision` or raises the typed `Refused`, never a silent False. Callbacks run
after acceptance, when `session.agreement` already is the new one, for every event in its order: those of the deadlines
that passed, the command's own, those of the reactions. They are told and cannot take part, so money moves in no other
way. The shared `transitions` machines are only read; no model is ever added to them.

Commands that have no model yet (a new milestone's `Propose`) or speak of the whole agreement (`End`) go through
`session.decide`.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar, Final, overload

import attrs
from attrs import field, frozen

from escrowkit.agreement import Agreement, Decision
from escrowkit.doors import needed
from escrowkit.errors import BadArgument, EscrowError, Refused
from escrowkit.periods import instant
from escrowkit.pot import TABLES
from escrowkit.roles import CALLERS, role_of
from escrowkit.table import Command, Event, Table

Callback = Callable[[Any], object]


class CallbacksFailed(EscrowError, ExceptionGroup[Exception]):
    """Callbacks raised after a decision was accepted; `decision` stands, and every other callback was run.

    A group even of one, so that what a callback raised (a `Refused` of a command of its own, say) is never mistaken for
    the answer to the trigger.
    """

    key = "callbacks-failed"
    decision: Decision | None = None

    def derive(self, excs: Any) -> Any:
        """The same for a part of the group, as `except*` splits it."""
        part = CallbacksFailed(self.message, excs)
        part.decision = self.decision
        return part


@overload
def bind(bound: Agreement | Session) -> Session: ...
@overload
def bind(bound: Agreement | Session, milestone: str) -> Bound: ...


def bind(bound: Agreement | Session, milestone: str | None = None) -> Session | Bound:
    """A session over an agreement or, with a milestone, the models of that one.

    What is bound to one session shares it; an agreement gets a session of its own. Raises `UnknownMilestone`.
    """
    session = bound if isinstance(bound, Session) else Session(bound)
    return session if milestone is None else session[milestone]


class Session:
    """Holds the current agreement; everything bound to it shares it.

    The agreement is replaced only by what a decision accepted. Threads take turns, callbacks included. What a callback
    triggers is decided at once, and its own callbacks run after those that wait already.
    """

    def __init__(self, agreement: Agreement) -> None:
        if not isinstance(agreement, Agreement):
            raise BadArgument(f"an agreement is bound, not a value of type {type(agreement).__name__}", key="agreement")
        self._agreement = agreement
        self._turn = RLock()
        self._callbacks: dict[tuple[str, ...], list[Callback]] = {}
        self._waiting: deque[tuple[tuple[str, ...], Event]] = deque()
        self._running = False

    @property
    def agreement(self) -> Agreement:
        """The agreement as it is now."""
        return self._agreement

    def __getitem__(self, milestone: str) -> Bound:
        """The models of one milestone. Raises `UnknownMilestone`."""
        self._agreement.pot(milestone)
        return Bound(self, milestone)

    def __iter__(self) -> Iterator[str]:
        """The ids of the milestones, in their order."""
        return iter(self._agreement.milestones)

    def on_event(self, callback: Callback) -> Callback:
        """Call this with every event, before the callbacks that wait for this one in particular."""
        return self._register((), callback)

    def decide(
        self,
        command: Command,
        *,
        by: str,
        at: datetime,
        key: str | None = None,
        actor: str | None = None,
        engine: str = "compiled",
    ) -> Decision:
        """`Agreement.decide`; if it is accepted, this session holds what follows, and callbacks run.

        Raises the `Refused`; what the deadlines before it decided stands all the same, and is told to the callbacks.
        Raises `CallbacksFailed` when callbacks raise, after all of them ran (a refusal then has it as its `__cause__`).
        """
        with self._turn:
            try:
                decision = self._agreement.decide(command, by=by, at=at, key=key, actor=actor, engine=engine)
            except Refused as refused:
                if refused.decision is not None and (failed := self._accept(refused.decision, None)):
                    raise refused from failed
                raise
            return self._told(decision, command)

    def advance(self, to: datetime, *, engine: str = "compiled") -> Decision:
        """`Agreement.advance`; this session then holds what follows, and callbacks run. Raises `CallbacksFailed`."""
        with self._turn:
            return self._told(self._agreement.advance(to, engine=engine), None)

    def _told(self, decision: Decision, command: Command | None) -> Decision:
        if failed := self._accept(decision, command):
            raise failed
        return decision

    def _accept(self, decision: Decision, command: Command | None) -> CallbacksFailed | None:
        """Hold what was accepted and run what waits for its events; inside a callback, they wait for their turn."""
        before, self._agreement = self._agreement, decision.agreement
        self._waiting.extend(_calls(before, decision.agreement, command))
        if self._running:
            return None
        self._running = True
        try:
            wrong = list(self._run())
        finally:
            self._running = False
            self._waiting.clear()
        if not wrong:
            return None
        failed = CallbacksFailed("callbacks failed; the decision before them stands", wrong)
        failed.decision = decision
        return failed

    def _run(self) -> Iterator[Exception]:
        """Run what waits; an exception is kept for the end, so that one callback cannot silence another."""
        while self._waiting:
            hook, event = self._waiting.popleft()
            for callback in tuple(self._callbacks.get(hook, ())):
                try:
                    callback(event)
                except Exception as error:
                    yield error

    def _register(self, hook: tuple[str, ...], callback: Callback) -> Callback:
        if not callable(callback) or inspect.iscoroutinefunction(callback):
            raise BadArgument(f"{callback!r} is no callback: a plain function of the event is needed", key="callback")
        self._callbacks.setdefault(hook, []).append(callback)
        return callback


@frozen
class Bound:
    """The models of one milestone. `dispute`, `mediation`, `arbitration` and `obligation` speak of the latest one."""

    session: Session
    id: str

    @property
    def agreement(self) -> Agreement:
        """The agreement as it is now."""
        return self.session.agreement

    def advance(self, to: datetime, *, engine: str = "compiled") -> Decision:
        """Let time pass in the whole agreement. See `Session.advance`."""
        return self.session.advance(to, engine=engine)

    @property
    def milestone(self) -> Model:
        """The work."""
        return MODELS["milestone"](self.session, self.id)

    @property
    def escrow(self) -> Model:
        """The money."""
        return MODELS["escrow"](self.session, self.id)

    @property
    def dispute(self) -> Model:
        """The latest dispute."""
        return MODELS["dispute"](self.session, self.id)

    @property
    def mediation(self) -> Model:
        """The latest mediation."""
        return MODELS["mediation"](self.session, self.id)

    @property
    def arbitration(self) -> Model:
        """The latest arbitration."""
        return MODELS["arbitration"](self.session, self.id)

    @property
    def obligation(self) -> Model:
        """The latest obligation; its commands take the oldest open one, or a `number`."""
        return MODELS["obligation"](self.session, self.id)

    @property
    def feedback(self) -> Model:
        """What the sides say of one another. Their conduct belongs to no milestone and has no model."""
        return MODELS["feedback"](self.session, self.id)


@frozen
class Model:
    """One machine of one milestone, read-only: its state and its triggers.

    Each machine has a class of its own (`MODELS`) with the methods that its table gives it: a trigger and a `may_…` for
    every command that people give, `is_…`, `on_enter_…` and `on_exit_…` for every state, `after_…` for every command.
    Registering returns the callback, so it decorates too.
    """

    table: ClassVar[Table[Any]]

    _session: Session = field(repr=False)
    _milestone: str

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Any]: ...

    @property
    def state(self) -> str | None:
        """The state; None if there is no such machine here (no dispute, say)."""
        return self._session.agreement.state(f"{self.table.name}.{self._milestone}")

    def trigger(
        self,
        command: str,
        /,
        *,
        by: str,
        at: datetime,
        key: str | None = None,
        actor: str | None = None,
        engine: str = "compiled",
        **said: Any,
    ) -> Decision:
        """Give a command by its name; `said` is what the command says. See `Session.decide`. Raises `Refused`."""
        return self._session.decide(self._command(command, said), by=by, at=at, key=key, actor=actor, engine=engine)

    def may_trigger(
        self, command: str, /, *, by: str, at: datetime, engine: str = "compiled", **said: Any
    ) -> bool:  # fmt: skip
        """Whether this very call would be accepted; nothing changes. See `why_not`."""
        return self.why_not(command, by=by, at=at, engine=engine, **said) is None

    def why_not(
        self, command: str, /, *, by: str, at: datetime, engine: str = "compiled", **said: Any
    ) -> Refused | None:  # fmt: skip
        """The refusal that this very call would meet, or None; nothing changes.

        Raises `BadArgument` for a question that cannot be asked: no such command or argument, one that is missing, a
        naive instant.
        """
        asked, now = self._command(command, said), instant(at)
        try:
            self._session.agreement.decide(asked, by=by, at=now, engine=engine)
        except Refused as refused:
            return refused
        return None

    def _command(self, word: str, said: dict[str, Any]) -> Command:
        kind = self.table.commands.get(needed("command", word, str))
        if kind is None or word not in _TRIGGERS[self.table.name]:
            known = ", ".join(_TRIGGERS[self.table.name])
            raise BadArgument(f"{word!r} is no command of a {self.table.name}; there are: {known}.", key="command")
        fields = _fields(kind)
        unknown = sorted(set(said) - {spec.name for spec in fields})
        if unknown:
            raise BadArgument(f"{self.table.name}.{word} says no {', '.join(unknown)}.", key=unknown[0])
        missing = [spec.name for spec in fields if spec.default is attrs.NOTHING and spec.name not in said]
        if missing:
            raise BadArgument(f"{self.table.name}.{word} must say {', '.join(missing)}.", key=missing[0])
        return kind(self._milestone, **said)


# -- what is told ----------------------------------------------------------------------------------------------------


def _calls(before: Agreement, after: Agreement, command: Command | None) -> Iterator[tuple[tuple[str, ...], Event]]:
    """The hooks that each event of a decision calls, in order.

    A state is left and entered when what `state` shows changes: also when a dispute or a hold gives it back, but by no
    move within it, and by none below the platform's hold, which shows only when the hold is lifted.
    """
    records = after.history[len(before.history) :]
    own = next((r.event for r in records if r.decision == records[-1].decision), None) if command else None
    shown: dict[str, str | None] = {id_: before.state(f"escrow.{id_}") for id_ in before.lanes}
    for event in (record.event for record in records):
        yield (), event
        if event.machine not in TABLES:
            continue
        model = event.machine, event.milestone
        below = event.machine == "escrow" and event.before not in (None, shown.get(event.milestone))
        if not below and event.before != event.after:
            if event.before is not None:
                yield (*model, f"on_exit_{event.before}"), event
            yield (*model, f"on_enter_{event.after}"), event
            if event.machine == "escrow":
                shown[event.milestone] = event.after
        yield (*model, f"after_{command.word if command and event is own else _word(event)}"), event


def _word(event: Event) -> str:
    """The command that caused an event, by the table. What reactions and clocks cause is caused by one command only."""
    role = role_of(event.by)
    rows = (row for row in TABLES[event.machine].rows if row.event is type(event) and role in row.by)
    return next(row.command.word for row in rows if event.before in row.on)


# -- the models ------------------------------------------------------------------------------------------------------


def _fields(command: type[Command]) -> tuple[attrs.Attribute[Any], ...]:
    """What a command says, the milestone aside."""
    known: Any = command
    return tuple(spec for spec in attrs.fields(known) if spec.name != "milestone")


def _given(table: Table[Any]) -> tuple[str, ...]:
    """The commands that people give; the others are the clock's and the rules' alone."""
    return tuple(dict.fromkeys(row.command.word for row in table.rows if row.by & CALLERS))


_TRIGGERS: Final = {name: _given(table) for name, table in TABLES.items()}


def _model(name: str, table: Table[Any]) -> type[Model]:
    """The class of a machine's models, with the methods that its table gives it."""
    made: dict[str, Any] = {"__slots__": (), "__doc__": f"The {name} of one milestone, read-only.", "table": table}
    methods = [_trigger(table.commands[word]) for word in _TRIGGERS[name]]
    methods += [_may(word) for word in _TRIGGERS[name]]
    for state in (state.value for state in table.states):
        methods += [
            _is(state),
            _hook(f"on_enter_{state}", f"becomes {state}"),
            _hook(f"on_exit_{state}", f"was {state}"),
        ]
    methods += [_hook(f"after_{word}", f"was told {word!r}, by whomever") for word in table.commands]
    return type(f"{name.capitalize()}Model", (Model,), made | {method.__name__: method for method in methods})


def _trigger(command: type[Command]) -> Callable[..., Any]:
    says = ", ".join((*(spec.name for spec in _fields(command)), "by", "at"))

    def trigger(model: Model, /, **said: Any) -> Decision:
        return model.trigger(command.word, **said)

    return _named(
        trigger, command.word, f"{command.__doc__}\n\nTakes {says}; and key, actor, engine. Raises `Refused`."
    )


def _may(word: str) -> Callable[..., Any]:
    def may(model: Model, /, **said: Any) -> bool:
        return model.may_trigger(word, **said)

    return _named(may, f"may_{word}", f"Whether {word!r} would be accepted, said just so; nothing changes.")


def _is(state: str) -> Callable[..., Any]:
    def is_(model: Model) -> bool:
        return model.state == state

    return _named(is_, f"is_{state}", f"Whether it is {state} now.")


def _hook(name: str, when: str) -> Callable[..., Any]:
    def register(model: Model, callback: Callback) -> Callback:
        return model._session._register((model.table.name, model._milestone, name), callback)

    return _named(register, name, f"Call this with the event when it {when}.")


def _named(method: Callable[..., Any], name: str, words: str) -> Callable[..., Any]:
    method.__name__, method.__qualname__, method.__doc__ = name, f"Model.{name}", words
    return method


#: The class of the models of each machine.
MODELS: Final = {name: _model(name, table) for name, table in TABLES.items()}
