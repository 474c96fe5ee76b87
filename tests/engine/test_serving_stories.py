"""Work that kills whoever does it, that is put off again and again, and threads that two begin at once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from reqflow import CloseConversation, Inbound, Reply, hookimpl
from reqflow.core.effects import PostMessage
from reqflow.core.events import RequestNudged
from reqflow.core.facts import WantThread
from reqflow.flow import holding
from reqflow.ports import EffectState, Receipt, ReceiptKind
from reqflow.testing.desks import Automation, QuestionMark, Rules, Story, desk_with

pytestmark = pytest.mark.usefixtures("full_pace")

DONE = Receipt(kind=ReceiptKind.DELIVERED)


class Killed(BaseException):
    """The end of a worker: nothing it holds is given back."""


class Deadly(QuestionMark):
    """A classifier that takes the whole process down when it reads a certain word."""

    def __init__(self) -> None:
        self.read: Counter[str] = Counter()

    def classify(self, inbound: Inbound) -> Any:
        self.read[inbound.text] += 1
        if "poison" in inbound.text:
            raise Killed
        return super().classify(inbound)


class Carrier:
    """Answers each delivery as ``answers`` says of its destination; what is no receipt is raised."""

    scheme = "*"

    def __init__(self, scheme: str = "*", **answers: Any) -> None:
        self.scheme = scheme
        self.answers = answers
        self.asked: Counter[str] = Counter()

    def deliver(self, key: str, effect: Any, texts: Any) -> Any:
        (text,) = texts.values() or ("",)
        self.asked[text] += 1
        answer = self.answers.get(text, DONE)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @hookimpl
    def reqflow_transports(self) -> tuple[Any, ...]:
        return (self,)


def survive(story: Story, rounds: int = 40) -> int:
    """Worker after worker, each beginning when the leases of the one before have ended; how many were killed."""
    killed = 0
    for _ in range(rounds):
        try:
            story.engine.work()
        except Killed:
            killed += 1
        story.now += timedelta(seconds=61)
    return killed


def posts(story: Story, state: EffectState | None = None) -> list[Any]:
    """The answers in the outbox, as far as they are in this state."""
    return [each for each in story.effects(state) if isinstance(each.queued.effect, PostMessage)]


def replied(story: Story, *texts: str) -> None:
    """Let Ana give these answers in a conversation."""
    asked = story.say("cara", "Where is my parcel?")
    for text in texts:
        story.do(Reply, "ana", asked, text=text)


# --- work that kills ---


def accepted(story: Story, *texts: str) -> None:
    """Let two customers' messages wait in turns, all far apart."""
    for number, text in enumerate(texts):
        story.now += timedelta(minutes=10)
        story.engine.accept(story.letter(("cara", "dan")[number % 2], text))


def test_a_message_that_kills_its_worker_is_parked_and_the_others_are_handled() -> None:
    """It waits amid others, of the same author and of others; nothing is lost or parked with it, nor judged twice."""
    judge = Deadly()
    story = Story(classifier=judge)
    accepted(story, "a?", "b?", "poison", "c?", "d?", "e?")
    assert survive(story) == holding.LOST
    assert judge.read == {"a?": 1, "b?": 1, "poison": holding.LOST, "c?": 1, "d?": 1, "e?": 1}
    assert sorted(story.partition()) == ["1", "2", "4", "5", "6"]
    assert story.engine.verify() == []


def test_two_messages_that_kill_their_workers_are_both_parked() -> None:
    judge = Deadly()
    story = Story(classifier=judge)
    accepted(story, "poison 1", "a?", "poison 2", "b?")
    assert survive(story) <= 2 * holding.LOST
    assert sorted(story.partition()) == ["2", "4"]
    assert judge.read["a?"] == judge.read["b?"] == 1


def test_a_message_that_failed_before_it_kills_is_parked_and_its_neighbours_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge = Deadly()
    story = Story(classifier=judge)
    accepted(story, "poison", "a?", "b?")
    with monkeypatch.context() as broken:
        broken.setattr(judge, "classify", lambda inbound: QuestionMark.classify(judge, inbound))
        broken.setattr(story.store, "recall", lambda *asked: 1 / 0)
        story.engine.serve()
    assert survive(story) == holding.LOST
    assert sorted(story.partition()) == ["2", "3"]


def test_workers_that_die_of_other_things_park_nothing() -> None:
    """Every other message that is read ends a worker, whatever it says."""

    class Tired(QuestionMark):
        read = 0

        def classify(self, inbound: Inbound) -> Any:
            self.read += 1
            if self.read % 2:
                raise Killed
            return super().classify(inbound)

    story = Story(classifier=Tired())
    accepted(story, *(f"{number}?" for number in range(30)))
    assert survive(story, 70) == 30
    assert len(story.partition()) == 30


