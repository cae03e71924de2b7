"""The reference of the Python interface, made from signatures and docstrings; commands and events from the tables."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from types import FunctionType, ModuleType
from typing import Any

import attrs

import escrowkit
from escrowkit import (
    agreement,
    chain,
    codec,
    comparison,
    conditions,
    drawing,
    errors,
    evidence,
    foresight,
    ledger,
    lint,
    live,
    money,
    periods,
    roles,
    rulebook,
    story,
    testing,
    trackrecord,
)
from escrowkit.machines import arbitration, conduct, dispute, escrow, feedback, mediation, milestone, obligation
from escrowkit.roles import CALLERS, PARTY, Role
from escrowkit.table import Command, Event, Table
from escrowkit.testing import chosen, laws, strategies

#: A page: its file, its title, its module, and the names that it shows, in their order.
Page = tuple[str, str, ModuleType, Sequence[str]]

PAGES: tuple[Page, ...] = (
    (
        "agreement",
        "Agreements and decisions",
        agreement,
        (
            *("open_agreement", "Agreement", "Decision", "Record", "replay", "verify", "view", "Restrict", "End"),
            *("Terms", "Opened", "Restricted", "Ended"),
        ),
    ),
    (
        "foresight",
        "What is coming",
        foresight,
        (
            *("due", "Due", "options", "option", "Option", "Argument", "if_silent", "Forecast", "silence"),
            *("stakes", "Stakes", "Path", "percent", "plays", "Game", "Play", "chance_of"),
            *("explain", "Explanation", "Step", "Rule", "Missed", "Could"),
            *("outcome", "outcomes", "Outcome", "exposure", "Exposure", "ended"),
        ),
    ),
    ("money", "Money and tariffs", money, ("Money", "Tariff")),
    ("periods", "Periods and calendars", periods, ("Period", "Calendar")),
    (
        "conditions",
        "Release conditions",
        conditions,
        ("signed", "attested", "elapsed", "all_of", "any_of", "at_least", "parse", "AtLeast"),
    ),
    ("rulebook", "Rulebooks", rulebook, ("load", "available", "Rulebook")),
    ("lint", "What stands out in a rulebook", lint, ("lint", "Lint", "LINTS")),
    ("ledger", "Entries and the ledger", ledger, ("Entry", "Line", "Kind", "Ledger")),
    ("roles", "Roles", roles, ("Role",)),
    (
        "errors",
        "Exceptions",
        errors,
        (
            *("EscrowError", "Refused", "BrokenBooks", "DefinitionError", "StoryError", "BadDocument", "BrokenChain"),
            "MissingExtra",
        ),
    ),
    (
        "codec",
        "Documents",
        codec,
        ("dumps", "loads", "to_document", "from_document", "schema", "Erased"),
    ),
    (
        "chain",
        "Sealed histories",
        chain,
        ("seal", "verify", "replay", "unseal", "erase", "dumps", "loads", "Sealed", "Text", "Head", "GENESIS"),
    ),
    (
        "story",
        "Stories",
        story,
        (
            "read",
            "parse",
            "shipped",
            "play",
            "written",
            "rulebook_file",
            "Said",
            "Story",
            "Step",
            "Expect",
            "Played",
            "Turn",
        ),
    ),
    (
        "comparison",
        "Side by side",
        comparison,
        (
            *("compare", "pick", "newest", "Comparison", "Row", "Cell"),
            *("under", "StoryComparison", "Column", "Left", "Taken", "Stopped"),
        ),
    ),
    (
        "trackrecord",
        "Track records",
        trackrecord,
        ("track_record", "of", "merge", "TrackRecord", "Ratings", "COUNTS", "NAMES", "LEAST", "percent"),
    ),
    ("evidence", "Evidence", evidence, ("dossier", "verify", "Dossier", "Piece")),
    ("drawing", "Drawings", drawing, ("draw", "overview", "FORMATS")),
    (
        "testing",
        "The test kit",
        testing,
        (
            *("EscrowMachine", "check_store", "Store", "MemoryStore", "Conflict", "UnknownAgreement", "next_due"),
            *(
                "check_provider",
                "Provider",
                "Order",
                "Answer",
                "Status",
                "orders",
                "recalled",
                "asked",
                "report",
                "Outbox",
                "FakeProvider",
            ),
            *("KeyTaken", "NotKept", "Twin", "Disagreement"),
        ),
    ),
    ("strategies", "Strategies for Hypothesis", strategies, tuple(strategies.__all__)),
    (
        "laws",
        "Laws",
        laws,
        ("check", "decide", "scheduler_changes_nothing", "silence_ends", "whole", "Books", "Broken"),
    ),
    ("chosen", "Random values without Hypothesis", chosen, ("Dice", "rulebook", "agreement", "command", "moment")),
    ("live", "Models for `transitions`", live, ("bind", "Session", "Bound", "Model", "CallbacksFailed")),
)

MACHINES: dict[str, ModuleType] = {
    "milestone": milestone,
    "escrow": escrow,
    "dispute": dispute,
    "mediation": mediation,
    "arbitration": arbitration,
    "obligation": obligation,
    "feedback": feedback,
    "conduct": conduct,
}

#: What has a public name for reasons of its own, and is no part of the interface.
INNER = {
    "CallbacksFailed.derive",
    "Decision.of",
    *(
        f"Agreement.{name}"
        for name in ("of", "facts", "lane", "lanes", "billed", "keys", "dues", "is_due", "billed_before", "met")
    ),
}

WIDTH = 100


# -- words -----------------------------------------------------------------------------------------------------------


def words(thing: Any) -> str:
    """A docstring as Markdown: its examples fenced, the rest as it is."""
    text = inspect.cleandoc(thing if isinstance(thing, str) else thing.__doc__ or "")
    parts = []
    for part in re.split(r"\n\n+", text):
        if part.startswith(">>>"):
            parts.append(f"```pycon\n{part}\n```")
        elif part.startswith("    "):
            raise ValueError(f"an example that nothing runs: {part}")
        else:
            parts.append(part)
    return "\n\n".join(parts)


def first(thing: Any) -> str:
    """The first sentence or paragraph of a docstring, on one line."""
    return " ".join(inspect.cleandoc(thing.__doc__ or "").split("\n\n")[0].split())


def cell(text: str) -> str:
    """A text as it stands in a table; outside code, nothing in it is read as HTML."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    plain = [part if part.startswith("`") else part.replace("<", "&lt;") for part in parts]
    return "".join(plain).replace("|", "\\|")


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    return "\n".join((*lines, *(f"| {' | '.join(map(cell, row))} |" for row in rows)))


def stub(text: str) -> str:
    """A block of declarations."""
    return f"```pyi\n{text}\n```"


def literal(value: Any) -> str:
    """A value as the sources write it, texts in double quotes."""
    if isinstance(value, type):
        return value.__name__
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


# -- signatures ------------------------------------------------------------------------------------------------------


def typed(annotation: Any) -> str:
    """An annotation as it stands in the source."""
    if annotation is inspect.Parameter.empty or annotation is None:
        return ""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\b(?:arg|opening|stories|whole)\.", "", text)


def declared(name: str, function: Any, *, decorator: str = "") -> str:
    """A function as a stub declares it: on one line, or one parameter a line."""
    signature = inspect.signature(function)
    parts: list[str] = []
    starred = False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            starred = True
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        parts.append(_parameter(parameter))
        if parameter.kind is parameter.POSITIONAL_ONLY and not _more_positional(signature, parameter):
            parts.append("/")
    back = typed(signature.return_annotation)
    end = f" -> {back}: ..." if back else ": ..."
    line = f"def {name}({', '.join(parts)}){end}"
    if len(line) > WIDTH:
        line = f"def {name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){end}"
    return f"{decorator}\n{line}" if decorator else line


def _more_positional(signature: inspect.Signature, parameter: inspect.Parameter) -> bool:
    after = list(signature.parameters.values())
    rest = after[after.index(parameter) + 1 :]
    return any(p.kind is p.POSITIONAL_ONLY for p in rest)


def _parameter(parameter: inspect.Parameter) -> str:
    star = (
        "*" if parameter.kind is parameter.VAR_POSITIONAL else "**" if parameter.kind is parameter.VAR_KEYWORD else ""
    )
    kind = typed(parameter.annotation)
    text = star + parameter.name + (f": {kind}" if kind else "")
    if parameter.default is parameter.empty:
        return text
    return f"{text} = {literal(parameter.default)}" if kind else f"{text}={literal(parameter.default)}"


# -- classes ---------------------------------------------------------------------------------------------------------


def said_of_fields(cls: type) -> dict[str, str]:
    """What the `#:` comments above the fields of a class say."""
    found: dict[str, str] = {}
    for match in re.finditer(r"((?:^ +#: .*\n)+) +(?:self\.)?(\w+)\s*[:=]", inspect.getsource(cls), re.MULTILINE):
        lines = (line.strip().removeprefix("#: ") for line in match[1].splitlines())
        found[match[2]] = " ".join(lines)
    return found


