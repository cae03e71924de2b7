"""An agreement: opened under a rulebook that it keeps for life, changed only by decisions, each all or nothing.

`decide` may refuse; `evolve` never does, so old histories always replay. Both are pure: time comes in by the door as an
aware instant, and a refused or failing command leaves the old value untouched by construction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

from attrs import field, frozen

from escrowkit import arguments as arg
from escrowkit.books import book
from escrowkit.clocks import LAPSE, ORDER, Clock, running
from escrowkit.copying import changed
from escrowkit.errors import (
    BadAmount,
    BadArgument,
    BadTerms,
    BrokenBooks,
    KeyConflict,
    NotInForce,
    NotNow,
    NotYourMove,
    Refused,
    TimeRunsBackwards,
    UnknownMilestone,
    UnknownRulebookValue,
    shown,
)
from escrowkit.ledger import Entry, Ledger
from escrowkit.machines import arbitration, dispute, escrow, mediation, milestone, obligation
from escrowkit.money import Money, exponent
from escrowkit.periods import instant
from escrowkit.pot import TABLES, Case, Lane, Pot
from escrowkit.reactions import reactions
from escrowkit.roles import CALLERS, PARTY, PEOPLE, Role, role_of
from escrowkit.rulebook import Rulebook, load
from escrowkit.table import Command, Context, Event, Move

Engine = str
ENGINES: Final = ("compiled", "stock")


# -- what is said of the agreement itself ----------------------------------------------------------------------------


@frozen
class Restrict(Command):
    """Conduct: take a right such as writing or rating, or give it back. It touches neither money nor clocks."""

    milestone: str = field(default="", init=False)
    role: str = arg.text()
    right: str = arg.text()
    reason: str = arg.text()
    until: datetime | None = arg.moment(optional=True)


@frozen
class End(Command):
    """End every milestone that is still open, as if said one by one; all or nothing."""

    milestone: str = field(default="", init=False)
    reason: str = arg.text()


@frozen
class Terms:
    """The terms of one milestone at the opening."""

    id: str
    price: Money
    title: str | None
    due: datetime | None
    release_when: Any
    rules: Mapping[str, Any]


@frozen
class Opened(Event):
    """The agreement was opened: the resolved rulebook and its digest are part of it from here."""

    rulebook: Rulebook
    digest: str
    parties: Mapping[str, str]
    currency: str
    rail: str
    billed_before: Mapping[str, Money]
    terms: tuple[Terms, ...]


@frozen
class Restricted(Event):
    """A right was taken or given back."""

    role: str
    right: str
    reason: str
    until: datetime | None


@frozen
class Ended(Event):
    """A party ended every milestone that was still open."""

    reason: str


# -- what is stored --------------------------------------------------------------------------------------------------


@frozen
class Record:
    """One line of the history: an event and what it moved; `key` and `said` of the decision that it belongs to."""

    event: Event
    entries: tuple[Entry, ...]
    decision: int
    key: str | None = None
    said: str | None = None


@frozen
class Agreement:
    """The state of an agreement: frozen, equal when its histories are, made only by `open_agreement` and `decide`."""

    rulebook: Rulebook
    parties: Mapping[str, str]
    currency: str
    rail: str
    facts: Mapping[str, Money]
    at: datetime
    lanes: Mapping[str, Lane]
    ledger: Ledger = field(factory=Ledger)
    #: Per currency: what was released to the payee, gross, and the service fee taken of it.
    billed: Mapping[str, tuple[Money, Money]] = field(factory=dict)
    history: tuple[Record, ...] = field(default=(), repr=False)
    keys: Mapping[str, tuple[str, int]] = field(factory=dict, repr=False)
    seen_by: str | None = None

    # -- reading -------------------------------------------------------------------------------------------------

    @property
    def milestones(self) -> tuple[str, ...]:
        """The ids of the milestones, in their order."""
        return tuple(self.lanes)

    def pot(self, milestone: str, at: datetime | None = None) -> Pot:
        """One milestone with its money. Raises `UnknownMilestone`."""
        lane = self.lanes.get(milestone)
        if lane is None:
            known = ", ".join(self.lanes)
            raise UnknownMilestone(f"There is no milestone {shown(milestone)} here; there are: {known}.")
        return Pot(self, lane, at or self.at)

    def state(self, name: str) -> str | None:
        """The state of a machine by its name: `milestone.m1`, `escrow.m1`, `dispute.m1` (the latest), `dispute.m1/1`.

        None if there is none. Raises `BadArgument` for a name of no machine, `UnknownMilestone`.
        """
        machine, _, rest = name.partition(".")
        if machine not in TABLES:
            raise BadArgument(f"{shown(name)} names no machine; there are: {', '.join(TABLES)}")
        milestone, _, number = rest.partition("/")
        record = self._record(machine, self.pot(milestone).lane, number)
        return None if record is None else str(record.state.value)

    @staticmethod
    def _record(machine: str, lane: Lane, number: str) -> Any:
        if machine in ("milestone", "escrow"):
            return getattr(lane, machine)
        several = lane.obligations if machine == "obligation" else tuple(getattr(c, machine) for c in lane.cases)
        if not number:
            return several[-1] if several else None
        return several[int(number) - 1] if number.isdecimal() and 0 < int(number) <= len(several) else None

    def states(self) -> dict[str, str]:
        """Every machine's state by its name, milestone by milestone."""
        found: dict[str, str] = {}
        for id_, lane in self.lanes.items():
            for machine in ("milestone", "escrow"):
                record = getattr(lane, machine)
                if record is not None:
                    found[f"{machine}.{id_}"] = record.state.value
            for number, case in enumerate(lane.cases, 1):
                for machine in ("dispute", "mediation", "arbitration"):
                    record = getattr(case, machine)
                    if record is not None:
                        found[f"{machine}.{id_}/{number}"] = record.state.value
            found |= {f"obligation.{id_}/{n}": o.state.value for n, o in enumerate(lane.obligations, 1)}
        return found

    @property
    def currencies(self) -> tuple[str, ...]:
        """Every currency of its milestones."""
        return tuple(dict.fromkeys(lane.currency for lane in self.lanes.values()))

    def balance(self, account: str, currency: str | None = None) -> Money:
        """What stands on an account."""
        return self.ledger.balance(account, currency or self.currency)

    def net(self, name: str, currency: str | None = None) -> Money:
        """What one outside gained or lost so far."""
        return self.ledger.net(name, currency or self.currency)

    def held(self, currency: str | None = None) -> Money:
        """Everything still inside."""
        return self.ledger.held(currency or self.currency)

    def owed(self, currency: str | None = None) -> dict[tuple[str, str], Money]:
        """Open obligations in one currency, by (debtor, creditor)."""
        wanted = currency or self.currency
        found: dict[tuple[str, str], Money] = {}
        for lane in self.lanes.values():
            for one in lane.obligations:
                if one.state is obligation.S.OPEN and one.amount.currency == wanted:
                    pair = (one.debtor, one.creditor)
                    found[pair] = found.get(pair, Money(0, wanted)) + one.amount
        return found

    def billed_before(self, currency: str) -> Money:
        """What was billed before this agreement: a fact given at the opening."""
        return self.facts.get(currency, Money(0, currency))

    def events(self) -> tuple[Event, ...]:
        """Everything that happened."""
        return tuple(record.event for record in self.history)

    def entries(self) -> tuple[Entry, ...]:
        """Everything that moved."""
        return tuple(entry for record in self.history for entry in record.entries)

    def deadlines(self) -> tuple[tuple[datetime, str, Clock], ...]:
        """Every clock that runs, in the order in which they fire: due time, milestone, clock."""
        due = [
            (max(at, self.at), ORDER.index(clock.machine), place, clock.name, id_, clock)
            for place, id_ in enumerate(self.lanes)
            if self.lanes[id_].milestone is not None
            for at, clock in running(self.pot(id_))
        ]
        return tuple((at, id_, clock) for at, _, _, _, id_, clock in sorted(due, key=lambda d: d[:4]))

    # -- changing ------------------------------------------------------------------------------------------------

    def decide(
        self,
        command: Command,
        *,
        by: str,
        at: datetime,
        key: str | None = None,
        actor: str | None = None,
        engine: Engine = "compiled",
    ) -> Decision:
        """What follows if `by` gives this command at this instant: the agreement afterwards, the events, the entries.

        Deadlines due at or before `at` come first. Raises a `Refused`, which then carries what they decided. A command
        repeated under its `key` gives the recorded answer and changes nothing.
        """
        return decide(self, command, by=by, at=at, key=key, actor=actor, engine=engine)

    def advance(self, to: datetime, *, engine: Engine = "compiled") -> Decision:
        """Apply every deadline that is due at or before an instant, one by one, each at its own."""
        return advance(self, to, engine=engine)

    def verify(self) -> None:
        """Derive every entry again from the events. Raises `BrokenBooks` at the first that does not fit."""
        verify(self)


