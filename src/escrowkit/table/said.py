"""What is said and what happened: commands, events, and what a rule may look at when one meets the other."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Generic, Self, TypeVar, dataclass_transform

import attrs
from attrs import field, frozen

from escrowkit.roles import Role

It = TypeVar("It")
T = TypeVar("T")


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def words_of(thing: Any) -> str:
    """What a function or a class says of itself: its docstring in one line; its name, where `-OO` dropped docstrings.

    >>> words_of(_snake), words_of(Command)
    ('', 'Something that somebody wants to do to one milestone.')
    """
    said = thing.__doc__ if sys.flags.optimize < 2 else _snake(thing.__name__).replace("_", " ")
    return " ".join((said or "").split())


class _Said:
    """What commands and events share: the machine that they belong to and a word for it, both from the class."""

    __slots__ = ()
    machine: ClassVar[str]
    word: ClassVar[str]

    def __init_subclass__(cls) -> None:
        parts = cls.__module__.split(".")
        # A machine is a module, or a package of modules, in `machines`; the agreement is a package beside them.
        cls.machine = next((name for name in parts[1:] if name != "machines"), parts[0])
        cls.word = _snake(cls.__name__)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Said) or other.__class__ is not self.__class__:
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((self.__class__, self._values()))

    def __repr__(self) -> str:
        shown = zip(self._names(), self._values(), strict=True)
        return f"{self.__class__.__qualname__}({', '.join(f'{name}={value!r}' for name, value in shown)})"

    @classmethod
    @cache
    def _names(cls) -> tuple[str, ...]:
        own: Any = cls
        return tuple(f.name for f in attrs.fields(own))

    def _values(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self._names()])

    @classmethod
    @cache
    def fields(cls) -> tuple[str, ...]:
        """The names of its own fields, the milestone aside."""
        shared = {"milestone", "by", "at", "actor", "before", "after"}
        own: Any = cls
        return tuple(f.name for f in attrs.fields(own) if f.name not in shared)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def said(kind: type[T]) -> type[T]:
    """A command or an event: a frozen value.

    `attrs` writes methods anew for each class. There are two hundred of these, so they share theirs where they can:
    it is half of the time that an import takes.
    """
    return frozen(kind, eq=False, repr=False, weakref_slot=False)


@said
class Command(_Said):
    """Something that somebody wants to do to one milestone."""

    milestone: str


@said
class Event(_Said):
    """Something that happened: what the command said, plus who, when, and the state before and after."""

    #: Whether it carries all that its command said; what was only told again need not.
    says_all: ClassVar[bool] = True

    milestone: str
    by: str = field(kw_only=True)
    at: datetime = field(kw_only=True)
    actor: str | None = field(kw_only=True, default=None)
    before: str | None = field(kw_only=True, default=None)
    after: str = field(kw_only=True, default="")

    @classmethod
    def of(cls, ctx: Context[Any], after: str) -> Self:
        """The event that a command causes. A subclass with more fields than its command works them out in `figures`."""
        own: Any = cls
        command = ctx.command
        said = {name: getattr(command, name) for name in _repeated(own, command.__class__)}
        said |= cls.figures(ctx)
        return cls(command.milestone, **said, by=ctx.name, at=ctx.at, actor=ctx.actor, before=ctx.state, after=after)

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What the event says beyond its command."""
        return {}


@cache
def _repeated(event: Any, command: Any) -> tuple[str, ...]:
    """What an event repeats of its command."""
    return tuple(name for name in command.fields() if name in event.fields())


@frozen
class Context(Generic[It]):
    """What a guard sees, read-only: the machine's own record, the command, who and when, the rules and the pot."""

    it: It
    state: str | None
    command: Any
    by: Role
    name: str
    at: datetime
    pot: Any
    actor: str | None = None

    @property
    def rules(self) -> Any:
        """The rulebook of this milestone."""
        return self.pot.rules