def declared_class(cls: type) -> str:
    """A class as a stub declares it: its bases and its fields."""
    bases = [base.__name__ for base in cls.__bases__ if base is not object and not _hidden(base)]
    head = f"class {cls.__name__}" + (f"({', '.join(bases)}):" if bases else ":")
    comments = said_of_fields(cls)
    lines = []
    for one in attrs.fields(cls) if attrs.has(cls) else ():
        if one.name.startswith("_") or one.inherited or f"{cls.__name__}.{one.name}" in INNER:
            continue
        if comments.get(one.name):
            lines.append(f"    # {comments[one.name]}")
        lines.append(f"    {one.name}: {typed(one.type)}{_default(one)}")
    if not lines and "code" in vars(cls):
        lines.append(f"    code = {literal(vars(cls)['code'])}")
    if not lines and hasattr(cls, "__members__"):
        lines = [f"    {name} = {literal(member.value)}" for name, member in cls.__members__.items()]
    return "\n".join((head, *lines)) if lines else f"{head} ..."


def _default(one: Any) -> str:
    if one.default is attrs.NOTHING:
        return ""
    if isinstance(one.default, attrs.Factory):  # type: ignore[arg-type]
        return f" = {one.default.factory.__name__}()"
    return f" = {literal(one.default)}"


