"""Audience safety by types: what is for customers is read with a customer's eyes, wherever it stands."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from reqflow.core.effects import EFFECTS, Effect, MailCustomer, PostMessage, QueuedEffect, React
from reqflow.core.explain import refs_in
from reqflow.core.ids import make_text
from reqflow.core.model import Audience, TextRef
from reqflow.core.settings import Desk
from reqflow.flow.ahead import Ahead
from reqflow.flow.asks import AskRecall, AskTexts, Context
from reqflow.plugins.memory import MemoryStore
from reqflow.ports import Batch
from tests.core.test_vocabulary import AT, sample

FOR_CUSTOMERS = (PostMessage, React, MailCustomer)
"""The effects whose transport shows things to customers. A further one is a decision, and is written down here."""


def asked_for(effect: Effect) -> list[AskTexts]:
    """The texts that a worker asks for before it hands the effect to its transport."""
    context = Context(desk=Desk(workspace="desk"), clock=lambda: AT, policies={})
    queued = QueuedEffect(id="e1", destination="s:c", effect=effect, queued_at=AT)
    steps = Ahead(context, [queued]).telling(queued)
    asks: list[AskTexts] = []
    answer: Any = None
    while True:
        try:
            ask = steps.send(answer)
        except StopIteration:
            return asks
        if isinstance(ask, AskTexts):
            asks.append(ask)
            answer = {}
        else:
            assert isinstance(ask, AskRecall)
            answer = tuple((None, None) for _ in ask.wants)


def named(effect: Effect) -> set[str]:
    return {ref.id for ref in refs_in(effect)}


@pytest.mark.parametrize("cls", EFFECTS, ids=lambda cls: cls.tag)
def test_only_these_effects_are_read_with_a_customers_eyes(cls: type[Effect]) -> None:
    eyes = Audience.CUSTOMER if cls in FOR_CUSTOMERS else Audience.INTERNAL
    assert sample(cls, cls.tag).eyes() is eyes


def test_an_effect_that_says_nothing_of_itself_is_taken_for_a_customers() -> None:
    assert Effect().eyes() is Audience.CUSTOMER


@pytest.mark.parametrize("cls", FOR_CUSTOMERS, ids=lambda cls: cls.tag)
def test_whatever_a_customer_is_shown_is_asked_for_as_a_customer(cls: type[Effect]) -> None:
    """Every reference in such an effect, wherever it stands; but for the address that it goes to."""
    effect = distinct(cls)
    address = effect.address()
    for ask in asked_for(effect):
        if ask.audience is Audience.INTERNAL:
            assert address is not None and ask.ids == (address.id,)
            assert address.id not in effect.shown()
    asked = {id for ask in asked_for(effect) for id in ask.ids}
    assert named(effect) <= asked


@pytest.mark.parametrize("cls", FOR_CUSTOMERS, ids=lambda cls: cls.tag)
def test_internal_words_stay_inside_even_where_a_customers_effect_names_them(cls: type[Effect]) -> None:
    """The last guard: were some code to name the wrong text, the store still would not hand it out."""
    effect = distinct(cls)
    store = MemoryStore()
    texts = [
        attrs.evolve(make_text("Between us.", "x1", "body", Audience.INTERNAL, "ana", b"salt"), ref=ref)
        for ref in refs_in(effect)
    ]
    internal = [attrs.evolve(text, ref=attrs.evolve(text.ref, audience=Audience.INTERNAL)) for text in texts]
    store.commit(Batch(workspace="desk", at=AT, texts=tuple(internal)))
    for ask in asked_for(effect):
        found = store.texts("desk", ask.ids, ask.audience)
        assert not found or ask.ids == (effect.address().id,)  # type: ignore[union-attr]
    store.close()


def distinct(cls: type[Effect]) -> Effect:
    """A sample whose references all differ, so that none hides behind another."""
    effect: Effect = sample(cls, cls.tag)
    numbers = iter(range(1000))

    def renamed(content: Any) -> Any:
        if isinstance(content, TextRef):
            return attrs.evolve(content, id=f"t_{next(numbers)}")
        if isinstance(content, tuple):
            return tuple(renamed(each) for each in content)
        if attrs.has(type(content)):
            fields = attrs.fields(type(content))
            return attrs.evolve(content, **{f.name: renamed(getattr(content, f.name)) for f in fields})
        return content

    found: Effect = renamed(effect)
    return found
