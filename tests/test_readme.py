"""What the README and the guides show is what happens."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GUIDES = [ROOT / "README.md", ROOT / "docs" / "tutorial.md", ROOT / "docs" / "how-to.md"]
BLOCK = re.compile(r"```python\n(.*?)```(?:\s*(?:It prints:\s*)?\n((?:    [^\n]*\n)+))?", re.DOTALL)


def _blocks(path: Path) -> list[tuple[str, str | None]]:
    return [
        (code, shown and re.sub(r"^    ", "", shown, flags=re.MULTILINE))
        for code, shown in BLOCK.findall(path.read_text())
    ]


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_every_example_of_a_guide_runs_and_prints_what_it_shows(path: Path) -> None:
    blocks = _blocks(path)
    assert blocks, "a guide without an example"
    names: dict[str, object] = {}
    for code, shown in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, str(path), "exec"), names)
        if shown:
            assert out.getvalue() == shown


def test_every_link_of_the_guides_leads_to_a_file() -> None:
    for path in GUIDES:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"