def _hidden(base: type) -> bool:
    """Whether a base is only how a class is made: what it brings is shown as the class's own."""
    public = {name for *_, names in PAGES for name in names} | {"Command", "Event"}
    return base.__module__.startswith("escrowkit.") and base.__name__ not in public


def _members(cls: type) -> Iterator[tuple[str, Any]]:
    """Its own public members, in the order of the source; those of its hidden bases first."""
    for base in (*(base for base in cls.__mro__[:0:-1] if _hidden(base)), cls):
        for name, member in vars(base).items():
            if not name.startswith("_") and f"{cls.__name__}.{name}" not in INNER:
                yield name, member


def shown_class(name: str, cls: type) -> Iterator[str]:
    """A class with its properties and methods."""
    yield f"## class `{name}`"
    yield stub(declared_class(cls))
    yield words(cls)
    properties = [
        (f"`{key}`", f"`{typed(inspect.signature(getter).return_annotation)}`", first(getter))
        for key, member in _members(cls)
        if (getter := getattr(member, "fget", None) or getattr(member, "func", None)) and getter.__doc__
    ]
    if properties:
        yield table(("property", "type", "meaning"), properties)
    special = {"__getitem__": "item"} if "__getitem__" in vars(cls) and vars(cls)["__getitem__"].__doc__ else {}
    for key, member in (*((k, vars(cls)[k]) for k in special), *_members(cls)):
        kind = {classmethod: "@classmethod", staticmethod: "@staticmethod"}.get(type(member), "")
        plain = member.__func__ if kind else member
        if isinstance(plain, FunctionType) and plain.__doc__:
            yield f"### `{name}.{key}`"
            yield stub(declared(key, plain, decorator=kind))
            yield words(plain)


def shown(name: str, thing: Any, module: ModuleType) -> Iterator[str]:
    """Anything public."""
    if isinstance(thing, type):
        yield from shown_class(name, thing)
    elif callable(thing):
        yield f"## `{name}`"
        yield stub(declared(name, thing))
        yield words(thing)
    else:
        yield f"## `{name}`"
        yield stub(f"{name} = {thing!r}")
        yield summary(name, module)


def where(name: str, module: ModuleType) -> str:
    """How a name is imported."""
    top = name in escrowkit.__all__ and getattr(escrowkit, name) is getattr(module, name)
    return f"escrowkit.{name}" if top else f"{module.__name__}.{name}"


def page(title: str, module: ModuleType, names: Sequence[str]) -> str:
    """One page of a module."""
    parts = [f"# {title}", words(module)]
    listed = [(f"[`{where(name, module)}`](#{anchor(name, module)})", summary(name, module)) for name in names]
    parts.append(table(("name", "what it is"), listed))
    for name in names:
        parts += shown(name, getattr(module, name), module)
    return "\n\n".join(filter(None, parts)) + "\n"


def summary(name: str, module: ModuleType) -> str:
    """What a name is, in a line: by its docstring, or by the comment above it."""
    thing = getattr(module, name)
    if callable(thing):
        return first(thing)
    match = re.search(rf"((?:^#: .*\n)+){name}\b", inspect.getsource(module), re.MULTILINE)
    return " ".join(line.removeprefix("#: ") for line in match[1].splitlines()) if match else ""


def anchor(name: str, module: ModuleType) -> str:
    """The anchor of a heading, as code hosts and the site make it."""
    return ("class-" if isinstance(getattr(module, name), type) else "") + name.lower()


# -- commands and events ---------------------------------------------------------------------------------------------


def people(made: Table[Any], command: type[Command]) -> list[Role]:
    """Who may give a command, the clock and the rules aside."""
    by = {role for row in made.rows if row.command is command for role in row.by}
    return [role for role in Role if role in by & CALLERS]


