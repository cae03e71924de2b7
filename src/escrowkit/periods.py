"""Periods such as "14 days" and "5 business days", and the calendar that counts them.

A day is 24 hours, whatever the clocks of a place do; a business day ends at the same time of day in the calendar's
zone. Every instant is a UTC one: `instant` is the door by which time comes in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from types import ModuleType
from typing import TypeVar, final
from zoneinfo import ZoneInfo

from attrs import field, frozen

from escrowkit.doors import needed
from escrowkit.errors import BadArgument, DefinitionError, MissingExtra, shown

T = TypeVar("T")

_UNITS = {
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
}
_PERIOD = re.compile(r"0*([1-9][0-9]*|0) (business day|week|day|hour|minute|second)s?")
_ALLOWED = 'a period is written like "14 days", "72 hours", "15 minutes", "90 seconds", "2 weeks" or "5 business days"'

#: A hundred years; in business days, of weeks of five.
LONGEST = timedelta(days=36_525)
MOST_BUSINESS_DAYS = 26_100

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def instant(value: datetime) -> datetime:
    """An aware datetime of any zone as the same instant in UTC.

    >>> from datetime import timezone
    >>> instant(datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=1))))
    datetime.datetime(2026, 3, 2, 8, 0, tzinfo=datetime.timezone.utc)

    Raises `BadArgument` for anything else, naive datetimes first of all.
    """
    if not isinstance(value, datetime):
        raise BadArgument(
            f"an instant is a datetime with a time zone, not a value of type {_kind(value)}", key="instant"
        )
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        words = f"{value.isoformat()} has no time zone, so it says no instant; give it one, such as datetime.UTC"
        raise BadArgument(words, key="naive")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise _beyond() from None


@final
@frozen(repr=False)
class Period:
    """A length of time: exact, or in business days, which only a `Calendar` can count.

    >>> Period.parse("72 hours") == Period.parse("3 days") == Period.exactly(timedelta(days=3))
    True
    >>> str(Period.parse("72 hours")), str(Period.parse("2 weeks")), str(Period.parse("5 business days"))
    ('72 hours', '14 days', '5 business days')

    Exactly one of `exact` and `business_days` is more than zero. `unit` is the word in which it was said; it is no part
    of the value. Raises `BadArgument` for zero, negative, sub-second or absurdly long periods (over 100 years).
    """

    exact: timedelta = timedelta(0)
    business_days: int = 0
    unit: str = field(default="", eq=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.exact, timedelta) or type(self.business_days) is not int:
            raise BadArgument("a period is a timedelta, or a whole number of business days", key="period")
        if self.exact < timedelta(0) or self.business_days < 0:
            raise BadArgument("a period cannot be negative", key="period")
        if not self.exact and not self.business_days:
            raise BadArgument("a period cannot be zero", key="period")
        if self.exact and self.business_days:
            raise BadArgument("a period is exact or in business days, not both", key="period")
        if self.exact > LONGEST or self.business_days > MOST_BUSINESS_DAYS:
            raise BadArgument("a period cannot be longer than 100 years", key="period")
        if self.exact.microseconds:
            raise BadArgument("a period is a whole number of seconds", key="period")

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read "14 days", "72 hours", "15 minutes", "90 seconds", "2 weeks" or "5 business days".

        >>> Period.parse("1 day")
        Period.parse('1 day')

        Raises `BadArgument` for anything else, and for a period of zero or of more than 100 years.
        """
        if not isinstance(text, str):
            raise BadArgument(f"{_ALLOWED}, not as a value of type {_kind(text)}", key="period")
        match = _PERIOD.fullmatch(text)
        if match is None:
            raise BadArgument(f"{shown(text)} is not a period; {_ALLOWED}", key="period")
        digits, word = match.groups()
        # A hundred years in seconds have ten digits: a number of more is too long in any unit, wherever it is cut.
        number = int(digits[:11])
        if word == "business day":
            return cls(business_days=number)
        if word == "week":
            number, word = 7 * number, "day"
        return cls(min(number, LONGEST // _UNITS[word] + 1) * _UNITS[word], unit=word)

    @classmethod
    def exactly(cls, length: timedelta) -> Period:
        """A period of that length, said in the largest unit that fits.

        >>> str(Period.exactly(timedelta(minutes=90)))
        '90 minutes'
        """
        return cls(length)

    @classmethod
    def of(cls, value: str | Period) -> Period:
        """A period, or the text of one.

        >>> Period.of("14 days") == Period.of(Period.parse("14 days"))
        True
        """
        return value if isinstance(value, Period) else cls.parse(value)

    def __str__(self) -> str:
        if self.business_days:
            return _count(self.business_days, "business day")
        said = _UNITS.get(self.unit)
        if said is not None and not self.exact % said:
            return _count(self.exact // said, self.unit)
        return next(_count(self.exact // size, word) for word, size in _UNITS.items() if not self.exact % size)

    def __repr__(self) -> str:
        return f"Period.parse({str(self)!r})"


def _weekdays(names: Iterable[str | int]) -> tuple[int, ...]:
    """Names of weekdays (or their ISO numbers) as ISO numbers, in order."""
    known: dict[object, int] = {name: number for number, name in enumerate(_WEEKDAYS, start=1)}
    known |= {number: number for number in known.values()}
    names = _listed(names, "weekend", "names of weekdays")
    if problems := [
        f"weekend: {shown(name)} is none of {', '.join(_WEEKDAYS)}" for name in names if not _is_in(known, name)
    ]:
        raise DefinitionError("calendar", problems)
    return tuple(sorted({known[name] for name in names}))


def _dates(days: Iterable[date]) -> frozenset[date]:
    listed = _listed(days, "holidays", "dates")
    if any(not isinstance(day, date) or isinstance(day, datetime) for day in listed):
        raise DefinitionError("calendar", ["holidays: each one is a date, without a time"])
    return frozenset(listed)


def _listed(values: Iterable[T], name: str, what: str) -> tuple[T, ...]:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise DefinitionError("calendar", [f"{name}: a list of {what} is needed, not {shown(values)}"])
    return tuple(values)


@final
@frozen
class Calendar:
    """Which days are business days, and where: an IANA time zone, the weekend, and holidays.

    `holidays` are dates; `country` is an ISO 3166 code whose public holidays count too ("DE", or "DE-BY" for one of its
    parts). Those come with the extra `holidays`, and may be corrected by a later version of it.

    >>> calendar = Calendar(timezone="Europe/Berlin", holidays={date(2026, 5, 1)})
    >>> calendar.weekend, calendar.is_business_day(date(2026, 5, 1))
    ((6, 7), False)
    >>> calendar.add(datetime(2026, 4, 30, 8, tzinfo=UTC), Period.parse("1 business day")).isoformat()
    '2026-05-04T08:00:00+00:00'

    Raises `DefinitionError` for what does not exist or leaves no business day, `MissingExtra` without the extra.
    """

    timezone: str = "UTC"
    weekend: tuple[int, ...] = field(default=("sat", "sun"), converter=_weekdays)
    holidays: frozenset[date] = field(default=frozenset(), converter=_dates)
    country: str | None = None

    def __attrs_post_init__(self) -> None:
        problems = []
        try:
            _zone(self.timezone)
        except (LookupError, ValueError, OSError):
            problems.append(f"timezone: {shown(self.timezone)} is not in the IANA time zone database of this computer")
        if len(self.weekend) == len(_WEEKDAYS):
            problems.append("weekend: a week needs at least one business day")
        if self.country is not None and not _is_country(self.country):
            problems.append(f"country: the extra 'holidays' knows none called {shown(self.country)}")
        if problems:
            raise DefinitionError("calendar", problems)

    def is_business_day(self, day: date) -> bool:
        """Whether a day is neither weekend nor holiday.

        >>> Calendar().is_business_day(date(2026, 3, 7))
        False

        Raises `BadArgument` for what is not a date. A datetime is not one: its day depends on the zone.
        """
        if not isinstance(day, date) or isinstance(day, datetime):
            raise BadArgument(f"a business day is a date, not a value of type {_kind(day)}", key="date")
        if day.isoweekday() in self.weekend or day in self.holidays:
            return False
        return self.country is None or day not in _national(self.country, day.year)

    def add(self, at: datetime, period: Period) -> datetime:
        """The instant at which a period that begins at `at` is over, in UTC.

        >>> Calendar().add(datetime(2026, 3, 6, 9, tzinfo=UTC), Period.parse("1 business day")).isoformat()
        '2026-03-09T09:00:00+00:00'

        A local time that the clocks skip that day moves forward by what they skip; of one that they show twice it is
        the first. Raises `BadArgument` for a naive `at`, and past the year 9999.
        """
        at = instant(at)
        needed("period", period, Period)
        try:
            return self._after(at, period.business_days) if period.business_days else at + period.exact
        except OverflowError:
            raise _beyond() from None

    def shift(self, due: datetime, pause: timedelta, period: Period) -> datetime:
        """A due instant after a pause: later by its length, and for business days never on a day that is none.

        >>> friday = datetime(2026, 3, 6, 9, tzinfo=UTC)
        >>> Calendar().shift(friday, timedelta(days=1), Period.parse("1 business day")).isoformat()
        '2026-03-09T09:00:00+00:00'

        Raises `BadArgument` for a naive `due`, a negative pause, and past the year 9999.
        """
        if not isinstance(pause, timedelta) or pause < timedelta(0):
            raise BadArgument("a pause is a timedelta of zero or more", key="pause")
        due = instant(due)
        needed("period", period, Period)
        try:
            later = due + pause
            if not period.business_days or self.is_business_day(later.astimezone(_zone(self.timezone)).date()):
                return later
            return self._after(later, 1)
        except OverflowError:
            raise _beyond() from None

    def _after(self, at: datetime, business_days: int) -> datetime:
        """The same local time, so many business days later."""
        local = at.astimezone(_zone(self.timezone))
        day = local.date()
        while business_days:
            day += timedelta(days=1)
            business_days -= self.is_business_day(day)
        # fold=0 is the whole rule for the change of clocks: a skipped time is read by the offset before the change.
        return datetime.combine(day, local.time().replace(fold=0), _zone(self.timezone)).astimezone(UTC)


def in_words(delta: timedelta) -> str:
    """A length of time for people, in its two largest units; what is smaller is cut off.

    >>> in_words(timedelta(days=3, hours=4, minutes=5)), in_words(timedelta(0)), in_words(-timedelta(hours=1))
    ('3 days 4 hours', '0 minutes', 'minus 1 hour')
    """
    rest, said = abs(delta), []
    for word, size in _UNITS.items():
        number, rest = divmod(rest, size)
        if number:
            said.append(_count(number, word))
    if not said:
        return "0 minutes"
    return ("minus " if delta < timedelta(0) else "") + " ".join(said[:2])


def _zone(name: str) -> tzinfo:
    """A zone by its IANA name. UTC needs no database (Windows has none of its own)."""
    if isinstance(name, str) and name == "UTC":
        return UTC
    # Zone files that mean something else on each computer.
    if not isinstance(name, str) or name in {"localtime", "posixrules"}:
        raise ValueError
    return ZoneInfo(name)


def _library() -> ModuleType:
    try:
        import holidays
    except ImportError as missing:
        raise MissingExtra("holidays", "a calendar with a country's holidays") from missing
    return holidays


def _is_country(code: str) -> bool:
    parts = _library().list_supported_countries()
    if not isinstance(code, str):
        return False
    country, _, part = code.partition("-")
    return country in parts and (part in parts[country] if "-" in code else True)


@lru_cache(maxsize=1024)
def _national(code: str, year: int) -> frozenset[date]:
    """The public holidays of a country in one year."""
    country, _, part = code.partition("-")
    return frozenset(_library().country_holidays(country, subdiv=part or None, years=year))


def _is_in(known: dict[object, int], name: object) -> bool:
    return isinstance(name, (str, int)) and not isinstance(name, bool) and name in known


def _beyond() -> BadArgument:
    return BadArgument("that instant lies outside the years 1 to 9999", key="instant")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _kind(value: object) -> str:
    return type(value).__name__
