"""A transport that does nothing, so that what is measured is the dispatching."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reqflow.hooks import hookimpl
from reqflow.ports import Receipt, ReceiptKind

__all__ = ["Nowhere"]

DELIVERED = Receipt(kind=ReceiptKind.DELIVERED)


class Nowhere:
    """Takes everything, for every scheme, and notes by key what it was given."""

    scheme = "*"

    def __init__(self) -> None:
        self.keys: list[str] = []

    def deliver(self, key: str, effect: Any, texts: Mapping[Any, str]) -> Receipt:
        """Say that it is delivered."""
        self.keys.append(key)
        return DELIVERED

    @hookimpl
    def reqflow_transports(self) -> Iterable[Any]:
        """Itself."""
        return (self,)
