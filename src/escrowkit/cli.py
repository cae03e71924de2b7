"""The command line: play, foresee, draw, rules, check, prove.

Colour and tables only on a terminal; `--json` on each.
"""

from __future__ import annotations

import json
import textwrap
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from escrowkit import __version__, comparison, drawing, proof
from escrowkit import story as stories
from escrowkit.agreement import ENGINES
from escrowkit.errors import DefinitionError, EscrowError, StoryError, did_you_mean, in_turn
from escrowkit.lint import Lint, lint
from escrowkit.outlook import Can, Outlook, Worth, default_role, default_turn, outlook
from escrowkit.periods import instant
from escrowkit.pot import MACHINES
from escrowkit.rulebook import Rulebook, available, load
from escrowkit.rulecheck import left_out, mark_of
from escrowkit.story import Played, play, read, shipped
from escrowkit.timeline import Moment, Report, report
from escrowkit.wording import WARNINGS

#: What `play` shows without an argument.
FIRST = "award-split"
#: As many rulebooks as can be read side by side on a page.
MOST = 5
#: As wide as a page, where there is no terminal to ask.
WIDTH = 100

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
_engine = click.option("--engine", type=click.Choice(ENGINES), default="compiled", help="Which engine decides.")


class Page:
    """Lines with a style each: coloured on a terminal, plain elsewhere."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self.terminal = self.console.is_terminal
        self.width = min(self.console.width, WIDTH) if self.terminal else WIDTH

    def line(self, text: str = "", style: str = "", indent: int = 0, hang: int = 0) -> None:
        """One paragraph, wrapped at the width."""
        pad = " " * indent
        wrapped = textwrap.wrap(text, self.width, initial_indent=pad, subsequent_indent=pad + " " * hang) or [""]
        for one in wrapped:
            self.console.print(Text(one, style=style))

    def head(self, text: str) -> None:
        """A heading."""
        self.line()
        self.line(text, "bold")

    def grid(self, rows: Sequence[Sequence[str]], titles: Sequence[str] = (), right: Iterable[int] = ()) -> None:
        """Rows in columns: a table on a terminal, aligned text elsewhere."""
        if self.terminal:
            self._table(rows, titles, right)
            return
        lines = [*([titles] if titles else []), *rows]
        widths = [max(len(row[i]) for row in lines) for i in range(len(lines[0]))] if lines else []
        for row in lines:
            cells = [c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
            self.console.print(Text("  " + "  ".join(cells).rstrip()))

    def columns(self, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """What is compared, side by side, each cell wrapped in its column; the first takes what the others leave."""
        several = len(titles) - 1
        each = max(min((self.width - 24) // several - 1, 26), 12)
        grid = Grid(box=None, padding=(0, 1, 0, 0), pad_edge=False)
        widths = (max(self.width - several * (each + 1) - 1, 20), *[each] * several)
        for title, width in zip(titles, widths, strict=True):
            # A name that is too long breaks before its version.
            grid.add_column(title if len(title) <= width else title.replace("@", "\n@"), width=width, overflow="fold")
        self.side_by_side(grid, rows)

    def lines_of(self, titles: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int]) -> None:
        """What is compared, one a line, in columns as wide as they need."""
        grid = Grid(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for i, title in enumerate(titles):
            # Words wrap; names and figures stay whole.
            whole = i in right or i == 0
            grid.add_column(title, justify="right" if i in right else "left", no_wrap=whole, overflow="fold")
        self.side_by_side(grid, rows)

    def side_by_side(self, grid: Grid, rows: Iterable[Sequence[str]]) -> None:
        """A table of wrapped cells, on a terminal and elsewhere; without one to ask, rich would cut it at 80."""
        for row in rows:
            grid.add_row(*(Text(cell) for cell in row))
        console = Console(highlight=False, width=None if self.terminal else self.width)
        with console.capture() as told:
            console.print(grid)
        for line in told.get().splitlines():
            click.echo(line.rstrip())

    def _table(self, rows: Sequence[Sequence[str]], titles: Sequence[str], right: Iterable[int]) -> None:
        grid = Grid(box=None, show_header=bool(titles), padding=(0, 1), pad_edge=True)
        for i, title in enumerate(titles or [""] * len(rows[0] if rows else [])):
            grid.add_column(title, justify="right" if i in right else "left", overflow="fold")
        for row in rows:
            grid.add_row(*(Text(cell) for cell in row))
        self.console.print(grid)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="escrowkit")
def run() -> None:
    """Milestone, escrow, dispute, mediation and arbitration as explicit state machines.

    Play a story, foresee what comes of it, draw the machines, read the rules, check a file, prove a rulebook.
    """


# -- play ------------------------------------------------------------------------------------------------------------


@run.command("play")
@click.argument("names", nargs=-1, metavar="[STORY]…")
@click.option("--check", is_flag=True, help="Only compare with what the stories expect; exit 1 on a difference.")
@click.option("--until", metavar="TIME", help='Play until a time: "20 days" since the start, or an instant.')
@click.option("--list", "listing", is_flag=True, help="List the shipped stories.")
@_engine
@_json
def play_(names: tuple[str, ...], check: bool, until: str | None, listing: bool, engine: str, as_json: bool) -> None:
    """Play stories: a shipped one by name, one's own by path; without an argument, a shipped one.

    With --check and no argument: all shipped stories.
    """
    if listing:
        _list_stories(as_json)
        return
    chosen = names or (shipped() if check else (FIRST,))
    played = [_play(name, until, engine) for name in chosen]
    failed = [one for one in played if one.failures]
    if as_json:
        click.echo(
            json.dumps(
                [{"story": p.story.file, **report(p, _until(p.story, until)).data()} for p in played],
                indent=2,
                ensure_ascii=False,
            )
        )
    elif check:
        _tell_checked(played, engine)
    else:
        for one in played:
            _tell(report(one, _until(one.story, until)))
    if failed:
        raise SystemExit(1)


def _play(name: str, until: str | None, engine: str) -> Played:
    try:
        story = read(name)
    except StoryError as error:
        _stop("\n".join(map(str, (error, *error.others))))
    return play(story, engine=engine, until=_until(story, until))


def _until(story: stories.Story, text: str | None) -> datetime | None:
    """A time since the start, or an instant."""
    if text is None:
        return None
    at = stories.since(story.start, text, story.rulebook.calendar)
    if at is not None:
        return at
    try:
        return instant(datetime.fromisoformat(text))
    except (ValueError, EscrowError):
        _stop(f'{text!r} is no time: write "20 days" (since the start), or an instant such as 2026-03-22T09:00:00Z.')


def _stop(words: str) -> NoReturn:
    click.echo(words, err=True)
    raise SystemExit(2)


def _list_stories(as_json: bool) -> None:
    found = [read(name) for name in shipped()]
    if as_json:
        click.echo(json.dumps([{"name": n, "title": s.title} for n, s in zip(shipped(), found, strict=True)], indent=2))
    else:
        Page().grid(
            [(name, story.title) for name, story in zip(shipped(), found, strict=True)], ("story", "what happens")
        )


def _tell_checked(played: Sequence[Played], engine: str) -> None:
    page = Page()
    for one in played:
        if one.failures:
            page.line(f"{one.story.file}: not as expected", "red")
            for failure in one.failures:
                page.line(failure, indent=2, hang=2)
        else:
            page.line(f"{one.story.file}: as expected", "green")
    failed = sum(bool(one.failures) for one in played)
    page.line(f"{len(played) - failed} of {len(played)} stories as expected, by the {engine} engine", "bold")


def _tell(page_: Report) -> None:
    page = Page()
    page.line(page_.title, "bold")
    if page_.about:
        page.line(page_.about, indent=2)
    page.line()
    for key, value in page_.heading:
        page.line(f"{key + ':':<8} {value}", "dim", indent=2, hang=9)
    for moment in page_.moments:
        _tell_moment(page, moment)
    _tell_end(page, page_)


def _tell_moment(page: Page, moment: Moment) -> None:
    who = f"{moment.who}: " if moment.who else ""
    page.line()
    page.line(f"{moment.day}   {moment.at:%a %Y-%m-%d %H:%M}   {who}{moment.did}", "bold cyan")
    for said in moment.said:
        page.line(said, indent=4)
    if moment.refused:
        page.line(f"Refused {moment.refused} Nothing changed.", "red", indent=4, hang=2)
    for moved in moment.moved:
        page.line(moved, "green", indent=8)
    for rule in moment.rules:
        page.line(f"rule: {rule}", "dim", indent=4, hang=6)
    for warning in moment.warnings:
        page.line(f"warning: {warning}: {WARNINGS[warning]}", "yellow", indent=4, hang=2)
    if moment.note:
        page.line(f"note: {moment.note}", "dim", indent=4, hang=6)
    if moment.following:
        page.line(f"next: {moment.following}", "yellow", indent=4, hang=6)


def _tell_end(page: Page, page_: Report) -> None:
    if page_.states:
        page.head(f"How it stands on {page_.day}")
        page.grid(page_.states)
        page.head("What each side paid in or got out" + (" so far" if page_.inside else ""))
        page.grid(page_.nets, right=(1,))
    if page_.inside:
        page.head("What is still inside")
        page.grid(page_.inside, right=(1,))
    for title, lines in (
        ("What is owed", page_.owed),
        ("Why the money went where it went", page_.why),
        ("Who must act by when, and what happens if nobody does", page_.coming),
        ("Who gets the money if nobody ever acts again", page_.forecast),
        ("Not as the story expects", page_.failures),
    ):
        if lines:
            page.head(title)
            for one in lines:
                page.line(one, "red" if lines is page_.failures else "", indent=2, hang=2)
    if page_.stopped:
        page.line()
        page.line(page_.stopped, "bold")
    if page_.states and not page_.coming and not page_.inside and not page_.stopped:
        page.line()
        page.line("It is over: nothing is inside, and no deadline runs.", "bold")


# -- foresee ---------------------------------------------------------------------------------------------------------


@run.command("foresee")
@click.argument("name", metavar="[STORY]", default=FIRST)
@click.option("--at", "at", metavar="TIME", help='Look from a time: "20 days" since the start, or an instant.')
@click.option("--by", metavar="ROLE", help="For whom: payer, payee, mediator, arbitrator, platform, …")
@click.option(
    "--win", metavar="CHANCE", default="50%", show_default=True, help="How likely you win a ruling: 60%, 2/3."
)
@click.option(
    "--other-pays", metavar="CHANCE", help="How likely the other side pays its fee; else what is best for it."
)
@_engine
@_json
def foresee_(
    name: str, at: str | None, by: str | None, win: str, other_pays: str | None, engine: str, as_json: bool
) -> None:
    """What one party should know: where things stand, who must act by when, what it can do, what it is worth.

    STORY is a shipped story or a file of one's own. Without --at, the page is that of the last moment of the story at
    which a party still had something to do in time while money was inside (else its end); without --by, that of the
    party that must act next.
    """
    played = _play(name, at, engine)
    if played.agreement is None:
        _stop(f"{played.story.file}: the opening was refused: {played.refused}")
    until = _until(played.story, at)
    found = (played.agreement, max(until, played.agreement.at)) if until else default_turn(played)
    now, when_ = found if found else (played.agreement, played.agreement.at)
    try:
        page = outlook(played, now, by or default_role(now), when_, win=win, other_pays=other_pays)
    except EscrowError as error:
        _stop(str(getattr(error, "words", error)))
    if as_json:
        click.echo(json.dumps({"story": played.story.file, **page.data()}, indent=2, ensure_ascii=False))
    else:
        _tell_outlook(page)


def _tell_outlook(found: Outlook) -> None:
    page = Page()
    page.line(found.title, "bold")
    page.line()
    for key, value in found.heading:
        page.line(f"{key + ':':<8} {value}", "dim", indent=2, hang=9)
    page.head("Where things stand")
    page.grid(found.states)
    for title, rows in (("What is still inside", found.inside), ("What is protected", found.exposure)):
        if rows:
            page.head(title)
            page.grid(rows, right=(1,))
    _tell_lines(page, "Who must act by when, and what happens if not", found.coming, "No deadline runs.")
    _tell_lines(page, "If nobody ever acts again", found.forecast, "")
    if found.finally_:
        page.line("What each side then paid in or got out:", indent=2)
        page.grid(found.finally_, right=(1,))
    _tell_can(page, found.can)
    page.head("What you cannot do now, and why")
    for names, why in found.cannot:
        page.line(f"{names}: {why}", indent=2, hang=4)
    for worth in found.worth:
        _tell_worth(page, worth)
    _tell_lines(page, "Why the money went where it went", found.why, "")


def _tell_lines(page: Page, title: str, lines: Sequence[str], otherwise: str) -> None:
    if lines or otherwise:
        page.head(title)
        for one in lines or (otherwise,):
            page.line(one, indent=2, hang=2)


def _tell_can(page: Page, can: Sequence[Can]) -> None:
    page.head("What you can do now")
    if not can:
        page.line("Nothing.", indent=2)
    for one in can:
        where = f" ({one.milestone})" if one.milestone else ""
        page.line(f"{one.command}{where}: {one.meaning}", "bold", indent=2, hang=2)
        for label, texts in (
            ("it needs", one.needs),
            ("possible", (one.until,) if one.until else ()),
            ("at once", one.then),
            ("after it", (one.worth,) if one.worth else ()),
        ):
            if texts:
                page.line(f"{label}: {'; '.join(texts)}.", indent=4, hang=2)
        for warning in one.warnings:
            page.line(f"warning: {warning}", "yellow", indent=4, hang=2)


def _tell_worth(page: Page, worth: Worth) -> None:
    page.head(worth.heading)
    page.line("Each amount is what changes from now on: money in escrow is nobody's yet.", "dim", indent=2)
    page.grid(worth.ways, ("if", "you", "other side", "decided by"), right=(1, 2))
    for line in worth.advice:
        page.line(line, indent=2, hang=2)
    for warning in worth.warnings:
        page.line(f"warning: {warning}", "yellow", indent=2, hang=2)
    page.line("Move by move (> is what is best for who decides):", indent=2)
    for line in worth.tree.splitlines():
        page.console.print(Text(f"    {line}"))


# -- draw ------------------------------------------------------------------------------------------------------------


@run.command("draw")
@click.argument("machine", required=False, type=click.Choice((*MACHINES, "overview")), metavar="[MACHINE]")
@click.option("--rulebook", "-r", metavar="R", help="Fill its periods in and leave out what it does not allow.")
@click.option("--format", "-f", "format_", type=click.Choice(drawing.FORMATS), default="mermaid", show_default=True)
@click.option("--highlight", metavar="STORY", help="Show the path that a story takes, and the state at its end.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, writable=True), help="Write to a file.")
@_json
def draw_(
    machine: str | None, rulebook: str | None, format_: str, highlight: str | None, output: str | None, as_json: bool
) -> None:
    """Draw one of the machines, or without an argument all of them on one overview: how they act on one another.

    MACHINE is milestone, escrow, dispute, mediation, arbitration, obligation, feedback or conduct.
    """
    book = load(rulebook) if rulebook else None
    if machine is None or machine == "overview":
        text = drawing.overview(rulebook=book, format=format_)
    else:
        path, now = _path(_play(highlight, None, "compiled"), machine) if highlight else ([], None)
        text = drawing.draw(MACHINES[machine], rulebook=book, format=format_, path=path, now=now)
    if as_json:
        text = json.dumps({"machine": machine or "overview", "format": format_, "drawing": text}, ensure_ascii=False)
    if output:
        Path(output).write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
    else:
        click.echo(text)


def _path(played: Played, machine: str) -> tuple[list[drawing.Step], str | None]:
    """The moves of the latest machine of that name in the story's first milestone that has one, and its state."""
    last = played.agreement
    events = [event for event in last.events() if event.machine == machine] if last else []
    if last is None or not events:
        return [], None
    first = events[0].milestone
    taken: list[drawing.Step] = []
    for event in events:
        if event.milestone == first:
            taken = [] if event.before is None else taken
            taken.append((event.before, event.word, event.after))
    return taken, last.state(f"{machine}.{first}")


