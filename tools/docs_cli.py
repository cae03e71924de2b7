"""The reference of the command line, made from its commands; what `--json` prints, from what it prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner
from docs_api import table, words

from escrowkit.cli import run
from escrowkit.rulebook import available

#: Calls whose JSON shows every key, by command; `FILES` are there.
CALLS: dict[str, tuple[tuple[str, ...], ...]] = {
    "play": (
        ("play", "--check", "--json"),
        ("play", "--check", "--json", "--until", "20 days"),
        ("play", "chargeback-after-release", "--json", "--until", "43 days"),
        ("play", "wrong.toml", "--json"),
    ),
    "play --list": (("play", "--list", "--json"),),
    "draw": (("draw", "dispute", "--json"),),
    "rules": (("rules", "--json"),),
    "rules RULEBOOK": tuple(("rules", name, "--json") for name in available()),
    "rules --compare": (("rules", "--compare", "upwork@2018", "standard", "--json"),),
    "compare": (
        ("compare", "upwork-mediator-cannot-close", "--json"),
        ("compare", "two-currencies", "--keep-dates", "--json"),
    ),
    "prove": tuple(
        ("prove", name, "--amount", "1", "--unusual", "0", "--json") for name in ("strands.toml", "contra@undated")
    ),
    "check": (("check", "mine.toml", "--json"), ("check", "upwork@2018", "--json")),
}
#: Tables whose keys are names of their own: ids of sources, rulebooks, signs, parties, machines.
BY_NAME = (
    "sources",
    "rows[].answers",
    "legend",
    "columns[].nets",
    "columns[].nets.*",
    "columns[].inside",
    "columns[].states",
)
#: Files that have problems, so that every key is there.
FILES = {
    "mine.toml": 'id = "mine"\nversion = "1"\n',
    "strands.toml": 'id = "strands"\nversion = "1"\ntitle = "No end"\n[dispute]\nopen_by = "payer"\n',
    "wrong.toml": """
title = "Not so"
rulebook = "standard@1"
currency = "USD"
start = 2026-03-02T09:00:00Z
[[milestone]]
id = "m1"
price = "50.00"
[[expect]]
held = "50.00"
""",
}


def page() -> str:
    """The whole page."""
    parts = [
        "# The command line",
        "`escrowkit` comes with the extra `cli` (`pip install 'escrowkit[cli]'`); `python -m escrowkit` is the same. Made from the "
        "commands themselves. Output is plain text unless it goes to a terminal.",
        "| it exits with | when |\n|---|---|\n| 0 | all is well |\n| 1 | a story is not as it expects, a file has problems, or the "
        "library says no: the reason is on standard error |\n| 2 | the call itself is wrong, or a story file cannot be read |",
        words(run.callback),
    ]
    for name, command in run.commands.items():
        parts += section(name, command)
    parts += ["## What `--json` prints", SHAPES]
    for name, calls in CALLS.items():
        parts += [f"### `escrowkit {name} --json`", table(("key", "kind"), shape(calls))]
    return "\n\n".join(parts) + "\n"


SHAPES = (
    "Keys stay, and new ones may come; see [stability](stability.md). A `[]` stands for every item of a list, a `*` for every key of a table. Texts that are sentences "
    "are for people and may be reworded."
)


def section(name: str, command: click.Command) -> Iterator[str]:
    """One command: how it is called, what it does, its options."""
    with click.Context(command, info_name=f"escrowkit {name}") as context:
        yield f"## `escrowkit {name}`"
        yield f"```text\n{command.get_usage(context).removeprefix('Usage: ')}\n```"
        yield words(command.callback)
        yield table(("option", "what it does"), [(f"`{call}`", says) for call, says in options(command, context)])


def options(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    """The options as `--help` tells them, itself aside."""
    for one in command.params:
        record = one.get_help_record(context)
        if isinstance(one, click.Option) and record is not None:
            yield record


# -- JSON ------------------------------------------------------------------------------------------------------------


def shape(calls: tuple[tuple[str, ...], ...]) -> list[tuple[str, str]]:
    """Every key that these calls print, with the kinds of its values."""
    found: dict[str, list[str]] = {}
    for call in calls:
        for key, kind in _keys(_json(call), ""):
            kinds = found.setdefault(key, [])
            if kind not in kinds:
                kinds.append(kind)
    return [(f"`{key}`", " or ".join(sorted(kinds, key="null".__eq__))) for key, kinds in found.items()]


def _json(call: tuple[str, ...]) -> Any:
    runner = CliRunner()
    with runner.isolated_filesystem():
        for name, text in FILES.items():
            Path(name).write_text(text, encoding="utf-8")
        return json.loads(runner.invoke(run, call).stdout)


def _keys(data: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every key below, one by one; a list counts by its items."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _keys(value, f"{path}.*" if path in BY_NAME else f"{path}.{key}" if path else key)
    elif isinstance(data, list):
        if not data:
            return
        for value in data:
            yield from _keys(value, f"{path}[]")
    else:
        yield path, {str: "text", int: "number", bool: "true or false", type(None): "null"}[type(data)]
