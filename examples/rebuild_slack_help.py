"""Slack's #help-ce on reqflow: answers first, then the desk, then whoever knows best; who asked hears the end."""

from datetime import UTC, datetime, timedelta

import reqflow as rf
from reqflow.plugins.memory import MemoryStore
from reqflow.ports import Receipt, ReceiptKind, Suggestion
from reqflow.vocabulary import AnnounceRequest, NotifyAgent, OpenTicket, PageEngineers, PostMessage

HELP, TRACKER, times = "slack:help-ce", "tracker:core", [datetime(2026, 3, 2, 9, tzinfo=UTC)]
CREW = {"ivo": "help", "hana": "help", "mia": "money", "pat": "search"}
MENU = {
    "hours": {"kind": "guidance", "text": "From nine to five."},
    "search": {"kind": "channel", "place": HELP},
    "broken": {"kind": "bug", "place": TRACKER},
    "badge": {"kind": "ticket", "place": "mail:tickets@tool.example", "fields": {"badge": "lost"}},
    "login": {"kind": "queue", "queue": "help"},
    "money": {"kind": "form", "theme": "billing"},
}
DESK = {
    "agents": {who: {"teams": [team], "addresses": [f"slack:{who}"]} for who, team in CREW.items()},
    "settings": {"responder_teams": ["help"], "detection": "always"},
    "channels": {"slack:*": {"queue": "help", "escalate_emoji": {"moneybag": "billing"}}},
    "queues": {team: {"teams": [team]} for team in CREW.values()},
    "themes": {
        "billing": {"queue": "money", "destination": "slack:money"},
        "search": {"queue": "search", "destination": "slack:search", "room": "slack:search", "level": 2},
    },
    "severities": {"down": {"immediate": True, "destination": "pager:1"}, "defect": {"destination": TRACKER}},
    "menus": {"help": {"options": MENU}},
    "fields": {"badge": {"on": "request", "type": "choice", "choices": ["lost", "broken"]}},
}


class Slack:  # and the tools and the pager: it shows what they would get; and it knows one article
    scheme, name = "*", "help centre"

    @rf.hookimpl
    def reqflow_transports(self):
        return [self]

    reqflow_suggesters = reqflow_transports

    def suggest(self, text, theme):
        return [Suggestion(title=f"All about {theme.name}")]

    def deliver(self, key, effect, texts):
        words = " / ".join(texts[each] for each in effect.shown())
        match effect:
            case AnnounceRequest(room=room, code=code, assignee=who):
                tell(f"  card in {room}: “{words}” {code}", who)
            case NotifyAgent(agent=who, code=code):
                tell(f"  to {who}: {rf.NOTICE_CODES[code]}")
            case PostMessage(channel_id=place) | OpenTicket(tool=place) | PageEngineers(destination=place):
                tell(f"  {place}: {words}", "(and a link)" * bool(getattr(effect, "pointers", ())))
        return Receipt(kind=ReceiptKind.DELIVERED, native="CORE-7" if isinstance(effect, OpenTicket) else key)


def tell(*words):
    print(f"{times[-1]:%H:%M}", *filter(None, words))


def happens(item):
    outcome = engine.handle(item)
    engine.work()
    times.append(times[-1] + timedelta(minutes=5))
    return outcome


def say(who, text, make=rf.Inbound, at="sent_at", **more):
    tell(f"{who}: {text}")
    said = {"author": f"slack:{who}", "channel": HELP, "native": str(len(times)), "text": text}
    return happens(make(**said, **{at: times[-1]}, **more))


def choose(who, option, **more):
    out = say(who, f"({option})", rf.MenuChoice, "chosen_at", menu="help", option=option, **more)
    tell("  the menu:", out.code, MENU[option].get("text"))


def offer(who, text):
    offered = engine.suggest("billing", text, author=f"slack:{who}", channel=HELP)
    tell("  the menu offers:", *(each.title or f"message {each.native}" for each in offered.suggestions))
    return offered.offer_id


def do(who, command, **about):
    tell(f"{who}: {command.__name__}")
    return happens(command(by=rf.agent(who), **about))


engine = rf.Engine(MemoryStore(), DESK, plugins=[Slack()], clock=lambda: times[-1])
print("--- One entry point, and answers first")
for option in engine.menu("help").options:
    choose("emma", option.name)
choose("emma", "money", offer=offer("emma", "Charged twice for order 17"))
form = say("emma", "Charged twice for order 17", theme="billing")
do("mia", rf.Take, request_id=form.request_id)
do("mia", rf.Close, request_id=form.request_id)
offer("dan", "Order 18 was charged twice")
print("--- From tier to tier, and back to who asked")
asked = say("dan", "Charged twice for order 18")
it, thread = {"request_id": asked.request_id}, {"conversation_id": asked.conversation_id}
happens(rf.Reacted(channel=HELP, native=str(len(times) - 1), emoji="moneybag", author="slack:ivo"))
do("mia", rf.Take, **it)
child = do("mia", rf.Escalate, **it, theme="search", note="Shown twice?", hold=True)
do("pat", rf.Take, request_id=child.request_id)
do("pat", rf.Close, request_id=child.request_id)
do("mia", rf.Reply, **thread, text="As here, and we mend it.", pointers=[form.request_id])
do("mia", rf.SetSeverity, **it, severity="defect")
do("mia", rf.Touch, **it, tool="ledger")
down = say("eva", "Is all down?").request_id
do("hana", rf.SetSeverity, request_id=down, severity="down")
do("hana", rf.SetPriority, request_id=down, priority=-1)
tell("  loads:", *(f"{each.agent} {each.load}" for each in engine.loads(by=rf.agent("hana"))))
happens(rf.FinishIssue(by=rf.Actor(rf.ActorKind.EXTERNAL, "tracker"), issue="CORE-7"))
effort, share, saved = engine.effort(**it), engine.escalation_share(), engine.deflection("billing")
tell("  dan's took", str(effort.held), "of waiting,", *effort.contacted, "and the tools", *effort.tools)
again = ", ".join(f"{each.trend.theme} {each.count}x" for each in engine.trends())
tell(f"  {again}; {share.share:.0%} of the closed were escalated; {saved.share:.0%} needed no form")
