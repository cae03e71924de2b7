"""Hypothesis, or the name of the extra that brings it."""

from __future__ import annotations

from escrowkit.errors import MissingExtra

try:
    from hypothesis import assume, event, note, settings, stateful
    from hypothesis import strategies as st
except ModuleNotFoundError:
    raise MissingExtra("testing", "Testing with random rulebooks, agreements and commands") from None

__all__ = ["assume", "event", "note", "settings", "st", "stateful"]