@frozen
class Decision:
    """What a command did: the agreement afterwards, the events in order, the entries that they caused.

    `repeated` says that this key was answered before: `answer` is what was recorded, and nothing happened now.
    """

    agreement: Agreement
    events: tuple[Event, ...] = ()
    entries: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()
    repeated: bool = False
    answer: tuple[Event, ...] = ()


# -- opening ---------------------------------------------------------------------------------------------------------

MilestoneTerms = tuple[str, arg.Amount] | Mapping[str, Any]
_TERMS: Final = frozenset({"id", "price", "title", "due", "release_when", "currency", "rules"})


def open_agreement(
    *,
    rulebook: str | Path | Rulebook,
    parties: Mapping[str, str],
    currency: str,
    milestones: Sequence[MilestoneTerms],
    at: datetime,
    rules: Mapping[str, Any] | None = None,
    billed_before: arg.Amount | None = None,
    rail: str = "instant",
    near: Path | None = None,
    engine: Engine = "compiled",
) -> Agreement:
    """Open an agreement.

    `parties` maps payer and payee to ids; a milestone is (id, price) or a mapping with id, price, title, due,
    release_when, currency and rules (overrides for itself alone); `rules` overrides single values, dotted; `rail` is
    `instant` or `slow`.
    Raises `NotInForce`, `BadTerms`, `BadArgument`, `WrongCurrency`, `BadAmount`, and `DefinitionError` for a rulebook.
    """
    start = instant(at)
    book_ = load(rulebook, near).override(rules or {}, "overrides")
    if book_.applies_from is not None and start < book_.applies_from:
        raise NotInForce(f"{book_.name} applies from {book_.applies_from:%Y-%m-%d}.", until=book_.applies_from)
    _check_parties(parties)
    if rail not in ("instant", "slow"):
        raise BadArgument(f"rail = {shown(rail)}: it is 'instant' or 'slow'", key="rail")
    terms = _read_terms(milestones, currency)
    lanes = {t.id: book_.override(t.rules, f"overrides of {t.id}") for t in terms}
    for t in terms:
        _check_terms(lanes[t.id], t)
    opened = Opened(
        "",
        book_,
        book_.digest,
        dict(parties),
        currency,
        rail,
        _read_billed(billed_before, currency),
        terms,
        by="rules",
        at=start,
        after="open",
    )
    agreement = evolve(None, Record(opened, (), 0))
    commands: deque[tuple[Command, str]] = deque(
        (milestone.Include(t.id, t.price, t.title, t.due, t.release_when), Role.RULES) for t in terms
    )
    return _settle(agreement, commands, start, None, engine, ()).agreement


