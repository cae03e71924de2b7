"""A rulebook as a document: what was said, where from and how sure, and the digest that an agreement pins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

from attrs import field, frozen

from escrowkit.codec.canonical import to_bytes
from escrowkit.codec.form import Form, built, listed, optional, pairs, table
from escrowkit.codec.plain import PLAIN
from escrowkit.codec.values import INSTANT, TEXT
from escrowkit.codec.wrong import Wrong, called
from escrowkit.errors import did_you_mean
from escrowkit.rulebook import Rulebook, build
from escrowkit.schema import HOLIDAYS, KEYS

#: Keys under which dates stand, which JSON does not know.
_DATES: Final = tuple(path for path, key in KEYS.items() if key.kind is HOLIDAYS)


def write_rules(rules: Mapping[str, Any]) -> Any:
    """Values by dotted key. Tables inside are lists of pairs, because explanations tell them in their order."""
    return {path: _paired(value) for path, value in PLAIN.write(rules).items()}


def _paired(value: Any) -> Any:
    if isinstance(value, dict) and value:
        return [[name, _paired(inner)] for name, inner in value.items()]
    return [*map(_paired, value)] if isinstance(value, list) else value


def _unpaired(document: Any) -> Any:
    """No value of a rulebook is a list of lists that begin with a text, so a list of pairs is always a table."""
    if isinstance(document, dict) and document:
        raise Wrong("an object, where the order counts", 'a list of pairs is needed, like [["payer", "60%"]]')
    if not isinstance(document, list):
        return document
    return _PAIRS.read(document) if document and all(map(_is_pair, document)) else [*map(_unpaired, document)]


def _is_pair(document: Any) -> bool:
    return isinstance(document, list) and len(document) == 2 and isinstance(document[0], str)


def read_rules(document: Any) -> dict[str, Any]:
    """Values by dotted key; dates are dates again."""
    rules: dict[str, Any] = _TABLE.read(document)
    for path in _DATES:
        if isinstance(days := rules.get(path), list):
            rules[path] = [_day(day, f".{path}[{place}]") for place, day in enumerate(days)]
    return rules


def _read_known_rules(document: Any) -> dict[str, Any]:
    rules = read_rules(document)
    unknown = next((path for path in rules if path not in KEYS), None)
    if unknown is not None:
        raise Wrong("no such rule", did_you_mean(unknown, KEYS)).at(f".{unknown}")
    return rules


def _day(document: Any, step: str) -> date:
    try:
        day = date.fromisoformat(document)
        if day.isoformat() == document:
            return day
    except (TypeError, ValueError):
        pass
    raise Wrong(f"{called(document)} is no date", 'a date is written "2026-12-25"').at(step)


_PLAIN: Final = Form(PLAIN.write, lambda document: _unpaired(PLAIN.read(document)), PLAIN.schema)
_TABLE: Final = table(_PLAIN)
_PAIRS: Final = pairs(_PLAIN)
#: Overrides, as terms have them: parts may be written as one table.
RULES: Final = Form(write_rules, read_rules, {"type": "object"})

FIELDS: Final[Mapping[str, Form]] = {
    "id": TEXT,
    "version": TEXT,
    "title": TEXT,
    "applies_from": optional(INSTANT),
    "open_ended": listed(TEXT),
    "sources": pairs(TEXT),
    "sure": table(table(TEXT)),
    "rules": Form(write_rules, _read_known_rules, {"type": "object", "propertyNames": {"enum": sorted(KEYS)}}),
    "digest": TEXT,
}


def parts(rulebook: Rulebook) -> tuple[Any, ...]:
    """What the fields of its document say."""
    return tuple(getattr(rulebook, "data" if name == "rules" else name) for name in FIELDS)


def rebuilt(**said: Any) -> Rulebook:
    """The rulebook that the fields of a document make. Raises `Wrong`, also if it is not the one with this digest."""
    book = _rebuilt(_Said(to_bytes({name: form.write(said[name]) for name, form in FIELDS.items()}), said))
    if book.digest != said["digest"]:
        raise Wrong(f"its content has the digest {book.digest}", "it was changed").at(".digest")
    return book


@frozen
class _Said:
    """What a document says, told apart by its bytes."""

    plain: bytes
    said: Mapping[str, Any] = field(eq=False)


@lru_cache(maxsize=64)
def _rebuilt(one: _Said) -> Rulebook:
    """Agreements share their rulebooks: each is built once."""
    head = {name: value for name, value in one.said.items() if name not in ("rules", "digest") and value is not None}
    book: Rulebook = built(build, data={**head, **one.said["rules"]}, where="rulebook")
    return book
