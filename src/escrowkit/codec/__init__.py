"""Commands, events, entries, records, agreements and rulebooks as JSON, exactly, and back.

>>> from escrowkit import codec, escrow
>>> codec.to_document(escrow.Deposit("design", "350.00 USD"))["type"]
'escrow.deposit@1'
>>> codec.loads(codec.dumps(escrow.Deposit("design", "350.00 USD")))
Deposit(milestone='design', amount=Money.parse("350.00 USD"), reference=None)

A document names its type with a version (`escrow.deposited@1`) and has each field, `null` where there is nothing.
Amounts are texts with their currency, instants are in UTC to the microsecond. An agreement is its history, and is read
by replaying it. Whatever is wrong is a `BadDocument`: where, what, and what would be right.
"""

from typing import Any, Final

from escrowkit.codec.coder import Coder
from escrowkit.codec.erased import Erased
from escrowkit.codec.schemas import schema
from escrowkit.doors import door
from escrowkit.errors import BadDocument

_CODER: Final = Coder()


def to_document(value: Any) -> dict[str, Any]:
    """The document of a command, event, entry, record, agreement, rulebook or sealed record: what `json.dumps` takes.

    Raises `BadDocument` for anything else, and for values inside that no document can say.
    """
    return _CODER.to_document(value)


def from_document(document: Any) -> Any:
    """The value that a document says. Raises `BadDocument` with the place, what is wrong there, and a mend."""
    return _CODER.from_document(document)


def dumps(value: Any) -> bytes:
    """The canonical bytes of a value: equal values, equal bytes. Raises `BadDocument`."""
    return _CODER.dumps(value)


@door(data=bytes | str)
def loads(data: bytes | str) -> Any:
    """The value that JSON says, in whatever order and with whatever blanks. Raises `BadDocument`."""
    return _CODER.loads(data)


__all__ = ["BadDocument", "Erased", "dumps", "from_document", "loads", "schema", "to_document"]
