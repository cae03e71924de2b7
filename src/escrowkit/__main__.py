"""`python -m escrowkit`."""

from __future__ import annotations

import sys

from escrowkit.errors import EscrowError, MissingExtra


def main() -> None:
    """Run the command line; it needs the extra `cli`."""
    try:
        from escrowkit.cli import run
    except ModuleNotFoundError as error:
        if error.name not in ("click", "rich"):
            raise
        sys.exit(str(MissingExtra("cli", "The command line")))
    try:
        run()
    except EscrowError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
