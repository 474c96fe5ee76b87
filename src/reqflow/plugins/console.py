"""Shows effects as lines of text: what a desk would say and to whom, for trials and dry runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..core.effects import Effect, NotifyAgent, PostMessage
from ..core.model import NativeId, TextId
from ..ports import Receipt, ReceiptKind
from .readers.texts import shown

__all__ = ["ConsoleTransport"]

WIDTH = 2000


class ConsoleTransport:
    """A `Transport` that writes one line per effect and always succeeds.

    It can stand in for any scheme: give it the scheme's name, or register it under several. ``names`` are
    shown in the place of ids (agents, channels). Whatever could steer a terminal or reorder a line is left
    out.
    """

    def __init__(
        self,
        write: Callable[[str], None] = print,
        names: Mapping[str, str] | None = None,
        scheme: str = "console",
    ) -> None:
        self.scheme = scheme
        self._write = write
        self._names = dict(names or {})

    def deliver(self, key: str, effect: Effect, texts: Mapping[TextId, str]) -> Receipt:
        """Write the effect's line. The receipt's ``native`` is ``key``, which is the same over retries."""
        self._write(shown(self._line(effect, texts), WIDTH))
        return Receipt(kind=ReceiptKind.DELIVERED, native=NativeId(key))

    def _line(self, effect: Effect, texts: Mapping[TextId, str]) -> str:
        if isinstance(effect, PostMessage):
            place = self._named(effect.channel_id)
            thread = f" (thread {effect.answers})" if effect.answers else ""
            body = texts.get(effect.text.id, "(no text)")
            return f"[{effect.audience}] {place}{thread}: {body}"
        if isinstance(effect, NotifyAgent):
            return f"[notice] {self._named(effect.agent)}: {effect.code} {effect.request_id}"
        return f"[{effect.tag}] {effect}"

    def _named(self, identity: str) -> str:
        return self._names.get(identity, identity)