# -- rules -----------------------------------------------------------------------------------------------------------


@run.command("rules")
@click.argument("names", nargs=-1, metavar="[RULEBOOK]…")
@click.option("--compare", is_flag=True, help="Show rulebooks side by side (without a name, all shipped ones).")
@click.option("--differing", is_flag=True, help="With --compare: only what differs.")
@click.option(
    "--format", "-f", "format_", type=click.Choice(("text", "markdown")), help="With --compare: how it is shown."
)
@_json
def rules_(names: tuple[str, ...], compare: bool, differing: bool, format_: str | None, as_json: bool) -> None:
    """List the rulebooks, show one (every period, default, fee and source), or compare several, question by question.

    With --compare, a name without its version is the newest one.
    """
    if compare:
        _compare_rules(names, differing, format_, as_json)
        return
    if differing or format_ or len(names) > 1:
        raise click.UsageError("Several rulebooks, --differing and --format go with --compare.")
    rulebook = names[0] if names else None
    if rulebook is None:
        books = [load(name) for name in available()]
        if as_json:
            click.echo(json.dumps([{"name": b.name, "title": b.title} for b in books], indent=2, ensure_ascii=False))
        else:
            Page().grid([(b.name, b.title) for b in books], ("rulebook", "title"))
        return
    book = load(rulebook)
    if as_json:
        rows = [
            dict(zip(("key", "value", "meaning", "source"), row, strict=True)) | _noted(mark_of(book.sure, row[0]))
            for row in book.rows()
        ]
        data = {
            "name": book.name,
            "title": book.title,
            "digest": book.digest,
            "sources": dict(book.sources),
            "rules": rows,
            "left_out": [{"key": key, **mark} for key, mark in left_out(book.sure, book.data)],
        }
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        _tell_rules(book)


