"""A history that cannot be changed unseen, and in which people's words can be erased.

`seal` makes of each record of an agreement a `Sealed` one: the record as canonical JSON, and a SHA-256 over it and the
hash before it. What people wrote in their own words is in the hash as a salted digest only; the words stand beside the
record with their salt, so `erase` can drop them and the chain still holds. `verify` finds the first record that does
not fit, `replay` makes the agreement again.

A chain shows that a history is the one whose head was noted elsewhere. Without a noted head it shows that the history
is whole in itself: whoever can write all of it can write another one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from attrs import evolve as changed

from escrowkit import agreement as whole
from escrowkit.agreement import Agreement, Record
from escrowkit.codec import dumps as written
from escrowkit.codec import from_document, to_document
from escrowkit.codec.canonical import parse, to_bytes
from escrowkit.codec.erased import FREE_TEXT
from escrowkit.codec.histories import agreed
from escrowkit.codec.sealed import SALT_BYTES, Head, Sealed, Text
from escrowkit.codec.wrong import Wrong
from escrowkit.doors import Every, door, every
from escrowkit.errors import BadArgument, BadDocument, BrokenBooks, BrokenChain, shown

Salt = Callable[[], bytes]
#: The head of a chain without records.
GENESIS: Final = Head(0, "0" * 64)
_PLACE: Final = re.compile(r"\$(?:\.[a-z_]+|\[[0-9]{1,6}\])+")
_STEP: Final = re.compile(r"\.([a-z_]+)|\[([0-9]+)\]")


# -- sealing ---------------------------------------------------------------------------------------------------------


@door(records=Every(Record), after=Head)
def seal(records: Iterable[Record], *, after: Head = GENESIS, salt: Salt | None = None) -> tuple[Sealed, ...]:
    """Seal records that follow a head: all of a new agreement, or the new ones of a decision.

    `salt` gives 16 bytes that nobody can guess, each time others; if it is left out, `secrets` does. Raises
    `BadDocument` for a record that cannot be written, and `BadArgument` for a salt of another length.
    """
    give = _secret if salt is None else salt
    if not callable(give):
        raise BadArgument(f"salt = {shown(salt)}: a function that gives {SALT_BYTES} bytes is needed", key="salt")
    sealed: list[Sealed] = []
    for record in records:
        one = _sealed(record, after, give)
        sealed.append(one)
        after = one.head
    return tuple(sealed)


def _sealed(record: Record, after: Head, give: Salt) -> Sealed:
    document = to_document(record)
    texts: dict[str, Text] = {}
    for path, holder, name in _words(document):
        texts[path] = text = Text(_salt(give), holder[name])
        holder[name] = {"sha256": text.digest}
    one = Sealed(after.length, after.hash, "", to_bytes(document), texts)
    return changed(one, hash=one.rehashed())


def _secret() -> bytes:
    # Imported when it is used: that takes longer than all of this module.
    import secrets

    return secrets.token_bytes(SALT_BYTES)


def _salt(give: Salt) -> str:
    try:
        salt = give()
    except TypeError as error:
        raise BadArgument(f"a salt is given by a function without arguments: {error}", key="salt") from error
    if not isinstance(salt, bytes):
        raise BadArgument(f"a salt is {SALT_BYTES} bytes that nobody can guess", key="salt")
    return salt.hex()


def _words(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Where a record holds what people wrote: the place in words, and the table and the name under which it stands."""
    event = document["event"]
    terms = event["terms"] if event["type"].startswith("agreement.opened@") else ()
    holders = [("$", document), ("$.event", event), *((f"$.event.terms[{n}]", one) for n, one in enumerate(terms))]
    for path, holder in holders:
        for name in sorted(FREE_TEXT & holder.keys()):
            # What is no text is null, or was erased before.
            if isinstance(holder[name], str):
                yield f"{path}.{name}", holder, name


# -- erasing ---------------------------------------------------------------------------------------------------------


@door(sealed=Sealed)
def erase(sealed: Sealed, *paths: str) -> Sealed:
    """The same record without its words, or without those at some places (`$.event.reason`). The chain still holds.

    Store it over the one that had them. Raises `BadArgument` for a place without words.
    """
    for path in every("paths", paths, str):
        if path not in sealed.texts:
            known = ", ".join(sealed.texts) or "none"
            raise BadArgument(f"record {sealed.number} has no words at {path}; it has: {known}", key="path")
    kept = {path: text for path, text in sealed.texts.items() if paths and path not in paths}
    return changed(sealed, texts=kept)


# -- opening again ---------------------------------------------------------------------------------------------------


@door(sealed=Sealed)
def unseal(sealed: Sealed) -> Record:
    """The record with its words; an `escrowkit.codec.Erased` stands where they were erased.

    Raises `BrokenChain` if it is not what its hash says, or if words are not those that were sealed.
    """
    if sealed.rehashed() != sealed.hash:
        raise BrokenChain(sealed.number, "it is not what was sealed: its content, its number or its link was changed")
    try:
        record = from_document(_with_words(sealed))
    except Wrong as wrong:
        raise BrokenChain(sealed.number, wrong.what) from None
    except BadDocument as bad:
        raise BrokenChain(sealed.number, f"it cannot be read: {bad}") from bad
    if not isinstance(record, Record):
        raise BrokenChain(sealed.number, "it is no record")
    return record


