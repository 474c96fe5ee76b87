"""The tables agree with transitions itself, and the compiler refuses what transitions lets pass."""

from __future__ import annotations

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transitions import Machine, MachineError

from reqflow.core import events as e
from reqflow.core.couplings import CLOSES_AS, COUPLED, REQUEST_TO_CONVERSATION, RESOLVES_AS, Coupling
from reqflow.core.lifecycle import CONVERSATION, REQUEST, Arrow, Lifecycle, compile_lifecycle
from reqflow.core.model import CloseReason, ConversationState, RequestState, Resolution

LIFECYCLES = [REQUEST, CONVERSATION]


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
    for lifecycle, events in ((REQUEST, e.REQUEST_EVENTS), (CONVERSATION, e.CONVERSATION_EVENTS)):
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
    with pytest.raises(ValueError, match=says):
        compile_lifecycle("lamp", Lamp, "lamp.made", Lamp.OFF, arrows, events, final)


def test_the_compiler_takes_what_is_right() -> None:
    lamp = compile_lifecycle("lamp", Lamp, "lamp.made", Lamp.OFF, [LIT], [Made, Lit], [Lamp.ON])
    assert dict(lamp.table) == {(Lamp.OFF, "lamp.lit"): Lamp.ON}


def test_tables_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        REQUEST.table[RequestState.CLOSED, "request.held"] = RequestState.ON_HOLD  # type: ignore[index]


def test_the_coupling_table_is_total() -> None:
    assert set(REQUEST_TO_CONVERSATION) == {
        (cls.tag, state) for cls in e.REQUEST_EVENTS for state in ConversationState
    }


def test_the_loop_looks_up_the_same_table() -> None:
    looked_up = {(event, state): c for event, row in COUPLED.items() for state, c in row.items()}
    assert looked_up == {k: c for k, c in REQUEST_TO_CONVERSATION.items() if c is not Coupling.NOTHING}


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
