"""How documents of earlier releases are read: pure functions from one version of a type to the next.

A type that is not here is in its first version. To change the document of a type: raise its number in `CURRENT`, add
the step from the version before to `UPCASTERS`, and keep both for ever, because histories are kept for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Document = dict[str, Any]
#: From a document to the same one as the next version says it, its `type` included; the old one is left as it is.
Upcaster = Callable[[Document], Document]

#: The version in which a type is written now, where it is not the first.
CURRENT: Final[Mapping[str, int]] = {}
#: The step from (type, version) to the next.
UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = {}
