"""Every public door of the library with arguments that it takes, and things that nobody should hand in at any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import attrs
from attrs import field, frozen

import escrowkit as ek
from escrowkit import (
    chain,
    codec,
    comparison,
    conditions,
    drawing,
    evidence,
    foresight,
    lint,
    live,
    money,
    periods,
    proof,
    rulebook,
    story,
    trackrecord,
)
from escrowkit.agreement import Agreement, End, Restrict, open_agreement, replay, verify, view
from escrowkit.ledger import Entry, Kind, Ledger, Line
from escrowkit.money import Money, Tariff, parse_rate
from escrowkit.periods import Calendar, Period
from escrowkit.pot import MACHINES
from escrowkit.roles import Role
from escrowkit.rulebook import load
from escrowkit.table import Command
from helpers import START, contested, disputed, funded, hearing, submitted

# -- what nobody should hand in --------------------------------------------------------------------------------------


class Odd:
    """Something that cannot even be shown, and has no say in what it equals."""

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        raise RecursionError

    def __eq__(self, other: object) -> bool:
        raise TypeError("it is like nothing")


class Text(str):
    """A text of a kind of its own."""

    __slots__ = ()


class Whole(int):
    """A whole number of a kind of its own."""


class Nowhere(tzinfo):
    """A zone that does not say what it is."""

    def utcoffset(self, at: datetime | None) -> timedelta | None:
        return None

    dst = utcoffset

    def tzname(self, at: datetime | None) -> str | None:
        return None


def deep(levels: int = 10_000) -> list[Any]:
    """A list in a list in a list …"""
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


def deep_table(levels: int = 10_000) -> dict[str, Any]:
    """A table in a table in a table …"""
    nested: dict[str, Any] = {}
    for _ in range(levels):
        nested = {"all": [nested]}
    return nested


def itself() -> list[Any]:
    """A list that holds itself."""
    made: list[Any] = []
    made.append(made)
    return made


BERLIN = ZoneInfo("Europe/Berlin")
#: Things of every wrong kind. Where a door takes one of them, that is fine too; where it does not, it says so.
JUNK: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 10**400, -(10**400), Whole(5), 1.5, float("nan"), float("inf"), -0.0, complex(1, 1),
    Decimal("1.00"), Decimal("NaN"), Fraction(1, 3), b"payer", b"", bytearray(b"x"),
    "", " ", "\x00", "m1\x00", chr(0xD800), "\ufeff10.00", "１０.００", "1 000.00", "1,000.00", "10.00 USD", "payer", "9" * 5000,
    "../../etc/passwd", "m1/1", "a.b.c", "x" * 10_001, Text("payer"), Text("10.00"),
    [], [None], ["payer"], (), {}, {"payer": 1}, {1: 2}, {"a": {"b": []}}, set(), frozenset({"x"}), range(3), iter(()),
    deep(), deep_table(), itself(), object(), Odd(), Money, ValueError("x"), len, lambda *_: None, ...,
    Kind.MERITS, Role.PAYER, Role.CLOCK, Money(-1, "USD"), Money(10**60, "USD"), Money(1, "EUR"), Money(0, "JPY"),
    START, START.replace(tzinfo=None), START.date(), time(1), timedelta(days=1), timedelta.max, timedelta.min, timedelta(0),
    datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), datetime(1, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")),
    datetime(9999, 12, 31, 23, tzinfo=ZoneInfo("America/New_York")), datetime(2024, 3, 1, tzinfo=Nowhere()),
    datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1), datetime(2024, 3, 31, 2, 30, tzinfo=BERLIN), date(9999, 12, 31),
    Period.parse("100 years".replace("100 years", "36525 days")), Calendar(), ek.escrow.Deposit("m1", "1.00"), ek.escrow.Deposit,
)  # fmt: skip
#: What takes long to make or to read: tried where texts and bytes are read.
HUGE: tuple[Any, ...] = (
    "x" * 10_000_000,
    "9" * 10_000_000,
    "[" * 100_000,
    b"[" * 100_000,
    b"\xff" * 100_000,
    "=" * 100_000,
)


# -- the doors -------------------------------------------------------------------------------------------------------


@frozen
class Door:
    """A public callable, with arguments that it takes; `also` are arguments for which nothing wrong is tried."""

    name: str
    call: Callable[..., Any]
    good: Mapping[str, Any]
    also: Mapping[str, Any] = field(factory=dict)

    def __call__(self, **said: Any) -> Any:
        return self.call(**{**self.also, **self.good, **said})


STATES: Mapping[str, Agreement] = {
    "funded": funded().now,
    "submitted": submitted().now,
    "disputed": disputed().now,
    "contested": contested().now,
    "hearing": hearing().now,
}
NOW = STATES["contested"]
TERMS: Mapping[str, Any] = {
    "id": "m1", "price": "100.00", "title": "a title", "due": START + timedelta(days=9), "currency": "USD",
    "release_when": {"signed": "payer"}, "rules": {"milestone.review.within": "3 days"},
}  # fmt: skip
OPENING: Mapping[str, Any] = {
    "rulebook": "standard@1", "parties": {"payer": "ada", "payee": "lin"}, "currency": "USD", "milestones": [("m1", "100.00")],
    "at": START, "rules": {"milestone.review.notices": 0}, "billed_before": "1.00", "rail": "slow", "near": Path(), "engine": "stock",
}  # fmt: skip
SEALED = chain.seal(NOW.history, salt=lambda: bytes(16))
WORDY = next(one for one in SEALED if "$.event.reason" in one.texts)
DOSSIER = evidence.dossier(NOW, "m1")
STORY = story.read("award-split")
STORY_TEXT = (Path(ek.__file__).parent / "stories" / "award-split.toml").read_text(encoding="utf-8")
RULES = load("standard@1")
DOCUMENT = codec.to_document(NOW)
TEN = Money(1000, "USD")
TARIFF = Tariff(((None, parse_rate("10%")),), floor=Money(1, "USD"))
ENTRY = Entry((Line("world:payer", "escrow:m1", TEN),))
SIGNED = conditions.signed("payer")
RECORD = trackrecord.track_record([NOW], "ada")


def _of_agreements() -> Iterator[Door]:
    yield Door("agreement.open_agreement", open_agreement, OPENING)
    yield Door(
        "agreement.open_agreement(milestones)",
        lambda **terms: open_agreement(**{**OPENING, "milestones": [terms]}),
        TERMS,
    )
    yield Door(
        "agreement.open_agreement(pair)",
        lambda id, price: open_agreement(**{**OPENING, "milestones": [(id, price)]}),
        {"id": "m1", "price": "1.00"},
    )
    yield Door(
        "agreement.open_agreement(parties)",
        lambda **who: open_agreement(**{**OPENING, "parties": who}),
        {"payer": "ada", "payee": "lin"},
    )
    yield Door("agreement.replay", replay, {"records": NOW.history})
    yield Door("agreement.verify", verify, {"agreement": NOW})
    yield Door("agreement.view", view, {"agreement": NOW, "by": "payer"})
    for state, now in STATES.items():
        open_ = state in ("disputed", "contested", "hearing")
        offer = ek.dispute.Offer("m1", "1.00") if open_ else ek.escrow.Release("m1", "1.00")
        said = {"command": offer, "by": "payer", "at": now.at, "key": "k", "actor": "someone", "engine": "stock"}
        yield Door(f"agreement.Agreement.decide({state})", now.decide, said)
        yield Door(f"agreement.Agreement.advance({state})", now.advance, {"to": now.at, "engine": "stock"})
    asked: Mapping[str, Mapping[str, Any]] = {
        "pot": {"milestone": "m1", "at": NOW.at},  "state": {"name": "dispute.m1"},
        "balance": {"account": "escrow:m1", "currency": "USD"}, "net": {"name": "payer", "currency": "USD"}, "held": {"currency": "USD"},
        "owed": {"currency": "USD"}, "deadlines": {"to": NOW.at}, "conduct_of": {"role": "payer"}, "held_by_suspension": {"but": "payer"},
        "events": {}, "entries": {}, "verify": {}, "states": {}, "can_be_held": {},
    }  # fmt: skip
    for name, good in asked.items():
        yield Door(f"agreement.Agreement.{name}", getattr(NOW, name), good)


def _of_values() -> Iterator[Door]:
    yield Door("money.Money", Money, {"minor": 1, "currency": "USD"})
    yield Door("money.Money.parse", Money.parse, {"text": "1.00", "currency": "USD"})
    yield Door("money.Money.zero", Money.zero, {"currency": "USD"})
    yield Door("money.Money.allocate", TEN.allocate, {"weights": [1, 2]})
    yield Door("money.Money.allocate(weight)", lambda weight: TEN.allocate([1, weight]), {"weight": 1})
    yield Door("money.Money.portion", TEN.portion, {"rate": Fraction(1, 3)})
    yield Door("money.parse_rate", money.parse_rate, {"text": "10%"})
    yield Door(
        "money.Tariff",
        Tariff,
        {"tiers": ((TEN, Fraction(1, 5)), (None, Fraction(1, 9))), "fixed": TEN, "floor": TEN, "cap": TEN},
    )
    yield Door(
        "money.Tariff(tier)",
        lambda bound, rate: Tariff(((bound, rate), (None, rate))),
        {"bound": TEN, "rate": Fraction(1, 5)},
    )
    yield Door("money.Tariff.flat", Tariff.flat, {"rate": Fraction(1, 5)})
    yield Door("money.Tariff.of", TARIFF.of, {"amount": TEN})
    yield Door("money.Tariff.between", TARIFF.between, {"done": TEN, "more": TEN})
    yield Door("money.Tariff.describe", TARIFF.describe, {})
    yield Door("periods.Period", Period, {"exact": timedelta(days=1), "business_days": 0}, {"unit": "day"})
    yield Door("periods.Period.parse", Period.parse, {"text": "1 day"})
    yield Door("periods.Period.of", Period.of, {"value": "1 day"})
    yield Door("periods.Period.exactly", Period.exactly, {"length": timedelta(days=1)})
    yield Door(
        "periods.Calendar",
        Calendar,
        {"timezone": "UTC", "weekend": ("sat",), "holidays": [date(2024, 1, 1)], "country": "DE"},
    )
    yield Door(
        "periods.Calendar(day)",
        lambda end, day: Calendar(weekend=[end], holidays=[day]),
        {"end": "sat", "day": date(2024, 1, 1)},
    )
    calendar, period = Calendar("Europe/Berlin"), Period.parse("2 business days")
    yield Door("periods.Calendar.add", calendar.add, {"at": START, "period": period})
    yield Door("periods.Calendar.shift", calendar.shift, {"due": START, "pause": timedelta(days=1), "period": period})
    yield Door("periods.Calendar.is_business_day", calendar.is_business_day, {"day": date(2024, 1, 1)})
    yield Door("conditions.signed", conditions.signed, {"role": "payer"})
    yield Door("conditions.attested", conditions.attested, {"name": "roof", "by": "witness:dave"})
    yield Door("conditions.elapsed", conditions.elapsed, {"period": "1 day", "since": "active"})
    yield Door("conditions.all_of", lambda part: conditions.all_of(SIGNED, part), {"part": SIGNED})
    yield Door("conditions.any_of", lambda part: conditions.any_of(SIGNED, part), {"part": SIGNED})
    yield Door("conditions.at_least", lambda n, part: conditions.at_least(n, SIGNED, part), {"n": 1, "part": SIGNED})
    yield Door("conditions.AtLeast", lambda n, of: conditions.AtLeast(n, of).describe(), {"n": 1, "of": (SIGNED,)})
    yield Door("conditions.parse", conditions.parse, {"data": {"signed": "payer"}})
    for form, said in {
        "signed": "payer", "attested": "roof", "elapsed": "1 day", "all": [{"signed": "payer"}], "any": [{"signed": "payer"}],
    }.items():  # fmt: skip
        yield Door(f"conditions.parse({form})", lambda said, form=form: conditions.parse({form: said}), {"said": said})
    yield Door(
        "conditions.parse(at_least)",
        lambda n, of: conditions.parse({"at_least": n, "of": of}),
        {"n": 1, "of": [{"signed": "payer"}]},
    )
    yield Door("ledger.Line", Line, {"source": "world:payer", "target": "escrow:m1", "amount": TEN})
    yield Door(
        "ledger.Entry",
        Entry,
        {"lines": (Line("escrow:m1", "world:payer", TEN),), "condition": "awarded", "kind": Kind.MERITS},
    )
    yield Door("ledger.Ledger.post", Ledger().post, {"entries": [ENTRY]})
    held = Ledger().post([ENTRY])
    yield Door("ledger.Ledger.balance", held.balance, {"account": "escrow:m1", "currency": "USD"})
    yield Door("ledger.Ledger.held", held.held, {"currency": "USD"})
    yield Door("ledger.Ledger.net", held.net, {"name": "payer", "currency": "USD"})
    yield Door("ledger.Ledger.accounts", lambda: list(held.accounts()), {})
    yield Door("periods.instant", periods.instant, {"value": START})


def _of_rulebooks() -> Iterator[Door]:
    head = {
        "id": "x",
        "version": "1",
        "title": "x",
        "applies_from": date(2024, 1, 1),
        "open_ended": ["a.b"],
        "sources": {"s": "t"},
        "sure": {},
    }
    yield Door("rulebook.load", load, {"name": "standard@1", "near": Path()})
    yield Door("rulebook.build", rulebook.build, {"data": head, "where": "here"})
    yield Door("rulebook.build(head)", lambda **said: rulebook.build(said, "here"), head)
    yield Door("rulebook.available", rulebook.available, {})
    own = {"values": {"milestone.review.within": "3 days"}, "where": "here"}
    yield Door("rulebook.Rulebook.override", RULES.override, own)
    for name, good in {
        "settled": {"key": "milestone.start"}, "has": {"key": "milestone.start"}, "__getitem__": {"key": "milestone.start"},
        "within": {"part": "milestone.review"}, "amount": {"key": "money.min_milestone", "currency": "USD"}, "given": {"path": "milestone.start"},
        "service_fee": {"currency": "USD"}, "fees": {"currency": "USD"}, "arbitration_fee": {"currency": "USD"}, "check_currency": {"currency": "USD"},
        "source_of": {"path": "milestone.start"}, "written": {},
    }.items():  # fmt: skip
        yield Door(f"rulebook.Rulebook.{name}", _by_place(getattr(RULES, name)), good)
    for name in ("rows", "amounts"):
        yield Door(f"rulebook.Rulebook.{name}", lambda name=name: list(getattr(RULES, name)()), {})
    yield Door("lint.lint", lint.lint, {"rulebook": RULES})
    yield Door("comparison.compare", lambda rulebooks: comparison.compare(rulebooks), {"rulebooks": [RULES]})
    yield Door("comparison.compare(one)", lambda one: comparison.compare([RULES, one]), {"one": RULES})
    yield Door("comparison.pick", comparison.pick, {"name": "standard", "near": Path()})
    yield Door("comparison.newest", comparison.newest, {})
    under = {"story": STORY, "rulebooks": [RULES], "keep_rules": False, "keep_dates": False, "engine": "stock"}
    yield Door("comparison.under", comparison.under, under)
    side = comparison.compare([RULES])
    yield Door("comparison.Comparison.few", lambda most: list(side.few(most)), {"most": 1})
    yield Door("comparison.Comparison.at", side.at, {"step": side.steps[0]})
    yield Door("comparison.Comparison.markdown", side.markdown, {}, {"link": str})
    yield Door(
        "proof.prove", proof.prove, {"rulebook": "contra@undated", "size": proof.Size(price=1, unusual=0, states=5)}
    )
    yield Door("proof.prove_all", lambda names, size: proof.prove_all(names, size), {"names": [], "size": None})
    yield Door("proof.unreached", proof.unreached, {"proofs": []})
    yield Door("proof.in_days", proof.in_days, {"delta": timedelta(days=1)})
    sizes = {"milestones": 1, "price": 1, "unusual": 0, "states": 3, "depth": 2, "exact": False, "rail": "instant"}
    yield Door("proof.Size", lambda **size: proof.prove("contra@undated", proof.Size(**size)), sizes)


def _by_place(call: Callable[..., Any]) -> Callable[..., Any]:
    return lambda **said: call(*said.values())


def _of_documents() -> Iterator[Door]:
    yield Door("codec.dumps", codec.dumps, {"value": NOW})
    yield Door("codec.to_document", codec.to_document, {"value": NOW})
    yield Door("codec.loads", codec.loads, {"data": codec.dumps(ek.escrow.Deposit("m1", "1.00 USD"))})
    yield Door("codec.from_document", codec.from_document, {"document": DOCUMENT})
    yield Door("codec.schema", codec.schema, {"name": "command"})
    yield Door("codec.Erased", codec.Erased, {"sha256": "0" * 64})
    yield Door("chain.seal", chain.seal, {"records": NOW.history, "after": chain.GENESIS, "salt": lambda: bytes(16)})
    yield Door("chain.seal(record)", lambda record: chain.seal([record]), {"record": NOW.history[0]})
    yield Door("chain.verify", chain.verify, {"sealed": SEALED, "head": SEALED[0].head})
    yield Door("chain.verify(one)", lambda one: chain.verify([SEALED[0], one]), {"one": SEALED[1]})
    yield Door("chain.replay", chain.replay, {"sealed": SEALED, "head": SEALED[0].head})
    yield Door("chain.unseal", chain.unseal, {"sealed": SEALED[0]})
    yield Door(
        "chain.erase", lambda sealed, path: chain.erase(sealed, path), {"sealed": WORDY, "path": "$.event.reason"}
    )
    yield Door("chain.dumps", chain.dumps, {"sealed": SEALED})
    yield Door("chain.loads", chain.loads, {"lines": chain.dumps(SEALED)})
    for of in attrs.fields(type(SEALED[0])):
        yield Door(
            f"chain.Sealed.{of.name}",
            lambda said, name=of.name: chain.verify([attrs.evolve(SEALED[0], **{name: said})]),
            {"said": getattr(SEALED[0], of.name)},
        )
    yield Door(
        "chain.Head",
        lambda length, hash: chain.verify(SEALED, head=chain.Head(length, hash)),
        {"length": 1, "hash": SEALED[0].hash},
    )
    yield Door(
        "chain.Text",
        lambda salt, text: chain.dumps([attrs.evolve(SEALED[0], texts={"$.event.x": chain.Text(salt, text)})]),
        {"salt": "0" * 32, "text": "x"},
    )
    yield Door("evidence.dossier", evidence.dossier, {"agreement": NOW, "milestone": "m1", "number": 1})
    yield Door("evidence.verify", evidence.verify, {"file": DOSSIER, "head": None, "agreement": NOW})
    yield Door("evidence.Dossier.data", DOSSIER.data, {})
    yield Door(
        "trackrecord.track_record", trackrecord.track_record, {"agreements": [NOW], "party": "ada", "side": "payer"}
    )
    yield Door("trackrecord.track_record(one)", lambda one: trackrecord.track_record([NOW, one], "ada"), {"one": NOW})
    yield Door("trackrecord.of", trackrecord.of, {"agreement": NOW, "side": "payer"})
    yield Door("trackrecord.merge", trackrecord.merge, {"records": [RECORD]})
    yield Door("trackrecord.percent", trackrecord.percent, {"share": Fraction(1, 3)})
    yield Door("trackrecord.TrackRecord.count", RECORD.count, {"name": trackrecord.NAMES[0]})
    yield Door("trackrecord.TrackRecord.share", RECORD.share, {"name": trackrecord.NAMES[0], "least": 1})
    yield Door("trackrecord.TrackRecord.text", RECORD.text, {"name": trackrecord.NAMES[0], "least": 1})
    yield Door("trackrecord.TrackRecord.data", RECORD.data, {"least": 1})


def _of_side_doors() -> Iterator[Door]:
    for state, now in STATES.items():
        one = {"agreement": now, "milestone": "m1", "by": "payer", "at": now.at}
        yield Door(f"foresight.due({state})", foresight.due, {"agreement": now})
        yield Door(f"foresight.options({state})", foresight.options, one)
        yield Door(f"foresight.option({state})", foresight.option, {**one, "command": "dispute.offer"})
        yield Door(
            f"foresight.if_silent({state})", foresight.if_silent, {"agreement": now, "at": now.at, "by": "payer"}
        )
        yield Door(f"foresight.silence({state})", foresight.silence, {"agreement": now, "milestone": "m1"})
        yield Door(f"foresight.stakes({state})", foresight.stakes, one)
        yield Door(
            f"foresight.plays({state})",
            foresight.plays,
            {**one, "win": "50%", "other_wins": "50%", "other_pays": "10%"},
        )
        yield Door(
            f"foresight.explain({state})", foresight.explain, {"agreement": now, "milestone": "m1", "by": "payer"}
        )
        yield Door(f"foresight.outcome({state})", foresight.outcome, {"agreement": now, "milestone": "m1"})
        yield Door(f"foresight.outcomes({state})", foresight.outcomes, {"agreement": now, "milestone": "m1"})
        yield Door(f"foresight.exposure({state})", foresight.exposure, {"agreement": now, "currency": "USD"})
        yield Door(f"foresight.ended({state})", foresight.ended, {"agreement": now, "milestone": "m1"})
    yield Door("foresight.percent", foresight.percent, {"share": Fraction(1, 3)})
    yield Door("foresight.chance_of", foresight.chance_of, {"said": "50%"})
    game = foresight.plays(STATES["hearing"], "m1", "payer")
    yield Door("foresight.Game.worth", game.worth, {"side": "payer"})
    for name in ("text", "mermaid", "data"):
        yield Door(f"foresight.Game.{name}", getattr(game, name), {})
    told = foresight.explain(NOW, "m1")
    yield Door("foresight.Explanation.text", told.text, {})
    yield Door("foresight.Explanation.data", told.data, {})
    yield Door("story.read", story.read, {"name": "award-split"})
    yield Door("story.parse", story.parse, {"text": STORY_TEXT, "file": "award-split.toml", "near": Path()})
    yield Door("story.play", story.play, {"story": STORY, "engine": "stock", "until": START})
    yield Door("story.rulebook_file", story.rulebook_file, {"rules": RULES})
    yield Door("story.written", lambda steps: story.written({"title": "x"}, [], steps), {"steps": []})
    yield Door("story.shipped", story.shipped, {})
    yield Door("story.since", story.since, {"start": START, "text": "2 days", "calendar": Calendar()})
    yield Door("story.command_of", story.command_of, {"step": STORY.steps[0], "agreement": NOW})
    path = {"table": MACHINES["escrow"], "rulebook": RULES, "format": "dot", "path": (), "now": "held"}
    yield Door("drawing.draw", drawing.draw, path)
    yield Door("drawing.overview", drawing.overview, {"rulebook": RULES, "format": "mermaid"})
    yield Door("live.bind", live.bind, {"bound": NOW, "milestone": "m1"})
    yield from _of_models()


def _of_models() -> Iterator[Door]:
    said = {"by": "payer", "at": NOW.at, "key": "k", "actor": "a", "engine": "stock"}

    def session() -> Any:
        return live.bind(NOW)

    yield Door(
        "live.Session.decide",
        lambda **call: session().decide(**call),
        {"command": ek.dispute.Offer("m1", "1.00"), **said},
    )
    yield Door(
        "live.Session.advance",
        lambda to, engine: session().advance(to, engine=engine),
        {"to": NOW.at, "engine": "stock"},
    )
    yield Door("live.Session.__getitem__", lambda id: session()[id], {"id": "m1"})
    yield Door(
        "live.Bound.advance",
        lambda to, engine: session()["m1"].advance(to, engine=engine),
        {"to": NOW.at, "engine": "stock"},
    )
    for name in ("trigger", "may_trigger", "why_not"):
        call = (
            {**said, "to_payee": "1.00"}
            if name == "trigger"
            else {"by": "payer", "at": NOW.at, "engine": "stock", "to_payee": "1.00"}
        )
        yield Door(
            f"live.Model.{name}",
            lambda word, name=name, **given: getattr(session()["m1"].dispute, name)(word, **given),
            {"word": "offer", **call},
        )


@cache
def doors() -> tuple[Door, ...]:
    """All of them."""
    return (*_of_agreements(), *_of_values(), *_of_rulebooks(), *_of_documents(), *_of_side_doors())


COMMANDS: tuple[type[Command], ...] = (
    *dict.fromkeys(row.command for table in MACHINES.values() for row in table.rows),
    Restrict,
    End,
)
