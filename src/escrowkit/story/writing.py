"""Writing a story: a life that a program found, as a file that `escrowkit play` runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from attrs import frozen

from escrowkit.agreement import Agreement
from escrowkit.doors import Every, door
from escrowkit.money import Money
from escrowkit.periods import Period
from escrowkit.rulebook import Rulebook
from escrowkit.story.model import arguments_of
from escrowkit.table import Command


@frozen
class Said:
    """A step as it is written: when, by whom, which command, under which key, and with which code it was refused."""

    at: datetime
    by: str
    command: Command
    key: str | None = None
    refused: str | None = None
    note: str | None = None


@door(head=Mapping, milestones=Every(Mapping), steps=Every(Said), expects=Every(Mapping))
def written(
    head: Mapping[str, Any],
    milestones: Iterable[Mapping[str, Any]],
    steps: Iterable[Said],
    expects: Iterable[Mapping[str, Any]] = (),
) -> str:
    """The text of a story file. What `head` says stands at its top, tables of it under their names.

    >>> from escrowkit import escrow
    >>> deposit = Said(datetime(2026, 3, 2), "payer", escrow.Deposit("m1", Money(500, "USD")), refused="not-now")
    >>> print(written({"title": "Short", "rules": {"a.b": 1}}, [{"id": "m1", "price": "5.00"}], [deposit]), end="")
    title = "Short"
    <BLANKLINE>
    [rules]
    "a.b" = 1
    <BLANKLINE>
    [[milestone]]
    id    = "m1"
    price = "5.00"
    <BLANKLINE>
    [[step]]
    at      = 2026-03-02T00:00:00
    by      = "payer"
    do      = "escrow.deposit"
    with    = { milestone = "m1", amount = "5.00 USD" }
    refused = "not-now"
    """
    top = {key: said for key, said in head.items() if not isinstance(said, Mapping)}
    parts = [
        _table(top),
        *(f"[{name}]\n{_table(said)}" for name, said in head.items() if isinstance(said, Mapping) and said),
        *(f"[[milestone]]\n{_table(one)}" for one in milestones),
        *(f"[[step]]\n{_table(_step(one))}" for one in steps),
        *(f"[[expect]]\n{_table(one)}" for one in expects),
    ]
    return "\n\n".join(parts) + "\n"


def opening(agreement: Agreement, title: str, rulebook: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The head and the milestones with which a story opens such an agreement, under a rulebook so named."""
    opened: Any = agreement.history[0].event
    currency = agreement.currency
    billed = opened.billed_before.get(currency)
    head = {
        "title": title,
        "rulebook": rulebook,
        "currency": currency,
        "start": opened.at,
        "rail": opened.rail,
        "parties": opened.parties,
        "facts": {} if billed is None else {"billed_before": billed.text},
    }
    return head, [_terms(one, currency) for one in opened.terms]


def _terms(terms: Any, currency: str) -> dict[str, Any]:
    said = {name: getattr(terms, name) for name in ("id", "title", "due", "release_when")}
    own = {} if terms.price.currency == currency else {"currency": terms.price.currency}
    found = {"id": terms.id, "price": terms.price.text, **own, **said, "rules": terms.rules or None}
    return {name: value for name, value in found.items() if value is not None}


@door(rules=Rulebook)
def rulebook_file(rules: Rulebook) -> str:
    """A rulebook as the text of a file: `load` reads the same of it again.

    >>> from escrowkit.rulebook import build
    >>> text = rulebook_file(build({"id": "own", "version": "1", "title": "Own", "escrow.clearing": "5 days"}, "own"))
    >>> print(text, end="")
    id = "own"
    version = "1"
    title = "Own"
    escrow.clearing = "5 days"
    """
    said = {name: value for name, value in rules.written().items() if value or name in rules.data}
    return "".join(f"{name} = {_value(value)}\n" for name, value in said.items())


def _step(one: Said) -> dict[str, Any]:
    # What is needed and was not said is an empty text: left out, a story would fill a consent in.
    needed = arguments_of(type(one.command))
    said = {name: getattr(one.command, name) for name in needed}
    given = {name: "" if value is None and needed[name] else value for name, value in said.items()}
    found = {
        "at": one.at,
        "by": one.by,
        "do": f"{one.command.machine}.{one.command.word}",
        "with": {name: value for name, value in given.items() if value is not None},
        "key": one.key,
        "refused": one.refused,
        "note": one.note,
    }
    return {name: value for name, value in found.items() if value is not None}


# -- TOML ------------------------------------------------------------------------------------------------------------


def _table(said: Mapping[str, Any]) -> str:
    names = {name: _name(name) for name in said}
    width = max(map(len, names.values()), default=0)
    return "\n".join(f"{names[name]:<{width}} = {_value(value)}" for name, value in said.items())


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return _instant(value) if isinstance(value, datetime) else value.isoformat()
    if hasattr(value, "data") and not isinstance(value, str):  # a release condition
        return _value(value.data())
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_name(name)} = {_value(inner)}' for name, inner in value.items())} }}"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f"[{', '.join(map(_value, value))}]"
    return str(value) if isinstance(value, int) else _text(str(value) if isinstance(value, Money | Period) else value)


def _name(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else _text(name)


def _text(text: Any) -> str:
    """A basic string of TOML, which JSON writes as well."""
    return json.dumps(str(text), ensure_ascii=False)


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