def _read_billed(said: Any, currency: str) -> dict[str, Money]:
    """What was billed before, by currency."""
    if said is None:
        return {}
    before = said if isinstance(said, Money) else Money.parse(said, currency)
    if before.minor < 0:
        raise BadAmount(f"billed_before = {before}: it cannot be negative", key="billed_before")
    return {before.currency: before}


def _check_parties(parties: Mapping[str, str]) -> None:
    if not isinstance(parties, Mapping) or set(parties) != {"payer", "payee"}:
        raise BadArgument("parties name a payer and a payee", key="parties")
    for role, id_ in parties.items():
        if not isinstance(id_, str) or not id_.strip():
            raise BadArgument(f"parties.{role} = {shown(id_)}: an id is a text that is not empty", key="parties")
        if id_ != role and role_of(id_) is not None:
            raise BadTerms(f"parties.{role} = {shown(id_)}: this is the name of another role.", key="parties")
    if parties["payer"] == parties["payee"]:
        raise BadTerms(f"{parties['payer']!r} cannot be on both sides.", key="parties")


def _read_terms(milestones: Sequence[MilestoneTerms], currency: str) -> tuple[Terms, ...]:
    exponent(currency)
    if isinstance(milestones, (str, Mapping)) or not milestones:
        raise BadArgument("An agreement has at least one milestone.", key="milestones")
    terms = tuple(_one_terms(given, currency) for given in milestones)
    ids = [t.id for t in terms]
    if len(set(ids)) != len(ids):
        raise BadArgument(f"Milestone ids must differ: {', '.join(ids)}.", key="milestones")
    return terms


def _one_terms(given: MilestoneTerms, currency: str) -> Terms:
    if isinstance(given, tuple) and len(given) == 2:
        given = {"id": given[0], "price": given[1]}
    if not isinstance(given, Mapping) or not {"id", "price"} <= set(given) or set(given) - _TERMS:
        raise BadArgument(
            f"a milestone is (id, price) or a mapping with {', '.join(sorted(_TERMS))}, not {shown(given)}",
            key="milestones",
        )
    own = given.get("currency", currency)
    exponent(own)
    said = milestone.Propose(
        _id(given["id"]), given["price"], given.get("title"), given.get("due"), given.get("release_when")
    )
    checked = arg.check(said, own)
    if checked.wrong is not None:
        raise checked.wrong.where(milestone=said.milestone)
    propose = checked.command
    return Terms(
        propose.milestone,
        propose.price,
        propose.title,
        propose.due,
        propose.release_when,
        dict(given.get("rules") or {}),
    )


