"""Long runs are marked `slow` and left out, unless they are asked for: `pytest -m slow`."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings

# No time limits: a slow computer is no failure.
settings.register_profile("calm", deadline=None, suppress_health_check=list(HealthCheck))
# Few examples, the same each time, none made smaller: for `make mutants`, which runs the tests for each mutant.
settings.register_profile(
    "quick",
    settings.get_profile("calm"),
    derandomize=True,
    database=None,
    max_examples=15,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile("calm")


def pytest_configure(config: pytest.Config) -> None:
    """The one marker."""
    config.addinivalue_line("markers", "slow: a long run; left out unless asked for with -m slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip long runs unless a marker expression was given."""
    if not config.getoption("-m"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="long run: pytest -m slow"))
