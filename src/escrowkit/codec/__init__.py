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

from typing import Final

from escrowkit.codec.coder import Coder
from escrowkit.codec.erased import Erased
from escrowkit.codec.schemas import schema
from escrowkit.errors import BadDocument

_CODER: Final = Coder()
to_document = _CODER.to_document
from_document = _CODER.from_document
dumps = _CODER.dumps
loads = _CODER.loads

__all__ = ["BadDocument", "Coder", "Erased", "dumps", "from_document", "loads", "schema", "to_document"]
