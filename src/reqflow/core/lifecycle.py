"""The small machines, declared once as arrows and compiled to tables.

Everything that moves a request, a conversation or a draft from state to state stands in this file. Arrows are data,
keyed by event: there are no conditions here, because choosing the event is the business of ``decide``.
`compile_table` feeds the arrows to one throw-away ``transitions.Machine``, walks what it understood and
freezes that: looking up a table costs a hundredth of driving the machine, and the tests let the
machine itself judge the tables. A table is compiled when somebody follows an arrow of it for the first time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from . import events as e
from .model import ConversationState, DraftState, RequestState
from .values import value

__all__ = ["CONVERSATION", "DRAFT", "LIFECYCLES", "REQUEST", "Arrow", "Lifecycle", "compile_table"]


@value
class Arrow:
    """In any of these states, this event leads to that state."""

    event: str
    sources: tuple[StrEnum, ...]
    target: StrEnum


@value(kw_only=True)
class Lifecycle:
    """A machine: what begins it, where, and its arrows. ``labels`` gives the events that must be their labels."""

    name: str
    states: tuple[StrEnum, ...]
    begins: str
    initial: StrEnum
    arrows: tuple[Arrow, ...]
    labels: Callable[[], Sequence[type[e.Event]]]
    final: frozenset[StrEnum] = frozenset()

    @cached_property
    def table(self) -> Mapping[tuple[StrEnum, str], StrEnum]:
        """``table[state, event]``: the state that follows. Raises ValueError as `compile_table` does."""
        return compile_table(self)

    def events(self) -> tuple[str, ...]:
        """The labels of the arrows, in the order they were declared."""
        return tuple(dict.fromkeys(arrow.event for arrow in self.arrows))


def _loops(event: str, *states: StrEnum) -> tuple[Arrow, ...]:
    """Arrows that leave each state where it is: the event changes something else."""
    return tuple(Arrow(event, (state,), state) for state in states)


def compile_table(lifecycle: Lifecycle) -> Mapping[tuple[StrEnum, str], StrEnum]:
    """The table that the arrows come to.

    Raises ValueError for whatever ``transitions`` would let pass: two arrows for one key (it takes the first),
    unknown states, unreachable states, arrows out of a final state, events without an arrow and arrows
    without an event.
    """
    name, known, arrows = lifecycle.name, lifecycle.states, lifecycle.arrows
    table: dict[tuple[StrEnum, str], StrEnum] = {}
    for arrow in arrows:
        for source in arrow.sources:
            if source not in known or arrow.target not in known:
                raise ValueError(f"{name}: {arrow} names an unknown state")
            if source in lifecycle.final:
                raise ValueError(f"{name}: {arrow} leaves the final state {source}")
            if (source, arrow.event) in table:
                raise ValueError(f"{name}: two arrows for {arrow.event} in {source}")
            table[source, arrow.event] = arrow.target
    drawn = {event for _, event in table} | {lifecycle.begins}
    labels = {cls.tag for cls in lifecycle.labels()}
    if drawn != labels:
        raise ValueError(f"{name}: arrows and events differ in {sorted(drawn ^ labels)}")
    _refuse_unreachable(name, known, lifecycle.initial, table)
    if _walked(known, lifecycle.initial, arrows) != table:
        raise ValueError(f"{name}: transitions reads these arrows differently")
    return MappingProxyType(table)


def _refuse_unreachable(
    name: str,
    states: Sequence[StrEnum],
    initial: StrEnum,
    table: Mapping[tuple[StrEnum, str], StrEnum],
) -> None:
    reached, ahead = {initial}, [initial]
    while ahead:
        here = ahead.pop()
        for (source, _), target in table.items():
            if source is here and target not in reached:
                reached.add(target)
                ahead.append(target)
    if unreachable := [state for state in states if state not in reached]:
        raise ValueError(f"{name}: no arrow leads to {', '.join(unreachable)}")


def _walked(
    states: Sequence[StrEnum], initial: StrEnum, arrows: Sequence[Arrow]
) -> dict[tuple[StrEnum, str], StrEnum]:
    """What ``transitions`` understood of the arrows."""
    from transitions import Machine  # dear to import, and not needed before somebody follows an arrow

    machine = Machine(
        model=None,
        states=[str(state) for state in states],
        initial=str(initial),
        auto_transitions=False,
        transitions=[
            {
                "trigger": arrow.event,
                "source": [str(source) for source in arrow.sources],
                "dest": str(arrow.target),
            }
            for arrow in arrows
        ],
    )
    by_name = {str(state): state for state in states}
    return {
        (by_name[source], trigger): by_name[str(found[0].dest)]
        for trigger, event in machine.events.items()
        for source, found in event.transitions.items()
        if found
    }


_R = RequestState
_OPEN = (_R.UNASSIGNED, _R.ASSIGNED, _R.ON_HOLD)

REQUEST = Lifecycle(
    name="request",
    states=tuple(RequestState),
    begins="request.opened",
    initial=_R.UNASSIGNED,
    arrows=(
        Arrow("request.assigned", (_R.UNASSIGNED, _R.ASSIGNED), _R.ASSIGNED),
        *_loops("request.assigned", _R.ON_HOLD),
        Arrow("request.unassigned", (_R.ASSIGNED,), _R.UNASSIGNED),
        *_loops("request.unassigned", _R.ON_HOLD),
        *_loops("request.routed", *_OPEN),
        Arrow("request.held", _OPEN, _R.ON_HOLD),
        Arrow("request.woken", (_R.ON_HOLD,), _R.ASSIGNED),
        Arrow("request.requeued", (_R.ON_HOLD,), _R.UNASSIGNED),
        Arrow("request.closed", _OPEN, _R.CLOSED),
        Arrow("request.reopened", (_R.CLOSED,), _R.UNASSIGNED),
        *_loops("request.nudged", _R.ASSIGNED),
    ),
    labels=lambda: e.REQUEST_EVENTS,
)

_C = ConversationState

CONVERSATION = Lifecycle(
    name="conversation",
    states=tuple(ConversationState),
    begins="conversation.opened",
    initial=_C.PENDING,
    arrows=(
        Arrow("conversation.accepted", (_C.PENDING,), _C.ACTIVE),
        *_loops("conversation.handed_over", _C.ACTIVE, _C.IN_REVIEW),
        Arrow("conversation.released", (_C.ACTIVE, _C.IN_REVIEW), _C.PENDING),
        *_loops("conversation.queued", _C.PENDING),
        Arrow("conversation.review_started", (_C.ACTIVE,), _C.IN_REVIEW),
        Arrow("conversation.review_ended", (_C.IN_REVIEW,), _C.ACTIVE),
        Arrow("conversation.closed", (_C.PENDING, _C.ACTIVE, _C.IN_REVIEW), _C.CLOSED),
        Arrow("conversation.reopened", (_C.CLOSED,), _C.PENDING),
    ),
    labels=lambda: e.CONVERSATION_EVENTS,
)

_D = DraftState

DRAFT = Lifecycle(
    name="draft",
    states=tuple(DraftState),
    begins="draft.submitted",
    initial=_D.WAITING,
    arrows=(
        *_loops("draft.revised", _D.WAITING),
        Arrow("draft.revised", (_D.REJECTED,), _D.WAITING),
        Arrow("draft.approved", (_D.WAITING,), _D.PUBLISHED),
        Arrow("draft.rejected", (_D.WAITING,), _D.REJECTED),
        Arrow("draft.withdrawn", (_D.WAITING, _D.REJECTED), _D.WITHDRAWN),
    ),
    labels=lambda: e.DRAFT_EVENTS,
    final=frozenset({_D.PUBLISHED, _D.WITHDRAWN}),
)

LIFECYCLES: tuple[Lifecycle, ...] = (REQUEST, CONVERSATION, DRAFT)
"""All of them."""
