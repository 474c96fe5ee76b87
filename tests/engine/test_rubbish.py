"""What a stranger hands in by mistake: each answer is an error of ours that names the field, and nothing is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, get_type_hints

import attrs
import pytest

from reqflow import (
    Actor,
    AddNote,
    Assign,
    BarProfile,
    Board,
    Close,
    Command,
    Conversations,
    Documents,
    Effects,
    Engine,
    FromCustomers,
    Inbound,
    Inbox,
    MarkSeen,
    Mention,
    Messages,
    Past,
    Promote,
    Records,
    Reply,
    ReqflowError,
    Requests,
    Search,
    Split,
    Streams,
    SubmitDraft,
    Take,
    Undo,
    Wake,
    WithField,
    agent,
    compile_desk,
    customer,
)
from reqflow.core.commands import COMMANDS, MenuChoice, MessageDeletion, MessageEdit, Reacted
from reqflow.errors import InvalidInput, InvalidSettings, UnknownId, UsageError
from reqflow.plugins.memory import MemoryStore
from reqflow.testing.desks import DESK, START, Story

OBSERVED = (Inbound, MessageEdit, MessageDeletion, Reacted, MenuChoice, MarkSeen)
VIEWS = (
    *(Requests, Conversations, Messages, Records, Effects, Streams),
    *(Board, Inbox, FromCustomers, Past, Search, Documents, WithField),
)
RUBBISH: tuple[Any, ...] = (
    *("", " ", "\x00", "a\x00b", "\ud800", "x" * 10_000, "c_" + "0" * 32, "r_" + "f" * 32, "' OR 1=1 --"),
    *(0, -1, 2**70, 1.5, float("nan"), float("inf"), True, None, b"bytes", object(), int),
    *([], (), {}, ["x"], ("\ud800",), (None,), {"a": 1}, {1: 2}, {"a": {"b": 1}}),
    *(datetime(2026, 1, 1), datetime.max, datetime.min, datetime(9999, 12, 31, 23, 59, tzinfo=UTC)),
    *(agent("nobody"), agent(""), agent("\ud800"), customer("zzz"), agent(["x"])),
)


@attrs.frozen
class Known:
    """A story with one of everything, and what it is called."""

    story: Story
    names: dict[str, Any]


@pytest.fixture(scope="module")
def known() -> Known:
    settings = {**DESK, "tags": ["vip"], "fields": {"order": {"filterable": True}}}
    story = Story(desk=settings)
    asked = story.say("cara", "How?")
    engine = story.engine
    engine.handle(Take(by=agent("ana"), request_id=asked.request_id))
    note = engine.handle(AddNote(by=agent("ana"), conversation_id=asked.conversation_id, text="x")).record_id
    draft = engine.handle(
        SubmitDraft(by=agent("ana"), conversation_id=asked.conversation_id, text="x")
    ).record_id
    (conversation,) = engine.read(Conversations()).items
    moment = START + timedelta(days=1)
    names: dict[str, Any] = {
        "by": agent("ana"),
        "request_id": asked.request_id,
        "into": asked.request_id,
        "conversation_id": asked.conversation_id,
        "profile_id": conversation.requester,
        "requester": conversation.requester,
        "customer_id": "k_1",
        "other": "k_2",
        "note_id": note,
        "draft_id": draft,
        "message_id": asked.message_id,
        "message_ids": (asked.message_id,),
        **dict.fromkeys(("due_at", "sent_at", "edited_at", "deleted_at", "chosen_at", "at"), moment),
        **dict.fromkeys(("channel", "author", "to", "destination"), "chat:x"),
        **dict.fromkeys(("assignee", "agent"), "ana"),
        **dict.fromkeys(("name", "kind"), "acme.thing"),
        "agents": ("ana",),
        "seq": 2,
        "priority": 1,
        "email": "e@x.test",
    }
    return Known(story, names)


def attempts(cls: type[Any], names: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The fields of a value, each of them once as rubbish and the others as they should be."""
    words = {"Hold": "customer", "CloseConversation": "handled"}
    usual = {
        field.name: names.get(field.name, "x")
        for field in attrs.fields(cls)
        if field.default is attrs.NOTHING
    }
    if "reason" in usual:
        usual["reason"] = words.get(cls.__name__, "x")
    if cls.__name__ in ("Link", "Unlink"):
        usual["kind"] = "issue"
    if cls is Records:
        usual["kind"] = "note"
    if cls in (Past, Documents):
        usual["profile_id"] = names["profile_id"]
    for field in attrs.fields(cls):
        for content in RUBBISH:
            yield {**usual, field.name: content}


