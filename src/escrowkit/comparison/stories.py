"""One story under other rulebooks: the same steps at the same instants, and what comes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import attrs
from attrs import asdict, frozen

from escrowkit import foresight
from escrowkit.agreement import Agreement
from escrowkit.doors import Every, door
from escrowkit.errors import EscrowError, Refused
from escrowkit.rulebook import Rulebook
from escrowkit.story import Played, Step, Story, play
from escrowkit.wording import reason, tell

#: Who is shown in any case; others if they gained or lost something.
ALWAYS: Final = ("payer", "payee", "platform")


@frozen
class Left:
    """Money that left an escrow: of which milestone, when, what it did, why (code, kind, words).

    `after` says that it was after the last step: by time alone.
    """

    milestone: str
    at: datetime
    what: str
    code: str
    kind: str
    why: str
    after: bool


@frozen
class Taken:
    """A step: which one, counted from 1, when, by whom, and the command."""

    step: int
    at: datetime
    by: str
    do: str


@frozen
class Stopped(Taken):
    """A step that was refused: with which code and words; `expected` says that the story itself has it refused."""

    code: str
    words: str
    expected: bool


@frozen
class Column:
    """What comes of a story under one rulebook.

    `refused` says why the agreement cannot be opened at all; then the rest is empty. `dates_ignored` says that the
    rulebook did not apply yet and was played all the same. `accepted` are steps that the story has refused and that
    this rulebook accepts.
    """

    name: str
    rulebook: str
    dates_ignored: bool = False
    refused: str | None = None
    #: By currency: what each side gained or lost, and what time alone never moves.
    nets: Mapping[str, Mapping[str, str]] = {}
    inside: Mapping[str, str] = {}
    left: tuple[Left, ...] = ()
    stopped: tuple[Stopped, ...] = ()
    accepted: tuple[Taken, ...] = ()
    states: Mapping[str, str] = {}

    @property
    def last(self) -> datetime | None:
        """When money left an escrow last."""
        return max((one.at for one in self.left), default=None)

    def told(self, start: datetime) -> Iterator[str]:
        """What there is to say of it, one sentence a line."""
        if self.dates_ignored:
            yield f"{self.rulebook} did not apply yet when this story begins; that was ignored."
        if self.refused is not None:
            yield f"The agreement cannot be opened: {self.refused}"
            return
        for one in self.left:
            alone = ", by time alone" if one.after else ""
            at, why = day(one.at, start), f"{one.why} [{one.code}, {one.kind}]"
            yield f"{one.milestone}, {at}{alone}: {one.what}, because {why}."
        if not self.left:
            yield "No money leaves an escrow."
        if self.inside:
            yield f"Time alone never moves what is still inside: {', '.join(self.inside.values())}."
        for step in self.stopped:
            if not step.expected:
                at = day(step.at, start)
                yield f"Refused: step {step.step} ({step.do} by {step.by}, {at}), as {step.code}: {step.words}"
        for taken in self.accepted:
            at = day(taken.at, start)
            yield f"Accepted here, though the story has it refused: step {taken.step} ({taken.do} by {taken.by}, {at})."

    @property
    def codes(self) -> tuple[str, ...]:
        """The reasons for which money left, each once."""
        return tuple(dict.fromkeys(one.code for one in self.left))


@frozen
class StoryComparison:
    """A story under several rulebooks, one column each."""

    title: str
    start: datetime
    last_step: datetime
    kept_rules: bool
    dropped: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Everybody whose money is shown, in one order."""
        found = (name for column in self.columns for nets in column.nets.values() for name in nets)
        return tuple(dict.fromkeys(found))

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies of the story, in their order."""
        return tuple(dict.fromkeys(currency for column in self.columns for currency in column.nets))

    def table(self) -> Iterator[tuple[str, ...]]:
        """The figures, one rulebook (and currency) a line, under a head: who gets what, when it is over, why."""
        yield "", *self.names, "inside", "over on", "because", "refused"
        for one in self.columns:
            if one.refused is not None:
                yield one.name, *["—"] * (len(self.names) + 2), "it cannot be opened", "—"
            for currency in one.nets:
                yield self._line(one, currency)

    def _line(self, one: Column, currency: str) -> tuple[str, ...]:
        nets = (_short(one.nets[currency].get(name, "0")) for name in self.names)
        name = one.name if len(self.currencies) == 1 else f"{one.name}, {currency}"
        refused = sum(not step.expected for step in one.stopped)
        over = day(one.last, self.start) if one.last else "never"
        why = ", ".join(one.codes).replace("_", " ") or "—"
        return name, *nets, _short(one.inside.get(currency, "—")), over, why, str(refused) if refused else "—"

    def data(self) -> dict[str, Any]:
        """As plain data, times as text."""
        return asdict(self, value_serializer=lambda _, __, v: v.isoformat() if isinstance(v, datetime) else v)


@door(story=Story, rulebooks=Every(Rulebook), engine=str)
def under(
    story: Story,
    rulebooks: Iterable[Rulebook],
    *,
    keep_rules: bool = False,
    keep_dates: bool = False,
    engine: str = "compiled",
) -> StoryComparison:
    """A story as it is told, and under each of these rulebooks, played to where time alone changes nothing any more.

    Its overrides are its own rulebook's, so they are dropped unless `keep_rules`. Who pays an arbitration fee pays what
    is due there. That a rulebook did not apply yet is
    ignored, and told, unless `keep_dates`.
    """
    told = _column(story, "as told", keep_dates=True, engine=engine)
    others = [book for book in rulebooks if story.rules or book.name != story.rulebook.name or _overridden(story)]
    columns = [
        _column(_with(story, book, keep_rules), book.name, keep_dates=keep_dates, engine=engine) for book in others
    ]
    dropped = () if keep_rules else (*story.rules, *(key for one in story.milestones for key in one.get("rules", ())))
    last = max((step.at for step in story.steps), default=story.start)
    return StoryComparison(story.title, story.start, last, keep_rules, tuple(dict.fromkeys(dropped)), (told, *columns))


def _overridden(story: Story) -> bool:
    return any(one.get("rules") for one in story.milestones)


def _with(story: Story, book: Rulebook, keep_rules: bool) -> Story:
    """The story's facts under another rulebook. What a fee comes to is no fact, so what is due is paid."""
    story = attrs.evolve(story, rulebook=book, steps=tuple(map(_paying_what_is_due, story.steps)))
    if keep_rules:
        return story
    plain = tuple({key: value for key, value in one.items() if key != "rules"} for one in story.milestones)
    return attrs.evolve(story, rules={}, milestones=plain)


