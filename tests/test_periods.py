"""Periods, calendars, instants."""

from __future__ import annotations

import doctest
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escrowkit import periods
from escrowkit.errors import BadArgument, DefinitionError, MissingExtra
from escrowkit.periods import Calendar, Period, in_words, instant

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)

promise = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
numbers = st.integers(1, 1000)
exact_periods = st.builds(
    lambda number, unit: Period.parse(f"{number} {unit}"),
    numbers,
    st.sampled_from(["days", "hours", "minutes", "seconds", "weeks"]),
)
business_periods = st.integers(1, 60).map(lambda number: Period(business_days=number))
calendars = st.builds(
    Calendar,
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"]),
    weekend=st.sets(st.sampled_from(["mon", "fri", "sat", "sun"])),
    holidays=st.sets(st.dates(date(2026, 1, 1), date(2026, 3, 1)), max_size=20),
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


# --- periods as text ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "exact", "business_days", "shown"),
    [
        ("14 days", 14 * DAY, 0, "14 days"),
        ("1 day", DAY, 0, "1 day"),
        ("1 days", DAY, 0, "1 day"),
        ("00000000000000001 day", DAY, 0, "1 day"),
        ("3155760000 seconds", 36525 * DAY, 0, "3155760000 seconds"),
        ("72 hours", 3 * DAY, 0, "72 hours"),
        ("15 minutes", timedelta(minutes=15), 0, "15 minutes"),
        ("90 seconds", timedelta(seconds=90), 0, "90 seconds"),
        ("2 weeks", 14 * DAY, 0, "14 days"),
        ("5 business days", timedelta(0), 5, "5 business days"),
        ("1 business day", timedelta(0), 1, "1 business day"),
        ("36525 days", 36525 * DAY, 0, "36525 days"),
        ("26100 business days", timedelta(0), 26100, "26100 business days"),
    ],
)
def test_a_period_is_read_and_said_in_the_unit_of_its_text(
    text: str, exact: timedelta, business_days: int, shown: str
) -> None:
    period = Period.parse(text)
    assert (period.exact, period.business_days, str(period)) == (exact, business_days, shown)
    assert repr(period) == f"Period.parse({shown!r})"


@promise
@given(period=exact_periods | business_periods)
def test_a_period_that_is_said_is_read_back_and_said_again(period: Period) -> None:
    again = Period.parse(str(period))
    assert again == period
    assert str(again) == str(period)


@promise
@given(seconds=st.integers(1, 36525 * 86400))
def test_an_exact_length_is_said_in_the_largest_unit_that_fits(seconds: int) -> None:
    period = Period.exactly(timedelta(seconds=seconds))
    assert Period.parse(str(period)) == period


def test_a_unit_that_does_not_fit_the_length_is_not_said() -> None:
    assert str(Period(timedelta(hours=36), unit="day")) == "36 hours"
    assert str(Period(timedelta(hours=36), unit="fortnight")) == "36 hours"


def test_the_same_length_is_the_same_period_in_whatever_unit() -> None:
    assert len({Period.parse("72 hours"), Period.parse("3 days"), Period.exactly(3 * DAY)}) == 1


def test_a_business_day_is_no_day() -> None:
    assert Period.parse("1 business day") != Period.parse("1 day")


def test_a_period_or_its_text_will_do() -> None:
    period = Period.parse("14 days")
    assert Period.of(period) is period
    assert Period.of("14 days") == period


@pytest.mark.parametrize(
    "text",
    [
        "",
        "14",
        "days",
        "14days",
        "14  days",
        " 14 days",
        "14 days ",
        "14 days\n",
        "-1 days",
        "+1 day",
        "1.5 days",
        "1e3 days",
        "1_000 days",
        "٣ days",
        "nan days",
        "2 months",
        "1 year",
        "P14D",
        "14 Days",
        "5 working days",
        "5 business hours",
        pytest.param("x" * 10000, id="long"),
    ],
)
def test_what_is_no_period_is_told_what_is_one(text: str) -> None:
    with pytest.raises(BadArgument, match='is not a period; a period is written like "14 days"') as refusal:
        Period.parse(text)
    assert len(refusal.value.words) < 250
    assert refusal.value.words.startswith(repr(text)[:40])
    assert refusal.value.key == "bad-argument.period"