def _by(who: Sequence[Role]) -> str:
    names = ["payer or payee"] if set(who) >= PARTY else []
    return ", ".join(names + [role.value for role in who if not (names and role in PARTY)])


def arguments(command: type[Command]) -> Iterator[tuple[str, str, str]]:
    """What a command says: name, kind, needed or not."""
    known: Any = command
    for one in attrs.fields(known):
        kind = one.metadata.get("escrowkit.argument")
        if kind is None:
            continue
        what = f"{kind.name}{', zero allowed' if kind.sum_ and kind.zero else ''}"
        needed = one.default in (attrs.NOTHING, None) and not kind.optional
        yield f"`{one.name}`", what, "yes" if needed else "no" if one.default is None else f"else {one.default}"


def said(command: type[Command]) -> str:
    """The arguments of a command as a table, if it has any."""
    rows = list(arguments(command))
    return table(("argument", "what it is", "needed"), rows) if rows else ""


def machine(name: str, module: ModuleType) -> str:
    """The commands and the events of one machine."""
    made: Table[Any] = module.TABLE
    given = {word: who for word, command in made.commands.items() if (who := people(made, command))}
    parts = [
        f"# {name.capitalize()}: commands and events",
        words(module).split("\n\n")[0],
        f"Which state each command needs and where it leads: [the machine](../machines/{name}.md). "
        'A command is a value, and `Agreement.decide` gives it. Each names its `milestone` first. An amount is a `Money` or a text such as `"20.00"`; '
        'an instant is an aware `datetime`; a period is a text such as `"5 days"`.',
        "## Commands",
        "What people give. In a story: "
        f"`{name}.{next(iter(given))}`; in Python: `escrowkit.{name}.{made.commands[next(iter(given))].__name__}`.",
    ]
    for word, who in given.items():
        command = made.commands[word]
        names = [one.name for one in _init(command)]
        parts += [
            f"### {command.__name__}",
            f"`{name}.{word}` · by {_by(who)} · `{command.__name__}({', '.join(names)})`",
            words(command),
            said(command),
        ]
    inner = [(f"`{w}`", _inner(made, c), first(c)) for w, c in made.commands.items() if w not in given]
    if inner:
        parts += [
            "## Commands that nobody gives",
            "The clock and the rules give these; from outside they are refused.",
            table(("command", "by", "what it does"), inner),
        ]
    parts += ["## Events", SHARED, table(("event", "what it says", "what happened"), map(_event, made.events.values()))]
    return "\n\n".join(filter(None, parts)) + "\n"


SHARED = (
    "Every event says beside its own words: `milestone`, `by` (the role), `at`, `actor` (who acted for it, if told), "
    "`before` and `after` (the states); and, of its class, `machine` and `word`."
)


def _init(command: type[Command]) -> Iterator[Any]:
    known: Any = command
    return (one for one in attrs.fields(known) if one.init and (one.name == "milestone" or one.metadata))


def _inner(made: Table[Any], command: type[Command]) -> str:
    by = {role for row in made.rows if row.command is command for role in row.by}
    return ", ".join(role.value for role in Role if role in by)


def _event(event: type[Event]) -> tuple[str, str, str]:
    known: Any = event
    own = [f"`{one.name}: {typed(one.type)}`" for one in attrs.fields(known) if one.name in event.fields()]
    return f"`{event.__name__}`", ", ".join(own) or "—", first(event)


# -- all of it -------------------------------------------------------------------------------------------------------


def index() -> str:
    """The page above them all."""
    names = [(f"[{title}]({file}.md)", f"`{module.__name__}`", first(module)) for file, title, module, _ in PAGES]
    machines = [(f"[{name}]({name}.md)", f"`escrowkit.{name}`", first(module)) for name, module in MACHINES.items()]
    parts = (
        "# The Python interface",
        "Made from the signatures and docstrings of the package. What is not on these pages is not public; what public "
        "means stands under [stability](../stability.md).",
        "`import escrowkit as ek` is how the guides import it. Everything is typed; every value is frozen; nothing "
        "reads a clock, a random number or a file, but `load` and the readers of stories.",
        "## Modules",
        table(("page", "module", "what stands there"), names),
        "## Commands and events",
        table(("machine", "module", "what it is"), machines),
    )
    return "\n\n".join(parts) + "\n"


def pages() -> Iterator[tuple[str, str]]:
    """Every page: its path below `reference`, and its text."""
    yield "api/README.md", index()
    for file, title, module, names in PAGES:
        yield f"api/{file}.md", page(title, module, names)
    for name, module in MACHINES.items():
        yield f"api/{name}.md", machine(name, module)
