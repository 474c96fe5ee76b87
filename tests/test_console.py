"""Effects as lines of text: readable, one each, and harmless to a terminal."""

from __future__ import annotations

import pytest
from attrs import evolve

from reqflow.core.effects import (
    AnnounceRequest,
    Effect,
    MailAgent,
    MailCustomer,
    NotifyAgent,
    NotifyAgentOfMany,
    NotifyTeam,
    OfferActions,
    OpenTicket,
    PageEngineers,
    PostMessage,
    React,
)
from reqflow.core.model import Audience, RequestState, TextRef
from reqflow.plugins.console import ConsoleTransport
from reqflow.ports import Receipt, ReceiptKind, Transport

TEXT = TextRef("t1", Audience.CUSTOMER, "p1", "d1")
POST = PostMessage(
    channel_id="slack:C1",
    conversation_id="c1",
    message_id="m1",
    audience=Audience.CUSTOMER,
    text=TEXT,
    answers="17.1",
)
NOTICE = NotifyAgent(agent="ana", conversation_id="c1", request_id="r1", code="assigned")


def written(effect: Effect, texts=None, names=None) -> list[str]:
    lines: list[str] = []
    receipt = ConsoleTransport(lines.append, names).deliver("k1", effect, texts or {})
    assert receipt == Receipt(kind=ReceiptKind.DELIVERED, native="k1")
    return lines


def test_a_message_is_one_line():
    assert written(POST, {"t1": "Looking into it"}) == ["[customer] slack:C1 (thread 17.1): Looking into it"]


def test_a_notice_is_one_line():
    assert written(NOTICE) == ["[notice] ana: assigned r1"]


ABOUT = {"conversation_id": "c1", "request_id": "r1"}
MAIL = {
    "conversation_id": "c1",
    "channel_id": "mail:h",
    "to": TEXT,
    "messages": ("m1",),
    "texts": (TEXT,),
}


@pytest.mark.parametrize(
    ("effect", "line"),
    [
        (NotifyAgent(agent="ana", conversation_id="c1", code="mentioned"), "[notice] ana: mentioned c1"),
        (
            NotifyAgentOfMany(agent="ana", notices=(NOTICE, evolve(NOTICE, code="closed"))),
            "[notices] ana: assigned, closed",
        ),
        (NotifyTeam(team="support", code="new", **ABOUT), "[notice] team support: new r1"),
        (
            AnnounceRequest(
                channel_id="slack:C1",
                opener="m1",
                code="looking_into_it",
                state=RequestState.ASSIGNED,
                assignee="ana",
                **ABOUT,
            ),
            "[card] r1 looking into it by ana: Where is it?",
        ),
        (OfferActions(agent="ana", channel_id="slack:C1", **ABOUT), "[actions] ana: r1"),
        (
            React(channel_id="slack:C1", message_id="m1", emoji="eyes", **ABOUT),
            "[emoji] slack:C1: +:eyes: r1",
        ),
        (
            React(channel_id="slack:C1", message_id="m1", emoji="eyes", remove=True, **ABOUT),
            "[emoji] slack:C1: -:eyes: r1",
        ),
        (MailAgent(agent="ana", audience=Audience.INTERNAL, **MAIL), "[mail] ana: Hello?"),
        (MailCustomer(profile_id="p1", **MAIL), "[mail] p1: Hello?"),
        (OpenTicket(tool="mail:tool", texts=(TEXT,), **ABOUT), "[ticket] mail:tool: r1: Hello?"),
        (
            PageEngineers(destination="pager:a", opener="m1", severity="outage", **ABOUT),
            "[page] pager:a: outage r1: Where is it?",
        ),
    ],
)
def test_every_effect_of_ours_has_a_line_that_can_be_read(effect, line):
    assert written(effect, {"t1": "Hello?", "t1.body": "Where is it?"}) == [line]


def test_names_stand_for_ids():
    assert written(NOTICE, names={"ana": "Ana B."}) == ["[notice] Ana B.: assigned r1"]
    assert written(POST, {"t1": "x"}, {"slack:C1": "#help"}) == ["[customer] #help (thread 17.1): x"]


@pytest.mark.parametrize("sign", ["\n", "\r", "\x1b[2J", "\0", "\x9b", "\u2028", "\u202e", "\u200b"])
def test_nothing_steers_the_terminal(sign):
    (line,) = written(POST, {"t1": f"a{sign}b"}, {"slack:C1": f"#{sign}"})
    assert line.isprintable()


def test_an_erased_text_is_no_error():
    assert written(POST) == ["[customer] slack:C1 (thread 17.1): (no text)"]


def test_a_hosts_own_effect_is_shown_by_its_tag():
    class Ring(Effect):
        tag = "bell.ring"

    assert written(Ring())[0].startswith("[bell.ring]")


def test_it_is_a_transport_and_stands_in_for_any_scheme(capsys):
    transport: Transport = ConsoleTransport()
    assert transport.scheme == "console"
    assert ConsoleTransport(scheme="slack").scheme == "slack"
    transport.deliver("k1", NOTICE, {})
    assert capsys.readouterr().out == "[notice] ana: assigned r1\n"
