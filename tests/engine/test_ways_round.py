"""Ways round a guard: rules that lend their rights, ids of other conversations, made-up ids, too much at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from reqflow import AddNote, Automation, Command, Link, Mention, Occasion, Reply, Take, agent
from reqflow.core import commands as c
from reqflow.core import events as e
from reqflow.core.decisions.links import MAX_ABOVE
from reqflow.core.facts import Outcome
from reqflow.core.model import AttachmentKind
from reqflow.errors import InvalidInput, Refused, UnknownId
from reqflow.ports import Messages
from reqflow.testing.desks import Rules, Story, desk_with

PEOPLE: dict[str, Any] = {
    "rae": {"role": "restricted", "teams": ["support"]},
    "ana": {"role": "agent", "teams": ["support"]},
    "bo": {"role": "agent", "teams": ["support"]},
    "rex": {"role": "reviewer", "teams": ["support"]},
    "ada": {"role": "admin", "teams": ["support"]},
}


def story(*rules: Automation) -> Story:
    return Story(desk=desk_with(agents=PEOPLE), plugins=[Rules(*rules)])


def asked(on: Story, who: str = "cara", channel: str = "dm:desk", **how: Any) -> Outcome:
    return on.say(who, "Where is my parcel?", channel=channel, **how)


def rule(on: type[e.Event], author: str | None, then: Callable[[Occasion], Iterable[Command]]) -> Automation:
    return Automation(name="rule", on=(on,), then=then, author=author)


def refused(code: str, attempt: Callable[[], object]) -> None:
    with pytest.raises(Refused) as told:
        attempt()
    assert told.value.code == code


# --- what a rule may do is what its author may ---------------------------------------------------------


@pytest.mark.parametrize(("author", "closes"), [("bo", False), ("ana", True), ("ada", True), (None, True)])
def test_a_rule_closes_a_conversation_over_somebodys_work_only_if_its_author_might(
    author: str | None, closes: bool
) -> None:
    def then(it: Occasion) -> list[Command]:
        return [c.CloseConversation(by=it.by, conversation_id=it.conversation.id)]

    desk = story(rule(e.NoteAdded, author, then))
    chat = asked(desk, channel="chat:lobby")
    desk.do(Take, "ana", chat)
    desk.do(AddNote, "rex", chat, text="Nothing to do here.")
    assert desk.conversation(chat).is_open is not closes
    if not closes:
        (remark,) = [each for each in desk.events(chat) if isinstance(each, e.RuleRefused)]
        assert (remark.code, remark.command) == ("others", "CloseConversation")


def test_nobody_lets_a_rule_of_theirs_review_their_own_draft() -> None:
    def then(it: Occasion) -> list[Command]:
        assert isinstance(it.event, e.DraftSubmitted)
        return [c.ApproveDraft(by=it.by, draft_id=it.event.draft_id)]

    desk = story(rule(e.DraftSubmitted, "rex", then))
    own, other = asked(desk), asked(desk, "dora")
    desk.do(c.SubmitDraft, "rex", own, text="On its way.")
    assert "message.posted" not in desk.tags(own)
    assert [x.code for x in desk.events(own) if isinstance(x, e.RuleRefused)] == ["own_draft"]
    desk.do(c.SubmitDraft, "rae", other, text="On its way.")
    assert "message.posted" in desk.tags(other)


def test_a_rule_withdraws_only_the_drafts_that_its_author_might() -> None:
    def then(it: Occasion) -> list[Command]:
        assert isinstance(it.event, e.DraftSubmitted)
        return [c.WithdrawDraft(by=it.by, draft_id=it.event.draft_id)]

    for author, withdrawn in (("bo", False), ("rex", True)):
        desk = story(rule(e.DraftSubmitted, author, then))
        chat = asked(desk, channel="chat:lobby")
        desk.do(c.SubmitDraft, "rae", chat, text="On its way.")
        assert ("draft.withdrawn" in desk.tags(chat)) is withdrawn, author


# --- ids of somewhere else -----------------------------------------------------------------------------


def test_a_mention_names_only_messages_of_its_own_conversation() -> None:
    desk = story()
    mine, theirs = asked(desk), asked(desk, "dora")
    desk.do(Take, "bo", theirs)
    for message in (theirs.message_id, "m_nowhere"):
        with pytest.raises(UnknownId, match=f"no message {message} in {mine.conversation_id}"):
            desk.do(Mention, "ana", mine, agents=("rex",), message_id=message)
    desk.do(Mention, "ana", mine, agents=("rex",), message_id=mine.message_id)
    assert desk.conversation(mine).mentioned == ("rex",)


def test_a_notice_names_only_requests_of_its_own_conversation_and_words_of_the_hosts() -> None:
    desk = story()
    mine, theirs = asked(desk), asked(desk, "dora")

    def tell(**fields: Any) -> Outcome:
        given = {"agent": "bo", "code": "acme.look", "request_id": None, **fields}
        return desk.do(c.Notify, "ana", mine, **given)

    refused("not_here", lambda: tell(request_id=theirs.request_id))
    for word in ("acme. Cara Lind, Main St 5", "request.assigned", "look"):
        refused("unknown_notice", partial(tell, code=word))
    tell(request_id=mine.request_id)
    assert [x.code for x in desk.events(mine) if isinstance(x, e.AgentNotified)] == ["acme.look"]


def test_a_made_up_profile_leads_to_no_text_of_a_message() -> None:
    desk = story()
    file = c.Enclosure(kind=AttachmentKind.DOCUMENT, name="contract.pdf", address="https://files.example/7")
    theirs = asked(desk, "dora", attachments=(file,))
    desk.do(Take, "bo", theirs)
    assert theirs.message_id is not None
    for key in (f"m{theirs.message_id[1:]}.attachment.0", "p_" + "G" * 32, "p_1"):
        with pytest.raises(UnknownId, match="no profile"):
            desk.engine.customer(key, by=agent("ana"))
    asker = desk.conversation(theirs).requester
    assert desk.engine.customer(asker, by=agent("ana")).profile_id == asker


# --- what goes into history ----------------------------------------------------------------------------


def test_data_of_a_host_is_looked_at_however_it_is_handed_over() -> None:
    def record(**fields: Any) -> c.RecordEvent:
        return c.RecordEvent(by=agent("ana"), conversation_id="c_1", name="acme.shipped", **fields)

    assert record(data=(("carrier", "dhl"),)) == record(data={"carrier": "dhl"})
    for wrong in ((("carrier", "Cara Lind"),), (("two words", 1),), (("weight", float("nan")),), ("ab", 1)):
        with pytest.raises(InvalidInput):
            record(data=wrong)
    with pytest.raises(InvalidInput):
        record(texts=(("note", 5),))


def test_a_media_type_that_is_none_is_left_out() -> None:
    desk = story()
    files = tuple(
        c.Enclosure(kind=AttachmentKind.IMAGE, name="a", media_type=each)
        for each in ("Image/PNG; name=a", "Cara Lind, Main St 5")
    )
    chat = asked(desk, attachments=files)
    (message,) = desk.all(Messages(conversation_id=chat.conversation_id))
    assert [each.media_type for each in message.attachments] == ["image/png", None]


# --- too much ------------------------------------------------------------------------------------------


def test_many_parents_of_parents_are_neither_a_flood_of_questions_nor_an_error_of_the_store() -> None:
    desk = story()
    count = iter(range(10_000))

    def ids(many: int) -> list[Any]:
        return [asked(desk, f"p{next(count)}").conversation_id for _ in range(many)]

    def link(child: Any, parent: Any) -> Outcome:
        return desk.engine.handle(Link(by=agent("ada"), conversation_id=child, kind="parent", target=parent))

    levels = [ids(15) for _ in range(4)]
    for lower, upper in pairwise(levels):
        for child in lower:
            for parent in upper:
                link(child, parent)
    (below,) = ids(1)
    link(below, levels[0][0])
    refused("circle", lambda: link(levels[3][0], below))
    crowd = ids(MAX_ABOVE)
    (top, leaf) = ids(2)
    for parent in crowd[:90]:
        link(top, parent)
    for parent in crowd[90:]:
        link(crowd[0], parent)
    refused("circle", lambda: link(leaf, top))


def test_a_text_has_an_end_and_so_has_a_quick_answer_with_its_values() -> None:
    desk = story()
    chat = asked(desk)
    for make in (
        lambda text: Reply(by=agent("ana"), conversation_id=chat.conversation_id or "", text=text),
        lambda text: AddNote(by=agent("ana"), conversation_id=chat.conversation_id or "", text=text),
        lambda text: c.UpdateCustomer(by=agent("ana"), customer_id="k_1", address=text),
    ):
        with pytest.raises(InvalidInput, match="1,000,000"):
            make("x" * 1_000_001)
    with pytest.raises(InvalidInput, match="20,000"):
        desk.do(c.DefineAnswer, "ada", answer="hello", category="all", title="Hello", text="x" * 20_001)
    with pytest.raises(InvalidInput, match="4,000"):
        desk.do(c.SendAnswer, "ana", chat, answer="hello", values={"name": "x" * 4_001})
    with pytest.raises(InvalidInput, match="100"):
        desk.do(c.SendAnswer, "ana", chat, answer="hello", values={f"n{i}": "x" for i in range(101)})
    desk.do(c.DefineAnswer, "ada", answer="hello", category="all", title="Hello", text="{{a}}" * 4_000)
    refused("too_long", lambda: desk.do(c.SendAnswer, "ana", chat, answer="hello", values={"a": "x" * 4_000}))


def test_a_moment_that_no_clock_knows_is_refused_as_one() -> None:
    farthest = datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))
    with pytest.raises(InvalidInput, match="UTC"):
        c.SetTimer(by=agent("ana"), conversation_id="c_1", name="acme.check", due_at=farthest)
