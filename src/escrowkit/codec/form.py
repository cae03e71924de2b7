"""One kind of value: how it is written, how it is read, and its JSON Schema; and forms made of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import frozen

from escrowkit.codec.wrong import Wrong, called
from escrowkit.errors import EscrowError


@frozen
class Form:
    """One kind of value: how it is written, how it is read, and its JSON Schema. Both raise `Wrong`."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    schema: Mapping[str, Any]


def ref(name: str) -> dict[str, str]:
    """The place of a definition in a JSON Schema."""
    return {"$ref": f"#/$defs/{name}"}


def stepped(turn: Callable[[Any], Any], inner: Any, step: str) -> Any:
    """What a turn makes of something inside; what is wrong there is told with the step that leads to it."""
    try:
        return turn(inner)
    except Wrong as wrong:
        raise wrong.at(step) from None


def built(make: Callable[..., Any], **said: Any) -> Any:
    """A value made of what was read; what its own class refuses is wrong here."""
    try:
        return make(**said)
    except EscrowError as error:
        raise Wrong(f"it cannot be: {error}") from None


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


def table_name(name: Any) -> str:
    """The name of a table's value."""
    if not isinstance(name, str):
        raise Wrong(f"{called(name)} is no name", "the names of a table are texts")
    return whole_text(name)


def _items(value: Any) -> Iterable[tuple[Any, Any]]:
    if not isinstance(value, Mapping):
        raise Wrong(f"{called(value)} is no table", "a mapping is needed")
    return value.items()


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
        if not isinstance(value, (tuple, list)):
            raise Wrong(f"{called(value)} is no tuple", "several are needed")
        return [stepped(form.write, inner, f"[{place}]") for place, inner in enumerate(value)]

    def read(document: Any) -> tuple[Any, ...]:
        if type(document) is not list:
            raise Wrong(f"{called(document)} is no list", "a list is needed")
        return tuple([stepped(form.read, inner, f"[{place}]") for place, inner in enumerate(document)])

    return Form(write, read, {"type": "array", "items": form.schema})


def table(form: Form) -> Form:
    """A table by name, in no order."""

    def write(value: Any) -> dict[str, Any]:
        return {table_name(name): stepped(form.write, inner, f".{name}") for name, inner in _items(value)}

    def read(document: Any) -> dict[str, Any]:
        if type(document) is not dict:
            raise Wrong(f"{called(document)} is no table", "an object is needed")
        return {whole_text(name): stepped(form.read, inner, f".{name}") for name, inner in document.items()}

    return Form(write, read, {"type": "object", "additionalProperties": form.schema})


def pairs(form: Form) -> Form:
    """A table by name whose order counts (the lines of an entry follow it): a list of pairs."""

    def write(value: Any) -> list[list[Any]]:
        return [[table_name(name), stepped(form.write, inner, f".{name}")] for name, inner in _items(value)]

    def read(document: Any) -> dict[str, Any]:
        if type(document) is not list or not all(type(pair) is list and len(pair) == 2 for pair in document):
            raise Wrong(f"{called(document)} is no list of pairs", 'a list is needed, like [["payer", "20.00 USD"]]')
        found = {whole_text(name): stepped(form.read, inner, f".{name}") for name, inner in document}
        if len(found) != len(document):
            raise Wrong("a name stands there twice", "each name once")
        return found

    pair = {"type": "array", "prefixItems": [{"type": "string"}, form.schema], "minItems": 2, "maxItems": 2}
    return Form(write, read, {"type": "array", "items": pair})