def test_an_effect_that_kills_its_worker_is_parked_and_the_others_are_delivered() -> None:
    carrier = Carrier(poison=Killed())
    story = Story(plugins=[carrier])
    replied(story, "One", "poison", "Two")
    assert survive(story) == holding.LOST
    one, poison, two = posts(story)
    assert (one.state, two.state) == (EffectState.DONE, EffectState.DONE)
    assert (poison.state, poison.note) == (EffectState.PARKED, "worker_died")
    assert [carrier.asked[text] for text in ("One", "poison", "Two")] == [1, holding.LOST, 1]


def test_a_timer_that_kills_its_worker_is_parked_and_the_others_are_answered() -> None:
    asked = []

    def deadly(it: Any) -> Any:
        asked.append(it.conversation.id)
        if it.conversation.requester == poisoned.requester:
            raise Killed
        return ()

    rule = Automation(name="deadly", on=frozenset([RequestNudged]), then=deadly)
    story = Story(desk=desk_with({"nudge_after": "1 h"}), plugins=[Rules(rule)])
    outcomes = [story.say(who, "Where is it?") for who in ("cara", "dan", "erin")]
    for outcome in outcomes:
        story.say("ana", "on it", to=outcome)
    poisoned = story.conversation(outcomes[1])
    story.now += timedelta(hours=1)
    assert survive(story, 20) == holding.LOST
    told = Counter(asked)
    assert told[poisoned.id] == holding.LOST
    assert all("request.nudged" in story.tags(outcomes[n]) for n in (0, 2))
    assert "request.nudged" not in story.tags(outcomes[1])


# --- work that is put off ---


def test_what_is_put_off_again_and_again_is_parked_after_hours() -> None:
    busy = Receipt(kind=ReceiptKind.RETRY, retry_after=30.0, code="rate_limited")
    carrier = Carrier(One=busy)
    story = Story(plugins=[carrier])
    replied(story, "One", "Two")
    begun, asked, waits = story.now, 0, []
    last = story.now
    while not posts(story, EffectState.PARKED):
        story.engine.work()
        if carrier.asked["One"] > asked:
            asked += 1
            waits.append((story.now - last).total_seconds())
            last = story.now
        story.now += timedelta(seconds=1)
    parked, _ = posts(story)
    assert (parked.attempts, parked.note) == (holding.LATER, "rate_limited")
    assert waits[1:6] == [30.0] * 5  # as was asked for, and later longer
    assert waits[-2:] == [holding.LONGEST] * 2
    assert story.now - begun > timedelta(hours=2)
    story.engine.work()
    assert posts(story)[1].state is EffectState.DONE  # nobody waits behind it any more


def test_what_nobody_here_delivers_waits_for_whom_does() -> None:
    story = Story(plugins=[Carrier("mail")])
    replied(story, "One")
    for _ in range(100):
        story.engine.work()
        story.now += timedelta(hours=2)
    (waiting,) = posts(story)
    assert (waiting.state, waiting.attempts) == (EffectState.READY, 0)
    carrier = Carrier("chat")
    other = Story(desk=None, store=story.store, plugins=[carrier])
    other.now = story.now
    other.engine.work()
    assert carrier.asked["One"] == 1
    assert [effect.state for effect in posts(story)] == [EffectState.DONE]


def test_a_transport_that_answers_nonsense_is_not_believed() -> None:
    carrier = Carrier(One="delivered, honestly")
    story = Story(plugins=[carrier])
    replied(story, "One", "Two")
    for _ in range(8):
        story.engine.work()
        story.now += timedelta(hours=1)
    assert [(each.state, each.note) for each in posts(story)] == [
        (EffectState.PARKED, "returned_str"),
        (EffectState.DONE, None),
    ]


# --- threads ---


def test_an_answer_that_came_before_its_receipt_keeps_the_thread() -> None:
    """The desk's post was answered before it was known what the transport calls it."""
    story = Story(plugins=[Carrier(One=Receipt(kind=ReceiptKind.DELIVERED, native="post-1"))])
    asked = story.say("cara", "Where is my parcel?")
    story.do(Reply, "ana", asked, text="One")
    early = story.say("dan", "Mine is lost too?", to="post-1")
    assert early.conversation_id != asked.conversation_id
    story.engine.work()
    assert "message.delivered" in story.tags(asked)
    assert [each.state for each in posts(story)] == [EffectState.DONE]
    again = story.say("erin", "And mine?", to="post-1")
    assert again.conversation_id == early.conversation_id


@pytest.mark.parametrize("channel", ["dm:1", "chat:lobby", "mail:desk"])
def test_a_thread_that_is_known_is_not_claimed_again(channel: str) -> None:
    """An answer in the thread of a closed conversation begins another one; the thread stays where it was."""
    story = Story({"reopen_within": 0})
    first = story.say("cara", "Where is it?", channel=channel, to="unseen")
    story.do(CloseConversation, "ana", first)
    again = story.say("cara", "Is it lost?", channel=channel, to="unseen", after=5000)
    assert again.conversation_id not in (None, first.conversation_id)
    stays = story.store.recall("desk", [WantThread(channel, ("unseen",))])[0]
    assert stays.id == first.conversation_id
    assert story.engine.verify() == []
