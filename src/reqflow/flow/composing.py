"""Views put together from those of a store: boards, inboxes, lists by activity, the past, searches, documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import nlargest
from types import MappingProxyType
from typing import Any

from attrs import evolve

from ..core.model import (
    Audience,
    Code,
    Conversation,
    ConversationId,
    Message,
    ProfileId,
    RequestState,
)
from ..core.records import Contact, Following, SearchCard
from ..core.records.root import rank_of
from ..core.searching import digest_words, need_searchable, words_of
from ..core.views import (
    Board,
    Box,
    Column,
    Composed,
    Document,
    Documents,
    FromCustomers,
    Inbox,
    Past,
    Search,
    Shelf,
    WithField,
    is_unanswered,
)
from ..errors import InvalidInput
from ..ports import Conversations, Messages, Page, Records, Requests, View
from .asks import AskQuery
from .content import with_field
from .viewing import CHUNK, Reading, Viewer

__all__ = ["composed"]

Keep = Callable[[Conversation], bool]


def composed(reader: Viewer, view: Composed) -> Reading:
    """One page of a view that is put together."""
    return (yield from _MAKERS[view.__class__](reader, view))


# --- rows of several sources in one order -----------------------------------------------------------


def _merged(reader: Viewer, sources: Sequence[View], view: Any) -> Reading:
    """One page of rows in the order of their ids, from sources in that order; each row is in one of them."""
    found: list[Any] = []
    down = any(getattr(source, "newest_first", False) for source in sources)
    for source in sources:
        page = yield from reader.page(evolve(source, after=view.after, limit=view.limit + 1))
        found += page.items
    found.sort(key=lambda each: each.id, reverse=down)
    more = len(found) > view.limit
    chosen = tuple(found[: view.limit])
    return Page(items=chosen, next=chosen[-1].id if more else None)


# --- boards -----------------------------------------------------------------------------------------


def _board(reader: Viewer, view: Board) -> Reading:
    columns: list[Column] = []
    for state in view.states:
        whole = Requests(
            states=(state,),
            assignee=view.assignee,
            queue=view.queue,
            newest_first=state is RequestState.CLOSED,
        )
        channels = dict.fromkeys(view.channels)
        sources = [evolve(whole, channel_id=each) for each in channels] if channels else [whole]
        page = yield from _merged(reader, sources, view)
        columns.append(Column(state=state, requests=page.items, next=page.next))
    return Page(items=tuple(columns))


# --- open conversations by their most recent activity -----------------------------------------------


def _place(conversation: Conversation) -> tuple[str, str]:
    return rank_of(conversation.active_at), conversation.id


def _by_activity(view: Any, candidates: Iterable[Conversation]) -> Page:
    """A page of them, the last active first. What becomes active while somebody reads on moves to the front."""
    after = None
    if view.after is not None:
        moment, _, id = view.after.partition(" ")
        after = (moment, id)
    ahead = [each for each in candidates if after is None or _place(each) < after]
    chosen = nlargest(view.limit + 1, ahead, key=_place)
    more = len(chosen) > view.limit
    chosen = chosen[: view.limit]
    return Page(items=tuple(chosen), next=" ".join(_place(chosen[-1])) if more else None)


def _open_ones(reader: Viewer, source: Conversations, keep: Keep) -> Reading:
    """All open conversations that they see and that are wanted."""
    rows = yield from reader.each(evolve(source, open=True))
    return [each for each in rows if keep(each) and reader.sees(each)]


def _closed_ones(reader: Viewer, source: Conversations, view: Any, keep: Keep) -> Reading:
    """A page of closed conversations, newest first."""
    found: list[Conversation] = []
    after = view.after
    while True:
        page = yield from reader.page(
            evolve(source, open=False, newest_first=True, after=after, limit=max(view.limit, CHUNK))
        )
        found += [each for each in page.items if keep(each)]
        if len(found) > view.limit or page.next is None:
            chosen = found[: view.limit]
            return Page(items=tuple(chosen), next=chosen[-1].id if len(found) > view.limit else None)
        after = page.next


def _from_customers(reader: Viewer, view: FromCustomers) -> Reading:
    def keep(conversation: Conversation) -> bool:
        wanted = view.shelf is not Shelf.UNANSWERED or is_unanswered(conversation)
        return wanted and conversation.audience is Audience.CUSTOMER

    source = Conversations(quiet=False, channel_id=view.channel_id)
    if view.shelf is Shelf.CLOSED:
        return (yield from _closed_ones(reader, source, view, keep))
    return _by_activity(view, (yield from _open_ones(reader, source, keep)))


def _inbox(reader: Viewer, view: Inbox) -> Reading:
    agent = view.agent

    def of_audience(conversation: Conversation) -> bool:
        return view.audience in (None, conversation.audience)

    def keep(conversation: Conversation) -> bool:
        if not of_audience(conversation):
            return False
        follows = agent in conversation.followers
        if view.box is Box.FOLLOWED:
            return follows
        works = conversation.holder == agent or any(r.assignee == agent for r in conversation.requests)
        if view.box is Box.ASSIGNED:
            return works
        return (works or follows) and is_unanswered(conversation)

    if view.box is not Box.CLOSED:
        return _by_activity(view, (yield from _open_ones(reader, Conversations(), keep)))

    def closed(conversation: Conversation) -> bool:
        return not conversation.is_open and of_audience(conversation)

    followed = Records(kind=Code(Following.tag), name="agent", content=agent, newest_first=True)
    return (yield from _hung_on(reader, followed, view, closed))


def _hung_on(
    reader: Viewer, source: Records, view: Any, keep: Keep, words: frozenset[Code] = frozenset()
) -> Reading:
    """A page of the conversations that records lead to, in the order of the records; of cards, those with the words."""
    found: list[Conversation] = []
    after = view.after
    while True:
        page: Page = yield AskQuery(reader.workspace, evolve(source, after=after, limit=CHUNK))
        known: Mapping[ConversationId, Conversation] = yield from reader.conversations(
            [each.conversation_id for each in page.items if not words or words.issubset(each.words)]
        )
        for at, record in enumerate(page.items):
            conversation = known.get(record.conversation_id)
            if conversation is None or not keep(conversation):
                continue
            found.append(conversation)
            if len(found) == view.limit:
                # the cursor after exactly these rows is the store's to say
                cut: Page = yield AskQuery(reader.workspace, evolve(source, after=after, limit=at + 1))
                return Page(items=tuple(found), next=cut.next)
        if page.next is None:
            return Page(items=tuple(found))
        after = page.next


# --- the past ---------------------------------------------------------------------------------------


def _profiles(reader: Viewer, view: Past | Documents) -> Reading:
    """The profile that is asked for, or all that belong to the customer."""
    if view.profile_id is not None:
        return (view.profile_id,)
    kind = Code(Contact.tag)
    contacts = yield from reader.each(Records(kind=kind, name="customer", content=view.customer_id or ""))
    return tuple(ProfileId(each.id) for each in contacts)


def _past(reader: Viewer, view: Past) -> Reading:
    profiles = yield from _profiles(reader, view)
    whole = Conversations(open=False, newest_first=True)
    return (yield from _merged(reader, [evolve(whole, requester=each) for each in profiles], view))


def _search(reader: Viewer, view: Search) -> Reading:
    need_searchable(reader.desk)
    longest = sorted(words_of(view.words), key=len, reverse=True)  # the rarest, as a rule
    wanted = digest_words(tuple(longest), reader.desk.salt)
    if not wanted:
        raise InvalidInput(f"Search.words holds no word to look for: {view.words!r}")

    def keep(conversation: Conversation) -> bool:
        return not conversation.is_open and view.channel_id in (None, conversation.channel_id)

    source = Records(kind=Code(SearchCard.tag), name="word", content=wanted[0], newest_first=True)
    return (yield from _hung_on(reader, source, view, keep, frozenset(wanted)))


# --- documents --------------------------------------------------------------------------------------


def _documents(reader: Viewer, view: Documents) -> Reading:
    """Message by message; the cursor names the conversation and the message where it goes on."""
    place, _, message = (view.after or "").partition(" ")
    found: list[Message] = []
    for id in (yield from _all_of(reader, view, place)):
        source = Messages(conversation_id=id, after=message if id == place else None)
        rows: list[Message] = yield from reader.each(source)
        found += [row for row in rows if row.attachments]
        if len(found) > view.limit:
            break
    chosen = found[: view.limit]
    more = len(found) > view.limit
    return Page(
        items=tuple([each for row in chosen for each in _documents_of(row)]),
        next=f"{chosen[-1].conversation_id} {chosen[-1].id}" if more else None,
    )


def _all_of(reader: Viewer, view: Documents, place: str) -> Reading:
    """The conversation asked for, or those of a profile or a customer, newest first from a place on: what they see."""
    if view.conversation_id is not None:
        known = yield from reader.conversation(view.conversation_id)
        return [] if known is None else [known.id]
    found: dict[ConversationId, None] = {}
    for profile in (yield from _profiles(reader, view)):
        for is_open in (True, False):
            rows = yield from reader.each(Conversations(open=is_open, requester=profile))
            found |= dict.fromkeys(each.id for each in rows if reader.sees(each))
    return [each for each in sorted(found, reverse=True) if not place or each <= place]


def _documents_of(message: Message) -> list[Document]:
    return [
        Document(
            conversation_id=message.conversation_id,
            message_id=message.id,
            author=message.author,
            audience=message.audience,
            sent_at=message.sent_at,
            attachment=each,
        )
        for each in message.attachments
    ]


# --- what has a field ---------------------------------------------------------------------------------


def _with_field(reader: Viewer, view: WithField) -> Reading:
    rows = with_field(reader.desk, view.field, view.content)
    return (yield from reader.page(evolve(rows, after=view.after, limit=view.limit)))


_MAKERS: Mapping[type, Callable[[Viewer, Any], Reading]] = MappingProxyType(
    {
        Board: _board,
        Inbox: _inbox,
        FromCustomers: _from_customers,
        Past: _past,
        Search: _search,
        Documents: _documents,
        WithField: _with_field,
    }
)