@pytest.mark.parametrize("value", [14, 14.0, True, None, 14 * DAY, Decimal(14), b"14 days", float("nan")])
def test_a_period_is_written_as_text(value: Any) -> None:
    with pytest.raises(BadArgument, match=rf"a period is written like .* {type(value).__name__}") as refusal:
        Period.parse(value)
    assert refusal.value.key == "bad-argument.period"
    with pytest.raises(BadArgument, match="a period is written like") as refusal:
        Period.of(value)
    assert refusal.value.key == "bad-argument.period"


@pytest.mark.parametrize("text", ["0 days", "0 seconds", "0 weeks", "0 business days", "00 hours"])
def test_a_period_of_zero_is_refused(text: str) -> None:
    with pytest.raises(BadArgument, match="cannot be zero") as refusal:
        Period.parse(text)
    assert refusal.value.key == "bad-argument.period"


@pytest.mark.parametrize(
    "text",
    [
        "36526 days",
        "5218 weeks",
        "876601 hours",
        "26101 business days",
        "99999999999 days",
        "10000000000 seconds",
        pytest.param("9" * 5000 + " seconds", id="long"),
        pytest.param("9" * 5000 + " business days", id="long business"),
    ],
)
def test_a_period_of_more_than_a_hundred_years_is_refused(text: str) -> None:
    with pytest.raises(BadArgument, match="longer than 100 years") as refusal:
        Period.parse(text)
    assert refusal.value.key == "bad-argument.period"


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({}, "zero"),
        ({"exact": DAY, "business_days": 1}, "not both"),
        ({"exact": -DAY}, "negative"),
        ({"business_days": -1}, "negative"),
        ({"exact": timedelta(microseconds=1)}, "whole number of seconds"),
        ({"exact": timedelta.max}, "100 years"),
        ({"business_days": True}, "whole number of business days"),
        ({"business_days": 1.0}, "whole number of business days"),
        ({"exact": 5}, "a timedelta"),
    ],
)
def test_a_period_that_cannot_be_is_refused(terms: dict[str, Any], words: str) -> None:
    with pytest.raises(BadArgument, match=words) as refusal:
        Period(**terms)
    assert refusal.value.key == "bad-argument.period"


@pytest.mark.parametrize("length", [5, 5.0, "14 days", None, timedelta(0), -DAY])
def test_an_exact_period_is_a_positive_timedelta(length: Any) -> None:
    with pytest.raises(BadArgument):
        Period.exactly(length)


# --- instants -----------------------------------------------------------------------------------------------------


def test_an_instant_of_any_zone_becomes_the_same_one_in_utc() -> None:
    assert instant(berlin("2026-07-01T12:00")) == utc("2026-07-01T10:00")
    assert instant(datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=-5)))).isoformat() == (
        "2026-07-01T17:00:00+00:00"
    )


def test_an_instant_in_utc_stays_what_it_is() -> None:
    at = utc("2026-07-01T12:00")
    assert instant(at) is at
    assert instant(datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("UTC"))).tzinfo is UTC


def test_the_two_hours_that_the_clocks_show_alike_are_two_instants() -> None:
    first = berlin("2026-10-25T02:30")
    assert instant(first) == utc("2026-10-25T00:30")
    assert instant(first.replace(fold=1)) == utc("2026-10-25T01:30")


def test_a_naive_datetime_is_refused_with_the_reason() -> None:
    with pytest.raises(BadArgument, match="has no time zone, so it says no instant") as refusal:
        instant(datetime(2026, 7, 1, 12))
    assert refusal.value.key == "bad-argument.naive"


