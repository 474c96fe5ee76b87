"""The chain of history: the same digests in every store, however the entries came."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import strategies as st

from ...core.chain import BEGINNING, StoredEntry, first_break, linked, own_digest
from ...core.events import Cause, CauseKind, Entry
from ...core.model import Code, CommandKey, Workspace
from ...errors import Conflict
from ...ports import Entries, Store
from ..samples import WORKSPACE, make_batch, make_entry, moment
from .laws import StoreLaws, items, pages
from .round_trips import for_any

__all__ = ["ChainLaws"]

ONE, TWO = Code("c_0001"), Code("c_0002")


def chain(store: Store, stream: Code, workspace: Workspace = WORKSPACE) -> list[StoredEntry]:
    """A stream as it is stored."""
    return items(store, Entries(stream=stream, limit=10_000), workspace)


def digests(store: Store, stream: Code) -> list[bytes]:
    """The digests of a stream."""
    return [each.digest for each in chain(store, stream)]


class ChainLaws(StoreLaws):
    """Every entry is linked to the one before it."""

    def test_a_digest_is_made_of_what_is_stored_and_of_the_one_before(self, store: Store) -> None:
        cause = Cause(
            kind=CauseKind.COMMAND, key=CommandKey("cmd:ünï 😀"), rules=(Code("tidy"), Code("greet"))
        )
        plain = make_entry(ONE, 1)
        told = Entry(
            stream=ONE, seq=2, at=moment(2.000_001), actor=plain.actor, cause=cause, events=plain.events
        )
        store.commit(make_batch(entries=(plain,)))
        store.commit(make_batch(entries=(told,)))
        first, second = chain(store, ONE)
        assert (second.rules, second.cause_key) == ('["tidy","greet"]', "cmd:ünï 😀")
        assert (second.actor_kind, second.cause_kind) == ("customer", "command")
        assert second.at == 1_709_283_602_000_001
        before = BEGINNING
        for each in (first, second):
            own = own_digest(
                ONE,
                each.seq,
                each.at,
                each.actor_kind,
                each.actor_id,
                each.cause_kind,
                each.cause_key,
                each.rules,
                each.events,
            )
            before = linked(before, own)
            assert each.digest == before
        assert len(before) == 32

    def test_however_entries_come_their_digests_are_the_same(self, store: Store) -> None:
        """One by one, several of a stream at once, several streams in one commit."""
        streams = (ONE, TWO)

        def law(cuts: list[int]) -> None:
            workspace = Workspace("w" + "".join(map(str, cuts)))
            rest = [make_entry(stream, seq) for seq in range(1, 5) for stream in streams]
            for cut in [*cuts, len(rest)]:
                now, rest = rest[:cut], rest[cut:]
                store.commit(make_batch(workspace=workspace, entries=tuple(now)))
            for stream in streams:
                found = chain(store, stream, workspace)
                assert [each.seq for each in found] == [1, 2, 3, 4]
                assert first_break(stream, found, 0, BEGINNING) is None

        for_any(st.lists(st.integers(1, 4), max_size=6), law, examples=20)

    def test_a_refused_commit_leaves_no_link(self, store: Store) -> None:
        store.commit(make_batch(entries=(make_entry(ONE, 1),)))
        before = digests(store, ONE)
        for gap in (make_entry(ONE, 3), make_entry(ONE, 1)):
            with pytest.raises(Conflict):
                store.commit(make_batch(entries=(make_entry(TWO, 1), gap)))
        assert digests(store, ONE) == before
        assert digests(store, TWO) == []

    def test_entries_are_paged_both_ways(self, store: Store) -> None:
        store.commit(make_batch(entries=tuple(make_entry(ONE, seq) for seq in range(1, 12))))
        whole = chain(store, ONE)
        for limit in (1, 3, 11, 12):
            up = pages(store, lambda after, limit=limit: Entries(stream=ONE, after=after, limit=limit))
            assert [each for page in up for each in page] == whole
            down = pages(
                store,
                lambda after, limit=limit: Entries(stream=ONE, after=after, limit=limit, newest_first=True),
            )
            assert [each for page in down for each in page] == whole[::-1]
        assert items(store, Entries(stream=TWO)) == []
        assert items(store, Entries(stream=ONE), Workspace("other")) == []

    def test_what_is_not_as_it_was_written_does_not_fit(self, store: Store) -> None:
        store.commit(make_batch(entries=tuple(make_entry(ONE, seq) for seq in range(1, 4))))
        whole = chain(store, ONE)
        bent: tuple[tuple[str, Any], ...] = (
            ("at", whole[1].at + 1),
            ("actor_kind", "agent"),
            ("actor_id", "mallory"),
            ("cause_kind", "setup"),
            ("cause_key", "cmd:other"),
            ("rules", "[]"),
            ("events", whole[1].events.replace("chat", "chap")),
            ("digest", whole[0].digest),
        )
        for field, content in bent:
            changed = evolve(whole[1], **{field: content})
            assert "c_0001/2" in str(first_break(ONE, [whole[0], changed, whole[2]], 0, BEGINNING)), field
        assert "c_0001/2" in str(first_break(ONE, [whole[0], whole[2]], 0, BEGINNING))
        assert "c_0001/1" in str(first_break(ONE, whole[1:], 0, BEGINNING))
