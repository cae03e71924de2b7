"""SVG by hand: texts of known width, boxes, lines. No style sheet, so that several pictures can stand in one page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from escrowkit.drawing.layout import HEAD, Curve
from escrowkit.drawing.words import width

FONT: Final = "Helvetica, Arial, 'Liberation Sans', Arimo, sans-serif"
INK, MUTED, FAINT, INDIGO, ORANGE, GREY = "#1E293B", "#475569", "#E2E8F0", "#4F46E5", "#C2410C", "#64748B"


FADED: Final = ' opacity=".32"'


def number(value: float) -> str:
    """A coordinate, short and always the same."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


class Canvas:
    """What was drawn so far, as lines of SVG."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def open(self, title: str = "", faded: bool = False, **data: str) -> None:
        """Begin a group, with a tooltip."""
        said = "".join(f" data-{name}={quoteattr(value)}" for name, value in data.items())
        self.parts.append(f"<g{said}{FADED if faded else ''}>")
        if title:
            self.parts.append(f"<title>{escape(title)}</title>")

    def close(self) -> None:
        """End a group."""
        self.parts.append("</g>")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 13,
        *,
        fill: str = MUTED,
        bold: bool = False,
        anchor: str = "start",
    ) -> None:
        """One line of text. It gets the width that was planned for it, whatever font there is."""
        weight = ' font-weight="bold"' if bold else ""
        at = "" if anchor == "start" else f' text-anchor="{anchor}"'
        long = f' textLength="{number(width(text, size, bold=bold))}" lengthAdjust="spacingAndGlyphs"' if text else ""
        place = f'x="{number(x)}" y="{number(y)}"'
        self.parts.append(f'<text {place} font-size="{number(size)}" fill="{fill}"{weight}{at}{long}>{escape(text)}</text>')

    def lines(self, x: float, y: float, texts: Iterable[str], size: float, step: float, fill: str = MUTED) -> None:
        """Several lines of text, left-aligned."""
        for n, text in enumerate(texts):
            self.text(x, y + n * step, text, size, fill=fill)

    def rect(
        self,
        left: float,
        top: float,
        wide: float,
        high: float,
        *,
        fill: str = "none",
        stroke: str = "none",
        thick: float = 1,
        dash: str = "",
        round_: float = 0,
    ) -> None:
        """A box."""
        sides = f'x="{number(left)}" y="{number(top)}" width="{number(wide)}" height="{number(high)}"'
        corner = f' rx="{number(round_)}"' if round_ else ""
        line = f' stroke="{stroke}" stroke-width="{number(thick)}"' if stroke != "none" else ""
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<rect {sides}{corner} fill="{fill}"{line}{dashes}/>')

    def circle(self, x: float, y: float, radius: float, fill: str) -> None:
        """A disc."""
        self.parts.append(f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{fill}"/>')

    def badge(self, x: float, y: float, text: str) -> None:
        """The number of a step, white on a disc."""
        self.circle(x, y, 9, INDIGO)
        self.text(x, y + 4, text, 11, fill="#FFFFFF", bold=True, anchor="middle")

    def curve(self, curve: Curve, dx: float, dy: float, stroke: str, thick: float, dash: str) -> None:
        """A line with its arrowhead."""
        first, *rest = [f"{number(x + dx)},{number(y + dy)}" for x, y in curve.points]
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        pen = f'fill="none" stroke="{stroke}" stroke-width="{number(thick)}"{dashes}'
        self.parts.append(f'<path d="M{first}C{" ".join(rest)}" {pen}/>')
        if curve.tip:
            (x, y), (ax, ay) = curve.tip, curve.points[-1]
            long = ((x - ax) ** 2 + (y - ay) ** 2) ** 0.5 or 1.0
            ux, uy = (x - ax) / long, (y - ay) / long
            corners = [(x, y)] + [
                (x - ux * HEAD + side * uy * 4.2, y - uy * HEAD - side * ux * 4.2) for side in (1, -1)
            ]
            points = " ".join(f"{number(px + dx)},{number(py + dy)}" for px, py in corners)
            self.parts.append(f'<polygon points="{points}" fill="{stroke}"/>')

    def page(self, wide: float, high: float, name: str, title: str, description: str) -> str:
        """The whole picture, with a title and a description for those who cannot see it."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{high:.0f}" '
            f'viewBox="0 0 {wide:.0f} {high:.0f}" role="img" aria-labelledby="{name}-title {name}-desc" '
            f'font-family="{FONT}">'
        )
        words = [f'<title id="{name}-title">{escape(title)}</title>', f'<desc id="{name}-desc">{escape(description)}</desc>']
        ground = f'<rect width="{wide:.0f}" height="{high:.0f}" fill="#FFFFFF"/>'
        return "\n".join([head, *words, ground, *self.parts, "</svg>\n"])
