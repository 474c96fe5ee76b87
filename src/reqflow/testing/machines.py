"""A desk under random use: `DeskMachine` does anything in any order, and every law is looked at after every step.

::

    class TestMyStore(DeskMachine.TestCase):
        pass

runs it in memory; a subclass of `DeskMachine` with its own ``make_store`` runs it on any store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ..core import commands as c
from ..core import events as e
from ..core.effects import Effect, PostMessage
from ..core.facts import Outcome, WantPool
from ..core.model import (
    Actor,
    ActorKind,
    AgentId,
    AgentLoad,
    Audience,
    ChannelId,
    CloseReason,
    Code,
    CommandKey,
    Conversation,
    ConversationState,
    HoldReason,
    NativeId,
    Request,
    RequestState,
    Resolution,
)
from ..core.settings import ChannelKind
from ..core.step import Automation
from ..core.timers import drained_queue, next_due, swept_after
from ..errors import Refused, ReqflowError, UnknownId
from ..hooks import hookimpl
from ..ports import Conversations, Effects, Messages, Receipt, ReceiptKind, Streams
from .desks import DESK, Rules, Story, desk_with
from .strategies import sayings

__all__ = ["DeskMachine", "Post", "broken_laws"]


# --- the laws ---------------------------------------------------------------------------------------


def broken_laws(story: Story) -> list[str]:
    """What does not hold of a desk, one line each; empty when all is well."""
    conversations: list[Conversation] = story.all(Conversations())
    requests = story.requests()
    return [
        *story.engine.verify(),
        *_broken_states(conversations, requests),
        *_broken_identity(story, conversations),
        *_broken_loads(story, requests),
        *_broken_agenda(story, conversations),
        *_broken_outbox(story),
    ]


def _broken_states(conversations: list[Conversation], requests: list[Request]) -> Iterator[str]:
    for each in conversations:
        assigned = [r for r in each.requests if r.state is RequestState.ASSIGNED]
        if each.state is ConversationState.PENDING and (each.holder or assigned):
            yield f"{each.id} is pending, held by {each.holder}, with {len(assigned)} assigned requests"
        if each.state is ConversationState.ACTIVE and each.holder is None:
            yield f"{each.id} is active without a holder"
        if not each.is_open and (each.requests or each.holder or each.reason is None):
            yield f"{each.id} is closed ({each.reason}) with {len(each.requests)} open requests, {each.holder}"
        if list(each.requests) != sorted(each.requests, key=lambda r: (r.opened_at, r.id)):
            yield f"{each.id}: open requests are not in order"
    for request in requests:
        state = request.state
        if state is RequestState.ASSIGNED and request.assignee is None:
            yield f"{request.id} is assigned to nobody"
        if state is RequestState.UNASSIGNED and request.assignee is not None:
            yield f"{request.id} is unassigned, to {request.assignee}"
        if (state is RequestState.ON_HOLD) is not (request.hold_reason is not None):
            yield f"{request.id} is {state} with hold reason {request.hold_reason}"
        if (state is RequestState.CLOSED) is not (request.resolution is not None):
            yield f"{request.id} is {state} with resolution {request.resolution}"
        if (state is RequestState.UNASSIGNED) is not (request.waiting_at is not None):
            yield f"{request.id} is {state}, waiting since {request.waiting_at}"


def _broken_identity(story: Story, conversations: list[Conversation]) -> Iterator[str]:
    direct = Counter(
        (each.channel_id, each.requester)
        for each in conversations
        if each.is_open
        and not each.is_quiet
        and story.engine.desk.settings(each.channel_id).kind is ChannelKind.DIRECT
    )
    for place, count in direct.items():
        if count > 1:
            yield f"{place} has {count} open conversations in a direct channel"
    natives = Counter((m.channel_id, m.native) for m in story.all(Messages()))
    yield from (f"{key} is stored {count} times" for key, count in natives.items() if count > 1)


def _broken_loads(story: Story, requests: list[Request]) -> Iterator[str]:
    agents = tuple(story.engine.desk.agents)
    counted = Counter(r.assignee for r in requests if r.state is RequestState.ASSIGNED)
    pool: tuple[AgentLoad, ...]
    (pool,) = story.store.recall(  # the answer goes with the want
        story.engine.workspace, (WantPool(agents, None, len(agents)),)
    )
    for load in pool:
        if load.load != counted[load.agent]:
            yield f"{load.agent} has {counted[load.agent]} assigned requests, load says {load.load}"


def _broken_agenda(story: Story, conversations: list[Conversation]) -> Iterator[str]:
    timers: dict[str, Any] = story.timers()
    for each in conversations:
        due_at = next_due(each, story.engine.desk.settings(each.channel_id))
        armed_at = timers.pop(each.id, None)
        if due_at is None and armed_at is not None and not each.is_open:
            yield f"{each.id} is closed and has a timer"
        if due_at is not None and (armed_at is None or armed_at > due_at):
            yield f"{each.id} is due at {due_at}, its timer rings at {armed_at}"
    for key in timers:
        if drained_queue(key) is None and swept_after(key) is None:
            yield f"timer {key} is nobody's"


def _broken_outbox(story: Story) -> Iterator[str]:
    causes: set[str] = set()
    for stream in story.all(Streams()):
        for entry in story.store.history(story.engine.workspace, stream):
            causes.add(".".join((entry.cause.key, *entry.cause.rules)))
    ids = Counter(each.queued.id for each in story.all(Effects()))
    for id, count in ids.items():
        if count > 1:
            yield f"effect {id} is there {count} times"
        if id.rpartition(".")[0] not in causes:
            yield f"effect {id} has no cause in history"
    for each in story.all(Effects()):
        effect = each.queued.effect
        if isinstance(effect, PostMessage) and Audience.INTERNAL in (effect.audience, effect.text.audience):
            yield f"effect {each.queued.id} would show an internal text"


# --- the machine ------------------------------------------------------------------------------------


class Post:
    """A transport for every scheme that answers as it is told, and as delivered after that."""

    scheme = "*"

    def __init__(self) -> None:
        self.answers: list[Receipt] = []
        self.sent: list[tuple[str, Effect]] = []
        self.texts: list[str] = []

    def deliver(self, key: str, effect: Effect, texts: Mapping[Any, str]) -> Receipt:
        """Note it down, and answer."""
        self.sent.append((key, effect))
        self.texts += texts.values()
        if self.answers:
            return self.answers.pop(0)
        return Receipt(kind=ReceiptKind.DELIVERED, native=NativeId(f"posted:{key}"))

    @hookimpl
    def reqflow_transports(self) -> list[Post]:
        """Itself."""
        return [self]


_CHANNELS = ("chat:lobby", "dm:cara", "mail:desk", "line:one", "both:x")
_WRITERS = ("cara", "dan", "ana", "bo", "eva")
_AGENTS = st.sampled_from(["ana", "bo", "eva", "nobody"])
_SPANS = st.sampled_from(
    [
        timedelta(0),
        timedelta(seconds=30),
        timedelta(seconds=120),
        timedelta(hours=1),
        timedelta(days=1),
        timedelta(days=8),
        timedelta(days=31),
    ]
)
_VARIANTS: tuple[dict[str, Any], ...] = (
    {},
    {"close_with_last_request": False, "requests_per_conversation": "many"},
    {"nudge_after": "2h", "inactivity_close_after": "3h", "inactivity_only_when_answered": True},
    {"auto_close_after": 0, "nudge_after": 0, "reopen_within": 0},
)


def _welcomed(event: e.Event, conversation: Conversation) -> Iterator[c.Command]:
    if conversation.channel_id.startswith("mail:") and conversation.audience is Audience.CUSTOMER:
        yield c.Reply(by=_RULE, conversation_id=conversation.id, text="Welcome.")


def _in_vain(event: e.Event, conversation: Conversation) -> Iterator[c.Command]:
    yield c.Take(by=_RULE, request_id=event.request_id)  # type: ignore[attr-defined]  # and closed it is


_RULE = Actor(ActorKind.AUTOMATION, Code("rule"))
_WELCOME = Automation(name=Code("welcome"), on=frozenset({e.RequestOpened}), then=_welcomed)
_IN_VAIN = Automation(name=Code("in_vain"), on=frozenset({e.RequestClosed}), then=_in_vain)


class DeskMachine(RuleBasedStateMachine):
    """People write, colleagues act, time passes, messages come twice and late, and the law holds."""

    def make_store(self) -> Any:
        """The store of one run; a new one in memory."""
        from ..plugins.memory import MemoryStore  # guests are loaded when they are asked for

        return MemoryStore()

    @initialize(variant=st.sampled_from(_VARIANTS))
    def open_the_desk(self, variant: dict[str, Any]) -> None:
        self.post = Post()
        self.channels = {
            **DESK["channels"],
            "both:*": {
                "kind": "direct",
                "detection": "classifier",
                "requests_per_conversation": "many",
                "queue": "shared",
            },
        }
        self.story = Story(
            desk=desk_with(variant, channels=self.channels),
            store=self.make_store(),
            plugins=[self.post, Rules(_WELCOME, _IN_VAIN)],
        )
        self.said: list[tuple[c.Inbound, Outcome]] = []
        self.given: list[tuple[c.Command, Outcome]] = []
        self.keys = 0

    def teardown(self) -> None:
        """Let go of the store."""
        if hasattr(self, "story"):
            self.story.store.close()

    # --- making things ---

    def _letter(self, data: st.DataObject) -> c.Inbound:
        channel = data.draw(st.sampled_from(_CHANNELS))
        here = [inbound.native for inbound, _ in self.said if inbound.channel == channel]
        posted = [f"posted:{key}" for key, _ in self.post.sent]
        to = data.draw(st.none() | st.sampled_from([*here, *posted, "never-seen"]))
        return self.story.letter(
            data.draw(st.sampled_from(_WRITERS)),
            data.draw(sayings),
            channel=ChannelId(channel),
            to=to,
            ago=data.draw(st.sampled_from([0, 0, 0, 60, 120, 121, 3600])),
            bot=data.draw(st.sampled_from([False] * 9 + [True])),
            audience=data.draw(st.sampled_from([Audience.CUSTOMER] * 5 + [Audience.INTERNAL])),
        )

    def _command(self, data: st.DataObject) -> c.Command:
        make = data.draw(st.sampled_from(c.COMMANDS))
        by = Actor(ActorKind.AGENT, Code(data.draw(_AGENTS)))
        outcomes = [outcome for _, outcome in self.said]
        self.keys += 1
        fields: dict[str, Any] = {"by": by, "key": CommandKey(f"cmd:{self.keys}")}
        if make in (c.Accept, c.Release, c.Enqueue, c.CloseConversation, c.Reply):
            known = [o.conversation_id for o in outcomes if o.conversation_id]
            fields["conversation_id"] = data.draw(st.sampled_from([*known, "c_none"]))
        else:
            known_requests = [request.id for request in self.story.requests()]
            fields["request_id"] = data.draw(st.sampled_from([*known_requests, "r_none"]))
        fields |= self._details(make, data)
        return make(**fields)

    def _details(self, make: type[c.Command], data: st.DataObject) -> dict[str, Any]:
        draw = data.draw
        if make is c.Assign:
            return {"assignee": draw(_AGENTS)}
        if make is c.Route:
            return {"queue": draw(st.sampled_from(["first", "shared", "none", None])), "team": "sales"}
        if make is c.Enqueue:
            return {"queue": draw(st.sampled_from(["first", "shared"]))}
        if make is c.Hold:
            reason = draw(st.sampled_from(list(HoldReason)))
            until = draw(st.none() | _SPANS)
            return {"reason": reason, "until_at": None if until is None else self.story.now + until}
        if make is c.Wake:
            return {"requeue": draw(st.booleans())}
        if make is c.Close:
            return {"resolution": draw(st.sampled_from([Resolution.DONE, Resolution.REJECTED]))}
        if make is c.CloseConversation:
            return {"reason": draw(st.sampled_from(list(CloseReason)))}
        if make is c.Reply:
            return {"text": "An answer.", "audience": draw(st.sampled_from(list(Audience)))}
        return {}

    # --- what may happen ---

    @rule(data=st.data())
    def somebody_writes(self, data: st.DataObject) -> None:
        inbound = self._letter(data)
        self.said.append((inbound, self.story.hear(inbound)))

    @rule(data=st.data())
    def messages_are_accepted_and_worked_off(self, data: st.DataObject) -> None:
        letters = [self._letter(data) for _ in range(data.draw(st.integers(1, 3)))]
        for each in letters:
            assert self.story.engine.accept(each) is True
            assert self.story.engine.accept(each) is False
        self.story.engine.work()
        for each in letters:
            again = self.story.hear(each)
            assert again.duplicate or each.bot  # what was ignored is not remembered
            self.said.append((each, again))

    @precondition(lambda self: any(outcome.message_id for _, outcome in self.said))
    @rule(data=st.data())
    def a_message_comes_again(self, data: st.DataObject) -> None:
        placed = [each for each in self.said if each[1].message_id is not None]
        inbound, first = data.draw(st.sampled_from(placed))
        before = self._length()
        again = self.story.hear(inbound)
        assert again.duplicate
        assert again.message_id == first.message_id
        assert self._length() == before

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def a_command_is_given(self, data: st.DataObject) -> None:
        command = self._command(data)
        before = self._length()
        try:
            self.given.append((command, self.story.engine.handle(command)))
        except (Refused, UnknownId):
            assert self._length() == before

    @precondition(lambda self: self.given)
    @rule(data=st.data())
    def a_command_is_given_again(self, data: st.DataObject) -> None:
        command, first = data.draw(st.sampled_from(self.given))
        before = self._length()
        again = self.story.engine.handle(command)
        assert again.duplicate
        assert (again.request_id, again.message_id) == (first.request_id, first.message_id)
        assert self._length() == before

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def much_happens_in_one_commit(self, data: st.DataObject) -> None:
        items: list[Any] = [
            self._letter(data) if data.draw(st.booleans()) else self._command(data)
            for _ in range(data.draw(st.integers(2, 5)))
        ]
        for item, result in zip(items, self.story.engine.handle_many(items), strict=True):
            if isinstance(result, ReqflowError):
                assert isinstance(result, Refused | UnknownId), result
            elif isinstance(item, c.Inbound):
                self.story.know(item, result)
                self.said.append((item, result))
            else:
                self.given.append((item, result))

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def something_is_only_tried(self, data: st.DataObject) -> None:
        item = self._letter(data) if data.draw(st.booleans()) else self._command(data)
        before = self._length()
        with suppress(Refused, UnknownId):
            self.story.engine.dry_run(item)
        assert self._length() == before

    @rule(span=_SPANS)
    def time_passes(self, span: timedelta) -> None:
        self.story.now += span
        self.story.engine.tick()
        self._nobody_waits_in_vain()

    @rule(
        answers=st.lists(
            st.sampled_from(
                [
                    Receipt(kind=ReceiptKind.RETRY),
                    Receipt(kind=ReceiptKind.RETRY, retry_after=5.0),
                    Receipt(kind=ReceiptKind.UNKNOWN),
                    Receipt(kind=ReceiptKind.PERMANENT, code=Code("gone")),
                ]
            ),
            max_size=2,
        )
    )
    def the_desk_works(self, answers: list[Receipt]) -> None:
        self.post.answers = answers
        self.story.engine.work()
        self.post.answers = []

    @rule(variant=st.sampled_from(_VARIANTS))
    def the_settings_change(self, variant: dict[str, Any]) -> None:
        self.story.engine.configure(desk_with(variant, channels=self.channels))
        self.story.engine.tick()

    @rule()
    def the_state_is_rebuilt(self) -> None:
        before = (self.story.all(Conversations()), self.story.requests(), self.story.all(Messages()))
        self.story.engine.rebuild()
        assert before == (
            self.story.all(Conversations()),
            self.story.requests(),
            self.story.all(Messages()),
        )

    # --- what holds ---

    @invariant()
    def every_law_holds(self) -> None:
        if hasattr(self, "story"):
            broken = broken_laws(self.story)
            assert not broken, "; ".join(broken)

    def _length(self) -> int:
        history = self.story.store.history
        return sum(len(history(self.story.engine.workspace, s)) for s in self.story.all(Streams()))

    def _nobody_waits_in_vain(self) -> None:
        """After the agenda, no request waits in a queue that hands out, beside somebody who has room."""
        waiting = [r for r in self.story.requests(queue="shared") if r.state is RequestState.UNASSIGNED]
        loads = Counter(r.assignee for r in self.story.requests() if r.state is RequestState.ASSIGNED)
        free = [agent for agent in ("ana", "bo") if loads[AgentId(agent)] < 1]
        assert not (waiting and free), f"{[r.id for r in waiting]} wait beside {free}"