def test_a_zone_that_knows_no_offset_makes_a_naive_datetime() -> None:
    class Nowhere(tzinfo):
        def utcoffset(self, dt: datetime | None) -> None:
            return None

        dst = utcoffset
        tzname = utcoffset

    with pytest.raises(BadArgument, match="has no time zone"):
        instant(datetime(2026, 7, 1, 12, tzinfo=Nowhere()))


@pytest.mark.parametrize(
    "value", [None, True, 0, 1.5, float("nan"), "2026-07-01T12:00:00Z", date(2026, 7, 1), time(12)]
)
def test_an_instant_is_a_datetime(value: Any) -> None:
    with pytest.raises(BadArgument, match=f"an instant is a datetime.* {type(value).__name__}") as refusal:
        instant(value)
    assert refusal.value.key == "bad-argument.instant"


def test_an_instant_outside_the_years_of_python_is_refused() -> None:
    with pytest.raises(BadArgument, match="outside the years 1 to 9999") as refusal:
        instant(datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))))
    assert refusal.value.key == "bad-argument.instant"


# --- business days ------------------------------------------------------------------------------------------------


def test_weekends_and_holidays_are_no_business_days() -> None:
    calendar = Calendar(holidays={date(2026, 5, 1)})
    assert calendar.is_business_day(date(2026, 4, 30))
    assert not calendar.is_business_day(date(2026, 5, 1))
    assert not calendar.is_business_day(date(2026, 5, 2))
    assert not calendar.is_business_day(date(2026, 5, 3))
    assert calendar.is_business_day(date(2026, 5, 4))


def test_the_weekend_is_the_calendars_own() -> None:
    calendar = Calendar(weekend=("fri", "sat"))
    assert calendar.weekend == (5, 6)
    assert not calendar.is_business_day(date(2026, 5, 1))
    assert calendar.is_business_day(date(2026, 5, 3))
    assert Calendar(weekend=()).is_business_day(date(2026, 5, 3))


def test_a_weekend_may_be_given_in_iso_numbers_and_any_order() -> None:
    assert Calendar(weekend=(7, 6)) == Calendar(weekend=("sun", "sat", "sat")) == Calendar()


@pytest.mark.parametrize("day", [utc("2026-05-04T00:00"), "2026-05-04", None, 0])
def test_only_a_date_is_a_business_day(day: Any) -> None:
    with pytest.raises(BadArgument, match=f"a business day is a date.* {type(day).__name__}") as refusal:
        Calendar().is_business_day(day)
    assert refusal.value.key == "bad-argument.date"


@pytest.mark.parametrize(
    ("at", "text", "due"),
    [
        ("2026-03-05T09:00", "1 business day", "2026-03-06T09:00"),  # Thursday
        ("2026-03-06T09:00", "1 business day", "2026-03-09T09:00"),  # Friday
        ("2026-03-07T09:00", "1 business day", "2026-03-09T09:00"),  # Saturday
        ("2026-03-08T09:00", "1 business day", "2026-03-09T09:00"),  # Sunday
        ("2026-03-06T09:00", "5 business days", "2026-03-13T09:00"),
        ("2026-03-06T23:59:59", "10 business days", "2026-03-20T23:59:59"),
    ],
)
def test_business_days_pass_over_weekends_at_the_same_time_of_day(at: str, text: str, due: str) -> None:
    assert Calendar().add(utc(at), Period.parse(text)) == utc(due)


def test_business_days_pass_over_holidays() -> None:
    calendar = Calendar(holidays={date(2026, 4, 3), date(2026, 4, 6)})
    assert calendar.add(utc("2026-04-02T09:00"), Period.parse("1 business day")) == utc("2026-04-07T09:00")


def test_the_day_is_the_one_of_the_calendars_zone() -> None:
    # Friday 23:30 in UTC is Saturday in Berlin already: both end on Monday there, which begins on Sunday in UTC.
    calendar = Calendar(timezone="Europe/Berlin")
    assert calendar.add(utc("2026-03-06T23:30"), Period.parse("1 business day")) == utc("2026-03-08T23:30")