def _noted(mark: Mapping[str, str]) -> dict[str, str]:
    return {"note": mark["note"]} if "note" in mark else {}


def _tell_rules(book: Rulebook) -> None:
    page = Page()
    page.line(f"{book.name}: {book.title}", "bold")
    if book.applies_from:
        page.line(f"Applies to agreements opened from {book.applies_from:%Y-%m-%d}.", indent=2)
    page.line(f"Digest {book.digest[:16]}…", "dim", indent=2)
    ends = (
        f"Without an end by the clock: {', '.join(book.open_ended)}."
        if book.open_ended
        else "It names no state with money in it that the clock does not end."
    )
    page.line(ends, indent=2)
    rows = list(book.rows())
    wide = max(len(key.partition(".")[2]) for key, *_ in rows)
    for part in dict.fromkeys(key.split(".")[0] for key, *_ in rows):
        page.head(part)
        own = [row for row in rows if row[0].startswith(part + ".")]
        for key, value, meaning, source in own:
            page.line(f"{key.removeprefix(part + '.'):<{wide}} {value}", indent=2, hang=wide + 1)
            page.line(f"{meaning}" + (f"  [{source}]" if source else ""), "dim", indent=wide + 3)
            for note in _noted(mark_of(book.sure, key)).values():
                page.line(note, "dim", indent=wide + 3)
    absent = list(left_out(book.sure, book.data))
    if absent:
        page.head("left out")
        for key, mark in absent:
            page.line(f"{key}: {mark['note']}", indent=2, hang=2)
    page.head("sources")
    for name, text in book.sources.items():
        page.line(f"{name}: {text}", indent=2, hang=2)


