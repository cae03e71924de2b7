"""Public doors: what comes in is of the kind that it should be, or a `BadArgument` says which argument is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from inspect import Parameter, signature
from types import UnionType
from typing import Any, Final, ParamSpec, TypeVar

from attrs import frozen

from escrowkit.errors import BadArgument, shown

P = ParamSpec("P")
R = TypeVar("R")


@frozen
class Every:
    """Several things of one kind: taken out of any iterable, once."""

    kind: Any


#: What is no list of anything, though Python can walk through it.
_NO_LIST: Final = (str, bytes, bytearray, Mapping)


def door(**kinds: Any) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Check arguments by their names: of a kind, `Every` of a kind, or read by a function that raises its own refusal.

    None is let through where it is the default.

    >>> @door(name=str, at=Every(int))
    ... def told(name, at=()):
    ...     return name, at
    >>> told("ada", at=iter([1, 2]))
    ('ada', (1, 2))

    Raises `BadArgument`, here `name = 7: a str is needed`.
    """

    def wrap(call: Callable[P, R]) -> Callable[P, R]:
        order = signature(call).parameters

        @wraps(call)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            given, named = list(args), dict(kwargs)
            for place, (name, spec) in enumerate(order.items()):
                if name in kinds and place < len(given):
                    given[place] = _read(name, given[place], kinds[name], spec)
                elif name in kinds and name in named:
                    named[name] = _read(name, named[name], kinds[name], spec)
            return call(*given, **named)  # type: ignore[arg-type]

        return checked

    return wrap


def _read(name: str, value: Any, kind: Any, spec: Parameter) -> Any:
    if value is None and spec.default is None:
        return None
    if isinstance(kind, Every):
        return every(name, value, kind.kind)
    if isinstance(kind, type | UnionType):
        return needed(name, value, kind)
    return kind(value)


def needed(name: str, value: Any, kind: Any) -> Any:
    """A value, if it is of a kind. Raises `BadArgument`.

    >>> needed("label", "ada", str)
    'ada'
    """
    # Python counts a truth value as a whole number; nobody who counts means one.
    if not isinstance(value, kind) or (type(value) is bool and kind is not bool):
        raise BadArgument(f"{name} = {shown(value)}: {_words(kind)} is needed", key=name)
    return value


def every(name: str, values: Iterable[Any], kind: Any) -> tuple[Any, ...]:
    """Several values, if all are of a kind. Raises `BadArgument`.

    >>> every("names", ["ada", "lin"], str)
    ('ada', 'lin')
    """
    if not isinstance(values, Iterable) or isinstance(values, _NO_LIST):
        raise BadArgument(f"{name} = {shown(values)}: a list is needed, each {_words(kind)}", key=name)
    return tuple([needed(f"{name}[{place}]", value, kind) for place, value in enumerate(values)])


def _words(kind: Any) -> str:
    """A kind, or kinds, in words."""
    kinds = getattr(kind, "__args__", (kind,))
    return " or ".join(f"{'an' if one.__name__[0] in 'AEIOUaeio' else 'a'} {one.__name__}" for one in kinds)


__all__ = ["Every", "door", "every", "needed"]
