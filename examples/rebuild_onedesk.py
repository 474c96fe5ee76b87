"""OneDesk's conversations on reqflow: in the messenger for whoever is there, and by mail for whoever is not."""

from datetime import UTC, datetime, timedelta

import reqflow as rf
from reqflow.plugins.memory import MemoryStore
from reqflow.ports import Receipt, ReceiptKind
from reqflow.vocabulary import MailAgent, MailCustomer, NotifyAgent, NotifyTeam, PostMessage

BOX = "mail:help@desk.example"
REMIND = {"after": "1h", "since": "assigned", "then": {"notify": {"agent": "ana", "code": "please_close"}}}
DESK = {
    "agents": {
        "ana": {"name": "Ana Ruiz", "teams": ["help"], "addresses": ["mail:ana@desk.example"]},
        "bo": {"name": "Bo Lund", "teams": ["help"], "addresses": ["mail:bo@desk.example"]},
        "kim": {"name": "Kim Aho", "channels": ["portal:*"], "grants": ["see_all"]},
    },
    "notices": {"closed": False},
    "settings": {"responder_teams": ["help"], "visibility": "channel", "assignees_follow": True},
    "channels": {
        "chat:*": {"kind": "direct", "auto_reply": "Thank you, we are on it.", "unseen_through": BOX},
        "portal:*": {"kind": "form"},
        BOX: {"kind": "mail"},
    },
    "rules": {
        "tell": {"author": "ana", "on": "request.closed", "then": {"reply": "Closed. Good light!"}},
        "remind": {"author": "ana", **REMIND},
    },
}
times, mails = [datetime(2026, 3, 2, 9, tzinfo=UTC)], []


class Outside:
    """Shows what the messenger and mail would get."""

    scheme = "*"

    @rf.hookimpl
    def reqflow_transports(self):
        return [self]

    def deliver(self, key, effect, texts):
        words = " / ".join(texts[each] for each in effect.shown())
        match effect:
            case PostMessage(channel_id=place):
                tell(f"  shown in {place}: {words}")
            case NotifyTeam(team=who, code=code) | NotifyAgent(agent=who, code=code):
                tell(f"  bubble for {who}: {rf.NOTICE_CODES[code]}")
            case MailAgent(to=to) | MailCustomer(to=to):
                tell(f"  mailed to {texts[to.id].removeprefix('mail:')}: {words}")
                mails.append(key)
        return Receipt(kind=ReceiptKind.DELIVERED, native=key)


def tell(*words):
    print(f"{times[-1]:%H:%M}", *words)


def happens(item=None, **span):
    outcome = item and engine.handle(item)
    engine.work()
    times.append(times[-1] + timedelta(**span or {"seconds": 20}))
    engine.work()
    return outcome


def say(author, text, channel="chat:site", **more):
    tell(f"{author} says: {text}")
    said = {"native": str(len(times)), "sent_at": times[-1] - timedelta(seconds=1), **more}
    return happens(rf.Inbound(channel=channel, author=author, text=text, level="signed_in", **said))


def answer(author, text):  # to the mail that came last
    return say(f"mail:{author}", text, BOX, replies_to=mails[-1:])


def do(who, command, **about):
    tell(f"{who}: {command.__name__}")
    return happens(command(by=rf.agent(who), **about), minutes=1)


def lists():
    views = {f"from customers, {each}": rf.FromCustomers(shelf=each) for each in rf.Shelf}
    views |= {f"bo's, {each}": rf.Inbox(agent="bo", box=each) for each in ("followed", "closed")}
    for name, view in views.items():
        found = engine.read(view, by=rf.agent("bo")).items
        tell(f"  {name}:", *(engine.facts(each.id).card.name for each in found))


engine = rf.Engine(MemoryStore(), DESK, plugins=[Outside()], clock=lambda: times[-1])
do("ana", rf.CreateCustomer, first_name="Vera", last_name="Lind", email="vera@lind.example")
print("--- Shown where it is said, mailed after a minute to whoever has not seen it")
asked = say("chat:vera", "My lamp is dark.", email="vera@lind.example")
thread = {"conversation_id": asked.conversation_id}
vera = rf.customer(engine.facts(asked.conversation_id).card.profile_id)
do("ana", rf.Take, request_id=asked.request_id)
say("chat:vera", "The big one.")
happens(minutes=1)
answer("ana@desk.example", "Is it plugged in?")
happens(minutes=1)
answer("vera@lind.example", "It is not!")
happens(rf.MarkSeen(by=rf.agent("ana"), **thread))
picture = [rf.Enclosure(kind="image", name="plug.png")]
do("ana", rf.Reply, **thread, text="Here it goes in.", attachments=picture)
print("--- Among ourselves")
do("bo", rf.Follow, **thread)
do("ana", rf.Reply, **thread, text="Third one today.", audience="internal")
answer("bo@desk.example", "I tell sales.")
for name, who in (("Vera", vera), ("Kim", rf.agent("kim"))):
    read = engine.read(rf.Messages(**thread), by=who).items
    tell(f"  {name} reads:", " / ".join(engine.texts(*read, by=who).values()))
print("--- Items, lists, and rules for notices")
item = say("portal:max", "Order 12: a lamp, please.", "portal:shop", name="Max")
for each in (asked, item):
    do("ana", rf.Link, conversation_id=each.conversation_id, kind="item", target="TASK-7")
lists()
do("ana", rf.Reply, conversation_id=item.conversation_id, text="It is yours.")
happens(hours=1)
do("ana", rf.CloseConversation, **thread)
lists()