def _compare_rules(names: Sequence[str], differing: bool, format_: str | None, as_json: bool) -> None:
    it = comparison.compare(map(comparison.pick, names or available()))
    it = it.differing if differing else it
    if as_json:
        click.echo(json.dumps(it.data(), indent=2, ensure_ascii=False))
    elif format_ == "markdown":
        click.echo(it.markdown(), nl=False)
    else:
        _tell_comparison(it)


def _tell_comparison(it: comparison.Comparison) -> None:
    page = Page()
    for step in it.steps:
        page.head(step)
        for part in it.few(MOST):
            page.columns(("", *part.names), [(row.question, *map(str, row.cells)) for row in part.at(step)])
    page.line()
    for sign, words in it.legend:
        page.line(f"{sign}: {words}", "dim", indent=2, hang=2)


# -- check -----------------------------------------------------------------------------------------------------------


@run.command("check")
@click.argument("file")
@click.option("--strict", is_flag=True, help="What only stands out (a warning) is an error too.")
@_json
def check_(file: str, strict: bool, as_json: bool) -> None:
    """Check a rulebook or a story of one's own: every problem at once, each with its place and a mend.

    Of a rulebook that is well, it also warns of what stands out: one-sided, costly, endless or unsourced rules. FILE
    may be the name of a shipped rulebook.
    """
    kind, problems, warnings = _checked(file)
    if as_json:
        found = {"problems": problems, "warnings": [one.data() for one in warnings]}
        click.echo(json.dumps({"file": file, "kind": kind, **found}, indent=2, ensure_ascii=False))
    else:
        _tell_check(file, kind, problems, warnings)
    if problems or (strict and warnings):
        raise SystemExit(1)