def _with_words(sealed: Sealed) -> Any:
    """The document of the record, each text in its place. Raises `Wrong` for one that does not belong there."""
    document = parse(sealed.body)
    for path, text in sealed.texts.items():
        holder, name = _holder(document, path)
        if holder is None or holder[name] != {"sha256": text.digest}:
            raise Wrong(f"the words at {path} are not those that were sealed")
        holder[name] = text.text
    return document


def _holder(document: Any, path: str) -> tuple[Any, Any]:
    """The table or list in which a place lies, and its name there; nothing, if there is no such place."""
    steps = [name or int(number) for name, number in _STEP.findall(path)] if _PLACE.fullmatch(path) else [""]
    try:
        for step in steps[:-1]:
            document = document[step]
        document[steps[-1]]
    except (KeyError, IndexError, TypeError):
        return None, None
    return document, steps[-1]


@door(sealed=Every(Sealed), head=Head)
def replay(sealed: Iterable[Sealed], *, head: Head | None = None) -> Agreement:
    """The agreement that sealed records make, every hash and link checked. Raises `BrokenChain`, as `verify` does.

    It does not derive the entries again: `verify` does.
    """
    return _agreement(list(sealed), head, whole.replay)


@door(sealed=Every(Sealed), head=Head)
def verify(sealed: Iterable[Sealed], *, head: Head | None = None) -> Head:
    """Check a whole history: every hash, every link, all words, and every entry derived again from its event.

    With a `head` that was noted before, a tail that was cut off and another history are found too; a history may have
    grown since. Gives the head of today. Raises `BrokenChain` with the number of the first record that does not fit.
    """
    records = list(sealed)
    _agreement(records, head, _derived)
    return records[-1].head


def _agreement(
    sealed: Sequence[Sealed], head: Head | None, attempt: Callable[[Sequence[Record]], Agreement]
) -> Agreement:
    """The agreement; or the first failure, of the chain or of the history in front of it."""
    records, broken = _opened(sealed)
    broken = broken or _not_this_head(sealed, head)
    if broken is not None and not records:
        raise broken
    try:
        agreement = agreed(records, attempt)
    except Wrong as wrong:
        raise BrokenChain(int(re.sub(r"[^0-9]", "", wrong.path)), wrong.what) from wrong
    if broken is not None:
        raise broken
    return agreement


def _opened(sealed: Sequence[Sealed]) -> tuple[list[Record], BrokenChain | None]:
    """The records up to the first that does not fit, and why it does not."""
    records: list[Record] = []
    before = GENESIS
    for one in sealed:
        try:
            _check_link(one, before)
            records.append(unseal(one))
        except BrokenChain as broken:
            return records, broken
        before = one.head
    return records, None if records else BrokenChain(0, "there is no record")


def _check_link(one: Sealed, before: Head) -> None:
    """Raises `BrokenChain` unless a record is the next one after a head."""
    if one.number > before.length:
        raise BrokenChain(before.length, f"it is missing: record {one.number} stands in its place")
    if one.number < before.length:
        raise BrokenChain(before.length, f"record {one.number} stands in its place: inserted, repeated or swapped")
    if one.previous != before.hash:
        raise BrokenChain(one.number, "it does not follow the record before it: one of them was put in or changed")


def _not_this_head(sealed: Sequence[Sealed], head: Head | None) -> BrokenChain | None:
    """Whether a history is another one than the one whose head was noted, or lacks its tail."""
    if head is None or head.length == 0:
        return None
    if len(sealed) < head.length:
        return BrokenChain(len(sealed), f"it is missing: {head.length} records were noted")
    if sealed[head.length - 1].hash != head.hash:
        return BrokenChain(head.length - 1, "its hash is not the one that was noted: this is another history")
    return None


def _derived(records: Sequence[Record]) -> Agreement:
    """The agreement, every entry derived again. Raises `BrokenBooks`."""
    agreement = whole.replay(records)
    agreement.verify()
    for record in records:
        # Nothing that is said of the agreement itself moves money, so there is nothing from which to derive it.
        if record.event.machine == "agreement" and record.entries:
            raise BrokenBooks(f"{record.event.word} moves no money")
    return agreement


# -- as bytes --------------------------------------------------------------------------------------------------------


@door(sealed=Every(Sealed))
def dumps(sealed: Iterable[Sealed]) -> bytes:
    """JSON lines: one canonical document a record."""
    return b"".join(written(one) + b"\n" for one in sealed)


@door(lines=bytes)
def loads(lines: bytes) -> tuple[Sealed, ...]:
    """Sealed records from JSON lines. Raises `BadDocument`, the number of the line (from 0) first in its path."""
    return tuple(_line(line, number) for number, line in enumerate(lines.splitlines()))


def _line(line: bytes, number: int) -> Sealed:
    try:
        one = from_document(parse(line))
    except Wrong as wrong:
        raise wrong.at(f"[{number}]").told() from None
    except BadDocument as bad:
        raise BadDocument(f"$[{number}]{bad.path[1:]}", bad.what, bad.mend) from bad
    if not isinstance(one, Sealed):
        raise BadDocument(f"$[{number}].type", "no sealed record", "sealed@1 is needed")
    return one


__all__ = ["GENESIS", "Head", "Sealed", "Text", "dumps", "erase", "loads", "replay", "seal", "unseal", "verify"]
