"""How single values are written: each kind to a document and back.

A document says a value in exactly one way, so reading is strict: `"150.0 USD"` is refused where `"150.00 USD"` is
meant. Commands alone are read as people write them.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from escrowkit.codec.erased import Erased
from escrowkit.codec.form import Form, ref, whole_text
from escrowkit.codec.wrong import Wrong, called
from escrowkit.errors import Refused
from escrowkit.ledger import Kind
from escrowkit.money import EXPONENTS, Money
from escrowkit.periods import Period
from escrowkit.periods import instant as in_utc

# -- texts, whole numbers, yes and no --------------------------------------------------------------------------------


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
    mend = 'an amount is a text, like "150.00 USD" or "150.00"'
    if not isinstance(document, str):
        raise Wrong(f"{called(document)} is no amount", mend)
    if _BARE.fullmatch(document):
        return document
    try:
        return Money.parse(document)
    except Refused as refused:
        raise Wrong(refused.words, mend) from None


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
    if not isinstance(document, (str, Period)):
        raise Wrong(f"{called(document)} is no period", 'a period is a text, like "14 days"')
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