def _paying_what_is_due(step: Step) -> Step:
    if step.do != "arbitration.pay_fee" or step.arguments.get("share", "own") != "own":
        return step
    return attrs.evolve(step, arguments={key: said for key, said in step.arguments.items() if key != "amount"})


def _column(story: Story, name: str, *, keep_dates: bool, engine: str) -> Column:
    book = story.rulebook
    early = book.applies_from is not None and story.start < book.applies_from
    ignored = early and not keep_dates
    if ignored:
        story = attrs.evolve(story, rulebook=attrs.evolve(book, applies_from=None))
    column = Column(name, book.name, ignored)
    try:
        played = play(attrs.evolve(story, expects=(), refused=None), engine=engine)
    except EscrowError as error:
        return attrs.evolve(column, refused=str(error))
    if played.agreement is None:
        return attrs.evolve(column, refused=_refusal(played.refused))
    last = max((step.at for step in story.steps), default=story.start)
    end = foresight.if_silent(played.agreement).agreement
    return attrs.evolve(
        column,
        nets={currency: dict(_nets(end, currency)) for currency in end.currencies},
        inside={currency: str(end.held(currency)) for currency in end.currencies if end.held(currency)},
        left=tuple(_left(end, last)),
        stopped=tuple(_stopped(played)),
        accepted=tuple(_accepted(played)),
        states=end.states(),
    )


def _refusal(refused: Refused | None) -> str:
    return f"{refused.code}: {refused.words}" if refused else ""


def _nets(end: Agreement, currency: str) -> Iterator[tuple[str, str]]:
    """What each side gained or lost in a currency."""
    world = {account.removeprefix("world:") for account, _ in end.ledger.accounts() if account.startswith("world:")}
    for name in (*ALWAYS, *sorted(world - set(ALWAYS))):
        net = end.net(name, currency)
        if net or name in ALWAYS:
            yield name, str(net)


def _short(money: str) -> str:
    """An amount without its currency."""
    return money.partition(" ")[0]


def _left(end: Agreement, last: datetime) -> Iterator[Left]:
    """Every time that money left an escrow, or a dispute gave what had left it."""
    events = end.events()
    for record in end.history:
        event = record.event
        for entry in record.entries:
            if entry.condition is not None and entry.kind is not None:
                why = reason(event, events)
                yield Left(event.milestone, event.at, tell(event), entry.condition, entry.kind, why, event.at > last)


def _stopped(played: Played) -> Iterator[Stopped]:
    for turn in played.turns:
        if turn.refused is not None and turn.step is not None:
            step, number = turn.step, _number(played.story, turn.step)
            words = turn.refused.words
            yield Stopped(number, step.at, step.by, step.do, turn.refused.code, words, step.refused is not None)


def _accepted(played: Played) -> Iterator[Taken]:
    """Steps that the story has refused, and that were accepted here."""
    for turn in played.turns:
        if turn.step is not None and turn.refused is None and turn.step.refused is not None:
            step = turn.step
            yield Taken(_number(played.story, step), step.at, step.by, step.do)


def _number(story: Story, step: Step) -> int:
    return next(number for number, one in enumerate(story.steps, 1) if one is step)


def day(at: datetime, start: datetime) -> str:
    """A day since the start; with its time, where that differs.

    >>> from datetime import UTC
    >>> day(datetime(2026, 3, 4, 9, tzinfo=UTC), datetime(2026, 3, 2, 9, tzinfo=UTC))
    'day 2'
    """
    whole, rest = divmod(at - start, timedelta(days=1))
    return f"day {whole}" + (f" +{rest.seconds // 3600}:{rest.seconds % 3600 // 60:02}" if rest else "")


__all__ = ["Column", "Left", "Stopped", "StoryComparison", "Taken", "day", "under"]
