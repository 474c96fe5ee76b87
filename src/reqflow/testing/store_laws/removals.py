"""What is taken away for good: texts, profiles, records, conversations, and nothing else."""

from __future__ import annotations

import pytest

from ...core.chain import BEGINNING, first_break
from ...core.facts import (
    WantConversation,
    WantLane,
    WantMessage,
    WantProfile,
    WantRecord,
    WantRecords,
    WantRequest,
    WantThread,
)
from ...core.model import (
    Audience,
    Code,
    ConversationId,
    ConversationState,
    Profile,
    ProfileId,
    RequestState,
    TextId,
)
from ...errors import Conflict, StaleLease
from ...ports import (
    Conversations,
    Effects,
    Entries,
    Gone,
    Hold,
    HoldKind,
    LeaseQueue,
    Messages,
    RecordPut,
    Requests,
    Store,
    Texts,
    ThreadKey,
)
from ..samples import (
    CHANNEL,
    PROFILE,
    WORKSPACE,
    make_batch,
    make_conversation,
    make_effect,
    make_entry,
    make_item,
    make_lane,
    make_message,
    make_note,
    make_request,
    make_text,
    moment,
)
from .laws import StoreLaws, ask, items, lease, pages, picture

__all__ = ["RemovalLaws"]

ONE, TWO = ConversationId("c_0001"), ConversationId("c_0002")


def closed(number: int) -> dict[str, tuple[object, ...]]:
    """A closed conversation of that number with all that hangs on it."""
    request = make_request(number, state=RequestState.CLOSED, closed_at=moment(number))
    return {
        "conversations": (make_conversation(number, 2, state=ConversationState.CLOSED),),
        "requests": (request,),
        "messages": (make_message(number),),
        "threads": (ThreadKey(CHANNEL, f"posted{number}", ConversationId(f"c_{number:04}")),),  # type: ignore[arg-type]
        "effects": (make_effect(number), make_effect(number, muted=True, id=Code(f"e_muted{number}"))),
        "entries": tuple(make_entry(f"c_{number:04}", seq) for seq in (1, 2)),
        "records": (RecordPut(make_note(number)),),
        "texts": (make_text(number),),
    }