def test_business_days_keep_the_local_time_when_the_clocks_change() -> None:
    calendar = Calendar(timezone="Europe/Berlin")
    due = calendar.add(berlin("2026-03-27T12:00"), Period.parse("1 business day"))
    assert due == instant(berlin("2026-03-30T12:00")) == utc("2026-03-30T10:00")
    assert due - instant(berlin("2026-03-27T12:00")) == 3 * DAY - timedelta(hours=1)
    assert due.tzinfo is UTC


def test_a_local_time_that_the_clocks_skip_moves_forward_by_what_they_skip() -> None:
    calendar = Calendar(timezone="Europe/Berlin", weekend=())
    due = calendar.add(berlin("2026-03-28T02:30"), Period.parse("1 business day"))
    assert due.astimezone(BERLIN).isoformat() == "2026-03-29T03:30:00+02:00"


def test_of_a_local_time_that_the_clocks_show_twice_the_first_counts() -> None:
    calendar = Calendar(timezone="Europe/Berlin", weekend=())
    due = calendar.add(berlin("2026-10-24T02:30"), Period.parse("1 business day"))
    assert due == utc("2026-10-25T00:30")


def test_a_start_in_the_second_of_two_like_hours_still_ends_at_that_time_of_day() -> None:
    calendar = Calendar(timezone="Europe/Berlin", weekend=())
    due = calendar.add(berlin("2026-10-25T02:30").replace(fold=1), Period.parse("1 business day"))
    assert due.astimezone(BERLIN).isoformat() == "2026-10-26T02:30:00+01:00"


@pytest.mark.parametrize("start", ["2026-03-28T12:00", "2026-10-24T12:00"])
def test_an_exact_day_is_24_hours_whatever_the_clocks_do(start: str) -> None:
    at = berlin(start)
    assert Calendar(timezone="Europe/Berlin").add(at, Period.parse("1 day")) - instant(at) == timedelta(hours=24)


@promise
@given(calendar=calendars, at=instants, period=exact_periods)
def test_exact_periods_know_no_calendar(calendar: Calendar, at: datetime, period: Period) -> None:
    assert calendar.add(at, period) == at + period.exact
    assert calendar.shift(at, DAY, period) == at + DAY


@promise
@given(calendar=calendars, at=instants, number=st.integers(1, 30))
def test_business_days_end_on_a_business_day_that_many_later(calendar: Calendar, at: datetime, number: int) -> None:
    zone = ZoneInfo(calendar.timezone)
    due = calendar.add(at, Period(business_days=number))
    first, last = at.astimezone(zone).date(), due.astimezone(zone).date()
    passed = [first + n * DAY for n in range(1, (last - first).days + 1)]
    assert sum(calendar.is_business_day(day) for day in passed) == number
    assert calendar.is_business_day(last)
    assert due.tzinfo is UTC


@promise
@given(calendar=calendars, at=instants, fewer=st.integers(1, 30), more=st.integers(1, 30))
def test_more_business_days_end_later(calendar: Calendar, at: datetime, fewer: int, more: int) -> None:
    assert at < calendar.add(at, Period(business_days=fewer)) < calendar.add(at, Period(business_days=fewer + more))


# --- pauses -------------------------------------------------------------------------------------------------------

FIVE = Period.parse("5 business days")


@pytest.mark.parametrize(
    ("pause", "due"),
    [
        (timedelta(0), "2026-03-05T09:00"),  # Thursday
        (timedelta(hours=38), "2026-03-06T23:00"),  # still Friday
        (timedelta(hours=39), "2026-03-10T00:00"),  # Saturday; Monday is a holiday
        (3 * DAY, "2026-03-10T09:00"),
        (5 * DAY, "2026-03-10T09:00"),
        (6 * DAY, "2026-03-11T09:00"),
    ],
)
def test_a_pause_moves_the_due_time_by_its_length_and_on_to_a_business_day(pause: timedelta, due: str) -> None:
    calendar = Calendar(holidays={date(2026, 3, 9)})
    assert calendar.shift(utc("2026-03-05T09:00"), pause, FIVE) == utc(due)