def _tell_check(file: str, kind: str, problems: Sequence[str], warnings: Sequence[Lint]) -> None:
    for problem in problems:
        click.echo(problem)
    for one in warnings:
        click.echo(f"{file}: warning: {one}")
    if problems:
        click.echo(f"{len(problems)} problem(s) in this {kind}")
        return
    plays = " and plays as it expects" if kind == "story" else ""
    stands_out = f"; {len(warnings)} warning(s)" if warnings else ""
    click.echo(f"{file}: this {kind} is well{plays}{stands_out}")


def _checked(file: str) -> tuple[str, list[str], tuple[Lint, ...]]:
    """What a file is, all that is wrong with it, and what stands out."""
    if file in available() and not Path(file).exists():
        return "rulebook", [], lint(load(file))
    try:
        data = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise click.UsageError(in_turn(f"{file!r}: {error.strerror}", did_you_mean(file, available()))) from error
    except (ValueError, RecursionError) as error:
        return "file", [f"{file}: not TOML: {error}"], ()
    if "version" in data or ("id" in data and "step" not in data):
        return ("rulebook", *_checked_rulebook(file))
    return "story", _problems_of_story(file), ()


def _problems_of_story(file: str) -> list[str]:
    try:
        return list(play(read(file)).failures)
    except StoryError as error:
        return [str(one) for one in (error, *error.others)]
    except EscrowError as error:
        return [f"{file}: {error}"]


