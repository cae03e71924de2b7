"""The command line, called as from a shell."""

from __future__ import annotations

from click.testing import CliRunner, Result

from escrowkit.cli import run


def escrowkit(*arguments: str) -> Result:
    """What a call prints, and how it ends."""
    return CliRunner().invoke(run, arguments)
