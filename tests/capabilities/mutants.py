"""For each row a change of a line or two that takes the behaviour away: its stories must then fail.

``old`` stands exactly once in the file; ``new`` is put in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A change to one file under ``src/reqflow``."""

    file: str
    old: str
    new: str


MUTANTS: Mapping[str, Mutant] = {
    "1": Mutant(
        "core/placing/detecting.py",
        "return detection.label is Label.REQUEST",
        "return False",
    ),
    "2": Mutant(
        "core/decisions/structure.py",
        "if assignee is not None and request.assignee != assignee:",
        "if assignee is not None and request.assignee == assignee:",
    ),
    "3": Mutant(
        "core/placing/grouping.py",
        "if sent_at - start <= settings.grouping_within:",
        "if sent_at - start < settings.grouping_within:",
    ),
    "4": Mutant("core/placing/intake.py", "earlier, found = found, group", "earlier = found"),
    "5": Mutant(
        "core/placing/intake.py",
        "        request = self._meant(found, agent)\n",
        "        request = None\n",
    ),
    "6": Mutant(
        "core/placing/intake.py",
        "if self.settings.by_profile and (found is None",
        "if not self.settings.by_profile and (found is None",
    ),
    "7": Mutant(
        "core/settings/channels.py",
        "self.kind in (ChannelKind.CHAT, ChannelKind.MAIL)",
        "self.kind is not ChannelKind.DIRECT",
    ),
    "9": Mutant(
        "core/placing/intake.py",
        "natives = (self.inbound.native, *self.inbound.replies_to)\n",
        "natives = (self.inbound.native,)\n",
    ),
    "10": Mutant(
        "core/records/links.py",
        'return (here, RecordKey("target", target_key(self.kind, self.target), rank))',
        "return (here,)",
    ),
    "11": Mutant(
        "core/notices/reacting.py",
        "if message.audience is not _CUSTOMER or message.text is None:",
        "if message.text is None:",
    ),
    "12": Mutant(
        "core/placing/intake.py",
        "level=self.inbound.level,",
        "",
    ),
    "13": Mutant(
        "core/asking/choosing.py",
        "send_to_tool(step, conversation, request, option.place, kind)",
        "_ = kind",
    ),
    "14": Mutant(
        "core/asking/choosing.py",
        'code=Code("suggest"))',
        'code=Code("form"))',
    ),
    "15": Mutant(
        "core/asking/repeats.py",
        "routed = attrs.evolve(opened, queue=theme.queue, team=theme.team, theme=theme.name, level=theme.level)",
        "routed = opened",
    ),
    "16": Mutant(
        "core/notices/people.py",
        "return None if theme is None else theme.destination",
        "return None",
    ),
    "17": Mutant(
        "core/evolution/requests.py",
        "        state=RequestState.UNASSIGNED,\n",
        "        state=RequestState.ASSIGNED,\n",
    ),
    "18": Mutant(
        "core/decisions/requests.py",
        'return (assigned(request, agent, Reason(Code("took_it"))),)',
        "return ()",
    ),
    "19": Mutant(
        "core/notices/reacting.py",
        "answers=conversation.thread,",
        "answers=None,",
    ),
    "21": Mutant(
        "core/couplings.py",
        '"request.closed": (_L, _L, _L, _N)',
        '"request.closed": (_N, _N, _N, _N)',
    ),
    "22": Mutant(
        "core/decisions/links.py",
        "target = None if reported.native is None else ExternalId(reported.native)",
        "target = None",
    ),
    "24": Mutant(
        "core/placing/intake.py",
        "if request.hold_reason is _CUSTOMER:",
        "if request.hold_reason is None:",
    ),
    "25": Mutant(
        "core/evolution/requests.py",
        "if before.status is not None and state is not before.state:",
        "if before.status is not None and state is before.state:",
    ),
    "26": Mutant(
        "core/couplings.py",
        "CloseReason.IGNORED: Resolution.IGNORED,",
        "CloseReason.IGNORED: Resolution.DONE,",
    ),
    "27": Mutant(
        "core/lifecycle.py",
        'Arrow("conversation.released", (_C.ACTIVE, _C.IN_REVIEW), _C.PENDING)',
        'Arrow("conversation.released", (_C.ACTIVE, _C.IN_REVIEW), _C.ACTIVE)',
    ),
    "29": Mutant(
        "core/couplings.py",
        "CloseReason.REJECTED: Resolution.REJECTED,",
        "CloseReason.REJECTED: Resolution.DONE,",
    ),
    "30": Mutant(
        "core/decisions/conversations.py",
        "unassigned(request, conversation.holder, reason)\n            for",
        "assigned(request, conversation.holder, reason)\n            for",
    ),
    "31": Mutant(
        "core/decisions/conversations.py",
        "e.RequestRouted(request_id=request.id, queue=command.queue, reason=reason)",
        "e.RequestRouted(request_id=request.id, queue=request.queue, reason=reason)",
    ),
    "32": Mutant(
        "core/evolution/messages.py",
        'changes["team_at"] = later(conversation.team_at, sent_at)',
        'changes["team_at"] = conversation.team_at',
    ),
    "33": Mutant(
        "core/timers.py",
        "found.append((due_at, QuestionKind.EXPIRE, request.id))",
        "pass",
    ),
    "34": Mutant("core/notices/table.py", '"request.nudged": (_line(Who.ASSIGNEE, "please_close"),),', ""),
    "36": Mutant("core/notices/unseen.py", "step.overlay.arm(unseen_key(recipient), due_at)", "pass"),
    "40": Mutant("core/notices/people.py", 'frozenset({"first_response", "channel_owner"})', "frozenset()"),
    "41": Mutant("core/notices/people.py", "return (event.assignee,)", "return ()"),
    "44": Mutant(
        "plugins/memory/space.py",
        "return request.queue, (request.priority, request.waiting_at, request.id)",
        "return request.queue, (0, request.waiting_at, request.id)",
    ),
    "45": Mutant(
        "core/asking/consulting.py",
        "step.emit(home.id, woken)",
        "_ = woken",
    ),
    "46": Mutant(
        "core/asking/flagging.py",
        "if overlay.record(Flag.tag, _flag_id(reacted)) is not None:",
        "if not reacted.emoji:",
    ),
    "47": Mutant(
        "core/notices/reacting.py",
        "if not event.immediate or request is None:",
        "if event.immediate or request is None:",
    ),
    "48": Mutant(
        "core/records/escalation.py",
        "return attrs.evolve(old, told_at=at)",
        "return attrs.evolve(old)",
    ),
    "49": Mutant(
        "core/asking/repeats.py",
        "return Repeat(trend, earlier[-NAMED:])",
        "return Repeat(trend, ())",
    ),
    "50": Mutant(
        "core/asking/pointing.py",
        "if not may_point(step.desk, home, reader):",
        "if not reader:",
    ),
    "51": Mutant(
        "core/asking/effort.py",
        "held, since = held + (entry.at - since), None",
        "held, since = held, None",
    ),
    "52": Mutant("core/notices/means.py", "step.queue(settings.triage, card, card_key(request.id))", "pass"),
    "53": Mutant(
        "core/notices/table.py", "lambda desk, settings: settings.notify_team", "lambda desk, settings: False"
    ),
    "54": Mutant(
        "core/notices/unseen.py",
        "if UnseenBy.AGENTS in settings.unseen_by and",
        "if UnseenBy.AGENTS not in settings.unseen_by and",
    ),
    "55": Mutant("core/notices/greeting.py", "step.say_after(conversation.id, AUTO_REPLY, text)", "pass"),
    "56": Mutant(
        "core/notices/unseen.py",
        "return message.side is not _REQUESTER and message.audience is _CUSTOMER",
        "return False",
    ),
    "59": Mutant(
        "core/notices/table.py",
        "lambda desk, settings: settings.status_emoji",
        "lambda desk, settings: False",
    ),
    "60": Mutant(
        "core/notices/table.py", "lambda desk, settings: settings.status_text", "lambda desk, settings: False"
    ),
    "35": Mutant(
        "core/timers.py",
        "found.append((heard_at + settings.inactivity_close_after, QuestionKind.INACTIVE, None))",
        "pass",
    ),
    "37": Mutant(
        "core/placing/intake.py",
        "and self.settings.assign_first_response\n            and self._audience",
        "and not self.settings.assign_first_response\n            and self._audience",
    ),
    "38": Mutant(
        "core/placing/intake.py",
        "last = self.overlay.last_open(self.channel)",
        "last = None",
    ),
    "39": Mutant(
        "core/placing/intake.py",
        "owner = self.settings.owner",
        "owner = None",
    ),
    "42": Mutant(
        "core/decisions/requests.py",
        "return (assigned(request, command.assignee, _asked()),)",
        "return ()",
    ),
    "43": Mutant(
        "core/operations/step.py",
        "self.overlay.arm(drain_key(queue.id), self.at)",
        "pass",
    ),
    "58": Mutant(
        "core/automations/loop.py", "self.decide(own, attrs.evolve(command, by=occasion.by))", "_ = command"
    ),
    "67": Mutant(
        "core/placing/routing.py",
        "return not settings.responder_teams or bool(agent.teams & settings.responder_teams)",
        "return True",
    ),
    "69": Mutant(
        "core/decisions/replies.py",
        "if not principal.has(Right.PUBLISH):",
        "if not principal.has(Right.WORK):",
    ),
    "70": Mutant(
        "core/decisions/tags.py",
        "step.author).has(Right.DEFINE)",
        "step.author).has(Right.WORK)",
    ),
    "71": Mutant("core/decisions/drafts.py", "key, text.ref, author,", "key, text.ref, step.actor,"),
    "72": Mutant(
        "core/couplings.py", '"draft.rejected": (_X, _X, _E, _X)', '"draft.rejected": (_X, _X, _N, _X)'
    ),
    "73": Mutant(
        "core/records/notes.py", "attrs.evolve(old, deleted_at=at, deleted_by=actor)", "attrs.evolve(old)"
    ),
    "74": Mutant(
        "core/placing/recognition.py",
        "if len(matches) == 1:",
        "if not matches:",
    ),
    "75": Mutant(
        "core/decisions/contacts.py",
        "if known.email is None and known.phone is None:",
        "if known.email is None and known.email:",
    ),
    "76": Mutant(
        "core/placing/intake.py",
        "if is_barred(self.step, self.author):\n",
        "if not self.step:\n",
    ),
    "77": Mutant(
        "core/decisions/bars.py",
        "  bar(step, each, command.customer_id)",
        "  pass",
    ),
    "78": Mutant(
        "core/decisions/descriptions.py",
        "if mood is not None or tongue is not None:",
        "if mood is not None and tongue is not None:",
    ),
    "79": Mutant("core/evolution/tags.py", "tags=(*conversation.tags, event.name)", "tags=conversation.tags"),
    "79b": Mutant(
        "core/placing/intake.py",
        "subject=self._subject(),",
        "subject=None,",
    ),
    "80": Mutant(
        "core/records/notes.py",
        "return (RecordKey(*self.hangs_on(), rank_of(self.added_at)),)",
        "return ()",
    ),
    "81": Mutant("core/answers.py", "values.get(found[1], found[0])", "found[0]"),
    "82": Mutant(
        "core/decisions/replies.py",
        "files = attached(step, command.attachments, key, command.audience, step.actor)",
        "files = ()",
    ),
    "83": Mutant(
        "core/placing/attaching.py",
        "if each.kind not in carries:",
        "if not carries:",
    ),
    "86": Mutant(
        "core/explain/__init__.py",
        'f"took the request from {names.person(event.previous)}"',
        '"took the request away"',
    ),
    "87": Mutant(
        "core/explain/__init__.py", 'f"deleted the note {names.text(event.text)}"', '"deleted the note"'
    ),
    "88": Mutant(
        "core/explain/__init__.py",
        'return f"{to}{ready} {_worded(event.message, names)}{pointed}"',
        "return to",
    ),
    "89": Mutant("core/explain/__init__.py", 'f"added tag {event.name}"', '"added a tag"'),
    "90": Mutant(
        "core/explain/__init__.py",
        'f"deleted the note on the draft: {names.text(event.text)}"',
        '"deleted the note on the draft"',
    ),
    "91": Mutant(
        "core/explain/__init__.py",
        'f"closed the conversation: {event.close_reason}"',
        '"closed the conversation"',
    ),
    "20": Mutant(
        "core/rights/visibility.py",
        "    if granted(desk, agent, conversation):\n        return True\n    queue",
        "    if agent is not None:\n        return True\n    queue",
    ),
    "23": Mutant(
        "core/rights/actions.py",
        'c.Close: _arrow("request.closed"),',
        "c.Close: _always,",
    ),
    "28": Mutant(
        "core/rights/visibility.py",
        "shown = desk.settings(conversation.channel_id).visibility is Visibility.CHANNEL",
        "shown = True",
    ),
    "57": Mutant(
        "core/rights/visibility.py",
        "    if _SEE_ALL in agent.rights:\n        return True\n",
        "",
    ),
    "61": Mutant(
        "flow/composing.py",
        "            states=(state,),\n",
        "",
    ),
    "62": Mutant(
        "flow/composing.py",
        "        if view.box is Box.ASSIGNED:\n            return works",
        "        if view.box is Box.ASSIGNED:\n            return True",
    ),
    "63": Mutant(
        "plugins/memory/reading.py",
        "            and view.holder in (None, conversation.holder)\n",
        "",
    ),
    "64": Mutant(
        "core/searching.py",
        "text.casefold()",
        "text",
    ),
    "65": Mutant(
        "flow/composing.py",
        "rank_of(conversation.active_at)",
        "rank_of(conversation.opened_at)",
    ),
    "66": Mutant(
        "flow/composing.py",
        "            return follows\n",
        "            return True\n",
    ),
    "68": Mutant(
        "core/settings/desk.py",
        "any(fnmatchcase(channel_id, pattern) for pattern in agent.channels)",
        "True",
    ),
    "84": Mutant(
        "flow/composing.py",
        "whole = Conversations(open=False, newest_first=True)",
        "whole = Conversations(newest_first=True)",
    ),
    "85": Mutant(
        "flow/composing.py",
        "for is_open in (True, False):",
        "for is_open in (True,):",
    ),
    "8": Mutant(
        "core/settings/channels.py",
        "return self.kind is ChannelKind.DIRECT",
        "return self.kind is ChannelKind.FORM",
    ),
    "92": Mutant(
        "core/configuration/layers.py",
        "for _, layer in reversed(layers[:-1]):",
        "for _, layer in layers[:-1]:",
    ),
}
