"""Promises that a part of a user's own must keep: all are tried, and every one that is not kept is told with a mend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import frozen


@frozen
class Promise:
    """What must hold, how to mend it where it does not, and how it is tried."""

    words: str
    mend: str
    tried: Callable[..., None]


@frozen
class Problem:
    """A promise that is not kept, and what was found."""

    promise: Promise
    found: str

    def __str__(self) -> str:
        return f"{self.promise.words}\n    found: {self.found}\n    mend:  {self.promise.mend}"


class NotKept(AssertionError):
    """Some promises are not kept: `problems` has each, with what was found and how to mend it."""

    def __init__(self, what: str, problems: Iterable[Problem]) -> None:
        self.what = what
        self.problems = tuple(problems)
        super().__init__(what, self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        first = f"{self.what} breaks {count} promise{'' if count == 1 else 's'}:"
        return "\n".join((first, *(f"  - {problem}" for problem in self.problems)))


class Missed(AssertionError):
    """What was found instead of what was promised."""


def need(holds: object, *found: object) -> None:
    """Raises `Missed` for what does not hold."""
    if not holds:
        raise Missed(" ".join(map(str, found)))


def check(what: str, promises: Sequence[Promise], *given: Any) -> None:
    """Try every promise. Raises `NotKept` with all that are not kept."""
    problems = [Problem(promise, found) for promise in promises if (found := _found(promise, given)) is not None]
    if problems:
        raise NotKept(what, problems)


def _found(promise: Promise, given: Sequence[Any]) -> str | None:
    """What was found instead of what was promised. Whatever a part of the user's raises is a finding too."""
    try:
        promise.tried(*given)
    except Missed as missed:
        return str(missed)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None
