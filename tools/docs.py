"""Write the pages that are made from the tables, or compare them with `--check`.

Of a picture (`.svg`) the words are compared: where they stand depends on the version of Graphviz.
"""

from __future__ import annotations

import argparse
import re
import sys
import xml.etree.ElementTree as Xml
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import docs_api
import docs_cli
import docs_mutants
import docs_planted

from escrowkit import comparison, drawing
from escrowkit.books import BOOKS
from escrowkit.clocks import CLOCKS
from escrowkit.errors import REFUSALS
from escrowkit.ledger import CONDITIONS, Kind
from escrowkit.lint import LINTS, lint
from escrowkit.pot import MACHINES
from escrowkit.reactions import REACTIONS
from escrowkit.rulebook import Rulebook, available, load
from escrowkit.rulecheck import left_out, mark_of
from escrowkit.schema import SCHEMA
from escrowkit.story import read, shipped
from escrowkit.wording import RULE_OF

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"


def table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    head = f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}\n"
    return head + "".join(f"| {' | '.join(map(docs_api.cell, row))} |\n" for row in rows)


def clocks() -> str:
    """Every clock."""
    rows = [
        (
            f"`{c.machine}.{c.name}`",
            c.words,
            ", ".join(c.states),
            f"`{c.period}`" if c.period else "—",
            ", ".join(c.pauses) or "nothing",
            f"`{c.answer}`" if c.answer else "—",
        )
        for c in CLOCKS
    ]
    titles = ("clock", "what it is", "runs in", "period", "paused by", "who gets it then")
    return (
        "# When silence decides\n\nAt its due instant a deadline has passed; of equals, the earlier line is first.\n\n"
        + table(titles, rows)
    )


def books() -> str:
    """Every event that moves money."""
    rows = [(f"`{b.event.machine}.{b.event.word}`", b.words, _cited(b.cites)) for b in BOOKS]
    return (
        "# What moves money\n\nAn event that is not here moves nothing. Whatever leaves an escrow cites one "
        "[release condition](outcomes.md).\n\n" + table(("event", "what it moves", "release condition"), rows)
    )


#: What the kinds of outcomes are, in words.
KINDS = {
    Kind.AGREEMENT: "The parties agreed: by a signature, a release, a concession, a settlement, or an own release condition.",
    Kind.PROCEDURE: "Nobody judged: somebody stayed silent, a fee was not paid, or a longest time was over, and the rulebook "
    "says who gets it then.",
    Kind.MERITS: "A neutral with the power to do so decided who was right.",
    Kind.OVERRIDE: "Somebody from outside took the money, whatever the parties and the neutrals said: the platform for fraud "
    "or illegality, a court, the payer's bank.",
}


def outcomes() -> str:
    """Every reason why money leaves an escrow, by its kind."""
    parts = [
        "# Outcomes\n\nWhatever leaves an escrow cites exactly one of these release conditions, and each is of one of four kinds. "
        "The list is closed. The code stands in the entry (`condition`, `kind`), and `escrowkit.foresight.outcome` tells the latest "
        "of a milestone.\n"
    ]
    for kind in Kind:
        rows = [
            (f"`{code}`", told, f"`{RULE_OF[code]}`" if code in RULE_OF else "—")
            for code, (of, told) in CONDITIONS.items()
            if of is kind
        ]
        titles = ("code", "because", "the part of the rulebook behind it")
        parts.append(f"## {kind.value.capitalize()}\n\n{KINDS[kind]}\n\n{table(titles, rows)}")
    return "\n".join(parts)


def _cited(code: str | None) -> str:
    return "—" if code is None else "as the event says" if code == "event" else f"`{code}`"


def reactions() -> str:
    """Every reaction."""
    rows = [
        (
            ", ".join(f"`{e.machine}.{e.word}`" for e in r.on),
            ", ".join(f"`{c.machine}.{c.word}`" for c in r.then),
            r.words,
        )
        for r in REACTIONS
    ]
    titles = ("when this happened", "the rules may say", "because")
    return "# What follows from what\n\nFirst in, first out, within one decision.\n\n" + table(titles, rows)


def refusals() -> str:
    """Every refusal, in order."""
    rows = [(f"`{r.code}`", f"`{r.__name__}`", (r.__doc__ or "").strip()) for r in REFUSALS]
    checks = {
        f"{check.refusal.code}.{check.__name__}": check.words
        for made in MACHINES.values()
        for check in (*made.always, *(check for row in made.rows for check in row.when))
    }
    keys = [(f"`{key}`", checks[key]) for r in REFUSALS for key in sorted(checks) if key.startswith(f"{r.code}.")]
    return (
        "# Refusals\n\nOf several that apply, the first of this list is told. How to read one: "
        "[the guide](../how-to/refusals.md).\n\n"
        + table(("code", "exception", "meaning"), rows)
        + "\n## Keys of the conditions\n\nA refusal by a condition of a table has the code and the name of the condition as its key; the words "
        "may change, the key stays. Other refusals have their code as key, some with the name of the argument behind it "
        "(`bad-argument.milestone`).\n\n" + table(("key", "the condition in words"), keys)
    )


