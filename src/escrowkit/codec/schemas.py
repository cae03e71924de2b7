"""The documents as JSON Schema (2020-12), made from the same forms that write and read them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from escrowkit.agreement import Terms
from escrowkit.codec.coder import Coder
from escrowkit.codec.definitions import DEFINITIONS
from escrowkit.codec.form import ref
from escrowkit.codec.sealed import Text
from escrowkit.codec.shapes import COMMANDS, EVENTS, TYPES
from escrowkit.doors import door
from escrowkit.errors import BadArgument, did_you_mean, in_turn, shown
from escrowkit.fees import Levies
from escrowkit.ledger import Line

#: Several types under one name.
_ANY_OF: Final[Mapping[str, Iterable[str]]] = {"command": COMMANDS, "event": EVENTS}
#: Classes that have no document of their own, only a place in others.
_PARTS: Final[Mapping[str, type]] = {kind.__name__.lower(): kind for kind in (Levies, Line, Terms, Text)}
#: What there is a page for.
PAGES: Final = ("command", "event", "entry", "record", "agreement", "rulebook", "sealed")


@door(name=str)
def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a type (`escrow.deposited`, `record`), or of every `command` or `event`.

    Raises `BadArgument` for a name that is none.
    """
    if name not in TYPES and name not in _ANY_OF:
        near = did_you_mean(name, (*TYPES, *_ANY_OF))
        raise BadArgument(in_turn(f"{shown(name)} is no type of a document", near), key="type")
    root = _definition(name)
    found: dict[str, Any] = {}
    waiting = list(_named(root))
    while waiting:
        inner = waiting.pop()
        if inner not in found:
            found[inner] = _definition(inner)
            waiting += _named(found[inner])
    page = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"escrowkit: {name}",
        **root,
        "$defs": {inner: found[inner] for inner in sorted(found)},
    }
    # The parts are shared with the forms: nobody else may hold them.
    return copy.deepcopy(page)


def _named(node: Any) -> Iterator[str]:
    """The definitions that a schema names."""
    return (match[1] for match in re.finditer(r"'#/\$defs/([^']+)'", repr(node)))


def _definition(name: str) -> Mapping[str, Any]:
    if name in DEFINITIONS:
        return DEFINITIONS[name]
    return _one_of(_ANY_OF[name]) if name in _ANY_OF else _object(name)


def _one_of(names: Iterable[str]) -> dict[str, Any]:
    """One of several types: told apart by `type`, so that an error speaks of the one that was meant."""
    tags = {name: _CODER.tag(name) for name in sorted(names)}
    return {
        "type": "object",
        "properties": {"type": {"enum": list(tags.values())}},
        "required": ["type"],
        "allOf": [{"if": {"properties": {"type": {"const": tag}}}, "then": ref(name)} for name, tag in tags.items()],
    }


def _object(name: str) -> dict[str, Any]:
    kind = TYPES.get(name) or _PARTS[name]
    fields = {field: form.schema for field, form in _CODER.shape(kind).fields.items()}
    own = {"type": {"const": _CODER.tag(name)}} if name in TYPES else {}
    return {
        "description": (kind.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " "),
        "type": "object",
        "properties": {**own, **fields},
        "required": [*own, *fields],
        "additionalProperties": False,
    }


_CODER: Final = Coder()
