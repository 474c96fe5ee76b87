"""Records: put as they are, guarded by their versions, and found by the keys that they have now."""

from __future__ import annotations

from typing import Any

import pytest

from ...core.facts import Want, WantOutcome, WantRecord, WantRecords
from ...core.model import Code, CommandKey, Workspace
from ...core.records import Note
from ...errors import Conflict, InvalidInput
from ...ports import Hold, HoldKind, RecordPut, Records, Store
from ..samples import WORKSPACE, make_batch, make_note, make_outcome, moment
from .laws import StoreLaws, ask, items, pages

__all__ = ["RecordLaws", "in_conversation", "put_notes"]

NOTE = Code(Note.tag)


def put_notes(store: Store, *notes: Note, **parts: Any) -> None:
    """Commit new notes."""
    store.commit(make_batch(records=tuple(map(RecordPut, notes)), **parts))


def in_conversation(number: int, **how: Any) -> WantRecords:
    """The notes of the conversation of that number."""
    return WantRecords(NOTE, "conversation", f"c_{number:04}", **how)


def numbers(found: Any) -> list[int]:
    """The numbers of notes."""
    return [int(each.id[2:]) for each in found]


class RecordLaws(StoreLaws):
    """The smaller kinds of rows."""

    def test_a_record_is_known_by_its_kind_and_id(self, store: Store) -> None:
        put_notes(store, make_note(1), make_note(2))
        assert ask(store, WantRecord(NOTE, Code("n_0002"))) == make_note(2)
        assert ask(store, WantRecord(NOTE, Code("n_0003"))) is None
        assert ask(store, WantRecord(Code("other"), Code("n_0002"))) is None

    def test_records_are_found_by_their_keys_by_rank_then_by_id(self, store: Store) -> None:
        put_notes(
            store,
            make_note(4, 1, added_at=moment(1)),
            make_note(2, 1, added_at=moment(7)),
            make_note(3, 1, added_at=moment(7)),
            make_note(1, 1, added_at=moment(9)),
            make_note(5, 2),
        )
        asked: list[tuple[Want, list[int]]] = [
            (in_conversation(1), [4, 2, 3, 1]),
            (in_conversation(1, newest_first=True), [1, 3, 2, 4]),
            (in_conversation(1, top=2), [4, 2]),
            (in_conversation(1, top=3, newest_first=True), [1, 3, 2]),
            (in_conversation(2), [5]),
            (in_conversation(3), []),
            (WantRecords(NOTE, "request", "c_0001"), []),
            (WantRecords(Code("other"), "conversation", "c_0001"), []),
        ]
        for want, found in asked:
            assert numbers(ask(store, want)) == found, want
        together = store.recall(WORKSPACE, [want for want, _ in asked])
        assert [numbers(each) for each in together] == [found for _, found in asked]

    def test_the_keys_of_a_record_are_those_that_it_has_now(self, store: Store) -> None:
        put_notes(store, make_note(1), make_note(2, 1))
        deleted = make_note(1, version=2, deleted_at=moment(9))
        moved = make_note(2, 3, version=2)
        store.commit(make_batch(records=(RecordPut(deleted, 1), RecordPut(moved, 1))))
        assert ask(store, in_conversation(1)) == ()
        assert ask(store, in_conversation(3)) == (moved,)
        assert ask(store, WantRecord(NOTE, deleted.id)) == deleted
        back = make_note(1, version=3)
        later = make_note(2, 3, version=3, added_at=moment(50))
        store.commit(make_batch(records=(RecordPut(later, 2), RecordPut(back, 2))))
        assert ask(store, in_conversation(1)) == (back,)
        assert ask(store, in_conversation(3)) == (later,)

    def test_a_record_whose_keys_stay_stays_where_it_was_found(self, store: Store) -> None:
        put_notes(store, make_note(1), make_note(2, 1))
        for version in (2, 3, 4):
            changed = make_note(1, version=version, request_id=f"r_{version}")
            store.commit(make_batch(records=(RecordPut(changed, version - 1),)))
            assert ask(store, in_conversation(1)) == (changed, make_note(2, 1))

    @pytest.mark.parametrize("count", [1, 3])
    def test_a_record_replaces_the_version_that_it_names(self, store: Store, count: int) -> None:
        """One record, and the last of several."""
        known = [make_note(number) for number in range(count)]
        put_notes(store, *known)
        last = count - 1
        for version, replaces in ((1, 0), (3, 2), (2, 7)):
            others = [RecordPut(make_note(number, version=2), 1) for number in range(last)]
            with pytest.raises(Conflict) as caught:
                store.commit(
                    make_batch(
                        records=(*others, RecordPut(make_note(last, version=version), replaces)),
                        outcomes=(make_outcome(1),),
                    )
                )
            assert caught.value.rows == (("record", f"note n_{last:04}"),)
        with pytest.raises(Conflict):
            store.commit(make_batch(records=(RecordPut(make_note(99, version=2), 1),)))
        assert items(store, Records(kind=NOTE)) == known
        assert ask(store, WantOutcome(CommandKey("cmd:0001"))) is None
        store.commit(make_batch(records=tuple(RecordPut(make_note(n, version=4), 1) for n in range(count))))
        assert items(store, Records(kind=NOTE)) == [make_note(n, version=4) for n in range(count)]

    def test_a_held_record_must_stand(self, store: Store) -> None:
        put_notes(store, make_note(1))
        for id, version in (("note n_0001", 0), ("note n_0001", 2), ("note n_0002", 1), ("other n_0001", 1)):
            with pytest.raises(Conflict) as caught:
                store.commit(make_batch(holds=(Hold(HoldKind.RECORD, id, version),)))
            assert caught.value.rows == (("record", id),)
        stands = (Hold(HoldKind.RECORD, "note n_0001", 1), Hold(HoldKind.RECORD, "note n_0002", 0))
        store.commit(make_batch(holds=stands, outcomes=(make_outcome(1),)))
        assert ask(store, WantOutcome(CommandKey("cmd:0001"))) is not None

    def test_restoring_puts_records_whatever_was_there(self, store: Store) -> None:
        put_notes(store, make_note(1), make_note(2, 1))
        right = make_note(1, 2, version=7)
        put_notes(store, right, make_note(3, 1), restoring=True)
        assert ask(store, in_conversation(1)) == (make_note(2, 1), make_note(3, 1))
        assert ask(store, in_conversation(2)) == (right,)
        assert ask(store, WantRecord(NOTE, right.id)) == right

    def test_records_never_leave_their_workspace(self, store: Store) -> None:
        other = Workspace("other")
        put_notes(store, make_note(1))
        put_notes(store, make_note(1, request_id="r_other"), make_note(2, 1), workspace=other)
        assert items(store, Records(kind=NOTE)) == [make_note(1)]
        assert ask(store, in_conversation(1)) == (make_note(1),)
        assert numbers(ask(store, in_conversation(1), other)) == [1, 2]
        store.commit(make_batch(workspace=other, records=(RecordPut(make_note(1, 5, version=2), 1),)))
        assert ask(store, in_conversation(1)) == (make_note(1),)

    # --- pages ---

    @pytest.fixture
    def noted(self, store: Store) -> Store:
        """Notes 1 to 7: the odd ones in one conversation, in the order 7, 1, 3, 5."""
        added = {1: moment(5), 3: moment(5), 5: moment(9), 7: moment(0)}
        put_notes(
            store,
            *(make_note(n, 1 if n % 2 else 2, added_at=added.get(n, moment(n))) for n in range(1, 8)),
        )
        return store

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 9])
    @pytest.mark.parametrize(
        ("found_by", "whole"), [({}, "1234567"), ({"name": "conversation", "content": "c_0001"}, "7135")]
    )
    @pytest.mark.parametrize("newest_first", [False, True])
    def test_pages_hold_each_record_once(
        self, noted: Store, limit: int, found_by: dict[str, str], whole: str, newest_first: bool
    ) -> None:
        how: dict[str, Any] = {"kind": NOTE, "limit": limit, "newest_first": newest_first, **found_by}
        found = pages(noted, lambda after: Records(after=after, **how))
        told = "".join(str(number) for page in found for number in numbers(page))
        assert told == (whole[::-1] if newest_first else whole)
        assert all(len(page) == limit for page in found[:-1])

    def test_pages_are_stable_while_records_come_and_go(self, noted: Store) -> None:
        how: dict[str, Any] = {"kind": NOTE, "name": "conversation", "content": "c_0001"}
        page = noted.query(WORKSPACE, Records(limit=2, **how))
        assert numbers(page.items) == [7, 1]
        gone = make_note(3, 1, version=2, deleted_at=moment(9))
        put_notes(noted, make_note(0, 1, added_at=moment(0)), make_note(9, 1))
        noted.commit(make_batch(records=(RecordPut(gone, 1),)))
        assert numbers(items(noted, Records(after=page.next, **how))) == [5, 9]

    def test_a_page_of_nothing_is_the_last(self, store: Store) -> None:
        for view in (Records(kind=NOTE), Records(kind=NOTE, name="conversation", content="c_0001")):
            page = store.query(WORKSPACE, view)
            assert (page.items, page.next) == ((), None)

    def test_a_cursor_that_is_none_is_refused(self, noted: Store) -> None:
        for cursor in ("n_0001", "[1", "{}"):
            with pytest.raises(InvalidInput, match="next"):
                noted.query(
                    WORKSPACE, Records(kind=NOTE, name="conversation", content="c_0001", after=cursor)
                )
