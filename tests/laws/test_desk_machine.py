"""A desk under random use keeps every law, on every store; and the machine leaves no command out."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import attrs
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from reqflow import Take
from reqflow.core.commands import COMMANDS, MarkSeen, Observation
from reqflow.core.effects import PostMessage
from reqflow.core.model import Audience, ConversationState
from reqflow.plugins.sqlite import SQLiteStore
from reqflow.testing.desks import Rules, Story
from reqflow.testing.machines import (
    OBSERVATIONS,
    SUBJECTS,
    DeskMachine,
    World,
    broken_laws,
    leaks,
    seen_by,
)
from reqflow.testing.machines.desk import RULES, desk_of
from reqflow.testing.machines.draws import SECRET
from tests.stores.conftest import Server


def test_the_machine_gives_every_command() -> None:
    given = Counter(command for subject in SUBJECTS.values() for command in subject)
    assert given == Counter(COMMANDS)


def test_the_machine_makes_every_observation() -> None:
    assert set(OBSERVATIONS) == {*get_args(Observation), MarkSeen}


class OnSQLite(DeskMachine):
    def make_store(self) -> Any:
        self.place = tempfile.TemporaryDirectory()
        store = SQLiteStore(Path(self.place.name) / "desk.db")
        store.migrate()
        return store

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "place"):
            self.place.cleanup()


TestInMemory = DeskMachine.TestCase
TestInMemory.settings = settings(max_examples=100, stateful_step_count=25)


TestOnSQLite = OnSQLite.TestCase
TestOnSQLite.settings = settings(max_examples=12, stateful_step_count=20)


def test_on_postgres(postgres: Server, template: str) -> None:
    from reqflow.plugins.postgres import PostgresStore

    class OnPostgres(DeskMachine):
        def make_store(self) -> Any:
            self.database = postgres.database(template)
            return PostgresStore(postgres.dsn(self.database))

        def teardown(self) -> None:
            super().teardown()
            if hasattr(self, "database"):
                postgres.drop(self.database)

    run_state_machine_as_test(OnPostgres, settings=settings(max_examples=8, stateful_step_count=15))


def test_the_laws_see_a_store_that_is_wrong() -> None:
    """Otherwise all of this would show nothing."""
    story = Story(desk=desk_of({}), plugins=[Rules(*RULES)])
    asked = story.say("cara", "Where is it?", channel="mail:desk")
    story.do(Take, "ana", asked)
    assert broken_laws(story) == []
    world = World(story)
    (request,), (conversation,) = world.requests, world.conversations
    world.requests = [attrs.evolve(request, assignee=None)]
    world.conversations = [attrs.evolve(conversation, drafts=("d_1",), state=ConversationState.IN_REVIEW)]
    world.timers = {"somebody": story.now}
    world.loads = tuple(attrs.evolve(load, load=7) for load in world.loads)
    world.history = {}
    broken = "; ".join(broken_laws(story, world))
    for told in (
        "assigned to nobody",
        "names other drafts",
        "has 0 assigned requests, load says 7",
        "is due at",
        "timer somebody is nobody's",
        "has no cause in history",
        "arrows lead to None",
    ):
        assert told in broken


def test_the_law_of_audiences_sees_a_leak() -> None:
    story = Story(desk=desk_of({}))
    asked = story.say("cara", f"{SECRET}a customer says this by chance", channel="dm:cara")
    world = World(story)
    assert len(list(leaks(story, world, []))) == 1
    ref = story.message(asked, "dm:cara").text
    assert ref is not None
    post = PostMessage(
        channel_id="dm:cara",
        conversation_id=asked.conversation_id,
        message_id=asked.message_id,
        audience=Audience.CUSTOMER,
        text=ref,
    )
    assert len(list(leaks(story, world, [(post, {ref.id: "Drafted: not yet"})]))) == 2
    assert list(seen_by(story, story.conversation(asked).requester))
