"""Write the JSON Schemas of the documents to `docs/reference/schemas`, or compare them with `--check`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from escrowkit import codec
from escrowkit.codec.schemas import PAGES

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "reference" / "schemas"
WIDTH = 130


def page(name: str) -> str:
    """One schema as it is committed."""
    return laid_out(codec.schema(name)) + "\n"


def laid_out(node: Any, indent: str = "") -> str:
    """JSON with a line for whatever fits on one, so that a change of a field is a changed line."""
    line = json.dumps(node, ensure_ascii=False)
    if len(indent) + len(line) <= WIDTH or not isinstance(node, (dict, list)):
        return line
    deeper = indent + " "
    if isinstance(node, list):
        inner = [deeper + laid_out(part, deeper) for part in node]
        return "[\n" + ",\n".join(inner) + f"\n{indent}]"
    inner = [f"{deeper}{json.dumps(name)}: {laid_out(part, deeper)}" for name, part in node.items()]
    return "{\n" + ",\n".join(inner) + f"\n{indent}}}"


def run(target: Path, *, check: bool) -> int:
    """Write or compare; 1 if something was not as it should be."""
    wanted = {target / f"{name}.schema.json": page(name) for name in PAGES}
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    strange = [path for path in sorted(target.glob("*")) if path not in wanted]
    if check:
        for path in (*stale, *strange):
            sys.stdout.write(f"stale: {path.name} (run `make docs`)\n")
        return 1 if stale or strange else 0
    target.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8", newline="\n")
    for path in strange:
        path.unlink()
    return 0


def main() -> int:
    """Write or compare the committed pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    return run(TARGET, check=parser.parse_args().check)


if __name__ == "__main__":
    sys.exit(main())
