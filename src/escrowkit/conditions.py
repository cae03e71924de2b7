"""Release conditions as values: who must sign, what must be attested, how much time must pass; composed with all, any, n of.

A condition knows when it `holds`, says in words what is `missing`, and when time alone would fulfil it (`due`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from attrs import field, frozen

from escrowkit.errors import BadArgument
from escrowkit.periods import Period
from escrowkit.roles import CALLERS, PARTY, Role, role_of

ALWAYS: Final = datetime.min


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
        return () if facts.attested(self.name, self.by) else (f"{self.by or 'somebody'} has not attested {self.name!r}",)

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
        return () if at >= due else (f"{self.period} since {self.since} are over on {due:%Y-%m-%d %H:%M} UTC",)

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
        words = tuple(word for part in lacking for word in part)
        if self.n == len(self.of):
            return words
        return (f"{self.n - done} more of: " + "; ".join(words),)

    def describe(self) -> str:
        """In words."""
        parts = [part.describe() for part in self.of]
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


def holds(condition: Condition, facts: Facts, at: datetime) -> bool:
    """Whether the condition is fulfilled at this instant."""
    due = condition.due(facts)
    return due is not None and (due is ALWAYS or at >= due)


def by_clock_alone(condition: Condition, facts: Facts, at: datetime) -> bool:
    """Whether nothing but passed time fulfils it: no signature and no attestation counts."""

    @frozen
    class OnlyTime:
        facts: Facts = field()

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
    if role not in PARTY:
        raise BadArgument(f"signed: only the payer or the payee signs, not {role!r}")
    return Signed(str(role))


def attested(name: str, by: str | None = None) -> Attested:
    """A fact attested, by whom the condition names (anybody who may act, if it names nobody)."""
    if not isinstance(name, str) or not name.strip():
        raise BadArgument("attested: the fact needs a name")
    if by is not None and role_of(by) not in CALLERS:
        raise BadArgument(f"attested: {by!r} is nobody's role; a third party is 'witness:<name>'")
    return Attested(name, by)


def elapsed(period: str | Period, since: str = "submitted") -> Elapsed:
    """So much time since a state of the milestone was entered, or since `attested:<name>`."""
    if since not in SINCE and not (since.startswith("attested:") and len(since) > len("attested:")):
        raise BadArgument(f"elapsed: since is one of {', '.join(SINCE)} or attested:<name>, not {since!r}")
    return Elapsed(Period.of(period), since)


SINCE: Final = ("active", "submitted", "approved")


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
    if not parts or type(n) is not int or not 1 <= n <= len(parts):
        raise BadArgument(f"at_least: {n!r} of {len(parts)} parts can never be")
    if any(not isinstance(part, (Signed, Attested, Elapsed, AtLeast)) for part in parts):
        raise BadArgument("a part of a release condition is itself a release condition")
    return AtLeast(n, parts)


_FORMS: Final[Mapping[str, tuple[frozenset[str], Callable[..., Condition]]]] = {
    "signed": (frozenset(), lambda d: signed(d["signed"])),
    "attested": (frozenset({"by"}), lambda d: attested(d["attested"], d.get("by"))),
    "elapsed": (frozenset({"since"}), lambda d: elapsed(d["elapsed"], d.get("since", "submitted"))),
    "all": (frozenset(), lambda d: all_of(*map(parse, _list(d["all"])))),
    "any": (frozenset(), lambda d: any_of(*map(parse, _list(d["any"])))),
    "at_least": (frozenset({"of"}), lambda d: at_least(d["at_least"], *map(parse, _list(d.get("of", ()))))),
}


def _list(value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise BadArgument(f"a list of release conditions is needed, not {value!r}")
    return list(value)


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
        raise BadArgument(f"a release condition is a table with one of {', '.join(_FORMS)}, not {data!r}")
    allowed, make = _FORMS[form]
    if extra := set(data) - allowed - {form}:
        raise BadArgument(f"release condition {form!r} does not know {', '.join(sorted(extra))}")
    return make(data)


def role_names(condition: Condition) -> frozenset[Role]:
    """The roles that the condition names as attesting."""
    return frozenset(role for _, by in witnesses(condition) if by and (role := role_of(by)))