def _checked_rulebook(file: str) -> tuple[list[str], tuple[Lint, ...]]:
    try:
        return [], lint(load(Path(file)))
    except DefinitionError as error:
        return [f"{file}: {problem}" for problem in error.problems], ()


# -- compare ---------------------------------------------------------------------------------------------------------


@run.command("compare")
@click.argument("story", metavar="STORY")
@click.argument("names", nargs=-1, metavar="[--rulebooks RULEBOOK…]")
@click.option("--rulebooks", is_flag=True, help="Says that rulebooks follow; it may be left out.")
@click.option("--keep-rules", is_flag=True, help="Keep the story's overrides of single rules.")
@click.option("--keep-dates", is_flag=True, help="Open nothing under a rulebook that did not apply yet.")
@_engine
@_json
def compare_(
    story: str,
    names: tuple[str, ...],
    rulebooks: bool,
    keep_rules: bool,
    keep_dates: bool,
    engine: str,
    as_json: bool,
) -> None:
    """Play a story's steps under other rulebooks: who gets what, when and why, and which step would be refused.

    Without names, under the newest version of each shipped one; a name without its version is the newest one. Every
    column is played to where time alone changes nothing any more. What the story expects is not asked.
    """
    try:
        read_ = read(story)
    except StoryError as error:
        _stop("\n".join(map(str, (error, *error.others))))
    books = [comparison.pick(name) for name in names] or comparison.newest()
    it = comparison.under(read_, books, keep_rules=keep_rules, keep_dates=keep_dates, engine=engine)
    if as_json:
        click.echo(json.dumps(it.data(), indent=2, ensure_ascii=False))
    else:
        _tell_story_comparison(it)


def _tell_story_comparison(it: comparison.StoryComparison) -> None:
    page = Page()
    page.line(it.title, "bold")
    page.line(
        f"Told under {it.columns[0].rulebook}; played under others, and then on until time alone changes nothing.",
        indent=2,
    )
    if it.dropped:
        page.line(f"Dropped elsewhere, because only its own rulebook has them: {', '.join(it.dropped)}.", indent=2)
    if len(it.currencies) == 1:
        page.line(f"Amounts in {it.currencies[0]}.", indent=2)
    page.line()
    head, *rows = it.table()
    page.lines_of(head, rows, right=range(1, len(it.names) + 2))
    for column in it.columns:
        page.head(column.name if column.name == column.rulebook else f"{column.name} ({column.rulebook})")
        for one in column.told(it.start):
            page.line(one, indent=2, hang=2)


# -- prove -----------------------------------------------------------------------------------------------------------


