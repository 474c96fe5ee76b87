"""Some twenty scenarios, each about one thing that a desk does in more than one step, for the crash walk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

import attrs

from ...core import commands as c
from ...core.facts import Outcome
from ...core.ids import profile_id
from ...core.model import (
    Actor,
    ActorKind,
    ChannelId,
    Code,
    CommandKey,
    Escalation,
    HoldReason,
    LinkTarget,
    NativeId,
)
from ..desks import START
from ..machines.desk import desk_of
from .engines import SALT
from .scripts import Script

__all__ = ["SCENARIOS", "Scenario"]

MACHINE = Actor(ActorKind.PLUGIN, Code("acme"))


@attrs.frozen
class Scenario:
    """A script on a desk under these channel settings. ``events`` are words that its history must hold."""

    name: str
    play: Callable[[Script], None]
    events: Iterable[str]
    settings: Mapping[str, Any] = attrs.field(factory=dict)

    def script(self) -> Script:
        """Its acts."""
        script = Script()
        self.play(script)
        script.wait(days=2)
        return script

    def desk(self) -> dict[str, Any]:
        """A desk with something of everything, without rules."""
        desk = desk_of(self.settings)
        fields = {**desk["fields"], "cause": {**desk["fields"]["cause"], "required_on_close": False}}
        return {**desk, "fields": fields, "rules": {}}


def _profile(author: str) -> Any:
    return profile_id(author, bytes.fromhex(SALT))


# --- messages ---------------------------------------------------------------------------------------


def _opened(s: Script) -> None:
    letter = s.say("1", "cara", "Where is it?")
    s.tell(letter)
    s.tell(letter, by="accept")
    s.wait(seconds=1)


def _accepted(s: Script) -> None:
    s.say("1", "cara", "Where is it?", by="accept")
    s.say("2", "cara", "the blue one", by="accept")
    s.say("3", "dan", "And mine?", by="accept")
    s.wait(seconds=1)


def _grouped(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.say("2", "cara", "the blue one", after=100)
    s.say("3", "cara", "Is it lost?", after=500)


def _absorbed(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.say("2", "cara", "Is it lost?", after=200)
    s.say("3", "cara", "so it goes", ago=100)


def _changed(s: Script) -> None:
    letter = s.say("1", "cara", "Where is it?")
    place: dict[str, Any] = {"channel": letter.channel, "native": letter.native, "author": letter.author}
    s.tell(c.MessageEdit(**place, edited_at=s.at, text="Where is the parcel?"), by="accept")
    s.wait(seconds=1)
    s.tell(c.MessageDeletion(**place, deleted_at=s.at))


def _taken_in_many(s: Script) -> None:
    first = s.say("1", "cara", "Where is it?")
    s.say("2", "dan", "so it goes", channel="dm:dan")
    second = s.say("3", "dan", "And mine?", channel="dm:dan")
    take = c.Take(by=_agent("ana"), key=CommandKey("many"), request_id=s.request("1"))
    s.tell([first, second, take], by="handle_many")


def _agent(who: str) -> Actor:
    return Actor(ActorKind.AGENT, Code(who))


# --- work -------------------------------------------------------------------------------------------


def _answered(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.say("2", "dan", "And mine?")
    s.say("3", "ana", "on it", to="1")
    s.say("4", "bo", "behind the door")


def _handed_out(s: Script) -> None:
    for number, who in enumerate(("cara", "dan", "erin"), start=1):
        s.say(str(number), who, "help me", channel="line:one", by="accept")
    s.wait(seconds=1)
    s.do(c.Close, MACHINE, "1")
    s.wait(seconds=1)


def _snoozed(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.do(c.Take, "ana", "1")
    s.do(c.Hold, "ana", "1", reason=HoldReason.SNOOZED, until_at=START + timedelta(hours=2))
    s.wait(hours=3)


def _woken(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.do(c.Take, "ana", "1")
    s.do(c.Hold, "ana", "1", reason=HoldReason.CUSTOMER)
    s.say("2", "cara", "on the left", to="1", after=600)


def _closed(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.do(c.Take, "ana", "1")
    s.do(c.Close, "ana", "1", note="told on the phone")
    s.say("2", "cara", "it is gone again", to="1", after=600)
    s.do(c.CloseConversation, "ana", "1")


def _merged(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.say("2", "dan", "Where is it?")
    s.do(c.Merge, "sue", request_id=s.request("2"), into=s.request("1"))
    s.say("3", "ana", "here", to="2")


def _split(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.say("2", "cara", "and another thing", after=20)
    s.do(c.Split, "sue", request_id=s.request("1"), message_ids=[s.opened["2"]])
    s.do(c.Undo, "sue", "1", seq=3)


def _reviewed(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.do(c.Take, "ana", "1")
    s.do(c.SubmitDraft, "rae", "1", text="Look behind the door.", named="draft")
    s.do(c.RejectDraft, "rex", draft_id=_record("draft"), reason="rude")
    s.do(c.SubmitDraft, "rae", "1", text="Please look behind the door.", named="again")
    s.do(c.ApproveDraft, "rex", draft_id=_record("again"))
    s.wait(seconds=1)


def _record(name: str) -> Callable[[Mapping[str, Outcome]], Any]:
    return lambda seen: seen[name].record_id


def _consulted(s: Script) -> None:
    letter = s.say("1", "cara", "Where is my money?")
    s.do(c.Take, "ana", "1")
    how = Escalation.CONSULT
    s.do(c.Escalate, "ana", "1", theme="money", how=how, note="please look", hold=True, named="asked")
    s.do(c.Close, "eva", request_id=lambda seen: seen["asked"].request_id)
    flagged = c.Reacted(channel=letter.channel, native=letter.native, emoji="fire", author="chat:bo")
    s.tell(flagged, by="accept")
    s.wait(seconds=1)


def _told_about(s: Script) -> None:
    for native, who in (("1", "cara"), ("2", "dan")):
        s.say(native, who, "Is it broken?", channel=f"dm:{who}")
        s.do(c.Link, "ana", native, kind=LinkTarget.ISSUE, target="X-1")
    s.do(c.FinishIssue, MACHINE, issue="X-1")
    s.wait(seconds=1)


# --- people -----------------------------------------------------------------------------------------


def _barred(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.say("2", "cara", "Is it lost?", after=600)
    s.do(c.BarProfile, MACHINE, profile_id=_profile("chat:cara"))
    s.say("3", "cara", "hello?", by="accept")
    s.wait(minutes=11)


def _known(s: Script) -> None:
    s.say("1", "cara", "Where is it?", name="Cara")
    for name in ("one", "two"):
        mail = f"{name}@mail.example"
        s.do(c.CreateCustomer, MACHINE, first_name=name, last_name="Smith", email=mail, named=name)
    s.do(c.LinkProfile, MACHINE, profile_id=_profile("chat:cara"), customer_id=_record("two"))
    s.do(c.MergeCustomers, MACHINE, into=_record("one"), other=_record("two"))
    s.do(c.UndoCustomerMerge, MACHINE, customer_id=_record("two"))


def _erased(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.do(c.Reply, "ana", "1", text="Behind the door.")
    s.wait(seconds=1)
    s.do(c.Erase, "adam", profile_id=_profile("chat:cara"))
    s.wait(minutes=20)


# --- what goes on by itself -------------------------------------------------------------------------


def _rung(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.do(c.SetTimer, MACHINE, "1", name=Code("acme.look"), due_at=START + timedelta(hours=1))
    s.do(c.ScheduleFollowUp, "ana", "1", text="Did it help?", due_at=START + timedelta(hours=1))
    s.wait(hours=2)


def _delivered(s: Script) -> None:
    s.say("1", "cara", "Where is it?", channel="mail:desk")
    s.do(c.Reply, "ana", "1", text="Look behind the door.", named="reply")
    s.wait(seconds=1)
    s.tell(lambda seen: _answer(s, seen["reply"]))


def _answer(s: Script, reply: Outcome) -> c.Inbound:
    return c.Inbound(
        channel=ChannelId("mail:desk"),
        author="mail:cara",
        native=NativeId("back"),
        sent_at=START + timedelta(minutes=5),
        text="It is not there.",
        replies_to=(NativeId(f"out:{reply.message_id}"),),
    )


def _announced(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.wait(seconds=1)
    s.do(c.Take, "ana", "1")
    s.wait(seconds=1)
    s.do(c.Close, "ana", "1")
    s.wait(seconds=1)


def _unseen(s: Script) -> None:
    s.say("1", "cara", "Where is it?", channel="dm:cara", email="cara@mail.example", level="signed_in")
    s.do(c.Reply, "ana", "1", text="Behind the door.")
    s.wait(hours=2)


def _swept(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.do(c.Take, "ana", "1")
    settings = {"nudge_after": "1h", "auto_close_after": "5h"}
    s.tell({**Scenario("", _swept, (), settings).desk(), "workspace": "one"}, by="configure")
    s.wait(hours=1)
    s.wait(hours=1)


def _ticketed(s: Script) -> None:
    s.say("1", "cara", "Where is it?")
    s.do(c.CreateTicket, "ana", "1", text="take this")
    s.wait(seconds=1)
    s.do(c.SetSeverity, "ana", "1", severity="outage")
    s.wait(seconds=1)


_LOUD = {
    "triage": "room:triage",
    "status_emoji": True,
    "status_text": True,
    "unseen_through": "mail:desk",
    "tickets": "mail:tickets@tool.example",
}

SCENARIOS: tuple[Scenario, ...] = (
    Scenario("a message opens a request", _opened, ["request.opened"]),
    Scenario("messages are accepted and worked off", _accepted, ["request.opened", "message.received"]),
    Scenario("messages of one author are one request", _grouped, ["request.opened"]),
    Scenario("a late message closes a gap", _absorbed, ["conversation.absorbed"]),
    Scenario("a message is edited and deleted", _changed, ["message.edited", "message.deleted"]),
    Scenario("much happens in one commit", _taken_in_many, ["request.assigned"]),
    Scenario("who answers first has it", _answered, ["request.assigned"]),
    Scenario("a queue hands out what waits", _handed_out, ["request.assigned", "request.closed"]),
    Scenario("a request rests until a moment", _snoozed, ["request.held", "request.woken"]),
    Scenario("a request rests until the customer writes", _woken, ["request.held", "request.woken"]),
    Scenario("what was closed opens again", _closed, ["request.reopened", "conversation.closed"]),
    Scenario("two requests are merged", _merged, ["request.closed"]),
    Scenario("a request is split, and that undone", _split, ["message.moved", "entry.undone"]),
    Scenario("a draft is reviewed", _reviewed, ["draft.rejected", "draft.approved", "message.delivered"]),
    Scenario("a specialist is asked", _consulted, ["consult.answered", "message.flagged"]),
    Scenario("who waited for an issue is told", _told_about, ["issue.finished", "issue.told"]),
    Scenario("a profile is barred", _barred, ["profile.barred", "conversation.closed"]),
    Scenario("customers are linked and merged", _known, ["customer.merged", "customer.separated"]),
    Scenario("a person is erased", _erased, ["erasure.asked", "conversation.erased"]),
    Scenario("timers ring", _rung, ["host.timer_fired", "follow_up.sent"]),
    Scenario("a reply is delivered, and answered", _delivered, ["message.delivered"]),
    Scenario("a card follows its request", _announced, ["request.closed"], _LOUD),
    Scenario("what nobody saw leaves by mail", _unseen, ["message.posted"], _LOUD),
    Scenario("the desk changes", _swept, ["desk.changed", "request.nudged", "request.closed"]),
    Scenario("a ticket is opened", _ticketed, ["ticket.created"], _LOUD),
)
"""What the crash walk plays."""
