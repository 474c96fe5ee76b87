"""A transport for stories about what leaves the desk: it takes everything, and says what it was given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from reqflow import hookimpl
from reqflow.core.effects import AnnounceRequest, Effect
from reqflow.core.model import NativeId, TextId
from reqflow.ports import Receipt, ReceiptKind

__all__ = ["Post", "Taken"]

E = TypeVar("E", bound=Effect)


class Taken:
    """One effect as the transport got it: its key, itself, and what its texts say."""

    def __init__(self, key: str, effect: Effect, texts: Mapping[TextId, str]) -> None:
        self.key = key
        self.effect = effect
        self.texts = dict(texts)

    @property
    def words(self) -> list[str]:
        """What it shows, in the order of its texts."""
        return [self.texts[id] for id in self.effect.shown() if id in self.texts]

    @property
    def address(self) -> str | None:
        """Where it goes, if it says so."""
        ref = self.effect.address()
        return None if ref is None else self.texts.get(ref.id)


class Post:
    """A plugin with a transport for every scheme. Natives are ``n1``, ``n2``, ... in the order of deliveries;
    a card that is changed keeps its own.

    ``answers`` are the receipts of the first deliveries, or what is raised there; the rest goes well.
    """

    scheme = "*"

    def __init__(self, *answers: Receipt | Exception) -> None:
        self.taken: list[Taken] = []
        self.answers = list(answers)

    @hookimpl
    def reqflow_transports(self) -> Iterable[Any]:
        """Itself."""
        return [self]

    def deliver(self, key: str, effect: Effect, texts: Mapping[TextId, str]) -> Receipt:
        """Take it."""
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        if answer is not None and answer.kind is not ReceiptKind.DELIVERED:
            return answer
        self.taken.append(Taken(key, effect, texts))
        known = effect.card if isinstance(effect, AnnounceRequest) else None
        native = known or NativeId(f"n{len(self.taken)}")
        return answer or Receipt(kind=ReceiptKind.DELIVERED, native=native)

    def of(self, kind: type[E]) -> list[E]:
        """The effects of a kind, as they came."""
        return [each.effect for each in self.taken if isinstance(each.effect, kind)]

    def all(self, kind: type[E]) -> list[Taken]:
        """The same with their keys and texts."""
        return [each for each in self.taken if isinstance(each.effect, kind)]