def answer(call: Callable[[], object]) -> str:
    """What is said of it, if it is refused; whatever else is raised fails the test."""
    try:
        call()
    except ReqflowError as told:
        return str(told)
    return ""


def _rehearse(engine: Engine, cls: type[Any], fields: dict[str, Any]) -> None:
    engine.dry_run(cls(**fields))


def _read(engine: Engine, view: type[Any], fields: dict[str, Any], by: Actor | None) -> None:
    engine.read(view(**fields), by=by)


@pytest.mark.parametrize("cls", [*COMMANDS, *OBSERVED], ids=lambda cls: cls.__name__)
def test_whatever_a_field_holds_the_answer_is_an_error_of_ours(cls: type[Any], known: Known):
    engine = known.story.engine
    for fields in attempts(cls, known.names):
        assert len(answer(partial(_rehearse, engine, cls, fields))) < 1_000


@pytest.mark.parametrize("view", VIEWS, ids=lambda cls: cls.__name__)
def test_the_same_of_views(view: type[Any], known: Known):
    engine = known.story.engine
    for fields in attempts(view, known.names):
        for by in (None, agent("ana")):
            told = answer(partial(_read, engine, view, fields, by))
            assert len(told) < 1_000


@pytest.mark.parametrize("cls", [*COMMANDS, MarkSeen, *VIEWS], ids=lambda cls: cls.__name__)
def test_every_field_has_a_check(cls: type[Any]):
    """By its type, or one of its own: a new field of a new type would go unchecked else."""
    checked = {name for name, *_ in cls.__checks__}
    hints = get_type_hints(cls)
    for field in attrs.fields(cls):
        own = field.validator is not None or field.converter is not None
        by_hand = (cls.__name__, field.name) in {("Promote", "inbound"), ("WithField", "content")}
        assert own or by_hand or field.name in checked, (cls.__name__, field.name, hints[field.name])


def test_the_message_names_the_field_and_what_it_takes(known: Known):
    request, conversation = known.names["request_id"], known.names["conversation_id"]
    for make, words in (
        (lambda: Close(by="ana", request_id=request), r"Close.by must be an Actor, such as agent\('ana'\)"),
        (lambda: Close(by=agent("ana"), request_id=[]), "Close.request_id must be text, not list"),
        (lambda: Close(by=agent("ana"), request_id="r_\x00"), "Close.request_id must have printable"),
        (lambda: Assign(by=agent("ana"), request_id=request, assignee=5), "Assign.assignee must be text"),
        (lambda: Wake(by=agent("ana"), request_id=request, requeue="no"), "Wake.requeue must be True or"),
        (lambda: Undo(by=agent("ana"), conversation_id=conversation, seq="2"), "Undo.seq must be a whole"),
        (lambda: Reply(by=agent("ana"), conversation_id=conversation, attachments=5), "tuple or list"),
        (lambda: Mention(by=agent("ana"), conversation_id=conversation, agents="bo"), "tuple or list"),
        (lambda: Split(by=agent("ana"), request_id=request, message_ids="m_1"), "tuple or list"),
        (lambda: Promote(by=agent("ana"), inbound="hi"), "Promote.inbound must be an Inbound"),
        (lambda: BarProfile(by=agent("ana"), profile_id="x" * 600), "must have 1 to 512 characters"),
        (
            lambda: Inbound(
                channel="s:c", author="s:u", native="1", sent_at=START, text="x" * (25 * 2**20 + 1)
            ),
            "Inbound.text may have 26,214,400 characters, not 26,214,401",
        ),
        (lambda: Requests(limit=0), "Requests.limit must be at least 1"),
        (lambda: Effects(after="next"), "Effects.after must be the next of a page"),
    ):
        with pytest.raises(InvalidInput, match=words):
            make()


