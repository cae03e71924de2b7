"""Release conditions as values: who must sign, what must be attested, how much time must pass; all, any, n of these.

A condition knows when it `holds`, says in words what is `missing`, and when time alone would fulfil it (`due`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from attrs import frozen

from escrowkit.errors import BadArgument, shown
from escrowkit.periods import Period
from escrowkit.roles import CALLERS, PARTY, role_of

#: Fulfilled whatever the time: before every instant, and to be compared with one.
ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


class Facts(Protocol):
    """What a condition asks of a milestone."""

    def signed(self, role: str) -> bool:
        """Whether this party has given its signature."""

    def attested(self, name: str, by: str | None) -> bool:
        """Whether this fact was attested (by that one, if given)."""

    def elapsed_at(self, period: Period, since: str) -> datetime | None:
        """When so much time will have passed since then; None if it does not run."""


@frozen
class Signed:
    """A party's signature: the payer signs by approving, the payee by submitting."""

    role: str

    def due(self, facts: Facts) -> datetime | None:
        """Always fulfilled, or never by time alone."""
        return ALWAYS if facts.signed(self.role) else None

    def missing(self, facts: Facts, at: datetime) -> tuple[str, ...]:
        """What is lacking, in words."""
        return () if facts.signed(self.role) else (f"the {self.role} has not signed",)

    def describe(self) -> str:
        """In words."""
        return {"payer": "the payer approves", "payee": "the payee submits"}[self.role]

    def data(self) -> dict[str, Any]:
        """As in TOML."""
        return {"signed": self.role}


@frozen
class Attested:
    """A named fact that somebody whom the condition names must attest."""

    name: str
    by: str | None = None

    def due(self, facts: Facts) -> datetime | None:
        """Always fulfilled, or never by time alone."""
        return ALWAYS if facts.attested(self.name, self.by) else None

    def missing(self, facts: Facts, at: datetime) -> tuple[str, ...]:
        """What is lacking, in words."""
        lacks = f"{self.by or 'somebody'} has not attested {self.name!r}"
        return () if facts.attested(self.name, self.by) else (lacks,)

    def describe(self) -> str:
        """In words."""
        return f"{self.by or 'somebody'} attests {self.name!r}"

    def data(self) -> dict[str, Any]:
        """As in TOML."""
        return {"attested": self.name} | ({"by": self.by} if self.by else {})


@frozen
class Elapsed:
    """So much time since a state was entered, or since `attested:<name>`."""

    period: Period
    since: str

    def due(self, facts: Facts) -> datetime | None:
        """When time alone fulfils it."""
        return facts.elapsed_at(self.period, self.since)

    def missing(self, facts: Facts, at: datetime) -> tuple[str, ...]:
        """What is lacking, in words."""
        due = self.due(facts)
        if due is None:
            return (f"{self.period} since {self.since}, which does not run now",)
        return () if at >= due else (f"{self.period} since {self.since}, over on {due:%Y-%m-%d %H:%M} UTC",)

    def describe(self) -> str:
        """In words."""
        return f"{self.period} pass since {self.since}"

    def data(self) -> dict[str, Any]:
        """As in TOML."""
        return {"elapsed": str(self.period), "since": self.since}


@frozen
class AtLeast:
    """At least so many of several: all and any are its ends."""

    n: int
    of: tuple[Condition, ...]

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.of, tuple) or not self.of:
            raise BadArgument("in a list of release conditions at least one release condition is needed")
        if type(self.n) is not int or not 1 <= self.n <= len(self.of):
            words = f"at_least: {shown(self.n)} of {len(self.of)} parts cannot be"
            raise BadArgument(f"{words}; it is a whole number from 1 to that")
        if any(not isinstance(part, (Signed, Attested, Elapsed, AtLeast)) for part in self.of):
            raise BadArgument("a part of a release condition is itself a release condition")

    def due(self, facts: Facts) -> datetime | None:
        """When time alone fulfils it: the n-th earliest of its parts."""
        dues = sorted(due for part in self.of if (due := part.due(facts)) is not None)
        return dues[self.n - 1] if len(dues) >= self.n else None

    def missing(self, facts: Facts, at: datetime) -> tuple[str, ...]:
        """What is lacking, in words."""
        lacking = [part.missing(facts, at) for part in self.of]
        done = sum(not words for words in lacking)
        if done >= self.n:
            return ()
        if self.n == len(self.of):
            return tuple(word for part in lacking for word in part)
        # What one part lacks stands together: of several parts one may be enough, but never half of one.
        parts = [" and ".join(words) for words in lacking if words]
        return (f"{self.n - done} more of: " + "; ".join(_apart(p, whole="; " not in p) for p in parts),)

    def describe(self) -> str:
        """In words."""
        parts = [_apart(part.describe(), whole=not isinstance(part, AtLeast)) for part in self.of]
        if self.n == len(self.of):
            return " and ".join(parts)
        return " or ".join(parts) if self.n == 1 else f"at least {self.n} of: " + "; ".join(parts)

    def data(self) -> dict[str, Any]:
        """As in TOML."""
        parts = [part.data() for part in self.of]
        if self.n == len(self.of):
            return {"all": parts}
        return {"any": parts} if self.n == 1 else {"at_least": self.n, "of": parts}


Condition = Signed | Attested | Elapsed | AtLeast


