"""The test kit: a second account of the rules, and checks for rulebooks, stores and payment providers of one's own.

Names are bound when they are first used: only what draws random values needs Hypothesis (the extra `testing`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from escrowkit.testing import chosen, laws, strategies
    from escrowkit.testing.compare import Disagreement, Twin
    from escrowkit.testing.fakes import FakeProvider
    from escrowkit.testing.machine import EscrowMachine
    from escrowkit.testing.payments import (
        Answer,
        KeyTaken,
        Order,
        Outbox,
        Provider,
        Status,
        asked,
        orders,
        recalled,
        report,
    )
    from escrowkit.testing.promises import NotKept
    from escrowkit.testing.providercheck import check_provider
    from escrowkit.testing.storecheck import check_store
    from escrowkit.testing.stores import Conflict, MemoryStore, Store, UnknownAgreement, next_due

#: Where each name is at home; a module is at home in itself.
_HOMES = {
    "chosen": "",
    "compare": "Disagreement Twin",
    "fakes": "FakeProvider",
    "laws": "",
    "machine": "EscrowMachine",
    "payments": "Answer KeyTaken Order Outbox Provider Status asked orders recalled report",
    "promises": "NotKept",
    "providercheck": "check_provider",
    "storecheck": "check_store",
    "strategies": "",
    "stores": "Conflict MemoryStore Store UnknownAgreement next_due",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f"escrowkit.testing.{_HOME[name]}"), name)
    elif name in _HOMES:
        value = import_module(f"escrowkit.testing.{name}")
    else:
        raise AttributeError(f"module 'escrowkit.testing' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "Answer",
    "Conflict",
    "Disagreement",
    "EscrowMachine",
    "FakeProvider",
    "KeyTaken",
    "MemoryStore",
    "NotKept",
    "Order",
    "Outbox",
    "Provider",
    "Status",
    "Store",
    "Twin",
    "UnknownAgreement",
    "asked",
    "check_provider",
    "check_store",
    "chosen",
    "laws",
    "next_due",
    "orders",
    "recalled",
    "report",
    "strategies",
]