def test_what_is_handed_to_the_engine_is_named_too(known: Known):
    engine: Any = known.story.engine
    request = known.names["request_id"]
    take = Take(by=agent("ana"), request_id=request)
    for call, words in (
        (lambda: engine.handle("hello"), "what is handled must be an observation or a command, not 'hello'"),
        (lambda: engine.handle_many(take), "tuple or list"),
        (lambda: engine.handle_many([take, None]), "what is handled must be"),
        (lambda: engine.accept(take), "what is accepted must be an Inbound"),
        (lambda: engine.handle(take, at=datetime(2026, 1, 1)), "at must be a datetime with a time zone"),
        (lambda: engine.work(at=datetime.max.replace(tzinfo=UTC)), "years 1900 to 9000"),
        (lambda: engine.work(leased_for=60), "leased_for must be a timedelta"),
        (lambda: engine.read("board"), r"a view is read, such as Requests\(\)"),
        (lambda: engine.read(Requests(), by="ana"), "by must be an Actor"),
        (lambda: engine.history(5), "key must be text"),
        (lambda: engine.actions([], agent("ana")), "id must be text"),
        (lambda: engine.facts({}), "conversation_id must be text"),
        (lambda: engine.customer(None), "key must be text"),
        (lambda: engine.effort([]), "request_id must be text"),
        (lambda: engine.menu([]), "name must be text"),
        (lambda: engine.suggest("x", 5, author="a:b", channel="c:d"), "text must be text, not int"),
        (lambda: engine.trends(since="monday"), "since must be a datetime"),
        (lambda: engine.trends(top=0), "limit must be at least 1"),
        (lambda: engine.explain_setting(5, "queue"), "channel_id must be text"),
        (lambda: engine.dry_run("r_\ud800"), "printable"),
    ):
        with pytest.raises(InvalidInput, match=words):
            call()
    with pytest.raises(UnknownId):
        engine.history("r_nobody")


def test_an_engine_says_what_it_is_made_of():
    for make in (
        lambda: Engine("desk.db", DESK),
        lambda: Engine(MemoryStore(), DESK, plugins="detector"),
        lambda: Engine(MemoryStore(), DESK, workspace=["x"]),
        lambda: Engine(MemoryStore(), "desk.toml").desk,
    ):
        with pytest.raises(UsageError):
            make()
    with pytest.raises(UsageError, match="the first argument is a store, such as SQLiteStore"):
        Engine("desk.db", DESK)


def test_settings_with_many_mistakes_tell_all_of_them():
    wrong = {
        "agents": {"a": {"teams": "x", "nmae": 1}, 5: {}},
        "channels": {"slack": {"kind": "forum"}, "a:b": {"tirage": "x:y", "owner": "b"}, None: {}},
        "settings": {"status_texts": {"closed": "half \ud800"}, "shipped_text": "y" * 100_000, "queue": b"q"},
        "tags": 5,
        "rules": {"r": {"then": {"assign": []}}},
    }
    with pytest.raises(InvalidSettings) as told:
        compile_desk(wrong)
    problems = "\n".join(told.value.problems)
    for words in (
        "agents: a name in a table must be printable text, not 5",
        "agents.a.teams: must be a list",
        "channels.slack.kind: must be one of",
        "channels.a:b.tirage: unknown; did you mean triage?",
        "settings.status_texts.closed: holds half a character",
        "settings.queue: must be a name",
        "tags: must be a table",
        "rules.r.author",
    ):
        assert words in problems
    assert max(map(len, told.value.problems)) < 600
    with pytest.raises(InvalidSettings):
        Engine(MemoryStore(), wrong).desk  # noqa: B018


def test_after_all_of_it_nothing_is_half_stored(known: Known):
    engine = known.story.engine
    before = len(engine.history(known.names["conversation_id"]))
    for cls in COMMANDS:
        for fields in attempts(cls, known.names):
            try:
                item: Command = cls(**fields)
            except InvalidInput:
                continue
            engine.handle_many([item])
    assert engine.verify() == []
    assert len(engine.history(known.names["conversation_id"])) > before
    engine.explain(known.names["conversation_id"])
