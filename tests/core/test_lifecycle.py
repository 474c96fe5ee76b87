"""The tables agree with transitions itself, and the compiler refuses what transitions lets pass."""

from __future__ import annotations

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transitions import Machine, MachineError

from reqflow.core import events as e
from reqflow.core.couplings import (
    CLOSES_AS,
    CONVERSATION_TO_DRAFTS,
    COUPLED,
    DRAFT_TO_CONVERSATION,
    REQUEST_TO_CONVERSATION,
    RESOLVES_AS,
    Coupling,
    Table,
)
from reqflow.core.lifecycle import (
    CONVERSATION,
    DRAFT,
    LIFECYCLES,
    REQUEST,
    Arrow,
    Lifecycle,
)
from reqflow.core.model import CloseReason, ConversationState, RequestState, Resolution


class Model:
    """What a machine moves: it needs an object to write its state on."""

    state: str


def oracle(lifecycle: Lifecycle, state: StrEnum) -> Model:
    model = Model()
    Machine(
        model=model,
        states=[str(each) for each in lifecycle.states],
        initial=str(state),
        auto_transitions=False,
        transitions=[
            {"trigger": a.event, "source": [str(s) for s in a.sources], "dest": str(a.target)}
            for a in lifecycle.arrows
        ],
    )
    return model


def asked(model: Model, event: str) -> str | None:
    """Where the machine goes with this event; None when it refuses."""
    try:
        getattr(model, event)()
    except MachineError:
        return None
    return model.state


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda each: each.name)
def test_every_state_and_event_goes_where_transitions_goes(lifecycle: Lifecycle) -> None:
    pairs = 0
    for state in lifecycle.states:
        for event in lifecycle.events():
            target = lifecycle.table.get((state, event))
            assert asked(oracle(lifecycle, state), event) == (target and str(target))
            pairs += 1
    assert pairs == len(lifecycle.states) * len(lifecycle.events())


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda each: each.name)
@given(data=st.data())
def test_random_walks_agree_with_transitions(lifecycle: Lifecycle, data: st.DataObject) -> None:
    walk = data.draw(st.lists(st.sampled_from(lifecycle.events()), max_size=30))
    state, model = lifecycle.initial, oracle(lifecycle, lifecycle.initial)
    for event in walk:
        target = lifecycle.table.get((state, event))
        assert asked(model, event) == (target and str(target))
        state = target or state


def test_every_lifecycle_event_is_an_arrow_and_every_arrow_an_event() -> None:
    labels = ((REQUEST, e.REQUEST_EVENTS), (CONVERSATION, e.CONVERSATION_EVENTS), (DRAFT, e.DRAFT_EVENTS))
    for lifecycle, events in labels:
        assert {lifecycle.begins, *lifecycle.events()} == {cls.tag for cls in events}


class Lamp(StrEnum):
    OFF = "off"
    ON = "on"


class Broken(StrEnum):
    BROKEN = "broken"


class Lit(e.Event):
    tag = "lamp.lit"


class Made(e.Event):
    tag = "lamp.made"


LIT = Arrow("lamp.lit", (Lamp.OFF,), Lamp.ON)


def lifecycle_of(arrows: list[Arrow], events: list[type[e.Event]], final: list[Lamp]) -> Lifecycle:
    return Lifecycle(
        name="lamp",
        states=tuple(Lamp),
        begins="lamp.made",
        initial=Lamp.OFF,
        arrows=tuple(arrows),
        labels=lambda: events,
        final=frozenset(final),
    )


@pytest.mark.parametrize(
    ("arrows", "events", "final", "says"),
    [
        ([LIT, Arrow("lamp.lit", (Lamp.OFF,), Lamp.OFF)], [Made, Lit], [], "two arrows"),
        ([LIT, Arrow("lamp.lit", (Lamp.ON,), Broken.BROKEN)], [Made, Lit], [], "unknown state"),
        ([LIT, Arrow("lamp.lit", (Broken.BROKEN,), Lamp.ON)], [Made, Lit], [], "unknown state"),
        ([Arrow("lamp.lit", (Lamp.OFF,), Lamp.OFF)], [Made, Lit], [], "no arrow leads to on"),
        ([LIT, Arrow("lamp.lit", (Lamp.ON,), Lamp.OFF)], [Made, Lit], [Lamp.ON], "final state"),
        ([LIT], [Made], [], "arrows and events differ"),
        ([], [Made, Lit], [], "arrows and events differ"),
    ],
)
def test_the_compiler_refuses(
    arrows: list[Arrow], events: list[type[e.Event]], final: list[Lamp], says: str
) -> None:
    lamp = lifecycle_of(arrows, events, final)
    with pytest.raises(ValueError, match=says):
        lamp.table  # noqa: B018  (it is compiled when it is first asked for)


def test_the_compiler_takes_what_is_right() -> None:
    lamp = lifecycle_of([LIT], [Made, Lit], [Lamp.ON])
    assert dict(lamp.table) == {(Lamp.OFF, "lamp.lit"): Lamp.ON}


def test_tables_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        REQUEST.table[RequestState.CLOSED, "request.held"] = RequestState.ON_HOLD  # type: ignore[index]


@pytest.mark.parametrize(
    ("table", "events"),
    [(REQUEST_TO_CONVERSATION, e.REQUEST_EVENTS), (DRAFT_TO_CONVERSATION, e.DRAFT_EVENTS)],
)
def test_the_coupling_tables_are_total(table: Table, events: tuple[type[e.Event], ...]) -> None:
    assert set(table) == {(cls.tag, state) for cls in events for state in ConversationState}


def test_drafts_end_where_a_conversation_stops_being_held() -> None:
    """Every arrow to a state without a holder ends them, and no other does: closed and pending have none."""
    held = {ConversationState.ACTIVE, ConversationState.IN_REVIEW}
    leaves = {
        (ev, target) for (source, ev), target in CONVERSATION.table.items() if source in held - {target}
    }
    ends = {k for k, c in CONVERSATION_TO_DRAFTS.items() if c is Coupling.WITHDRAW_DRAFTS}
    assert ends == {(ev, target) for ev, target in leaves if target not in held}


def test_the_loop_looks_up_the_same_tables() -> None:
    looked_up = {(event, state): c for event, row in COUPLED.items() for state, c in row.items()}
    declared = {**REQUEST_TO_CONVERSATION, **DRAFT_TO_CONVERSATION, **CONVERSATION_TO_DRAFTS}
    assert looked_up == {k: c for k, c in declared.items() if c is not Coupling.NOTHING}


def test_only_a_closing_request_may_meet_a_closed_conversation() -> None:
    meets = {
        event
        for (event, state), coupling in REQUEST_TO_CONVERSATION.items()
        if state is ConversationState.CLOSED and coupling is not Coupling.IMPOSSIBLE
    }
    assert meets == {"request.closed"}


def test_reasons_and_resolutions_match_both_ways() -> None:
    assert set(RESOLVES_AS) == set(CloseReason) and set(CLOSES_AS) == set(Resolution)
    for reason, resolution in RESOLVES_AS.items():
        assert CLOSES_AS[resolution] is reason
