"""Which class has which document: made from the fields of the classes, once for each, when it is first met."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import attrs
from attrs import frozen

from escrowkit import agreement as whole
from escrowkit.agreement import Agreement, Record
from escrowkit.codec import plain, values
from escrowkit.codec.erased import FREE_TEXT
from escrowkit.codec.form import Form, listed, optional, pairs, table
from escrowkit.codec.rulebooks import FIELDS, RULES, parts, rebuilt
from escrowkit.codec.sealed import Sealed, Text
from escrowkit.codec.wrong import Wrong
from escrowkit.conditions import AtLeast, Attested, Elapsed, Signed
from escrowkit.ledger import Entry, Kind
from escrowkit.money import Money
from escrowkit.periods import Period
from escrowkit.pot import MACHINES
from escrowkit.rulebook import Rulebook
from escrowkit.table import Command, Event


@frozen
class Shape:
    """The document of one class: its fields in order, what a value has in them, and what makes a value of them."""

    kind: type
    fields: Mapping[str, Form]
    take: Callable[[Any], tuple[Any, ...]]
    make: Callable[..., Any]


def named(kind: type[Event] | type[Command]) -> str:
    """The type of a document, without its version: `escrow.deposited`."""
    return f"{kind.machine}.{kind.word}"


EVENTS: Final[Mapping[str, type[Event]]] = {
    named(event): event
    for event in (
        *(row.event for made in MACHINES.values() for row in made.rows if row.event is not None),
        whole.Opened,
        whole.Restricted,
        whole.Ended,
    )
}
COMMANDS: Final[Mapping[str, type[Command]]] = {
    named(command): command
    for command in (*(one for made in MACHINES.values() for one in made.commands.values()), whole.Restrict, whole.End)
}
#: Everything that has a document of its own, by its type.
TYPES: Final[Mapping[str, type]] = {
    **EVENTS,
    **COMMANDS,
    "entry": Entry,
    "record": Record,
    "agreement": Agreement,
    "rulebook": Rulebook,
    "sealed": Sealed,
}
NAMES: Final[Mapping[type, str]] = {kind: name for name, kind in TYPES.items()}

_SIMPLE: Final[Mapping[Any, Form]] = {
    bool: values.FLAG,
    int: values.WHOLE,
    Money: values.MONEY,
    datetime: values.INSTANT,
    Period: values.PERIOD,
    Kind: values.KIND,
    frozenset({Money, str}): values.AMOUNT,
    frozenset({Period, str}): values.SAID_PERIOD,
    frozenset({Signed, Attested, Elapsed, AtLeast}): plain.CONDITION,
    Mapping[str, str]: table(values.TEXT),
    Mapping[str, Money]: pairs(values.MONEY),
    Mapping[str, Any]: RULES,
    bytes: plain.BODY,
}
#: Fields of which their class says only `Any`.
_ANY: Final[Mapping[tuple[str, str], Form]] = {
    ("Terms", "release_when"): optional(plain.CONDITION),
    ("Propose", "release_when"): optional(plain.SAID_CONDITION),
    ("Accept", "terms"): plain.TERMS,
}


def shape_of(kind: type, inner: Callable[[type], Form]) -> Shape:
    """The document of a class; `inner` gives the form of a class that stands inside."""
    if kind is Rulebook:
        return Shape(kind, FIELDS, parts, rebuilt)
    hints = typing.get_type_hints(kind)
    own: Any = kind
    fields = {
        spec.name: _ANY[kind.__name__, spec.name] if hints[spec.name] is Any else _form(kind, spec.name, hints, inner)
        for spec in attrs.fields(own)
        if spec.init
    }
    make = _opened if kind is whole.Opened else kind
    return Shape(kind, fields, lambda value: tuple([getattr(value, name) for name in fields]), make)


def _opened(**said: Any) -> whole.Opened:
    """The opening, if it pins the rulebook that it holds."""
    if said["digest"] != said["rulebook"].digest:
        raise Wrong(f"the rulebook has the digest {said['rulebook'].digest}", "it was changed").at(".digest")
    return whole.Opened(**said)


def _form(kind: type, name: str, hints: Mapping[str, Any], inner: Callable[[type], Form]) -> Form:
    hint = hints[name]
    args = typing.get_args(hint)
    if type(None) in args:
        rest = tuple(arg for arg in args if arg is not type(None))
        return optional(_one(kind, name, rest[0] if len(rest) == 1 else frozenset(rest), inner))
    if hint == Mapping[str, Text]:
        return table(inner(Text))
    if typing.get_origin(hint) is tuple:
        return listed(_one(kind, name, args[0], inner))
    return _one(kind, name, frozenset(args) if hint not in _SIMPLE and args else hint, inner)


def _one(kind: type, name: str, hint: Any, inner: Callable[[type], Form]) -> Form:
    if hint is str:
        return values.WORDS if name in FREE_TEXT and not issubclass(kind, Command) else values.TEXT
    return _SIMPLE[hint] if hint in _SIMPLE else inner(hint)
