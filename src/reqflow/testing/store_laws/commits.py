"""What a commit does to rows: put, moved, adopted, counted, restored."""

from __future__ import annotations

from typing import Any

import pytest

from ...core.facts import (
    WantConversation,
    WantLane,
    WantLastOpen,
    WantMessage,
    WantNeighbours,
    WantOutcome,
    WantPool,
    WantRequest,
    WantThread,
    WantWaiting,
)
from ...core.model import (
    AgentId,
    AgentLoad,
    Attachment,
    AttachmentKind,
    Audience,
    Code,
    ConversationId,
    Delivery,
    MessageId,
    QueueId,
    RequestId,
    RequestState,
)
from ...core.values import changed
from ...errors import Conflict, InvalidInput
from ...ports import Absorbed, Adopted, LoadChange, Messages, Requests, Store, ThreadKey
from ..samples import (
    CHANNEL,
    PROFILE,
    START,
    WORKSPACE,
    make_batch,
    make_conversation,
    make_entry,
    make_lane,
    make_message,
    make_outcome,
    make_request,
    make_text,
    moment,
)
from .laws import StoreLaws, ask, items

__all__ = ["CommitLaws"]


def posted(number: int) -> tuple[ThreadKey, ...]:
    """The thread key ``posted``, which leads to the conversation of that number."""
    return (ThreadKey(CHANNEL, "posted", ConversationId(f"c_{number:04}")),)  # type: ignore[arg-type]


