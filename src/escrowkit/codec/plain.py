"""Plain data, release conditions and terms: what has no fields of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from escrowkit.codec.canonical import parse, to_bytes
from escrowkit.codec.form import Form, ref, stepped, table_name, whole_text
from escrowkit.codec.values import INSTANT, WHOLE
from escrowkit.codec.wrong import Wrong, called
from escrowkit.conditions import AtLeast, Attested, Condition, Elapsed, Signed
from escrowkit.conditions import parse as parse_condition
from escrowkit.errors import Refused
from escrowkit.money import Money
from escrowkit.periods import Period


def _write_plain(value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case int():
            return WHOLE.read(value)
        case str():
            return whole_text(value)
        case Mapping():
            return {table_name(name): stepped(_write_plain, inner, f".{name}") for name, inner in value.items()}
        case list() | tuple():
            return [stepped(_write_plain, inner, f"[{place}]") for place, inner in enumerate(value)]
        case Money() | Period():
            return str(value)
        case Signed() | Attested() | Elapsed() | AtLeast():
            return value.data()
        case datetime():
            return INSTANT.write(value)
        case date():
            return value.isoformat()
    raise Wrong(f"{called(value)} has no place in a document", "texts, whole numbers, lists and tables have")


def _read_plain(document: Any) -> Any:
    if document is None or type(document) is bool:
        return document
    if type(document) is int:
        return WHOLE.read(document)
    if type(document) is dict:
        return {whole_text(name): stepped(_read_plain, inner, f".{name}") for name, inner in document.items()}
    if type(document) is list:
        return [stepped(_read_plain, inner, f"[{place}]") for place, inner in enumerate(document)]
    if type(document) is str:
        return whole_text(document)
    raise Wrong(f"{called(document)} has no place here", "texts, whole numbers, lists and tables have")


def _write_condition(value: Any) -> Any:
    return _read_any_condition(value if isinstance(value, Condition) else _read_plain(value)).data()


def _read_condition(document: Any) -> Condition:
    condition = _read_any_condition(document)
    if condition.data() != document:
        raise Wrong("a release condition that is written in another way", f"this one is written {condition.data()}")
    return condition


def _read_any_condition(document: Any) -> Condition:
    try:
        return parse_condition(document if isinstance(document, Condition) else _read_plain(document))
    except Refused as refused:
        raise Wrong(refused.words) from None


def _write_terms(value: Any) -> Any:
    return _read_terms(_write_plain(value))


def _read_terms(document: Any) -> Any:
    if not isinstance(document, (str, dict)):
        raise Wrong(f"{called(document)} are no terms", "their digest is needed, or a table that writes them out")
    return _read_plain(document)


def _write_body(value: Any) -> Any:
    return _read_plain(parse(value))


def _read_body(document: Any) -> bytes:
    if type(document) is not dict:
        raise Wrong(f"{called(document)} is no record", "the sealed record is needed, an object")
    return to_bytes(_read_plain(document))


PLAIN: Final = Form(_write_plain, _read_plain, {"not": {"type": "number", "not": {"type": "integer"}}})
CONDITION: Final = Form(_write_condition, _read_condition, ref("condition"))
SAID_CONDITION: Final = Form(_write_condition, _read_any_condition, ref("condition"))
#: Canonical JSON, kept as its bytes.
BODY: Final = Form(_write_body, _read_body, {"type": "object"})
TERMS: Final = Form(_write_terms, _read_terms, {"type": ["string", "object"]})
