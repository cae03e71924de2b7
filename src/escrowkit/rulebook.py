"""A rulebook: the numbers and the answers of one platform in one version, as data with sources.

>>> rules = load("standard@1")
>>> str(rules["milestone.review.within"]), rules.within("dispute.answer.payee")
('14 days', Period.parse('7 days'))
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from attrs import field, frozen

from escrowkit.doors import door, needed
from escrowkit.errors import (
    BadArgument,
    DefinitionError,
    UnknownRulebookValue,
    WrongCurrency,
    did_you_mean,
    in_turn,
    shown,
)
from escrowkit.money import Money, Tariff
from escrowkit.periods import Calendar, Period, instant
from escrowkit.rulecheck import HEAD, covers, head_problems, mark_of, not_known, problems_together
from escrowkit.schema import ANSWER, KEYS, PARTS, RENAMED, SCHEMA, SHORT, UNKNOWN, Answers, Fee, Power, read

_OVERRIDE = {"source": "override", "sure": "own"}
#: In the place of a head that is wrong, so that the rules under it are judged all the same.
_NAMELESS = {"id": "", "version": "", "title": ""}


@frozen(slots=False)
class Rulebook:
    """One version of one platform's rules; values by dotted key, `None` where the platform has no such rule.

    `data` is what was said, by dotted key and with short forms written out. Reading a value that the sources do not
    settle raises `UnknownRulebookValue`.
    """

    id: str
    version: str
    title: str
    applies_from: datetime | None
    open_ended: tuple[str, ...]
    sources: Mapping[str, str] = field(repr=False)
    sure: Mapping[str, Mapping[str, str]] = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)
    values: Mapping[str, Any] = field(repr=False, eq=False)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Printers that set out every field (Hypothesis, IPython) show it as briefly as `repr` does."""
        printer.text(repr(self))

    @property
    def name(self) -> str:
        """As an agreement names it: `standard@1`."""
        return f"{self.id}@{self.version}"

    def __getitem__(self, key: str) -> Any:
        try:
            value = self.values[key]
        except (KeyError, TypeError):
            raise self._no_rule(key) from None
        if value is UNKNOWN:
            raise UnknownRulebookValue(f"{self.name} has no settled value for {key}: its sources do not say.", key=key)
        return value

    def settled(self, key: str) -> bool:
        """Whether the sources settle this value (a rule that does not exist is settled)."""
        try:
            return self.values[key] is not UNKNOWN
        except (KeyError, TypeError):
            raise self._no_rule(key) from None

    def has(self, key: str) -> bool:
        """Whether the platform has this rule, settled or not."""
        try:
            return self.values[key] is not None
        except (KeyError, TypeError):
            raise self._no_rule(key) from None

    def _no_rule(self, key: Any) -> BadArgument:
        return BadArgument(in_turn(f"{shown(key)}: no such rule", did_you_mean(key, KEYS)), key="key")

    def within(self, part: str) -> Period | None:
        """The period of a part."""
        period: Period | None = self[f"{needed('part', part, str)}.within"]
        return period

    def amount(self, key: str, currency: str) -> Money | None:
        """An amount in this currency. Raises `WrongCurrency` where the rulebook names others only."""
        amounts = self[key]
        return None if amounts is None else self._in(currency, key, amounts)

    def _in(self, currency: str, key: str, amounts: Mapping[str, Money]) -> Money:
        if needed("currency", currency, str) not in amounts:
            raise WrongCurrency(f"{self.name} gives {key} in {', '.join(amounts)} only, not in {currency}.", key=key)
        return amounts[currency]

    @cached_property
    def calendar(self) -> Calendar:
        """Its calendar, for business days."""
        days = self["calendar.holidays"]
        weekend = tuple(self["calendar.weekend"])
        if isinstance(days, str):
            return Calendar(self["calendar.timezone"], weekend, country=days)
        return Calendar(self["calendar.timezone"], weekend, holidays=days)

    def service_fee(self, currency: str) -> Tariff | None:
        """The service fee in this currency, or None. Raises `WrongCurrency` where it is given in others only."""
        key = ("service fee", needed("currency", currency, str))
        if key not in self.memory:
            self.memory[key] = self._service_fee(currency)
        fee: Tariff | None = self.memory[key]
        return fee

    def _service_fee(self, currency: str) -> Tariff | None:
        fee = "escrow.service_fee"
        model = self[f"{fee}.model"]
        if model == "none":
            return None
        tiers = self[f"{fee}.tiers"] if model == "tiered" else ((None, self[f"{fee}.rate"]),)
        bounds = tuple((bound and self._in(currency, f"{fee}.tiers", bound), rate) for bound, rate in tiers)
        return Tariff(bounds, fixed=self.amount(f"{fee}.fixed", currency))

    def fees(self, currency: str) -> tuple[tuple[Fee, Tariff], ...]:
        """The list of further fees with their tariffs. Raises `WrongCurrency` where one is given in others only."""
        key = ("fees", needed("currency", currency, str))
        if key not in self.memory:
            self.memory[key] = tuple((fee, self._tariff(fee, currency)) for fee in self["escrow.fees"])
        fees: tuple[tuple[Fee, Tariff], ...] = self.memory[key]
        return fees

    def _tariff(self, fee: Fee, currency: str) -> Tariff:
        def of(amounts: Mapping[str, Money] | None) -> Money | None:
            return None if amounts is None else self._in(currency, f"escrow.fees ({fee.name})", amounts)

        tiers = tuple((of(bound), rate) for bound, rate in fee.tiers)
        return Tariff(tiers, fixed=of(fee.fixed), floor=of(fee.floor), cap=of(fee.cap))

    @cached_property
    def memory(self) -> dict[Any, Any]:
        """What was worked out of it once, for whoever asks again: a rulebook never changes."""
        return {}

    def arbitration_fee(self, currency: str) -> Tariff:
        """Each party's fee as a function of the stake (models `rate` and `from_pot`)."""
        fee = "arbitration.fee"
        floor, cap = self.amount(f"{fee}.floor", currency), self.amount(f"{fee}.cap", currency)
        return Tariff(((None, self[f"{fee}.rate"]),), floor=floor, cap=cap)

    def check_currency(self, currency: str) -> None:
        """Raises `WrongCurrency` if an amount of this rulebook is not given in this currency."""
        needed("currency", currency, str)
        for key, amounts in self.amounts():
            self._in(currency, key, amounts)

    def amounts(self) -> Iterator[tuple[str, Mapping[str, Money]]]:
        """Every amount that it names, by currency, with its key."""
        for key, value in self.values.items():
            if isinstance(value, Power) and value.below:
                yield key, value.below
            elif isinstance(value, dict):
                yield key, value
        tiers = self.values["escrow.service_fee.tiers"]
        if tiers is not None and tiers is not UNKNOWN:
            yield from (("escrow.service_fee.tiers", bound) for bound, _ in tiers if bound)
        fees = self.values["escrow.fees"]
        if fees is not UNKNOWN:
            yield from ((f"escrow.fees ({fee.name})", amounts) for fee in fees for amounts in fee.amounts)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over its canonical content: what an agreement pins."""
        rules = {RENAMED.get(path, path): value for path, value in self.data.items()}
        content = {"id": self.id, "version": self.version, "rules": rules}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=date.isoformat)
        return hashlib.sha256(text.encode()).hexdigest()

    def override(self, values: Mapping[str, Any], where: str = "override") -> Rulebook:
        """The same rulebook with single values replaced, dotted as in the file; a part is replaced whole.

        >>> load("standard@1").override({"milestone.review.within": "3 days"}).within("milestone.review")
        Period.parse('3 days')

        Raises `DefinitionError`.
        """
        if not values:
            return self
        where = f"{self.name} with {needed('where', where, str)}"
        if not isinstance(values, Mapping):
            raise DefinitionError(where, [f"{shown(values)}: a table of values by dotted key is needed"])
        paths = [str(path) for path in values]
        problems = [
            f'{path}: only a part of it can be replaced; write the whole key in quotes, "{path}.…" = …'
            for path, value in values.items()
            if path in PARTS and "." not in path and isinstance(value, Mapping)
        ]
        if problems:
            raise DefinitionError(where, problems)
        kept = {key: value for key, value in self.data.items() if not any(covers(path, key) for path in paths)}
        marks = {key: mark for key, mark in self.sure.items() if not any(covers(path, key) for path in paths)}
        marks |= {path: _OVERRIDE for path in paths if path in KEYS or path in PARTS}
        sources = {**self.sources, "override": "agreed for this agreement or milestone alone"}
        return _build(self._head() | {"sources": sources, "sure": marks}, {**kept, **values}, where)

    def written(self) -> dict[str, Any]:
        """All of it as a file would say it: `build` makes the same rulebook of it again."""
        return self._head() | dict(self.data)

    def _head(self) -> dict[str, Any]:
        said = {name: getattr(self, name) for name in HEAD} | {"open_ended": list(self.open_ended)}
        return {name: value for name, value in said.items() if value is not None}

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Every rule that it has, readable: key, value, meaning, source."""
        for key in SCHEMA:
            value = self.values[key.path]
            if value is not None and (value != key.default or self.given(key.path)):
                text = "unknown" if value is UNKNOWN else key.kind.show(value)
                yield key.path, text, key.words, self.source_of(key.path)

    def given(self, path: str) -> bool:
        """Whether the file says it itself (else its default holds)."""
        return needed("path", path, str) in self.data

    def source_of(self, path: str) -> str:
        """Where a value comes from, and how sure it is: by the mark of the smallest part that has one."""
        mark = mark_of(self.sure, needed("path", path, str))
        return f"{mark['source']} ({mark['sure']})" if mark else ""


