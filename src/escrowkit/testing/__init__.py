"""The test kit: a second account of the rules, and checks for rulebooks, stores and payment providers of one's own.

Names are bound when they are first used: only what draws random values needs Hypothesis (the extra `testing`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from escrowkit.testing.fakes import FakeProvider
    from escrowkit.testing.payments import Answer, KeyTaken, Order, Outbox, Provider, Status, orders, report
    from escrowkit.testing.promises import NotKept
    from escrowkit.testing.providercheck import check_provider
    from escrowkit.testing.storecheck import check_store
    from escrowkit.testing.stores import Conflict, MemoryStore, Store, UnknownAgreement, next_due

#: Where each name is at home.
_HOMES = {
    "fakes": "FakeProvider",
    "payments": "Answer KeyTaken Order Outbox Provider Status orders report",
    "promises": "NotKept",
    "providercheck": "check_provider",
    "storecheck": "check_store",
    "stores": "Conflict MemoryStore Store UnknownAgreement next_due",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'escrowkit.testing' has no attribute {name!r}")
    value = getattr(import_module(f"escrowkit.testing.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "Answer",
    "Conflict",
    "FakeProvider",
    "KeyTaken",
    "MemoryStore",
    "NotKept",
    "Order",
    "Outbox",
    "Provider",
    "Status",
    "Store",
    "UnknownAgreement",
    "check_provider",
    "check_store",
    "next_due",
    "orders",
    "report",
]