def _id(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or any(c in value for c in "/:. \t\n") or len(value) > 100:
        raise BadArgument(
            f"{shown(value)} is no id of a milestone: a short text without blanks, '/', ':' and '.' is needed", key="id"
        )
    return value


def _check_terms(rules: Rulebook, terms: Terms) -> None:
    """What can be seen at once to go wrong later: amounts in another currency, a fee that leaves nothing, limits."""
    rules.check_currency(terms.price.currency)
    least = rules.amount("money.min_milestone", terms.price.currency)
    most = rules.amount("money.max_milestone", terms.price.currency)
    if (least and terms.price < least) or (most and terms.price > most):
        raise BadAmount(f"{rules.name} has milestones from {least or '0'} to {most or 'any price'}.").where(
            milestone=terms.id
        )
    if rules.settled("escrow.service_fee.model"):
        tariff = rules.service_fee(terms.price.currency)
        if tariff is not None and tariff.of(terms.price) >= terms.price:
            raise BadTerms(f"The service fee of {tariff.of(terms.price)} leaves nothing of {terms.price}.", key="fee")
    limit, review = rules.values["escrow.hold_limit.within"], rules.values["milestone.review.within"]
    if getattr(limit, "exact", None) and getattr(review, "exact", None) and limit.exact <= review.exact:
        raise BadTerms(f"Money may be held for {limit} only, but a review takes {review}.", key="limit")


# -- deciding --------------------------------------------------------------------------------------------------------


def decide(
    agreement: Agreement,
    command: Command,
    *,
    by: str,
    at: datetime,
    key: str | None = None,
    actor: str | None = None,
    engine: Engine = "compiled",
) -> Decision:
    """What follows if `by` gives this command at this instant. See `Agreement.decide`."""
    _check_command(agreement, command)
    try:
        _check_call(by, key, actor, engine)
        said = f"{_name(agreement, by)} {_written(command)}"
        if key is not None and key in agreement.keys:
            return _repeat(agreement, key, said)
        wrong = None
        if command.machine != "agreement":
            checked = arg.check(command, _currency(agreement, command))
            command, wrong = checked.command, checked.wrong
        else:
            command = arg.check(command, agreement.currency).command
        now = _forward(agreement, at)
    except Refused as refused:
        raise _placed(refused, command, by) from None
    before = advance(agreement, now, engine=engine)
    try:
        done = _carry_out(before.agreement, command, wrong, by, now, actor, key, said, engine)
    except Refused as refused:
        refused.decision = before if before.events else None
        raise _placed(refused, command, by) from None
    return Decision(
        done.agreement, before.events + done.events, before.entries + done.entries, before.warnings + done.warnings
    )


def _placed(refused: Refused, command: Command, by: Any) -> Refused:
    """A refusal that says where; what was said wrongly is not repeated as a place."""
    names = {"milestone": command.milestone or None, "by": by}
    texts = {name: value for name, value in names.items() if isinstance(value, str)}
    return refused.where(machine=command.machine, command=command.word, **texts)


def _check_command(agreement: Agreement, command: Any) -> None:
    if agreement.seen_by is not None:
        raise BadArgument("A view shows what one role may see; decisions are made on the agreement itself.", key="view")
    if not isinstance(command, Command) or command.machine not in (*TABLES, "agreement"):
        raise BadArgument(f"{shown(command)} is no command", key="command")


def _check_call(by: Any, key: Any, actor: Any, engine: Any) -> None:
    if not isinstance(by, str) or not by:
        raise BadArgument(f"by = {shown(by)}: the name of a role is needed", key="by")
    for name, value in (("key", key), ("actor", actor)):
        if value is not None and (not isinstance(value, str) or not value):
            raise BadArgument(f"{name} = {shown(value)}: a text that is not empty is needed", key=name)
    if engine not in ENGINES:
        raise BadArgument(f"engine = {shown(engine)}: it is one of {', '.join(ENGINES)}", key="engine")


def _repeat(agreement: Agreement, key: str, said: str) -> Decision:
    """The recorded answer; the same key with another command is refused before any other rule."""
    recorded, number = agreement.keys[key]
    if recorded != said:
        raise KeyConflict(f"The key {key!r} was used for another command: {recorded}.")
    answer = tuple(record.event for record in agreement.history if record.decision == number)
    return Decision(agreement, repeated=True, answer=answer)


def _currency(agreement: Agreement, command: Command) -> str:
    """The currency of the milestone that a command names; a new one has the agreement's."""
    if not isinstance(command.milestone, str):
        raise BadArgument(f"milestone = {shown(command.milestone)}: the id of a milestone is needed", key="milestone")
    lane = agreement.lanes.get(command.milestone)
    if isinstance(command, milestone.Propose) and lane is None:
        _id(command.milestone)
        return agreement.currency
    return agreement.pot(command.milestone).currency if lane is None else lane.currency


def _forward(agreement: Agreement, at: datetime) -> datetime:
    now = instant(at)
    if now < agreement.at:
        raise TimeRunsBackwards(f"It is {agreement.at:%Y-%m-%d %H:%M:%S} already; {now:%Y-%m-%d %H:%M:%S} has passed.")
    return now


def _role(agreement: Agreement, by: str) -> Role | None:
    """The role behind a `by`: a role's name, or a party's id. The clock and the rules give no commands from outside."""
    named = next((Role(role) for role, id_ in agreement.parties.items() if id_ == by), None)
    role = named or role_of(by)
    return role if role in CALLERS else None


def _name(agreement: Agreement, by: str) -> str:
    """The name under which somebody acts: the role's, or a witness's own."""
    role = _role(agreement, by)
    return str(by if role in (None, Role.WITNESS) else role)


def _written(command: Command) -> str:
    """A command as it is remembered under its key."""
    try:
        return repr(command)
    except (ValueError, RecursionError) as error:
        # Python shows no whole number of more than 4300 digits, and nothing that is nested too deeply.
        raise BadArgument("the command says something that cannot be written down", key="command") from error


def _carry_out(
    agreement: Agreement, command: Command, wrong: Refused | None, by: str, at: datetime, actor: str | None,
    key: str | None, said: str, engine: Engine,
) -> Decision:  # fmt: skip
    role, name = _role(agreement, by), _name(agreement, by)
    mark = (key, said) if key is not None else ()
    if isinstance(command, Restrict):
        if role not in (Role.PLATFORM, Role.MEDIATOR):
            raise NotYourMove("This is for: mediator, platform.")
        restricted = Restricted(
            "", command.role, command.right, command.reason, command.until, by=name, at=at, actor=actor, after="open"
        )
        return _record(agreement, [restricted], mark)
    if isinstance(command, End):
        return _end(agreement, command, role, name, at, actor, mark, engine)
    return _settle(agreement, deque([(command, name)]), at, actor, engine, mark, wrong)


def _record(agreement: Agreement, events: list[Event], mark: tuple[str, ...]) -> Decision:
    number = _number(agreement)
    for event in events:
        agreement = evolve(agreement, Record(event, (), number, *mark))
    return Decision(agreement, tuple(events))


def _end(
    agreement: Agreement, command: End, role: Role | None, name: str, at: datetime, actor: str | None,
    mark: tuple[str, ...], engine: Engine,
) -> Decision:  # fmt: skip
    """Every open milestone as if said one by one; one refusal refuses all."""
    if role not in PARTY:
        raise NotYourMove("This is for: payee, payer.")
    said = [one for id_ in agreement.lanes if (one := _ending(agreement.pot(id_, at), role)) is not None]
    if not said:
        raise NotNow("No milestone is open that could be ended.", key="nothing-open")
    first = _record(agreement, [Ended("", command.reason, by=name, at=at, actor=actor, after="open")], mark)
    agreement, events, entries = first.agreement, first.events, first.entries
    for one in said:
        done = _settle(agreement, deque([(one, name)]), at, actor, engine, mark, number=_number(agreement) - 1)
        agreement, events, entries = done.agreement, events + done.events, entries + done.entries
    return Decision(agreement, events, entries, _warnings(agreement, events))


def _ending(pot: Pot, role: Role) -> Command | None:
    """What ends one milestone for this side: nothing, if it has ended or a request of its own already runs."""
    work = pot.milestone
    if pot.over or (work.state is milestone.S.CANCELLING and work.asked_by == role):
        return None
    if work.state is milestone.S.PROPOSED:
        own = work.proposer == role
        return milestone.Withdraw(pot.id) if own else milestone.Decline(pot.id)
    if role is Role.PAYER and pot.held:
        return milestone.RequestCancel(pot.id, pot.held)
    return milestone.Cancel(pot.id)


def _number(agreement: Agreement) -> int:
    return agreement.history[-1].decision + 1


def _settle(
    agreement: Agreement,
    commands: deque[tuple[Command, str]],
    at: datetime,
    actor: str | None,
    engine: Engine,
    mark: tuple[str, ...],
    wrong: Refused | None = None,
    number: int | None = None,
) -> Decision:
    """Carry out commands and all that follows from them, first in, first out, until none is left."""
    events: list[Event] = []
    entries: list[Entry] = []
    number = _number(agreement) if number is None else number
    while commands:
        command, name = commands.popleft()
        try:
            event, moved = _step(agreement, command, name, at, actor if name is not Role.RULES else None, engine, wrong)
        except UnknownRulebookValue as unknown:
            # Whoever set this off is told that the sources do not settle what follows from it.
            raise (UnknownRulebookValue(unknown.words) if name is Role.RULES else unknown) from None
        except Refused as refused:
            if name is Role.RULES:
                raise BrokenBooks(f"a reaction was refused: {refused}") from refused
            raise
        wrong = None
        agreement = evolve(agreement, Record(event, moved, number, *mark))
        events.append(event)
        entries.extend(moved)
        follow = list(reactions(agreement.pot(event.milestone, at), event))
        commands.extend((one, Role.RULES) for one in follow)
    return Decision(agreement, tuple(events), tuple(entries), _warnings(agreement, events))


def _step(
    agreement: Agreement, command: Command, name: str, at: datetime, actor: str | None, engine: Engine,
    wrong: Refused | None,
) -> tuple[Event, tuple[Entry, ...]]:  # fmt: skip
    """One command to one machine: the event that it causes, and what that moves."""
    lane = agreement.lanes.get(command.milestone) or Lane(command.milestone, agreement.currency, agreement.rulebook)
    pot = Pot(agreement, lane, at)
    table = TABLES[command.machine]
    record = _addressed(lane, command)
    # The clock and the rules are told by the `Role` itself: from outside come only names, and these two give no
    # commands.
    role = name if isinstance(name, Role) else _role(agreement, name)
    state = _layer(record, command, role)
    ctx: Context[Any] = Context(record, state, command, role, str(name), at, pot, actor)  # type: ignore[arg-type]
    try:
        move = table.choose(ctx, engine, wrong=wrong)
    except Refused as refused:
        if command.machine == "arbitration" and agreement.seen_by is None and _is_sealed(lane):
            state = _refuse_as_seen(agreement, command, name, at, actor, engine, wrong)
        raise refused.where(
            machine=command.machine, milestone=command.milestone, state=state, command=command.word, by=name
        ) from None
    event = _event(move, ctx)
    return event, book(pot, event)


def _event(move: Move, ctx: Context[Any]) -> Event:
    kind = cast(type[Event], move.row.event)  # a row that only waits is never chosen
    return kind.of(ctx, move.target.value)


#: Commands that create a case where the last one is over.
_CREATE: Final = (dispute.Open, mediation.Open, arbitration.Open, obligation.Open)


def _addressed(lane: Lane, command: Command) -> Any:
    """The record of the machine that a command speaks to; None for what it creates."""
    machine = command.machine
    if machine in ("milestone", "escrow"):
        return getattr(lane, machine)
    if machine == "obligation":
        return _obligation(lane, command)
    record = getattr(lane.cases[-1], machine) if lane.cases else None
    over = record is None or record.state in TABLES[machine].final
    return None if over and isinstance(command, _CREATE) else record


def _obligation(lane: Lane, command: Any) -> Any:
    if isinstance(command, obligation.Open):
        return None
    if command.number is not None:
        return lane.obligations[command.number - 1] if command.number <= len(lane.obligations) else None
    open_ = (o for o in lane.obligations if o.state is obligation.S.OPEN)
    return next(open_, lane.obligations[-1] if lane.obligations else None)


def _layer(record: Any, command: Command, role: Role | None) -> str | None:
    """The state that a command meets. Under the platform's hold people meet what lies below it (and are told to wait);
    so do facts of the provider and reactions for which the hold itself has no row."""
    if record is None:
        return None
    state: str = record.state.value
    if state != escrow.S.IMPOUNDED or len(record.stack) < 2:
        return state
    below = role in PEOPLE or (role in (Role.RULES, Role.PROVIDER) and not _knows(escrow.TABLE, state, type(command)))
    return str(record.stack[1].value) if below else state


def _knows(table: Any, state: str, command: type[Command]) -> bool:
    return any(state in row.on and row.command is command for row in table.rows)


def _warnings(agreement: Agreement, events: Iterable[Event]) -> tuple[str, ...]:
    """What the parties should know when a decision creates a risk."""
    found: list[str] = []
    for event in events:
        if isinstance(event, arbitration.Opened):
            stake = agreement.pot(event.milestone).stake
            if any(event.shares.get(side, stake) > stake for side in ("payer", "payee")):
                found.append("fee-exceeds-stake")
        if isinstance(event, milestone.Submitted) and agreement.pot(event.milestone).lacks:
            found.append("unfunded-work")
        if isinstance(event, milestone.DeemedApproved) and event.unsent:
            found.append("notices-unsent")
    return tuple(dict.fromkeys(found))


# -- time ------------------------------------------------------------------------------------------------------------


def advance(agreement: Agreement, to: datetime, *, engine: Engine = "compiled") -> Decision:
    """Apply every deadline that is due at or before an instant, each at its own. See `Agreement.advance`."""
    end = _forward(agreement, to)
    events: tuple[Event, ...] = ()
    entries: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()
    while (done := _next_lapse(agreement, end, engine)) is not None:
        agreement, events, entries = done.agreement, events + done.events, entries + done.entries
        warnings += done.warnings
    return Decision(agreement, events, entries, warnings)


def _next_lapse(agreement: Agreement, end: datetime, engine: Engine) -> Decision | None:
    """What the first deadline decides that is due; one whose answer the rulebook does not settle never fires."""
    for at, id_, clock in agreement.deadlines():
        if at > end:
            break
        lapse = LAPSE[clock.machine](id_, clock.name)
        try:
            return _settle(agreement, deque([(lapse, Role.CLOCK)]), at, None, engine, ())
        except UnknownRulebookValue:
            continue
        except Refused as refused:
            raise BrokenBooks(f"a clock that runs was refused: {refused}") from refused
    return None


# -- what is true afterwards -----------------------------------------------------------------------------------------

_EVOLVE: Final[Mapping[str, Any]] = {
    "milestone": milestone.evolve,
    "escrow": escrow.evolve,
    "dispute": dispute.evolve,
    "mediation": mediation.evolve,
    "arbitration": arbitration.evolve,
}


def evolve(agreement: Agreement | None, record: Record) -> Agreement:
    """The agreement after one more line of its history. Never refuses, so old histories always replay."""
    event = record.event
    if agreement is None:
        agreement = _opened(event)
    keys = agreement.keys
    if record.key is not None and record.key not in keys:
        keys = {**keys, record.key: (record.said or "", record.decision)}
    lanes, billed = agreement.lanes, agreement.billed
    if event.machine != "agreement":
        lane = lanes.get(event.milestone) or Lane(event.milestone, agreement.currency, agreement.rulebook)
        lanes = {**lanes, event.milestone: _lane(lane, event)}
        billed = _billed(billed, event)
    return changed(
        agreement,
        at=event.at,
        lanes=lanes,
        billed=billed,
        keys=keys,
        ledger=agreement.ledger.post(record.entries) if record.entries else agreement.ledger,
        history=(*agreement.history, record),
    )


def _opened(event: Any) -> Agreement:
    lanes = {t.id: Lane(t.id, t.price.currency, event.rulebook.override(t.rules)) for t in event.terms}
    return Agreement(event.rulebook, event.parties, event.currency, event.rail, event.billed_before, event.at, lanes)


def _lane(lane: Lane, event: Event) -> Lane:
    """The lane after an event: one record of it changed."""
    machine = event.machine
    touched: dict[str, Any] = {} if event.by in (Role.CLOCK, Role.RULES) else {"touched": event.at}
    if machine in ("milestone", "escrow"):
        record: Any = _EVOLVE[machine](getattr(lane, machine), event)
        return changed(lane, **{machine: record}, **touched)
    if machine == "obligation":
        return changed(lane, obligations=_obligations(lane, event), **touched)
    return changed(lane, cases=_cases(lane, event), **touched)


def _cases(lane: Lane, event: Event) -> tuple[Case, ...]:
    if event.machine == "dispute" and event.before is None:
        return (*lane.cases, Case(dispute.evolve(None, event)))
    case = lane.cases[-1]
    record: Any = _EVOLVE[event.machine](getattr(case, event.machine), event)
    return (*lane.cases[:-1], changed(case, **{event.machine: record}))


def _obligations(lane: Lane, event: Any) -> tuple[obligation.Obligation, ...]:
    if event.before is None:
        return (*lane.obligations, obligation.evolve(None, event))
    open_ = [n for n, o in enumerate(lane.obligations) if o.state is obligation.S.OPEN]
    place = event.number - 1 if event.number is not None else open_[0]
    after = obligation.evolve(lane.obligations[place], event)
    return (*lane.obligations[:place], after, *lane.obligations[place + 1 :])


def _billed(billed: Mapping[str, tuple[Money, Money]], event: Any) -> Mapping[str, tuple[Money, Money]]:
    """What was released to the payee so far, and the service fee of it; what goes back counts off."""
    moves: tuple[tuple[Money, Money, int], ...] = ()
    match event:
        case escrow.Disposed():
            moves = ((event.paid, event.fee, 1), (event.back, event.back_fee, -1))
        case escrow.ChargedBack() | escrow.ReleasedRefunded():
            moves = ((event.back, event.back_fee, -1),)
        case escrow.ChargeBackReversed():
            moves = ((event.charged.back, event.charged.back_fee, 1),)
        case escrow.Reclaimed():
            moves = ((event.amount, event.back_fee, -1),)
    for gross, fee, sign in moves:
        zero = Money(0, gross.currency)
        done, taken = billed.get(gross.currency, (zero, zero))
        after = (done + gross, taken + fee) if sign > 0 else (done - gross, taken - fee)
        billed = {**billed, gross.currency: after}
    return billed


def replay(records: Iterable[Record]) -> Agreement:
    """The agreement that a history makes: a fold of its records. Raises `BadArgument` for an empty one."""
    agreement: Agreement | None = None
    for record in records:
        agreement = evolve(agreement, record)
    if agreement is None:
        raise BadArgument("an empty history makes no agreement")
    return agreement


def verify(agreement: Agreement) -> None:
    """Derive every entry again from the events. Raises `BrokenBooks` at the first that does not fit."""
    now: Agreement | None = None
    for place, record in enumerate(agreement.history):
        event = record.event
        if now is not None and event.machine != "agreement":
            lane = now.lanes.get(event.milestone) or Lane(event.milestone, now.currency, now.rulebook)
            derived = book(Pot(now, lane, event.at), event)
            if derived != record.entries:
                raise BrokenBooks(f"record {place} ({event.machine}.{event.word}): {record.entries} is not {derived}")
        now = evolve(now, record)
    if now != agreement:
        raise BrokenBooks("the history makes another agreement than this one")


# -- what a role may see ---------------------------------------------------------------------------------------------


def view(agreement: Agreement, by: str) -> Agreement:
    """What a role may see: as if what is sealed had not happened yet. It can be read and forecast, not decided on.

    Who has paid a sealed deposit is shown to nobody but who paid until the window closes. Raises `BadArgument`.
    """
    if not isinstance(by, str) or (role_of(by) is None and by not in agreement.parties.values()):
        raise BadArgument(f"by = {shown(by)}: the name of a role is needed", key="by")
    name = _name(agreement, by)
    seen = [record for record in agreement.history if not _is_hidden(record.event, agreement, name)]
    return changed(_as_seen(_renumbered(seen)), seen_by=by)


def _is_hidden(event: Event, agreement: Agreement, name: str) -> bool:
    """Whether a payment of a fee is sealed still, and somebody else's."""
    if not isinstance(event, arbitration.FeePaid) or event.by == name:
        return False
    pot = agreement.pot(event.milestone)
    return event.case == pot.case and _is_sealed(pot.lane)


def _is_sealed(lane: Lane) -> bool:
    """Whether who has paid for the latest arbitration is hidden."""
    case = lane.cases[-1].arbitration if lane.cases else None
    return case is not None and case.sealed


def _refuse_as_seen(
    agreement: Agreement, command: Command, name: str, at: datetime, actor: str | None, engine: Engine,
    wrong: Refused | None,
) -> str | None:  # fmt: skip
    """Refuse by what this one may see, so that a refusal never tells what a view hides."""
    seen = view(agreement, name if role_of(name) else "provider")
    _step(seen, command, name, at, actor, engine, wrong)
    # Only who wants to pay a share that the other has paid for both learns that it is paid.
    return seen.state(f"arbitration.{command.milestone}")


def _renumbered(records: list[Record]) -> list[Record]:
    """The decisions counted without gaps, which would tell that something is hidden."""
    numbers = {old: new for new, old in enumerate(dict.fromkeys(record.decision for record in records))}
    return [changed(record, decision=numbers[record.decision]) for record in records]


def _as_seen(records: list[Record]) -> Agreement:
    """Replay what is seen; a payment that is seen without the one before it was the first."""
    half, funded = arbitration.S.HALF_FUNDED.value, arbitration.S.FUNDED.value
    now = evolve(None, records[0])
    for record in records[1:]:
        event = record.event
        if isinstance(event, arbitration.FeePaid) and event.before == half:
            shown = now.pot(event.milestone).arbitration
            if shown is not None and shown.state is arbitration.S.OFFERED:
                after = funded if event.share == "all" else half
                record = changed(record, event=changed(event, before=arbitration.S.OFFERED.value, after=after))
        now = evolve(now, record)
    return now


__all__ = [
    "Agreement",
    "Decision",
    "Record",
    "advance",
    "decide",
    "evolve",
    "open_agreement",
    "replay",
    "verify",
    "view",
]
