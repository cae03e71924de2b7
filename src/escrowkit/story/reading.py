"""Reading a story file: every problem with its line and a mend."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path
from typing import Any, Final

from escrowkit import trackrecord
from escrowkit.consents import FILLED
from escrowkit.doors import door
from escrowkit.errors import REFUSALS, DefinitionError, EscrowError, StoryError, shown
from escrowkit.machines import conduct
from escrowkit.periods import Calendar, Period
from escrowkit.periods import instant as aware
from escrowkit.pot import MACHINES
from escrowkit.rulebook import Rulebook, is_file, load
from escrowkit.story.expecting import STANDING
from escrowkit.story.model import COMMANDS, LAST, Expect, Step, Story, arguments_of
from escrowkit.table import Command

_TOP: Final = (
    *("title", "source", "about", "seed", "rulebook", "currency", "start", "parties", "rules", "facts", "rail"),
    *("refused", "milestone", "step", "expect"),
)
_MILESTONE: Final = ("id", "price", "title", "due", "release_when", "currency", "rules")
_STEP: Final = ("at", "by", "do", "with", "refused", "key", "actor", "note")
#: What an expectation may claim, and of which shape each claim is.
CLAIMS: Final[Mapping[str, tuple[type, ...]]] = {
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
    "standing": (dict,),
    "stats": (dict,),
}
_SHAPES: Final[Mapping[type, str]] = {dict: "a table", list: "a list", str: "an amount"}
_FACTS: Final = ("billed_before",)
_CODES: Final = tuple(refusal.code for refusal in REFUSALS)
_POTS: Final = ("escrow", "clearing", "deposit", "fees")
_SIDES: Final = ("payer", "payee")
CONDUCT: Final = tuple(state.value for state in conduct.S)
_NAMES: Final = ("payer", "payee", "platform", "arbitrator", "provider", "authority")


def shipped() -> tuple[str, ...]:
    """The names of the shipped stories."""
    files = resources.files("escrowkit").joinpath("stories").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


@door(name=str | Path)
def read(name: str | Path) -> Story:
    """A story by path, or a shipped one by name. Raises `StoryError`; its `others` are the further problems."""
    path = Path(name)
    if not is_file(path) and str(name) in shipped():
        text = resources.files("escrowkit").joinpath("stories", f"{name}.toml").read_text(encoding="utf-8")
        return parse(text, f"{name}.toml")
    if not is_file(path):
        near = difflib.get_close_matches(str(name), shipped(), n=1)
        mend = f"Did you mean {near[0]}?" if near else f"Shipped stories: {', '.join(shipped())}."
        raise StoryError(str(name), None, "there is no such story", mend)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise StoryError(str(name), None, f"not UTF-8: {error}", "Save the file as UTF-8.") from error
    return parse(text, str(name), path.parent)


@door(text=str, file=str, near=Path)
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


@door(start=aware, text=str, calendar=Calendar)
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
                self.wrong(line(key), f"{what} knows no {shown(key)}", mend)

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
            what = f"start = {shown(value)}: an instant is needed"
            self.wrong(self.top("start"), what, "Write: start = 2026-01-05T09:00:00Z")
            return self.start
        return self.instant(value, "start", self.top("start")) or self.start

    def instant(self, value: Any, key: str, line: int | None) -> datetime | None:
        """An instant: one with a zone, or a time since the start."""
        mend = f'Write: {key} = "5 days" (since start), or an instant such as 2026-01-05T09:00:00Z.'
        what = f"{key} = {shown(value)}: an instant is needed"
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
            self.wrong(
                line, f"there is no refusal {shown(value)}", _near(value, _CODES, f"There are: {', '.join(_CODES)}.")
            )
        elif not isinstance(value, str) and value is not None and value is not True:
            self.wrong(line, f"refused = {shown(value)}: a code, true, or a table is needed", mend)

    def named(self, id_: Any, line: int | None) -> None:
        """A milestone that the story names must be one that it has, or that a step proposes."""
        if not isinstance(id_, str) or id_ not in self.ids:
            there = f"There are: {', '.join(sorted(self.ids))}."
            self.wrong(line, f"there is no milestone {shown(id_)}", _near(str(id_), self.ids, there))

    def milestone(self, number: int, table: Mapping[str, Any]) -> Mapping[str, Any]:
        """The terms of a milestone."""

        def line(key: str) -> int | None:
            return self.line("milestone", number, key)

        self.known(table, _MILESTONE, "a milestone", line)
        for key in ("id", "price"):
            if key not in table:
                self.wrong(line(""), f"a milestone needs {shown(key)}", f'Write: {key} = "…"')
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
                self.wrong(line(key), f"a step needs {shown(key)}", f'Write: {key} = "…"')
        do, by, refused = table.get("do"), table.get("by"), table.get("refused")
        self.refusal(refused, line("refused"))
        if at is None or not isinstance(do, str) or not isinstance(by, str):
            return None
        command = COMMANDS.get(do)
        if command is None:
            machines = f"Machines: {', '.join(MACHINES)}, agreement."
            self.wrong(line("do"), f"there is no command {shown(do)}", _near(do, COMMANDS, machines))
            return None
        arguments = self.arguments(command, table.get("with", {}), refused, line("with"))
        return Step(at, by, do, arguments, refused, table.get("key"), table.get("actor"), line(""), table.get("note"))

    def arguments(self, command: type[Command], given: Any, refused: Any, line: int | None) -> dict[str, Any]:
        """The arguments of a step, by the command's own fields; the object of a consent may be left out."""
        if not isinstance(given, dict):
            self.wrong(line, "`with` is a table", 'Write: with = { milestone = "m1" }')
            return {}
        names = arguments_of(command)
        self.known(given, names, f"{command.machine}.{command.word}", lambda key: line)
        lacking = [n for n, needed in names.items() if needed and n not in given and n not in FILLED.get(command, ())]
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

        self.known(table, ("at", *CLAIMS), "expect", line)
        at = self.instant(table["at"], "at", line("at")) if "at" in table else None
        claims = {}
        for claim, shapes in CLAIMS.items():
            if isinstance(table.get(claim), shapes):
                claims[claim] = self.claim(claim, table[claim], line(claim))
            elif claim in table:
                shape = " or ".join(_SHAPES[one] for one in shapes)
                self.wrong(line(claim), f"{claim} = {shown(table[claim])}: {shape} is needed", EXAMPLES[claim])
        return Expect(at or LAST, claims, line(""))

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
            self.known([machine], MACHINES, "state", line)
            if machine == "conduct":
                self.known([rest], _SIDES, "conduct", line)
            else:
                self.named(rest.partition("/")[0], line(name))

    def names_of_outcome(self, wanted: Mapping[str, Any], line: Line) -> None:
        """Milestones, and what an outcome says."""
        for id_, said in wanted.items():
            self.named(id_, line(id_))
            if isinstance(said, dict):
                self.known(said, ("kind", "code", "to"), f"outcome of {id_}", line)
            else:
                self.wrong(line(id_), f"outcome of {id_} = {shown(said)}: a table is needed", EXAMPLES["outcome"])

    def names_of_silence(self, wanted: Mapping[str, Any], line: Line) -> None:
        """Milestones."""
        for id_ in wanted:
            self.named(id_, line(id_))

    def names_of_standing(self, wanted: Mapping[str, Any], line: Line) -> None:
        """Sides, and what is said of each."""
        self.known(wanted, _SIDES, "standing", line)
        for side, said in wanted.items():
            if isinstance(said, str):
                self.known([said], CONDUCT, f"standing of the {side}", line)
                continue
            if not isinstance(said, dict):
                self.wrong(
                    line(side), f"standing of the {side} = {shown(said)}: a table is needed", EXAMPLES["standing"]
                )
                continue
            self.known(said, STANDING, f"standing of the {side}", line)
            for key, shape in (("conduct", str), ("strikes", int), ("lacks", list), ("feedback", dict)):
                if not isinstance(said.get(key, shape()), shape):
                    self.wrong(line(side), f"{key} = {shown(said[key])}: it cannot be that", EXAMPLES["standing"])
            for id_ in said.get("feedback", ()):
                self.named(id_, line(side))

    def names_of_stats(self, wanted: Mapping[str, Any], line: Line) -> None:
        """Sides, and the names of what is counted."""
        self.known(wanted, _SIDES, "stats", line)
        for side, counts in wanted.items():
            if isinstance(counts, dict):
                self.known(counts, trackrecord.NAMES, f"stats of the {side}", line)
            else:
                self.wrong(line(side), f"stats of the {side} = {shown(counts)}: a table is needed", EXAMPLES["stats"])

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


EXAMPLES: Final = {
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
    "standing": 'Write: standing = { payer = "good", payee = { strikes = 1, lacks = ["writing"] } }',
    "stats": "Write: stats = { payee = { contracts = 1, paid_in_full = 1, disputed = 0 } }",
}
