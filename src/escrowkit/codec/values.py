"""How single values are written: each kind to a document, back, and as a JSON Schema.

A document says a value in exactly one way, so reading is strict: `"150.0 USD"` is refused where `"150.00 USD"` is
meant. Commands alone are read as people write them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from attrs import frozen

from escrowkit.codec.canonical import parse, to_bytes
from escrowkit.codec.erased import Erased
from escrowkit.codec.wrong import Wrong, called
from escrowkit.conditions import AtLeast, Attested, Condition, Elapsed, Signed
from escrowkit.conditions import parse as parse_condition
from escrowkit.errors import EscrowError, Refused
from escrowkit.ledger import Kind
from escrowkit.money import EXPONENTS, Money
from escrowkit.periods import Period
from escrowkit.periods import instant as in_utc


@frozen
class Form:
    """One kind of value: how it is written, how it is read, and its JSON Schema. Both raise `Wrong`."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    schema: Mapping[str, Any]


def ref(name: str) -> dict[str, str]:
    """The place of a definition in a JSON Schema."""
    return {"$ref": f"#/$defs/{name}"}


# -- texts, whole numbers, yes and no --------------------------------------------------------------------------------


def whole_text(value: Any) -> str:
    """A text that UTF-8 can say."""
    if type(value) is str and value.isascii():
        return value
    if not isinstance(value, str):
        raise Wrong(f"{called(value)} is no text", 'a text is needed, like "words"')
    try:
        value.encode()
    except UnicodeEncodeError as error:
        what = f"a text with half a character (a lone surrogate, U+{ord(value[error.start]):04X}) in it"
        raise Wrong(what, "texts are Unicode") from None
    return str.__str__(value)


def _write_words(value: Any) -> Any:
    return {"sha256": value.sha256} if isinstance(value, Erased) else whole_text(value)


def _read_words(document: Any) -> str:
    if type(document) is not dict:
        return whole_text(document)
    digest = document.get("sha256")
    if len(document) != 1 or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise Wrong("an object that is no erased text", 'a text is needed, or the {"sha256": …} of an erased one')
    return Erased(digest)


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise Wrong(f"{called(value)} is neither true nor false", "true or false is needed")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise Wrong(f"{called(value)} is no whole number", "a whole number is needed, like 3")
    if abs(value) > _MOST_WHOLE:
        raise Wrong("a whole number that not every reader of JSON can keep", "the largest is 2**53 - 1")
    return value


_MOST_WHOLE: Final = 2**53 - 1
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
TEXT: Final = Form(whole_text, whole_text, {"type": "string"})
#: What people wrote, or the digest that is left of it.
WORDS: Final = Form(_write_words, _read_words, ref("words"))
FLAG: Final = Form(_flag, _flag, {"type": "boolean"})
WHOLE: Final = Form(_whole, _whole, {"type": "integer"})


# -- money, time -----------------------------------------------------------------------------------------------------

