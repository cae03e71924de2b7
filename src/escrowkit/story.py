"""Story files: a life of an agreement as TOML, which is documentation, test and bug report in one.

`read` gives a `Story` or raises `StoryError` (file, line, what, and a mend; `others` holds the further ones). `play`
plays it and compares it with its `expect` parts.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import field, frozen

from escrowkit import agreement as whole
from escrowkit import foresight
from escrowkit.agreement import Agreement, Record, open_agreement
from escrowkit.errors import REFUSALS, DefinitionError, EscrowError, Refused, StoryError
from escrowkit.machines import arbitration, dispute, mediation, milestone
from escrowkit.money import Money
from escrowkit.periods import Calendar, Period, in_words
from escrowkit.periods import instant as aware
from escrowkit.pot import TABLES, Pot
from escrowkit.roles import Role, role_of
from escrowkit.rulebook import Rulebook, load
from escrowkit.table import Command

COMMANDS: Final[Mapping[str, type[Command]]] = {
    **{f"{name}.{word}": command for name, table in TABLES.items() for word, command in table.commands.items()},
    "agreement.restrict": whole.Restrict,
    "agreement.end": whole.End,
}
_TOP: Final = (
    *("title", "source", "about", "seed", "rulebook", "currency", "start", "parties", "rules", "facts", "rail"),
    *("refused", "milestone", "step", "expect"),
)
_MILESTONE: Final = ("id", "price", "title", "due", "release_when", "currency", "rules")
_STEP: Final = ("at", "by", "do", "with", "refused", "key", "actor", "note")
#: What an expectation may claim, and of which shape each claim is.
_EXPECT: Final[Mapping[str, tuple[type, ...]]] = {
    "state": (dict,),
    "net": (dict,),
    "held": (str, dict),
    "outcome": (dict,),
    "due": (dict,),
    "balance": (dict,),
    "totals": (dict,),
    "silence": (dict,),
    "owed": (dict,),
    "warns": (list,),
}
_SHAPES: Final[Mapping[type, str]] = {dict: "a table", list: "a list", str: "an amount"}
_FACTS: Final = ("billed_before",)
_CODES: Final = tuple(refusal.code for refusal in REFUSALS)
_POTS: Final = ("escrow", "clearing", "deposit", "fees")
_NAMES: Final = ("payer", "payee", "platform", "arbitrator", "provider", "authority")


# -- what a story says -----------------------------------------------------------------------------------------------

#: A refusal as a story expects it: its code, any (true), or a table with `code` and `most`.
Refusal = str | bool | Mapping[str, Any] | None


@frozen
class Step:
    """One step: when, who, which command with which arguments, and which refusal it expects."""

    at: datetime
    by: str
    do: str
    arguments: Mapping[str, Any]
    refused: Refusal
    key: str | None
    actor: str | None
    line: int | None
    note: str | None = None


@frozen
class Expect:
    """What must be true at an instant."""

    at: datetime
    claims: Mapping[str, Any]
    line: int | None


@frozen
class Story:
    """A story file, read."""

    file: str
    title: str
    source: str
    about: str
    rulebook: Rulebook
    currency: str
    start: datetime
    parties: Mapping[str, str]
    rules: Mapping[str, Any]
    facts: Mapping[str, Any]
    rail: str
    refused: Refusal
    milestones: tuple[Mapping[str, Any], ...]
    steps: tuple[Step, ...]
    expects: tuple[Expect, ...]
    near: Path | None = field(repr=False, default=None)

    def open(self, engine: str = "compiled") -> Agreement:
        """The agreement as the story opens it. Raises what `open_agreement` raises."""
        return open_agreement(
            rulebook=self.rulebook,
            parties=self.parties,
            currency=self.currency,
            milestones=self.milestones,
            at=self.start,
            rules=self.rules,
            billed_before=self.facts.get("billed_before"),
            rail=self.rail,
            engine=engine,
        )


# -- reading ---------------------------------------------------------------------------------------------------------


def shipped() -> tuple[str, ...]:
    """The names of the shipped stories."""
    files = resources.files("escrowkit").joinpath("stories").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


def read(name: str | Path) -> Story:
    """A story by path, or a shipped one by name. Raises `StoryError`; its `others` are the further problems."""
    path = Path(name)
    if not path.is_file() and str(name) in shipped():
        text = resources.files("escrowkit").joinpath("stories", f"{name}.toml").read_text(encoding="utf-8")
        return parse(text, f"{name}.toml")
    if not path.is_file():
        near = difflib.get_close_matches(str(name), shipped(), n=1)
        mend = f"Did you mean {near[0]}?" if near else f"Shipped stories: {', '.join(shipped())}."
        raise StoryError(str(name), None, "there is no such story", mend)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise StoryError(str(name), None, f"not UTF-8: {error}", "Save the file as UTF-8.") from error
    return parse(text, str(name), path.parent)


def parse(text: str, file: str, near: Path | None = None) -> Story:
    """A story from its text. Raises `StoryError`, with every problem (`others`)."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else len(text.splitlines())
        raise StoryError(file, line, f"not TOML: {error}", "Mend the file at that line.") from error
    reader = _Reader(text, file, data, near)
    story = reader.story()
    if reader.problems:
        first, *others = sorted(reader.problems, key=lambda p: (p.line is None, p.line))
        first.others = tuple(others)
        raise first
    return story


