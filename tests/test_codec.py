"""Documents: what is written is read again, the same and in one way only; whatever is wrong is told with its place."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import os
import pickle
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import escrowkit as ek
from escrowkit import codec
from escrowkit.agreement import Agreement, Opened, Record, Terms
from escrowkit.codec import BadDocument, Erased
from escrowkit.codec.coder import Coder
from escrowkit.codec.erased import FREE_TEXT
from escrowkit.codec.shapes import COMMANDS, EVENTS, TYPES
from escrowkit.codec.versions import CURRENT, UPCASTERS
from escrowkit.errors import DefinitionError, Refused
from escrowkit.ledger import Entry, Kind, Line
from escrowkit.machines.escrow import Disposed
from escrowkit.money import Money
from escrowkit.periods import Period
from escrowkit.rulebook import Rulebook, build, load
from escrowkit.story import play, read, shipped
from escrowkit.table import Command, Event
from escrowkit.testing.chosen import ALL_COMMANDS, Dice, agreement, command, filled, moment, opening_moves, rulebook
from helpers import START, contested, disputed, funded


def _told(name: str) -> Agreement | None:
    return play(read(name)).agreement


LIVES: Mapping[str, Agreement] = {name: told for name in shipped() if (told := _told(name)) is not None}
HARD = 'Ångström 💶 "quoted" \\ \u2028 \x00 \x7f'


def drawn(seed: int, *, unknown: bool = False) -> Agreement | None:
    """A life of dice, as far as it goes; None where its terms are refused."""
    dice = Dice(seed)
    try:
        now = agreement(dice, rulebook(dice, ends=True, unknown=unknown))
    except Refused:
        return None
    for by, said in opening_moves(dice, now):
        now = _tried(now, said, by, now.at, None)
    for _ in range(25):
        at = moment(dice, now)
        by, said = command(dice, now, at)
        now = _tried(now, said, by, at, dice.pick([None, None, "k1", "k2"]))
    return now


def _tried(now: Agreement, said: Command, by: str, at: datetime, key: str | None) -> Agreement:
    try:
        return now.decide(said, by=by, at=at, key=key).agreement
    except Refused as refused:
        return refused.decision.agreement if refused.decision else now


def bad(document: Any) -> BadDocument:
    """How a document is refused."""
    with pytest.raises(BadDocument) as refused:
        codec.from_document(document)
    return refused.value


# -- what is written is read again -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LIVES)
def test_every_story_comes_back_from_its_bytes_and_is_written_as_the_same_bytes_again(name: str) -> None:
    data = codec.dumps(LIVES[name])
    again = codec.loads(data)
    assert again == LIVES[name]
    assert codec.dumps(again) == data
    again.verify()


@pytest.mark.parametrize("seed", range(60))
def test_every_life_comes_back_from_its_bytes(seed: int) -> None:
    now = drawn(seed, unknown=seed % 3 == 0)
    if now is None:
        return
    data = codec.dumps(now)
    assert codec.loads(data) == now
    assert codec.dumps(codec.loads(data)) == data
    assert codec.loads(data).keys == now.keys
    codec.loads(data).verify()


def test_a_life_goes_on_after_it_came_back_as_if_it_had_never_been_away() -> None:
    job = contested({"dispute.stages": ["arbitration"], "arbitration.fee.model": "shares"} | FEES)
    again: Agreement = codec.loads(codec.dumps(job.now))
    for by in ("payee", "payer"):
        pay = ek.arbitration.PayFee("m1", "own", "20.00")
        at = job.now.at
        assert again.decide(pay, by=by, at=at) == job.now.decide(pay, by=by, at=at)
        job(by, pay, at)
        again = codec.loads(codec.dumps(again.decide(pay, by=by, at=at).agreement))
    assert again.advance(again.at + timedelta(days=400)) == job.now.advance(job.now.at + timedelta(days=400))


FEES = {f"arbitration.fee.shares.{side}": "20.00 USD" for side in ("payer", "payee")}


@pytest.mark.parametrize("name", LIVES)
def test_each_record_event_and_entry_of_a_story_has_a_document_of_its_own(name: str) -> None:
    for record in LIVES[name].history:
        for value in (record, record.event, *record.entries):
            document = codec.to_document(value)
            assert codec.from_document(document) == value
            assert json.loads(codec.dumps(value)) == document


def test_the_order_of_names_and_blanks_of_a_document_do_not_matter() -> None:
    event = LIVES["award-split"].history[0].event
    loose = json.dumps(dict(reversed(codec.to_document(event).items())), indent=3)
    assert codec.loads(loose) == codec.loads(loose.encode()) == event


@pytest.mark.parametrize("seed", range(40))
def test_commands_come_back_with_their_amounts_and_periods_read(seed: int) -> None:
    now = drawn(seed)
    if now is None:
        return
    dice = Dice(seed)
    pot = now.pot(now.milestones[0])
    for kind in ALL_COMMANDS:
        said = filled(dice, kind, pot)
        if any(getattr(said, name) is None for name in kind.fields() if _needed(kind, name)):
            continue
        document = codec.to_document(said)
        again = codec.from_document(document)
        assert type(again) is kind
        assert codec.to_document(again) == document
        texts = [name for name in kind.fields() if getattr(again, name) != getattr(said, name)]
        assert set(texts) <= {"period"}, (said, again)


def _needed(kind: Any, name: str) -> bool:
    return getattr(attrs.fields(kind), name).default is attrs.NOTHING


def test_an_amount_without_its_currency_stays_as_it_was_said() -> None:
    said = ek.escrow.Deposit("m1", "150")
    assert codec.to_document(said)["amount"] == "150"
    assert codec.loads(codec.dumps(said)) == said


def test_an_amount_with_its_currency_is_written_whole() -> None:
    document = codec.to_document(ek.escrow.Deposit("m1", "150 USD"))
    assert document["amount"] == "150.00 USD"
    assert codec.from_document(document).amount == Money(15000, "USD")


def test_terms_that_are_written_out_are_agreed_to_after_they_came_back() -> None:
    due = START + timedelta(days=9)
    when = ek.any_of(ek.signed("payer"), ek.elapsed("2 weeks"))
    job = funded()("payer", ek.milestone.Propose("m2", "20.00", "more", due, when))
    written = {"price": Money(2000, "USD"), "title": "more", "due": due, "release_when": when}
    accept = codec.loads(codec.dumps(ek.milestone.Accept("m2", written)))
    assert job("payee", accept).state("milestone.m2") == "agreed"


def test_a_proposal_may_say_its_release_condition_as_a_file_does() -> None:
    said = ek.milestone.Propose("m2", "20.00", None, None, {"elapsed": "2 weeks"})
    again = codec.loads(codec.dumps(said))
    assert again.release_when == ek.elapsed("14 days", "submitted")


def test_an_extension_may_say_its_period_in_weeks() -> None:
    assert codec.loads(codec.dumps(ek.dispute.Extend("m1", "review", "2 weeks", "ill"))).period == Period.parse(
        "14 days"
    )


# -- every class -----------------------------------------------------------------------------------------------------


def _kinds(root: type) -> set[type]:
    """Every class below a root that a module of the library has under a name."""
    modules = [module for name, module in sys.modules.items() if name.startswith("escrowkit.")]
    named = [value for module in modules for value in vars(module).values() if isinstance(value, type)]
    return {kind for kind in named if issubclass(kind, root) and kind is not root}


def test_every_event_and_every_command_of_the_library_has_a_type() -> None:
    assert _kinds(Event) - {Disposed} == set(EVENTS.values())
    assert _kinds(Command) == set(COMMANDS.values())


def test_no_two_classes_have_the_same_type() -> None:
    assert len(TYPES) == len(EVENTS) + len(COMMANDS) + 5
    assert len(set(TYPES.values())) == len(TYPES)


#: What names and decides, and is no free text: the rules read it, or it is an id, a reference, a digest or a code.
CODES = frozenset(
    {"milestone", "by", "actor", "before", "after", "key"}
    | {"id", "currency", "rail", "role", "right", "clock", "code", "cause", "to", "origin", "name"}
    | {"reference", "deposit", "deliverable", "digest", "terms", "case", "share", "order", "stage", "power", "paid"}
    | {
        "opener",
        "claimant",
        "debtor",
        "creditor",
        "mediator",
        "arbitrator",
        "source",
        "target",
        "condition",
        "costs_to",
    }
)


@pytest.mark.parametrize("kind", [*EVENTS.values(), *COMMANDS.values(), Terms, Record, Entry, Line])
def test_every_text_is_either_what_people_wrote_or_what_rules_read(kind: type) -> None:
    hints = typing.get_type_hints(kind)
    texts = {name for name in _names(kind) if hints[name] in (str, str | None)}
    assert not texts - FREE_TEXT - CODES
    assert not FREE_TEXT & CODES


def _names(kind: Any) -> Iterator[str]:
    return (spec.name for spec in attrs.fields(kind) if spec.init)


def sample(hint: Any, *, bare: bool) -> Any:
    """A value of a type that is hard to write; with `bare`, nothing where nothing may be."""
    args = typing.get_args(hint)
    if type(None) in args:
        rest = [arg for arg in args if arg is not type(None)]
        return None if bare else sample(rest[0], bare=bare)
    simple: dict[Any, Any] = {
        str: HARD,
        int: -7,
        bool: True,
        Money: Money(-5, "KWD"),
        Period: Period.parse("3 business days"),
        str | Period: Period.parse("15 minutes"),
        datetime: datetime(2026, 3, 2, 9, 0, 0, 1, tzinfo=UTC),
        Kind: Kind.MERITS,
        Rulebook: load("standard@1"),
        Any: None if bare else ek.at_least(1, ek.attested(HARD, "witness:ö"), ek.elapsed("90 seconds")),
    }
    if hint in simple:
        return simple[hint]
    origin = typing.get_origin(hint)
    if origin is tuple:
        return () if bare else (sample(args[0], bare=bare),) * 2
    if origin is not None and issubclass(origin, Mapping):
        return {} if bare else {name: sample(args[1], bare=bare) for name in ("payer", "payee", HARD)}
    if hint in (ek.conditions.Signed, ek.conditions.Condition):
        return ek.all_of(ek.signed("payee"))
    return example(hint, bare=bare) if isinstance(hint, type) else sample(args[0], bare=bare)


def example(kind: Any, *, bare: bool) -> Any:
    """A value of a class whose fields are all hard to write."""
    hints = typing.get_type_hints(kind)
    hints |= {"rules": Mapping[str, str]} if kind is Terms else {}
    said = {name: sample(hints[name], bare=bare) for name in _names(kind)}
    if kind is Opened:
        said["digest"] = said["rulebook"].digest
    if kind is ek.milestone.Accept:
        said["terms"] = HARD
    return kind(**said)


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("kind", [*EVENTS.values(), *COMMANDS.values()], ids=lambda kind: f"{kind.machine}.{kind.word}")
def test_every_event_and_command_comes_back_whole_with_the_hardest_values(kind: type, bare: bool) -> None:
    value = example(kind, bare=bare)
    data = codec.dumps(value)
    assert codec.loads(data) == value
    assert codec.dumps(codec.loads(data)) == data


def test_the_order_in_which_shares_are_borne_is_kept_because_the_lines_of_an_entry_follow_it() -> None:
    shares = {"payee": Money(1, "USD"), "payer": Money(2, "USD")}
    event = ek.arbitration.FeesSettled(
        "m1", "m1/1", Money(3, "USD"), shares, shares, "arbitrator", by="rules", at=START, after="final"
    )
    again = codec.loads(codec.dumps(event))
    assert list(again.borne) == list(again.returned) == ["payee", "payer"]


# -- how values are written ------------------------------------------------------------------------------------------


def test_a_document_reads_like_this() -> None:
    assert codec.to_document(funded().now.history[-2]) == {
        "type": "record@1",
        "event": {
            "type": "escrow.deposited@1",
            "milestone": "m1",
            "by": "payer",
            "at": "2024-03-01T09:00:00.000000Z",
            "actor": None,
            "before": "empty",
            "after": "held",
            "amount": "350.00 USD",
            "reference": "pay-1",
            "processing_fee": "0.00 USD",
        },
        "entries": [
            {
                "type": "entry@1",
                "lines": [{"source": "world:payer", "target": "escrow:m1", "amount": "350.00 USD"}],
                "condition": None,
                "kind": None,
            }
        ],
        "decision": 2,
        "key": None,
        "said": None,
    }


@pytest.mark.parametrize("minor", [0, 1, -1, 100, -12345, 10**30 - 1, 3 * 10**30])
@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
def test_an_amount_has_its_currency_and_all_its_decimals(minor: int, currency: str) -> None:
    paid = ek.escrow.Reclaim("m1", Money(minor, currency))
    assert codec.to_document(paid)["amount"] == str(Money(minor, currency))
    assert codec.loads(codec.dumps(paid)) == paid


@pytest.mark.parametrize(
    "text",
    [
        *("150.0 USD", "150 USD", "150.000 USD", "0150.00 USD", "-0.00 USD", "150.00", "150.00 usd", "150.00 XXX"),
        *(
            "1.0 JPY",
            "150.00  USD",
            " 150.00 USD",
            "150.00 USD\n",
            "+1.00 USD",
            "1_0.00 USD",
            "١.00 USD",
            "NaN USD",
            "",
        ),
        "1" * 80 + ".00 USD",
    ],
)
def test_an_amount_is_read_in_no_other_form(text: str) -> None:
    refused = bad(codec.to_document(ek.escrow.Reclaim("m1", Money(1, "USD"))) | {"amount": text})
    assert (refused.path, refused.what.endswith("is no amount")) == ("$.amount", True)
    assert "150.00 USD" in refused.mend


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 3, 2, 9, tzinfo=UTC), "2026-03-02T09:00:00.000000Z"),
        (datetime(2026, 3, 2, 9, 0, 0, 1, tzinfo=UTC), "2026-03-02T09:00:00.000001Z"),
        (datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2026-03-02T03:30:00.000000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000000Z"),
        (datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_an_instant_is_written_in_utc_to_the_microsecond(at: datetime, text: str) -> None:
    paused = ek.agreement.Restrict("payer", "rating", "rude", at)
    assert codec.to_document(paused)["until"] == text
    assert codec.from_document(codec.to_document(paused)) == paused


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-02T09:00:00Z", "2026-03-02T09:00:00.000000+00:00", "2026-03-02 09:00:00.000000Z", "2026-03-02"),
        *("2026-02-30T09:00:00.000000Z", "2026-03-02T24:00:00.000000Z", "2026-03-02T09:00:60.000000Z", "now", ""),
    ],
)
def test_an_instant_is_read_in_no_other_form(text: str) -> None:
    refused = bad(codec.to_document(ek.agreement.Restrict("payer", "rating", "rude", START)) | {"until": text})
    assert refused.path == "$.until"


def test_a_period_is_read_in_the_one_form_in_which_it_is_written() -> None:
    event = example(EVENTS["dispute.extended"], bare=True)
    document = codec.to_document(event)
    assert document["period"] == "3 business days"
    for text in ("2 weeks", "1 days", "0 days", "soon", 3, None):
        assert bad(document | {"period": text}).path == "$.period"


def test_a_release_condition_is_read_in_the_one_form_in_which_it_is_written() -> None:
    document = codec.to_document(example(EVENTS["milestone.proposed"], bare=False))
    forms: tuple[Any, ...] = (
        {"elapsed": "2 weeks", "since": "submitted"},
        {"elapsed": "14 days"},
        {"at_least": 1, "of": [{"signed": "payer"}]},
        {"signed": "mediator"},
        {"signed": "payer", "by": "payer"},
        {"nobody": 1},
        {"at_least": True, "of": [{"signed": "payer"}]},
        [],
        "signed",
    )
    for form in forms:
        assert bad(document | {"release_when": form}).path == "$.release_when"


def test_the_canonical_bytes_are_utf8_without_blanks_their_names_in_order() -> None:
    data = codec.dumps(ek.milestone.RequestChanges("m1", "Größe, bitte 💶"))
    assert data.decode() == '{"milestone":"m1","reason":"Größe, bitte 💶","type":"milestone.request_changes@1"}'


def test_the_bytes_are_the_same_under_every_hash_seed_and_time_zone_and_without_asserts() -> None:
    script = (
        "import hashlib; from escrowkit import chain, codec; from escrowkit.story import play, read\n"
        "now = play(read('two-currencies')).agreement\n"
        "sealed = chain.seal(now.history, salt=lambda: bytes(16))\n"
        "print(hashlib.sha256(codec.dumps(now) + chain.dumps(sealed)).hexdigest())"
    )
    runs: tuple[tuple[str, str, list[str]], ...] = (("0", "UTC", []), ("1", "Asia/Kolkata", ["-O"]))
    found = {
        subprocess.run(
            [sys.executable, *flags, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone, flags in runs
    }
    assert len(found) == 1


def test_whoever_imports_the_library_does_not_wait_for_its_documents() -> None:
    script = "import sys, escrowkit; sys.exit('escrowkit.codec' in sys.modules or 'secrets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


# -- what is wrong ---------------------------------------------------------------------------------------------------

STORY = codec.to_document(LIVES["award-split"])


def changed(*path: str | int, to: Any = None, drop: bool = False) -> Any:
    """The document of a story with one thing in it changed, or left out."""
    document = copy.deepcopy(STORY)
    *steps, last = path
    node: Any = document
    for step in steps:
        node = node[step]
    if drop:
        del node[last]
    else:
        node[last] = to
    return document


FUNDED = next(n for n, r in enumerate(LIVES["award-split"].history) if isinstance(r.event, ek.escrow.Deposited))


@pytest.mark.parametrize(
    ("document", "path", "said"),
    [
        (changed("records", FUNDED, "entries", 0, "lines", 0, "amount", to="1.0 USD"), f"$.records[{FUNDED}].entries[0].lines[0].amount", "is no amount"),
        (changed("records", FUNDED, "entries", 0, "lines", 0, "amount", to="-1.00 USD"), f"$.records[{FUNDED}].entries[0].lines[0]", "positive amount"),
        (changed("records", FUNDED, "entries", 0, "lines", 0, "amount", to=150), f"$.records[{FUNDED}].entries[0].lines[0].amount", "150 is no amount"),
        (changed("records", FUNDED, "entries", 0, "lines", to={}), f"$.records[{FUNDED}].entries[0].lines", "an object is no list"),
        (changed("records", FUNDED, "entries", 0, "kind", to="good"), f"$.records[{FUNDED}].entries[0].kind", "agreement, procedure, merits, override"),
        (changed("records", FUNDED, "entries", 0, to=None), f"$.records[{FUNDED}].entries[0]", "null is no entry"),
        (changed("records", FUNDED, "entries", 0, "type", to="record@1"), f"$.records[{FUNDED}].entries[0].type", "entry@1 is needed"),
        (changed("records", FUNDED, "event", "amount", drop=True), f"$.records[{FUNDED}].event.amount", "the field is missing"),
        (changed("records", FUNDED, "event", "ammount", to=1), f"$.records[{FUNDED}].event.ammount", "no such field"),
        (changed("records", FUNDED, "event", "type", drop=True), f"$.records[{FUNDED}].event.type", "the field is missing"),
        (changed("records", FUNDED, "event", "type", to="escrow.deposit@1"), f"$.records[{FUNDED}].event.type", "did you mean 'escrow.deposited'?"),
        (changed("records", FUNDED, "event", "type", to="escrow.depositted@1"), f"$.records[{FUNDED}].event.type", "did you mean 'escrow.deposited'?"),
        (changed("records", FUNDED, "event", "type", to="escrow.deposited@2"), f"$.records[{FUNDED}].event.type", "later version"),
        (changed("records", FUNDED, "event", "type", to="escrow.deposited@0"), f"$.records[{FUNDED}].event.type", "a type with its version is needed"),
        (changed("records", FUNDED, "event", "type", to=["escrow.deposited@1"]), f"$.records[{FUNDED}].event.type", "a list is no type"),
        (changed("records", FUNDED, "event", to="deposited"), f"$.records[{FUNDED}].event", "'deposited' is no document"),
        (changed("records", FUNDED, "event", "by", to=7), f"$.records[{FUNDED}].event.by", "7 is no text"),
        (changed("records", FUNDED, "event", "by", to="\ud800"), f"$.records[{FUNDED}].event.by", "U+D800"),
        (changed("records", FUNDED, "decision", to=True), f"$.records[{FUNDED}].decision", "true is no whole number"),
        (changed("records", FUNDED, "decision", to=2**53), f"$.records[{FUNDED}].decision", "2**53 - 1"),
        (changed("records", FUNDED, "decision", to=1.0), f"$.records[{FUNDED}].decision", "1.0 is no whole number"),
        (changed("records", FUNDED, "said", to={"sha256": "f00"}), f"$.records[{FUNDED}].said", "no erased text"),
        (changed("records", FUNDED, "said", to={"sha256": "0" * 64, "text": ""}), f"$.records[{FUNDED}].said", "no erased text"),
        (changed("records", 0, "event", "terms", 0, "rules", to=[]), "$.records[0].event.terms[0].rules", "a list is no table"),
        (changed("records", 0, "event", "terms", 0, "rules", to={"calendar.holidays": ["1.5."]}), "$.records[0].event.terms[0].rules.calendar.holidays[0]", "is no date"),
        (changed("records", 0, "event", "terms", 0, "rules", to={"calendar.holidays": ["20260301"]}), "$.records[0].event.terms[0].rules.calendar.holidays[0]", "is no date"),
        (changed("records", 0, "event", "terms", 0, "rules", to={"calendar.holidays": [7]}), "$.records[0].event.terms[0].rules.calendar.holidays[0]", "is no date"),
        (changed("records", 0, "event", "terms", 0, "rules", to={"escrow.clearing": 1.5}), "$.records[0].event.terms[0].rules.escrow.clearing", "has no place here"),
        (changed("records", 0, "event", "terms", 0, "rules", to={"escrow.clearing": 2**60}), "$.records[0].event.terms[0].rules.escrow.clearing", "2**53 - 1"),
        (changed("records", 0, "event", "terms", 0, "rules", to={"escrow.clearing": "soon"}), "$.records[0]", "does not follow"),
        (changed("records", 0, "event", "parties", to={"payer": None}), "$.records[0].event.parties.payer", "null is no text"),
        (changed("records", 0, "event", "billed_before", to={"USD": "1.00 USD"}), "$.records[0].event.billed_before", "no list of pairs"),
        (changed("records", 0, "event", "billed_before", to=[["USD", "1.00 USD"]] * 2), "$.records[0].event.billed_before", "twice"),
        (changed("records", 0, "event", "billed_before", to=[["USD", "1"]]), "$.records[0].event.billed_before.USD", "no amount"),
        (changed("records", to=[]), "$.records[0]", "begins with agreement.opened"),
        (changed("records", 0, drop=True), "$.records[0]", "begins with agreement.opened"),
        (changed("records", 3, to=STORY["records"][0]), "$.records[3]", "opened once"),
        (changed("records", 1, drop=True), "$.records[", "does not follow"),
        (changed("records", FUNDED, drop=True), "$.records[", "does not follow"),
        (changed("records", to=None), "$.records", "null is no list"),
        (changed("type", to="agreements@1"), "$.type", "did you mean 'agreement'?"),
        (changed("type", drop=True), "$.type", "the field is missing"),
        ([], "$", "a list is no document"),
        (None, "$", "null is no document"),
        (True, "$", "true is no document"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place_and_a_mend(document: Any, path: str, said: str) -> None:
    refused = bad(document)
    assert refused.path.startswith(path)
    assert refused.path == path or path.endswith("[")
    assert said in str(refused)
    assert str(refused).startswith(f"{refused.path}: {refused.what}")


def test_a_command_is_refused_with_the_place_of_what_it_says_wrongly() -> None:
    deposit = codec.to_document(ek.escrow.Deposit("m1", "150"))
    for amount in (150, 150.0, "ten", "1.00 XXX", "1.001 USD", None, ["150"], True):
        assert bad(deposit | {"amount": amount}).path == "$.amount"
    propose = codec.to_document(ek.milestone.Propose("m1", "150"))
    assert bad(propose | {"release_when": {"signed": "nobody"}}).path == "$.release_when"
    assert bad(codec.to_document(ek.milestone.Accept("m1", "x")) | {"terms": 7}).path == "$.terms"
    assert bad(codec.to_document(ek.dispute.Extend("m1", "c", "1 day", "r")) | {"period": "soon"}).path == "$.period"
    assert bad(deposit | {"milestone": {"sha256": "0" * 64}}).path == "$.milestone"
    said = codec.to_document(ek.milestone.RequestChanges("m1", "words"))
    assert bad(said | {"reason": {"sha256": "0" * 64}}).path == "$.reason"


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ('{"type":"escrow.deposit@1","milestone":"m1","milestone":"m2","amount":"1","reference":null}', "$", "'milestone' twice"),
        ('{"type":"milestone.accept@1","milestone":"m1","terms":{"a":{"b":1,"b":2}}}', "$.terms.a", "'b' twice"),
        ('{"type":"milestone.accept@1","milestone":"m1","terms":{"a":[1,NaN]}}', "$.terms.a[1]", "the number NaN"),
        ('{"type":"milestone.accept@1","milestone":"m1","terms":{"a":-Infinity}}', "$.terms.a", "the number -Infinity"),
        ('{"type":"escrow.deposit@1","milestone":"m1","amount":150.00,"reference":null}', "$.amount", "the number 150.00 is no amount"),
        ('{"type":"escrow.deposit@1","milestone":1e3,"amount":"1","reference":null}', "$.milestone", "the number 1e3"),
        ('{"type":"escrow.deposit@1","milestone":"m1","amount":"1","reference":"\\ud800"}', "$.reference", "U+D800"),
        ('{"type":"milestone.accept@1","milestone":"m1","terms":{"\\udfff":1}}', "$.terms", "U+DFFF"),
        ('{"type":"milestone.accept@1","milestone":"m1","terms":' + "9" * 5000 + "}", "$", "too many digits"),
        ("[" * 100_000, "$", "nested too deeply"),
        ('{"type":"milestone.accept@1","milestone":"m1","terms":{"a":' + "[" * 900 + "]" * 900 + "}}", "$", "nested too deeply"),
        ('{"type":"entry@1"} {}', "$", "line 1, column 20"),
        ("", "$", "one whole JSON object is needed"),
        ("\ufeff{}", "$", "not JSON"),
        ("{'type': 1}", "$", "not JSON"),
        ('{"type":"a\tb"}', "$", "not JSON"),
        (b'{"type":"\xff"}', "$", "not UTF-8"),
        ('{"type":"entry@1"}'.encode("utf-16"), "$", "not UTF-8"),
    ],
    ids=range(18),
)  # fmt: skip
def test_json_that_is_cut_doubtful_or_inexact_is_refused(text: str | bytes, path: str, said: str) -> None:
    with pytest.raises(BadDocument) as refused:
        codec.loads(text)
    assert refused.value.path == path
    assert said in str(refused.value)


def test_no_beginning_of_a_document_passes_for_the_whole() -> None:
    data = codec.dumps(LIVES["award-split"].history[FUNDED])
    for length in range(len(data)):
        with pytest.raises(BadDocument):
            codec.loads(data[:length])


SCRAPS: st.SearchStrategy[Any] = st.sampled_from([
    *(None, True, 0, -1, 2**70, 1.5, "", "m1", "payer", "1.00 USD", "2024-03-01T09:00:00.000000Z", [], {}, [[]]),
    *({"sha256": "0" * 64}, {"type": "entry@1"}, "settled", "held", "agreement.opened@1", "14 days", "\ud800"),
])  # fmt: skip


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, part in inner:
        yield node, name
        yield from _places(part)


@settings(max_examples=250)
@given(data=st.data(), name=st.sampled_from(sorted(LIVES)))
def test_a_damaged_history_is_read_or_refused_but_never_breaks_the_reader(data: st.DataObject, name: str) -> None:
    document = codec.to_document(LIVES[name])
    document["records"] = copy.deepcopy(document["records"][: data.draw(st.integers(1, 12))])
    for _ in range(data.draw(st.integers(1, 3))):
        records = document["records"]
        one = data.draw(st.sampled_from(records)) if records else document
        holder, place = data.draw(st.sampled_from(list(_places(one))))
        match data.draw(st.sampled_from(["put", "drop", "double"])):
            case "put":
                holder[place] = copy.deepcopy(data.draw(SCRAPS))
            case "drop":
                del holder[place]
            case _ if isinstance(records, list):
                records.append(copy.deepcopy(one))
    with contextlib.suppress(BadDocument):
        assert isinstance(codec.from_document(document), Agreement)


# -- what cannot be written ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [None, 1, "text", Money(1, "USD"), START, [], {}, object(), Event, ek.signed("payer")]
)
def test_what_is_no_part_of_a_history_has_no_document_of_its_own(value: Any) -> None:
    with pytest.raises(BadDocument, match="has no document of its own"):
        codec.to_document(value)


def test_a_view_is_not_written_because_what_is_sealed_is_not_in_it() -> None:
    with pytest.raises(BadDocument, match="what payer may see"):
        codec.dumps(ek.view(funded().now, "payer"))


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: ek.escrow.Deposit("m1", 150), "$.amount"),  # type: ignore[arg-type]
    (lambda: ek.escrow.Deposit("m1", "ten"), "$.amount"),
    (lambda: ek.escrow.Deposit("m1", "1.00", 7), "$.reference"),  # type: ignore[arg-type]
    (lambda: ek.escrow.Deposit("m1", "1.00", "\udfff"), "$.reference"),
    (lambda: ek.escrow.Reclaim("m1", "1.00 USD"), "$.amount"),  # type: ignore[arg-type]
    (lambda: ek.milestone.Propose("m1", "1.00", None, datetime(2026, 3, 2)), "$.due"),
    (lambda: ek.milestone.Propose("m1", "1.00", None, "soon"), "$.due"),  # type: ignore[arg-type]
    (lambda: ek.milestone.Propose("m1", "1.00", None, None, {"signed": "nobody"}), "$.release_when"),
    (lambda: ek.milestone.Accept("m1", 7), "$.terms"),
    (lambda: ek.milestone.Accept("m1", {"price": 1.5}), "$.terms.price"),
    (lambda: ek.milestone.Accept("m1", {"price": {7: 1}}), "$.terms.price"),
    (lambda: ek.milestone.Accept("m1", {"price": [1, b""]}), "$.terms.price[1]"),
    (lambda: ek.milestone.Accept("m1", {"price": 2**80}), "$.terms.price"),
    (lambda: ek.dispute.Extend("m1", "review", "soon", "r"), "$.period"),
    (lambda: ek.dispute.AddEvidence("m1", "d", "t", 1), "$.admissible"),  # type: ignore[arg-type]
    (lambda: ek.dispute.Conclude("m1", Money(1, "USD"), "awarded", "good"), "$.kind"),  # type: ignore[arg-type]
    (lambda: ek.dispute.Extend("m1", "review", 5, "r"), "$.period"),  # type: ignore[arg-type]
    (lambda: Record(funded().now.history[0].event, 7, 0), "$.entries"),  # type: ignore[arg-type]
    (lambda: Record(_opened(parties="ada"), (), 0), "$.event.parties"),
    (lambda: Record(_opened(parties={7: "ada"}), (), 0), "$.event.parties"),
    (lambda: Record("event", (), 0), "$.event"),  # type: ignore[arg-type]
    (lambda: Record(funded().now.history[0].event, ("entry",), 0), "$.entries[0]"),  # type: ignore[arg-type]
    (lambda: Record(_opened(terms=(attrs.evolve(_terms(), price=1),)), (), 0), "$.event.terms[0].price"),  # type: ignore[arg-type]
    (lambda: ek.escrow.Released, "$"),
]


def _terms() -> Terms:
    return typing.cast(Opened, funded().now.history[0].event).terms[0]


def _opened(**changes: Any) -> Event:
    opened: Any = funded().now.history[0].event
    return typing.cast(Event, attrs.evolve(opened, **changes))


@pytest.mark.parametrize(("make", "path"), WRONG, ids=range(len(WRONG)))
def test_a_value_that_no_document_can_say_is_refused_with_its_place(make: Callable[[], Any], path: str) -> None:
    with pytest.raises(BadDocument) as refused:
        codec.dumps(make())
    assert refused.value.path == path


def test_terms_may_hold_whatever_a_proposal_says() -> None:
    said = {"a": [START, date(2026, 3, 2), Period.parse("1 day"), ("x", None, True, 3), ek.signed("payer")]}
    assert codec.to_document(ek.milestone.Accept("m1", said))["terms"] == {
        "a": ["2024-03-01T09:00:00.000000Z", "2026-03-02", "1 day", ["x", None, True, 3], {"signed": "payer"}]
    }


def test_terms_that_hold_themselves_are_refused() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    with pytest.raises(BadDocument, match="nested too deeply"):
        codec.dumps(ek.milestone.Accept("m1", endless))


# -- texts that were erased ------------------------------------------------------------------------------------------


def test_an_erased_text_is_a_mark_that_keeps_its_digest() -> None:
    mark = Erased("ab" * 32)
    assert (str(mark), mark.sha256) == ("[erased text abababababab]", "ab" * 32)
    for again in (pickle.loads(pickle.dumps(mark)), copy.deepcopy(mark)):
        assert (type(again), again.sha256, str(again)) == (Erased, mark.sha256, str(mark))


def test_an_erased_text_is_written_as_the_digest_that_is_left_of_it() -> None:
    reason = {"sha256": "ab" * 32}
    document = codec.to_document(disputed().now.history[-1]) | {"said": reason}
    record = codec.from_document(document)
    assert isinstance(record.said, Erased)
    assert codec.to_document(record) == document


# -- versions --------------------------------------------------------------------------------------------------------


def older(document: dict[str, Any]) -> dict[str, Any]:
    """An invented first version of deposits: the fee stood under another name, and the amount in cents."""
    event = {name: value for name, value in document["event"].items() if name not in ("processing_fee", "amount")}
    return document | {"event": event | {"type": "escrow.deposited@1", "cents": 35000, "fee": 0, "currency": "USD"}}


def one_to_two(event: dict[str, Any]) -> dict[str, Any]:
    """The invented step to the second: one name for the fee."""
    rest = {name: value for name, value in event.items() if name != "fee"}
    return rest | {"type": "escrow.deposited@2", "processing_fee": event["fee"]}


def two_to_three(event: dict[str, Any]) -> dict[str, Any]:
    """The invented step to the third: amounts as texts."""
    rest = {name: value for name, value in event.items() if name not in ("cents", "currency")}
    amounts = {"amount": event["cents"], "processing_fee": event["processing_fee"]}
    texts = {name: str(Money(minor, event["currency"])) for name, minor in amounts.items()}
    return rest | texts | {"type": "escrow.deposited@3"}


LATER = Coder({"escrow.deposited": 3}, {("escrow.deposited", 1): one_to_two, ("escrow.deposited", 2): two_to_three})


def test_a_document_of_an_earlier_version_is_read_step_by_step_and_left_as_it_is() -> None:
    record = next(r for r in funded().now.history if isinstance(r.event, ek.escrow.Deposited))
    old = older(codec.to_document(record))
    kept = copy.deepcopy(old)
    assert LATER.from_document(old) == LATER.from_document(old) == record
    assert LATER.from_document(old["event"]) == record.event
    assert old == kept


def test_what_was_read_from_an_earlier_version_is_written_in_the_version_of_today() -> None:
    record = next(r for r in funded().now.history if isinstance(r.event, ek.escrow.Deposited))
    document = LATER.to_document(LATER.from_document(older(codec.to_document(record))))
    assert document["event"]["type"] == "escrow.deposited@3"
    assert document == codec.to_document(record) | {
        "event": codec.to_document(record.event) | {"type": "escrow.deposited@3"}
    }


def test_a_part_of_an_earlier_version_is_read_where_it_stands_in_a_whole_of_today() -> None:
    later = Coder({"entry": 2}, {("entry", 1): lambda old: old | {"type": "entry@2"}})
    record = next(record for record in funded().now.history if record.entries)
    assert later.from_document(codec.to_document(record)) == record
    assert later.to_document(record)["entries"][0]["type"] == "entry@2"


def test_a_type_that_was_renamed_is_read_under_its_new_name() -> None:
    renamed = Coder({}, {("escrow.funded", 4): lambda old: old | {"type": "escrow.deposited@1"}})
    event = next(r.event for r in funded().now.history if isinstance(r.event, ek.escrow.Deposited))
    assert renamed.from_document(codec.to_document(event) | {"type": "escrow.funded@4"}) == event


def test_an_earlier_version_without_its_fields_is_refused_and_not_guessed() -> None:
    with pytest.raises(BadDocument, match=r"\$: it is no escrow.deposited@1: KeyError\('fee'\)"):
        LATER.from_document({"type": "escrow.deposited@1"})


def test_a_step_that_leads_nowhere_is_a_fault_of_the_table() -> None:
    with pytest.raises(DefinitionError, match="leads nowhere"):
        Coder({"entry": 2}, {("entry", 1): dict}).from_document({"type": "entry@1"})


def test_a_version_that_no_step_leaves_is_refused() -> None:
    with pytest.raises(BadDocument, match="known up to version 2, not in version 1"):
        Coder({"entry": 2}, {}).from_document({"type": "entry@1"})


@pytest.mark.parametrize(
    ("owed", "nothing"), [("75.00 USD", "0.00 USD"), ("75 JPY", "0 JPY"), ("1.500 KWD", "0.000 KWD")]
)
def test_in_earlier_divisions_nobody_advanced_anything(owed: str, nothing: str) -> None:
    step = UPCASTERS["escrow.divided", 1]
    now = step({"type": "escrow.divided@1", "owed": owed})
    assert now == {"type": "escrow.divided@2", "owed": owed, "advanced": nothing, "owed_fee": nothing}


def test_a_value_of_an_earlier_rulebook_has_its_name_of_today_and_the_digest_that_was_pinned() -> None:
    book = build(
        {"id": "x", "version": "1", "title": "x", "arbitration.pay.within": "3 days", "arbitration.none_paid": "payer"},
        "x",
    )
    now = codec.to_document(book)
    rules = {"arbitration.none_paid" if path.endswith(".gets") else path: value for path, value in now["rules"].items()}
    again = codec.from_document({**now, "type": "rulebook@1", "rules": rules})
    assert again == book
    assert again["arbitration.none_paid.gets"] == ("payer",)


def test_every_earlier_version_has_its_step_to_the_next() -> None:
    assert set(CURRENT) <= set(TYPES)
    for name, now in CURRENT.items():
        assert {version for known, version in UPCASTERS if known == name} >= set(range(1, now))


# -- rulebooks -------------------------------------------------------------------------------------------------------

OWN = """
id = "own"
version = "2026-01"
title = "Größere Arbeiten"
applies_from = 2026-01-01
open_ended = ["arbitration.hearing"]

