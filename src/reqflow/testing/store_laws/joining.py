"""In a host's transaction: nothing is there before it commits, and a failure costs it nothing but what failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from ...core.facts import WantConversation
from ...core.model import Audience, ConversationId, Workspace
from ...errors import Conflict, Duplicate, UsageError
from ...ports import Batch, JoinedStore, Store
from ..samples import (
    WORKSPACE,
    make_batch,
    make_conversation,
    make_entry,
    make_message,
    make_outcome,
    make_text,
)
from .laws import StoreLaws, ask, picture

__all__ = ["JoiningLaws"]

FIRST = ConversationId("c_0001")
ELSEWHERE = Workspace("elsewhere")


def first_batch() -> Batch:
    """A conversation with a message, under a key."""
    return make_batch(
        conversations=(make_conversation(1),),
        entries=(make_entry("c_0001", 1),),
        messages=(make_message(1),),
        texts=(make_text(1),),
        outcomes=(make_outcome(1),),
    )


def fail_after(block: JoinedStore, batch: Batch) -> None:
    """Commit, and then let an error leave the block."""
    with block as joined:
        joined.commit(batch)
        raise ZeroDivisionError


class JoiningLaws(StoreLaws):
    """What a store keeps to in somebody else's transaction."""

    joinable: bool = True

    def connect(self, store: Store) -> Any:
        """A connection to the store's database, as a host has it: with ``commit``, ``rollback`` and ``close``."""
        raise NotImplementedError("say how a host connects to the database, or declare `joinable = False`")

    @pytest.fixture
    def host(self, store: Store) -> Iterator[Any]:
        """The connection of a host."""
        if not self.joinable:
            pytest.skip("declared: not joinable")
        connection = self.connect(store)
        yield connection
        connection.close()

    def test_what_is_no_connection_cannot_be_joined(self, store: Store) -> None:
        with pytest.raises(UsageError):
            store.joined(object())

    def test_nothing_is_there_before_the_host_commits(self, store: Store, host: Any) -> None:
        before = picture(store)
        with store.joined(host) as joined:
            joined.commit(first_batch())
        assert picture(store) == before
        host.commit()
        assert ask(store, WantConversation(FIRST)) == make_conversation(1)

    def test_nothing_is_there_when_the_host_rolls_back(self, store: Store, host: Any) -> None:
        before = picture(store)
        with store.joined(host) as joined:
            joined.commit(first_batch())
        host.rollback()
        assert picture(store) == before
        store.commit(first_batch())

    def test_it_writes_what_the_store_itself_would_write(self, store: Store, host: Any) -> None:
        with store.joined(host) as joined:
            joined.commit(first_batch())
        host.commit()
        store.commit(attrs.evolve(first_batch(), workspace=ELSEWHERE))
        assert picture(store) == picture(store, ELSEWHERE)

    def test_the_next_block_sees_what_the_transaction_has_written(self, store: Store, host: Any) -> None:
        with store.joined(host) as joined:
            joined.commit(first_batch())
        with store.joined(host) as joined:
            assert joined.recall(WORKSPACE, (WantConversation(FIRST),)) == (make_conversation(1),)
            assert len(joined.history(WORKSPACE, "c_0001")) == 1
            text = make_text(1)
            assert joined.texts(WORKSPACE, (text.ref.id,), Audience.INTERNAL) == {text.ref.id: text.body}
        host.rollback()

    def test_an_error_that_leaves_the_block_takes_back_what_was_done_in_it(
        self, store: Store, host: Any
    ) -> None:
        before = picture(store)
        with store.joined(host) as joined:
            joined.commit(make_batch(outcomes=(make_outcome(9),)))
        with pytest.raises(ZeroDivisionError):
            fail_after(store.joined(host), first_batch())
        host.commit()
        assert picture(store) == before  # of which an outcome is no part
        with pytest.raises(Duplicate):
            store.commit(make_batch(outcomes=(make_outcome(9),)))
        store.commit(first_batch())

    def test_a_commit_that_fails_leaves_nothing_and_the_block_goes_on(self, store: Store, host: Any) -> None:
        store.commit(first_batch())
        before = picture(store)
        stale = make_batch(
            messages=(make_message(2),),
            conversations=(make_conversation(1, 3),),
            entries=(make_entry("c_0001", 3),),
        )
        with store.joined(host) as joined:
            with pytest.raises(Duplicate):
                joined.commit(first_batch())
            with pytest.raises(Conflict):
                joined.commit(stale)
            assert joined.recall(WORKSPACE, (WantConversation(FIRST),)) == (make_conversation(1),)
        host.commit()
        assert picture(store) == before
