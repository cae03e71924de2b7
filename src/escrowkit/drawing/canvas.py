"""SVG by hand: texts of known width, boxes, lines. No style sheet, so that several pictures can stand in one page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape

from escrowkit.drawing.layout import HEAD, Curve
from escrowkit.drawing.words import width

#: Fonts of the same widths, one of which every system has; `textLength` makes the planned width good on any other.
FONT: Final = "Helvetica, Arial, 'Liberation Sans', Arimo, sans-serif"
INK, MUTED, GREY, FAINT, FRAME = "#1E293B", "#475569", "#64748B", "#E2E8F0", "#FBFCFE"
INDIGO, ORANGE = "#4F46E5", "#C2410C"
_FADED: Final = ' opacity=".32"'


def number(value: float) -> str:
    """A coordinate, short and always the same."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


class Canvas:
    """What was drawn so far, as lines of SVG."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def open(self, title: str = "", *, faded: bool = False) -> None:
        """Begin a group, with a tooltip."""
        self.parts.append(f"<g{_FADED if faded else ''}>")
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
        size: float,
        *,
        fill: str = MUTED,
        bold: bool = False,
        middle: bool = False,
    ) -> None:
        """One line of text, as wide as it was planned to be, whatever font there is."""
        if text:
            style = ' font-weight="bold"' * bold + ' text-anchor="middle"' * middle
            long = number(width(text, size, bold=bold))
            self.parts.append(
                f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}" fill="{fill}"{style} '
                f'textLength="{long}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
            )

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
        stroke: str = "",
        thick: float = 1,
        dash: str = "",
        corner: float = 0,
    ) -> None:
        """A box."""
        sides = f'x="{number(left)}" y="{number(top)}" width="{number(wide)}" height="{number(high)}"'
        style = f' rx="{number(corner)}"' if corner else ""
        style += f' stroke="{stroke}" stroke-width="{number(thick)}"' if stroke else ""
        style += f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<rect {sides} fill="{fill}"{style}/>')

    def disc(self, x: float, y: float, radius: float, fill: str) -> None:
        """A disc."""
        self.parts.append(f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{fill}"/>')

    def badge(self, x: float, y: float, text: str, *, dark: bool = False) -> None:
        """The number of a step, white on a disc; the other way round on dark ground."""
        disc, ink = ("#FFFFFF", INDIGO) if dark else (INDIGO, "#FFFFFF")
        self.disc(x, y, 9, disc)
        self.text(x, y + 4, text, 11, fill=ink, bold=True, middle=True)

    def path(self, data: str, stroke: str, thick: float, dash: str) -> None:
        """A line."""
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<path d="{data}" fill="none" stroke="{stroke}" stroke-width="{number(thick)}"{dashes}/>')

    def curve(self, curve: Curve, dx: float, dy: float, stroke: str, thick: float, dash: str) -> None:
        """A line from the layout, with its arrowhead."""
        first, *rest = (f"{number(x + dx)},{number(y + dy)}" for x, y in curve.points)
        self.path(f"M{first}C{' '.join(rest)}", stroke, thick, dash)
        if curve.tip:
            (x, y), (ax, ay) = curve.tip, curve.points[-1]
            long = ((x - ax) ** 2 + (y - ay) ** 2) ** 0.5 or 1.0
            ux, uy = (x - ax) / long, (y - ay) / long
            back = [(x - ux * HEAD + side * uy * 4.2, y - uy * HEAD - side * ux * 4.2) for side in (1, -1)]
            corners = " ".join(f"{number(px + dx)},{number(py + dy)}" for px, py in ((x, y), *back))
            self.parts.append(f'<polygon points="{corners}" fill="{stroke}"/>')

    def page(self, wide: float, high: float, name: str, title: str, description: str) -> str:
        """The whole picture, with a title and a description for those who cannot see it."""
        size = f'width="{wide:.0f}" height="{high:.0f}" viewBox="0 0 {wide:.0f} {high:.0f}"'
        said = f'role="img" aria-labelledby="{name}-title {name}-desc"'
        return "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} {said} font-family="{FONT}">',
                f'<title id="{name}-title">{escape(title)}</title>',
                f'<desc id="{name}-desc">{escape(description)}</desc>',
                f'<rect width="{wide:.0f}" height="{high:.0f}" fill="#FFFFFF"/>',
                *self.parts,
                "</svg>\n",
            )
        )
