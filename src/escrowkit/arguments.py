"""What commands say: the kinds of arguments, and how each is checked before any rule is asked.

Every field of a command is one of these. A wrong kind is `BadArgument`; a sum that cannot be is told later, in the
order of the refusals, because who may not move at all should not learn first that his sum was wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

import attrs
from attrs import field, frozen

from escrowkit.conditions import parse as parse_condition
from escrowkit.copying import changed
from escrowkit.errors import RANK, BadAmount, BadArgument, Refused, WrongCurrency, shown
from escrowkit.money import MOST_DIGITS, Money
from escrowkit.periods import Period
from escrowkit.periods import instant as parse_instant

#: An amount as users write it: `Money`, or text such as "20.00" or "20.00 USD".
Amount = Money | str

MOST_TEXT: Final = 10_000
_ARG: Final = "escrowkit.argument"
#: Arguments in which people say something to one another in their own words; others are names, digests, references.
WORDS: Final = frozenset({"reason", "reasons", "reply", "title", "comment", "evidence", "requirements"})


@frozen
class Kind:
    """A kind of argument: its name in words, and its check. An amount has none, as it is read in a currency."""

    name: str
    check: Callable[[Any], Any] | None
    optional: bool = False
    #: Whether an amount may be zero.
    zero: bool = False

    @property
    def sum_(self) -> bool:
        """Whether it is an amount."""
        return self.check is None


def _argument(kind: Kind) -> Any:
    return field(metadata={_ARG: kind}, default=None if kind.optional else attrs.NOTHING)


def amount(*, zero: bool = False, optional: bool = False, but_rules: bool = False) -> Any:
    """A sum of money: more than zero, or zero too; `but_rules`: only the rules may leave it out."""
    kind = Kind("an amount", None, optional, zero)
    return field(metadata={_ARG: kind}, default=None) if but_rules else _argument(kind)


def text(*, optional: bool = False) -> Any:
    """Words, a name, a digest: not empty."""
    return _argument(Kind("a text", _text, optional))


def flag(*, default: bool) -> Any:
    """Yes or no."""
    return field(metadata={_ARG: Kind("true or false", _flag)}, default=default)


def period() -> Any:
    """A length of time."""
    return _argument(Kind("a period", Period.of))


def moment(*, optional: bool = False) -> Any:
    """An aware instant."""
    return _argument(Kind("an instant", parse_instant, optional))


def whole(*, optional: bool = False) -> Any:
    """A whole number from 1."""
    return _argument(Kind("a whole number from 1", _whole, optional))


def consent() -> Any:
    """The terms that somebody agrees to: their digest, or the terms written out."""
    return _argument(Kind("the terms, as a digest or written out", _terms))


def release_condition() -> Any:
    """A release condition, as a value or in its TOML form."""
    return _argument(Kind("a release condition", parse_condition, optional=True))


def one_of(*values: str) -> Any:
    """One of a closed list."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in values:
            raise BadArgument(f"it is one of {', '.join(values)}")
        return str(value)

    return _argument(Kind(" | ".join(values), check))


def internal(default: Any = attrs.NOTHING) -> Any:
    """Said by the rules only, so already whole."""
    return field(default=default)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadArgument("a text that is not empty is needed")
    if len(value) > MOST_TEXT:
        raise BadArgument(f"a text of at most {MOST_TEXT} characters is needed; name a digest of what is longer")
    if not is_storable(value):
        raise BadArgument("a text that can be stored is needed: half of a surrogate pair is no character")
    return value


def is_storable(text: str) -> bool:
    """Whether a text can be written down in UTF-8, as every history is.

    >>> is_storable("Größe"), is_storable(chr(0xD800))
    (True, False)
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _terms(value: Any) -> str | dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    if not isinstance(value, str) or not value:
        raise BadArgument("the terms are needed: their digest, or written out as a table")
    return value


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise BadArgument("true or false is needed")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise BadArgument("a whole number from 1 is needed")
    return value


def check(command: Any, currency: str) -> tuple[Any, Refused | None]:
    """The command with its arguments read, and what is wrong with its sums, if anything, to be told in its order.

    Raises `BadArgument`.
    """
    changes: dict[str, Any] = {}
    wrong: list[Refused] = []
    for name, kind in kinds(command.__class__):
        said = getattr(command, name)
        if said is None and kind.optional:
            continue
        try:
            if said is None:
                raise BadArgument(f"{kind.name} is needed")
            value = kind.check(said) if kind.check else _sum(said, currency, kind)
        except (WrongCurrency, BadAmount) as refused:
            wrong.append(refused)
        except BadArgument as refused:
            raise BadArgument(f"{name} = {shown(said)}: {refused.words}", key=name) from refused
        else:
            if value is not said:
                changes[name] = value
    first = min(wrong, key=lambda refused: RANK[type(refused)], default=None)
    return changed(command, **changes) if changes else command, first


def spare_words(command: Any) -> tuple[str, ...]:
    """The arguments in which a command says words that it could do without.

    >>> from escrowkit.machines import dispute
    >>> spare_words(dispute.Contest("m1", reply="No.")), spare_words(dispute.Contest("m1"))
    (('reply',), ())
    """
    spare = (name for name, kind in kinds(command.__class__) if kind.optional and name in WORDS)
    return tuple(name for name in spare if getattr(command, name) is not None)


@cache
def kinds(command: Any) -> tuple[tuple[str, Kind], ...]:
    """The arguments of a command, each with its kind."""
    return tuple((spec.name, spec.metadata[_ARG]) for spec in attrs.fields(command) if _ARG in spec.metadata)


def _sum(value: Any, currency: str, kind: Kind) -> Money:
    money = value if isinstance(value, Money) else Money.parse(value, currency)
    if money.currency != currency:
        raise WrongCurrency(f"This milestone is in {currency}, not in {money.currency}.")
    if abs(money.minor) >= 10**MOST_DIGITS:
        raise BadAmount(f"An amount has at most {MOST_DIGITS} digits.")
    if money.minor < 0 or (money.minor == 0 and not kind.zero):
        least = "zero or more" if kind.zero else "more than zero"
        raise BadAmount(f"{money} is no amount to move: it must be {least}.")
    return money


def terms(price: Money, title: str | None, due: datetime | None, release_when: Any) -> dict[str, Any]:
    """The terms of a proposal, written out: what an acceptance repeats.

    >>> terms(Money(1300, "USD"), "Logo", None, None)
    {'price': '13.00 USD', 'title': 'Logo'}
    """
    written = {
        "price": str(price),
        "title": title,
        "due": due and due.isoformat(),
        "release_when": release_when and release_when.data(),
    }
    return {name: value for name, value in written.items() if value is not None}


def same_terms(said: Any, standing: Mapping[str, Any], digest: str, currency: str) -> bool:
    """Whether an acceptance repeats the standing terms, by digest or written out."""
    if isinstance(said, str):
        return said == digest
    if not isinstance(said, Mapping):
        return False
    price: Any = said.get("price")
    due: Any = said.get("due")
    try:
        read = terms(
            price if isinstance(price, Money) else Money.parse(price, currency),
            said.get("title"),
            parse_instant(datetime.fromisoformat(due) if isinstance(due, str) else due) if due is not None else None,
            parse_condition(said["release_when"]) if said.get("release_when") is not None else None,
        )
    except (Refused, ValueError):
        return False
    return read == standing and set(said) <= {"price", "title", "due", "release_when"}