@run.command("prove")
@click.argument("rulebooks", nargs=-1, metavar="[RULEBOOK]…")
@click.option("--milestones", default=1, show_default=True, type=click.IntRange(1, 3), help="How many milestones.")
@click.option("--amount", default=3, show_default=True, type=click.IntRange(1, 100), help="Minor units of each.")
@click.option(
    "--unusual",
    default=proof.Size().unusual,
    show_default=True,
    type=click.IntRange(0, 20),
    help="Unusual moves a life.",
)
@click.option("--states", type=click.IntRange(1), help="Stop after so many states.")
@click.option("--depth", type=click.IntRange(0), help="Follow lives of at most so many moves.")
@click.option("--exact", is_flag=True, help="Tell states apart by how long each clock still runs, not by their order.")
@click.option("--rail", type=click.Choice(("instant", "slow")), default="instant", help="How money travels.")
@click.option("--save", type=click.Path(file_okay=False, path_type=Path), help="Save each counterexample here.")
@click.option("--rows", is_flag=True, help="List every row of the tables that was not reached.")
@_json
def prove_(
    rulebooks: tuple[str, ...], milestones: int, amount: int, unusual: int, states: int | None, depth: int | None,
    exact: bool, rail: str, save: Path | None, rows: bool, as_json: bool,
) -> None:  # fmt: skip
    """Walk every state of a small agreement under rulebooks (without an argument, all shipped ones); check every law.

    Money that no deadline ever frees, or any other broken law, is shown as a story that `play` runs; exit 1.
    """
    size = proof.Size(
        milestones=milestones, price=amount, unusual=unusual, states=states, depth=depth, exact=exact, rail=rail
    )
    names = rulebooks or available()
    for name in names:
        load(name)  # whatever is wrong with one is told before the others are walked
    proofs = _proved(names, size, quiet=as_json)
    if as_json:
        data = {"proofs": [one.data() for one in proofs], "unreached": list(proof.unreached(proofs))}
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        _tell_proofs(proofs, rows)
    _save(proofs, save)
    if not all(one.holds for one in proofs):
        raise SystemExit(1)


def _proved(names: Sequence[str], size: proof.Size, *, quiet: bool) -> list[proof.Proof]:
    """The proofs; how far they are is told on a terminal alone."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        return proof.prove_all(names, size) if len(names) > 1 else [proof.prove(names[0], size)]
    with console.status(f"Walking {', '.join(names)}") as status:
        if len(names) > 1:
            return proof.prove_all(names, size, lambda one: status.update(f"{one.rulebook}: {one.states:,} states"))

        def tell(states: int, moves: int) -> None:
            if not states % 100:
                status.update(f"{names[0]}: {states:,} states, {moves:,} moves")

        return [proof.prove(names[0], size, tell=tell)]


def _tell_proofs(proofs: Sequence[proof.Proof], rows: bool) -> None:
    page = Page()
    for one in proofs:
        bounds = "every state within the bounds" if one.whole else "a part of the states: a limit came first"
        page.head(f"{one.rulebook}: {'every law holds' if one.holds else 'a law is broken'}, in {bounds}")
        page.line(f"{one.states:,} states, {one.moves:,} moves tried, {one.accepted:,} of them accepted", indent=2)
        page.line(f"{one.seconds:.1f} seconds, {one.rate:,} moves a second, {len(proof.LAWS)} laws", indent=2)
        page.line(f"The clock alone ends everything after at most {proof.in_days(one.longest)}.", indent=2)
        for end in one.stranded:
            said = f'listed in open_ended: "{end.listed}"' if end.listed else "not listed in open_ended"
            page.line(
                f"Money stays, if nobody acts, in {', '.join(end.states)}: {end.count:,} states; {said}",
                indent=2,
                hang=2,
            )
        for wrong in one.broken:
            page.head(f"{wrong.law}: {wrong.words}")
            click.echo(wrong.story)
    lacking = proof.unreached(proofs)
    page.head(
        f"{len(lacking)} rows of the tables were reached in none of them" + (":" if rows else " (--rows lists them)")
    )
    for line in lacking if rows else ():
        page.line(line, indent=2, hang=2)
    if len(proofs) > 1:
        click.echo(f"\n{_in_all(proofs)}")


def _in_all(proofs: Sequence[proof.Proof]) -> str:
    """What was walked under all of them, in one line."""
    broken = [one.rulebook for one in proofs if not one.holds]
    said = f"a law is broken under {', '.join(broken)}" if broken else f"each of the {len(proof.LAWS)} laws holds"
    states, moves = (sum(getattr(one, name) for one in proofs) for name in ("states", "moves"))
    rate = round(moves / (sum(one.busy for one in proofs) or 1))
    return f"{len(proofs)} rulebooks, {states:,} states, {moves:,} moves ({rate:,} a second of one core): {said}"


def _save(proofs: Sequence[proof.Proof], folder: Path | None) -> None:
    """Each counterexample as a file, beside a name that says whose and which."""
    if folder is None:
        return
    for one in proofs:
        for number, wrong in enumerate(one.broken, 1):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{Path(one.rulebook).stem}-{number}.toml"
            path.write_text(wrong.story, encoding="utf-8")
            click.echo(f"saved: {path}", err=True)
