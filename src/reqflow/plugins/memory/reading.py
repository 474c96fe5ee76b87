"""Answers to wants, and pages of views, from one workspace in memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from ...core.chain import BEGINNING, StoredEntry, linked, own_digest
from ...core.events import Entry
from ...core.facts import (
    NEIGHBOURS,
    Answer,
    DeskDocument,
    Neighbours,
    WantConversation,
    WantDesk,
    WantLane,
    WantLastOpen,
    WantMessage,
    WantNeighbours,
    WantOutcome,
    WantPlaced,
    WantPool,
    WantProfile,
    WantRecord,
    WantRecords,
    WantRequest,
    WantThread,
    WantWaiting,
)
from ...core.model import AgentLoad, Conversation, Lane, Message, Profile, Request, RequestState
from ...core.records.root import Record
from ...ports import (
    Conversations,
    Effects,
    Entries,
    LeaseQueue,
    Messages,
    Page,
    Parked,
    Records,
    Requests,
    StoredEffect,
    Streams,
    Texts,
    View,
)
from ..storable import choose_pool, cursor_of, entry_cells, place_of
from .ordered import Ordered
from .space import Space

__all__ = ["ANSWERS", "as_stored", "chained", "view_page"]


def _message(space: Space, want: WantMessage) -> Message | None:
    id = space.natives.get((want.channel_id, want.native))
    return None if id is None else space.messages[id]


def _placed(space: Space, want: WantPlaced) -> tuple[Message | None, Conversation | None]:
    found = space.messages.get(want.id)
    return found, None if found is None else space.conversations.get(found.conversation_id)


def _profile(space: Space, want: WantProfile) -> Profile | None:
    return space.profiles.get(want.id)


def _outcome(space: Space, want: WantOutcome) -> Answer:
    return space.outcomes.get(want.key)


def _lane(space: Space, want: WantLane) -> tuple[Lane | None, Conversation | None]:
    lane = space.lanes.get((want.channel_id, want.profile_id))
    if lane is None or lane.conversation_id is None:
        return lane, None
    return lane, space.conversations.get(lane.conversation_id)


def _thread(space: Space, want: WantThread) -> Conversation | None:
    for native in reversed(want.natives):
        key = want.channel_id, native
        id = space.natives.get(key)
        found = None if id is None else space.conversations.get(space.messages[id].conversation_id)
        if found is None and key in space.threads:  # a message's own conversation may have been purged
            found = space.conversations.get(space.threads[key])
        if found is not None:
            return found
    return None


def _conversation(space: Space, want: WantConversation) -> Conversation | None:
    return space.conversations.get(want.id)


def _request(space: Space, want: WantRequest) -> tuple[Request | None, Conversation | None]:
    found = space.requests.get(want.id)
    return found, None if found is None else space.conversations.get(found.conversation_id)


def _last_open(space: Space, want: WantLastOpen) -> Conversation | None:
    opened = space.open_in.get(want.channel_id)
    last = opened and opened.last()
    if not last:
        return None
    return space.conversations.get(space.requests[last[1]].conversation_id)  # type: ignore[index]


def _neighbours(space: Space, want: WantNeighbours) -> Neighbours:
    tops = space.tops.get((want.channel_id, want.profile_id))
    if tops is None:
        return Neighbours()
    here = want.sent_at, want.id
    messages: dict[Any, Message] = space.messages
    before = next(tops.down(here), None)
    after = tuple([messages[key[1]] for key in islice(tops.up(here), NEIGHBOURS)])
    return Neighbours(None if before is None else messages[before[1]], after)


def _pool(space: Space, want: WantPool) -> tuple[AgentLoad, ...]:
    return choose_pool(space.agents, want)


def _waiting(space: Space, want: WantWaiting) -> tuple[Request, ...]:
    line = space.waiting.get(want.queue)
    if line is None:
        return ()
    requests: dict[Any, Request] = space.requests
    return tuple([requests[key[-1]] for key in islice(line.up(), want.top)])


def _record(space: Space, want: WantRecord) -> Record | None:
    return space.records.get((want.kind, want.id))


def _records(space: Space, want: WantRecords) -> tuple[Record, ...]:
    line = space.records_by.get((want.kind, want.name, want.content))
    if line is None:
        return ()
    places = line.down() if want.newest_first else line.up()
    return tuple([space.records[want.kind, id] for _, id in islice(places, want.top)])


def _desk(space: Space, want: WantDesk) -> DeskDocument | None:
    desk = space.desk
    return None if desk is None or desk.revision == want.known else desk


ANSWERS: dict[type, Callable[[Space, Any], Answer]] = {
    WantMessage: _message,
    WantPlaced: _placed,
    WantProfile: _profile,
    WantOutcome: _outcome,
    WantLane: _lane,
    WantThread: _thread,
    WantConversation: _conversation,
    WantRequest: _request,
    WantLastOpen: _last_open,
    WantNeighbours: _neighbours,
    WantPool: _pool,
    WantWaiting: _waiting,
    WantRecord: _record,
    WantRecords: _records,
    WantDesk: _desk,
}


# --- views ---


def view_page(space: Space, view: View) -> Page:
    """One page of a view."""
    if isinstance(view, Effects):
        return _effects_page(space, view)
    if isinstance(view, Records):
        return _records_page(space, view)
    if isinstance(view, Entries):
        return _entries_page(space, view)
    if isinstance(view, Texts):
        return _texts_page(space, view)
    if isinstance(view, Parked):
        return _parked_page(space, view)
    ids, read, fits = _PAGES[type(view)](space, view)
    return _page(((id, read(id)) for id in ids), fits, view.limit)


def _page(candidates: Iterator[tuple[str, Any]], fits: Callable[[Any], bool], limit: int) -> Page:
    chosen = list(islice(((id, item) for id, item in candidates if fits(item)), limit + 1))
    more = len(chosen) > limit
    chosen = chosen[:limit]
    return Page(items=tuple(item for _, item in chosen), next=chosen[-1][0] if more else None)


_NONE: Ordered[str] = Ordered()  # nothing is ever added
Source = tuple[Iterable[str], Callable[[Any], Any], Callable[[Any], bool]]


def _requests(space: Space, view: Requests) -> Source:
    if view.conversation_id is not None:
        ids = _few(space.requests_of.get(view.conversation_id, ()), view.after, view.newest_first)
    else:
        listed = _listed_requests(space, view)
        ids = listed.down(view.after) if view.newest_first else listed.up(view.after)

    def fits(request: Request) -> bool:
        return (
            (not view.states or request.state in view.states)
            and view.channel_id in (None, request.channel_id)
            and view.assignee in (None, request.assignee)
            and view.queue in (None, request.queue)
        )

    return ids, space.requests.__getitem__, fits


def _listed_requests(space: Space, view: Requests) -> Ordered[str]:
    """The shortest list that holds all that the view does."""
    if view.states and RequestState.CLOSED not in view.states:
        if view.assignee is None:
            return space.open_requests
        return space.assigned_to.get(view.assignee, _NONE)
    if view.states == (RequestState.CLOSED,):
        if view.assignee is not None:
            return space.closed_of.get(view.assignee, _NONE)
        if view.channel_id is not None:
            return space.closed_in.get(view.channel_id, _NONE)
    return space.request_ids


def _conversations(space: Space, view: Conversations) -> Source:
    def fits(conversation: Conversation) -> bool:
        return (
            view.open in (None, conversation.is_open)
            and (not view.states or conversation.state in view.states)
            and view.quiet in (None, conversation.is_quiet)
            and view.channel_id in (None, conversation.channel_id)
            and view.requester in (None, conversation.requester)
            and view.holder in (None, conversation.holder)
        )

    listed = _listed_conversations(space, view)
    ids = listed.down(view.after) if view.newest_first else listed.up(view.after)
    return ids, space.conversations.__getitem__, fits


def _listed_conversations(space: Space, view: Conversations) -> Ordered[str]:
    """As for requests."""
    wants_open = view.wants_open
    if wants_open is False:
        if view.requester is not None:
            return space.past_of.get(view.requester, _NONE)
        if view.channel_id is not None:
            return space.past_in.get(view.channel_id, _NONE)
    return space.open_conversations if wants_open else space.conversation_ids


def _messages(space: Space, view: Messages) -> Source:
    if view.conversation_id is None:
        ids = space.message_ids.up(view.after)
    else:
        sent = space.messages_of.get(view.conversation_id, ())
        ids = _few((id for _, id in sent), view.after, False)
    return ids, space.messages.__getitem__, lambda _: True


def _streams(space: Space, view: Streams) -> Source:
    return space.stream_names.up(view.after), lambda name: name, lambda _: True


def _few(ids: Iterable[str], after: str | None, newest_first: bool) -> Iterator[str]:
    """The ids of one conversation, sorted when somebody asks."""
    ordered = sorted(ids, reverse=newest_first)
    if after is None:
        return iter(ordered)
    return (id for id in ordered if (id < after if newest_first else id > after))


_PAGES: dict[type, Callable[[Space, Any], Source]] = {
    Requests: _requests,
    Conversations: _conversations,
    Messages: _messages,
    Streams: _streams,
}


def _records_page(space: Space, view: Records) -> Page:
    kind, after, records = view.kind, view.after, space.records
    candidates: Iterator[tuple[str, Record]]
    if view.name is None:
        listed = space.record_ids.get(kind, Ordered())
        ids = listed.down(after) if view.newest_first else listed.up(after)
        candidates = ((id, records[kind, id]) for id in ids)
    else:
        line = space.records_by.get((kind, view.name, view.content), Ordered())
        border = None if after is None else place_of(after)
        places = line.down(border) if view.newest_first else line.up(border)
        candidates = ((cursor_of(rank, id), records[kind, id]) for rank, id in places)
    return _page(candidates, lambda _: True, view.limit)


def _effects_page(space: Space, view: Effects) -> Page:
    about = view.conversation_id
    places = space.effects if about is None else space.effects_of.get(about, [])
    first = bisect_right(places, int(view.after or 0), key=lambda place: place.number)
    return _page(
        (
            (
                place.id,
                StoredEffect(
                    queued=place.item,  # type: ignore[arg-type]  # the outbox holds nothing else
                    state=place.state,
                    attempts=place.attempts,
                    note=place.note,
                ),
            )
            for place in islice(places, first, None)
            if view.state is None or place.state is view.state
        ),
        lambda _: True,
        view.limit,
    )


def _parked_page(space: Space, view: Parked) -> Page:
    parked: Iterable[tuple[str, Any]] = space.queues[view.queue].all_parked()
    if view.after is not None and view.queue is LeaseQueue.AGENDA:
        parked = ((key, item) for key, item in parked if key > (view.after or ""))
    elif view.after is not None:
        parked = ((number, item) for number, item in parked if int(number) > int(view.after or 0))
    return _page(iter(parked), lambda _: True, view.limit)


def _texts_page(space: Space, view: Texts) -> Page:
    owners = frozenset(view.owners)
    ids = sorted(id for id, text in space.texts.items() if text.body and text.ref.owner in owners)
    return _page(((id, id) for id in ids if id > (view.after or "")), lambda _: True, view.limit)


def _entries_page(space: Space, view: Entries) -> Page:
    stored = chained(space, view.stream)
    if view.newest_first:
        stored = reversed(list(stored))
    after = None if view.after is None else int(view.after)
    return _page(
        (
            (str(each.seq), each)
            for each in stored
            if after is None or (each.seq < after if view.newest_first else each.seq > after)
        ),
        lambda _: True,
        view.limit,
    )


def chained(space: Space, stream: str) -> Iterator[StoredEntry]:
    """Entries as another store would keep them.

    Digests are made when somebody looks, which is as good as any other moment here: nobody can change this history but
    through the store.
    """
    entries = space.streams.get(stream, ())
    digest = space.cut[stream] if entries and entries[0].seq != 1 else BEGINNING
    return as_stored(entries, digest, space.kept.get(stream, {}))


def as_stored(
    entries: Iterable[Entry], digest: bytes, kept: Mapping[int, StoredEntry]
) -> Iterator[StoredEntry]:
    """Entries behind one with this digest; those ``kept`` are stored otherwise than they would be today."""
    for entry in entries:
        if entry.seq in kept:
            yield (stored := kept[entry.seq])
            digest = stored.digest
            continue
        cells = entry_cells(entry)
        digest = linked(digest, own_digest(*cells))
        yield StoredEntry(
            stream=entry.stream,
            seq=entry.seq,
            at=cells[2],
            actor_kind=cells[3],
            actor_id=cells[4],
            cause_kind=cells[5],
            cause_key=cells[6],
            rules=cells[7],
            events=cells[8],
            digest=digest,
        )
