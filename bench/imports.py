"""Import time: whole fresh interpreters on the wall clock, less an interpreter that imports nothing.

Not with `-I`: where a `PYTHONPATH` leads this run to another source tree, it leads the interpreters there too.
"""

from __future__ import annotations

import subprocess
import sys

from bench.timing import Samples, Work, interleaved

CODES = {
    "empty": "pass",
    "transitions": "import transitions",
    "dependencies": "import attr, attrs, transitions",
    "escrowkit": "import escrowkit",
    # Names are bound at first use; this is all that deciding needs, as the first agreement loads it.
    "deciding": "import escrowkit.agreement",
}


def measure(*, rounds: int) -> Samples:
    """Each as `python -P -c CODE`; the bytecode is written by the pass that warms up."""
    return interleaved({name: (_starting(code), 1) for name, code in CODES.items()}, rounds=rounds)


def _starting(code: str) -> Work:
    return lambda: subprocess.run([sys.executable, "-P", "-c", code], check=True)
