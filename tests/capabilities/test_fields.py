"""Declared fields, the first of the doors through which a host extends a desk."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqflow import (
    Actor,
    ActorKind,
    Audience,
    Automation,
    Close,
    CloseConversation,
    CloseReason,
    Command,
    ConversationState,
    CreateCustomer,
    Records,
    Reopen,
    RequestState,
    Resolution,
    SetCustomerField,
    SetField,
    WithField,
    agent,
)
from reqflow.core import events as e
from reqflow.core.facts import Outcome
from reqflow.core.fields import typed
from reqflow.core.model import FieldValue, TextRef
from reqflow.core.records import FieldEntry
from reqflow.core.settings import Field, FieldType
from reqflow.errors import Forbidden, InvalidInput, Refused, UnknownId
from reqflow.testing.desks import DESK, Rules, Story, desk_with

FIELDS = {
    "order": {"filterable": True},
    "product": {"type": "choice", "choices": ["App", "Web"], "filterable": True},
    "weight": {"on": "request", "type": "number", "filterable": True},
    "vip": {"type": "flag"},
    "due_at": {"on": "request", "type": "moment", "filterable": True},
    "plan": {"on": "customer", "type": "choice", "choices": ["free", "paid"], "filterable": True},
}
NEEDED = {
    "cause": {"on": "request", "required_on_close": True},
    "product": {"type": "choice", "choices": ["app", "web"], "required_on_close": True},
    "remark": {},
}
HOST = Actor(ActorKind.PLUGIN, "acme")


def with_fields(
    fields: dict[str, Any] = FIELDS, settings: dict[str, Any] | None = None, **engine: Any
) -> Story:
    return Story(desk=desk_with(settings, fields=fields), **engine)


@pytest.fixture
def story() -> Story:
    return with_fields()


@pytest.fixture
def asked(story: Story) -> Outcome:
    return story.say("cara", "Where is my parcel?")


def filled(story: Story, about: Outcome, **content: Any) -> None:
    for field, each in content.items():
        story.do(SetField, "ana", about, field=field, content=each)


def held(story: Story, about: Outcome) -> dict[str, FieldValue]:
    """What the fields of the conversation and of its request hold."""
    values = (*story.conversation(about).fields, *story.request(about).fields)
    return {value.field: value for value in values}


def found(story: Story, field: str, content: object) -> list[FieldEntry]:
    return story.all(WithField(field=field, content=content))


def refused(code: str, told: str | None = None) -> Any:
    return pytest.raises(Refused, match=told, check=lambda refusal: refusal.code == code)


def test_values_have_the_type_that_the_desk_declared(story: Story, asked: Outcome) -> None:
    due_at = datetime(2024, 3, 8, 12, tzinfo=timezone(timedelta(hours=2)))
    filled(story, asked, order="A-17", product="web", weight=3, vip=False, due_at=due_at)
    values = held(story, asked)
    assert list(values) == ["order", "product", "vip", "due_at", "weight"]
    assert (values["product"].choice, values["vip"].flag, values["weight"].number) == ("web", False, 3.0)
    assert values["due_at"].at == due_at and values["due_at"].at.tzinfo is UTC
    order = values["order"].text
    assert order is not None and order.audience is Audience.INTERNAL
    told = [
        line.what for line in story.engine.explain(asked.conversation_id or "") if line.tag == "field.set"
    ]
    assert told == [
        "set order to “A-17”",
        "set product to web",
        "set weight to 3",
        "set vip to no",
        "set due_at to 2024-03-08 10:00 UTC",
    ]
    assert story.engine.verify() == [] and story.engine.rebuild() and story.engine.verify() == []


@pytest.mark.parametrize(
    ("field", "content"),
    [
        ("order", 17),
        ("product", "phone"),
        ("product", 1),
        ("weight", "3"),
        ("weight", True),
        ("weight", float("nan")),
        ("weight", float("inf")),
        ("weight", 10**400),
        ("vip", "yes"),
        ("vip", 1),
        ("due_at", "tomorrow"),
        ("due_at", datetime(2024, 3, 8, 12)),
    ],
)
def test_what_a_field_does_not_take_is_refused(
    story: Story, asked: Outcome, field: str, content: Any
) -> None:
    with refused("wrong_value", f"field {field} takes"):
        filled(story, asked, **{field: content})
    assert held(story, asked) == {}


@given(
    st.sampled_from(FieldType),
    st.none() | st.text() | st.booleans() | st.integers() | st.floats() | st.datetimes() | st.binary(),
)
def test_any_content_is_a_value_of_its_type_or_refused_without_being_repeated(
    kind: FieldType, content: Any
) -> None:
    field = Field(name="x", type=kind, choices=("a", "b") if kind is FieldType.CHOICE else ())
    kept: list[str] = []

    def text_of(body: str) -> TextRef:
        kept.append(body)
        return TextRef("t_1.x", Audience.INTERNAL, "ana", "digest")

    try:
        value = typed(field, content, text_of)
    except Refused as refusal:
        assert refusal.code == "wrong_value" and repr(content) not in str(refusal)  # noqa: PT017
        return
    if value is None:
        assert content is None or not content.strip()
    elif kind is FieldType.TEXT:
        assert kept == [content]
    else:
        (only,) = [each for each in (value.number, value.flag, value.choice, value.at) if each is not None]
        assert only == (content.strip().casefold() if kind is FieldType.CHOICE else content)


def test_a_field_is_changed_emptied_and_logged(story: Story, asked: Outcome) -> None:
    filled(story, asked, order="A-17", vip=True)
    filled(story, asked, order="A-17", vip=True)  # says nothing new
    filled(story, asked, order="A-18", vip=None)
    filled(story, asked, order=" ", vip=None)
    assert held(story, asked) == {}
    assert [tag for tag in story.tags(asked) if tag.startswith("field.")] == [
        "field.set",
        "field.set",
        "field.set",
        "field.cleared",
        "field.cleared",
    ]
    assert story.engine.explain(asked.conversation_id or "")[-1].what == "emptied order"
    filled(story, asked, order="A-19")
    assert [entry.value == held(story, asked)["order"] for entry in found(story, "order", "A-19")] == [True]
    assert story.engine.verify() == []


def test_a_field_belongs_to_what_it_was_declared_for(story: Story, asked: Outcome) -> None:
    other = story.say("dora", "And mine?")
    with refused("unknown_field", "declared are order, product, weight, vip, due_at"):
        filled(story, asked, colour="red")
    with refused("unknown_field"):
        filled(story, asked, plan="paid")
    with refused("no_request", "name the one"):
        story.do(SetField, "ana", asked, field="weight", content=3, request_id=None)
    with refused("not_here"):
        story.do(SetField, "ana", asked, field="weight", content=3, request_id=other.request_id)
    with pytest.raises(InvalidInput):
        SetField(by=agent("ana"), conversation_id=asked.conversation_id, field="two words", content=3)


def test_what_is_filterable_is_found_by_its_value(story: Story, asked: Outcome) -> None:
    other = story.say("dora", "And mine?")
    filled(story, asked, order="A-17", product="web", weight=3.5, due_at=story.now)
    story.wait(minutes=1)
    filled(story, other, order="A-17", product="app", weight=4)
    both = [asked.conversation_id, other.conversation_id]
    assert [entry.conversation_id for entry in found(story, "order", "A-17")] == both
    assert [entry.conversation_id for entry in found(story, "product", "App")] == both[1:]
    assert [entry.request_id for entry in found(story, "weight", 4)] == [other.request_id]
    assert [entry.request_id for entry in found(story, "due_at", story.now - timedelta(minutes=1))] == [
        asked.request_id
    ]
    filled(story, other, order="B-1")
    assert [entry.conversation_id for entry in found(story, "order", "A-17")] == both[:1]
    with pytest.raises(InvalidInput, match="not filterable"):
        found(story, "vip", True)
    with refused("wrong_value"):
        found(story, "weight", "4")
    with refused("unknown_field"):
        found(story, "colour", "red")


def test_no_index_holds_what_a_text_says(story: Story, asked: Outcome) -> None:
    filled(story, asked, order="Cara Doe, Main Street 5")
    (entry,) = found(story, "order", "Cara Doe, Main Street 5")
    assert "Cara" not in repr(entry.found_by())
    assert entry.value is not None and entry.value.text is not None
    assert not story.store.texts(story.engine.workspace, (entry.value.text.id,), Audience.CUSTOMER)


# --- required on close ---


@pytest.mark.parametrize("close", [Close, CloseConversation])
def test_nobody_closes_work_while_something_is_missing(close: type[Command]) -> None:
    story = with_fields(NEEDED)
    asked = story.say("cara", "Where is my parcel?")
    for who in (agent("ana"), HOST):
        about = (
            {"request_id": asked.request_id} if close is Close else {"conversation_id": asked.conversation_id}
        )
        with refused("fields_missing", f"product of the conversation, cause of {asked.request_id}"):
            story.engine.handle(close(by=who, **about))
    filled(story, asked, cause="The depot.")
    with refused("fields_missing", "closing: product of the conversation$"):
        story.do(close, "ana", asked)
    filled(story, asked, product="web")
    story.do(close, "ana", asked)
    assert story.conversation(asked).state is ConversationState.CLOSED
    assert story.engine.verify() == []


def test_no_rule_closes_around_it() -> None:
    def close(occasion: Any) -> Iterable[Command]:
        yield Close(by=HOST, request_id=occasion.event.request_id)

    rule = Automation(name="closer", on=frozenset({e.RequestOpened}), then=close)
    story = with_fields(NEEDED, plugins=[Rules(rule)])
    asked = story.say("cara", "Where is my parcel?")
    assert story.request(asked).is_open
    (said,) = [event for event in story.events(asked) if isinstance(event, e.RuleRefused)]
    assert said.code == "fields_missing"


def test_what_the_conversation_lacks_counts_when_it_ends() -> None:
    story = with_fields(NEEDED, {"close_with_last_request": False})
    asked = story.say("cara", "Where is my parcel?")
    filled(story, asked, cause="The depot.")
    story.do(Close, "ana", asked)
    with refused("fields_missing", "closing: product of the conversation$"):
        story.do(CloseConversation, "ana", asked)
    story.do(Reopen, "ana", asked)
    assert [value.field for value in story.request(asked).fields] == ["cause"]


@pytest.mark.parametrize(
    "resolution", [each for each in Resolution if each not in (Resolution.BARRED, Resolution.MERGED)]
)
def test_where_there_was_no_work_there_is_nothing_to_fill_in(resolution: Resolution) -> None:
    story = with_fields(NEEDED)
    asked, into = story.say("cara", "Where is my parcel?"), story.say("dora", "And mine?")
    work = resolution in (Resolution.DONE, Resolution.WITHDRAWN, Resolution.EXPIRED)
    closing = Close(
        by=agent("ana"),
        request_id=asked.request_id,
        resolution=resolution,
        into=into.request_id if resolution is Resolution.DUPLICATE else None,
    )
    if work:
        with refused("fields_missing"):
            story.engine.handle(closing)
    else:
        story.engine.handle(closing)
        assert story.request(asked).resolution is resolution


@pytest.mark.parametrize("reason", [CloseReason.REJECTED, CloseReason.IGNORED])
def test_a_conversation_without_work_is_closed_without_it(reason: CloseReason) -> None:
    story = with_fields(NEEDED)
    asked = story.say("cara", "Buy now?")
    story.do(CloseConversation, "ana", asked, reason=reason)
    assert not story.conversation(asked).is_open


def test_timers_close_without_asking_anybody() -> None:
    story = with_fields(NEEDED, {"auto_close_after": "2d", "nudge_after": 0})
    asked = story.say("cara", "Where is my parcel?")
    story.wait(days=3)
    assert story.request(asked).resolution is Resolution.EXPIRED
    assert story.engine.verify() == []


def test_the_fields_of_a_request_closed_long_ago_can_still_be_filled_in() -> None:
    story = with_fields(FIELDS, {"inactivity_close_after": 0})
    first = story.say("cara", "Where is my parcel?", channel="dm:desk")
    story.do(Close, "ana", first)
    story.wait(days=8)
    second = story.say("cara", "And the other one?", channel="dm:desk")
    assert second.conversation_id == first.conversation_id and second.request_id != first.request_id
    story.do(Close, "ana", second)
    filled(story, first, weight=3)
    assert (story.request(first).fields[0].number, story.request(second).fields) == (3.0, ())
    assert story.request(first).state is RequestState.CLOSED
    assert story.engine.verify() == []


# --- of customers ---


def test_a_customers_field_has_a_history_of_its_own(story: Story) -> None:
    known = story.do(
        CreateCustomer, "ana", first_name="Cara", last_name="Doe", email="cara@example.org"
    ).record_id
    story.do(SetCustomerField, "ana", customer_id=known, field="plan", content="free")
    story.do(SetCustomerField, "ana", customer_id=known, field="plan", content="paid")
    story.do(SetCustomerField, "ana", customer_id=known, field="plan", content="paid")
    (entry,) = found(story, "plan", "paid")
    assert (entry.customer_id, entry.conversation_id) == (known, None)
    assert found(story, "plan", "free") == []
    assert story.all(Records(kind="field_value", name="customer", content=known)) == [entry]
    assert [line.what for line in story.engine.explain(f"field_value:{known}.plan")] == [
        "set plan to free",
        "set plan to paid",
    ]
    story.do(SetCustomerField, "ana", customer_id=known, field="plan", content=None)
    assert story.all(Records(kind="field_value", name="customer", content=known)) == []
    assert story.engine.verify() == [] and story.engine.rebuild() >= 0 and story.engine.verify() == []


def test_a_customers_field_needs_the_customer_and_the_right() -> None:
    agents = {**DESK["agents"], "rae": {"name": "Rae", "role": "restricted"}}
    story = Story(desk=desk_with(agents=agents, fields=FIELDS))
    known = story.do(
        CreateCustomer, "ana", first_name="Cara", last_name="Doe", email="cara@example.org"
    ).record_id
    with pytest.raises(UnknownId):
        story.do(SetCustomerField, "ana", customer_id="k_none", field="plan", content="paid")
    with pytest.raises(Forbidden, match="contacts"):
        story.do(SetCustomerField, "rae", customer_id=known, field="plan", content="paid")
    with refused("unknown_field", "declared are plan"):
        story.do(SetCustomerField, "ana", customer_id=known, field="order", content="A-17")