#: Sums of sums of the longest amounts have a few digits more than these.
_MOST: Final = 60
_MONEY: Final = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))? ([A-Z]{3})")
_BARE: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?!24)[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def _write_money(value: Any) -> str:
    if type(value) is not Money:
        raise Wrong(f"{called(value)} is no amount", 'Money is needed, like Money.parse("150.00 USD")')
    return str(value)


def _read_money(document: Any) -> Money:
    if type(document) is not str:
        raise Wrong(f"{called(document)} is no amount", 'an amount is a text, like "150.00 USD"')
    return _money(document)


@lru_cache(maxsize=4096)
def _money(text: str) -> Money:
    match = _MONEY.fullmatch(text) if len(text) <= _MOST else None
    sign, units, part, currency = match.groups(default="") if match else ("", "", "", "")
    minor = int(sign + units + part) if match else 0
    if not match or EXPONENTS.get(currency) != len(part) or (sign and not minor):
        mend = 'it is written with its currency and all its decimals, like "150.00 USD" or "150 JPY"'
        raise Wrong(f"{called(text)} is no amount", mend)
    return Money(minor, currency)


def _write_amount(value: Any) -> str:
    return str(value if type(value) is Money else _read_amount(value))


def _read_amount(document: Any) -> Money | str:
    """An amount as a command says it: without its currency, it stays a text until a milestone gives one."""
    if isinstance(document, str) and _BARE.fullmatch(document):
        return document
    try:
        return Money.parse(document)
    except Refused as refused:
        raise Wrong(refused.words, 'an amount is a text, like "150.00 USD" or "150.00"') from None


def _write_instant(value: Any) -> str:
    try:
        utc = in_utc(value)
    except Refused as refused:
        raise Wrong(refused.words) from None
    return _in_utc(utc)


# The events of one decision, and those that copy their deadline, share their instants.
@lru_cache(maxsize=1024)
def _in_utc(utc: datetime) -> str:
    return datetime.isoformat(utc, timespec="microseconds")[:-6] + "Z"


def _read_instant(document: Any) -> datetime:
    if type(document) is str:
        try:
            return _instant(document)
        except ValueError:
            pass
    mend = 'it is in UTC and to the microsecond, like "2026-03-02T09:00:00.000000Z"'
    raise Wrong(f"{called(document)} is no instant", mend)


@lru_cache(maxsize=1024)
def _instant(text: str) -> datetime:
    if not _INSTANT.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _write_period(value: Any) -> str:
    return str(_read_any_period(value))


def _read_period(document: Any) -> Period:
    period = _read_any_period(document)
    if str(period) != document:
        raise Wrong(f"{called(document)} is not how a period is written", f"this one is written {str(period)!r}")
    return period


def _read_any_period(document: Any) -> Period:
    try:
        return Period.of(document)
    except Refused as refused:
        raise Wrong(refused.words) from None


def _write_kind(value: Any) -> str:
    return _read_kind(value).value


def _read_kind(document: Any) -> Kind:
    if isinstance(document, str) and document in Kind.__members__.values():
        return Kind(document)
    raise Wrong(f"{called(document)} is no kind of an outcome", f"it is one of {', '.join(Kind)}")


MONEY: Final = Form(_write_money, _read_money, ref("money"))
AMOUNT: Final = Form(_write_amount, _read_amount, ref("amount"))
INSTANT: Final = Form(_write_instant, _read_instant, ref("instant"))
PERIOD: Final = Form(_write_period, _read_period, ref("period"))
SAID_PERIOD: Final = Form(_write_period, _read_any_period, ref("period"))
KIND: Final = Form(_write_kind, _read_kind, {"enum": list(Kind)})


# -- plain data, release conditions ----------------------------------------------------------------------------------


def _write_plain(value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case int():
            return _whole(value)
        case str():
            return whole_text(value)
        case Mapping():
            return {_write_key(name): _stepped(_write_plain, inner, f".{name}") for name, inner in value.items()}
        case list() | tuple():
            return [_stepped(_write_plain, inner, f"[{place}]") for place, inner in enumerate(value)]
        case Money() | Period():
            return str(value)
        case Signed() | Attested() | Elapsed() | AtLeast():
            return value.data()
        case datetime():
            return _write_instant(value)
        case date():
            return value.isoformat()
    raise Wrong(f"{called(value)} has no place in a document", "texts, whole numbers, lists and tables have")


def _write_key(name: Any) -> str:
    if not isinstance(name, str):
        raise Wrong(f"{called(name)} is no name", "the names of a table are texts")
    return whole_text(name)


def _read_plain(document: Any) -> Any:
    if document is None or type(document) is bool:
        return document
    if type(document) is int:
        return _whole(document)
    if type(document) is dict:
        return {whole_text(name): _stepped(_read_plain, inner, f".{name}") for name, inner in document.items()}
    if type(document) is list:
        return [_stepped(_read_plain, inner, f"[{place}]") for place, inner in enumerate(document)]
    if type(document) is str:
        return whole_text(document)
    raise Wrong(f"{called(document)} has no place here", "texts, whole numbers, lists and tables have")


def _stepped(turn: Callable[[Any], Any], inner: Any, step: str) -> Any:
    try:
        return turn(inner)
    except Wrong as wrong:
        raise wrong.at(step) from None


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


# -- several ---------------------------------------------------------------------------------------------------------


def optional(form: Form) -> Form:
    """This, or null."""
    return Form(
        lambda value: None if value is None else form.write(value),
        lambda document: None if document is None else form.read(document),
        {"anyOf": [form.schema, {"type": "null"}]},
    )


def listed(form: Form) -> Form:
    """A list of these; a tuple in Python."""

    def write(value: Any) -> list[Any]:
        return [_stepped(form.write, inner, f"[{place}]") for place, inner in enumerate(value)]

    def read(document: Any) -> tuple[Any, ...]:
        if type(document) is not list:
            raise Wrong(f"{called(document)} is no list", "a list is needed")
        return tuple([_stepped(form.read, inner, f"[{place}]") for place, inner in enumerate(document)])

    return Form(write, read, {"type": "array", "items": form.schema})


def table(form: Form) -> Form:
    """A table by name, in no order."""

    def write(value: Mapping[str, Any]) -> dict[str, Any]:
        return {_write_key(name): _stepped(form.write, inner, f".{name}") for name, inner in value.items()}

    def read(document: Any) -> dict[str, Any]:
        if type(document) is not dict:
            raise Wrong(f"{called(document)} is no table", "an object is needed")
        return {whole_text(name): _stepped(form.read, inner, f".{name}") for name, inner in document.items()}

    return Form(write, read, {"type": "object", "additionalProperties": form.schema})


def pairs(form: Form) -> Form:
    """A table by name whose order counts (the lines of an entry follow it): a list of pairs."""

    def write(value: Mapping[str, Any]) -> list[list[Any]]:
        return [[_write_key(name), _stepped(form.write, inner, f".{name}")] for name, inner in value.items()]

    def read(document: Any) -> dict[str, Any]:
        if type(document) is not list or not all(type(pair) is list and len(pair) == 2 for pair in document):
            raise Wrong(f"{called(document)} is no list of pairs", 'a list is needed, like [["payer", "20.00 USD"]]')
        found = {whole_text(name): _stepped(form.read, inner, f".{name}") for name, inner in document}
        if len(found) != len(document):
            raise Wrong("a name stands there twice", "each name once")
        return found

    pair = {"type": "array", "prefixItems": [{"type": "string"}, form.schema], "minItems": 2, "maxItems": 2}
    return Form(write, read, {"type": "array", "items": pair})


def built(make: Callable[..., Any], *said: Any, **named: Any) -> Any:
    """A value made of what was read; what its own class refuses is wrong here."""
    try:
        return make(*said, **named)
    except EscrowError as error:
        raise Wrong(f"it cannot be: {error}") from None


#: The definitions that the forms above name.
DEFINITIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "words": {
        "description": "What somebody wrote; once it is erased, the salted SHA-256 that stood for it in the chain.",
        "anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "properties": {"sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
                "required": ["sha256"],
                "additionalProperties": False,
            },
        ],
    },
    "money": {
        "description": 'An amount with its currency and all its decimals: "150.00 USD".',
        "type": "string",
        "pattern": "^-?(0|[1-9][0-9]*)(\\.[0-9]+)? [A-Z]{3}$",
    },
    "amount": {
        "description": 'An amount as a command says it, with its currency or in the milestone\'s: "150.00".',
        "type": "string",
        "pattern": "^-?[0-9]+(\\.[0-9]+)?( [A-Z]{3})?$",
    },
    "instant": {
        "description": "An instant in UTC, to the microsecond.",
        "type": "string",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$",
    },
    "period": {
        "description": 'A length of time: "14 days", "72 hours", "5 business days".',
        "type": "string",
        "pattern": "^[0-9]+ (business day|week|day|hour|minute|second)s?$",
    },
    "condition": {
        "description": "A release condition.",
        "oneOf": [
            {
                "properties": {"signed": {"enum": ["payer", "payee"]}},
                "required": ["signed"],
                "additionalProperties": False,
            },
            {
                "properties": {"attested": {"type": "string"}, "by": {"type": "string"}},
                "required": ["attested"],
                "additionalProperties": False,
            },
            {
                "properties": {"elapsed": ref("period"), "since": {"type": "string"}},
                "required": ["elapsed"],
                "additionalProperties": False,
            },
            *(
                {
                    "properties": {name: {"type": "array", "items": ref("condition"), "minItems": 1}},
                    "required": [name],
                    "additionalProperties": False,
                }
                for name in ("all", "any")
            ),
            {
                "properties": {
                    "at_least": {"type": "integer", "minimum": 1},
                    "of": {"type": "array", "items": ref("condition"), "minItems": 1},
                },
                "required": ["at_least", "of"],
                "additionalProperties": False,
            },
        ],
        "type": "object",
    },
}
