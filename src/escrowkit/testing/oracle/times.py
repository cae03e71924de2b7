"""Periods, business days, and time that stood still."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: A span of time: from, and until (None: it goes on).
Span = tuple[datetime, datetime | None]


class Days:
    """The calendar of a rulebook: a zone, and which days are no business days."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.zone = ZoneInfo(data.get("calendar.timezone") or "UTC")
        weekend = data.get("calendar.weekend")
        self.weekend = ["sat", "sun"] if weekend is None else list(weekend)
        holidays = data.get("calendar.holidays") or []
        self.country = holidays if isinstance(holidays, Mapping) else None
        self.holidays = [] if self.country else [_day(one) for one in holidays]

    def off(self, day: date) -> bool:
        """Whether a day is weekend or holiday."""
        return WEEKDAYS[day.weekday()] in self.weekend or day in self.holidays

    def next_working(self, at: datetime) -> datetime:
        """The same time of day on the first business day at or after an instant."""
        local = at.astimezone(self.zone)
        if not self.off(local.date()):
            return at
        while self.off(local.date()):
            local = local.replace(tzinfo=None) + timedelta(days=1)
        return self.instant(local)

    def instant(self, local: datetime) -> datetime:
        """The instant of a local time."""
        return local.replace(tzinfo=self.zone).astimezone(UTC)

    def after(self, start: datetime, period: str) -> datetime:
        """When a period that begins at an instant is over."""
        number, days = count(period)
        if not days:
            return start + timedelta(seconds=number)
        local = start.astimezone(self.zone).replace(tzinfo=None)
        while number:
            local += timedelta(days=1)
            if not self.off(local.date()):
                number -= 1
        return self.instant(local)


def _day(value: Any) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def count(period: str) -> tuple[int, bool]:
    """A period as a number of seconds, or of business days."""
    words = period.split()
    number = int(words[0])
    if words[1] == "business":
        return number, True
    return number * UNITS[words[-1].rstrip("s")], False


def in_business_days(period: str) -> bool:
    """Whether a period is counted in business days."""
    return count(period)[1]


def stood_still(spans: Iterable[Span], since: datetime) -> tuple[timedelta, bool]:
    """How long time stood still since an instant (overlaps once), and whether it still does."""
    total, now, reached = timedelta(0), False, since
    for begin, end in sorted(spans, key=lambda span: span[0]):
        if end is None:
            now = True
            continue
        begin = max(begin, reached)
        if end > begin:
            total += end - begin
            reached = end
    return total, now
