"""Whatever is promoted, merged, split, edited, deleted and undone, in any order: history stays the state."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reqflow import (
    Assign,
    Close,
    Hold,
    Link,
    Merge,
    MessageDeletion,
    MessageEdit,
    Promote,
    Release,
    Reopen,
    Reply,
    Request,
    RequestState,
    Route,
    Split,
    StartConversation,
    Take,
    Unassign,
    Undo,
    Unlink,
    Wake,
    agent,
)
from reqflow.errors import Forbidden, Refused, UnknownId
from reqflow.ports import Conversations, Messages, Requests, Streams
from reqflow.testing.desks import DESK, Story, desk_with
from reqflow.testing.machines import Post, broken_laws

CHANNELS = ("chat:lobby", "dm:x", "mail:desk")
WRITERS = ("cara", "dan", "ana")
DESKED = desk_with(
    {"nudge_after": 0},
    channels={**DESK["channels"], "dm:*": {"kind": "direct", "detection": "classifier", "queue": "first"}},
)


class Nothing(Exception):
    """There is nothing of the kind yet."""


class Play:
    """Draws what happens next, and lets it happen."""

    def __init__(self, data: st.DataObject) -> None:
        self.draw = data.draw
        words = (f"{n:032x}" for n in count(1))  # the same examples make the same ids
        self.story = Story(desk=DESKED, plugins=[Post()], chance=lambda: next(words))
        assert self.story.engine.desk.revision == 1  # it is stored before anything is counted
        self.natives: dict[str, list[str]] = {channel: [] for channel in CHANNELS}

    def one(self, among: list[Any]) -> Any:
        if not among:
            raise Nothing
        return self.draw(st.sampled_from(among))

    def by(self) -> Any:
        return agent(self.one(["ana", "bo"]))

    def messages(self) -> list[Any]:
        return self.story.all(Messages())

    def requests(self) -> list[Request]:
        return self.story.all(Requests())

    def someone_writes(self) -> None:
        channel = self.one(list(CHANNELS))
        to = self.one([None, None, *self.natives[channel]])
        letter = self.story.letter(
            self.one(list(WRITERS)),
            self.one(["so it goes", "Where is it?"]),
            channel=channel,
            to=to,
            ago=self.one([0, 0, 60, 600]),
        )
        self.natives[channel].append(letter.native)
        if self.one([True, True, True, False]):
            self.story.hear(letter)
        else:
            self.story.engine.handle(Promote(by=self.by(), inbound=letter))

    def something_is_promoted(self) -> None:
        message = self.one(self.messages())
        self.story.engine.handle(
            Promote(by=self.by(), message_id=message.id, assignee=self.one([None, "bo"]))
        )

    def two_are_merged(self) -> None:
        one, other = self.one(self.requests()), self.one(self.requests())
        self.story.engine.handle(Merge(by=self.by(), request_id=one.id, into=other.id))

    def one_is_split(self) -> None:
        request = self.one(self.requests())
        own = [x.id for x in self.messages() if x.request_id == request.id]
        if not own:
            raise Nothing
        some = self.draw(st.lists(st.sampled_from(own), min_size=1, max_size=3))
        self.story.engine.handle(Split(by=self.by(), request_id=request.id, message_ids=some))

    def an_entry_is_undone(self) -> None:
        stream = self.one([x.id for x in self.story.all(Conversations())])
        seq = self.one([x.seq for x in self.story.engine.history(stream)][-4:])
        before = self.states()
        self.story.engine.handle(Undo(by=self.by(), conversation_id=stream, seq=seq))
        history = self.story.engine.history(stream)
        if seq == len(history) - 1:  # nothing happened in between: undoing that brings it back as it was
            self.story.engine.handle(Undo(by=self.by(), conversation_id=stream, seq=len(history)))
            assert self.states() == before

    def states(self) -> dict[str, Any]:
        return {
            x.id: (x.state, x.assignee, x.queue, x.team, x.hold_reason, x.resolution, x.into)
            for x in self.requests()
        }

    def a_message_is_changed(self) -> None:
        message = self.one([x for x in self.messages() if x.profile_id is not None])
        where = {"channel": message.channel_id, "native": message.native, "author": "chat:cara"}
        change: Any = MessageDeletion(**where, deleted_at=self.story.now)
        if self.one([True, False]):
            change = MessageEdit(**where, edited_at=self.story.now, text=self.one(["one", "two?"]))
        self.story.engine.handle(change)

    def somebody_works(self) -> None:
        request = self.one(self.requests())
        command, fields = self.one(
            [
                (Take, {}),
                (Assign, {"assignee": "bo"}),
                (Unassign, {}),
                (Hold, {"reason": "third_party"}),
                (Wake, {}),
                (Route, {"queue": "first"}),
                (Close, {"resolution": "done"}),
                (Close, {"resolution": "not_a_request"}),
                (Close, {"resolution": "duplicate", "into": self.one(self.requests()).id}),
                (Reopen, {}),
            ]
        )
        self.story.engine.handle(command(by=self.by(), request_id=request.id, **fields))

    def somebody_speaks(self) -> None:
        conversation = self.one([x.id for x in self.story.all(Conversations())])
        target = {"kind": "item", "target": "X-1"}
        command, fields = self.one(
            [(Reply, {"text": "Hm."}), (Release, {}), (Link, target), (Unlink, target)]
        )
        self.story.engine.handle(command(by=self.by(), conversation_id=conversation, **fields))

    def the_desk_speaks_first(self) -> None:
        channel = self.one(list(CHANNELS))
        to = f"{channel.partition(':')[0]}:{self.one(['cara', 'dan'])}"
        self.story.engine.handle(
            StartConversation(
                by=self.by(), channel=channel, to=to, text="News", request=self.one([True, False])
            )
        )

    def time_passes(self) -> None:
        self.story.wait(seconds=self.one([1, 60, 3600, 86_400 * 31]), work=self.one([True, False]))
        if self.one([True, False]):
            self.story.engine.work()

    def length(self) -> int:
        history = self.story.store.history
        return sum(len(history(self.story.engine.workspace, s)) for s in self.story.all(Streams()))

    def step(self) -> None:
        happens = self.one(
            [
                self.someone_writes,
                self.someone_writes,
                self.something_is_promoted,
                self.two_are_merged,
                self.one_is_split,
                self.an_entry_is_undone,
                self.an_entry_is_undone,
                self.a_message_is_changed,
                self.somebody_works,
                self.somebody_works,
                self.somebody_speaks,
                self.the_desk_speaks_first,
                self.time_passes,
            ]
        )
        before = self.length()
        try:
            happens()
        except (Refused, Forbidden, UnknownId):
            if happens != self.an_entry_is_undone:  # whose second half may be refused
                assert self.length() == before


@settings(max_examples=120)
@given(st.data())
def test_history_stays_the_state(data: st.DataObject) -> None:
    play = Play(data)
    for _ in range(data.draw(st.integers(2, 16))):
        with suppress(Nothing):
            play.step()
    broken = broken_laws(play.story)
    assert not broken, broken
    before = (play.requests(), play.messages(), play.story.all(Conversations()))
    play.story.engine.rebuild()
    assert before == (play.requests(), play.messages(), play.story.all(Conversations()))
    for request in play.requests():
        assert (request.state is RequestState.CLOSED) is (request.closed_at is not None)
        assert request.opened_at <= play.story.now + timedelta(0)