[sources]
terms = "https://example.org/terms, § 4"
board = "decision of the board"

[sure]
"milestone.review" = { source = "terms", sure = "seen" }
dispute = { source = "board", sure = "own" }

[calendar]
timezone = "Europe/Berlin"
holidays = [2026-05-01, 2026-12-25]

[milestone.review]
within = "2 weeks"
on_silence = [{ payer = "60%", payee = "40%" }, "payee"]

[escrow]
service_fee = { model = "tiered", tiers = [{ up_to = { USD = "500", EUR = "450" }, rate = "20%" }, { rate = "5%" }] }

[dispute]
open_by = ["payer", "payee"]
longest = { within = "90 days", on_expiry = "halves" }

[mediation]
power = { below = "100.00 USD", small = "decide", otherwise = "recommend" }
accept = "unknown"
"""


@pytest.fixture
def own(tmp_path: Path) -> Rulebook:
    """A rulebook of one's own, by its path."""
    (tmp_path / "own.toml").write_text(OWN, encoding="utf-8")
    return load(tmp_path / "own.toml")


def test_a_rulebook_of_ones_own_keeps_its_sources_its_marks_and_its_digest(own: Rulebook) -> None:
    again: Rulebook = codec.loads(codec.dumps(own))
    assert again == own
    assert again.digest == own.digest
    assert (again.sources, again.sure) == (own.sources, own.sure)
    assert (again.applies_from, again.open_ended) == (datetime(2026, 1, 1, tzinfo=UTC), ("arbitration.hearing",))
    assert dict(again.values) == dict(own.values)
    assert list(again.rows()) == list(own.rows())


