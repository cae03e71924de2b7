"""A rulebook: the numbers and the answers of one platform in one version, as data with sources.

>>> rules = load("standard@1")
>>> str(rules["milestone.review.within"]), rules.within("dispute.answer.payee")
('14 days', Period.parse('7 days'))
"""

from __future__ import annotations

import difflib
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

from escrowkit.errors import DefinitionError, UnknownRulebookValue, WrongCurrency
from escrowkit.money import Money, Tariff
from escrowkit.periods import Calendar, Period
from escrowkit.schema import KEYS, PARTS, SCHEMA, SHORT, UNKNOWN, Answers, read

CERTAINTY = ("seen", "second-hand", "recalled", "own")
_HEAD = ("id", "version", "title", "applies_from", "open_ended", "sources", "sure")


@frozen(slots=False)
class Rulebook:
    """One version of one platform's rules; values by dotted key, `None` where the platform has no such rule.

    Reading a value that the sources do not settle raises `UnknownRulebookValue`.
    """

    id: str
    version: str
    title: str
    applies_from: datetime | None
    open_ended: tuple[str, ...]
    sources: Mapping[str, str]
    sure: Mapping[str, Mapping[str, str]]
    data: Mapping[str, Any] = field(repr=False)
    values: Mapping[str, Any] = field(repr=False, eq=False)

    @property
    def name(self) -> str:
        """As an agreement names it: `standard@1`."""
        return f"{self.id}@{self.version}"

    def __getitem__(self, key: str) -> Any:
        value = self.values[key]
        if value is UNKNOWN:
            raise UnknownRulebookValue(f"{self.name} has no settled value for {key}: its sources do not say.", key=key)
        return value

    def settled(self, key: str) -> bool:
        """Whether the sources settle this value (a rule that does not exist is settled)."""
        return self.values[key] is not UNKNOWN

    def has(self, key: str) -> bool:
        """Whether the platform has this rule, settled or not."""
        return self.values[key] is not None

    def within(self, part: str) -> Period | None:
        """The period of a part."""
        period: Period | None = self[f"{part}.within"]
        return period

    def amount(self, key: str, currency: str) -> Money | None:
        """An amount in this currency. Raises `WrongCurrency` where the rulebook names others only."""
        amounts = self[key]
        if amounts is None:
            return None
        if currency not in amounts:
            raise WrongCurrency(f"{self.name} gives {key} in {', '.join(amounts)} only, not in {currency}.", key=key)
        money: Money = amounts[currency]
        return money

    @cached_property
    def calendar(self) -> Calendar:
        """Its calendar, for business days."""
        days = self["calendar.holidays"]
        weekend = tuple(self["calendar.weekend"])
        if isinstance(days, str):
            return Calendar(self["calendar.timezone"], weekend, country=days)
        return Calendar(self["calendar.timezone"], weekend, holidays=days)

    def service_fee(self, currency: str) -> Tariff | None:
        """The service fee in this currency, or None."""
        model, rate = self["escrow.service_fee.model"], self["escrow.service_fee.rate"]
        if model == "none":
            return None
        tiers = self["escrow.service_fee.tiers"] if model == "tiered" else ((None, rate),)
        bounds = tuple((bound and bound[currency], tier) for bound, tier in tiers)
        return Tariff(bounds, fixed=self.amount("escrow.service_fee.fixed", currency))

    def arbitration_fee(self, currency: str) -> Tariff:
        """Each party's fee as a function of the stake (models `rate` and `from_pot`)."""
        fee = "arbitration.fee"
        floor, cap = self.amount(f"{fee}.floor", currency), self.amount(f"{fee}.cap", currency)
        return Tariff(((None, self[f"{fee}.rate"]),), floor=floor, cap=cap)

    def check_currency(self, currency: str) -> None:
        """Raises `WrongCurrency` if an amount of this rulebook is not given in this currency."""
        for key, value in self.values.items():
            if isinstance(value, dict) and value and all(isinstance(m, Money) for m in value.values()):
                self.amount(key, currency)
        power = self.values["mediation.power"]
        bounds = [b for b, _ in self.values["escrow.service_fee.tiers"] or () if b]
        for amounts in (*bounds, *((power.below,) if power and power is not UNKNOWN and power.below else ())):
            if currency not in amounts:
                raise WrongCurrency(f"{self.name} gives amounts in {', '.join(amounts)} only, not in {currency}.")

    @cached_property
    def digest(self) -> str:
        """SHA-256 over its canonical content: what an agreement pins."""
        content = {"id": self.id, "version": self.version, "rules": self.data}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
        return hashlib.sha256(text.encode()).hexdigest()

    def override(self, values: Mapping[str, Any], where: str = "override") -> Rulebook:
        """The same rulebook with single values replaced, dotted as in the file. Raises `DefinitionError`."""
        if not values:
            return self
        data: dict[str, Any] = json.loads(json.dumps(self.data, default=_plain))
        data = _dates_kept(self.data, data)
        for path, value in values.items():
            *parts, last = path.split(".")
            node = data
            for part in parts:
                inner = node.get(part)
                node[part] = inner if isinstance(inner, dict) else {}
                node = node[part]
            node[last] = value
        head = {
            "id": self.id,
            "version": self.version,
            "title": self.title,
            "applies_from": self.applies_from,
            "open_ended": list(self.open_ended),
            "sources": self.sources,
            "sure": {key: value for key, value in self.sure.items() if not any(_covers(path, key) for path in values)},
        }
        return build({k: v for k, v in head.items() if v is not None} | data, f"{self.name} with {where}")

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Every rule that it has, readable: key, value, meaning, source."""
        for key in SCHEMA:
            value = self.values[key.path]
            if value is not None and (value != key.default or self.given(key.path)):
                shown = "unknown" if value is UNKNOWN else key.kind.show(value)
                yield key.path, shown, key.words, self.source_of(key.path)

    def given(self, path: str) -> bool:
        """Whether the file says it itself (else its default holds)."""
        node: Any = self.data
        for part in path.split("."):
            if not isinstance(node, Mapping) or part not in node:
                return isinstance(node, (str, int)) and node is not self.data
            node = node[part]
        return True

    def source_of(self, path: str) -> str:
        """Where a value comes from, and how sure it is."""
        key = next((k for k in self.sure if _covers(k, path)), None)
        return "" if key is None else f"{self.sure[key]['source']} ({self.sure[key]['sure']})"


def _covers(whole: str, path: str) -> bool:
    return path == whole or path.startswith(whole + ".") or whole.startswith(path + ".")


def _plain(value: Any) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"{value!r} is not part of a rulebook")


def _dates_kept(old: Any, new: Any) -> Any:
    """Undo what JSON did to dates."""
    if isinstance(old, Mapping):
        return {key: _dates_kept(old[key], value) for key, value in new.items()}
    if isinstance(old, (list, tuple)):
        return [_dates_kept(a, b) for a, b in zip(old, new, strict=True)]
    return old


def build(data: Mapping[str, Any], where: str) -> Rulebook:
    """A rulebook from its parsed TOML. Raises `DefinitionError` with every problem and its place."""
    problems: list[str] = []
    values: dict[str, Any] = {key.path: key.default for key in SCHEMA}
    _flatten({k: v for k, v in data.items() if k not in _HEAD}, "", values, problems)
    head = _head(data, problems)
    if not problems:
        problems.extend(_sense(values))
    if problems:
        raise DefinitionError(where, problems)
    return Rulebook(**head, data={k: v for k, v in data.items() if k not in _HEAD}, values=values)


def _flatten(node: Mapping[str, Any], prefix: str, values: dict[str, Any], problems: list[str]) -> None:
    for name, value in node.items():
        path = f"{prefix}{name}"
        if path in KEYS:
            try:
                values[path] = read(KEYS[path], value)
            except ValueError as error:
                problems.append(f"{path} = {error}")
        elif path in PARTS and value == "unknown":
            values.update({key: UNKNOWN for key in KEYS if key.startswith(path + ".")})
        elif path in PARTS and isinstance(value, Mapping):
            _flatten(value, path + ".", values, problems)
        elif path in SHORT:
            _flatten({SHORT[path]: value}, path + ".", values, problems)
        else:
            problems.append(_not_known(path, value))


def _not_known(path: str, value: Any) -> str:
    if path in PARTS:
        inside = sorted({key[len(path) + 1 :].split(".")[0] for key in KEYS if key.startswith(path + ".")})
        return f"{path} = {value!r}: a part with {', '.join(inside)} is needed"
    near = difflib.get_close_matches(path, [*KEYS, *PARTS], n=1, cutoff=0.5)
    return f"{path}: no such rule" + (f"; did you mean {near[0]}?" if near else "")


def _head(data: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    for name in ("id", "version", "title"):
        if not isinstance(data.get(name), str) or not data[name]:
            problems.append(f"{name}: a text is needed")
    since = data.get("applies_from")
    if since is not None and not isinstance(since, date):
        problems.append(f"applies_from = {since!r}: a date or an instant is needed")
        since = None
    sources, sure = data.get("sources", {}), data.get("sure", {})
    for key, mark in sure.items():
        if key not in KEYS and key not in PARTS:
            problems.append(f"sure: {_not_known(key, None)}")
        if not isinstance(mark, Mapping) or mark.get("source") not in sources or mark.get("sure") not in CERTAINTY:
            problems.append(f"sure.{key}: {{ source = one of [sources], sure = {' | '.join(CERTAINTY)} }} is needed")
    return {
        "id": data.get("id"),
        "version": data.get("version"),
        "title": data.get("title"),
        "applies_from": _start(since),
        "open_ended": tuple(data.get("open_ended", ())),
        "sources": dict(sources),
        "sure": {key: dict(mark) for key, mark in sure.items() if isinstance(mark, Mapping)},
    }


def _start(since: date | None) -> datetime | None:
    if since is None:
        return None
    if isinstance(since, datetime):
        return since.astimezone(UTC)
    return datetime.combine(since, time(), UTC)


#: A period without an answer strands money; an answer without a period never comes.
_PAIRS = (
    ("milestone.review.within", "milestone.review.on_silence"),
    ("milestone.cancel.within", "milestone.cancel.on_silence"),
    ("milestone.proposal.within", "milestone.proposal.on_silence"),
    ("milestone.requirements.within", "milestone.requirements.on_silence"),
    ("escrow.hold_limit.within", "escrow.hold_limit.on_expiry"),
    ("escrow.dormancy.idle", "escrow.dormancy.on_silence"),
    ("dispute.answer.payer.within", "dispute.answer.payer.on_silence"),
    ("dispute.answer.payee.within", "dispute.answer.payee.on_silence"),
    ("dispute.longest.within", "dispute.longest.on_expiry"),
    ("arbitration.award.within", "arbitration.award.on_silence"),
    ("arbitration.pay.within", "arbitration.none_paid"),
    ("arbitration.small_pot.up_to", "arbitration.small_pot.divide"),
)


def _sense(values: Mapping[str, Any]) -> Iterator[str]:
    """What single values cannot show: rules that need one another."""
    for period, answer in _PAIRS:
        if (values[period] is None) != (values[answer] is None):
            lone, lacks = (period, answer) if values[answer] is None else (answer, period)
            yield f"{lone} needs {lacks}: say who gets it, and when"
    stages = values["dispute.stages"]
    if stages is not UNKNOWN and "mediation" in stages and values["mediation.power"] is None:
        yield "mediation.power: a stage 'mediation' needs the mediator's power"
    model = values["arbitration.fee.model"]
    if stages is not UNKNOWN and "arbitration" in stages and model in ("shares", "rate", "external"):
        needs = ["arbitration.pay.within"] + (["arbitration.fee.rate"] if model == "rate" else [])
        if model == "shares":
            needs += ["arbitration.fee.shares.payer", "arbitration.fee.shares.payee"]
        yield from (f"{key}: a fee of the model {model!r} needs it" for key in needs if values[key] is None)
    if model == "from_pot" and values["arbitration.fee.rate"] is None:
        yield "arbitration.fee.rate: a fee of the model 'from_pot' needs it"
    fee = values["escrow.service_fee.model"]
    part = {"flat": "rate", "per_contract": "rate", "tiered": "tiers"}.get(fee) if fee is not UNKNOWN else None
    if part and values[f"escrow.service_fee.{part}"] is None:
        yield f"escrow.service_fee.{part}: the model {fee!r} needs it"


# -- files -----------------------------------------------------------------------------------------------------------


def available() -> tuple[str, ...]:
    """The names of the shipped rulebooks."""
    files = resources.files("escrowkit").joinpath("rulebooks").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


@cache
def _shipped(name: str) -> Rulebook:
    text = resources.files("escrowkit").joinpath("rulebooks", f"{name}.toml").read_text(encoding="utf-8")
    return build(tomllib.loads(text), name)


def load(name: str | Path | Rulebook, near: Path | None = None) -> Rulebook:
    """A shipped rulebook by name (`standard@1`), or one's own by path (relative to `near`, if given).

    Raises `DefinitionError` with every problem and its place.
    """
    if isinstance(name, Rulebook):
        return name
    if isinstance(name, str) and name in available():
        return _shipped(name)
    path = (near or Path()) / name
    if not path.is_file():
        shipped = ", ".join(available())
        raise DefinitionError(str(name), [f"no such rulebook; shipped are {shipped}, and a path names one's own"])
    try:
        return build(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(str(path), [f"not TOML: {error}"]) from error


def divide(answer: Mapping[str, Any], stake: Money, remainder_to: str) -> Money:
    """The payee's part of a stake under shares; the odd unit goes where the rulebook says."""
    order = ("payer", "payee") if remainder_to == "payer" else ("payee", "payer")
    parts = dict(zip(order, stake.allocate([answer[name] for name in order]), strict=True))
    return parts["payee"]


__all__ = ["Answers", "Rulebook", "available", "build", "divide", "load"]
