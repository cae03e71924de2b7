"""Whatever a page shows is what happens: every block of every page is run or checked, and none can be overlooked."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field, frozen
from markdown_it import MarkdownIt

import escrowkit
from escrowkit import DefinitionError, StoryError, conditions, story
from escrowkit.__main__ import main
from escrowkit.rulebook import build, load

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted((ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")))
#: Made from docstrings and signatures: `tools/docs.py --check` compares them, `test_doctests.py` runs their examples.
MADE = DOCS / "reference" / "api"
MARKDOWN = MarkdownIt("commonmark")


# -- what a page shows -----------------------------------------------------------------------------------------------


@frozen
class Block:
    """A block of a page: where it begins, its language, its text; `after` stands between the last and it."""

    page: Path
    line: int
    language: str
    text: str
    after: str

    @property
    def name(self) -> str | None:
        """The file that it is, if its first line says so: `# my-rules.toml`."""
        match = re.match(r"# ([\w.@/-]+\.\w+)\n", self.text)
        return match[1] if match else None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Every block of a page, fenced or indented (those have no language)."""
    lines = page.read_text(encoding="utf-8").splitlines()
    found, last = [], 0
    for token in MARKDOWN.parse("\n".join(lines)):
        if token.type in ("fence", "code_block") and token.map:
            between = "\n".join(lines[last : token.map[0]]).strip()
            found.append(Block(page, token.map[0] + 1, token.info, token.content, between))
            last = token.map[1]
    return found


@define
class Reader:
    """Follows a page from its top to its end, in a folder of its own."""

    names: dict[str, object] = field(factory=dict)
    #: What the last block printed, until a page shows it.
    printed: tuple[Block, str] | None = None

    def follow(self, page: Path) -> None:
        """All blocks in their order."""
        for block in blocks(page):
            output = self.printed
            if output and block.language in ("text", "") and block.after in ("", "It prints:"):
                self.printed = None
                assert same(output[1], block.text), f"{output[0]} prints:\n{output[1]}"
                continue
            self.all_shown()
            assert block.language in RUN, f"{block}: nothing runs or checks a block in {block.language!r}"
            RUN[block.language](self, block)
        self.all_shown()

    def all_shown(self) -> None:
        """Nothing was printed that the page does not show."""
        assert self.printed is None, f"{self.printed[0]} prints what is not shown:\n{self.printed[1]}"

    # -- the languages -----------------------------------------------------------------------------------------------

    def python(self, block: Block) -> None:
        """Run it, with the names of those before it."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(block.text, str(block), "exec"), self.names)
        self.printed = (block, out.getvalue()) if out.getvalue() else None

    def console(self, block: Block) -> None:
        """Run what follows each `$` and compare what it prints with what stands below it."""
        for part in re.split(r"^(?=\$ )", block.text, flags=re.MULTILINE):
            call, _, shown = part.partition("\n")
            if part:
                assert call.startswith("$ "), f"{block}: a block of a console begins with a command"
                told = ran(call[2:], block)
                assert told is None or same(told, shown), f"{block}, {call} prints:\n{told}"

    def toml(self, block: Block) -> None:
        """Load a rulebook, play a story, try a part of a rulebook in `standard@1`; a file with a name is kept."""
        if block.name:
            Path(block.name).write_text(block.text, encoding="utf-8")
        wrong = bool(block.name and "wrong" in block.name)
        with pytest.raises((DefinitionError, StoryError)) if wrong else contextlib.nullcontext():
            loaded(tomllib.loads(block.text), block)

    def text(self, block: Block) -> None:
        """A picture or a form: nothing to run."""

    def indented(self, block: Block) -> None:
        """Commands, one a line."""
        for line in block.text.splitlines():
            assert ran(line, block, really=False) is None, block

    def declared(self, block: Block) -> None:
        """Only where a page is made from the code."""
        assert block.page.is_relative_to(MADE), f"{block}: {block.language} stands only on pages made from the code"
        if block.language == "pyi":
            compile(block.text, str(block), "exec")


#: Every language that a page may use, and what becomes of its blocks; a closed list.
RUN: dict[str, Callable[[Reader, Block], None]] = {
    "python": Reader.python,
    "console": Reader.console,
    "toml": Reader.toml,
    "text": Reader.text,
    "": Reader.indented,
    "pyi": Reader.declared,
    "pycon": Reader.declared,
}


def same(printed: str, shown: str) -> bool:
    """Whether that is what was printed; a line `…` stands for any lines."""
    want, got = shown.rstrip("\n").splitlines(), [line.rstrip() for line in printed.rstrip("\n").splitlines()]
    pattern = "".join("(?:.*\n)*?" if line.strip() == "…" else re.escape(line.rstrip()) + "\n" for line in want)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in got)) is not None


# -- commands --------------------------------------------------------------------------------------------------------


def ran(line: str, block: Block, *, really: bool = True) -> str | None:
    """What a command prints; None for those that only install or make, which are checked for what they name."""
    words = shlex.split(line, comments=True)
    if not words:
        return None
    program, *rest = (word.removeprefix(".venv/bin/") for word in words)
    if program == "escrowkit" and really:
        return told(rest)
    if program == "escrowkit":
        return None
    if program == "make":
        made = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in rest if "=" not in word} <= set(made), f"{block}: no such target: {line}"
    elif program in ("pip", "python", "python3", "source", "mkdir", "cd"):
        extras = set(re.findall(r"\w+", ",".join(re.findall(r"\[(.*?)\]", line))))
        known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        assert extras <= set(known), f"{block}: no such extra: {line}"
    else:
        raise AssertionError(f"{block}: nobody knows how to run {line}")
    return None


def told(arguments: list[str]) -> str:
    """What the command line prints, errors included."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        patch.setattr(sys, "argv", ["escrowkit", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        if isinstance(stopped.value.code, str):
            sys.stdout.write(stopped.value.code)
    return out.getvalue()