# -- building --------------------------------------------------------------------------------------------------------


def build(data: Mapping[str, Any], where: str) -> Rulebook:
    """A rulebook from its parsed TOML. Raises `DefinitionError` with every problem and its place."""
    needed("where", where, str)
    if not isinstance(data, Mapping):
        raise DefinitionError(where, [f"{shown(data)}: a table of rules is needed"])
    head = {name: value for name, value in data.items() if name in HEAD}
    return _build(head, {name: value for name, value in data.items() if name not in HEAD}, where)


def _build(head: Mapping[str, Any], rules: Mapping[str, Any], where: str) -> Rulebook:
    wrong = list(head_problems(head))
    values: dict[str, Any] = {key.path: key.default for key in SCHEMA}
    said: dict[str, Any] = {}
    problems = list(_read(rules, values, said))
    book = Rulebook(**_read_head(_NAMELESS if wrong else head), data=said, values=values)
    problems = wrong + problems + list(problems_together(book))
    if problems:
        raise DefinitionError(where, problems)
    return book


def _read(rules: Mapping[str, Any], values: dict[str, Any], said: dict[str, Any]) -> Iterator[str]:
    """Fill in what is said and what it means; what is wrong comes out."""
    for path, value in _spread(rules):
        if path in said:
            yield f"{path}: it is said twice"
        elif path not in KEYS:
            yield not_known(path, value)
        else:
            try:
                values[path], said[path] = read(KEYS[path], value), plain(value)
            except ValueError as error:
                values[path], said[path] = UNKNOWN, value  # so that nothing else is told of it
                yield f"{path} = {error}"