def since(start: datetime, text: str, calendar: Calendar) -> datetime | None:
    """A time since the start: "5 days", "1 day 30 minutes", "0 days", "5 business days". None if it is none."""
    parts = re.findall(r"\d+ (?:business )?[a-z]+", text)
    if not parts or " ".join(parts) != text:
        return None
    at = start
    try:
        for part in parts:
            if not re.fullmatch(r"0 (business day|week|day|hour|minute|second)s", part):
                at = calendar.add(at, Period.parse(part))
    except EscrowError:
        return None
    return at


def _near(word: str, known: Iterable[str], otherwise: str) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean {near[0]!r}?" if near else otherwise


#: Where a key stands.
Line = Callable[[str], int | None]


class _Reader:
    """Reads a parsed file and collects every problem with its line and a mend."""

    def __init__(self, text: str, file: str, data: dict[str, Any], near: Path | None) -> None:
        self.lines = text.split("\n")
        self.file, self.data, self.near = file, data, near
        self.problems: list[StoryError] = []
        self.start = datetime(2000, 1, 1, tzinfo=UTC)
        self.book = load("standard@1")
        self.calendar = self.book.calendar
        self.ids: frozenset[str] = frozenset()

    def wrong(self, line: int | None, what: str, mend: str = "") -> None:
        """Note a problem."""
        self.problems.append(StoryError(self.file, line, what, mend))

    def line(self, part: str = "", number: int = 0, key: str = "") -> int | None:
        """The line of a key in the n-th `[[part]]` (or `[part]`, or the top)."""
        head = re.compile(rf"\s*\[{{1,2}}{part}\]{{1,2}}")
        heads = [i for i, text in enumerate(self.lines) if head.match(text)] if part else [-1]
        if number >= len(heads):
            return None
        first = heads[number]
        for i in range(first + 1, len(self.lines)):
            if re.match(r"\s*\[", self.lines[i]):
                break
            if key and re.match(rf'\s*"?{re.escape(key)}"?\s*[=.]', self.lines[i]):
                return i + 1
        return first + 1 if first >= 0 else None

    def story(self) -> Story:
        """The story, as far as it can be read."""
        data = self.data
        self.known(data, _TOP, "a story", self.top)
        self.start = self.beginning(data.get("start"))
        parties, rules, facts = self.table("parties"), self.table("rules"), self.table("facts")
        rulebook = self.rulebook(rules)
        self.known(facts, _FACTS, "facts", lambda key: self.line("facts", key=key))
        self.refusal(data.get("refused"), self.top("refused"))
        milestones, steps = self.tables("milestone"), self.tables("step")
        proposals = (one.get("with") for one in steps if one.get("do") == "milestone.propose")
        self.ids = frozenset(_ids(milestones) + _ids(proposals))
        return Story(
            self.file,
            self.text("title"),
            self.text("source", needed=False),
            self.text("about", needed=False),
            rulebook,
            self.text("currency"),
            self.start,
            parties or {"payer": "payer", "payee": "payee"},
            rules,
            facts,
            self.text("rail", needed=False) or "instant",
            data.get("refused"),
            tuple(self.milestone(i, one) for i, one in enumerate(milestones)),
            tuple(step for i, one in enumerate(steps) if (step := self.step(i, one))),
            tuple(self.expect(i, one) for i, one in enumerate(self.tables("expect"))),
            self.near,
        )

    def top(self, key: str) -> int | None:
        """The line of a key at the top."""
        return self.line(key=key)

    def table(self, key: str) -> dict[str, Any]:
        """A table that may be left out."""
        value = self.data.get(key, {})
        if isinstance(value, dict):
            return value
        self.wrong(self.top(key), f"{key} is a table", f"Write: [{key}]")
        return {}

    def text(self, key: str, *, needed: bool = True) -> str:
        """A text; one that may be left out is empty then."""
        value = self.data.get(key, None if needed else "")
        if isinstance(value, str) and (value or not needed):
            return value
        self.wrong(self.top(key), f"{key}: a text is needed", f'Write: {key} = "…"')
        return ""

    def tables(self, part: str) -> list[dict[str, Any]]:
        """The tables of a part."""
        value = self.data.get(part, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.wrong(
                self.line(part) or self.top(part), f"{part} is a list of tables", f"Write each one as [[{part}]]."
            )
            return []
        if not value and part == "milestone" and "refused" not in self.data:
            self.wrong(None, "there is no milestone", 'Write: [[milestone]], id = "m1", price = "350.00"')
        return value

    def known(self, keys: Iterable[str], names: Iterable[str], what: str, line: Line) -> None:
        """Every key must be known."""
        names = tuple(names)
        for key in keys:
            if key not in names:
                mend = _near(key, names, f"It knows: {', '.join(sorted(names))}.")
                self.wrong(line(key), f"{what} knows no {key!r}", mend)

    def rulebook(self, rules: Mapping[str, Any]) -> Rulebook:
        """The rulebook; a wrong one is one problem with all of its own. Its calendar counts business days from here."""
        name, mend = self.data.get("rulebook"), "`escrowkit rules` lists the shipped rulebooks and every key."
        try:
            if not isinstance(name, str):
                raise DefinitionError("rulebook", ["a name such as standard@1, or a path, is needed"])
            given = load(name, self.near)
        except EscrowError as error:
            self.wrong(self.top("rulebook"), str(error), mend)
            given = self.book
        try:
            book = given.override(rules, "[rules]")
            self.calendar, self.book = book.calendar, book
        except EscrowError as error:
            named = (self.line("rules", key=key) for key in rules if key in str(error))
            self.wrong(next(named, None) or self.line("rules") or self.top("rules"), str(error), mend)
        return given

    def beginning(self, value: Any) -> datetime:
        """The start: an instant with a zone."""
        if isinstance(value, str):
            what = f"start = {value!r}: an instant is needed"
            self.wrong(self.top("start"), what, "Write: start = 2026-01-05T09:00:00Z")
            return self.start
        return self.instant(value, "start", self.top("start")) or self.start

    def instant(self, value: Any, key: str, line: int | None) -> datetime | None:
        """An instant: one with a zone, or a time since the start."""
        mend = f'Write: {key} = "5 days" (since start), or an instant such as 2026-01-05T09:00:00Z.'
        what = f"{key} = {value!r}: an instant is needed"
        if isinstance(value, str) and (at := since(self.start, value, self.calendar)) is not None:
            return at
        if isinstance(value, datetime):
            try:
                return aware(value)
            except EscrowError:
                naive = value.tzinfo is None
                what = f"{key} = {value}: this instant " + ("has no time zone" if naive else "lies beyond the calendar")
                mend = f"Write: {key} = {value.isoformat()}Z" if naive else mend
        elif isinstance(value, date):
            what = f"{key} = {value}: a date is no instant"
            mend = f"Write: {key} = {value.isoformat()}T09:00:00Z"
        self.wrong(line, what, mend)
        return None

    def refusal(self, value: Any, line: int | None) -> None:
        """A refusal that is expected: a code of the closed list, true for any, or a table with `code` and `most`."""
        mend = 'Write: refused = "not-now", refused = true, or refused = { code = "over-held", most = "5.00" }'
        if isinstance(value, dict):
            self.known(value, ("code", "most"), "refused", lambda key: line)
            value = value.get("code", True)
        if isinstance(value, str) and value not in _CODES:
            self.wrong(line, f"there is no refusal {value!r}", _near(value, _CODES, f"There are: {', '.join(_CODES)}."))
        elif not isinstance(value, str) and value is not None and value is not True:
            self.wrong(line, f"refused = {value!r}: a code, true, or a table is needed", mend)

    def named(self, id_: Any, line: int | None) -> None:
        """A milestone that the story names must be one that it has, or that a step proposes."""
        if not isinstance(id_, str) or id_ not in self.ids:
            there = f"There are: {', '.join(sorted(self.ids))}."
            self.wrong(line, f"there is no milestone {id_!r}", _near(str(id_), self.ids, there))

    def milestone(self, number: int, table: Mapping[str, Any]) -> Mapping[str, Any]:
        """The terms of a milestone."""

        def line(key: str) -> int | None:
            return self.line("milestone", number, key)

        self.known(table, _MILESTONE, "a milestone", line)
        for key in ("id", "price"):
            if key not in table:
                self.wrong(line(""), f"a milestone needs {key!r}", f'Write: {key} = "…"')
        given = dict(table)
        if "due" in table:
            given["due"] = self.instant(table["due"], "due", line("due"))
        rules = table.get("rules", {})
        try:
            if not isinstance(rules, dict):
                raise DefinitionError("rules", ["a table of overrides is needed"])
            self.book.override(rules, f"rules of {table.get('id')}")
        except EscrowError as error:
            self.wrong(line("rules"), str(error), 'Write: rules = { "milestone.review.within" = "7 days" }')
        return given

    def step(self, number: int, table: Mapping[str, Any]) -> Step | None:
        """One step."""

        def line(key: str) -> int | None:
            return self.line("step", number, key)

        self.known(table, _STEP, "a step", line)
        at = self.instant(table.get("at"), "at", line("at"))
        for key in ("by", "do"):
            if not isinstance(table.get(key), str):
                self.wrong(line(key), f"a step needs {key!r}", f'Write: {key} = "…"')
        do, by, refused = table.get("do"), table.get("by"), table.get("refused")
        self.refusal(refused, line("refused"))
        if at is None or not isinstance(do, str) or not isinstance(by, str):
            return None
        command = COMMANDS.get(do)
        if command is None:
            machines = f"Machines: {', '.join(TABLES)}, agreement."
            self.wrong(line("do"), f"there is no command {do!r}", _near(do, COMMANDS, machines))
            return None
        arguments = self.arguments(command, table.get("with", {}), refused, line("with"))
        return Step(at, by, do, arguments, refused, table.get("key"), table.get("actor"), line(""), table.get("note"))

    def arguments(self, command: type[Command], given: Any, refused: Any, line: int | None) -> dict[str, Any]:
        """The arguments of a step, by the command's own fields; the object of a consent may be left out."""
        if not isinstance(given, dict):
            self.wrong(line, "`with` is a table", 'Write: with = { milestone = "m1" }')
            return {}
        names = _arguments(command)
        self.known(given, names, f"{command.machine}.{command.word}", lambda key: line)
        lacking = [n for n, needed in names.items() if needed and n not in given and n not in _FILLED.get(command, ())]
        if lacking and refused is None:
            what = f"{command.machine}.{command.word} needs {', '.join(lacking)}"
            self.wrong(line, what, f"Write: with = {{ {', '.join(f'{n} = …' for n in lacking)} }}")
        if "milestone" in given and "milestone" in names and refused is None:
            self.named(given["milestone"], line)
        read = dict(given)
        for key in ("due", "until"):
            if key in read and key in names:
                read[key] = self.instant(read[key], key, line)
        return {n: v for n, v in read.items() if n in names}

    def expect(self, number: int, table: Mapping[str, Any]) -> Expect:
        """One expectation; a claim of another shape than it must have is left out."""

        def line(key: str) -> int | None:
            return self.line("expect", number, key)

        self.known(table, ("at", *_EXPECT), "expect", line)
        at = self.instant(table["at"], "at", line("at")) if "at" in table else None
        claims = {}
        for claim, shapes in _EXPECT.items():
            if isinstance(table.get(claim), shapes):
                claims[claim] = self.claim(claim, table[claim], line(claim))
            elif claim in table:
                shape = " or ".join(_SHAPES[one] for one in shapes)
                self.wrong(line(claim), f"{claim} = {table[claim]!r}: {shape} is needed", _EXAMPLES[claim])
        return Expect(at or _LAST, claims, line(""))

    def claim(self, claim: str, wanted: Any, line: int | None) -> Any:
        """A claim whose names are checked, so that a slip of the pen cannot make it hold."""
        check = getattr(self, f"names_of_{claim}", None)
        if check is not None:
            check(wanted, lambda key: line)
        if claim == "due" and "by" in wanted:
            return {**wanted, "by": self.instant(wanted["by"], "by", line)}
        return wanted

    def names_of_state(self, wanted: Mapping[str, Any], line: Line) -> None:
        """Machines and milestones: `dispute.m1`, `dispute.m1/1`."""
        for name in wanted:
            machine, _, rest = name.partition(".")
            self.known([machine], TABLES, "state", line)
            self.named(rest.partition("/")[0], line(name))

    def names_of_outcome(self, wanted: Mapping[str, Any], line: Line) -> None:
        """Milestones, and what an outcome says."""
        for id_, said in wanted.items():
            self.named(id_, line(id_))
            if isinstance(said, dict):
                self.known(said, ("kind", "code", "to"), f"outcome of {id_}", line)
            else:
                self.wrong(line(id_), f"outcome of {id_} = {said!r}: a table is needed", _EXAMPLES["outcome"])

    def names_of_silence(self, wanted: Mapping[str, Any], line: Line) -> None:
        """Milestones."""
        for id_ in wanted:
            self.named(id_, line(id_))

    def names_of_due(self, wanted: Mapping[str, Any], line: Line) -> None:
        """What a deadline says."""
        self.known(wanted, ("who", "clock", "by"), "due", line)

    def names_of_totals(self, wanted: Mapping[str, Any], line: Line) -> None:
        """What the totals are."""
        self.known(wanted, ("agreed", "funded", "unprotected"), "totals", line)

    def names_of_balance(self, wanted: Mapping[str, Any], line: Line) -> None:
        """Accounts, of milestones that there are."""
        for account in wanted:
            kind, _, rest = account.partition(":")
            self.known([kind], ("world", "payable", *_POTS), "balance", line)
            if kind in _POTS:
                self.named(re.split("[/:]", rest)[0], line(account))

    def names_of_net(self, wanted: Mapping[str, Any], line: Line) -> None:
        """Those outside; a third party may have any name but one that is nearly a known one."""
        for name in {*wanted, *(name for part in wanted.values() if isinstance(part, dict) for name in part)}:
            if name not in _NAMES and difflib.get_close_matches(name, _NAMES, cutoff=0.75):
                self.known([name], _NAMES, "net", line)


def _ids(tables: Iterable[Any]) -> tuple[str, ...]:
    """The ids of milestones that are given (`id`) or proposed (`milestone`)."""
    found = (one.get("id", one.get("milestone")) for one in tables if isinstance(one, dict))
    return tuple(id_ for id_ in found if isinstance(id_, str))


_EXAMPLES: Final = {
    "state": 'Write: state = { "milestone.m1" = "active" }',
    "net": 'Write: net = { payer = "-20.00", payee = "18.00" }',
    "held": 'Write: held = "20.00"',
    "outcome": 'Write: outcome = { m1 = { kind = "agreement", code = "payer_approved", to = "payee" } }',
    "due": 'Write: due = { who = "payer", clock = "dispute.answer", by = "5 days" }',
    "balance": 'Write: balance = { "escrow:m1" = "20.00" }',
    "totals": 'Write: totals = { agreed = "20.00", funded = "20.00", unprotected = "0.00" }',
    "silence": 'Write: silence = { m1 = "payee" }',
    "owed": 'Write: owed = { "payee>payer" = "5.00" }',
    "warns": 'Write: warns = ["notices-unsent"]',
}

#: An expectation without a time is met after the last step.
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def _arguments(command: type[Command]) -> dict[str, bool]:
    """The arguments of a command, and whether each is needed."""
    own = {name: _needed(command, name) for name in command.fields()}
    return own if command.machine == "agreement" else {"milestone": True, **own}


def _needed(command: Any, name: str) -> bool:
    return bool(getattr(attrs.fields(command), name).default is attrs.NOTHING)


# -- the object of a consent -----------------------------------------------------------------------------------------


def _other_offer(pot: Pot, by: str) -> Money:
    role = role_of(by)
    offer = pot.dispute.standing(role.other) if pot.dispute and role in (Role.PAYER, Role.PAYEE) else None
    return offer.to_payee if offer else pot.zero


def _claim(pot: Pot, by: str) -> Money:
    role = role_of(by)
    known = pot.dispute is not None and role in (Role.PAYER, Role.PAYEE)
    return pot.dispute.claim_of(role.other) if known and pot.dispute and role else pot.price


def _recommended(pot: Pot, by: str) -> Money:
    return (pot.mediation.recommendation if pot.mediation else None) or pot.zero


def _share(pot: Pot, by: str) -> Money:
    shares = pot.arbitration.shares if pot.arbitration else {}
    return shares.get(by, pot.price)


#: What `play` fills in, if a story leaves it out: what stands at that moment.
_FILLED: Final[Mapping[type[Command], Mapping[str, Callable[[Pot, str], Any]]]] = {
    milestone.Accept: {"terms": lambda pot, by: pot.milestone.digest},
    milestone.Approve: {"deliverable": lambda pot, by: pot.milestone.deliverable},
    milestone.AgreeCancel: {"refund": lambda pot, by: pot.milestone.asked or pot.price},
    dispute.Concede: {"claim": _claim},
    dispute.AcceptOffer: {"to_payee": _other_offer},
    dispute.DeclineOffer: {"to_payee": _other_offer},
    mediation.Accept: {"to_payee": _recommended},
    mediation.Reject: {"to_payee": _recommended},
    arbitration.PayFee: {"share": lambda pot, by: "own", "amount": _share},
}


def command_of(step: Step, agreement: Agreement) -> Command:
    """The command of a step, the object of a consent filled in with what stands."""
    kind: Any = COMMANDS[step.do]
    given = dict(step.arguments)
    filled = _FILLED.get(kind, {})
    id_ = given.get("milestone")
    if filled and isinstance(id_, str) and id_ in agreement.lanes:
        pot = agreement.pot(id_, max(step.at, agreement.at))
        by = next((role for role, party in agreement.parties.items() if party == step.by), step.by)
        given = {name: fill(pot, by) for name, fill in filled.items() if name not in given} | given
    lacking = {name: None for name, needed in _arguments(kind).items() if needed and name not in given}
    return kind(**lacking, **given)  # type: ignore[no-any-return]


# -- playing ---------------------------------------------------------------------------------------------------------


@frozen
class Turn:
    """One thing that happened in a play: a step (or the passing of time), what it did, or why it was refused."""

    at: datetime
    records: tuple[Record, ...]
    agreement: Agreement
    step: Step | None = None
    command: Command | None = None
    refused: Refused | None = None
    warnings: tuple[str, ...] = ()


@frozen
class Played:
    """A played story: its turns, the agreement at the end (None if it never opened), what was not as expected."""

    story: Story
    turns: tuple[Turn, ...]
    agreement: Agreement | None
    failures: tuple[str, ...]
    refused: Refused | None = None


def play(story: Story, *, engine: str = "compiled", until: datetime | None = None) -> Played:
    """Play a story and compare it with what it expects."""
    try:
        agreement = story.open(engine)
    except Refused as refused:
        return _opening_refused(story, refused)
    failures = []
    if story.refused is not None:
        failures.append(f"{story.file}: the opening should be refused ({_expected(story.refused)}), but was not")
    player = _Player(story, agreement, engine, failures)
    player.run(until)
    return Played(story, tuple(player.turns), player.agreement, tuple(player.failures))


def _opening_refused(story: Story, refused: Refused) -> Played:
    expected = story.refused
    if expected is None:
        return Played(story, (), None, (f"{story.file}: the opening is refused: {refused}",), refused)
    wrong = (
        ""
        if _refused_as(expected, refused)
        else f"{story.file}: the opening is refused as {refused.code}, not as {_expected(expected)}"
    )
    return Played(story, (), None, (wrong,) if wrong else (), refused)


class _Player:
    def __init__(self, story: Story, agreement: Agreement, engine: str, failures: list[str]) -> None:
        self.story, self.agreement, self.engine = story, agreement, engine
        self.failures = failures
        self.turns = [Turn(agreement.at, agreement.history, agreement)]
        self.warnings: list[str] = []

    def run(self, until: datetime | None) -> None:
        """Every step in order; an expectation sees every step at or before its time."""
        last = max((s.at for s in self.story.steps), default=self.story.start)
        waiting = sorted(
            ((last if e.at is _LAST else e.at, i, e) for i, e in enumerate(self.story.expects)), key=lambda w: w[:2]
        )
        for step in self.story.steps:
            if until is not None and step.at > until:
                break
            while waiting and waiting[0][0] < step.at:
                self.check(*waiting.pop(0), until)
            self.take(step)
        for one in waiting:
            self.check(*one, until)
        if until is not None and until > self.agreement.at:
            self.pass_time(until)

    def pass_time(self, to: datetime) -> None:
        """Let deadlines pass, one turn for each instant at which something happened."""
        if to < self.agreement.at:
            return
        while (due := next(iter(self.agreement.deadlines()), None)) and due[0] <= to:
            before = len(self.agreement.history)
            done = self.agreement.advance(due[0], engine=self.engine)
            self.agreement = done.agreement
            self.warnings += done.warnings
            self.turns.append(Turn(due[0], done.agreement.history[before:], done.agreement, warnings=done.warnings))

    def take(self, step: Step) -> None:
        """One step: deadlines that are due come first."""
        self.pass_time(step.at)
        before = len(self.agreement.history)
        command = None
        try:
            command = command_of(step, self.agreement)
            done = self.agreement.decide(
                command, by=step.by, at=step.at, key=step.key, actor=step.actor, engine=self.engine
            )
        except Refused as refused:
            self.refuse(step, command, refused)
            return
        self.agreement = done.agreement
        self.warnings += done.warnings
        records = done.agreement.history[before:]
        self.turns.append(Turn(step.at, records, done.agreement, step, command, warnings=done.warnings))
        if step.refused is not None:
            self.fail(
                step.line, f"{step.do} by {step.by} should be refused ({_expected(step.refused)}), but was accepted"
            )

    def refuse(self, step: Step, command: Command | None, refused: Refused) -> None:
        """A refused step changes nothing; it is as expected only if the story says so."""
        self.turns.append(Turn(step.at, (), self.agreement, step, command, refused))
        if step.refused is None:
            self.fail(step.line, f"{step.do} by {step.by} is refused: {refused}")
        elif not _refused_as(step.refused, refused):
            as_ = f"{refused.code} (most {refused.most})" if refused.most is not None else refused.code
            self.fail(step.line, f"{step.do} by {step.by} is refused as {as_}, not as {_expected(step.refused)}")

    def fail(self, line: int | None, what: str) -> None:
        """Note what was not as expected."""
        self.failures.append(f"{self.story.file}{f':{line}' if line else ''}: {what}")

    def check(self, at: datetime, _: int, expect: Expect, until: datetime | None) -> None:
        """Compare with an expectation, once its time has come."""
        if until is not None and at > until:
            return
        self.pass_time(at)
        for claim, wanted in expect.claims.items():
            for what, want, found in _CHECKS[claim](self, wanted):
                if want != found:
                    when = in_words(at - self.story.start)
                    self.fail(expect.line, f"after {when}, {what} should be {want}, but is {found}")


def _expected(refused: Refusal) -> str:
    """The refusal that a story expects, in words."""
    if isinstance(refused, Mapping):
        most = f" (most {refused['most']})" if "most" in refused else ""
        return f"{refused.get('code', 'anything')}{most}"
    return "anything" if refused is True else str(refused)


def _refused_as(expected: Refusal, refused: Refused) -> bool:
    if expected is True:
        return True
    if isinstance(expected, Mapping):
        most = expected.get("most")
        same = most is None or (isinstance(refused.most, Money) and _same_sum(most, refused.most))
        return expected.get("code", refused.code) == refused.code and same
    return bool(expected == refused.code)


def _same_sum(text: Any, money: Money) -> bool:
    try:
        return Money.parse(text, money.currency) == money
    except EscrowError:
        return False


# -- expectations: each gives (what, wanted, found) ------------------------------------------------------------------

Found = Iterator[tuple[str, Any, Any]]


def _sum(text: Any, currency: str) -> Any:
    """A wanted amount, normalised; what is no amount stays as it is and so never fits."""
    try:
        return str(Money.parse(text, currency))
    except EscrowError:
        return text


def _currency(text: Any, otherwise: str) -> str:
    """The currency that an amount names."""
    named = text.split(" ") if isinstance(text, str) else []
    return named[1] if len(named) == 2 and named[1].isupper() else otherwise


def _state(player: _Player, wanted: Mapping[str, str]) -> Found:
    for name, state in wanted.items():
        try:
            yield name, state, player.agreement.state(name)
        except Refused as refused:
            yield name, state, refused.words


def _by_currency(player: _Player, wanted: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(wanted, Mapping) and set(wanted) <= set(player.agreement.currencies):
        yield from wanted.items()
    else:
        yield player.story.currency, wanted


def _net(player: _Player, wanted: Any) -> Found:
    for currency, nets in _by_currency(player, wanted):
        for name, sum_ in nets.items():
            yield f"net of {name}", _sum(sum_, currency), str(player.agreement.net(name, currency))


def _held(player: _Player, wanted: Any) -> Found:
    for currency, sum_ in _by_currency(player, wanted):
        yield "everything held", _sum(sum_, currency), str(player.agreement.held(currency))


def _outcome(player: _Player, wanted: Mapping[str, Mapping[str, str]]) -> Found:
    for id_, claims in wanted.items():
        found = foresight.outcome(player.agreement, id_)
        for key, want in claims.items():
            yield f"outcome of {id_}, {key}", want, getattr(found, key, None) and str(getattr(found, key))


def _due(player: _Player, wanted: Mapping[str, Any]) -> Found:
    found = next(iter(foresight.due(player.agreement)), None)
    has = {"who": found.party, "clock": found.clock, "by": found.at} if found else {}
    for key, want in wanted.items():
        yield f"next deadline, {key}", want, has.get(key)


def _balance(player: _Player, wanted: Mapping[str, Any]) -> Found:
    for account, sum_ in wanted.items():
        lane = player.agreement.lanes.get(re.split("[/:]", account)[1])
        currency = lane.currency if lane else _currency(sum_, player.story.currency)
        yield f"balance of {account}", _sum(sum_, currency), str(player.agreement.balance(account, currency))


def _totals(player: _Player, wanted: Mapping[str, Any]) -> Found:
    found = foresight.exposure(player.agreement)
    for key, sum_ in wanted.items():
        yield f"total {key}", _sum(sum_, player.story.currency), str(getattr(found, key, None))


def _silence(player: _Player, wanted: Mapping[str, str]) -> Found:
    for id_, who in wanted.items():
        yield f"who gets {id_} by silence", who, foresight.silence(player.agreement, id_)


def _owed(player: _Player, wanted: Mapping[str, Any]) -> Found:
    owed = player.agreement.owed()
    for pair, sum_ in wanted.items():
        debtor, _, creditor = pair.partition(">")
        found = owed.get((debtor, creditor), Money(0, player.story.currency))
        yield f"owed {pair}", _sum(sum_, found.currency), str(found)


def _warns(player: _Player, wanted: list[str]) -> Found:
    for warning in wanted:
        yield f"warning {warning}", True, warning in player.warnings


_CHECKS: Final[Mapping[str, Callable[[_Player, Any], Found]]] = {
    "state": _state,
    "net": _net,
    "held": _held,
    "outcome": _outcome,
    "due": _due,
    "balance": _balance,
    "totals": _totals,
    "silence": _silence,
    "owed": _owed,
    "warns": _warns,
}