@pytest.mark.parametrize("seed", range(30))
def test_any_rulebook_with_its_overrides_keeps_its_digest(seed: int) -> None:
    book = rulebook(Dice(seed), unknown=bool(seed % 2)).override({"escrow.clearing": "3 days"})
    assert codec.loads(codec.dumps(book)) == book
    assert codec.loads(codec.dumps(book)).digest == book.digest


def test_agreements_share_the_rulebook_that_they_were_opened_under(own: Rulebook) -> None:
    data = codec.dumps(own)
    assert codec.loads(data) is codec.loads(data)


def test_an_agreement_keeps_the_rulebook_of_its_opening_with_holidays_of_a_milestone(own: Rulebook) -> None:
    rules = {
        "calendar.holidays": [date(2026, 6, 1)],
        "milestone.review": {"within": "3 business days", "on_silence": "payee"},
    }
    now = ek.open_agreement(
        rulebook=own, parties={"payer": "ada", "payee": "lin"}, currency="USD", at=datetime(2026, 3, 2, tzinfo=UTC),
        milestones=[{"id": "m1", "price": "20.00", "rules": rules}],
    )  # fmt: skip
    assert codec.loads(codec.dumps(now)) == now


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        ({"digest": "0" * 64}, "$.digest", "it was changed"),
        ({"version": "2"}, "$.digest", "it was changed"),
        ({"rules": {"milestone.review.within": "3 days", "milestone.review.on_silence": "payee"}}, "$.digest", "it was changed"),
        ({"rules": {"milestone.reviews": 1}}, "$.rules.milestone.reviews", "no such rule"),
        ({"rules": {"id": "other"}}, "$.rules.id", "no such rule"),
        ({"rules": {"money.min_milestone": {"USD": "1"}}}, "$.rules.money.min_milestone", "where the order counts"),
        ({"rules": {"milestone.review.within": "soon"}}, "$", "it cannot be: rulebook"),
        ({"rules": {"calendar.holidays": ["today"]}}, "$.rules.calendar.holidays[0]", "is no date"),
        ({"sure": {"milestone.review": {"source": "nobody", "sure": "seen"}}}, "$", "nobody"),
        ({"open_ended": "all"}, "$.open_ended", "is no list"),
        ({"applies_from": "2026-01-01"}, "$.applies_from", "is no instant"),
    ],
)  # fmt: skip
def test_a_rulebook_that_was_changed_or_cannot_be_is_refused(own: Rulebook, change: Any, path: str, said: str) -> None:
    refused = bad(codec.to_document(own) | change)
    assert refused.path == path
    assert said in str(refused)


def test_an_opening_whose_rulebook_is_not_the_one_of_its_digest_is_refused() -> None:
    opening = codec.to_document(funded().now.history[0].event)
    assert bad(opening | {"digest": hashlib.sha256(b"").hexdigest()}).path == "$.digest"
