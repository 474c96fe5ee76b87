"""`DeskMachine`: anything may happen on a desk in any order, and after each step every law is looked at."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

import attrs
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ...core import commands as c
from ...core.facts import Outcome, OutcomeKind
from ...core.model import AgentId, Code, CommandKey, RequestState
from ...errors import InvalidInput, Refused, ReqflowError, UnknownId
from ...ports import Receipt, ReceiptKind
from ..desks import Rules, Story
from .audience import leaks, seen_by
from .commands import SUBJECTS
from .desk import RULES, VARIANTS, Post, desk_of
from .draws import SECRET, SPANS, Draws
from .laws import broken_laws
from .observations import OBSERVATIONS
from .openings import OPENINGS
from .world import World

__all__ = ["DeskMachine"]

_NO = (Refused, UnknownId, InvalidInput)
"""How a desk may answer a command that it does not carry out; anything else is a bug."""

SEEDS = st.integers(0, 2**32 - 1)

_RECEIPTS = st.sampled_from(
    [
        Receipt(kind=ReceiptKind.RETRY),
        Receipt(kind=ReceiptKind.RETRY, retry_after=5.0),
        Receipt(kind=ReceiptKind.UNKNOWN),
        Receipt(kind=ReceiptKind.PERMANENT, code=Code("gone")),
    ]
)


class DeskMachine(RuleBasedStateMachine):
    """People write, colleagues act, time passes, messages come twice and late, and every law holds."""

    def make_store(self) -> Any:
        """The store of one run; a new one in memory."""
        from ...plugins.memory import MemoryStore  # guests are loaded when they are asked for

        return MemoryStore()

    @initialize(variant=st.sampled_from(VARIANTS), seed=SEEDS)
    def open_the_desk(self, variant: dict[str, Any], seed: int) -> None:
        self.post = Post()
        words = (f"{n:032x}" for n in count(1))  # the same examples make the same ids
        self.story = Story(
            desk=desk_of(variant),
            store=self.make_store(),
            plugins=[self.post, Rules(*RULES)],
            chance=lambda: next(words),
        )
        assert self.story.engine.desk.revision == 1  # it is stored before anything is counted
        self.world = World(self.story)
        self.said: list[tuple[c.Inbound, Outcome]] = []
        self.told: list[Any] = []
        self.given: list[tuple[c.Command, Outcome]] = []
        self.looked_through = self.keys = self.drawn = 0
        self.seed = seed
        self.is_sound = True
        self._begin(self._chance(seed))

    def _begin(self, chance: Random) -> None:
        """Some of what most things that may happen need: people who ask, work, and who they are."""
        for opening in OPENINGS:
            if chance.random() < 0.8:
                item = opening(self.story)
                with suppress(*_NO):
                    self._kept(item, self.story.engine.handle(item))

    def teardown(self) -> None:
        """Look whether history can write all of it anew, and what customers see; let go of the store."""
        if hasattr(self, "story"):
            try:
                if self.is_sound:
                    self._rebuild()
                    seen = [each for profile in self.world.profiles for each in seen_by(self.story, profile)]
                    assert not seen, "; ".join(seen)
            finally:
                self.story.store.close()

    # --- making things ---

    def _chance(self, seed: int) -> Random:
        """What chooses within a step: of two steps with one seed, each chooses for itself."""
        self.drawn += 1
        return Random(f"{self.seed}.{seed}.{self.drawn}")

    def _draws(self, chance: Random) -> Draws:
        posted = [f"posted:{key}" for key, _ in self.post.sent]
        return Draws(self.story, self.world, chance, posted)

    def _command(self, chance: Random, subject: str | None = None) -> c.Command:
        draws = self._draws(chance)
        of = SUBJECTS[subject if subject is not None else draws.one(*SUBJECTS)]
        make = draws.one(*of)
        self.keys += 1
        fields = {"by": draws.by(), "key": CommandKey(f"cmd:{self.keys}")}
        return make(**{**fields, **of[make](draws)})

    def _item(self, chance: Random) -> Any:
        draws = self._draws(chance)
        if draws.one(True, False):
            return self._command(chance)
        return OBSERVATIONS[draws.one(c.Inbound, *OBSERVATIONS)](draws)

    def _kept(self, item: Any, outcome: Outcome) -> None:
        """Remember what became of something, so that others may refer to it and it may come again."""
        note(f"{item}\n-> {outcome}")
        assert SECRET not in repr(outcome)
        if isinstance(item, c.Inbound):
            self.story.know(item, outcome)
            self.said.append((item, outcome))
        elif isinstance(item, c.Command):
            self.given.append((item, outcome))
        else:
            self.told.append(item)

    def _act(self, seed: int, subject: str) -> None:
        chance = self._chance(seed)
        for _ in range(chance.choice([1, 2, 3, 5])):
            command = self._command(chance, subject)
            try:
                self._kept(command, self.story.engine.handle(command))
            except _NO:
                assert self._length() == self.world.length, f"{command} was refused, and left something"
            self.every_law_holds()

    # --- what is said ---

    @rule(seed=SEEDS)
    def somebody_writes(self, seed: int) -> None:
        chance = self._chance(seed)
        inbound = self._draws(chance).letter()
        self._kept(inbound, self.story.engine.handle(inbound))

    @rule(seed=SEEDS)
    def messages_are_accepted_and_worked_off(self, seed: int) -> None:
        chance = self._chance(seed)
        letters = [self._draws(chance).letter() for _ in range(chance.randint(1, 3))]
        for each in letters:
            author = self.story.engine.desk.author(each.author)
            barred = author.agent is None and author.profile in self.world.barred
            assert self.story.engine.accept(each) is not barred
            assert self.story.engine.accept(each) is False
        self.story.engine.work()
        for each in letters:
            again = self.story.engine.handle(each)
            # what was dropped is not remembered
            assert again.duplicate or each.bot or again.kind is OutcomeKind.IGNORED
            self._kept(each, again)

    @rule(seed=SEEDS)
    def something_else_is_observed(self, seed: int) -> None:
        chance = self._chance(seed)
        draws = self._draws(chance)
        item = OBSERVATIONS[draws.one(*(each for each in OBSERVATIONS if each is not c.Inbound))](draws)
        self._kept(item, self.story.engine.handle(item))

    @precondition(lambda self: any(outcome.message_id for _, outcome in self.said))
    @rule(seed=SEEDS)
    def a_message_comes_again(self, seed: int) -> None:
        chance = self._chance(seed)
        placed = [each for each in self.said if each[1].message_id is not None]
        inbound, first = chance.choice(placed)
        again = self.story.engine.handle(inbound)
        assert again.duplicate
        assert again.message_id == first.message_id
        assert self._length() == self.world.length

    @precondition(lambda self: self.told)
    @rule(seed=SEEDS)
    def something_is_observed_again(self, seed: int) -> None:
        """At once: what happened in between, such as an emoji's being on a message again, would be news."""
        chance = self._chance(seed)
        item = chance.choice(self.told)
        self.story.engine.handle(item)
        before = self._length()
        self.story.engine.handle(item)
        assert self._length() == before, f"{item} happened twice"

    @rule(seed=SEEDS)
    def help_is_asked_for(self, seed: int) -> None:
        draws = self._draws(self._chance(seed))
        letter, theme = draws.letter(), draws.one("money", "money", "tech")
        author = draws.one("chat:cara", letter.author)
        offered = self.story.engine.suggest(theme, letter.text, author=author, channel=letter.channel)
        assert SECRET not in repr(offered)

    # --- what is asked for ---

    @rule(seed=SEEDS)
    def work_is_done(self, seed: int) -> None:
        self._act(seed, "requests")

    @rule(seed=SEEDS)
    def conversations_are_led(self, seed: int) -> None:
        self._act(seed, "conversations")

    @rule(seed=SEEDS)
    def what_belongs_together_is_sorted_out(self, seed: int) -> None:
        self._act(seed, "structure")

    @rule(seed=SEEDS)
    def answers_are_reviewed(self, seed: int) -> None:
        self._act(seed, "reviews")

    @rule(seed=SEEDS)
    def work_is_described(self, seed: int) -> None:
        self._act(seed, "content")

    @rule(seed=SEEDS)
    def catalogues_are_kept(self, seed: int) -> None:
        self._act(seed, "catalogues")

    @rule(seed=SEEDS)
    def contacts_are_kept(self, seed: int) -> None:
        self._act(seed, "contacts")

    @rule(seed=SEEDS)
    def somebody_is_erased(self, seed: int) -> None:
        self._act(seed, "erasure")

    @rule(seed=SEEDS)
    def colleagues_are_called_in(self, seed: int) -> None:
        self._act(seed, "attention")

    @rule(seed=SEEDS)
    def the_host_does_things_of_its_own(self, seed: int) -> None:
        self._act(seed, "host")

    @rule(seed=SEEDS)
    def things_are_put_off(self, seed: int) -> None:
        self._act(seed, "later")

    @rule(seed=SEEDS)
    def questions_get_harder(self, seed: int) -> None:
        self._act(seed, "escalation")

    @precondition(lambda self: self.given)
    @rule(seed=SEEDS)
    def a_command_is_given_again(self, seed: int) -> None:
        chance = self._chance(seed)
        command, first = chance.choice(self.given)
        assert self.story.engine.handle(command) == attrs.evolve(first, duplicate=True)
        assert self._length() == self.world.length

    @precondition(lambda self: self.said)
    @rule(seed=SEEDS)
    def much_happens_in_one_commit(self, seed: int) -> None:
        chance = self._chance(seed)
        items = [self._item(chance) for _ in range(chance.randint(2, 5))]
        for item, result in zip(items, self.story.engine.handle_many(items), strict=True):
            if isinstance(result, ReqflowError):
                assert isinstance(result, _NO), result
            else:
                self._kept(item, result)

    @precondition(lambda self: self.said)
    @rule(seed=SEEDS)
    def something_is_only_tried(self, seed: int) -> None:
        chance = self._chance(seed)
        with suppress(*_NO):
            self.story.engine.dry_run(self._item(chance))
        assert self._length() == self.world.length

    # --- what goes on by itself ---

    @rule(span=st.sampled_from(SPANS))
    def time_passes(self, span: timedelta) -> None:
        self.story.now += span
        self.story.engine.tick()
        self._nobody_waits_in_vain()

    @rule(answers=st.lists(_RECEIPTS, max_size=2))
    def the_desk_works(self, answers: list[Receipt]) -> None:
        self.post.answers = answers
        self.story.engine.work()
        self.post.answers = []

    @rule(variant=st.sampled_from(VARIANTS))
    def the_settings_change(self, variant: dict[str, Any]) -> None:
        self.story.engine.configure(desk_of(variant))
        self.story.engine.tick()

    @rule(variant=st.sampled_from(VARIANTS))
    def what_is_closed_is_purged(self, variant: dict[str, Any]) -> None:
        self.story.engine.configure(desk_of({**variant, "purge_closed_after": "1m"}))
        self.story.now += timedelta(hours=2)
        self.story.engine.tick()

    @rule()
    def the_state_is_rebuilt(self) -> None:
        self._rebuild()

    @precondition(lambda self: self.world.profiles)
    @rule(seed=SEEDS)
    def a_customer_looks(self, seed: int) -> None:
        chance = self._chance(seed)
        seen = list(seen_by(self.story, chance.choice(self.world.profiles)))
        assert not seen, "; ".join(seen)

    # --- what holds ---

    @invariant()
    def every_law_holds(self) -> None:
        if not hasattr(self, "story"):
            return
        self.is_sound = False
        self.world = World(self.story)
        broken = broken_laws(self.story, self.world)
        assert not broken, "; ".join(broken)
        delivered = self.post.shown[self.looked_through :]
        self.looked_through += len(delivered)
        leaked = list(leaks(self.story, self.world, delivered))
        assert not leaked, "; ".join(leaked)
        self.is_sound = True

    def _length(self) -> int:
        return World(self.story).length

    def _rebuild(self) -> None:
        before = self.world.rows()
        self.story.engine.rebuild()
        after = World(self.story).rows()
        for table, rows in before.items():
            assert after[table] == rows, f"{table} was {rows}; rebuilt it is {after[table]}"

    def _nobody_waits_in_vain(self) -> None:
        """After the agenda, no request waits in a queue that hands out, beside somebody who has room."""
        requests = self.story.requests()
        waiting = [x for x in requests if x.queue == "shared" and x.state is RequestState.UNASSIGNED]
        loads = Counter(x.assignee for x in requests if x.state is RequestState.ASSIGNED)
        free = [agent for agent in ("ana", "bo") if loads[AgentId(agent)] < 1]
        assert not (waiting and free), f"{[x.id for x in waiting]} wait beside {free}"
