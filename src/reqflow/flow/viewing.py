"""Views for somebody: whole pages of what a principal may see, and no sign of what they may not.

Whoever asks for nothing on anybody's behalf is the desk itself and sees all. For an agent a page is filled with what
they see, however much lies between; the ``next`` of such a page goes on where it ended.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs

from ..core.commands import Command
from ..core.commands.checks import check_actor, check_word
from ..core.events import Entry
from ..core.explain import refs_in
from ..core.facts import WantConversation, WantRequest
from ..core.model import (
    Actor,
    AgentId,
    Audience,
    Conversation,
    ConversationId,
    Message,
    Request,
    RequestId,
    TextId,
)
from ..core.records import Record
from ..core.rights.actions import available_actions
from ..core.rights.permissions import need_view, principal_of, reads
from ..core.rights.visibility import Principal, candidates, sees
from ..core.settings import Desk, Right
from ..core.views import Composed
from ..errors import InvalidInput, UnknownId
from ..ports import Effects, Entries, Page, Parked, Records, Streams, Texts, View
from .asks import Ask, AskQuery, AskRecall, AskTexts

__all__ = ["Viewer", "actions", "candidates_for", "page", "texts", "viewer"]

CHUNK = 200
"""How many rows are read in one go where most of them may be of no interest."""

Reading = Generator[Ask, Any, Any]


def viewer(desk: Desk, by: Actor | None) -> Viewer:
    """Whoever reads. Raises `Forbidden` for an agent who is not in the roster."""
    if by is None:
        return Viewer(desk, Principal())
    check_actor("by", by)
    return Viewer(desk, principal_of(by, desk))


class Viewer:
    """Reads on a principal's behalf."""

    def __init__(self, desk: Desk, principal: Principal) -> None:
        self.desk = desk
        self.workspace = desk.workspace
        self.principal = principal
        self.sees_all = principal.is_desk or (principal.agent is not None and principal.has(Right.SEE_ALL))

    def sees(self, conversation: Conversation | None) -> bool:
        """Whether there is such a conversation, for them."""
        return conversation is not None and sees(self.desk, self.principal, conversation)

    def sees_history(self, conversation: Conversation | None) -> bool:
        """Whether they may read what happened in it: customers see its messages, never the rest."""
        return self.principal.customer is None and self.sees(conversation)

    def may_read(self, stream: str) -> Reading:
        """Whether they may read the history of a conversation, a record (``kind:id``) or the desk."""
        if self.principal.is_desk:
            return True
        kind, _, id = stream.partition(":")
        if id:
            return reads(self.principal, kind)
        if not stream.startswith("c_"):
            return self.principal.has(Right.CONFIGURE)
        (found,) = yield AskRecall(self.workspace, (WantConversation(ConversationId(stream)),))
        return self.sees_history(found)

    def conversation(self, conversation_id: ConversationId) -> Reading:
        """The conversation, or None where there is none that they see."""
        (found,) = yield AskRecall(self.workspace, (WantConversation(conversation_id),))
        return found if self.sees(found) else None

    def conversations(self, ids: Iterable[ConversationId]) -> Reading:
        """Those of the conversations that they see, by id."""
        wanted = list(dict.fromkeys(ids))
        found: dict[ConversationId, Conversation] = {}
        for at in range(0, len(wanted), CHUNK):
            wants = tuple([WantConversation(each) for each in wanted[at : at + CHUNK]])
            answers = yield AskRecall(self.workspace, wants)
            found.update((each.id, each) for each in answers if self.sees(each))
        return found

    # --- views of a store ---

    def page(self, view: View) -> Reading:
        """One page of a store's view, with nothing on it that they may not see."""
        if not self.principal.is_desk:
            need_view(self.principal, view.__class__.__name__, getattr(view, "kind", None))
            about = _about(view)
            if about is not None and (yield from self.conversation(about)) is None:
                return Page(items=())
        if self._passes(view):
            return (yield AskQuery(self.workspace, view))
        return (yield from self._filled(view))

    def _passes(self, view: View) -> bool:
        """Whether all that the view holds may be seen."""
        if self.principal.is_desk or isinstance(view, Effects | Streams | Entries | Texts | Parked):
            return True
        if self.principal.customer is not None:
            return False
        return self.sees_all or _about(view) is not None

    def _filled(self, view: Any) -> Reading:
        found: list[Any] = []
        after, limit = view.after, view.limit
        size = limit
        while True:
            page: Page = yield AskQuery(self.workspace, attrs.evolve(view, after=after, limit=size))
            found += yield from self.visible(page.items)
            if len(found) > limit:
                last = next(at for at, each in enumerate(page.items) if each is found[limit - 1])
                return Page(items=tuple(found[:limit]), next=(yield from self.cursor(view, after, last)))
            if len(found) == limit or page.next is None:
                return Page(items=tuple(found), next=page.next)
            after, size = page.next, max(limit, CHUNK)

    def cursor(self, view: Any, after: str | None, last: int) -> Reading:
        """Where a view goes on after the row at this place of its page; what cursors are made of is the store's."""
        page: Page = yield AskQuery(self.workspace, attrs.evolve(view, after=after, limit=last + 1))
        return page.next

    def visible(self, items: Sequence[Any]) -> Reading:
        """Those of the items that they may see, in order."""
        known: Mapping[Any, Any] = {}
        if not self.sees_all:
            known = yield from self.conversations([each for each in map(conversation_of, items) if each])
        return [each for each in items if self._shows(each, known)]

    def _shows(self, item: Any, known: Mapping[Any, Conversation]) -> bool:
        if isinstance(item, Conversation):
            return self.sees(item)
        if self.principal.customer is not None and isinstance(item, Message):
            return item.audience is Audience.CUSTOMER and item.conversation_id in known
        about = conversation_of(item)
        if about is not None:
            return self.sees_all or about in known
        return isinstance(item, Record) and reads(self.principal, item.tag)

    # --- all of a view ---

    def each(self, view: Any) -> Reading:
        """All items of a store's view, as it has them; for views whose items are sorted or chosen from."""
        items: list[Any] = []
        after = view.after
        while True:
            page: Page = yield AskQuery(self.workspace, attrs.evolve(view, after=after, limit=CHUNK))
            items += page.items
            if page.next is None:
                return items
            after = page.next


