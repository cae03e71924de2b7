"""A counterexample as a story file: the shortest path to what is wrong, as `escrowkit play` runs it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from escrowkit.foresight import FOREVER
from escrowkit.money import Money
from escrowkit.periods import Period
from escrowkit.pot import TABLES
from escrowkit.proof.small import Small
from escrowkit.proof.states import Move, State, Tick, Try


def story(small: Small, state: State, move: Move | None, title: str, *, stranded: bool = False) -> str:
    """The path to a state, and the move that is wrong, as the text of a story file.

    `stranded`: nobody acts from there on, and what was inside is inside still, long after every deadline.
    """
    path = state.path() + ([(move, move.to if isinstance(move, Tick) else state.at)] if move is not None else [])
    steps = [line for one, at in path if isinstance(one, Try) for line in ("", *_step(one, at))]
    end = state.at + FOREVER if stranded else path[-1][1] if path else state.at
    return "\n".join([*_head(small, title), *steps, "", *_expected(state, end, stranded=stranded), ""])


def _head(small: Small, title: str) -> Iterator[str]:
    yield f"title    = {_text(title)}"
    yield f"rulebook = {_text(small.name)}"
    yield f"currency = {_text(small.currency)}"
    yield f"start    = {_instant(small.start)}"
    if small.size.rail != "instant":
        yield f"rail     = {_text(small.size.rail)}"
    if small.overrides:
        yield from ("", "[rules]", *(f"{_text(key)} = {_value(value)}" for key, value in small.overrides.items()))
    for number in range(1, small.size.milestones + 1):
        price = Money(small.size.price, small.currency)
        yield from ("", "[[milestone]]", f'id    = "m{number}"', f"price = {_value(price)}")
        if small.size.release_when is not None:
            yield f"release_when = {_value(small.size.release_when)}"


def _step(one: Try, at: datetime) -> Iterator[str]:
    said = {name: getattr(one.command, name) for name in ("milestone", *one.command.fields())}
    given = {name: value for name, value in said.items() if value not in (None, "")}
    yield "[[step]]"
    yield f"at   = {_instant(at)}"
    yield f"by   = {_text(one.by)}"
    yield f'do   = "{one.command.machine}.{one.command.word}"'
    yield f"with = {_value(given)}"


def _expected(state: State, at: datetime, *, stranded: bool) -> Iterator[str]:
    yield "[[expect]]"
    yield f"at    = {_instant(at)}"
    if stranded:
        yield f"state = {_value(dict(_states(state)))}"
        yield f"held  = {_value(state.held())}"


def _states(state: State) -> Iterator[tuple[str, str]]:
    """The state of each machine at the end, the latest case of a milestone without a number."""
    for name, at in state.states().items():
        machine = name.split(".")[0]
        if at not in [final.value for final in TABLES[machine].final] and machine != "obligation":
            yield name.split("/")[0], at


# -- TOML ------------------------------------------------------------------------------------------------------------


def _value(value: Any) -> str:
    if isinstance(value, Money):
        return _text(value.text)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_name(name)} = {_value(inner)}' for name, inner in value.items())} }}"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f"[{', '.join(map(_value, value))}]"
    return str(value) if isinstance(value, int) else _text(str(value) if isinstance(value, Period) else value)


def _name(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else _text(name)


def _text(text: Any) -> str:
    """A basic string of TOML, which JSON writes as well."""
    return json.dumps(str(text), ensure_ascii=False)


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def in_days(delta: timedelta) -> str:
    """A length of time in days, or in hours where it is short."""
    days, rest = divmod(delta, timedelta(days=1))
    hours = f" {rest // timedelta(hours=1)} h" if rest >= timedelta(hours=1) else ""
    return f"{days} {'day' if days == 1 else 'days'}{hours}"