# -- files -----------------------------------------------------------------------------------------------------------


def loaded(data: dict[str, Any], block: Block) -> None:
    """Read a file, or a part of one, as what it is."""
    if "release_when" in data:
        conditions.parse(data["release_when"])
    elif "rulebook" in data:
        played = story.play(story.parse(block.text, block.name or "story.toml", Path()))
        assert not played.failures, f"{block}: {played.failures}"
    elif "id" in data:
        build(data, str(block))
    else:
        shipped = resources.files("escrowkit").joinpath("rulebooks", "standard@1.toml").read_text(encoding="utf-8")
        build(merged(tomllib.loads(shipped), data), str(block))


def merged(whole: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """A rulebook with a part of it said anew."""
    tables = [key for key in part if isinstance(part[key], dict) and isinstance(whole.get(key), dict)]
    return {**whole, **part, **{key: merged(whole[key], part[key]) for key in tables}}


# -- the promises ----------------------------------------------------------------------------------------------------


def _id(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=_id)
def test_every_block_of_a_page_does_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Reader().follow(page)


def test_a_block_that_nothing_runs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    page = tmp_path / "page.md"
    for wrong in (
        "```ruby\nputs 1\n```\n",
        "```\nprint(1)\n```\n",
        "```{toctree}\nother\n```\n",
        "```pyi\nx: int\n```\n",
    ):
        page.write_text(wrong)
        with pytest.raises(AssertionError):
            Reader().follow(page)


def test_what_is_printed_must_be_shown_and_what_is_shown_must_be_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1)\n```\n\n```text\n1\n```\n")
    Reader().follow(page)
    for wrong in (
        "```python\nprint(1)\n```\n",
        "```python\nprint(1)\n```\n\n```text\n2\n```\n",
        "```console\n$ rm x\n```\n",
    ):
        page.write_text(wrong)
        with pytest.raises(AssertionError):
            Reader().follow(page)


LINK = re.compile(r"\]\(([^)\s]+)\)")


def targets(page: Path) -> Iterator[str]:
    """Where a page leads to: what stands in its prose, not in its blocks."""
    for token in MARKDOWN.parse(page.read_text(encoding="utf-8")):
        for child in token.children or ():
            if child.type in ("link_open", "image"):
                yield str(child.attrs.get("href") or child.attrs.get("src"))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    tokens = MARKDOWN.parse(page.read_text(encoding="utf-8"))
    heads = [tokens[n + 1] for n, token in enumerate(tokens) if token.type == "heading_open"]
    texts = ("".join(child.content for child in head.children or ()) for head in heads)
    return {re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-") for text in texts}


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in targets(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(file), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_no_page_has_html_in_it(page: Path) -> None:
    """A word in angle brackets would be swallowed. Only for a line break in a table Markdown has no other word."""
    tokens = MARKDOWN.parse(page.read_text(encoding="utf-8"))
    found = [t.content for token in tokens for t in (token, *(token.children or ())) if t.type.startswith("html_")]
    assert all(text == "<br>" or text.startswith("<!--") for text in found)


def test_every_public_name_has_a_place_in_the_reference() -> None:
    shown = "".join(page.read_text(encoding="utf-8") for page in MADE.glob("*.md"))
    modules = {"agreement", "conditions", "errors", "foresight"}
    machines = {"milestone", "escrow", "dispute", "mediation", "arbitration", "obligation"}
    for name in set(escrowkit.__all__) - modules - machines:
        assert f"`escrowkit.{name}`" in shown, name
    assert modules | machines <= {page.stem for page in MADE.glob("*.md")}


def test_the_guides_speak_of_a_rulebook_that_is_shipped() -> None:
    assert load("standard@1").name == "standard@1"
