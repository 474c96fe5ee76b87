"""Audite's interactions on reqflow: pending until somebody accepts them, then that person's until they end."""

from datetime import UTC, datetime, timedelta

import reqflow as rf
from reqflow.plugins.memory import MemoryStore

SETTINGS = {
    "roles": {"social": ["work", "publish", "assign"]},  # contacts are the Chat Center's
    "agents": {
        "ada": {"name": "Ada Moss", "channels": ["whatsapp:*"]},
        "ben": {"name": "Ben Hart", "channels": ["whatsapp:*"], "teams": ["experts"]},
        "sol": {"name": "Sol Vega", "channels": ["instagram:*"], "role": "social"},
        "ida": {"name": "Ida Falk", "role": "admin"},
    },
    "channels": {"whatsapp:*": {"kind": "direct", "searchable": True}, "instagram:*": {"kind": "public"}},
    "queues": {"priority": {"teams": ["experts"]}},
}
moments = [datetime(2026, 3, 2, 9, tzinfo=UTC)]


def now():
    return moments[-1]


def tell(*words):
    print(f"{now():%a %H:%M} ", *words)


def happens(item, **span):
    moments.append(now() + timedelta(**span or {"minutes": 5}))
    try:
        return item and engine.handle(item)
    except rf.ReqflowError as refusal:
        tell(f"refused: {refusal}")
    finally:
        engine.work()  # a worker's part: timers, and what is left over of a bar


def write(**said):
    return happens(rf.Inbound(**{"native": str(len(moments)), "sent_at": now(), **said}))


def do(who, command, **about):
    return happens(command(by=rf.agent(who), **about))


def lists(*people):
    for who in people:
        found = engine.read(rf.Conversations(open=True), by=rf.agent(who)).items
        tell(f"{who} sees:", *(each.state for each in found))


def beside(about):  # what an agent is told beside a conversation
    it = engine.facts(about.conversation_id)
    found, who = it.conversation, it.card
    told = (found.reason, who.badge, who.name, who.email, found.sentiment, found.language)
    tell(found.state, *filter(None, (*told, it.remaining and f"{it.remaining} left")))
    return who.profile_id


engine = rf.Engine(MemoryStore(), SETTINGS, clock=now)
vera = do("ada", rf.CreateCustomer, first_name="Vera", last_name="Lind", email="vera@lind.example").record_id
phone = {"channel": "whatsapp:shop", "author": "whatsapp:vera@lind.example", "level": "signed_in"}

print("--- Pending, and accepted")
asked = write(**phone, text="My blender is broken.")
write(**phone, text="It looks like this.", attachments=(rf.Enclosure(kind="image", name="it.jpg"),))
chat = {"conversation_id": asked.conversation_id}
lists("ada", "ben", "sol")
do("ada", rf.Accept, **chat)
lists("ada", "ben")
do("ida", rf.DescribeConversation, **chat, sentiment="unhappy", language="sv")
beside(asked)

print("--- Handed over through a queue")
do("ada", rf.AddTag, **chat, tag="warranty")
do("ida", rf.AddTag, **chat, tag="warranty")
do("ada", rf.SetSubject, **chat, subject="Broken blender")
note = do("ada", rf.AddNote, **chat, text="Two years old. An expert should look.").record_id
tell("could be", *engine.candidates(asked.conversation_id))
do("ada", rf.Enqueue, **chat, queue="priority")
do("ada", rf.Accept, **chat)
do("ben", rf.Accept, **chat)
do("ben", rf.DeleteNote, **chat, note_id=note)
do("ida", rf.DefineAnswer, answer="free", category="repair", title="Free", text="It is free, {{name}}.")
tell("to edit:", engine.quick_answer("free", {"name": "Vera"}))
do("ben", rf.SendAnswer, **chat, answer="free", values={"name": "Vera"})
do("ben", rf.CloseConversation, **chat)
again = write(**phone, text="Where do I send it?")
tell("still the same:", again.conversation_id == asked.conversation_id)
do("ada", rf.Accept, conversation_id=again.conversation_id)
do("ada", rf.Release, conversation_id=again.conversation_id)
lists("ada", "ben")

print("--- Comments")
post = {"channel": "instagram:shop", "author": "instagram:mo"}
first = write(**post, native="c1", text="Is it loud?")
nested = write(**post, native="c2", replies_to=("c1",), text="Compared to the old one?")
second = write(**post, native="c3", text="Is it loud???")
tell("one thread:", *(each.conversation_id == first.conversation_id for each in (nested, second)))
do("sol", rf.CloseConversation, conversation_id=second.conversation_id, reason="rejected")
do("sol", rf.Reply, conversation_id=first.conversation_id, attachments=(rf.Enclosure(kind="document"),))
mo = {"first_name": "Mo", "last_name": "Rahim", "phone": "+46 70 7654321", "profile_id": beside(first)}
do("sol", rf.CreateCustomer, **mo)
do("ada", rf.CreateCustomer, **mo)
happens(None, hours=24)
beside(first)

print("--- The past, and who is not heard any more")
tell("past:", *(f"{each.opened_at:%a %H:%M}" for each in engine.read(rf.Past(customer_id=vera)).items))
tell("found:", *(f"{each.opened_at:%a %H:%M}" for each in engine.read(rf.Search(words="blender")).items))
for view in (rf.Documents(conversation_id=again.conversation_id), rf.Documents(customer_id=vera)):
    tell("documents:", *engine.texts(*engine.read(view).items).values())
last = write(**post, native="c4", text="This shop is a fraud!")
do("sol", rf.Accept, conversation_id=last.conversation_id)
do("ada", rf.BarProfile, profile_id=mo["profile_id"])
beside(last)
do("ada", rf.BarCustomer, customer_id=vera)
tell("dropped:", *(write(**each, text="Hey!").code for each in (post, phone)))
