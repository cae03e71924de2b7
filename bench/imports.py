"""Import time: whole fresh interpreters on the wall clock, less an interpreter that imports nothing."""

from __future__ import annotations

import subprocess
import sys

from bench.timing import Samples, Work, interleaved

CODES = {
    "empty": "pass",
    "transitions": "import transitions",
    "dependencies": "import attr, attrs, transitions",
    "escrowkit": "import escrowkit",
}


def measure(*, rounds: int) -> Samples:
    """Each as `python -I -c CODE`; the bytecode is compiled by the pass that warms up."""
    return interleaved({name: (_starting(code), 1) for name, code in CODES.items()}, rounds=rounds)


def _starting(code: str) -> Work:
    return lambda: subprocess.run([sys.executable, "-I", "-c", code], check=True)
