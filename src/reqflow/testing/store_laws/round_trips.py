"""Whatever is stored comes back exactly as it was."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ...core.events import Entry
from ...core.facts import Outcome, WantConversation, WantMessage, WantOutcome, WantRequest
from ...core.model import Audience, Conversation, Message, Request
from ...ports import LeaseQueue, Store
from ..samples import START, WORKSPACE, make_batch, make_item, make_text
from ..shapes import any_of, words
from .laws import StoreLaws, ask, lease

__all__ = ["RoundTripLaws"]

_numbers = count(1)  # every example uses new ids, so that one store serves them all
_new = st.builds(lambda word: f"{next(_numbers):08}{word}", words)
examples = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class RoundTripLaws(StoreLaws):
    """Microseconds, 64-bit numbers, every state and every event survive storage."""

    @examples
    @given(new=any_of(Conversation, id=_new, version=st.just(1)))
    def test_any_conversation_comes_back(self, store: Store, new: Any) -> None:
        store.commit(make_batch(conversations=(new,)))
        assert ask(store, WantConversation(new.id)) == new

    @examples
    @given(new=any_of(Request, id=_new))
    def test_any_request_comes_back(self, store: Store, new: Any) -> None:
        store.commit(make_batch(requests=(new,)))
        assert ask(store, WantRequest(new.id))[0] == new

    @examples
    @given(new=any_of(Message, id=_new, native=_new))
    def test_any_message_comes_back(self, store: Store, new: Any) -> None:
        store.commit(make_batch(messages=(new,)))
        assert ask(store, WantMessage(new.channel_id, new.native)) == new

    @examples
    @given(new=any_of(Entry, stream=_new, seq=st.just(1)))
    def test_any_event_comes_back(self, store: Store, new: Any) -> None:
        store.commit(make_batch(entries=(new,)))
        assert list(store.history(WORKSPACE, new.stream)) == [new]

    @examples
    @given(key=_new, outcome=any_of(Outcome))
    def test_any_outcome_comes_back(self, store: Store, key: Any, outcome: Any) -> None:
        store.commit(make_batch(outcomes=((key, outcome),)))
        assert ask(store, WantOutcome(key)) == outcome

    @examples
    @given(number=st.builds(lambda: next(_numbers)), body=st.text(st.characters(exclude_categories=["Cs"])))
    def test_any_text_comes_back(self, store: Store, number: int, body: str) -> None:
        text = make_text(number, body.replace("\0", " "))
        store.commit(make_batch(texts=(text,)))
        assert store.texts(WORKSPACE, [text.ref.id], Audience.CUSTOMER) == {text.ref.id: text.body}

    def test_an_accepted_message_comes_back(self, store: Store) -> None:
        item = make_item(1, text="ünï\ncödé", replies_to=("n0", "n00"), received_at=START, name="Ann", bot=True)
        store.commit(make_batch(inbox=(item,)))
        (leased,) = lease(store, LeaseQueue.INBOX)
        assert leased.item == item
