"""What was measured, as values, and as a table that a person reads."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from bench.growth import Curve


@frozen
class Aim:
    """What a figure should be: at most or at least so much. It is shown, and nothing fails on it."""

    sign: str
    bound: float
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:g}{self.unit}"

    def met(self, value: float) -> bool:
        """Whether a figure is what it should be."""
        return value <= self.bound if self.sign == "≤" else value >= self.bound


@frozen
class Ratio:
    """One figure that does not depend on the machine; `low` and `high` are its lowest and highest round."""

    group: str
    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    aim: Aim | None = None

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None where there is none, or nothing was measured."""
        return None if self.aim is None or self.value is None else self.aim.met(self.value)


@frozen
class Figure:
    """One figure of this machine on this day: a magnitude."""

    name: str
    value: float
    unit: str


@frozen
class Report:
    """All that one run found."""

    made: dict[str, str]
    ratios: tuple[Ratio, ...]
    curves: tuple[Curve, ...]
    figures: tuple[Figure, ...]

    def as_json(self) -> dict[str, object]:
        """The same as plain values."""
        return {
            "made": self.made,
            "ratios": [
                {
                    "group": r.group,
                    "name": r.name,
                    "value": r.value,
                    "low": r.low,
                    "high": r.high,
                    "aim": r.aim and str(r.aim),
                    "met": r.met,
                }
                for r in self.ratios
            ],
            "growth": [
                {
                    "name": c.name,
                    "of": c.of,
                    "total": c.total,
                    "sizes": list(c.sizes),
                    "seconds": list(c.seconds),
                    "fitted": c.fitted,
                    "last": c.last,
                    "aim": str(aim_of(c)),
                    "met": aim_of(c).met(c.steepest),
                }
                for c in self.curves
            ],
            "figures": [{"name": f.name, "value": f.value, "unit": f.unit} for f in self.figures],
        }

    def as_text(self) -> str:
        """Ratios first, magnitudes after."""
        return "\n".join((*self._head(), *self._ratios(), *self._growth(), *self._figures())) + "\n"

    def as_markdown(self) -> str:
        """For pages: what has an aim and the worst of growth as a short table, then all of it as it is printed."""
        rows = [
            (f"{r.group.partition(':')[0]}: {r.name}", _number(r.value), str(r.aim))
            for r in self.ratios
            if r.aim is not None and r.value is not None
        ]
        for total, what in ((False, "one decision"), (True, "all the work together")):
            found = [curve for curve in self.curves if curve.total is total]
            if found:
                worst = max(found, key=lambda curve: curve.steepest)
                name = f"Growth of {what}: the steepest exponent ({worst.name})"
                rows.append((name, f"{worst.steepest:.2f}", str(aim_of(worst))))
        lines = ["| measured | figure | aim |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
        return "\n".join((*lines, "", "```text")) + f"\n{self.as_text()}```\n"

    def _head(self) -> Iterable[str]:
        yield "escrowkit: what it costs"
        yield ", ".join(f"{name} {value}" for name, value in self.made.items())

    def _ratios(self) -> Iterable[str]:
        group = ""
        for r in self.ratios:
            if r.group != group:
                group = r.group
                yield from ("", group)
            shown = "not installed" if r.value is None else _number(r.value)
            spread = f"{_number(r.low)} … {_number(r.high)}" if r.low is not None and r.high is not None else ""
            yield _row(r.name, shown, spread, _aim(r.aim, r.met))

    def _growth(self) -> Iterable[str]:
        if not self.curves:
            return
        yield from (
            "",
            "Growth: the exponent k of time ≈ c · n^k over all sizes, and the last, between the two largest",
        )
        for c in self.curves:
            aim = aim_of(c)
            shown = " ".join(f"{size}:{_time(s)}" for size, s in zip(c.sizes, c.seconds, strict=True))
            yield _row(c.name, f"{c.fitted:.2f}", f"last {c.last:.2f}", _aim(aim, aim.met(c.steepest)), shown)

    def _figures(self) -> Iterable[str]:
        if not self.figures:
            return
        yield from ("", "On this machine (magnitudes only: compare ratios, not these)")
        for f in self.figures:
            yield f"  {f.name:<46} {_number(f.value):>7} {f.unit}"


def aim_of(curve: Curve) -> Aim:
    """Nothing is worse than linear in all; one decision should not grow at all (0.1 is left for noise)."""
    return Aim("≤", 1.1 if curve.total else 0.1)


def _row(name: str, value: str, spread: str, aim: str, note: str = "") -> str:
    return f"  {name:<40} {value:>13}  {spread:<16} {aim:<14} {note}".rstrip()


def _aim(aim: Aim | None, met: bool | None) -> str:
    if aim is None:
        return ""
    return f"{aim}" + ("" if met is None else "  met" if met else "  open")


def _number(value: float) -> str:
    """Three figures, whatever the size."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _time(seconds: float) -> str:
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g}{unit}"
    return f"{seconds * 1e6:.3g}µs"
