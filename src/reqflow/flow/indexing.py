"""Making closed conversations searchable: off the path of messages, by a timer that closing arms."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any

from ..core.batch import HoldKind, Lease
from ..core.facts import WantConversation, WantRecord
from ..core.model import Audience, Code, Conversation, ConversationId, TextId
from ..core.operations.overlay import Overlay
from ..core.records import SearchCard
from ..core.searching import MOST, digest_words, words_of
from ..core.timers import index_key, reindex_key
from ..ports import Conversations, Messages, Page
from .asks import Ask, AskQuery, AskRecall, AskTexts

__all__ = ["index", "reindex"]

AT_ONCE = 100
"""How many messages, or conversations, are looked at in one go."""


def index(overlay: Overlay, lease: Lease, conversation_id: ConversationId) -> Generator[Ask, Any, int]:
    """Write what a closed conversation is searched by. One that was opened again meanwhile is left alone."""
    wants = WantConversation(conversation_id), WantRecord(Code(SearchCard.tag), Code(conversation_id))
    overlay.learn(wants, (yield AskRecall(overlay.desk.workspace, wants)))
    overlay.consumed.append(lease)
    conversation = overlay.conversation(conversation_id)
    if conversation is None or conversation.closed_at is None:
        return 0
    words = yield from _words(overlay, conversation)
    known = overlay.record(SearchCard.tag, conversation_id)
    if not words and known is None:
        return 0
    overlay.hold(HoldKind.CONVERSATION, conversation.id, conversation.version)
    overlay.put_record(
        SearchCard(
            id=Code(conversation_id),
            version=1 if known is None else known.version + 1,
            conversation_id=conversation_id,
            closed_at=conversation.closed_at,
            words=tuple(sorted(digest_words(words, overlay.desk.salt))),
        )
    )
    return 1


def _words(overlay: Overlay, conversation: Conversation) -> Generator[Ask, Any, tuple[str, ...]]:
    """The words of its subject and its messages, from the first on."""
    workspace = overlay.desk.workspace
    words: dict[str, None] = {}
    if conversation.subject is not None:
        yield from _read(workspace, (conversation.subject.id,), words)
    view = Messages(conversation_id=conversation.id, limit=AT_ONCE)
    while len(words) < MOST:
        page: Page = yield AskQuery(workspace, view)
        yield from _read(workspace, [each.text.id for each in page.items if each.text is not None], words)
        if page.next is None:
            break
        view = Messages(conversation_id=conversation.id, after=page.next, limit=AT_ONCE)
    return tuple(words)[:MOST]


def _read(workspace: Any, ids: Iterable[TextId], words: dict[str, None]) -> Generator[Ask, Any, None]:
    wanted = tuple(ids)
    bodies = yield AskTexts(workspace, wanted, Audience.INTERNAL)
    for id in wanted:
        words.update(dict.fromkeys(words_of(bodies.get(id, ""))))


def reindex(overlay: Overlay, lease: Lease, after: str) -> Generator[Ask, Any, int]:
    """Have the next hundred closed conversations of searchable channels indexed, and go on later."""
    view = Conversations(open=False, after=after or None, limit=AT_ONCE)
    page: Page = yield AskQuery(overlay.desk.workspace, view)
    overlay.consumed.append(lease)
    for conversation in page.items:
        if overlay.desk.settings(conversation.channel_id).searchable:
            overlay.arm(index_key(conversation.id), overlay.at)
    if page.next is not None:
        overlay.arm(reindex_key(page.next), overlay.at)
    return len(page.items)
