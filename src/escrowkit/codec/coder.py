"""From values to documents and back: one compiled form for each class, made when it is first met."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from escrowkit.agreement import Agreement, Record
from escrowkit.codec.canonical import parse, to_bytes
from escrowkit.codec.form import Form, built, listed, ref
from escrowkit.codec.histories import agreed, records_of
from escrowkit.codec.shapes import EVENTS, NAMES, TYPES, Shape, shape_of
from escrowkit.codec.versions import CURRENT, UPCASTERS, Document, Upcaster
from escrowkit.codec.wrong import Wrong, called
from escrowkit.errors import BadDocument, DefinitionError, did_you_mean, in_turn
from escrowkit.table import Event

T = TypeVar("T")
_TYPE_NEEDED: Final = 'a type with its version is needed, like "escrow.deposited@1"'
_TAG: Final = re.compile(r"([a-z_.]+)@([1-9][0-9]{0,5})")


class Coder:
    """Writes and reads documents in given versions; the functions of this package are those of one with ours.

    Its four doors raise `BadDocument`.
    """

    def __init__(
        self,
        current: Mapping[str, int] = CURRENT,
        upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
    ) -> None:
        self._current, self._upcasters = current, upcasters
        self._forms: dict[type, Form] = {}
        self._today = {self.tag(name): name for name in TYPES}

    # -- the doors -----------------------------------------------------------------------------------------------

    def to_document(self, value: Any) -> Document:
        """The document of a value."""
        return _at_the_door(self._write, value)

    def from_document(self, document: Any) -> Any:
        """The value that a document says."""
        return _at_the_door(self._read, document)

    def dumps(self, value: Any) -> bytes:
        """The canonical bytes of a value."""
        return _at_the_door(lambda one: to_bytes(self._write(one)), value)

    def loads(self, data: bytes | str) -> Any:
        """The value that JSON says."""
        return _at_the_door(lambda one: self._read(parse(one)), data)

    # -- any type ------------------------------------------------------------------------------------------------

    def _write(self, value: Any) -> Document:
        if type(value) not in NAMES:
            raise Wrong(
                f"a value of type {type(value).__name__} has no document of its own",
                "commands, events, entries, records, agreements and rulebooks have",
            )
        return self.form(type(value)).write(value)  # type: ignore[no-any-return]

    def _read(self, document: Any) -> Any:
        document, name = self._upcast(document)
        return self.form(TYPES[name]).read(document)

    # -- versions ------------------------------------------------------------------------------------------------

    def tag(self, name: str) -> str:
        """A type with its version of today: `escrow.deposited@1`."""
        return f"{name}@{self._current.get(name, 1)}"

    def _upcast(self, document: Any) -> tuple[Document, str]:
        """The same document in the version of today, and its type."""
        tag = _tag_of(document)
        while tag not in self._today:
            name, version = _parted(tag)
            step = self._upcasters.get((name, version))
            if step is None:
                raise self._unknown(name, version).at(".type")
            document = _stepped(step, document)
            tag = _tag_of(document)
        return document, self._today[tag]

    def _unknown(self, name: str, version: int) -> Wrong:
        if name not in TYPES:
            return Wrong(f"there is no type {name!r}", did_you_mean(name, TYPES))
        now = self._current.get(name, 1)
        mend = "it was written by a later version of this library" if version > now else ""
        return Wrong(f"{name} is known up to version {now}, not in version {version}", mend)

    # -- one class -----------------------------------------------------------------------------------------------

    def form(self, kind: type) -> Form:
        """How values of one class are written and read."""
        form = self._forms.get(kind)
        if form is None:
            form = self._forms[kind] = self._event() if kind is Event else self._form(self.shape(kind))
        return form

    def shape(self, kind: type) -> Shape:
        """The fields of the document of a class."""
        if kind is Agreement:
            return Shape(kind, {"records": listed(self.form(Record))}, records_of, agreed)
        return shape_of(kind, self.form)

    def _event(self) -> Form:
        """Any event, by its type."""

        def write(value: Any) -> Document:
            if not isinstance(value, Event):
                raise Wrong(f"a value of type {type(value).__name__} is no event")
            return self._write(value)

        def read(document: Any) -> Any:
            document, name = self._upcast(document)
            if name not in EVENTS:
                raise Wrong(f"{name} is no event", did_you_mean(name, EVENTS)).at(".type")
            return self.form(EVENTS[name]).read(document)

        return Form(write, read, ref("event"))

    def _form(self, shape: Shape) -> Form:
        name = NAMES.get(shape.kind)
        return Form(
            self._writer(shape, name and self.tag(name)),
            self._reader(shape, name),
            ref(name or shape.kind.__name__.lower()),
        )

    def _writer(self, shape: Shape, tag: str | None) -> Callable[[Any], Document]:
        kind, take = shape.kind, shape.take
        turns = tuple((name, form.write) for name, form in shape.fields.items())

        def write(value: Any) -> Document:
            if type(value) is not kind:
                raise Wrong(f"a value of type {type(value).__name__}", f"a value of type {kind.__name__} is needed")
            document: Document = {} if tag is None else {"type": tag}
            name = ""
            try:
                for (name, turn), inner in zip(turns, take(value), strict=True):
                    document[name] = turn(inner)
            except Wrong as wrong:
                raise wrong.at(f".{name}") from None
            return document

        return write

    def _reader(self, shape: Shape, name: str | None) -> Callable[[Any], Any]:
        make = shape.make
        turns = tuple((field, form.read) for field, form in shape.fields.items())
        tag = name and self.tag(name)
        needed = frozenset(shape.fields) | ({"type"} if tag else set())

        def read(document: Any) -> Any:
            if type(document) is not dict:
                raise Wrong(f"{called(document)} is no {name or 'object'}", "an object is needed")
            if tag is not None and document.get("type") != tag:
                document, _ = self._upcast(document)
                if document["type"] != tag:
                    raise Wrong(f"{document['type']} stands here", f"{tag} is needed").at(".type")
            if document.keys() != needed:
                raise _misfit(document, needed, tag)
            field = ""
            said: Document = {}
            try:
                for field, turn in turns:
                    said[field] = turn(document[field])
            except Wrong as wrong:
                raise wrong.at(f".{field}") from None
            return built(make, **said)

        return read


def _stepped(step: Upcaster, document: Document) -> Document:
    """The document in its next version."""
    try:
        after = step(document)
    # A step trusts its document, which has not been read yet.
    except Exception as error:
        raise Wrong(f"it is no {document['type']}: {error!r}") from error
    if after["type"] == document["type"]:
        raise DefinitionError("upcasters", [f"{document['type']}: its step leads nowhere"])
    return after


def _tag_of(document: Any) -> str:
    if type(document) is not dict:
        raise Wrong(f"{called(document)} is no document", 'an object with a "type" is needed')
    tag = document.get("type")
    if type(tag) is str:
        return tag
    what = f"{called(tag)} is no type" if "type" in document else "the field is missing"
    raise Wrong(what, _TYPE_NEEDED).at(".type")


def _parted(tag: str) -> tuple[str, int]:
    match = _TAG.fullmatch(tag)
    if match is None:
        raise Wrong(f"{called(tag)} is no type", _TYPE_NEEDED).at(".type")
    return match[1], int(match[2])


def _misfit(document: Document, needed: frozenset[str], tag: str | None) -> Wrong:
    """What is wrong with the names of the fields: the first that should not be there, or that is missing."""
    mine = tag or "this object"
    extra = next((name for name in document if name not in needed), None)
    if extra is not None:
        mend = in_turn(did_you_mean(extra, needed - document.keys()), f"{mine} has {', '.join(sorted(needed))}")
        return Wrong("no such field", mend).at(f".{extra}")
    return Wrong("the field is missing", f"{mine} has {', '.join(sorted(needed))}").at(
        f".{min(needed - document.keys())}"
    )


def _at_the_door(turn: Callable[[Any], T], value: Any) -> T:
    """What users meet when something is wrong."""
    try:
        return turn(value)
    except Wrong as wrong:
        raise wrong.told() from wrong.__cause__
    except RecursionError:
        raise BadDocument("$", "it is nested too deeply") from None