def _spread(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """What is said, one dotted key after the other: parts opened, short forms written out."""
    for name, value in node.items():
        path = f"{prefix}{name}"
        if path in PARTS and isinstance(value, Mapping) and not _is_shares(path, value):
            yield from _spread(value, path + ".")
        elif path in PARTS and isinstance(value, str) and value == "unknown":
            yield from ((key, value) for key in KEYS if covers(path, key))
        elif path in SHORT:
            yield f"{path}.{SHORT[path]}", value
        else:
            yield path, value


def _is_shares(path: str, value: Mapping[str, Any]) -> bool:
    """Whether a table is the short form of a part, because it is shares: `none_paid = { payer = "60%", … }`."""
    return path in SHORT and KEYS[f"{path}.{SHORT[path]}"].kind is ANSWER and set(value) == {"payer", "payee"}


def plain(value: Any) -> Any:
    """Plain data that nobody else holds."""
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _read_head(head: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the head; what may be left out is empty."""
    return {
        "id": head["id"],
        "version": head["version"],
        "title": head["title"],
        "applies_from": _start(head.get("applies_from")),
        "open_ended": tuple(head.get("open_ended", ())),
        "sources": dict(head.get("sources", {})),
        "sure": {key: dict(mark) for key, mark in head.get("sure", {}).items()},
    }


def _start(since: date | None) -> datetime | None:
    if since is None:
        return None
    if isinstance(since, datetime):
        return instant(since)
    return datetime.combine(since, time(), UTC)


# -- files -----------------------------------------------------------------------------------------------------------


def available() -> tuple[str, ...]:
    """The names of the shipped rulebooks."""
    files = resources.files("escrowkit").joinpath("rulebooks").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


@cache
def _shipped(name: str) -> Rulebook:
    text = resources.files("escrowkit").joinpath("rulebooks", f"{name}.toml").read_bytes().decode()
    return build(tomllib.loads(text), name)


@door(near=Path)
def load(name: str | Path | Rulebook, near: Path | None = None) -> Rulebook:
    """A shipped rulebook by name (`standard@1`), or one's own by path (relative to `near`, if given).

    Raises `DefinitionError` with every problem and its place.
    """
    if isinstance(name, Rulebook):
        return name
    if isinstance(name, str) and name in available():
        return _shipped(name)
    if not isinstance(name, (str, Path)):
        raise DefinitionError("rulebook", [f"{shown(name)} is no name of a rulebook and no path"])
    path = Path(near or "") / name
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        words = f"no such rulebook ({error.strerror}); shipped are {', '.join(available())}, and a path names one's own"
        raise DefinitionError(str(name), [in_turn(words, did_you_mean(str(name), available()))]) from error
    except (ValueError, RecursionError) as error:
        raise DefinitionError(str(path), [f"it is not TOML: {error}"]) from error
    return build(data, str(path))


def is_file(path: Path) -> bool:
    """Whether a path leads to a file; what is too long or too odd to be a path does not."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def divide(answer: Mapping[str, Any], stake: Money, remainder_to: str) -> Money:
    """The payee's part of a stake under shares; the odd unit goes where the rulebook says."""
    order = ("payer", "payee") if remainder_to == "payer" else ("payee", "payer")
    parts = dict(zip(order, stake.allocate([answer[name] for name in order]), strict=True))
    return parts["payee"]


__all__ = ["Answers", "Rulebook", "available", "build", "divide", "load"]
