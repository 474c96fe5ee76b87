"""Shows effects as lines of text: what a desk would say and to whom, for trials and dry runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..core.effects import (
    AnnounceRequest,
    Effect,
    MailAgent,
    MailCustomer,
    NotifyAgent,
    NotifyAgentOfMany,
    NotifyTeam,
    OfferActions,
    OpenTicket,
    PageEngineers,
    PostMessage,
    React,
)
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
        words = " / ".join(texts[id] for id in effect.shown() if id in texts)
        said = f": {words}" if words else ""
        match effect:
            case NotifyAgent():
                about = effect.request_id or effect.conversation_id
                return f"[notice] {self._named(effect.agent)}: {effect.code} {about}{said}"
            case NotifyAgentOfMany():
                codes = ", ".join(each.code for each in effect.notices)
                return f"[notices] {self._named(effect.agent)}: {codes}{said}"
            case NotifyTeam():
                return f"[notice] team {self._named(effect.team)}: {effect.code} {effect.request_id}"
            case AnnounceRequest():
                whose = f" by {self._named(effect.assignee)}" if effect.assignee else ""
                return f"[card] {effect.request_id} {effect.code.replace('_', ' ')}{whose}{said}"
            case OfferActions():
                return f"[actions] {self._named(effect.agent)}: {effect.request_id}"
            case React():
                sign = "-" if effect.remove else "+"
                return f"[emoji] {self._named(effect.channel_id)}: {sign}:{effect.emoji}: {effect.request_id}"
            case MailAgent():
                return f"[mail] {self._named(effect.agent)}{said}"
            case MailCustomer():
                return f"[mail] {self._named(effect.profile_id)}{said}"
            case OpenTicket():
                return f"[{effect.kind}] {self._named(effect.tool)}: {effect.request_id}{said}"
            case PageEngineers():
                where = self._named(effect.destination)
                return f"[page] {where}: {effect.severity} {effect.request_id}{said}"
        return f"[{effect.tag}] {effect}"

    def _named(self, identity: str) -> str:
        return self._names.get(identity, identity)
