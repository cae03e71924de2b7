"""Every example in the documentation of the package runs; new modules are found by themselves."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import escrowkit
from escrowkit.errors import MissingExtra


def _modules() -> list[str]:
    """All modules of the package, `__main__` aside, which runs when it is imported."""
    found = (module.name for module in pkgutil.walk_packages(escrowkit.__path__, "escrowkit.", onerror=lambda _: None))
    return ["escrowkit", *(name for name in found if not name.endswith(".__main__"))]


MODULES = _modules()


def test_all_modules_are_found() -> None:
    assert {"escrowkit", "escrowkit.money", "escrowkit.machines.escrow"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except MissingExtra as missing:
        pytest.skip(str(missing))
    assert doctest.testmod(module).failed == 0


def test_the_ways_of_the_house_have_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in ("money", "periods", "conditions", "rulebook", "roles", "errors", "arguments"):
        module = importlib.import_module(f"escrowkit.{name}")
        assert any(test.examples for test in finder.find(module)), name
