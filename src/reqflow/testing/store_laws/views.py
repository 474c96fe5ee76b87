"""Pages of views, and history: filtered, ordered, stable, and of one workspace."""

from __future__ import annotations

from typing import Any

import pytest

from ...core.effects import PostMessage, QueuedEffect
from ...core.model import (
    AgentId,
    Audience,
    ChannelId,
    Code,
    ConversationId,
    ConversationState,
    MessageId,
    ProfileId,
    QueueId,
    RequestState,
    Workspace,
)
from ...ports import (
    Conversations,
    Effects,
    EffectState,
    LeaseQueue,
    Messages,
    Requests,
    Store,
    StoredEffect,
    Streams,
)
from ..samples import (
    CHANNEL,
    START,
    WORKSPACE,
    make_batch,
    make_conversation,
    make_effect,
    make_entry,
    make_message,
    make_request,
    make_text,
    moment,
)
from .laws import StoreLaws, items, lease, pages, picture

__all__ = ["ViewLaws"]

CLOSED: dict[str, Any] = {"state": RequestState.CLOSED, "closed_at": moment(99)}


def ids(found: list[object]) -> list[str]:
    return [each.id[-1] for each in found]  # type: ignore[attr-defined]


class ViewLaws(StoreLaws):
    """People read pages: each item once, in order, and none that is not theirs."""

    @pytest.fixture
    def filled(self, store: Store) -> Store:
        store.commit(
            make_batch(
                conversations=(
                    make_conversation(1, requests=(make_request(1),)),
                    make_conversation(2, state=ConversationState.CLOSED, closed=(make_request(2, **CLOSED),)),
                    make_conversation(
                        3, channel_id="chat:other", state=ConversationState.ACTIVE, holder="bob"
                    ),
                    make_conversation(4, state=ConversationState.CLOSED, requester="p_other"),
                ),
                requests=(
                    make_request(1, queue=QueueId("sales"), waiting_at=START),
                    make_request(2, **CLOSED),
                    make_request(3, 1, state=RequestState.ASSIGNED, assignee="bob"),
                    make_request(4, 1, channel_id="chat:other", assignee="bob", **CLOSED),
                ),
                messages=(make_message(2, 1), make_message(1, 1), make_message(3, 2)),
                entries=tuple(make_entry(stream, 1) for stream in ("c_2", "desk", "c_1")),
                effects=tuple(make_effect(n, conversation=n % 2) for n in range(4)),
            )
        )
        return store

    def test_requests_are_filtered(self, filled: Store) -> None:
        states = (RequestState.UNASSIGNED, RequestState.ASSIGNED)
        for view, found in (
            (Requests(), "1234"),
            (Requests(states=states), "13"),
            (Requests(states=(RequestState.CLOSED,)), "24"),
            (Requests(channel_id=ChannelId("chat:other")), "4"),
            (Requests(assignee=AgentId("bob")), "34"),
            (Requests(assignee=AgentId("bob"), states=states), "3"),
            (Requests(queue=QueueId("sales")), "1"),
            (Requests(conversation_id=ConversationId("c_0001")), "134"),
            (Requests(conversation_id=ConversationId("c_0001"), states=states), "13"),
            (Requests(newest_first=True), "4321"),
            (Requests(newest_first=True, after="r_0003"), "21"),
            (Requests(states=states, after="r_0001", newest_first=False), "3"),
            (Requests(conversation_id=ConversationId("c_0001"), newest_first=True, after="r_0004"), "31"),
            (Requests(assignee=AgentId("bob"), states=(RequestState.CLOSED,)), "4"),
            (Requests(assignee=AgentId("eve"), states=(RequestState.CLOSED,)), ""),
            (Requests(channel_id=CHANNEL, states=(RequestState.CLOSED,), newest_first=True), "2"),
            (Requests(channel_id=CHANNEL, states=states), "13"),
            (Requests(queue=QueueId("sales"), states=states, assignee=AgentId("bob")), ""),
        ):
            assert "".join(ids(items(filled, view))) == found, view

    def test_conversations_are_filtered(self, filled: Store) -> None:
        for view, found in (
            (Conversations(), "1234"),
            (Conversations(open=True), "13"),
            (Conversations(open=False), "24"),
            (Conversations(quiet=True), "34"),
            (Conversations(quiet=False), "12"),
            (Conversations(open=True, quiet=True), "3"),
            (Conversations(channel_id=CHANNEL), "124"),
            (Conversations(open=True, channel_id=CHANNEL), "1"),
            (Conversations(newest_first=True, after="c_0003"), "21"),
            (Conversations(open=True, newest_first=True), "31"),
            (Conversations(states=(ConversationState.ACTIVE,)), "3"),
            (Conversations(states=(ConversationState.PENDING, ConversationState.CLOSED)), "124"),
            (Conversations(states=(ConversationState.CLOSED,)), "24"),
            (Conversations(holder=AgentId("bob")), "3"),
            (Conversations(holder=AgentId("bob"), open=False), ""),
            (Conversations(requester=ProfileId("p_other")), "4"),
            (Conversations(requester=ProfileId("p_other"), open=False), "4"),
            (Conversations(requester=ProfileId("p_other"), open=True), ""),
            (Conversations(open=False, channel_id=CHANNEL, newest_first=True), "42"),
            (Conversations(open=False, channel_id=CHANNEL, newest_first=True, after="c_0004"), "2"),
        ):
            assert "".join(ids(items(filled, view))) == found, view

    def test_messages_come_by_id(self, filled: Store) -> None:
        assert "".join(ids(items(filled, Messages()))) == "123"
        assert "".join(ids(items(filled, Messages(conversation_id=ConversationId("c_0001"))))) == "12"
        one = Messages(conversation_id=ConversationId("c_0001"), after="m_0001")
        assert "".join(ids(items(filled, one))) == "2"

    def test_streams_are_named_in_order(self, filled: Store) -> None:
        assert items(filled, Streams()) == ["c_1", "c_2", "desk"]
        assert items(filled, Streams(after="c_1", limit=1)) == ["c_2"]

    def test_effects_come_in_the_order_they_were_queued(self, filled: Store) -> None:
        filled.commit(make_batch(effects=(make_effect(0, muted=True, id=Code("e_last")),)))
        (leased,) = lease(filled, LeaseQueue.OUTBOX, limit=1)
        filled.settle(WORKSPACE, [leased])
        assert items(filled, Effects())[0] == StoredEffect(
            queued=make_effect(0), state=EffectState.DONE, attempts=1
        )
        for view, found in (
            (Effects(), "0123t"),
            (Effects(conversation_id=ConversationId("c_0000")), "02t"),
            (Effects(state=EffectState.READY), "123"),
            (Effects(state=EffectState.MUTED), "t"),
            (Effects(state=EffectState.DONE), "0"),
            (Effects(conversation_id=ConversationId("c_0000"), state=EffectState.READY), "2"),
        ):
            assert "".join(ids([each.queued for each in items(filled, view)])) == found, view

    def test_an_effect_about_no_conversation_is_kept_too(self, store: Store) -> None:
        post = QueuedEffect(
            id=Code("e_1"),
            destination=Code("chat:lobby"),
            effect=PostMessage(
                channel_id=CHANNEL,
                conversation_id=ConversationId("c_0001"),
                message_id=MessageId("m_0001"),
                audience=Audience.INTERNAL,
                text=make_text(1).ref,
            ),
            queued_at=START,
            collapse=Code("card"),
        )
        store.commit(make_batch(effects=(post,)))
        assert [each.queued for each in items(store, Effects())] == [post]

    def test_what_is_closed_and_opened_again_is_found_where_it_stands(self, filled: Store) -> None:
        closed = make_request(1, assignee="bob", **CLOSED)
        ended = make_conversation(1, 2, state=ConversationState.CLOSED, closed=(closed,))
        filled.commit(make_batch(conversations=(ended,), requests=(closed,)))
        done = (RequestState.CLOSED,)
        assert "".join(ids(items(filled, Conversations(open=False, channel_id=CHANNEL)))) == "124"
        assert "".join(ids(items(filled, Conversations(open=False, requester=ended.requester)))) == "12"
        assert "".join(ids(items(filled, Requests(assignee=AgentId("bob"), states=done)))) == "14"
        again = make_request(1, state=RequestState.ASSIGNED, assignee="eve")
        reopened = make_conversation(1, 3, requests=(again,))
        filled.commit(make_batch(conversations=(reopened,), requests=(again,)))
        assert "".join(ids(items(filled, Conversations(open=False, channel_id=CHANNEL)))) == "24"
        assert "".join(ids(items(filled, Conversations(open=False, requester=ended.requester)))) == "2"
        assert "".join(ids(items(filled, Requests(assignee=AgentId("bob"), states=done)))) == "4"
        taken = Requests(assignee=AgentId("eve"), states=(RequestState.ASSIGNED,))
        assert "".join(ids(items(filled, taken))) == "1"

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
    def test_pages_hold_each_item_once(self, filled: Store, limit: int) -> None:
        for kind, whole in (
            (Requests, "1234"),
            (Conversations, "1234"),
            (Messages, "123"),
            (Effects, "0123"),
        ):
            found = pages(filled, lambda after, kind=kind: kind(after=after, limit=limit))
            flat = [getattr(each, "queued", each) for page in found for each in page]
            assert "".join(ids(flat)) == whole
            assert all(len(page) <= limit for page in found)
            assert all(len(page) == limit for page in found[:-1])
        names = pages(filled, lambda after: Streams(after=after, limit=limit))
        assert [name for page in names for name in page] == ["c_1", "c_2", "desk"]
        down = pages(filled, lambda after: Requests(after=after, limit=limit, newest_first=True))
        assert "".join(ids([each for page in down for each in page])) == "4321"

    def test_pages_are_stable_while_rows_come_and_go(self, filled: Store) -> None:
        page = filled.query(WORKSPACE, Requests(limit=2))
        filled.commit(make_batch(requests=(make_request(0), make_request(5), make_request(1, **CLOSED))))
        rest = items(filled, Requests(after=page.next))
        assert "".join(ids([*page.items, *rest])) == "12345"

    def test_views_never_leave_their_workspace(self, filled: Store) -> None:
        empty: dict[str, Any] = {
            "conversations": [],
            "requests": [],
            "messages": [],
            "records": [],
            "effects": [],
            "history": {},
            "chain": {},
            "next_due": None,
            "desk": None,
        }
        assert picture(filled, Workspace("other")) == empty
        assert filled.history(Workspace("other"), "c_1") in ((), [])
        assert items(filled, Messages(conversation_id=ConversationId("c_0001")), Workspace("other")) == []

    def test_workspaces_may_use_the_same_ids(self, filled: Store) -> None:
        other = Workspace("other")
        before = picture(filled)
        filled.commit(
            make_batch(
                workspace=other,
                conversations=(make_conversation(1, holder=AgentId("eve")),),
                requests=(make_request(1, status=Code("mine")),),
                messages=(make_message(1),),
                entries=(make_entry("c_1", 1),),
            )
        )
        assert picture(filled) == before
        assert items(filled, Conversations(), other)[0].holder == "eve"
        assert items(filled, Requests(), other)[0].status == "mine"

    def test_history_is_read_from_anywhere(self, store: Store) -> None:
        entries = [make_entry("c_0001", seq) for seq in range(1, 6)]
        store.commit(make_batch(entries=tuple(entries)))
        assert list(store.history(WORKSPACE, "c_0001", after=2)) == entries[2:]
        assert list(store.history(WORKSPACE, "c_0001", after=1, limit=2)) == entries[1:3]
        assert list(store.history(WORKSPACE, "c_0001", after=5)) == []
        assert list(store.history(WORKSPACE, "c_0002")) == []

    def test_a_view_of_nothing_is_an_empty_last_page(self, store: Store) -> None:
        page = store.query(WORKSPACE, Requests())
        assert (page.items, page.next) == ((), None)