def schema() -> str:
    """Every value that a rulebook may have, part by part."""
    parts = [
        "# What a rulebook may say",
        'A rulebook is a TOML file. What it leaves out, the platform does not have, or the value in the last column holds. `"unknown"` is '
        "allowed everywhere: the sources do not settle it. How to write one: [the tutorial](../tutorial/own-rulebook.md), "
        "[the guide](../how-to/own-rulebook.md).",
        "At the top stand `id`, `version` and `title`, and if there is more to say `applies_from` (a date before which nothing can be opened under it), "
        "`open_ended` (states in which money may rest for ever), `[sources]` and `[sure]`.",
    ]
    for part in dict.fromkeys(key.path.split(".")[0] for key in SCHEMA):
        rows = [
            (f"`{k.path}`", k.words, k.kind.allowed, "—" if k.default in (None, ()) else k.kind.show(k.default))
            for k in SCHEMA
            if k.path.startswith(f"{part}.")
        ]
        parts.append(f"## {part}\n\n{table(('key', 'what it means', 'allowed', 'if left out'), rows).rstrip()}")
    return "\n\n".join(parts)


#: What the marks of a value mean.
SURE = (
    "`seen`: in a stored copy of the platform's own text. `second-hand`: quoted or stated by somebody else. "
    "`recalled`: from memory, without a document. `own`: an inference or a choice of ours."
)


def rulebook(book: Rulebook) -> str:
    """One rulebook: every value with its source and how sure it is, and what was left out."""
    rows = []
    for key, value, words, _ in book.rows():
        mark = mark_of(book.sure, key)
        note = f" *{mark['note']}*" if mark.get("note") else ""
        said = f"{words}.{note}" if note else words
        rows.append((f"`{key}`", value, said, mark.get("source", ""), mark.get("sure", "")))
    parts = [
        f"# {book.name}\n\n{book.title}.\n\n{_applies(book)}\n",
        f"{table(('key', 'value', 'what it means', 'source', 'how sure'), rows)}\n{SURE}\n",
        _stands_out(book),
    ]
    absent = [(f"`{key}`", mark["note"], mark["source"]) for key, mark in left_out(book.sure, book.data)]
    if absent:
        parts.append(f"## Left out\n\n{table(('key', 'why', 'source'), absent)}")
    return "\n".join((*parts, "## Sources\n\n" + "".join(f"- **{n}**: {text}\n" for n, text in book.sources.items())))


def _stands_out(book: Rulebook) -> str:
    """What its lints say."""
    head = "## What stands out\n\nWhat [the lints](../lints.md) say (`escrowkit check NAME`). "
    rows = [(f"`{one.place}`", one.words, f"`{one.key}`") for one in lint(book)]
    if not rows:
        return f"{head}Nothing.\n"
    return f"{head}A published rule may say just this.\n\n{table(('place', 'what', 'lint'), rows)}"


def lints() -> str:
    """Every lint, and which shipped rulebooks it finds something in."""
    found = {name: {one.key for one in lint(load(name))} for name in available()}
    rows = [
        (f"`{key}`", words, ", ".join(f"[{n}](rulebooks/{n}.md)" for n, keys in found.items() if key in keys) or "—")
        for key, words in LINTS.items()
    ]
    return (
        "# What stands out in a rulebook\n\n`escrowkit check FILE` warns of these, beside the errors without which a rulebook cannot "
        "be used; `--strict` makes errors of them, `--json` prints each with its `key`, `place`, `words` and `mend`. In Python: "
        "`escrowkit.lint.lint(rulebook)`. A warning says nothing of right and wrong: what it names is what a reader of the rules should know. "
        "How to mend each: [the guide](../how-to/own-rulebook.md#warnings).\n\n"
        + table(("key", "what it is about", "shipped rulebooks in which it is so"), rows)
    )


def _applies(book: Rulebook) -> str:
    """From when, and where the clock has no answer."""
    since = f"Applies to agreements opened from {book.applies_from:%Y-%m-%d}. " if book.applies_from else ""
    if not book.open_ended:
        return f"{since}It names no state with money in it that the clock does not end."
    return f"{since}Without an end by the clock:\n\n" + "\n".join(f"- {state}" for state in book.open_ended)


def rulebooks() -> str:
    """Every shipped rulebook."""
    rows = [(f"[{book.name}]({book.name}.md)", book.title, _since(book)) for book in map(load, available())]
    return (
        "# Shipped rulebooks\n\n`escrowkit rules NAME` shows one. How to write your own: [the guide](../../how-to/own-rulebook.md).\n\n"
        + table(("name", "title", "applies from"), rows)
    )


