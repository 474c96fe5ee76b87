"""Work that waits in a queue is handed out, oldest first, by a policy that looks at load, turn and capacity."""

from __future__ import annotations

import pytest

from reqflow import Close, Requests
from reqflow.hooks import hookimpl
from reqflow.policies import (
    AgentLoad,
    Choice,
    PoolFacts,
    Reason,
    WholePool,
    fewest_open,
    round_robin,
    wants_pool,
)
from reqflow.testing.desks import DESK, Story, desk_with


def desk(policy: str, capacity: int | None = None, **own: int) -> dict[str, object]:
    """A queue served by support, with this policy; ``own`` are agents' own limits."""
    agents = {name: {**DESK["agents"][name]} for name in ("ana", "bo", "eva")}
    for name, limit in own.items():
        agents[name]["capacity"] = limit
    queue = {"teams": ["support"], "policy": policy, **({"capacity": capacity} if capacity else {})}
    return desk_with(
        agents=agents, queues={"shared": queue}, channels={"line:*": {"kind": "direct", "queue": "shared"}}
    )


def ask(story: Story, *people: str) -> list[str | None]:
    """Each writes once, a second apart; who has the requests after the queue was drained, oldest first."""
    for person in people:
        story.say(person, "Hello?", channel="line:1", after=1)
    story.engine.tick()
    return [request.assignee for request in story.requests()]


@pytest.mark.row("44")
def test_the_least_loaded_gets_the_oldest_work() -> None:
    story = Story(desk=desk("fewest_open"))
    assert ask(story, "c1", "c2", "c3", "c4") == ["ana", "bo", "ana", "bo"]


@pytest.mark.row("44")
def test_round_robin_goes_by_turns_whatever_the_load() -> None:
    story = Story(desk=desk("round_robin"))
    assert ask(story, "c1", "c2") == ["ana", "bo"]
    first = next(request for request in story.requests() if request.assignee == "ana")
    story.do(Close, "ana", request_id=first.id)  # ana has nothing now; the turn is hers all the same
    assert ask(story, "c3", "c4")[-2:] == ["ana", "bo"]
    second = next(r for r in story.requests() if r.assignee == "ana" and r.is_open)
    story.do(Close, "ana", request_id=second.id)
    assert ask(story, "c5")[-1] == "ana"
    assert ask(story, "c6")[-1] == "bo"  # though he has two open ones and she has one


@pytest.mark.row("44")
def test_whoever_is_full_is_passed_over_and_named_in_the_reason() -> None:
    story = Story(desk=desk("fewest_open", capacity=2, ana=1))
    assert ask(story, "c1", "c2", "c3", "c4") == ["ana", "bo", "bo", None]
    third = story.requests()[2]
    happened = story.engine.history(third.conversation_id)[-1].events
    (assigned,) = [each for each in happened if each.tag == "request.assigned"]
    assert [(each.agent, each.rule) for each in assigned.reason.dropped] == [("ana", "own_capacity")]


@pytest.mark.row("44")
def test_freed_capacity_goes_to_what_has_waited_longest() -> None:
    story = Story(desk=desk("fewest_open", capacity=1))
    assert ask(story, "c1", "c2", "c3", "c4") == ["ana", "bo", None, None]
    story.do(Close, "bo", request_id=story.requests()[1].id)
    story.engine.tick()
    assert [request.assignee for request in story.requests()][2:] == ["bo", None]


def test_a_policy_may_see_the_whole_pool() -> None:
    @wants_pool(WholePool())
    def last_by_name(facts: PoolFacts) -> Choice | None:
        names = sorted(each.agent for each in facts.candidates)
        return Choice(names[-1], Reason("policy", policy="last_by_name")) if names else None

    class Mine:
        @hookimpl
        def reqflow_policies(self) -> dict[str, object]:
            return {"last_by_name": last_by_name}

    story = Story(desk=desk("last_by_name"), plugins=[Mine()])
    assert ask(story, "c1", "c2") == ["bo", "bo"]


def test_turns_are_told_by_moments_and_ties_by_load_then_name() -> None:
    pool = PoolFacts(candidates=(AgentLoad("bo", 0, 2), AgentLoad("ana", 0, 2), AgentLoad("cy", 0, 1)))
    chosen = round_robin(pool)
    assert chosen is not None and (chosen.agent, chosen.reason.tie_break) == ("cy", "fewest_open")
    assert fewest_open(PoolFacts(candidates=())) is None and round_robin(PoolFacts(candidates=())) is None


def test_nobody_eligible_lets_the_work_wait() -> None:
    story = Story(desk=desk("round_robin", capacity=1))
    assert ask(story, "c1", "c2", "c3") == ["ana", "bo", None]
    (waiting,) = story.engine.read(Requests(queue="shared", states=("unassigned",))).items
    assert waiting.assignee is None
