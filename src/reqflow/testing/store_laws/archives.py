"""A desk as rows: all of it from one moment, stored whole or not at all, and gone on with where it stood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import pytest
from attrs import evolve

from ...core.chain import BEGINNING, StoredEntry, linked, own_digest
from ...core.facts import DeskDocument, WantOutcome, WantPool, WantRecords
from ...core.model import AgentId, Audience, Code, ConversationId, NativeId, Workspace
from ...errors import Conflict, Duplicate, StoreError
from ...ports import (
    EffectState,
    Entries,
    KeptItem,
    KeptText,
    LeaseQueue,
    LoadChange,
    RecordPut,
    Row,
    Store,
    ThreadKey,
    Timer,
)
from ..samples import (
    CHANNEL,
    WORKSPACE,
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
from .guards import first
from .laws import StoreLaws, ask, items, lease, picture

__all__ = ["ArchiveLaws"]

COPY, OTHER = Workspace("copy"), Workspace("other")


def fill(store: Store) -> None:
    """A desk with something of every kind in every state, some of it leased, parked and put off."""
    numbers = range(1, 6)
    store.commit(first())
    store.commit(
        make_batch(desk=DeskDocument(2, '{"agents": {}}', "00ff"), loads=(LoadChange(AgentId("eve"), 0),))
    )
    store.commit(
        make_batch(
            conversations=tuple(make_conversation(10 + n) for n in numbers),
            requests=tuple(make_request(10 + n) for n in numbers),
            messages=tuple(make_message(10 + n, text=make_text(10 + n).ref) for n in numbers),
            records=tuple(RecordPut(make_note(10 + n)) for n in numbers),
            lanes=tuple(make_lane(10 + n, conversation=10 + n) for n in numbers),
            threads=tuple(ThreadKey(CHANNEL, NativeId(f"p{n}"), ConversationId("c_0011")) for n in numbers),
            texts=tuple(make_text(10 + n, f"tëxt {n} 😀\n") for n in numbers),
            entries=tuple(make_entry("c_0031", n) for n in numbers),
            outcomes=tuple(make_outcome(10 + n) for n in numbers),
            inbox=tuple(make_item(10 + n, f"lane{n}") for n in numbers),
            effects=(
                *(make_effect(10 + n, f"to{n}", collapse="card") for n in numbers),
                make_effect(16, muted=True),
                make_effect(17, "to1", collapse="card"),
            ),
            armed=tuple(Timer(Code(f"c_{10 + n:04}"), moment(n)) for n in numbers),
        )
    )
    for queue in LeaseQueue:
        kept, done, late, poison = lease(store, queue, at=30, limit=4)
        store.settle(WORKSPACE, [done])
        store.release(WORKSPACE, late, ready_at=moment(90), note="not yet")
        store.release(WORKSPACE, poison, ready_at=moment(0), note="never", park=True)
        assert kept.attempts == 1  # and somebody has it still
    store.commit(make_batch(armed=(Timer(Code("c_0011"), moment(45)),)))


def dumped(store: Store, workspace: Workspace = WORKSPACE) -> list[Row]:
    """All rows of a desk."""
    return list(store.dump(workspace))


def broken_off(rows: Iterable[Row], after: int) -> Iterator[Row]:
    """Some rows, and then a failure."""
    yield from islice(rows, after)
    raise LookupError("no more")


class ArchiveLaws(StoreLaws):
    """Dumping and loading whole desks."""

    def test_a_loaded_desk_is_the_one_that_was_dumped(self, store: Store) -> None:
        fill(store)
        rows = dumped(store)
        store.load(COPY, iter(rows))
        assert dumped(store, COPY) == rows
        assert picture(store, COPY) == picture(store)
        ids = [make_text(10 + n).ref.id for n in range(6)]
        for audience in Audience:
            assert store.texts(COPY, ids, audience) == store.texts(WORKSPACE, ids, audience) != {}
        for want in (
            WantOutcome(make_outcome(12)[0]),
            WantPool((AgentId("bob"), AgentId("eve"))),
            WantRecords(Code("note"), "conversation", "c_0011"),
        ):
            assert ask(store, want, COPY) == ask(store, want) is not None
        for stream in ("c_0001", "c_0031"):
            told = Entries(stream=Code(stream))
            assert items(store, told, COPY) == items(store, told)

    def test_rows_come_in_their_order(self, store: Store) -> None:
        fill(store)
        kinds = [type(row).__name__ for row in dumped(store)]
        assert list(dict.fromkeys(kinds)) == [
            "DeskDocument",
            "KeptText",
            "StoredEntry",
            "Conversation",
            "Request",
            "Message",
            "ThreadKey",
            "Note",
            "Lane",
            "AgentLoad",
            "KeptOutcome",
            "KeptItem",
        ]
        texts = [row.id for row in dumped(store) if isinstance(row, KeptText)]
        assert texts == sorted(texts)

    def test_items_of_queues_stand_where_they_stood(self, store: Store) -> None:
        """But nobody has one: a lease counts as one that ended without a word."""
        fill(store)
        kept = [row for row in dumped(store) if isinstance(row, KeptItem)]
        told: dict[str, list[Any]] = {}
        for each in kept:
            stands = (each.state.value, each.ready_at, each.attempts, each.lost, each.note)
            told.setdefault(type(each.item).__name__, []).append(stands)
        waits, leased = ("ready", None, 0, 0, None), ("ready", None, 1, 1, None)
        late = ("ready", moment(90), 1, 0, "not yet")
        timer_late = ("ready", None, 1, 0, "not yet")
        parked = ("parked", None, 1, 0, "never")
        assert told["InboxItem"] == [leased, late, parked, waits, waits]
        assert told["Timer"] == [waits, leased, timer_late, parked, waits]
        cancelled, muted = ("cancelled", None, 0, 0, None), ("muted", None, 0, 0, None)
        done = ("done", None, 1, 0, None)
        assert told["QueuedEffect"] == [leased, cancelled, done, late, parked, waits, muted, waits]

    def test_a_loaded_desk_goes_on(self, store: Store) -> None:
        """What was done is known, what waits is handed out in its order, and history grows where it ended."""
        fill(store)
        store.load(COPY, dumped(store))

        def here(**parts: Any) -> Any:
            return make_batch(workspace=COPY, **parts)

        for known in (
            here(outcomes=(make_outcome(12),)),
            here(messages=(make_message(99, native="n12"),)),
            here(inbox=(make_item(14),)),
        ):
            with pytest.raises(Duplicate):
                store.commit(known)
        with pytest.raises(Conflict):
            store.commit(here(conversations=(make_conversation(11),)))
        with pytest.raises(Conflict):
            store.commit(here(desk=DeskDocument(2, "{}", "")))
        store.commit(here(entries=(make_entry("c_0031", 6),), desk=DeskDocument(3, "{}", "")))
        found = items(store, Entries(stream=Code("c_0031")), COPY)
        assert found[-1].follows(found[-2].digest)
        for queue in LeaseQueue:
            mine, theirs = (
                [
                    (each.item, each.attempts, each.lost)
                    for each in lease(store, queue, at=100, until=160, workspace=workspace)
                ]
                for workspace in (WORKSPACE, COPY)
            )
            assert sorted(map(str, mine)) == sorted(map(str, theirs))
            assert len(theirs) >= 3

    def test_a_desk_that_is_there_is_not_loaded_again(self, store: Store) -> None:
        fill(store)
        rows = dumped(store)
        for commit in (
            first(),
            make_batch(texts=(make_text(1),)),
            make_batch(armed=(Timer(Code("k"), moment(0)),)),
        ):
            store.commit(evolve(commit, workspace=COPY))
            before = dumped(store, COPY)
            with pytest.raises(Conflict, match="has a desk called copy"):
                store.load(COPY, rows)
            assert dumped(store, COPY) == before

    @pytest.mark.parametrize("after", [0, 1, 30, 60])
    def test_a_load_that_breaks_off_leaves_nothing(self, store: Store, after: int) -> None:
        fill(store)
        rows = dumped(store)
        with pytest.raises(LookupError):
            store.load(COPY, broken_off(rows, after))
        assert dumped(store, COPY) == []
        store.load(COPY, rows)
        assert dumped(store, COPY) == rows

    @pytest.mark.parametrize("twice", ["message", "native", "outcome", "item"])
    def test_what_exists_once_is_not_loaded_twice(self, store: Store, twice: str) -> None:
        fill(store)
        rows = dumped(store)
        again: dict[str, Row] = {
            "message": make_message(11, native="other"),
            "native": make_message(98, native="n11"),
            "outcome": next(row for row in rows if getattr(row, "key", None) == make_outcome(11)[0]),
            "item": KeptItem(item=make_item(14, "elsewhere")),
        }
        with pytest.raises(StoreError):
            store.load(COPY, [*rows, again[twice]])
        assert dumped(store, COPY) == []

    def test_other_desks_are_left_alone(self, store: Store) -> None:
        fill(store)
        before = picture(store)
        store.commit(
            make_batch(workspace=OTHER, messages=(make_message(1),), texts=(make_text(1, "theirs"),))
        )
        theirs = dumped(store, OTHER)
        assert len(theirs) == 2
        store.load(COPY, theirs)
        assert "theirs" not in str(dumped(store))
        assert picture(store) == before
        assert dumped(store, OTHER) == theirs

    def test_a_desk_that_is_not_there_has_no_rows(self, store: Store) -> None:
        assert dumped(store) == []
        store.load(COPY, [])
        assert dumped(store, COPY) == []

    def test_a_dump_is_of_one_moment(self, store: Store) -> None:
        fill(store)
        before = dumped(store)
        rows = store.dump(WORKSPACE)
        seen = [next(rows)]
        store.commit(make_batch(conversations=(make_conversation(50),), outcomes=(make_outcome(50),)))
        (taken,) = lease(store, LeaseQueue.OUTBOX, at=100, until=160, limit=1)
        store.settle(WORKSPACE, [taken])
        seen += rows
        assert seen == before
        assert dumped(store) != before

    def test_a_dump_that_nobody_reads_to_its_end_lets_go(self, store: Store) -> None:
        fill(store)
        for _ in range(20):
            rows: Any = store.dump(WORKSPACE)
            next(rows)
            if hasattr(rows, "close"):
                rows.close()
        store.commit(make_batch(outcomes=(make_outcome(50),)))

    def test_history_is_kept_as_it_was_written(self, store: Store) -> None:
        """To the letter, though today it would be written otherwise: else its digests would no longer fit."""
        store.commit(make_batch(entries=tuple(make_entry("c_0001", seq) for seq in (1, 2))))
        (one, two) = [row for row in dumped(store) if isinstance(row, StoredEntry)]
        one = evolve(one, events=one.events.replace(",", ", "))
        digest = BEGINNING
        old: list[StoredEntry] = []
        for each in (one, two):
            cells = (getattr(each, name) for name in own_digest.__code__.co_varnames[:9])
            digest = linked(digest, own_digest(*cells))
            old.append(evolve(each, digest=digest))
        store.load(COPY, old)
        assert dumped(store, COPY) == old
        store.commit(make_batch(workspace=COPY, entries=(make_entry("c_0001", 3),)))
        found = items(store, Entries(stream=Code("c_0001")), COPY)
        assert [each.seq for each in found] == [1, 2, 3]
        assert found[2].follows(digest)
        assert store.history(COPY, "c_0001")[0] == store.history(WORKSPACE, "c_0001")[0]

    def test_what_is_wrong_with_a_history_stays_wrong(self, store: Store) -> None:
        """Moving a desk mends no chain."""
        store.commit(make_batch(entries=tuple(make_entry("c_0001", seq) for seq in (1, 2, 3))))
        one, two, three = [row for row in dumped(store) if isinstance(row, StoredEntry)]
        forged = [one, evolve(two, actor_id="mallory"), three]
        store.load(COPY, forged)
        assert dumped(store, COPY) == forged
        found = items(store, Entries(stream=Code("c_0001")), COPY)
        assert [
            each.follows(last) for last, each in zip((BEGINNING, one.digest, two.digest), found, strict=True)
        ] == [
            True,
            False,
            True,
        ]

    def test_muted_and_done_effects_stay_what_they_are(self, store: Store) -> None:
        fill(store)
        store.load(COPY, dumped(store))
        held = lease(store, LeaseQueue.OUTBOX, at=1000, until=1060, limit=100, workspace=COPY)
        ready = [
            row.item
            for row in dumped(store)
            if isinstance(row, KeptItem)
            and row.state is EffectState.READY
            and type(row.item) is type(make_effect(1))
        ]
        assert sorted(map(str, (each.item for each in held))) == sorted(map(str, ready))
