"""Whatever is stored comes back exactly as it was."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from ...core.events import Entry
from ...core.facts import Outcome, Want, WantConversation, WantMessage, WantOutcome, WantRecord, WantRequest
from ...core.model import Audience, Code, CommandKey, Conversation, Message, Request
from ...core.records import RECORDS, Record
from ...ports import Batch, LeaseQueue, RecordPut, Store
from ..samples import START, WORKSPACE, make_batch, make_item, make_text
from ..shapes import any_of, words
from .laws import StoreLaws, ask, lease

__all__ = ["RoundTripLaws"]


def new_words() -> st.SearchStrategy[str]:
    """Words that never come twice: one store serves all examples."""
    numbers = count(1)
    return words.map(lambda word: f"{next(numbers):08}{word}")


def for_any(values: st.SearchStrategy[Any], law: Callable[[Any], None], examples: int = 30) -> None:
    """Try a law on some values; the store is that of the test around it."""

    @settings(max_examples=examples, deadline=None)
    @given(values)
    def tried(value: Any) -> None:
        law(value)

    tried()


def stored(store: Store, batch: Batch, want: Want) -> Any:
    """What a want is answered after a commit."""
    store.commit(batch)
    return ask(store, want)


class RoundTripLaws(StoreLaws):
    """Microseconds, 64-bit numbers, every state and every event survive storage."""

    def test_any_conversation_comes_back(self, store: Store) -> None:
        def law(new: Conversation) -> None:
            assert stored(store, make_batch(conversations=(new,)), WantConversation(new.id)) == new

        for_any(any_of(Conversation, id=new_words(), version=st.just(1)), law)

    def test_any_request_comes_back(self, store: Store) -> None:
        def law(new: Request) -> None:
            assert stored(store, make_batch(requests=(new,)), WantRequest(new.id))[0] == new

        for_any(any_of(Request, id=new_words()), law)

    def test_any_message_comes_back(self, store: Store) -> None:
        def law(new: Message) -> None:
            want = WantMessage(new.channel_id, new.native)
            assert stored(store, make_batch(messages=(new,)), want) == new

        for_any(any_of(Message, id=new_words(), native=new_words()), law)

    def test_any_revised_message_comes_back(self, store: Store) -> None:
        def law(both: tuple[Message, Message]) -> None:
            old, new = both
            now = attrs.evolve(new, id=old.id, channel_id=old.channel_id, native=old.native)
            store.commit(make_batch(messages=(old,)))
            want = WantMessage(old.channel_id, old.native)
            assert stored(store, make_batch(revised=(now,)), want) == now

        old = any_of(Message, id=new_words(), native=new_words())
        for_any(st.tuples(old, any_of(Message)), law)

    def test_any_record_comes_back(self, store: Store) -> None:
        def law(new: Record) -> None:
            kind = Code(new.tag)
            assert stored(store, make_batch(records=(RecordPut(new),)), WantRecord(kind, new.id)) == new

        for_any(st.one_of([any_of(kind, id=new_words()) for kind in RECORDS]), law, examples=60)

    def test_any_event_comes_back(self, store: Store) -> None:
        def law(new: Entry) -> None:
            store.commit(make_batch(entries=(new,)))
            assert list(store.history(WORKSPACE, new.stream)) == [new]

        for_any(any_of(Entry, stream=new_words(), seq=st.just(1)), law)

    def test_any_outcome_comes_back(self, store: Store) -> None:
        def law(new: tuple[CommandKey, Outcome]) -> None:
            assert stored(store, make_batch(outcomes=(new,)), WantOutcome(new[0])) == new[1]

        for_any(st.tuples(new_words(), any_of(Outcome)), law)

    def test_any_text_comes_back(self, store: Store) -> None:
        numbers = count(1)

        def law(body: str) -> None:
            text = make_text(next(numbers), body)
            store.commit(make_batch(texts=(text,)))
            assert store.texts(WORKSPACE, [text.ref.id], Audience.CUSTOMER) == {text.ref.id: body}

        for_any(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), law)

    def test_an_accepted_message_comes_back(self, store: Store) -> None:
        item = make_item(
            1, text="ünï\ncödé", replies_to=("n0", "n00"), received_at=START, name="Ann", bot=True
        )
        store.commit(make_batch(inbox=(item,)))
        (leased,) = lease(store, LeaseQueue.INBOX)
        assert leased.item == item