class CommitLaws(StoreLaws):
    """Rows end up as the batch says, in the order it documents."""

    def test_a_request_is_put_whatever_was_there(self, store: Store) -> None:
        taken = make_request(1, state=RequestState.ASSIGNED, assignee=AgentId("bob"))
        store.commit(make_batch(conversations=(make_conversation(1),), requests=(make_request(1),)))
        store.commit(make_batch(requests=(taken,)))
        assert ask(store, WantRequest(taken.id))[0] == taken

    def test_absorbed_messages_and_threads_move(self, store: Store) -> None:
        reply = make_message(2, 1, top=False, thread="n1")
        store.commit(
            make_batch(
                conversations=(make_conversation(1), make_conversation(9)),
                messages=(make_message(1), reply, make_message(9)),
                threads=(
                    ThreadKey(CHANNEL, "posted", "c_0001"),  # type: ignore[arg-type]
                    ThreadKey(CHANNEL, "other", "c_0009"),  # type: ignore[arg-type]
                ),
            )
        )
        move = Absorbed(ConversationId("c_0001"), ConversationId("c_0009"), RequestId("r_0009"), moment(1))
        store.commit(make_batch(absorbed=(move,)))
        placed = {"conversation_id": "c_0009", "request_id": "r_0009"}
        assert items(store, Messages(conversation_id=ConversationId("c_0001"))) == []
        assert items(store, Messages(conversation_id=ConversationId("c_0009"))) == [
            changed(make_message(1), **placed, group_at=moment(1)),
            changed(reply, **placed),
            make_message(9),
        ]
        assert ask(store, WantMessage(CHANNEL, "n2")).conversation_id == "c_0009"  # type: ignore[arg-type]
        assert ask(store, WantThread(CHANNEL, ("posted",))).id == "c_0009"  # type: ignore[arg-type]

    def test_a_message_of_the_same_commit_is_absorbed_too(self, store: Store) -> None:
        store.commit(make_batch(messages=(make_message(1),)))
        move = Absorbed(ConversationId("c_0001"), ConversationId("c_0009"), RequestId("r_0009"), START)
        store.commit(make_batch(messages=(make_message(2, 1),), absorbed=(move,)))
        found = items(store, Messages(conversation_id=ConversationId("c_0009")))
        assert [each.request_id for each in found] == ["r_0009", "r_0009"]

    def test_only_loose_messages_from_then_on_are_adopted(self, store: Store) -> None:
        store.commit(
            make_batch(
                messages=(
                    make_message(1, 1),
                    make_message(2, 1, request_id="r_0007"),
                    make_message(3, 1, top=False),
                    make_message(4, 2),
                )
            )
        )
        adopted = Adopted(ConversationId("c_0001"), RequestId("r_0001"), moment(2))
        store.commit(make_batch(messages=(make_message(5, 1, sent_at=moment(2)),), adopted=(adopted,)))
        found = {each.id: each.request_id for each in items(store, Messages())}
        assert found == {
            "m_0001": None,
            "m_0002": "r_0007",
            "m_0003": "r_0001",
            "m_0004": None,
            "m_0005": "r_0001",
        }

    def test_messages_are_absorbed_before_they_are_adopted(self, store: Store) -> None:
        store.commit(make_batch(messages=(make_message(1, 1), make_message(2, 2))))
        store.commit(
            make_batch(
                absorbed=(
                    Absorbed(ConversationId("c_0001"), ConversationId("c_0002"), RequestId("r_1"), START),
                ),
                adopted=(Adopted(ConversationId("c_0002"), RequestId("r_2"), START),),
            )
        )
        assert [each.request_id for each in items(store, Messages())] == ["r_1", "r_2"]

    def test_a_thread_key_keeps_its_target(self, store: Store) -> None:
        store.commit(make_batch(conversations=tuple(make_conversation(n) for n in (1, 2)), threads=posted(1)))
        store.commit(make_batch(threads=posted(1) * 2, outcomes=(make_outcome(1),)))
        assert ask(store, WantOutcome(make_outcome(1)[0])) is not None
        elsewhere = ThreadKey(CHANNEL, "new", "c_0002"), *posted(2)  # type: ignore[arg-type]
        for threads in (posted(2), (*posted(1), *posted(2)), elsewhere):
            with pytest.raises(Conflict) as caught:
                store.commit(make_batch(threads=threads, outcomes=(make_outcome(2),)))
            assert caught.value.rows == (("thread", f"{CHANNEL} posted"),)
        assert ask(store, WantThread(CHANNEL, ("posted",))).id == "c_0001"  # type: ignore[arg-type]
        assert ask(store, WantThread(CHANNEL, ("new",))) is None  # type: ignore[arg-type]
        assert ask(store, WantOutcome(make_outcome(2)[0])) is None

    def test_a_new_thread_key_has_one_target(self, store: Store) -> None:
        with pytest.raises(Conflict) as caught:
            store.commit(make_batch(threads=(*posted(1), *posted(2))))
        assert caught.value.rows == (("thread", f"{CHANNEL} posted"),)

    def test_a_thread_key_goes_with_its_conversation(self, store: Store) -> None:
        """A commit names where it leads before what the same commit absorbs is moved."""
        conversations = tuple(make_conversation(n) for n in (1, 9))
        store.commit(make_batch(conversations=conversations, threads=posted(1)))
        move = Absorbed(ConversationId("c_0001"), ConversationId("c_0009"), RequestId("r_0009"), START)
        new = ThreadKey(CHANNEL, "new", "c_0001")  # type: ignore[arg-type]
        store.commit(make_batch(threads=(*posted(1), new), absorbed=(move,)))
        for native in ("posted", "new"):
            assert ask(store, WantThread(CHANNEL, (native,))).id == "c_0009"  # type: ignore[arg-type]
        store.commit(make_batch(threads=posted(9)))
        with pytest.raises(Conflict):
            store.commit(make_batch(threads=posted(1)))

    # --- messages that change ---

    def test_a_revised_message_is_as_it_is_now(self, store: Store) -> None:
        told = make_text(7).ref
        file = Attachment(AttachmentKind.DOCUMENT, name=told, media_type=Code("text/plain"), size=3)
        store.commit(make_batch(messages=(make_message(1, text=told), make_message(2, 1))))
        edited = make_message(
            1,
            text=make_text(8).ref,
            request_id="r_0001",
            attachments=(file,),
            unreviewed=True,
            edited_at=moment(70),
            delivery=Delivery.UNDELIVERED,
            delivery_code=Code("gone"),
        )
        deleted = make_message(1, text=None, deleted_at=moment(80))
        for now in (edited, deleted, make_message(1)):
            store.commit(make_batch(revised=(now,)))
            assert ask(store, WantMessage(CHANNEL, now.native)) == now
            assert items(store, Messages()) == [now, make_message(2, 1)]

    def test_a_revised_message_is_listed_where_it_is(self, store: Store) -> None:
        store.commit(make_batch(messages=tuple(make_message(n, 1) for n in (1, 2, 3))))
        inside = make_message(2, 9, top=False, request_id="r_0009")
        store.commit(make_batch(revised=(inside, make_message(3, 1, text=None))))
        assert items(store, Messages(conversation_id=ConversationId("c_0009"))) == [inside]
        found = ask(store, WantNeighbours(CHANNEL, PROFILE, START, MessageId("")))
        assert found.after == (make_message(1, 1), make_message(3, 1, text=None))

    def test_a_message_is_revised_before_it_is_absorbed_or_adopted(self, store: Store) -> None:
        store.commit(make_batch(messages=tuple(make_message(n, (n + 1) // 2) for n in range(1, 7))))
        store.commit(
            make_batch(
                revised=(
                    make_message(1, 1, text=make_text(1).ref),
                    make_message(3, 2, text=make_text(3).ref),
                    make_message(5, 3, request_id="r_own"),
                ),
                absorbed=(
                    Absorbed(ConversationId("c_0001"), ConversationId("c_0009"), RequestId("r_9"), START),
                ),
                adopted=(
                    Adopted(ConversationId("c_0002"), RequestId("r_2"), START),
                    Adopted(ConversationId("c_0003"), RequestId("r_3"), START),
                ),
            )
        )
        moved: dict[str, Any] = {"request_id": "r_9", "group_at": START}
        assert items(store, Messages()) == [
            make_message(1, 9, text=make_text(1).ref, **moved),
            make_message(2, 9, **moved),
            make_message(3, 2, text=make_text(3).ref, request_id="r_2"),
            make_message(4, 2, request_id="r_2"),
            make_message(5, 3, request_id="r_own"),
            make_message(6, 3, request_id="r_3"),
        ]

    def test_loads_are_added_up(self, store: Store) -> None:
        bob = AgentId("bob")
        store.commit(make_batch(loads=(LoadChange(bob, 2, moment(1)),)))
        store.commit(make_batch(loads=(LoadChange(bob, -1),)))
        assert ask(store, WantPool((bob,))) == (AgentLoad(bob, 2, 1, moment(1)),)

    @pytest.mark.parametrize("body", ["NUL \0", "lone surrogate \ud800", "\udfff"])
    def test_a_text_that_cannot_be_kept_is_refused_before_anything_is_stored(
        self, store: Store, body: str
    ) -> None:
        with pytest.raises(InvalidInput, match=r"t_0001\.body"):
            store.commit(make_batch(messages=(make_message(1),), texts=(make_text(1, body),)))
        assert items(store, Messages()) == []

    def test_a_known_text_stays_as_it_is(self, store: Store) -> None:
        store.commit(make_batch(texts=(make_text(1, "first"),)))
        store.commit(make_batch(texts=(make_text(1, "second"), make_text(2, "other"))))
        ids = [make_text(n).ref.id for n in (1, 2)]
        assert store.texts(WORKSPACE, ids, Audience.CUSTOMER) == dict(
            zip(ids, ["first", "other"], strict=True)
        )

    def test_texts_are_kept_exactly(self, store: Store) -> None:
        bodies = [
            "",
            " spaced \r\n\t",
            "ünïcödé 😀 \u2028",
            "\x01\x7f\ufffe\uffff",
            "'; --",
            "long " * 200_000,
        ]
        texts = tuple(make_text(number, body) for number, body in enumerate(bodies))
        store.commit(make_batch(texts=texts))
        ids = [text.ref.id for text in texts]
        found = store.texts(WORKSPACE, ids, Audience.CUSTOMER)
        assert [found[id] for id in ids] == bodies

    def test_restoring_puts_state_as_it_is(self, store: Store) -> None:
        store.commit(
            make_batch(
                conversations=(make_conversation(1, requests=(make_request(1),)), make_conversation(2)),
                requests=(make_request(1), make_request(3, 1), make_request(2)),
                messages=(make_message(1, 1), make_message(3, 1), make_message(2, 2)),
                lanes=(make_lane(1),),
                entries=(make_entry("c_0001", 1),),
                loads=(LoadChange(AgentId("bob"), 5),),
            )
        )
        right = make_request(
            1, state=RequestState.UNASSIGNED, queue=QueueId("sales"), waiting_at=moment(4), touched=True
        )
        store.commit(
            make_batch(
                restoring=True,
                conversations=(make_conversation(1, 7, requests=(right,)),),
                requests=(right,),
                messages=(make_message(1, 1, request_id="r_0001"), make_message(5, 1)),
                lanes=(make_lane(1, 9, conversation=1),),
                agents=(AgentLoad(AgentId("bob"), 3, 2, moment(8)),),
            )
        )
        first = ConversationId("c_0001")
        assert ask(store, WantConversation(first)) == make_conversation(1, 7, requests=(right,))
        assert items(store, Requests()) == [right, make_request(2)]
        assert items(store, Messages(conversation_id=first)) == [
            make_message(1, 1, request_id="r_0001"),
            make_message(5, 1),
        ]
        assert items(store, Messages(conversation_id=ConversationId("c_0002"))) == [make_message(2, 2)]
        assert ask(store, WantMessage(CHANNEL, "n3")) is None  # type: ignore[arg-type]
        assert ask(store, WantWaiting(QueueId("sales"))) == (right,)
        assert ask(store, WantLane(CHANNEL, "p_0001"))[0] == make_lane(1, 9, conversation=1)  # type: ignore[arg-type]
        assert ask(store, WantPool((AgentId("bob"),))) == (AgentLoad(AgentId("bob"), 3, 2, moment(8)),)
        assert list(store.history(WORKSPACE, "c_0001")) == [make_entry("c_0001", 1)]

    def test_restoring_takes_a_message_from_where_it_stood_wrongly(self, store: Store) -> None:
        store.commit(
            make_batch(
                conversations=(make_conversation(1), make_conversation(2)), messages=(make_message(1, 2),)
            )
        )
        store.commit(
            make_batch(restoring=True, conversations=(make_conversation(1),), messages=(make_message(1, 1),))
        )
        assert items(store, Messages()) == [make_message(1, 1)]
        assert items(store, Messages(conversation_id=ConversationId("c_0002"))) == []

    def test_a_request_that_moves_between_states_is_listed_where_it_is(self, store: Store) -> None:
        sales = QueueId("sales")
        waiting = make_request(1, queue=sales, waiting_at=moment(1))
        taken = changed(waiting, state=RequestState.ASSIGNED, assignee=AgentId("bob"), waiting_at=None)
        closed = changed(taken, state=RequestState.CLOSED, closed_at=moment(9))
        conversation = make_conversation(1)
        store.commit(make_batch(conversations=(conversation,), requests=(waiting,)))
        assert ask(store, WantWaiting(sales)) == (waiting,)
        store.commit(make_batch(requests=(taken,)))
        assert ask(store, WantWaiting(sales)) == ()
        assert ask(store, WantLastOpen(CHANNEL)) == conversation
        store.commit(make_batch(requests=(closed,)))
        assert ask(store, WantLastOpen(CHANNEL)) is None
        store.commit(make_batch(requests=(waiting,)))
        assert ask(store, WantWaiting(sales)) == (waiting,)
        assert ask(store, WantLastOpen(CHANNEL)) == conversation

    def test_an_empty_commit_changes_nothing(self, store: Store) -> None:
        store.commit(make_batch(conversations=(make_conversation(1, requester=PROFILE),)))
        store.commit(make_batch())
        assert ask(store, WantConversation(ConversationId("c_0001"))) == make_conversation(1)