def test_an_exact_due_time_is_not_rolled_forward() -> None:
    assert Calendar().shift(utc("2026-03-06T09:00"), DAY, Period.parse("72 hours")) == utc("2026-03-07T09:00")


def test_a_due_time_rolls_forward_by_the_days_of_the_calendars_zone() -> None:
    # Sunday 23:30 in UTC is a Monday in Berlin, and a Sunday in New York.
    friday, pause = utc("2026-03-06T23:30"), 2 * DAY
    assert Calendar(timezone="Europe/Berlin").shift(friday, pause, FIVE) == utc("2026-03-08T23:30")
    assert Calendar(timezone="America/New_York").shift(friday, pause, FIVE) == utc("2026-03-09T23:30")


@promise
@given(calendar=calendars, due=instants, pause=st.timedeltas(timedelta(0), 90 * DAY))
def test_a_paused_business_day_period_ends_on_a_business_day_and_never_early(
    calendar: Calendar, due: datetime, pause: timedelta
) -> None:
    later = calendar.shift(due, pause, FIVE)
    assert later >= due + pause
    assert calendar.is_business_day(later.astimezone(ZoneInfo(calendar.timezone)).date())


@pytest.mark.parametrize("pause", [-timedelta(microseconds=1), 5, 5.0, None, "1 day", Period.parse("1 day")])
def test_a_pause_is_a_length_of_time(pause: Any) -> None:
    with pytest.raises(BadArgument, match="a pause is a timedelta of zero or more") as refusal:
        Calendar().shift(utc("2026-03-05T09:00"), pause, FIVE)
    assert refusal.value.key == "bad-argument.pause"


def test_a_calendar_counts_from_instants_only() -> None:
    with pytest.raises(BadArgument, match="no time zone"):
        Calendar().add(datetime(2026, 3, 5, 9), FIVE)
    with pytest.raises(BadArgument, match="no time zone"):
        Calendar().shift(datetime(2026, 3, 5, 9), DAY, FIVE)


@pytest.mark.parametrize("period", ["1 day", DAY, 1, None])
def test_a_calendar_counts_periods_only(period: Any) -> None:
    with pytest.raises(BadArgument, match="period = ") as refusal:
        Calendar().add(utc("2026-03-05T09:00"), period)
    assert refusal.value.key == "bad-argument.period"
    with pytest.raises(BadArgument, match="period = ") as refusal:
        Calendar().shift(utc("2026-03-05T09:00"), DAY, period)
    assert refusal.value.key == "bad-argument.period"


@pytest.mark.parametrize("text", ["36500 days", "26100 business days"])
def test_what_ends_after_the_year_9999_is_refused(text: str) -> None:
    period = Period.parse(text)
    with pytest.raises(BadArgument, match="outside the years 1 to 9999") as refusal:
        Calendar().add(utc("9990-01-01T00:00"), period)
    assert refusal.value.key == "bad-argument.instant"
    with pytest.raises(BadArgument, match="outside the years 1 to 9999") as refusal:
        Calendar().shift(utc("9990-01-01T00:00"), 36500 * DAY, period)
    assert refusal.value.key == "bad-argument.instant"