def _about(view: View) -> ConversationId | None:
    """The one conversation that a view is about."""
    if isinstance(view, Records):
        return ConversationId(view.content) if view.name == "conversation" else None
    found: ConversationId | None = getattr(view, "conversation_id", None)
    return found


def conversation_of(item: Any) -> ConversationId | None:
    """The conversation that something hangs on, by its field or by the stream of its entry; of itself none."""
    if isinstance(item, Entry):
        return ConversationId(item.stream) if item.stream.startswith("c_") else None
    found: ConversationId | None = getattr(item, "conversation_id", None)
    return found


# --- what is asked of an engine ---------------------------------------------------------------------


def page(desk: Desk, view: View | Composed, by: Actor | None = None) -> Generator[Ask, Any, Page]:
    """One page of a view, for whoever reads. Raises `Forbidden` for a view that they may not read at all."""
    reader = viewer(desk, by)
    if isinstance(view, View):
        found: Page = yield from reader.page(view)
        return found
    from .composing import composed  # seldom needed by bots and workers

    if not isinstance(view, Composed):
        raise InvalidInput(f"a view is read, such as Requests() or Board(), not {view!r:.80}")
    need_view(reader.principal, view.__class__.__name__)
    put_together: Page = yield from composed(reader, view)
    return put_together


def _named(reader: Viewer, id: str) -> Reading:
    """What an id names, of what they see: a conversation, and the request if it is one's. Raises `UnknownId`."""
    if check_word("id", id).startswith("r_"):
        ((request, conversation),) = yield AskRecall(reader.workspace, (WantRequest(RequestId(id)),))
        if request is None or not reader.sees(conversation):
            raise UnknownId(f"no request {id}")
        return conversation, request
    conversation = yield from reader.conversation(ConversationId(id))
    if conversation is None:
        raise UnknownId(f"no conversation {id}")
    return conversation, None


def actions(desk: Desk, id: str, by: Actor) -> Generator[Ask, Any, tuple[type[Command], ...]]:
    """Which commands the actor may give now on a request or a conversation. Raises `UnknownId`."""
    reader = viewer(desk, by)
    conversation, request = yield from _named(reader, id)
    return available_actions(desk, reader.principal, conversation, request)


def candidates_for(desk: Desk, id: str, by: Actor | None) -> Generator[Ask, Any, tuple[AgentId, ...]]:
    """To whom a request, or a conversation's work, may be given. Raises `UnknownId`."""
    conversation, request = yield from _named(viewer(desk, by), id)
    return candidates(desk, conversation, request)


# --- texts ------------------------------------------------------------------------------------------


def texts(
    desk: Desk, items: Sequence[Any], by: Actor | None = None, audience: Audience = Audience.INTERNAL
) -> Generator[Ask, Any, Mapping[TextId, str]]:
    """What the texts say that items of views refer to, as far as whoever reads may see the items.

    Raises `InvalidInput` for items that somebody cannot be shown to see: bare references are for the desk itself.
    """
    reader = viewer(desk, by)
    if not reader.principal.is_desk:
        items = [_with_place(each) for each in items]
        items = yield from reader.visible(items)
    if reader.principal.customer is not None:
        audience = Audience.CUSTOMER
    shown = [ref.id for ref in refs_in(tuple(items))]
    shown += [each.words for each in items if isinstance(each, Request)]
    ids = tuple(dict.fromkeys(shown))
    found: Mapping[TextId, str] = MappingProxyType({})
    if ids:
        found = yield AskTexts(desk.workspace, ids, audience)
    return found


def _with_place(item: Any) -> Any:
    if not isinstance(item, Conversation | Request | Message | Record) and conversation_of(item) is None:
        raise InvalidInput(f"texts are read from items of views, not from a {type(item).__name__}")
    return item
