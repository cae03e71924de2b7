"""Whatever is handed in at any public door is taken, or refused by a typed error; and nothing is changed by it."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import itertools
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import escrowkit as ek
from commandline import escrowkit
from doors import COMMANDS, HUGE, JUNK, NOW, OPENING, RULES, SEALED, STATES, STORY_TEXT, Door, doors
from escrowkit import chain, codec, errors, proof, rulebook, story
from escrowkit.agreement import Agreement
from escrowkit.errors import REFUSALS, BadDocument, BrokenChain, DefinitionError, EscrowError, Refused, StoryError
from escrowkit.machines import escrow, milestone
from escrowkit.money import MOST_DIGITS, Money
from escrowkit.rulebook import load
from escrowkit.schema import KEYS, PARTS
from escrowkit.table import Event
from escrowkit.testing.chosen import Dice, agreement
from lived import FOREVER, decided, told

_SPEC = importlib.util.spec_from_file_location("docs_api", Path(__file__).parents[1] / "tools" / "docs_api.py")
assert _SPEC is not None
assert _SPEC.loader is not None
_DOCS = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_DOCS)
#: The pages of the Python interface: what they show is public.
PAGES: tuple[tuple[ModuleType, tuple[str, ...]], ...] = tuple((page[2], page[3]) for page in _DOCS.PAGES)
BYTES = {name: codec.dumps(now) for name, now in STATES.items()}
CODES = {refusal.code for refusal in REFUSALS}
NAMES = sorted({door.name.partition("(")[0] for door in doors()})


def refused(call: Callable[[], Any]) -> EscrowError | None:
    """The typed error that a call raises, if it raises one. Anything else fails the test."""
    try:
        call()
    except EscrowError as error:
        told = error
    else:
        return None
    assert 0 < len(str(told)) < 20_000
    assert not isinstance(told, Refused) or told.code in CODES
    return told


def unchanged() -> None:
    """Every agreement that was knocked at is what it was, byte for byte."""
    assert {name: codec.dumps(now) for name, now in STATES.items()} == BYTES


# -- what comes in at a door -----------------------------------------------------------------------------------------


def test_every_door_opens_with_what_it_takes() -> None:
    """Else the tests below would try nothing."""
    for door in doors():
        door()


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_handed_in_is_taken_or_refused_by_a_typed_error(name: str) -> None:
    """C18, D6, E16: of any kind, in any argument of any public function, class and method."""
    tried = 0
    for door in doors():
        if door.name.partition("(")[0] == name:
            for argument, junk in itertools.product(door.good, JUNK):
                refused(lambda door=door, argument=argument, junk=junk: door(**{argument: junk}))  # type: ignore[misc]
                tried += 1
            tried += not door.good
    assert tried
    unchanged()


@pytest.mark.parametrize("huge", HUGE, ids=lambda huge: ascii(huge[:3]))
def test_what_is_huge_is_read_or_refused(huge: Any) -> None:
    read = (
        "story.parse",
        "codec.loads",
        "codec.from_document",
        "chain.loads",
        "conditions.parse",
        "money.",
        "periods.",
    )
    for door in doors():
        if door.name.startswith(read):
            for argument in door.good:
                refused(lambda door=door, argument=argument: door(**{argument: huge}))  # type: ignore[misc]
    for said in ({"by": huge}, {"key": huge}, {"actor": huge}):
        refused(lambda said=said: NOW.decide(ek.dispute.Offer("m1", "1.00"), **{"by": "payer", "at": NOW.at, **said}))  # type: ignore[misc]
    refused(lambda: NOW.decide(ek.dispute.Offer("m1", huge), by="payer", at=NOW.at))
    unchanged()


@settings(max_examples=300)
@given(data=st.data())
def test_several_wrong_arguments_at_once_are_refused_too(data: st.DataObject) -> None:
    door: Door = data.draw(
        st.sampled_from([door for door in doors() if door.good and not door.name.startswith("proof")])
    )
    wrong = data.draw(st.lists(st.sampled_from(sorted(door.good)), min_size=1, unique=True))
    refused(lambda: door(**{name: JUNK[data.draw(st.integers(0, len(JUNK) - 1))] for name in wrong}))


# -- commands --------------------------------------------------------------------------------------------------------

WHO = ("payer", "payee", "platform", "clock", "rules", "stranger")


def said(kind: Any, /, **said: Any) -> Any:
    """A command of this kind, every field said somehow."""
    fields = {f.name: "m1" if f.name == "milestone" else "1.00" for f in attrs.fields(kind) if f.init}
    return kind(**fields | said)


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: f"{kind.machine}.{kind.word}")
def test_every_field_of_every_command_takes_nothing_of_another_kind(kind: Any) -> None:
    """Those that only the clock and the rules give too: from outside nobody is either."""
    who = itertools.cycle(WHO)
    for spec in attrs.fields(kind):
        for junk, by in zip(JUNK if spec.init else (), who, strict=False):
            refused(lambda by=by, spec=spec, junk=junk: NOW.decide(said(kind, **{spec.name: junk}), by=by, at=NOW.at))  # type: ignore[misc]
    unchanged()


# -- no door is left out ---------------------------------------------------------------------------------------------

#: What is only handed out: nobody is asked to make one, and none of its methods takes an argument.
ANSWERS = frozenset(["agreement.Decision", "agreement.Record", "agreement.Terms", "agreement.Opened", "agreement.Restricted", "agreement.Ended", "foresight.Due", "foresight.Option", "foresight.Argument", "foresight.Forecast", "foresight.Stakes", "foresight.Path", "foresight.Game", "foresight.Play", "foresight.Explanation", "foresight.Step", "foresight.Rule", "foresight.Missed", "foresight.Could", "foresight.Outcome", "foresight.Exposure", "rulebook.Rulebook", "lint.Lint", "evidence.Dossier", "evidence.Piece", "story.Story", "story.Step", "story.Expect", "story.Played", "story.Turn", "comparison.Comparison", "comparison.Row", "comparison.Cell", "comparison.StoryComparison", "comparison.Column", "comparison.Left", "comparison.Taken", "comparison.Stopped", "trackrecord.TrackRecord", "trackrecord.Ratings", "agreement.Agreement", "proof.Proof", "proof.Stranded", "proof.Counterexample", "live.Session", "live.Bound", "live.Model", "live.CallbacksFailed", "ledger.Ledger", "ledger.Kind", "roles.Role", "errors.EscrowError", "errors.Refused", "errors.BrokenBooks", "errors.DefinitionError", "errors.StoryError", "errors.BadDocument", "errors.BrokenChain", "errors.MissingExtra", "codec.BadDocument"])  # fmt: skip
#: Commands, tried field by field above.
TRIED_AS_COMMANDS = frozenset({"agreement.Restrict", "agreement.End"})
#: Methods of answers that give what the answer holds already, and callbacks, which are the host's own code.
INNER = frozenset(["agreement.Agreement.of", "agreement.Agreement.lane", "agreement.Agreement.is_due", "agreement.Agreement.billed_before", "agreement.Agreement.met", "agreement.Decision.of", "foresight.Play.nodes", "foresight.Stakes.path", "foresight.Stakes.net", "comparison.Column.told", "conditions.AtLeast.due", "conditions.AtLeast.missing", "live.Session.on_event", "live.CallbacksFailed.derive", "errors.Refused.where", "story.Story.open", "story.Said"])  # fmt: skip


def public() -> Iterator[tuple[str, Any]]:
    """Every public name with what it is: of the pages of the Python interface, of the package, and of `proof`."""
    for module, names in PAGES:
        # The test kit is driven by tests, and hands nothing in from outside.
        if not module.__name__.startswith("escrowkit.testing"):
            here = module.__name__.removeprefix("escrowkit.")
            yield from ((f"{here}.{name}", getattr(module, name)) for name in names)
    for name in ek.__all__:
        one = getattr(ek, name)
        if not isinstance(one, ModuleType):
            yield f"{one.__module__.removeprefix('escrowkit.')}.{name}", one
    yield from ((f"proof.{name}", getattr(proof, name)) for name in proof.__all__)


def methods(name: str, kind: type) -> Iterator[str]:
    """The public methods of a class that take an argument."""
    for word, member in inspect.getmembers(kind):
        own = inspect.isfunction(member) or inspect.ismethod(member)
        if own and not word.startswith("_") and (member.__module__ or "").startswith("escrowkit"):
            taken = [one for one in inspect.signature(member).parameters if one not in ("self", "cls")]
            if taken:
                yield f"{name}.{word}"


def test_no_public_name_is_without_a_door() -> None:
    """A new public function, class or method must be tried here, or said to be an answer."""
    known = {*NAMES, "chain.Sealed"} | ANSWERS | TRIED_AS_COMMANDS | INNER
    lacking = set()
    for name, one in public():
        if callable(one) and name not in known:
            lacking.add(name)
        if inspect.isclass(one) and not issubclass(one, BaseException | Event):
            lacking |= {method for method in methods(name, one) if method not in known}
    assert not lacking, sorted(lacking)


def test_no_door_leads_nowhere() -> None:
    """What is listed as a door, an answer or inner is there."""
    names = {name for name, _ in public()} | {"periods.instant", "money.parse_rate"}
    for door in NAMES:
        assert (
            door in names
            or door.rpartition(".")[0] in names
            or door.startswith(("rulebook.build", "story.since", "story.command_of", "chain.Sealed"))
        ), door
    assert {name for name in ANSWERS if name not in names} <= {"codec.BadDocument"}


# -- rulebooks and stories -------------------------------------------------------------------------------------------

HEAD = {"id": "x", "version": "1", "title": "x"}


def _rules_with(path: str, junk: Any) -> None:
    error = refused(lambda: rulebook.build({**HEAD, path: junk}, "here"))
    assert error is None or isinstance(error, DefinitionError), (path, error)
    refused(lambda: RULES.override({path: junk}))
    refused(lambda: ek.open_agreement(**{**OPENING, "rules": {path: junk}, "near": None}))


def test_every_rule_takes_nothing_of_another_kind() -> None:
    """Every value and every part of a rulebook, each with its share of all that is wrong."""
    shares = itertools.cycle(range(20))
    for path in (*KEYS, *sorted(PARTS)):
        for junk in JUNK[next(shares) :: 20]:
            _rules_with(path, junk)


@pytest.mark.slow
def test_every_rule_takes_nothing_of_any_other_kind() -> None:
    for path, junk in itertools.product((*KEYS, *sorted(PARTS)), JUNK):
        _rules_with(path, junk)


def toml(value: Any) -> str:
    """A value as TOML writes it in a line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(str(name))} = {toml(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        plain = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in plain) + '"'
    return (
        str(value).lower()
        if isinstance(value, bool)
        else value.isoformat()
        if hasattr(value, "isoformat")
        else str(value)
    )


WRITTEN: tuple[str, ...] = (
    '""', '" "', '"\\u0000"', '"１０.００"', '"m1/1"', "true", "false", "0", "-1", str(10**400), "1.5", "nan", "inf", "-0.0", "[]", "[[]]", "{}",
    "{a = {b = 1}}", "2024-03-01", "2024-03-01T09:00:00", "2024-03-01T09:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
    "09:00:00", '["x", 1, true]', '"' + "x" * 20_000 + '"', '"100000000000 days"', '"0 days"', '"1.00 EUR"', '"99999999999999999999999999999999.00"',
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield (*path, name)
        yield from places(inner, (*path, name))


def changed(value: Any, path: tuple[Any, ...], text: str) -> str:
    """The document as TOML, another value at one place."""
    if not path:
        return text
    first, *rest = path
    if isinstance(value, dict):
        parts = {n: changed(v, tuple(rest), text) if n == first else toml(v) for n, v in value.items()}
        return "{" + ", ".join(f"{toml(str(n))} = {v}" for n, v in parts.items()) + "}"
    return "[" + ", ".join(changed(v, tuple(rest), text) if n == first else toml(v) for n, v in enumerate(value)) + "]"


def _document(data: dict[str, Any], path: tuple[Any, ...], text: str) -> str:
    first, *rest = path
    lines = (f"{n} = {changed(v, tuple(rest), text) if n == first else toml(v)}" for n, v in data.items())
    return "\n".join(lines)


def _story(text: str) -> None:
    def play() -> None:
        story.play(story.parse(text, "mine.toml"))

    error = refused(play)
    assert error is None or isinstance(error, StoryError | Refused | DefinitionError), (text[:300], error)


def test_every_place_of_a_story_takes_nothing_of_another_kind() -> None:
    data = tomllib.loads(STORY_TEXT)
    shares = itertools.cycle(range(12))
    story.parse(_document(data, ("title",), '"well"'), "mine.toml")
    for path in places(data):
        for text in WRITTEN[next(shares) :: 12]:
            _story(_document(data, path, text))


# -- files that were cut, doubled or written otherwise ---------------------------------------------------------------

RULES_TEXT = (Path(ek.__file__).parent / "rulebooks" / "standard@1.toml").read_text(encoding="utf-8")


def _loaded(file: Path, data: bytes) -> EscrowError | None:
    file.write_bytes(data)
    error = refused(lambda: load(file))
    assert error is None or isinstance(error, DefinitionError)
    return error


def test_a_rulebook_that_was_cut_anywhere_is_refused_or_still_whole(tmp_path: Path) -> None:
    data, file = RULES_TEXT.encode(), tmp_path / "cut.toml"
    broken = [_loaded(file, data[:cut]) for cut in range(0, len(data), 5)]
    assert sum(error is not None for error in broken) > len(broken) // 2


def test_a_story_that_was_cut_anywhere_is_refused_or_still_whole() -> None:
    broken = []
    for cut in range(0, len(STORY_TEXT), 5):
        error = refused(lambda cut=cut: story.parse(STORY_TEXT[:cut], "cut.toml"))  # type: ignore[misc]
        assert error is None or isinstance(error, StoryError)
        broken.append(error)
    assert sum(error is not None for error in broken) > len(broken) // 2


def test_a_key_that_a_file_says_twice_is_refused(tmp_path: Path) -> None:
    lines, twice = RULES_TEXT.splitlines(), 0
    for number, line in enumerate(lines):
        if " = " in line:
            text = "\n".join([*lines[: number + 1], line, *lines[number + 1 :]])
            assert _loaded(tmp_path / "twice.toml", text.encode()) is not None, line
            twice += 1
    assert twice > 60


@pytest.mark.parametrize("change", [
    lambda data: b"\xef\xbb\xbf" + data, lambda data: data.decode().encode("utf-16"), lambda data: data + b"\xff\xfe", lambda data: data + b"\x00",
    lambda data: b"x = " + b"[" * 50_000, lambda data: data.replace(b'"', b"'", 1), lambda data: data.replace(b"=", b":"), lambda data: data[::-1],
    lambda data: data + b'\n[milestone.review]\nwithin = "1 day"\n', lambda data: data + '\nmünze = "ü"\n'.encode("latin-1"),
])  # fmt: skip
def test_a_file_that_is_written_otherwise_is_refused_in_words(change: Any, tmp_path: Path) -> None:
    file = tmp_path / "odd.toml"
    assert _loaded(file, change(RULES_TEXT.encode())) is not None
    file.write_bytes(change(STORY_TEXT.encode()))
    assert isinstance(refused(lambda: story.read(file)), StoryError)
    for command in (["check", str(file)], ["play", str(file)], ["rules", str(file)], ["prove", str(file)]):
        told_by_cli(*command)


def test_a_history_that_was_cut_anywhere_is_refused_or_found_short() -> None:
    data, head = chain.dumps(SEALED), SEALED[-1].head
    for cut in range(0, len(data) - 1, 37):
        try:
            records = chain.loads(data[:cut])
        except BadDocument:
            continue
        assert len(records) < len(SEALED) or cut == len(data) - 1
        assert isinstance(refused(lambda records=records: chain.verify(records, head=head)), BrokenChain)  # type: ignore[misc]
    document = codec.dumps(NOW)
    for cut in range(0, len(document), 211):
        assert isinstance(refused(lambda cut=cut: codec.loads(document[:cut])), BadDocument)  # type: ignore[misc]


# -- the command line ------------------------------------------------------------------------------------------------


def told_by_cli(*arguments: str) -> str:
    """What the command line prints; it ends by itself, with one of its codes, or by a typed error."""
    done = escrowkit(*arguments)
    assert done.exit_code in (0, 1, 2), arguments
    assert isinstance(done.exception, SystemExit | EscrowError | None), (arguments, done.exception)
    assert "Traceback" not in done.output
    return done.output


ODD_WORDS = (
    "",
    " ",
    "nowhere",
    "../..",
    "/",
    "standard@9",
    "x" * 5_000,
    "\x00",
    "１",
    "-1",
    "10" * 400,
    "1 day",
    "nan",
    "{}",
    "ünï",
    "=",
)


@pytest.mark.parametrize("odd", ODD_WORDS, ids=lambda odd: ascii(odd[:10]))
def test_the_command_line_takes_no_odd_word_without_saying_so(odd: str) -> None:
    calls = (
        [odd], ["play", odd], ["play", "award-split", "--until", odd], ["play", "award-split", "--engine", odd], ["check", odd], ["rules", odd],
        ["foresee", odd], ["foresee", "award-split", "--at", odd], ["foresee", "award-split", "--by", odd],
        ["foresee", "award-split", "--win", odd], ["foresee", "award-split", "--other-pays", odd], ["draw", odd], ["draw", "escrow", "--rulebook", odd],
        ["draw", "escrow", "--format", odd], ["draw", "escrow", "--highlight", odd], ["compare", odd], ["compare", "award-split", odd],
        ["rules", "--compare", "standard@1", odd], ["prove", odd], ["prove", "contra@undated", "--amount", odd], ["prove", "standard@1", "--rail", odd],
    )  # fmt: skip
    for call in calls[ODD_WORDS.index(odd) % 5 :: 5]:
        told_by_cli(*call)


def test_a_folder_and_a_file_of_bytes_are_no_files_of_ours(tmp_path: Path) -> None:
    image = tmp_path / "image.toml"
    image.write_bytes(bytes(range(256)) * 4)
    for path in (tmp_path, image, Path("/dev/null")):
        for command in ("play", "check", "rules", "foresee", "prove", "compare"):
            told_by_cli(command, str(path))


# -- the ends of time and of money -----------------------------------------------------------------------------------

#: The first and the last instants that there are, and those near which periods run over the end.
STARTS = (
    datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 2, 12, tzinfo=UTC), datetime(9998, 6, 1, tzinfo=UTC), datetime(9999, 11, 1, tzinfo=UTC),
    datetime(9999, 12, 30, tzinfo=UTC), datetime.max.replace(tzinfo=UTC),
)  # fmt: skip


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_at_the_ends_of_time_every_command_is_decided_or_refused(start: datetime) -> None:
    """D17: no overflow locks money for ever, and none comes out."""
    free = rulebook.build({**HEAD, **RULES.data}, "free")
    for seed in range(6):
        dice = Dice(seed)
        try:
            now = agreement(dice, free, at=start)
        except Refused:
            continue
        with contextlib.suppress(Refused):  # past the year 9999 no deadline can be said
            for step in told(dice, now, 25):
                now = step.after
        refused(lambda now=now: now.advance(datetime.max.replace(tzinfo=UTC)))  # type: ignore[misc]
        assert codec.loads(codec.dumps(now)) == now
    refused(lambda: ek.open_agreement(**{**OPENING, "at": start}))


@pytest.mark.parametrize("minor", [10**MOST_DIGITS - 1, 10 ** (MOST_DIGITS - 1), 10**15 + 1])
def test_sums_of_thirty_digits_are_held_and_divided_to_the_last_unit(minor: int) -> None:
    price = Money(minor, "USD")
    now = ek.open_agreement(**{**OPENING, "milestones": [("m1", price), ("m2", price)], "billed_before": None})
    for command, by in (
        (escrow.Deposit("m1", price), "payer"),
        (milestone.Submit("m1", "zip"), "payee"),
        (escrow.Deposit("m2", price), "payer"),
    ):
        _, now = decided(now, told_of(now, command, by))
    assert now.held() == Money(2 * minor, "USD")
    after = now.advance(now.at + FOREVER).agreement
    assert sum(money.minor for _, money in after.ledger.accounts()) == 0
    assert codec.loads(codec.dumps(after)) == after
    over = Money(10**MOST_DIGITS, "USD")
    assert isinstance(refused(lambda: ek.open_agreement(**{**OPENING, "milestones": [("m1", over)]})), Refused)


def told_of(now: Agreement, command: Any, by: str) -> Any:
    from lived import Said

    return Said(by, command, now.at)


def test_every_error_of_the_tree_is_an_error_of_the_library() -> None:
    for name, one in inspect.getmembers(errors, inspect.isclass):
        if one.__module__ == errors.__name__:
            assert issubclass(one, EscrowError), name


def test_a_day_that_a_place_has_twice_or_not_at_all_counts_as_it_is() -> None:
    """An hour that is skipped, and one that comes twice, are instants like any other: `fold` says which."""
    from zoneinfo import ZoneInfo

    place = ZoneInfo("Europe/Berlin")
    late = NOW.at + timedelta(days=1)
    for at in (datetime(2024, 3, 31, 2, 30, tzinfo=place), datetime(2024, 10, 27, 2, 30, tzinfo=place, fold=1)):
        assert at > late
        assert NOW.advance(at).agreement.at == at.astimezone(UTC) or NOW.advance(at).events