# --- calendars ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone: 'Mars/Olympus'"),
        ({"timezone": "Europe"}, "timezone: 'Europe'"),
        ({"timezone": "../etc/passwd"}, "timezone: '../etc/passwd'"),
        ({"timezone": ""}, "timezone: ''"),
        ({"timezone": None}, "timezone: None"),
        ({"timezone": "localtime"}, "timezone: 'localtime'"),
        ({"timezone": "posixrules"}, "timezone: 'posixrules'"),
        ({"weekend": ("sat", "sunday")}, "weekend: 'sunday' is none of mon, tue"),
        ({"weekend": (0,)}, "weekend: 0"),
        ({"weekend": (True,)}, "weekend: True"),
        ({"weekend": (None,)}, "weekend: None"),
        ({"weekend": "sat"}, "weekend: a list of names of weekdays is needed, not 'sat'"),
        ({"weekend": range(1, 8)}, "at least one business day"),
        ({"holidays": [utc("2026-05-01T00:00")]}, "holidays: each one is a date"),
        ({"holidays": ["2026-05-01"]}, "holidays: each one is a date"),
        ({"holidays": "2026-05-01"}, "holidays: a list of dates is needed, not '2026-05-01'"),
        ({"country": "ZZ"}, "country: the extra 'holidays' knows none called 'ZZ'"),
        ({"country": "DE-ZZ"}, "'DE-ZZ'"),
        ({"country": "DE-"}, "'DE-'"),
        ({"country": "utils"}, "'utils'"),
        ({"country": 49}, "49"),
    ],
)
def test_a_calendar_that_cannot_be_is_no_calendar(terms: dict[str, Any], problem: str) -> None:
    with pytest.raises(DefinitionError) as refusal:
        Calendar(**terms)
    assert problem in str(refusal.value)
    assert refusal.value.what == "calendar"


def test_utc_needs_no_time_zone_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> ZoneInfo:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr(periods, "ZoneInfo", none)
    assert Calendar("UTC").add(utc("2026-03-06T09:00"), FIVE) == utc("2026-03-13T09:00")
    with pytest.raises(DefinitionError):
        Calendar("Europe/Berlin")


def test_a_wrong_calendar_tells_every_problem_at_once() -> None:
    with pytest.raises(DefinitionError) as refusal:
        Calendar(timezone="Mars/Olympus", weekend=range(1, 8), country="ZZ")
    assert len(refusal.value.problems) == 3


def test_the_holidays_of_a_country_count() -> None:
    germany = Calendar(timezone="Europe/Berlin", country="DE", holidays={date(2026, 12, 24)})
    assert not germany.is_business_day(date(2026, 5, 1))
    assert not germany.is_business_day(date(2026, 12, 24))
    assert germany.is_business_day(date(2026, 12, 23))
    assert not germany.is_business_day(date(2027, 1, 1))


def test_the_holidays_of_a_part_of_a_country_count_there_only() -> None:
    epiphany = date(2026, 1, 6)
    assert Calendar(country="DE").is_business_day(epiphany)
    assert not Calendar(country="DE-BY").is_business_day(epiphany)


def test_without_the_extra_a_country_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(MissingExtra, match=r"pip install 'escrowkit\[holidays\]'"):
        Calendar(country="DE")
    assert Calendar(holidays={date(2026, 5, 1)}).country is None


def test_a_calendar_is_a_value() -> None:
    assert len({Calendar(), Calendar(timezone="UTC", weekend=["sun", "sat"], holidays=[])}) == 1


# --- words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (timedelta(0), "0 minutes"),
        (timedelta(milliseconds=999), "0 minutes"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=90), "1 minute 30 seconds"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(days=3, hours=4), "3 days 4 hours"),
        (timedelta(days=3, hours=4, minutes=59, seconds=59), "3 days 4 hours"),
        (timedelta(days=1, minutes=5), "1 day 5 minutes"),
        (timedelta(days=400), "400 days"),
        (-timedelta(days=2, hours=1), "minus 2 days 1 hour"),
        (-timedelta(microseconds=1), "0 minutes"),
    ],
)
def test_a_length_of_time_is_said_in_its_two_largest_units(delta: timedelta, words: str) -> None:
    assert in_words(delta) == words


def test_the_examples_of_the_periods_page_are_true() -> None:
    assert doctest.testmod(periods).failed == 0
