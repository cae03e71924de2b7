"""How the site is built: `make site`. Nothing is fetched from anywhere, and no page knows of Sphinx.

The pages are plain Markdown, read on a code host as they are. What only a site needs stands here: which pages belong
under which (`TREE`), and the pages whose text is a file of the repository's root (`INSTEAD`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError

import escrowkit

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent

project = "escrowkit"
author = "the escrowkit contributors"
copyright = "the escrowkit contributors, MIT licence"
version = release = escrowkit.__version__

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
# What stands between quotes is often typed as it stands.
smartquotes = False
root_doc = "index"
exclude_patterns = ["README.md"]
nitpicky = True

html_theme = "furo"
html_title = f"escrowkit {release}"
html_copy_source = False
html_show_sourcelink = False
# Every font and script comes from this site; system fonts, so that nothing has to be fetched.
html_theme_options = {"navigation_with_keys": True}
html_static_path = ["_static"]
html_css_files = ["site.css"]

#: What stands under a page, in its order: a caption and its pages (a `*` takes what is there).
TREE: dict[str, list[tuple[str, list[str]]]] = {
    "index": [
        ("Learn", ["tutorial/README"]),
        ("Do", ["how-to/README"]),
        ("Look up", ["reference/README", "glossary"]),
        ("Understand", ["explanation/README", "decisions/README"]),
        ("The project", ["changelog", "contributing"]),
    ],
    "tutorial/README": [("", ["first-escrow", "first-dispute", "own-rulebook"])],
    "how-to/README": [
        ("", ["embed", "own-rulebook", "release-condition", "partial-payments", "change-orders", "refusals"]),
        ("", ["foresee", "views", "stories", "drawing", "transitions", "*"]),
    ],
    "reference/README": [
        ("", ["machines/overview", "books", "outcomes", "reactions", "clocks", "refusals"]),
        ("", ["rulebook-schema", "rulebooks/README", "comparison", "stories", "cli", "api/README", "stability", "*"]),
    ],
    "reference/machines/overview": [("", ["milestone", "escrow", "dispute", "mediation", "arbitration", "*"])],
    "reference/rulebooks/README": [("", ["standard@1", "*"])],
    "reference/api/README": [
        ("", ["agreement", "foresight", "milestone", "escrow", "dispute", "mediation", "arbitration", "obligation"]),
        ("", ["money", "periods", "conditions", "rulebook", "ledger", "roles", "errors"]),
        ("", ["codec", "chain", "story", "drawing", "live", "*"]),
    ],
    "explanation/README": [
        (
            "",
            [
                "tables",
                "decide-and-evolve",
                "money",
                "time-and-silence",
                "disputes",
                "engines",
                "speed",
                "history",
                "*",
            ],
        )
    ],
    "decisions/README": [("", ["*"])],
}

#: Pages whose text on the site is another file's.
INSTEAD = {"changelog": "CHANGELOG.md", "contributing": "CONTRIBUTING.md"}


def _pages(folder: Path, names: list[str]) -> list[str]:
    """The pages that are meant, each once; what is not written yet is left out, so that nobody waits for anybody."""
    found: list[str] = []
    for name in names:
        matches = sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob(f"{name}.md"))
        found += [page for page in matches if page not in found]
    return found


def _tree(name: str) -> str:
    """The tables of contents of a page, hidden: the page itself links what it speaks of."""
    folder = (DOCS / name).parent
    taken, parts = {Path(name).name}, []
    for caption, names in TREE.get(name, ()):
        pages = [page for page in _pages(folder, names) if page not in taken]
        taken.update(pages)
        lines = ["```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else []), "", *pages, "```"]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


#: A link to a file of the repository, as pages write it.
LINK = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+[^)#\s]*)(#[^)]*)?\)")


def _linked(name: str, link: re.Match[str]) -> str:
    """A link as the site has it: what is no page here (a folder, the README) keeps its words alone."""
    target = ((DOCS / name).parent / link[2]).resolve()
    if target.is_relative_to(DOCS) or (target.is_file() and target.suffix != ".md"):
        return link[0]
    return link[1]


def _read(app: Any, name: str, source: list[str]) -> None:
    """What a page says on the site."""
    if name in INSTEAD:
        source[0] = (ROOT / INSTEAD[name]).read_text(encoding="utf-8").replace("](docs/", "](")
    source[0] = LINK.sub(lambda link: _linked(name, link), source[0]) + "\n" + _tree(name)


def _again(app: Any, env: Any, added: Any, changed: Any, removed: Any) -> list[str]:
    """Pages to read again though their own file is the same."""
    return [*INSTEAD, *TREE]


def _fetch_nothing(app: Any, failed: Exception | None) -> None:
    """No page may make a reader's browser ask another server for anything."""
    asks = re.compile(r'<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)="(?:https?:)?//[^"]*"')
    pages = Path(app.outdir).rglob("*.html")
    found = [f"{page.name}: {tag}" for page in pages for tag in asks.findall(page.read_text(encoding="utf-8"))]
    if found:
        raise ExtensionError("the site fetches from elsewhere:\n" + "\n".join(found))


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("build-finished", _fetch_nothing)
    app.connect("source-read", _read)
    app.connect("env-get-outdated", _again)
