"""Where everything stands: boxes of known sizes go to Graphviz (bundled with pygraphviz), places and curves come back.

Texts are measured here, so no font of the machine that draws matters. A label is a box of its own in the middle of its
arrow: Graphviz keeps boxes apart, so no label can lie on another one, nor on a line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from attrs import frozen

from escrowkit.errors import MissingExtra

Picture = TypeVar("Picture")
#: Arrowheads are drawn by hand, this long.
HEAD: Final = 9.0


@frozen
class Box:
    """A box to place: a state, or the label of an arrow; `inside` names the frames around it, from the outside in."""

    name: str
    width: float
    height: float
    inside: tuple[str, ...] = ()


@frozen
class Link:
    """A line from box to box. A name of a frame as `tail` or `head` cuts the line off at that frame."""

    name: str
    source: str
    target: str
    tail: str = ""
    head: str = ""
    arrow: bool = True
    seen: bool = True
    weight: int = 1


@frozen
class Place:
    """Where a box or a frame stands: its middle and its size, y downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """Its left side."""
        return self.x - self.width / 2

    @property
    def top(self) -> float:
        """Its upper side."""
        return self.y - self.height / 2


@frozen
class Curve:
    """A line: Bézier points (one, then three a piece), and the tip of its arrow, if it has one."""

    points: tuple[tuple[float, float], ...]
    tip: tuple[float, float] | None


@frozen
class Layout:
    """The whole picture."""

    width: float
    height: float
    boxes: Mapping[str, Place]
    frames: Mapping[str, Place]
    curves: Mapping[str, Curve]


def lay_out(
    boxes: Iterable[Box],
    links: Iterable[Link],
    *,
    apart: float = 18,
    below: float = 24,
) -> Layout:
    """Places and curves; `apart` and `below` are the least distances between boxes.

    Raises `MissingExtra` without pygraphviz.
    """
    try:
        import pygraphviz
    except ImportError:
        raise MissingExtra("diagrams", "Drawing SVG") from None
    graph = pygraphviz.AGraph(_source(tuple(boxes), links, apart, below))
    return _read(json.loads(graph.draw(format="json", prog="dot")))


def first_that_fits(pictures: Iterable[tuple[Picture, Layout]], most: float) -> tuple[Picture, Layout]:
    """The first picture no wider than a page, or the narrowest; the next one is made only if it is needed."""
    made: list[tuple[Picture, Layout]] = []
    for picture, layout in pictures:
        made.append((picture, layout))
        if layout.width <= most:
            return made[-1]
    return min(made, key=lambda one: one[1].width)


def _source(boxes: tuple[Box, ...], links: Iterable[Link], apart: float, below: float) -> str:
    """DOT of empty boxes."""
    lines = [
        "digraph picture {",
        f'graph [compound=true, nodesep="{apart / 72:.4f}", ranksep="{below / 72:.4f}", newrank=true]',
        'node [shape=box, fixedsize=true, label=""]',
        f'edge [arrowsize="{HEAD / 10:.2f}"]',
    ]
    lines += _inside(boxes, ())
    for link in links:
        cut = f', ltail="cluster {link.tail}"' if link.tail else ""
        cut += f', lhead="cluster {link.head}"' if link.head else ""
        cut += "" if link.seen else ", style=invis"
        head = "normal" if link.arrow else "none"
        lines.append(
            f'"{link.source}" -> "{link.target}" [id="{link.name}", arrowhead={head}, weight={link.weight}{cut}]'
        )
    return "\n".join([*lines, "}"])


def _inside(boxes: tuple[Box, ...], frames: tuple[str, ...]) -> list[str]:
    """The boxes of these frames, and the frames within them."""
    here = [
        f'"{b.name}" [width="{b.width / 72:.4f}", height="{b.height / 72:.4f}"]' for b in boxes if b.inside == frames
    ]
    depth = len(frames)
    inner = [b for b in boxes if b.inside[:depth] == frames and len(b.inside) > depth]
    for name in dict.fromkeys(b.inside[depth] for b in inner):
        here += [f'subgraph "cluster {name}" {{', "graph [margin=14]", *_inside(boxes, (*frames, name)), "}"]
    return here


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _read(found: Any) -> Layout:
    _, _, width, height = _numbers(found["bb"])
    boxes, placed = {}, {}
    for one in found.get("objects", ()):
        if "bb" in one:
            left, low, right, high = _numbers(one["bb"])
            place = Place((left + right) / 2, height - (low + high) / 2, right - left, high - low)
            placed[one["name"].removeprefix("cluster ")] = place
        elif "pos" in one:
            x, y = _numbers(one["pos"])
            boxes[one["name"]] = Place(x, height - y, float(one["width"]) * 72, float(one["height"]) * 72)
    curves = {edge["id"]: _curve(edge["pos"], height) for edge in found.get("edges", ())}
    return Layout(width, height, boxes, placed, curves)


def _curve(text: str, height: float) -> Curve:
    tip = None
    points = []
    for part in text.split():
        x, y = _numbers(part.removeprefix("e,").removeprefix("s,"))
        if part.startswith("e,"):
            tip = (x, height - y)
        else:
            points.append((x, height - y))
    return Curve(tuple(points), tip)