class RemovalLaws(StoreLaws):
    """A commit takes away what it names."""

    def body(self, store: Store, number: int) -> str | None:
        id = make_text(number).ref.id
        return store.texts(WORKSPACE, [id], Audience.INTERNAL).get(id)

    def test_an_erased_text_is_empty_for_good(self, store: Store) -> None:
        store.commit(make_batch(texts=(make_text(1), make_text(2))))
        store.commit(make_batch(gone=Gone(erased=(make_text(1).ref.id, TextId("t_none")))))
        store.commit(make_batch(texts=(make_text(1, "again"),)))
        assert (self.body(store, 1), self.body(store, 2)) == ("", "hello")

    def test_a_text_that_went_may_be_written_again(self, store: Store) -> None:
        store.commit(make_batch(texts=(make_text(1), make_text(2))))
        store.commit(make_batch(gone=Gone(texts=(make_text(1).ref.id, TextId("t_none")))))
        assert (self.body(store, 1), self.body(store, 2)) == (None, "hello")
        store.commit(make_batch(texts=(make_text(1, "again"),)))
        assert self.body(store, 1) == "again"

    def test_texts_are_found_by_their_owners(self, store: Store) -> None:
        texts = [make_text(number) for number in range(6)]
        store.commit(make_batch(texts=tuple(texts)))
        store.commit(make_batch(gone=Gone(erased=(texts[3].ref.id,))))
        said = [text.ref.id for text in texts if text is not texts[3]]
        owners = (Code("nobody"), Code(PROFILE))
        assert items(store, Texts(owners=owners)) == said
        found = pages(store, lambda after: Texts(owners=owners, after=after, limit=2))
        assert [id for page in found for id in page] == said
        assert items(store, Texts(owners=(Code("p_an"), Code("nobody")))) == []

    def test_a_forgotten_profile_begins_anew(self, store: Store) -> None:
        one, other = ProfileId("p_0001"), ProfileId("p_0002")
        known = [Profile(id, make_text(number).ref) for number, id in enumerate((one, other), 1)]
        store.commit(make_batch(profiles=tuple(known), lanes=(make_lane(1), make_lane(2))))
        store.commit(make_batch(lanes=(make_lane(1, 2),)))
        store.commit(make_batch(gone=Gone(profiles=(one, ProfileId("p_none")))))
        assert ask(store, WantProfile(one)) is None
        assert ask(store, WantLane(CHANNEL, one)) == (None, None)
        assert ask(store, WantProfile(other)) == known[1]
        assert ask(store, WantLane(CHANNEL, other))[0] == make_lane(2)
        with pytest.raises(Conflict):
            store.commit(make_batch(lanes=(make_lane(1, 3),)))  # decided before it was forgotten
        store.commit(make_batch(lanes=(make_lane(1),), profiles=(known[0],)))
        assert ask(store, WantLane(CHANNEL, one))[0] == make_lane(1)

    def test_what_waits_of_a_forgotten_profile_goes(self, store: Store) -> None:
        """Whether it waits, is worked on or was parked; and nobody else's."""
        lanes = ("chat:one p_ann", "chat:two p_ann", "chat:three p_ann", "chat:four sp_ann", "p_ann p_bob")
        store.commit(make_batch(inbox=tuple(make_item(number, lane) for number, lane in enumerate(lanes))))
        first, second = lease(store, LeaseQueue.INBOX, limit=2)
        store.release(WORKSPACE, first, ready_at=moment(0), note="bad", park=True)
        store.commit(make_batch(gone=Gone(profiles=(PROFILE,))))
        with pytest.raises(StaleLease):
            store.settle(WORKSPACE, [second])
        left = [lease(store, LeaseQueue.INBOX, at=at, until=at + 60) for at in (100, 200)]
        assert [[each.id for each in some] for some in left] == [["in:0003", "in:0004"]] * 2
        store.commit(make_batch(inbox=(make_item(0, lanes[0]),)))  # may be accepted again

    def test_a_record_that_goes_is_found_by_nothing(self, store: Store) -> None:
        store.commit(make_batch(records=(RecordPut(make_note(1)), RecordPut(make_note(2, 1)))))
        store.commit(
            make_batch(gone=Gone(records=((Code("note"), Code("n_0001")), (Code("note"), Code("x")))))
        )
        assert ask(store, WantRecord(Code("note"), Code("n_0001"))) is None
        assert ask(store, WantRecords(Code("note"), "conversation", ONE)) == (make_note(2, 1),)
        store.commit(make_batch(records=(RecordPut(make_note(1)),)))
        assert ask(store, WantRecords(Code("note"), "conversation", ONE)) == (make_note(1), make_note(2, 1))

    def test_of_a_purged_conversation_only_its_messages_and_the_end_of_its_history_stay(
        self, store: Store
    ) -> None:
        store.commit(make_batch(**closed(1)))
        store.commit(make_batch(**closed(2)))
        whole = items(store, Entries(stream=Code(TWO)))
        digest = items(store, Entries(stream=Code(ONE)))[-1].digest
        store.commit(
            make_batch(
                entries=(make_entry(ONE, 3),),
                holds=(Hold(HoldKind.CONVERSATION, ONE, 2),),
                gone=Gone(conversations=((ONE, 2),)),
            )
        )
        assert ask(store, WantConversation(ONE)) is None
        assert ask(store, WantRequest(make_request(1).id)) == (None, None)
        assert ask(store, WantThread(CHANNEL, ("posted1",))) is None  # type: ignore[arg-type]
        assert ask(store, WantThread(CHANNEL, ("posted2", "n1"))).id == TWO  # type: ignore[arg-type]
        assert ask(store, WantMessage(CHANNEL, make_message(1).native)) == make_message(1)
        assert [each.id for each in items(store, Messages())] == ["m_0001", "m_0002"]
        assert [each.id for each in items(store, Conversations(open=False, channel_id=CHANNEL))] == [TWO]
        assert [each.id for each in items(store, Requests(states=(RequestState.CLOSED,)))] == ["r_0002"]
        assert [each.queued.id for each in items(store, Effects())] == ["e_0002", "e_muted2"]
        assert lease(store, LeaseQueue.OUTBOX)[0].item == make_effect(2)
        assert [each.seq for each in store.history(WORKSPACE, ONE)] == [3]
        assert [each.seq for each in store.history(WORKSPACE, ONE, after=2)] == [3]
        assert list(store.history(WORKSPACE, ONE, after=3)) == []
        assert [each.seq for each in store.history(WORKSPACE, ONE, limit=1)] == [3]
        (last,) = items(store, Entries(stream=Code(ONE)))
        assert first_break(ONE, [last], 2, digest) is None
        assert items(store, Entries(stream=Code(TWO))) == whole
        store.commit(make_batch(entries=(make_entry(ONE, 4),)))
        assert first_break(ONE, items(store, Entries(stream=Code(ONE))), 2, digest) is None
        assert first_break(TWO, whole, 0, BEGINNING) is None

    def test_who_answers_what_was_purged_begins_a_thread_that_others_find(self, store: Store) -> None:
        store.commit(make_batch(**closed(1)))
        store.commit(make_batch(**closed(2)))
        gone = Gone(conversations=((ONE, 2),))
        store.commit(make_batch(holds=(Hold(HoldKind.CONVERSATION, ONE, 2),), gone=gone))
        purged = make_message(1).native
        assert ask(store, WantThread(CHANNEL, (purged,))) is None
        store.commit(make_batch(threads=(ThreadKey(CHANNEL, purged, TWO),)))
        assert ask(store, WantThread(CHANNEL, (purged,))).id == TWO

    def test_what_changed_meanwhile_is_not_purged(self, store: Store) -> None:
        store.commit(make_batch(**closed(1)))
        again = make_conversation(1, 3)
        store.commit(make_batch(conversations=(again,), entries=(make_entry(ONE, 3),)))
        before = picture(store)
        for entry in (3, 4):
            with pytest.raises(Conflict):
                store.commit(
                    make_batch(
                        entries=(make_entry(ONE, entry),),
                        holds=(Hold(HoldKind.CONVERSATION, ONE, 2),),
                        gone=Gone(conversations=((ONE, 2),), texts=(make_text(1).ref.id,)),
                    )
                )
        assert picture(store) == before
        assert self.body(store, 1) == "hello"

    def test_a_leased_effect_of_a_purged_conversation_is_lost(self, store: Store) -> None:
        store.commit(make_batch(**closed(1)))
        (leased,) = lease(store, LeaseQueue.OUTBOX)
        store.commit(make_batch(gone=Gone(conversations=((ONE, 2),))))
        with pytest.raises(StaleLease):
            store.settle(WORKSPACE, [leased])
        store.commit(make_batch(effects=(make_effect(5),)))
        assert [each.queued.id for each in items(store, Effects())] == ["e_0005"]
