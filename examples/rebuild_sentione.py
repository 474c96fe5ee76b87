"""SentiOne's threads on reqflow: people or rules give out what is new, and some answers go through a review."""

from datetime import UTC, datetime, timedelta

import reqflow as rf
from reqflow.errors import Forbidden
from reqflow.plugins.memory import MemoryStore
from reqflow.ports import Receipt, ReceiptKind
from reqflow.vocabulary import NotifyAgent, PostMessage

OPEN = (rf.RequestState.UNASSIGNED, rf.RequestState.ASSIGNED)
SETTINGS = {
    "agents": {
        "nora": {"name": "Nora Blum", "role": "supervisor"},  # the reviewer
        "rik": {"name": "Rik Sand", "role": "restricted", "teams": ["care"]},
        "ola": {"name": "Ola Wren", "teams": ["care"], "capacity": 1},
        "pia": {"name": "Pia Holm", "teams": ["care", "press"]},
    },
    "settings": {"kind": "public", "visibility": "channel", "notify_team": False},
    "channels": {"facebook:*": {}, "stars:*": {"queue": "care"}},  # by hand, and with advanced routing
    "queues": {"care": {"teams": ["care"], "policy": "round_robin"}},
    "tags": {"delay": "Late parcel"},
    "statuses": {"in_service": "assigned", "review": "assigned", "with_courier": "assigned"},
    "rules": {
        "review": {"author": "nora", "on": "conversation.review_started", "then": {"set_status": "review"}},
        "serve": {"author": "nora", "on": "conversation.review_ended", "then": {"set_status": "in_service"}},
    },
}


class Screen:
    """Shows what leaves the desk: answers to customers, and what colleagues are told."""

    scheme = "*"

    @rf.hookimpl
    def reqflow_transports(self):
        return [self]

    def deliver(self, key, effect, texts):
        if isinstance(effect, PostMessage):
            print(f"{now():%H:%M}  to the customer: {texts[effect.text.id]}")
        elif isinstance(effect, NotifyAgent):
            print(f"{now():%H:%M}  to {effect.agent}: {rf.NOTICE_CODES[effect.code]}")
        return Receipt(kind=ReceiptKind.DELIVERED)


def now():
    return moments[-1]


def happens(item):
    """Five minutes later somebody writes or does something, and a worker carries out what comes of it."""
    moments.append(moments[-1] + timedelta(minutes=5))
    outcome = engine.handle(item)
    engine.work()
    return outcome


def comment(channel, number, name, text):
    said = {"author": f"web:{number}", "name": name, "native": number, "sent_at": now(), "text": text}
    return happens(rf.Inbound(channel=channel, **said))


def do(who, command, **about):
    return happens(command(by=rf.agent(who), **about))


def show():
    """SentiOne's lists: what is new, and what a team or somebody has in service."""
    for each in engine.read(rf.Requests(states=OPEN), by=rf.agent("nora")).items:
        whose = each.assignee or each.team
        told = (each.channel_id, whose, each.status)
        print(f"{now():%H:%M}  {'in service' if whose else 'new'}:", *filter(None, told))


moments = [datetime(2026, 3, 2, 9, tzinfo=UTC)]
engine = rf.Engine(MemoryStore(), SETTINGS, plugins=[Screen()], clock=now)

print("--- Nora walks what is new")
late = comment("facebook:tulip", "1", "Jo Marsh", "My parcel is a week late. Where is it?")
spam = comment("facebook:tulip", "2", "Max Gain", "Win big at dice-palace.example")
thread, request = {"conversation_id": late.conversation_id}, {"request_id": late.request_id}
do("nora", rf.CloseConversation, conversation_id=spam.conversation_id, reason="ignored")
show()
do("nora", rf.Route, **request, team="press")
show()
do("nora", rf.Assign, **request, assignee="pia")
do("nora", rf.Unassign, **request)
do("nora", rf.Assign, **request, assignee="rik")

print("--- Rik is restricted: somebody looks at his answers first")
try:
    do("rik", rf.Reply, **thread, text="No idea.")
except Forbidden as refusal:
    print(f"{now():%H:%M}  {refusal}")
draft = {"draft_id": do("rik", rf.SubmitDraft, **thread, text="Its at the depot.").record_id}
show()
note = do("nora", rf.AddDraftNote, **draft, text="Mind the spelling.").record_id
do("nora", rf.RejectDraft, **draft, reason="Say when it comes.")
do("nora", rf.DeleteDraftNote, **draft, note_id=note)
do("rik", rf.ReviseDraft, **draft, text="It is at the depot and comes tomorrow.")
do("nora", rf.ApproveDraft, **draft)
do("rik", rf.AddTag, **thread, tag="delay")
note = do("rik", rf.AddNote, **thread, text="At the depot, ask for Kim.").record_id
do("rik", rf.DeleteNote, **thread, note_id=note)
do("rik", rf.SetStatus, **request, status="with_courier")
do("rik", rf.Close, **request)

print("--- With routing, nobody needs to walk anything")
stars = [comment("stars:tulip", str(number), f"Guest {number}", f"{number} of 5") for number in (3, 4, 5)]
show()

for whose, told in (("Jo's", late), ("Max's", spam), ("the second guest's", stars[1])):
    print(f"--- Actions since {whose} thread began")
    for line in engine.explain(told.conversation_id):
        print(f"{line.at:%H:%M}  {line.who}: {line.what}" + (f" ({line.why})" if line.why else ""))
