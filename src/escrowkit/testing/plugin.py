"""What Hypothesis calls when it is imported: from then on `st.from_type(Money)` and the like work by themselves.

Nothing of escrowkit is imported for it. A type is registered when its module is imported, now or later, and the
strategies when one is drawn.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, Final

#: By module: each type, and the strategy of its values.
TYPES: Final = {
    "escrowkit.money": ("Money", "money"),
    "escrowkit.periods": ("Period", "periods"),
    "escrowkit.roles": ("Role", "roles"),
    "escrowkit.rulebook": ("Rulebook", "rulebooks"),
    "escrowkit.agreement": ("Agreement", "agreements"),
}


def register() -> None:
    """The entry point `hypothesis` of the package."""
    for name in TYPES:
        if name in sys.modules:
            _register(sys.modules[name])
    if not all(name in sys.modules for name in TYPES):
        sys.meta_path.insert(0, _Watcher())


def _register(module: ModuleType) -> None:
    from hypothesis import strategies as st

    type_, strategy = TYPES[module.__name__]
    st.register_type_strategy(getattr(module, type_), lambda _: _strategy(strategy))


def _strategy(name: str) -> Any:
    return getattr(import_module("escrowkit.testing.strategies"), name)()


class _Watcher(MetaPathFinder):
    """Finds the modules of `TYPES` as usual, and registers their types once they have run."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path) if fullname in TYPES else None
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            _register(module)

        setattr(spec.loader, "exec_module", exec_module)  # noqa: B010 - mypy knows it as a method
        return spec
