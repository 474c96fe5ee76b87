"""The timers of retention: closed conversations that are old enough go, a hundred a commit; what is open never does."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime, timedelta
from typing import Any

from ..core import events as e
from ..core.asking.effort import consultations
from ..core.batch import Lease
from ..core.facts import Want, WantConversation, WantDesk, WantRequest
from ..core.history import Folded, fold
from ..core.model import ChannelId, CloseReason, Code, Conversation, ConversationId, RequestId
from ..core.operations.overlay import Overlay
from ..core.operations.purging import Whole, due_at, purge
from ..core.records import Attention, Card
from ..core.timers import purge_key, retain_key
from ..errors import Conflict
from ..ports import Conversations, Entries, Messages, Page, Records
from .asks import Ask, AskHistory, AskQuery, Context
from .handling import learn
from .paging import everything

__all__ = ["purge_channel", "retain"]

AT_ONCE = 100
"""How many conversations one commit purges or looks at; those absorbed by one go with it."""
MOST = 2000
"""How many messages one commit empties, unless a single conversation has more."""
EVERY = timedelta(hours=1)
"""A channel is looked at no more often than this, so that one commit purges many."""

Reading = Generator[Ask, Any, Any]


def retain(overlay: Overlay, lease: Lease, after: str) -> Reading:
    """Look for channels with closed conversations that are to be purged some day: the desk has changed."""
    yield from learn(overlay, (WantDesk(overlay.desk.revision),))
    page: Page = yield AskQuery(
        overlay.desk.workspace, Conversations(open=False, after=after or None, limit=AT_ONCE)
    )
    overlay.consumed.append(lease)
    for channel in dict.fromkeys([each.channel_id for each in page.items]):
        if overlay.desk.settings(channel).purge_closed_after:
            overlay.arm(purge_key(channel), overlay.at)
    if page.next is not None:
        overlay.arm(retain_key(page.next), overlay.at)
    return len(page.items)


def purge_channel(
    context: Context, overlay: Overlay, lease: Lease, channel: ChannelId, after: str
) -> Reading:
    """Purge what is due in a channel, oldest first, and arm the timer for what is left. Returns how many went."""
    yield from learn(overlay, (WantDesk(context.desk.revision),))
    overlay.consumed.append(lease)
    settings = overlay.desk.channel(channel)
    if settings is None or not settings.purge_closed_after:
        return 0
    page, old = yield from _old(overlay, channel, after, overlay.at - settings.purge_closed_after)
    gone: set[ConversationId] = set()
    emptied = 0
    for each in old:
        if len(gone) >= AT_ONCE or emptied >= MOST:  # what went is not there the next time
            overlay.arm(purge_key(channel, after), overlay.at)
            return len(gone)
        if each not in gone:
            for whole in (yield from _due(overlay, channel, each)):
                gone.add(whole.folded.conversation.id)
                emptied += len(whole.messages)
                purge(overlay, whole)
    if page.next is not None and old:
        overlay.arm(purge_key(channel, page.next), overlay.at)
    for young in [each for each in page.items if each.id not in old][:1]:
        _ask_again(overlay, channel, young.opened_at + settings.purge_closed_after)
    return len(gone)


def _old(
    overlay: Overlay, channel: ChannelId, after: str, young_at: datetime
) -> Generator[Ask, Any, tuple[Page, list[ConversationId]]]:
    """A page of closed conversations, and those that were opened before that moment. They are in the order of opening.

    But for those whose transport told a moment to come: they stand at the end, and are looked for there.
    """
    workspace = overlay.desk.workspace
    view = Conversations(open=False, channel_id=channel, after=after or None, limit=AT_ONCE)
    page: Page = yield AskQuery(workspace, view)
    found = [*page.items]
    if page.next is not None and found[-1].opened_at > young_at:
        view = Conversations(open=False, channel_id=channel, newest_first=True, limit=AT_ONCE)
        found += (yield AskQuery(workspace, view)).items
    return page, list(dict.fromkeys([each.id for each in found if each.opened_at <= young_at]))


def _ask_again(overlay: Overlay, channel: ChannelId, at: datetime) -> None:
    overlay.arm(purge_key(channel), max(at, overlay.at + EVERY))


def _due(overlay: Overlay, channel: ChannelId, id: ConversationId) -> Generator[Ask, Any, list[Whole]]:
    """The conversation, with those that it absorbed, if it is to go now; nothing, and a timer armed, if not yet."""
    yield from learn(overlay, (WantConversation(id),))
    conversation = overlay.conversation(id)
    if conversation is None:
        return []
    due = due_at(conversation, overlay.desk.settings(channel))
    if due is None:  # opened again just now: closing it arms the timer
        return []
    if due > overlay.at:
        _ask_again(overlay, channel, due)
        return []
    whole = yield from _whole(overlay, conversation)
    if (yield from _is_needed(overlay, whole.folded)):
        _ask_again(overlay, channel, overlay.at + timedelta(days=1))
        return []
    found, waiting = [whole], [each.other for each in whole.folded.moved]
    while waiting:
        other = waiting.pop()
        yield from learn(overlay, (WantConversation(other),))
        absorbed = overlay.conversation(other)
        if absorbed is not None:
            found.append((yield from _whole(overlay, absorbed)))
            waiting += [each.other for each in found[-1].folded.moved]
    return found


def _is_needed(overlay: Overlay, folded: Folded) -> Generator[Ask, Any, bool]:
    """Whether it leads to something that is still there: what it was merged into, repeats, or helps with."""
    conversation = folded.conversation
    named = [id for each in folded.requests for id in (each.parent, each.into) if id is not None]
    own = {each.id for each in folded.requests}
    wants: list[Want] = [WantRequest(id) for id in named if id not in own]
    if conversation.reason is CloseReason.MERGED and conversation.continued_in is not None:
        wants.append(WantConversation(conversation.continued_in))
    yield from learn(overlay, tuple(wants))
    return any(overlay.fact(want) not in (None, (None, None)) for want in wants)


def _whole(overlay: Overlay, conversation: Conversation) -> Generator[Ask, Any, Whole]:
    """All of a conversation, from one moment. Raises `Conflict` where somebody wrote in between."""
    workspace, id = overlay.desk.workspace, conversation.id
    entries: Sequence[e.Entry] = yield AskHistory(workspace, id)
    page: Page = yield AskQuery(workspace, Entries(stream=Code(id), newest_first=True, limit=1))
    folded = fold(entries)
    if (
        folded is None
        or not page.items
        or page.items[0].seq != folded.conversation.version != conversation.version
    ):
        raise Conflict([("conversation", id)])
    return Whole(
        folded=folded,
        last=page.items[0],
        entries=entries,
        consulted=(yield from _consulted(overlay, folded, entries)),
        messages=tuple((yield from everything(workspace, Messages(conversation_id=id)))),
        seen=(yield from _seen(overlay, folded)),
    )


def _consulted(
    overlay: Overlay, folded: Folded, entries: Sequence[e.Entry]
) -> Generator[Ask, Any, dict[RequestId, tuple[e.Entry, ...]]]:
    """The histories of what specialists were asked about each request."""
    found: dict[RequestId, tuple[e.Entry, ...]] = {}
    for request in folded.requests:
        wants = [WantRequest(each) for each in consultations(entries, request.id)]
        yield from learn(overlay, tuple(wants))
        for want in wants:
            child = overlay.fact(want)[0]
            if child is not None:
                told = yield AskHistory(overlay.desk.workspace, child.conversation_id)
                found[request.id] = (*found.get(request.id, ()), *told)
    return found


def _seen(overlay: Overlay, folded: Folded) -> Generator[Ask, Any, tuple[tuple[Code, Code], ...]]:
    """State without history that hangs on it by its id: who has seen it, and cards of its requests in other rooms."""
    heads = [(Code(Attention.tag), f"{folded.conversation.id}.")]
    heads += [(Code(Card.tag), f"{request.id}@") for request in folded.requests]
    found: list[tuple[Code, Code]] = []
    for kind, head in heads:
        after = head
        while True:
            page: Page = yield AskQuery(
                overlay.desk.workspace, Records(kind=kind, after=after, limit=AT_ONCE)
            )
            named = [each.id for each in page.items if each.id.startswith(head)]
            found += [(kind, id) for id in named]
            if page.next is None or len(named) < len(page.items):
                break
            after = page.next
    return tuple(found)
