"""Hypothesis, or the name of the extra that brings it."""

from __future__ import annotations

from escrowkit.errors import MissingExtra

try:
    from hypothesis import Phase, assume, event, settings, stateful
    from hypothesis import strategies as st
    from hypothesis.errors import HypothesisException
except ModuleNotFoundError:
    raise MissingExtra("testing", "Testing with random rulebooks, agreements and commands") from None

__all__ = ["HypothesisException", "Phase", "assume", "event", "settings", "st", "stateful"]
