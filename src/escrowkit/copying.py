"""A changed copy of a frozen value, as `attrs.evolve` makes it, at a quarter of its price.

States change with every event, one or two fields of twenty at a time. `attrs.evolve` asks each field anew whether it is
kept; here that is worked out once for a class and a set of names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import attrs

T = TypeVar("T")

_COPIES: dict[tuple[Any, ...], Callable[..., Any]] = {}


def changed(value: T, **changes: Any) -> T:
    """The same value with some fields replaced. Raises `TypeError` for a name that is no field.

    >>> @attrs.frozen
    ... class Point:
    ...     x: int
    ...     y: int
    >>> changed(Point(1, 2), y=3)
    Point(x=1, y=3)
    """
    names = (type(value), *changes)
    copy = _COPIES.get(names)
    if copy is None:
        copy = _COPIES[names] = _compiled(type(value), *changes)
    made: T = copy(value, *changes.values())
    return made


def _compiled(kind: Any, *names: str) -> Callable[..., Any]:
    """A function of the old value and the new fields that calls the constructor."""
    # What the constructor does not take is the same in every value of the class.
    fields = {name: spec for name, spec in attrs.fields_dict(kind).items() if spec.init}
    if unknown := sorted(set(names) - set(fields)):
        raise TypeError(f"{kind.__name__} has no field {', '.join(unknown)}")
    given = (
        f"{f.alias}={name}" if f.kw_only else name
        for f in sorted(fields.values(), key=lambda f: f.kw_only)
        for name in (f.name if f.name in names else f"old.{f.name}",)
    )
    copy: Callable[..., Any] = eval(f"lambda old, {', '.join(names)}: kind({', '.join(given)})", {"kind": kind})
    return copy
