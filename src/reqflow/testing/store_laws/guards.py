"""What a commit relies on: versions, keys that exist once, streams without gaps; and all of it or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ...core.facts import DeskDocument, WantConversation, WantLane, WantMessage, WantOutcome, WantPool
from ...core.model import AgentId
from ...errors import Conflict, Duplicate, InvalidInput, StaleLease, StoreError
from ...ports import (
    Batch,
    Hold,
    HoldKind,
    Lease,
    LeaseQueue,
    LoadChange,
    RecordPut,
    Store,
    ThreadKey,
    Timer,
)
from ..samples import (
    CHANNEL,
    make_batch,
    make_conversation,
    make_effect,
    make_entry,
    make_item,
    make_lane,
    make_message,
    make_note,
    make_outcome,
    make_request,
    make_text,
    moment,
)
from .laws import StoreLaws, ask, lease, picture

__all__ = ["GuardLaws"]

STALE = Lease(queue=LeaseQueue.AGENDA, id="none", fence=1, attempts=1, item=Timer("none", moment(0)))  # type: ignore[arg-type]
BREACHES: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "held_conversation": ({"holds": (Hold(HoldKind.CONVERSATION, "c_0001", 2),)}, Conflict),
    "absent_conversation": ({"holds": (Hold(HoldKind.CONVERSATION, "c_0001", 0),)}, Conflict),
    "missing_conversation": ({"holds": (Hold(HoldKind.CONVERSATION, "c_0777", 1),)}, Conflict),
    "held_agent": ({"holds": (Hold(HoldKind.AGENT, "bob", 5),)}, Conflict),
    "held_lane": ({"holds": (Hold(HoldKind.LANE, f"{CHANNEL} p_0001", 4),)}, Conflict),
    "held_record": ({"holds": (Hold(HoldKind.RECORD, "note n_0001", 2),)}, Conflict),
    "absent_record": ({"holds": (Hold(HoldKind.RECORD, "note n_0001", 0),)}, Conflict),
    "conversation_again": ({"conversations": (make_conversation(1),)}, Conflict),
    "conversation_skips": ({"conversations": (make_conversation(1, 3),)}, Conflict),
    "new_conversation_skips": ({"conversations": (make_conversation(7, 2),)}, Conflict),
    "lane_again": ({"lanes": (make_lane(1),)}, Conflict),
    "lane_skips": ({"lanes": (make_lane(1, 3),)}, Conflict),
    "record_again": ({"records": (RecordPut(make_note(1)),)}, Conflict),
    "record_skips": ({"records": (RecordPut(make_note(1, version=3), 2),)}, Conflict),
    "thread_elsewhere": ({"threads": (ThreadKey(CHANNEL, "posted", "c_0002"),)}, Conflict),  # type: ignore[arg-type]
    "unknown_revised": ({"revised": (make_message(77),)}, Conflict),
    "stream_again": ({"entries": (make_entry("c_0001", 1),)}, Conflict),
    "stream_skips": ({"entries": (make_entry("c_0001", 3),)}, Conflict),
    "desk_again": ({"desk": DeskDocument(1, "{}", "00")}, Conflict),
    "known_message": ({"messages": (make_message(9, native="n1"),)}, Duplicate),
    "twin_messages": ({"messages": (make_message(8), make_message(9, native="n8"))}, Duplicate),
    "known_outcome": ({"outcomes": (make_outcome(1),)}, Duplicate),
    "known_item": ({"inbox": (make_item(1),)}, Duplicate),
    "stale_lease": ({"consumed": (STALE,)}, StaleLease),
    "bad_text": ({"texts": (make_text(9, "a\0b"),)}, InvalidInput),
}


def first() -> Batch:
    """A commit with something of every kind."""
    return make_batch(
        conversations=(make_conversation(1, requests=(make_request(1),)),),
        requests=(make_request(1),),
        lanes=(make_lane(1, conversation=1),),
        records=(RecordPut(make_note(1)),),
        messages=(make_message(1),),
        threads=(ThreadKey(CHANNEL, "posted", "c_0001"),),  # type: ignore[arg-type]  # ids are strings
        texts=(make_text(1),),
        entries=(make_entry("c_0001", 1),),
        loads=(LoadChange(AgentId("bob"), 1, moment(1)),),
        effects=(make_effect(1),),
        armed=(Timer("c_0001", moment(60)),),  # type: ignore[arg-type]
        inbox=(make_item(1),),
        outcomes=(make_outcome(1),),
        desk=DeskDocument(1, "{}", "00"),
    )


def second(**parts: Any) -> Batch:
    """A commit with something of every kind that would go through after `first`."""
    whole: dict[str, Any] = {
        "conversations": (make_conversation(2),),
        "requests": (make_request(2),),
        "lanes": (make_lane(2),),
        "records": (RecordPut(make_note(2)),),
        "messages": (make_message(2),),
        "threads": (ThreadKey(CHANNEL, "answered", "c_0002"),),  # type: ignore[arg-type]
        "revised": (make_message(1, text=None),),
        "texts": (make_text(2),),
        "entries": (make_entry("c_0002", 1),),
        "loads": (LoadChange(AgentId("bob"), 1),),
        "effects": (make_effect(2),),
        "armed": (Timer("c_0002", moment(1)),),  # type: ignore[arg-type]
        "inbox": (make_item(2),),
        "outcomes": (make_outcome(2),),
        "desk": DeskDocument(2, "{}", "00"),
    }
    for name, extra in parts.items():
        whole[name] = extra if name == "desk" else (*whole.get(name, ()), *extra)
    return make_batch(**whole)


class GuardLaws(StoreLaws):
    """A commit goes through only as what it was decided on still stands, and then as a whole."""

    @pytest.mark.parametrize("breach", BREACHES)
    def test_a_failed_commit_leaves_no_trace(self, store: Store, breach: str) -> None:
        parts, error = BREACHES[breach]
        store.commit(first())
        before = picture(store)
        with pytest.raises(error):
            store.commit(second(**parts))
        assert picture(store) == before
        assert ask(store, WantMessage(CHANNEL, "n2")) is None  # type: ignore[arg-type]
        assert ask(store, WantOutcome("cmd:0002")) is None  # type: ignore[arg-type]
        assert ask(store, WantLane(CHANNEL, "p_0002")) == (None, None)  # type: ignore[arg-type]
        assert ask(store, WantPool((AgentId("bob"),)))[0].load == 1
        assert [each.id for each in lease(store, LeaseQueue.INBOX)] == ["in:0001"]
        assert len(lease(store, LeaseQueue.OUTBOX)) == 1

    def test_after_a_failed_commit_the_right_one_goes_through(self, store: Store) -> None:
        store.commit(first())
        with pytest.raises(Conflict):
            store.commit(second(entries=(make_entry("c_0001", 3),)))
        store.commit(second())
        assert [each.seq for each in store.history("desk", "c_0002")] == [1]  # type: ignore[arg-type]

    def test_a_conflict_names_every_row_that_failed(self, store: Store) -> None:
        store.commit(first())
        with pytest.raises(Conflict) as caught:
            store.commit(
                make_batch(
                    holds=(Hold(HoldKind.AGENT, "bob", 3), Hold(HoldKind.CONVERSATION, "c_0001", 1)),
                    conversations=(make_conversation(5, 4),),
                    lanes=(make_lane(1),),
                    records=(RecordPut(make_note(1)),),
                    threads=(ThreadKey(CHANNEL, "posted", "c_0002"),),  # type: ignore[arg-type]
                    revised=(make_message(8),),
                    entries=(make_entry("c_0001", 7),),
                )
            )
        assert set(caught.value.rows) == {
            ("agent", "bob"),
            ("conversation", "c_0005"),
            ("lane", f"{CHANNEL} p_0001"),
            ("message", "m_0008"),
            ("record", "note n_0001"),
            ("stream", "c_0001"),
            ("thread", f"{CHANNEL} posted"),
        }

    def test_holds_that_stand_let_the_commit_through(self, store: Store) -> None:
        store.commit(first())
        store.commit(
            make_batch(
                holds=(
                    Hold(HoldKind.CONVERSATION, "c_0001", 1),
                    Hold(HoldKind.CONVERSATION, "c_0404", 0),
                    Hold(HoldKind.AGENT, "bob", 1),
                    Hold(HoldKind.AGENT, "eve", 0),
                    Hold(HoldKind.LANE, f"{CHANNEL} p_0001", 1),
                    Hold(HoldKind.LANE, f"{CHANNEL} p_0404", 0),
                ),
                outcomes=(make_outcome(2),),
            )
        )
        assert ask(store, WantOutcome("cmd:0002")) == make_outcome(2)[1]  # type: ignore[arg-type]

    def test_a_version_replaces_the_one_before(self, store: Store) -> None:
        for version in (1, 2, 3):
            store.commit(
                make_batch(conversations=(make_conversation(1, version),), lanes=(make_lane(1, version),))
            )
        assert ask(store, WantConversation("c_0001")).version == 3  # type: ignore[arg-type]
        assert ask(store, WantLane(CHANNEL, "p_0001"))[0].version == 3  # type: ignore[arg-type]

    def test_a_commit_of_several_entries_goes_as_many_versions_on(self, store: Store) -> None:
        several = tuple(make_entry("c_0001", seq) for seq in (1, 2, 3))
        store.commit(make_batch(conversations=(make_conversation(1, 3),), entries=several))
        more = (make_entry("c_0001", 4), make_entry("c_0001", 5))
        for version in (4, 6):
            with pytest.raises(Conflict) as caught:
                store.commit(make_batch(conversations=(make_conversation(1, version),), entries=more))
            assert caught.value.rows == (("conversation", "c_0001"),)
        store.commit(make_batch(conversations=(make_conversation(1, 5),), entries=more))
        assert ask(store, WantConversation("c_0001")).version == 5  # type: ignore[arg-type]
        with pytest.raises(Conflict):
            store.commit(
                make_batch(
                    conversations=(make_conversation(1, 2),),
                    entries=(make_entry("c_0001", 1), make_entry("c_0001", 2)),
                )
            )

    def test_a_redelivery_is_a_duplicate_even_when_versions_moved_on(self, store: Store) -> None:
        store.commit(first())
        for parts in (
            {"messages": (make_message(1),)},
            {"outcomes": (make_outcome(1),)},
            {"inbox": (make_item(1),)},
        ):
            with pytest.raises(Duplicate):
                store.commit(
                    make_batch(
                        conversations=(make_conversation(1),),
                        lanes=(make_lane(1),),
                        entries=(make_entry("c_0001", 1),),
                        consumed=(STALE,),
                        **parts,
                    )
                )

    def test_message_keys_are_unique_for_ever(self, store: Store) -> None:
        store.commit(make_batch(messages=tuple(make_message(number) for number in range(300))))
        with pytest.raises(Duplicate):
            store.commit(make_batch(messages=(make_message(900, native="n0"),)))

    def test_the_same_native_id_in_another_channel_is_another_message(self, store: Store) -> None:
        store.commit(make_batch(messages=(make_message(1),)))
        store.commit(make_batch(messages=(make_message(2, native="n1", channel_id="chat:other"),)))
        assert ask(store, WantMessage("chat:other", "n1")).id == "m_0002"  # type: ignore[arg-type]

    def test_outcome_keys_are_unique_for_ever(self, store: Store) -> None:
        store.commit(make_batch(outcomes=tuple(make_outcome(number) for number in range(50))))
        with pytest.raises(Duplicate):
            store.commit(make_batch(outcomes=(make_outcome(0),)))

    def test_streams_have_no_gaps_and_never_change(self, store: Store) -> None:
        entries = [make_entry("c_0001", seq) for seq in (1, 2, 3)]
        store.commit(make_batch(entries=tuple(entries[:2])))
        store.commit(make_batch(entries=(entries[2], make_entry("desk", 1))))
        for seq in (1, 3, 5):
            with pytest.raises(Conflict) as caught:
                store.commit(make_batch(entries=(make_entry("c_0001", seq),)))
            assert caught.value.rows == (("stream", "c_0001"),)
        assert list(store.history("desk", "c_0001")) == entries  # type: ignore[arg-type]

    def test_every_refusal_is_a_typed_error(self, store: Store) -> None:
        store.commit(first())
        for parts, _ in BREACHES.values():
            with pytest.raises((StoreError, InvalidInput)):
                store.commit(make_batch(**parts))