def _since(book: Rulebook) -> str:
    return f"{book.applies_from:%Y-%m-%d}" if book.applies_from else "—"


def side_by_side() -> str:
    """All shipped rulebooks, question by question."""
    it = comparison.compare(map(load, available()))
    return (
        "# Rulebooks side by side\n\nWho loses by silence at each step, every period, every fee, who may do what: one line a question. "
        "`escrowkit rules --compare NAME…` shows some of them, or your own ([the guide](../how-to/compare.md)). The values with their "
        "sources: [the shipped rulebooks](rulebooks/README.md).\n\n"
        + it.markdown(lambda name: f"[{name}](rulebooks/{name}.md)")
    )


def stories() -> str:
    """Every shipped story, with its file."""
    rows = [
        (f"[{name}](../../src/escrowkit/stories/{name}.toml)", s.rulebook.name, s.title, s.about or "")
        for name in shipped()
        for s in (read(name),)
    ]
    return (
        "# Shipped stories\n\nEach is a life of an agreement as a file. `escrowkit play NAME` plays one; how to write one: "
        "[the guide](../how-to/stories.md).\n\n" + table(("file", "under", "title", "what it shows"), rows)
    )


def machine(page: str, name: str, title: str) -> str:
    """A page of a machine, with its picture where the Mermaid stands: a picture needs nothing to be drawn with."""
    cells = "" if name == "overview" else f" Its cells, state by state: [{name}.txt](../cells/{name}.txt)."
    text = "escrowkit draw" if name == "overview" else f"escrowkit draw {name}"
    shown = f"![{title}]({name}.svg)\n\nThe drawing [as a file]({name}.svg), and as text: `{text}`.{cells}"
    return re.sub(r"```mermaid\n.*?\n```", lambda _: shown, page, count=1, flags=re.DOTALL)


#: Machines of which standard@1 makes no use: they are drawn without a rulebook.
NOT_IN_STANDARD = ("feedback",)


def pages() -> Iterator[tuple[Path, str]]:
    """Every page that is compared."""
    for name, made in MACHINES.items():
        under = "" if name in NOT_IN_STANDARD else " under standard@1"
        title = f"The {name}{under}: its states, who may make each move, and after how long silence decides"
        yield REFERENCE / "machines" / f"{name}.md", machine(drawing.draw(made, format="markdown"), name, title)
    title = "How the machines act on one another: one box each, numbered arrows from an event to a move"
    yield REFERENCE / "machines" / "overview.md", machine(drawing.overview(format="markdown"), "overview", title)
    for name in available():
        yield REFERENCE / "rulebooks" / f"{name}.md", rulebook(load(name))
    yield REFERENCE / "rulebooks" / "README.md", rulebooks()
    for name, make in (
        ("books", books),
        ("clocks", clocks),
        ("lints", lints),
        ("outcomes", outcomes),
        ("reactions", reactions),
        ("refusals", refusals),
        ("rulebook-schema", schema),
        ("stories", stories),
        ("comparison", side_by_side),
        ("cli", docs_cli.page),
        ("canaries", docs_planted.page),
        ("mutants", docs_mutants.page),
    ):
        yield REFERENCE / f"{name}.md", make()
    for place, text in docs_api.pages():
        yield REFERENCE / place, text


def pictures() -> Iterator[tuple[Path, str]]:
    """Every picture."""
    book = load("standard@1")
    for name, made in MACHINES.items():
        under = None if name in NOT_IN_STANDARD else book
        yield REFERENCE / "machines" / f"{name}.svg", drawing.draw(made, rulebook=under, format="svg")
    yield REFERENCE / "machines" / "overview.svg", drawing.overview(format="svg")


def left_over(made: Collection[Path]) -> list[Path]:
    """Pages of folders that are made whole, which nothing makes any more."""
    folders = [REFERENCE / folder for folder in ("api", "rulebooks")]
    return [path for folder in folders for path in folder.glob("*.md") if path not in made]


def words(svg: str) -> list[str]:
    """The words of a picture, in no order."""
    return sorted(text.strip() for text in Xml.fromstring(svg).itertext() if text.strip())


def main() -> int:
    """Write or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    made = dict(pages())
    stale = []
    for path in left_over(made):
        if check:
            stale.append(str(path.relative_to(ROOT)))
        else:
            path.unlink()
    for path, text in made.items():
        text = text.rstrip("\n") + "\n"
        if check:
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                stale.append(str(path.relative_to(ROOT)))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path, text in pictures():
        if check:
            if not path.is_file() or words(path.read_text(encoding="utf-8")) != words(text):
                stale.append(str(path.relative_to(ROOT)))
        else:
            path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    for name in stale:
        sys.stdout.write(f"stale: {name} (run `make docs`)\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
