"""Thena's requests on reqflow: what customers ask in Slack is found, gathered, given out, and kept in sight."""

from datetime import UTC, datetime, timedelta

import reqflow as rf
from reqflow.plugins.detector import RuleDetector
from reqflow.plugins.memory import MemoryStore
from reqflow.ports import Receipt, ReceiptKind
from reqflow.vocabulary import AnnounceRequest, NotifyAgent, OfferActions, OpenTicket, PostMessage, React

OFFERED = (rf.Take, rf.Assign, rf.CreateTicket, rf.Hold, rf.Wake, rf.Close, rf.Reopen)
DESK = {
    "agents": {
        "ana": {"name": "Ana Ruiz", "teams": ["care"], "addresses": ["slack:ana"]},
        "bo": {"name": "Bo Lund", "teams": ["care"], "addresses": ["slack:bo"]},
        "cem": {"name": "Cem Aksoy", "teams": ["care"], "addresses": ["slack:cem"]},
    },
    "settings": {"responder_teams": ["care"], "triage": "slack:triage", "notify_team": False},
    "channels": {
        "slack:*": {},
        "slack:acme": {"owner": "cem", "status_text": True, "tickets": "mail:tickets@tool.example"},
    },
}
times = [datetime(2026, 3, 2, 9, tzinfo=UTC)]


class Slack:  # and the ticket tool: it shows what they would get
    scheme = "*"

    @rf.hookimpl
    def reqflow_transports(self):
        return [self]

    def deliver(self, key, effect, texts):
        words = " / ".join(texts.values())
        match effect:
            case AnnounceRequest(card=card, code=code, assignee=who):
                tell("  #triage:", "changed" if card else "new", f"card “{words}”", code, who)
            case NotifyAgent(agent=who, code=code):
                tell(f"  to {who}: {rf.NOTICE_CODES[code]}")
            case OfferActions(agent=who, request_id=request):
                tell(f"  only {who} sees:", *buttons(who, request))
            case React(emoji=emoji):
                tell(f"  on the message: :{emoji}:")
            case PostMessage(channel_id=place) | OpenTicket(tool=place):
                tell(f"  to {place}: {words}")
        return Receipt(kind=ReceiptKind.DELIVERED, native="T-4711" if isinstance(effect, OpenTicket) else key)


def tell(*words):
    print(f"{times[-1]:%d %b %H:%M}", *filter(None, words))


def passes(**span):
    times.append(times[-1] + timedelta(**span or {"minutes": 5}))
    engine.work()  # whatever time brought


def say(who, text, channel="slack:lobby", to=(), **span):
    passes(**span)
    tell(f"{who} in {channel}: {text}")
    said = {"native": str(len(times)), "replies_to": to, "sent_at": times[-1], "name": who.title()}
    return handled(rf.Inbound(channel=channel, author=f"slack:{who}", text=text, **said))


def do(who, command, **about):
    passes()
    tell(f"{who}: {command.__name__}")
    return handled(command(by=rf.agent(who), **about))


def handled(item):
    outcome = engine.handle(item)
    engine.work()
    return outcome


def buttons(who, request):  # the same on every surface
    return [each.__name__ for each in engine.actions(request, rf.agent(who)) if each in OFFERED]


def show(title, requests):
    words = engine.texts(*requests)
    tell(f"  {title}:", *(f"“{words[each.words]}” {each.assignee}" for each in requests))


engine = rf.Engine(MemoryStore(), DESK, plugins=[Slack()], classifier=RuleDetector(), clock=lambda: times[-1])
print("--- Found, gathered, and whose it is that answers")
hello = say("liv", "No sound since this morning")
asked = say("liv", "How do I export my invoices?")
say("liv", "The ones of last year", seconds=90)
say("bo", "With the arrow, top right.", to=[str(len(times))])
print("--- Beside the thread; looking into it; and what was not found")
down = say("dan", "Is the API down?")
say("ana", "I see errors, too.")
say("cem", "Any news?")
do("ana", rf.Take, request_id=say("eva", "Can you add a dark mode?").request_id)
do("cem", rf.Promote, message_id=hello.message_id, assignee="bo")
print("--- A channel with an owner, and with a ticket tool")
order = say("eva", "Please add two seats", "slack:acme")
seats, thread = {"request_id": order.request_id}, [str(len(times))]
tell("  ana may:", *buttons("ana", order.request_id), "| elsewhere:", *buttons("ana", down.request_id))
do("ana", rf.CreateTicket, **seats, text="For Acme.")
do("cem", rf.Hold, **seats, reason="customer")
for column in engine.read(rf.Board()).items:
    show(column.state, column.requests)
say("eva", "Three, sorry!", "slack:acme", thread)
do("cem", rf.Close, **seats)
print("--- Home, time, and two scopes")
mine = engine.read(rf.Inbox(agent="bo"), by=rf.agent("bo")).items
show("bo's home", [each for found in mine for each in found.requests])
passes(days=1)
passes(days=30)
tell("  status_text says", engine.explain_setting("slack:acme", "status_text").where)
engine.configure({**DESK, "settings": {**DESK["settings"], "detection": "off"}})
tell("  a request?", "no" if say("dan", "Is the API down again?").request_id is None else "yes")
for whose, told in (("Liv's", asked), ("Eva's", order)):
    print(f"--- What became of {whose} request")
    for line in engine.explain(told.request_id):
        print(f"{line.at:%d %b %H:%M} {line.who}: {line.what}" + (f" ({line.why})" if line.why else ""))
