"""What a recall answers, want by want, and that no answer leaves its workspace."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from ...core.facts import (
    DeskDocument,
    Neighbours,
    Want,
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
from ...core.model import (
    AgentId,
    AgentLoad,
    Audience,
    ChannelId,
    Code,
    CommandKey,
    ConversationId,
    MessageId,
    NativeId,
    Profile,
    ProfileId,
    QueueId,
    RequestId,
    RequestState,
    Side,
    TextId,
    Workspace,
)
from ...ports import LoadChange, RecordPut, Store, ThreadKey
from ..samples import (
    CHANNEL,
    PROFILE,
    START,
    WORKSPACE,
    make_batch,
    make_conversation,
    make_lane,
    make_message,
    make_note,
    make_outcome,
    make_request,
    make_text,
    moment,
)
from .laws import StoreLaws, ask

__all__ = ["WantLaws"]

NOTHING: dict[str, tuple[Want, object]] = {
    "message": (WantMessage(CHANNEL, NativeId("n1")), None),
    "placed": (WantPlaced(MessageId("m_0001")), (None, None)),
    "profile": (WantProfile(PROFILE), None),
    "outcome": (WantOutcome(CommandKey("cmd:0001")), None),
    "lane": (WantLane(CHANNEL, ProfileId("p_0001")), (None, None)),
    "thread": (WantThread(CHANNEL, (NativeId("n1"), NativeId("posted"))), None),
    "conversation": (WantConversation(ConversationId("c_0001")), None),
    "request": (WantRequest(RequestId("r_0001")), (None, None)),
    "last_open": (WantLastOpen(CHANNEL), None),
    "neighbours": (WantNeighbours(CHANNEL, PROFILE, START, MessageId("m")), Neighbours()),
    "pool": (WantPool((AgentId("bob"),)), (AgentLoad(AgentId("bob")),)),
    "record": (WantRecord(Code("note"), Code("n_0001")), None),
    "records": (WantRecords(Code("note"), "conversation", "c_0001"), ()),
    "waiting": (WantWaiting(QueueId("sales")), ()),
    "desk": (WantDesk(0), None),
}
SALES = QueueId("sales")


class WantLaws(StoreLaws):
    """Answers are what the wants say."""

    @pytest.mark.parametrize("name", NOTHING)
    def test_an_empty_store_knows_nothing(self, store: Store, name: str) -> None:
        want, answer = NOTHING[name]
        assert ask(store, want) == answer

    @pytest.mark.parametrize("name", NOTHING)
    def test_no_answer_leaves_its_workspace(self, store: Store, name: str) -> None:
        want, answer = NOTHING[name]
        store.commit(
            make_batch(
                conversations=(make_conversation(1),),
                requests=(make_request(1, queue=SALES, waiting_at=START),),
                lanes=(make_lane(1, conversation=1),),
                messages=(make_message(1),),
                profiles=(Profile(PROFILE, make_text(1).ref),),
                threads=(ThreadKey(CHANNEL, NativeId("posted"), ConversationId("c_0001")),),
                loads=(LoadChange(AgentId("bob"), 1),),
                records=(RecordPut(make_note(1)),),
                outcomes=(make_outcome(1),),
                desk=DeskDocument(1, "{}", "00"),
            )
        )
        assert ask(store, want) != answer
        assert ask(store, want, Workspace("other")) == answer

    def test_answers_come_in_the_order_of_the_wants(self, store: Store) -> None:
        store.commit(make_batch(conversations=tuple(make_conversation(n) for n in range(5))))
        wants = [WantConversation(ConversationId(f"c_{n:04}")) for n in (3, 0, 4, 9, 3)]
        found = store.recall(WORKSPACE, wants)
        assert found == tuple(make_conversation(n) if n < 9 else None for n in (3, 0, 4, 9, 3))

    def test_nothing_wanted_is_nothing_answered(self, store: Store) -> None:
        assert store.recall(WORKSPACE, ()) == ()

    def test_a_message_comes_by_its_id_with_the_conversation_that_it_is_in(self, store: Store) -> None:
        store.commit(make_batch(conversations=(make_conversation(1),), messages=(make_message(1),)))
        assert ask(store, WantPlaced(MessageId("m_0001"))) == (make_message(1), make_conversation(1))

    def test_a_profile_is_as_it_was_first_put(self, store: Store) -> None:
        first = Profile(PROFILE, make_text(1).ref, make_text(2).ref)
        store.commit(make_batch(profiles=(first,)))
        store.commit(make_batch(profiles=(Profile(PROFILE, make_text(3).ref),)))
        assert ask(store, WantProfile(PROFILE)) == first

    def test_a_lane_comes_with_the_conversation_that_it_opened_last(self, store: Store) -> None:
        store.commit(
            make_batch(
                conversations=(make_conversation(1),),
                lanes=(make_lane(1, conversation=1), make_lane(2)),
            )
        )
        lane, conversation = ask(store, WantLane(CHANNEL, ProfileId("p_0001")))
        assert (lane, conversation) == (make_lane(1, conversation=1), make_conversation(1))
        assert ask(store, WantLane(CHANNEL, ProfileId("p_0002"))) == (make_lane(2), None)

    def test_a_request_comes_with_its_conversation_open_or_closed(self, store: Store) -> None:
        closed = make_request(2, 1, state=RequestState.CLOSED, closed_at=moment(5))
        store.commit(make_batch(conversations=(make_conversation(1),), requests=(make_request(1), closed)))
        assert ask(store, WantRequest(closed.id)) == (closed, make_conversation(1))
        assert ask(store, WantRequest(RequestId("r_0001"))) == (make_request(1), make_conversation(1))

    def test_the_last_known_message_of_a_thread_decides(self, store: Store) -> None:
        store.commit(
            make_batch(
                conversations=tuple(make_conversation(n) for n in (1, 2, 3)),
                messages=(make_message(1), make_message(2)),
                threads=(ThreadKey(CHANNEL, NativeId("posted"), ConversationId("c_0003")),),
            )
        )
        for natives, found in {
            ("n1", "n2"): "c_0002",
            ("n2", "n1"): "c_0001",
            ("n2", "n1", "unknown"): "c_0001",
            ("n1", "posted"): "c_0003",
            ("posted", "n1"): "c_0001",
        }.items():
            answer = ask(store, WantThread(CHANNEL, tuple(map(NativeId, natives))))
            assert answer.id == found, natives
        assert ask(store, WantThread(ChannelId("chat:other"), (NativeId("n1"),))) is None

    def test_a_message_row_knows_better_than_a_thread_key(self, store: Store) -> None:
        store.commit(
            make_batch(
                conversations=(make_conversation(1), make_conversation(2)),
                messages=(make_message(1),),
                threads=(ThreadKey(CHANNEL, NativeId("n1"), ConversationId("c_0002")),),
            )
        )
        assert ask(store, WantThread(CHANNEL, (NativeId("n1"),))).id == "c_0001"

    def test_the_open_request_that_was_opened_last_counts(self, store: Store) -> None:
        closed: dict[str, Any] = {"state": RequestState.CLOSED, "closed_at": moment(99)}
        store.commit(
            make_batch(
                conversations=tuple(make_conversation(n) for n in range(1, 6)),
                requests=(
                    make_request(1, opened_at=moment(30)),
                    make_request(2, opened_at=moment(50)),
                    make_request(3, opened_at=moment(50)),
                    make_request(4, opened_at=moment(90), **closed),
                    make_request(5, opened_at=moment(99), channel_id="chat:other"),
                ),
            )
        )
        assert ask(store, WantLastOpen(CHANNEL)).id == "c_0003"
        store.commit(make_batch(requests=(make_request(3, opened_at=moment(50), **closed),)))
        assert ask(store, WantLastOpen(CHANNEL)).id == "c_0002"

    def test_neighbours_are_the_authors_top_messages_around_the_moment(self, store: Store) -> None:
        same: dict[str, Any] = {"sent_at": moment(10)}
        store.commit(
            make_batch(
                messages=(
                    make_message(1),
                    make_message(2),
                    make_message(3, **same),
                    make_message(4, **same),
                    make_message(5, **same),
                    make_message(11, top=False),
                    make_message(12, side=Side.TEAM),
                    make_message(13, profile_id="p_eve"),
                    make_message(14, channel_id="chat:other"),
                    make_message(15, profile_id=None),
                    make_message(20),
                )
            )
        )
        found = ask(store, WantNeighbours(CHANNEL, PROFILE, moment(10), MessageId("m_0004")))
        assert found.before == make_message(3, **same)
        assert found.after == (make_message(5, **same), make_message(20))
        first = ask(store, WantNeighbours(CHANNEL, PROFILE, moment(0), MessageId("m_0000")))
        assert first.before is None
        assert [each.id for each in first.after][:3] == ["m_0001", "m_0002", "m_0003"]

    def test_at_most_64_later_neighbours_are_given(self, store: Store) -> None:
        store.commit(make_batch(messages=tuple(make_message(n) for n in range(80))))
        found = ask(store, WantNeighbours(CHANNEL, PROFILE, moment(4), MessageId("m_0004")))
        assert [each.id for each in found.after] == [f"m_{n:04}" for n in range(5, 69)]

    def test_the_pool_is_ordered_by_load_then_longest_since_chosen_then_id(self, store: Store) -> None:
        loads = (
            LoadChange(AgentId("ana"), 2, moment(1)),
            LoadChange(AgentId("bob"), 1, moment(9)),
            LoadChange(AgentId("cal"), 1, moment(3)),
            LoadChange(AgentId("dan"), 1),
            LoadChange(AgentId("fay"), 1, moment(3)),
        )
        store.commit(make_batch(loads=loads))
        everybody = tuple(AgentId(name) for name in ("fay", "ana", "eve", "bob", "cal", "dan"))
        found = ask(store, WantPool(everybody))
        assert [each.agent for each in found] == ["eve", "dan", "cal", "fay", "bob", "ana"]
        assert found[0] == AgentLoad(AgentId("eve"))
        few = ask(store, WantPool(everybody, below=2, top=3))
        assert [each.agent for each in few] == ["eve", "dan", "cal"]
        assert ask(store, WantPool(everybody, below=1)) == (AgentLoad(AgentId("eve")),)
        assert ask(store, WantPool(())) == ()

    def test_the_pool_may_be_ordered_by_longest_since_chosen_then_load_then_id(self, store: Store) -> None:
        loads = (
            LoadChange(AgentId("ana"), 2, moment(1)),
            LoadChange(AgentId("bob"), 1, moment(9)),
            LoadChange(AgentId("cal"), 2, moment(3)),
            LoadChange(AgentId("dan"), 1),
            LoadChange(AgentId("fay"), 1, moment(3)),
            LoadChange(AgentId("gus"), 1, moment(3)),
        )
        store.commit(make_batch(loads=loads))
        everybody = tuple(AgentId(name) for name in ("gus", "fay", "ana", "eve", "bob", "cal", "dan"))
        found = ask(store, WantPool(everybody, by="chosen"))
        assert [each.agent for each in found] == ["eve", "dan", "ana", "fay", "gus", "cal", "bob"]
        few = ask(store, WantPool(everybody, below=2, top=4, by="chosen"))
        assert [each.agent for each in few] == ["eve", "dan", "fay", "gus"]
        both = [WantPool(everybody, top=2, by=order) for order in ("load", "chosen")]
        assert [len(each) for each in store.recall(WORKSPACE, both)] == [2, 2]  # type: ignore[arg-type]

    def test_who_waits_longest_comes_first(self, store: Store) -> None:
        store.commit(
            make_batch(
                requests=(
                    make_request(1, queue=SALES, waiting_at=moment(5)),
                    make_request(2, queue=SALES, waiting_at=moment(3)),
                    make_request(4, queue=SALES, waiting_at=moment(4)),
                    make_request(3, queue=SALES, waiting_at=moment(4)),
                    make_request(5, queue=QueueId("other"), waiting_at=moment(1)),
                    make_request(
                        6, queue=SALES, state=RequestState.ASSIGNED, assignee="bob", waiting_at=moment(1)
                    ),
                    make_request(7, waiting_at=moment(1)),
                )
            )
        )
        assert [each.id for each in ask(store, WantWaiting(SALES))] == ["r_0002"]
        found = ask(store, WantWaiting(SALES, top=9))
        assert [each.id for each in found] == ["r_0002", "r_0003", "r_0004", "r_0001"]

    def test_what_is_urgent_comes_before_what_waits_longer(self, store: Store) -> None:
        waiting = [make_request(n, queue=SALES, waiting_at=moment(n)) for n in (1, 2, 3, 4)]
        ranked = [attrs.evolve(each, priority=p) for each, p in zip(waiting, (0, 5, -1, 0), strict=True)]
        store.commit(make_batch(requests=tuple(ranked)))
        assert [each.id for each in ask(store, WantWaiting(SALES, top=9))] == [
            "r_0003",
            "r_0001",
            "r_0004",
            "r_0002",
        ]
        urgent = attrs.evolve(ranked[1], priority=-2)
        store.commit(make_batch(requests=(urgent,)))
        assert ask(store, WantWaiting(SALES)) == (urgent,)
        store.commit(make_batch(requests=(attrs.evolve(urgent, state=RequestState.CLOSED),)))
        assert [each.id for each in ask(store, WantWaiting(SALES))] == ["r_0003"]

    def test_the_desk_is_told_only_to_those_who_know_another_revision(self, store: Store) -> None:
        desks = [DeskDocument(n, f'{{"n": {n}}}', "0a") for n in (1, 2)]
        store.commit(make_batch(desk=desks[0]))
        assert ask(store, WantDesk(0)) == desks[0]
        store.commit(make_batch(desk=desks[1]))
        found = [ask(store, WantDesk(known)) for known in (0, 1, 2, 3)]
        assert found == [desks[1], desks[1], None, desks[1]]

    def test_customers_never_see_internal_texts(self, store: Store) -> None:
        store.commit(make_batch(texts=(make_text(1, "open"), make_text(2, "secret", Audience.INTERNAL))))
        ids = [TextId(f"t_{n:04}.body") for n in (1, 2, 3)]
        assert store.texts(WORKSPACE, ids, Audience.CUSTOMER) == {ids[0]: "open"}
        assert store.texts(WORKSPACE, ids, Audience.INTERNAL) == {ids[0]: "open", ids[1]: "secret"}
        assert store.texts(WORKSPACE, (), Audience.INTERNAL) == {}
        assert store.texts(Workspace("other"), ids, Audience.INTERNAL) == {}
