"""However a run of messages and commands is cut into commits, the desk ends the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reqflow import (
    Accept,
    Actor,
    ActorKind,
    Assign,
    Close,
    CloseConversation,
    Hold,
    HoldReason,
    Inbound,
    Release,
    Reopen,
    Reply,
    Take,
    Unassign,
    Wake,
)
from reqflow.core.ids import conversation_id, inbound_key, message_id, request_id
from reqflow.errors import ReqflowError
from reqflow.plugins.memory import MemoryStore
from reqflow.ports import Conversations, EffectState, Messages, Requests
from reqflow.testing.desks import START
from reqflow.testing.strategies import gaps, sayings
from tests.engine.scenario import Clock, engine_on, everything, histories, prepared

NOW = START + timedelta(days=2)
CHANNELS = ("chat:lobby", "dm:1", "line:1", "mail:desk")
ABOUT_CONVERSATIONS = (Accept, Release, CloseConversation, Reply)
ABOUT_REQUESTS = (Take, Assign, Unassign, Hold, Wake, Close, Reopen)


@st.composite
def days(draw: st.DrawFn) -> list[Any]:
    """Letters and commands about what they opened, in an order of arrival that is not that of sending."""
    letters: list[Inbound] = []
    items: list[Any] = []
    sent_at = START
    for number in range(draw(st.integers(2, 12))):
        if letters and draw(st.booleans()):
            items.append(command(draw, number, draw(st.sampled_from(letters))))
            continue
        sent_at += draw(gaps(120))
        channel = draw(st.sampled_from(CHANNELS))
        known = [each.native for each in letters if each.channel == channel]
        to = draw(st.none() | st.sampled_from([*known, "unseen"]))
        letter = Inbound(
            channel=channel,
            author=f"{channel.partition(':')[0]}:{draw(st.sampled_from(['cara', 'dan', 'ana']))}",
            native=str(number),
            sent_at=sent_at - draw(st.sampled_from([timedelta(0), timedelta(seconds=180)])),
            text=draw(sayings),
            replies_to=() if to is None else (to,),
        )
        letters.append(letter)
        items.append(letter)
    if draw(st.booleans()):
        items.append(draw(st.sampled_from(items)))  # something comes twice
    return items


def command(draw: st.DrawFn, number: int, letter: Inbound) -> Any:
    opener = message_id(inbound_key(letter.channel, letter.native), letter.sent_at)
    make = draw(st.sampled_from((*ABOUT_REQUESTS, *ABOUT_CONVERSATIONS)))
    fields: dict[str, Any] = {"by": Actor(ActorKind.AGENT, draw(st.sampled_from(["ana", "bo"])))}
    if make in ABOUT_CONVERSATIONS:
        fields["conversation_id"] = conversation_id(opener)
    else:
        fields["request_id"] = request_id(opener)
    if make is Assign:
        fields["assignee"] = "bo"
    if make is Hold:
        fields["reason"] = draw(st.sampled_from([HoldReason.CUSTOMER, HoldReason.THIRD_PARTY]))
    if make is Reply:
        fields["text"] = "so"
    return make(key=f"cmd:{number}", **fields)


def lived(items: list[Any], cuts: set[int]) -> tuple[Any, list[Any]]:
    store, clock = prepared(MemoryStore()), Clock()
    clock.now = NOW
    engine, results = engine_on(store, clock), []
    first = 0
    for end in sorted({*cuts, len(items)}):
        if end > first:
            results += engine.handle_many(items[first:end])
            first = end
    assert engine.verify() == []
    return store, results


def contents(store: Any) -> dict[str, Any]:
    return {
        "events": {
            name: [each.events for each in rows if each.stream != "desk"]
            for name, rows in histories(store).items()
        },
        "conversations": list(everything(store, Conversations())),
        "requests": list(everything(store, Requests())),
        "messages": list(everything(store, Messages())),
        "effects": sorted(
            each.queued.id for each in Effects_of(store) if each.state is not EffectState.CANCELLED
        ),
    }


def Effects_of(store: Any) -> list[Any]:
    from reqflow.ports import Effects

    return list(everything(store, Effects()))


def without_lanes(found: dict[str, Any]) -> dict[str, Any]:
    """How often a lane was written depends on the cut, and with it what conversations note of that."""
    import attrs

    def plain(event: Any) -> Any:
        return attrs.evolve(event, lane_version=0) if hasattr(event, "lane_version") else event

    events = {
        name: [[plain(event) for event in row] for row in rows] for name, rows in found["events"].items()
    }
    return {**found, "events": events}


@given(items=days(), data=st.data())
@settings(max_examples=300)
def test_any_cut_into_commits_gives_the_same_desk(items, data):
    cuts = data.draw(st.sets(st.integers(1, max(1, len(items) - 1))))
    one_by_one, expected = lived(items, set(range(len(items))))
    cut, results = lived(items, cuts)
    assert [simple(each) for each in results] == [simple(each) for each in expected]
    assert without_lanes(contents(cut)) == without_lanes(contents(one_by_one))


def simple(result: Any) -> Any:
    return (type(result), str(result)) if isinstance(result, ReqflowError) else result