def _apart(words: str, *, whole: bool) -> str:
    """Words inside a list of others: in brackets, if they are a list themselves."""
    return words if whole else f"({words})"


def holds(condition: Condition, facts: Facts, at: datetime) -> bool:
    """Whether the condition is fulfilled at this instant."""
    due = condition.due(facts)
    return due is not None and at >= due


def by_clock_alone(condition: Condition, facts: Facts, at: datetime) -> bool:
    """Whether nothing but passed time fulfils it: no signature and no attestation counts."""

    @frozen
    class OnlyTime:
        facts: Facts

        def signed(self, role: str) -> bool:
            return False

        def attested(self, name: str, by: str | None) -> bool:
            return False

        def elapsed_at(self, period: Period, since: str) -> datetime | None:
            return self.facts.elapsed_at(period, since)

    return holds(condition, OnlyTime(facts), at)


def witnesses(condition: Condition) -> tuple[tuple[str, str | None], ...]:
    """Every (fact, by whom) that the condition waits for."""
    if isinstance(condition, Attested):
        return ((condition.name, condition.by),)
    return tuple(pair for part in condition.of for pair in witnesses(part)) if isinstance(condition, AtLeast) else ()


# -- the words that users write --------------------------------------------------------------------------------------


def signed(role: str) -> Signed:
    """A signature of the payer or the payee.

    >>> signed("payer").describe()
    'the payer approves'
    """
    if not isinstance(role, str) or role not in PARTY:
        raise BadArgument(f"signed: only the payer or the payee signs, not {shown(role)}")
    return Signed(str(role))


def attested(name: str, by: str | None = None) -> Attested:
    """A fact attested, by whom the condition names (anybody who may act, if it names nobody)."""
    if not isinstance(name, str) or not name.strip():
        raise BadArgument(f"attested: the fact needs a name, not {shown(name)}")
    if by is not None and (not isinstance(by, str) or role_of(by) not in CALLERS):
        raise BadArgument(f"attested: {shown(by)} is nobody's role; a third party is 'witness:<name>'")
    return Attested(name, by)


def elapsed(period: str | Period, since: str = "submitted") -> Elapsed:
    """So much time since a state of the milestone was entered, or since `attested:<name>`."""
    if not isinstance(since, str) or (since not in SINCE and not _ATTESTED.fullmatch(since)):
        raise BadArgument(f"elapsed: since is one of {', '.join(SINCE)} or attested:<name>, not {shown(since)}")
    return Elapsed(Period.of(period), since)


SINCE: Final = ("active", "submitted", "approved")
_ATTESTED: Final = re.compile(r"attested:.*\S.*")


def all_of(*parts: Condition) -> AtLeast:
    """All of these."""
    return at_least(len(parts), *parts)


def any_of(*parts: Condition) -> AtLeast:
    """Any of these.

    >>> any_of(signed("payer"), elapsed("14 days")).describe()
    'the payer approves or 14 days pass since submitted'
    """
    return at_least(1, *parts)


def at_least(n: int, *parts: Condition) -> AtLeast:
    """At least n of these."""
    return AtLeast(n, parts)


_FORMS: Final[Mapping[str, tuple[frozenset[str], Callable[..., Condition]]]] = {
    "signed": (frozenset(), lambda d: signed(d["signed"])),
    "attested": (frozenset({"by"}), lambda d: attested(d["attested"], d.get("by"))),
    "elapsed": (frozenset({"since"}), lambda d: elapsed(d["elapsed"], d.get("since", "submitted"))),
    "all": (frozenset(), lambda d: all_of(*map(parse, _list(d["all"])))),
    "any": (frozenset(), lambda d: any_of(*map(parse, _list(d["any"])))),
    "at_least": (frozenset({"of"}), lambda d: at_least(d["at_least"], *map(parse, _list(d.get("of"))))),
}
#: How deeply release conditions may be nested: more than people can read.
DEEPEST: Final = 10


def _list(value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise BadArgument(f"a list of release conditions is needed, not {shown(value)}")
    return list(value)


def _too_deep(data: Any) -> bool:
    """Whether tables are nested too deeply; found out without walking down."""
    level = [data]
    for _ in range(DEEPEST):
        inner = [value for node in level if isinstance(node, Mapping) for value in node.values()]
        level = [part for value in inner if isinstance(value, (list, tuple)) for part in value]
    return bool(level)


def parse(data: Any) -> Condition:
    """A release condition from its TOML form (or one that already is).

    >>> parse({"at_least": 1, "of": [{"signed": "payer"}]}).describe()
    'the payer approves'

    Raises `BadArgument` for anything else.
    """
    if isinstance(data, (Signed, Attested, Elapsed, AtLeast)):
        return data
    form = next((name for name in _FORMS if isinstance(data, Mapping) and name in data), None)
    if form is None:
        raise BadArgument(f"a release condition is a table with one of {', '.join(_FORMS)}, not {shown(data)}")
    if _too_deep(data):
        raise BadArgument(f"release conditions can be nested {DEEPEST} deep at most")
    allowed, make = _FORMS[form]
    if extra := set(data) - allowed - {form}:
        words = ", ".join(sorted(map(str, extra)))
        raise BadArgument(f"release condition {form!r} does not know {words}; it knows {', '.join([form, *allowed])}")
    return make(data)
