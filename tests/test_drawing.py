"""Drawings: what is drawn is what runs, nothing is cut or covered, and the same in is the same out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from escrowkit.clocks import CLOCKS
from escrowkit.drawing import FORMATS, TABLES, draw, layout, overview
from escrowkit.drawing.frames import arrows, frames
from escrowkit.drawing.layout import Curve
from escrowkit.drawing.model import Step
from escrowkit.drawing.reading import STAGES, diagram
from escrowkit.drawing.svg import placed
from escrowkit.drawing.words import width
from escrowkit.errors import BadArgument, MissingExtra
from escrowkit.machines import dispute, escrow, mediation, milestone
from escrowkit.reactions import REACTIONS
from escrowkit.rulebook import Rulebook, build, load
from escrowkit.table import Table

SVG = "{http://www.w3.org/2000/svg}"
STANDARD = load("standard@1")
EVERY = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
RULED = pytest.mark.parametrize("rulebook", [None, STANDARD], ids=["bare", "standard"])
FORMAT = pytest.mark.parametrize("format", FORMATS)

PATH: tuple[Step, ...] = (
    (None, "included", "agreed"),
    ("agreed", "started", "active"),
    ("active", "submitted", "submitted"),
    ("submitted", "changes_requested", "active"),
    ("active", "attested", "active"),
    ("active", "submitted", "submitted"),
    ("submitted", "suspended", "disputed"),
    ("disputed", "resumed", "submitted"),
)


def bare(**values: Any) -> Rulebook:
    """The standard rulebook with single values replaced."""
    return STANDARD.override({key.replace("__", "."): value for key, value in values.items()})


def plain(word: str) -> str:
    return word.replace("_", " ")


# -- what is drawn is what runs --------------------------------------------------------------------------------------


@EVERY
@FORMAT
def test_every_state_is_in_every_format(table: Table[Any], format: str) -> None:
    text = draw(table, format=format)
    assert all(plain(state) in text for state in table.states)


@EVERY
def test_every_move_of_the_table_is_on_the_page(table: Table[Any]) -> None:
    page = draw(table, format="markdown")
    listed = {line.split(" | ")[0].strip("| ") for line in page.splitlines() if line.startswith("| ")}
    moves = [row for row in table.rows if not row.waits]
    assert {str(number) for number in range(1, len(moves) + 1)} <= listed
    assert all(plain(row.command.word) in page for row in moves if not row.clock)
    assert all(check.words in page for row in table.rows for check in row.when)


@EVERY
def test_every_command_that_must_wait_is_on_the_page(table: Table[Any]) -> None:
    page = draw(table, format="markdown").partition("## What must wait")[2]
    assert all(plain(row.command.word) in page and row.when[0].words in page for row in table.rows if row.waits)


@EVERY
def test_every_arrow_of_the_machine_is_drawn_once_in_mermaid_and_dot(table: Table[Any]) -> None:
    edges = {(move.source, move.target) for move in table.moves() if move.source is not move.target}
    mermaid = re.findall(r"^    (\S+) --> (\w+):", draw(table), re.MULTILINE)
    dot = re.findall(r'^  "([^"]+)" -> "(\w+)"', draw(table, format="dot"), re.MULTILINE)
    assert sorted(mermaid) == sorted((str(a or "[*]"), str(b)) for a, b in edges)
    assert sorted(dot) == sorted((str(a or "(start)"), str(b)) for a, b in edges)


@EVERY
@RULED
def test_the_arrows_of_the_picture_stand_for_the_moves_of_the_machine_and_no_others(
    table: Table[Any], rulebook: Rulebook | None
) -> None:
    one = diagram(table, rulebook)
    stood_for = set()
    for arrow in arrows(one, frames(one)):
        for line, but in arrow.lines:
            stood_for |= {(*ends, line.number) for ends in arrow.ends() if ends[0] not in but}
    meant = {(m.source, m.target, x.number) for x in one.lines for m in x.moves if m.source is not m.target}
    assert stood_for == meant


def test_a_way_back_is_one_arrow_for_each_origin() -> None:
    backs = re.findall(r'"impounded" -> "(\w+)" \[label="(?:[^"]*\b)?\d+ lift', draw(escrow.TABLE, format="dot"))
    assert sorted(backs) == ["clearing", "frozen", "held"]


@EVERY
def test_a_move_keeps_its_number_under_every_rulebook(table: Table[Any]) -> None:
    free = {line.number: (line.row.on, line.row.command, line.row.event) for line in diagram(table).lines}
    under = diagram(table, STANDARD).lines
    assert all(free[line.number] == (line.row.on, line.row.command, line.row.event) for line in under)


def test_under_a_rulebook_only_those_whom_it_names_make_a_move() -> None:
    assert "request cancel (either party)" in draw(milestone.TABLE)
    assert "request cancel (payer)" in draw(milestone.TABLE, rulebook=STANDARD)
    assert "escalate (either party" not in draw(dispute.TABLE, rulebook=STANDARD)


def test_a_move_by_the_rules_names_the_event_that_causes_it() -> None:
    assert "dispute opened → suspend" in draw(milestone.TABLE)
    assert "It follows from dispute opened." in draw(milestone.TABLE, format="markdown")


# -- under a rulebook ------------------------------------------------------------------------------------------------


@FORMAT
def test_a_rulebook_fills_its_periods_in(format: str) -> None:
    free, ruled = draw(milestone.TABLE, format=format), draw(milestone.TABLE, rulebook=STANDARD, format=format)
    assert "after 14 days" not in free
    assert "fter 14 days" in ruled
    assert "standard@1" in ruled


def test_without_a_rulebook_the_clock_is_named() -> None:
    assert "When ‘review’ is over." in draw(milestone.TABLE, format="markdown")


def test_two_sides_with_different_periods_are_both_told() -> None:
    rules = bare(dispute__answer__payer__within="3 days")
    assert "Payer after 3 days, payee after 7 days (‘answer’)" in draw(dispute.TABLE, rulebook=rules, format="markdown")


def test_what_a_rulebook_does_not_allow_is_left_out() -> None:
    assert "request release" in draw(milestone.TABLE, format="markdown")
    assert "request release" not in draw(milestone.TABLE, rulebook=STANDARD, format="markdown").partition("## What")[0]


def test_a_clock_without_a_period_is_left_out_and_one_of_several_only_from_its_move() -> None:
    rules = bare(milestone__late={"after": "3 days", "on_silence": "payer"})
    page = draw(milestone.TABLE, rulebook=rules, format="markdown")
    assert "After 3 days (‘late’)." in page
    assert "‘requirements’" not in page
    assert "‘late’" not in draw(milestone.TABLE, rulebook=STANDARD, format="markdown")


def test_states_that_can_no_longer_be_reached_are_left_out() -> None:
    empty = build({"id": "none", "version": "1", "title": "nothing at all"}, "none")
    assert "cancelling" in diagram(milestone.TABLE).states
    one = diagram(milestone.TABLE, empty)
    assert "cancelling" not in one.states
    assert not any("cancelling" in (*line.sources, *line.targets) for line in one.lines)


def test_a_stage_that_a_rulebook_lacks_is_said_to_be_lacking_in_every_format() -> None:
    rules = bare(dispute__stages=["arbitration"])
    assert "It has no mediation." in draw(mediation.TABLE, rulebook=rules, format="markdown")
    assert "It has no mediation." in draw(mediation.TABLE, rulebook=rules, format="svg")
    assert not diagram(mediation.TABLE, rules).states
    assert "mediation" in STAGES
    assert (
        "mediation" not in draw(mediation.TABLE, rulebook=rules, format="dot").partition("[label")[2].partition("]")[2]
    )


def test_a_value_that_the_sources_do_not_settle_is_an_unknown_period() -> None:
    rules = bare(milestone__review__within="unknown", milestone__review__on_silence="unknown")
    page = draw(milestone.TABLE, rulebook=rules, format="markdown")
    assert "After an unknown period (‘review’)." in page
    assert "unknown" in draw(milestone.TABLE, rulebook=rules, format="svg")


def test_what_a_guard_reads_is_told_with_its_value() -> None:
    assert "[arbitration.award.menu: any]" in draw(TABLES[4], rulebook=STANDARD, format="markdown")


@EVERY
def test_every_period_of_the_rulebook_is_a_clock_that_is_drawn(table: Table[Any]) -> None:
    page = draw(table, rulebook=STANDARD, format="markdown")
    for clock in CLOCKS:
        if clock.machine == table.name and clock.period and STANDARD.has(clock.period):
            assert f"After {STANDARD[clock.period]} (‘{plain(clock.name)}’)." in page


# -- along a story ---------------------------------------------------------------------------------------------------


@FORMAT
def test_the_path_and_the_state_now_are_shown(format: str) -> None:
    text = draw(milestone.TABLE, format=format, path=PATH, now="submitted")
    assert text != draw(milestone.TABLE, format=format)
    shown = {
        "mermaid": ("step 3, step 6", "class submitted now", "step 5"),
        "dot": ("step 3, step 6", "penwidth=3", "step 5"),
        "svg": ("The path taken", "the state now", "changes requested"),
        "markdown": ("## The path taken", "and the state now", "changes requested"),
    }
    assert all(words in text for words in shown[format])


def test_what_was_not_taken_steps_back() -> None:
    assert "opacity" not in draw(milestone.TABLE, format="svg")
    assert "opacity" in draw(milestone.TABLE, format="svg", path=PATH)


def test_what_was_done_stays_drawn_whatever_the_rulebook_says() -> None:
    path: tuple[Step, ...] = (*PATH[:3], ("submitted", "delayed", "submitted"))
    assert "delay" not in draw(milestone.TABLE, rulebook=STANDARD, format="markdown").partition("## What must")[0]
    assert "| 4 | delayed | stays submitted | 26 |" in draw(
        milestone.TABLE, rulebook=STANDARD, format="markdown", path=path
    )


def test_a_path_that_is_not_of_this_table_is_refused() -> None:
    with pytest.raises(BadArgument, match="no 'approved' from agreed to declined"):
        draw(milestone.TABLE, path=[("agreed", "approved", "declined")])
    with pytest.raises(BadArgument, match="never 'lost': it is proposed"):
        draw(milestone.TABLE, now="lost")


def test_another_format_is_refused_and_the_allowed_ones_are_named() -> None:
    makes: tuple[Callable[[], str], ...] = (
        partial(draw, milestone.TABLE, format="png"),
        partial(overview, format="png"),
    )
    for make in makes:
        with pytest.raises(BadArgument, match="mermaid, dot, svg, markdown"):
            make()


# -- the formats are what they say -----------------------------------------------------------------------------------


_PICTURES: dict[str, Callable[[], str]] = {
    **{f"{t.name}-bare": partial(draw, t, format="svg") for t in TABLES},
    **{f"{t.name}-standard": partial(draw, t, rulebook=STANDARD, format="svg") for t in TABLES},
    "milestone-path": partial(draw, milestone.TABLE, format="svg", path=PATH, now="submitted"),
    "overview-bare": partial(overview, format="svg"),
    "overview-standard": partial(overview, rulebook=STANDARD, format="svg"),
}


@cache
def drawn(name: str) -> str:
    return _PICTURES[name]()


@pytest.fixture(params=list(_PICTURES))
def picture(request: pytest.FixtureRequest) -> str:
    return drawn(request.param)


def test_a_picture_is_accessible_and_needs_nothing_from_outside(picture: str) -> None:
    root = ElementTree.fromstring(picture)
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert title is not None
    assert desc is not None
    assert title.text
    assert desc.text
    assert len(desc.text) > 60
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert any(text.text == "Legend" for text in root.iter(f"{SVG}text"))
    assert picture.count("http") == 1
    assert not re.search(r"<(script|image|style|foreignObject|use)|@import|url\(", picture)


def spots(picture: str) -> list[tuple[str, float, float, float, float]]:
    """Every text with the box of its letters."""
    found = []
    for text in ElementTree.fromstring(picture).iter(f"{SVG}text"):
        x, y, size, long = (float(text.get(name, "")) for name in ("x", "y", "font-size", "textLength"))
        left = x - long / 2 if text.get("text-anchor") == "middle" else x
        found.append((text.text or "", left, y - 0.72 * size, left + long, y + 0.21 * size))
    return found


def test_no_text_is_cut_and_none_lies_on_another(picture: str) -> None:
    root = ElementTree.fromstring(picture)
    wide, high = float(root.get("width", "")), float(root.get("height", ""))
    texts = spots(picture)
    assert all(left >= 0 and right <= wide and top >= 0 and low <= high for _, left, top, right, low in texts)
    for one, other in combinations(texts, 2):
        apart = one[3] <= other[1] or other[3] <= one[1] or one[4] <= other[2] or other[4] <= one[2]
        assert apart, (one[0], other[0])


def test_a_picture_is_readable_at_the_width_of_a_page(picture: str) -> None:
    root = ElementTree.fromstring(picture)
    assert float(root.get("width", "")) <= 1000
    assert min(float(text.get("font-size", "")) for text in root.iter(f"{SVG}text")) >= 11


def along(curve: Curve) -> Iterator[tuple[float, float]]:
    """Points of a line, close together."""
    for n in range(0, len(curve.points) - 1, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve.points[n : n + 4]
        for t in (k / 40 for k in range(41)):
            u = 1 - t
            parts = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
            yield (
                sum(p * q for p, q in zip(parts, (ax, bx, cx, dx), strict=True)),
                sum(p * q for p, q in zip(parts, (ay, by, cy, dy), strict=True)),
            )


@EVERY
@RULED
def test_no_line_runs_through_a_box_or_a_label_of_another(table: Table[Any], rulebook: Rulebook | None) -> None:
    picture = placed(diagram(table, rulebook))
    for name, curve in picture.layout.curves.items():
        if name.startswith("under"):
            continue
        arrow = picture.arrows[name.rpartition(" ")[0]]
        own = {name.rpartition(" ")[0], "start"} | {end for pair in arrow.ends() for end in pair}
        for box, place in picture.layout.boxes.items():
            for x, y in along(curve) if box not in own else ():
                inside = abs(x - place.x) < place.width / 2 - 3 and abs(y - place.y) < place.height / 2 - 3
                assert not inside, (name, box)


@EVERY
def test_boxes_stay_apart_and_within_the_picture(table: Table[Any]) -> None:
    whole = placed(diagram(table)).layout
    for place in whole.boxes.values():
        assert place.left >= -1
        assert place.left + place.width <= whole.width + 1
    for one, other in combinations(whole.boxes.values(), 2):
        assert (
            abs(one.x - other.x) >= (one.width + other.width) / 2 - 0.5
            or abs(one.y - other.y) >= (one.height + other.height) / 2 - 0.5
        )


def test_a_picture_that_fits_no_page_is_the_narrowest_that_there_is() -> None:
    widths = {"a": 1200.0, "b": 1000.0, "c": 1100.0}
    made = [(name, layout.Layout(wide, 10, {}, {}, {})) for name, wide in widths.items()]
    assert layout.first_that_fits(made, 900)[0] == "b"
    assert layout.first_that_fits(made, 1150)[0] == "b"
    assert layout.first_that_fits(made, 1200)[0] == "a"


def test_a_text_is_measured_as_the_font_has_it() -> None:
    assert width("request changes", 10) == pytest.approx(73.93)
    assert width("request changes", 10, bold=True) > width("request changes", 10)


@EVERY
@RULED
def test_graphviz_reads_the_dot_text(table: Table[Any], rulebook: Rulebook | None) -> None:
    pygraphviz = pytest.importorskip("pygraphviz")
    one = diagram(table, rulebook)
    graph = pygraphviz.AGraph(draw(table, rulebook=rulebook, format="dot"))
    assert set(graph.nodes()) == {*(s.value for s in one.states), "(legend)", *(["(start)"] if one.lines else [])}
    assert len(graph.edges()) == len(one.edges)
    assert graph.graph_attr["label"].startswith(f"The {table.name}")


def test_graphviz_reads_the_overview() -> None:
    pygraphviz = pytest.importorskip("pygraphviz")
    graph = pygraphviz.AGraph(overview(format="dot"))
    assert set(graph.nodes()) == {*(table.name for table in TABLES), "(legend)"}


@EVERY
def test_the_mermaid_text_keeps_to_its_grammar(table: Table[Any]) -> None:
    rules = STANDARD.override({"conduct.feedback.within": "14 days"})
    text = draw(table, rulebook=rules, path=(), now=next(iter(table.final)).value)
    head, _, body = text.partition("stateDiagram-v2\n")
    assert head.startswith('---\ntitle: "')
    for line in re.findall(r"^    (?:\S+ --> )?\w+: (.*)$", body, re.MULTILINE):
        assert not re.search(r"[:;#\"]|<(?!br/>)", line), line
    assert re.findall(r"^    classDef (\w+) ", body, re.MULTILINE)[:2] == ["start", "work"]
    assert "note right of" in body


def test_without_the_extra_a_picture_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    makes: tuple[Callable[[], str], ...] = (
        partial(draw, milestone.TABLE, format="svg"),
        partial(overview, format="svg"),
    )
    for make in makes:
        with pytest.raises(MissingExtra, match=r"Drawing SVG needs the extra 'diagrams'"):
            make()
    assert draw(milestone.TABLE, format="mermaid")


def test_the_layout_asks_graphviz_for_no_text_so_no_font_matters() -> None:
    source = layout._source((layout.Box("a", 50, 20),), [layout.Link("x", "a", "a")], 10, 10)
    assert re.findall(r'label="([^"]*)"', source) == [""]


# -- all together ----------------------------------------------------------------------------------------------------


@FORMAT
def test_the_overview_shows_every_machine_and_every_reaction(format: str) -> None:
    text = overview(format=format)
    assert all(table.name in text for table in TABLES)
    if format in ("svg", "markdown"):
        numbers = range(1, len(REACTIONS) + 1)
        assert all(f"{n}" in re.findall(r"\b\d+\b", text) for n in numbers)


def test_the_page_of_the_overview_tells_every_reaction_in_words() -> None:
    page = overview(format="markdown")
    for reaction in REACTIONS:
        assert reaction.words[1:] in page
        assert all(plain(command.word) in page for command in reaction.then)
        assert all(plain(event.word) in page for event in reaction.on)


def test_the_overview_leaves_out_what_a_rulebook_lacks() -> None:
    page = overview(format="markdown", rulebook=bare(dispute__stages=["arbitration"]))
    assert "| mediation |" not in page
    assert "mediation open" not in page
    assert "| arbitration |" in page


def test_the_overview_tells_the_periods_of_a_rulebook() -> None:
    assert "‘review’ after 14 days" in overview(format="markdown", rulebook=STANDARD)


# -- the same in, the same out ---------------------------------------------------------------------------------------


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    program = (
        "import hashlib\n"
        "from escrowkit import drawing\n"
        "from escrowkit.rulebook import load\n"
        "for table in drawing.TABLES:\n"
        "    for format in drawing.FORMATS:\n"
        "        for rules in (None, load('standard@1')):\n"
        "            text = drawing.draw(table, rulebook=rules, format=format)\n"
        "            print(table.name, format, hashlib.sha256(text.encode()).hexdigest())\n"
        "for format in drawing.FORMATS:\n"
        "    print(format, hashlib.sha256(drawing.overview(format=format).encode()).hexdigest())\n"
    )
    source = str(Path(__file__).parent.parent / "src")
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": source},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(told) == 1
