"""Tells requests from talk by rules that a person can read: fast, explainable, and the same every time.

Each rule looks for one sign, has a code and a weight; the codes that were found are the reasons of the
verdict. It knows English best, and the plain signs of German, Spanish and French. Every pattern runs in a
time linear in the text, of which the first 4,000 characters are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..core.commands import Inbound
from ..core.model import Code, Detection, Label
from ..core.placing.courtesy import is_thanks
from ..core.values import value
from ..hooks import hookimpl
from ..ports import Classifier

__all__ = ["RuleDetector"]

LOOKED_AT = 4000
THRESHOLD = 0.75
"""What the weights must come to: one sign is enough, unless there is one against it too."""

_NOISE = re.compile(
    r"https?://\S+|www\.\S+"  # links, whose question marks ask nothing
    r"|<[@#!][^<>\s]{1,80}>|(?<!\S)@[\w.-]+[:,]?"  # mentions
    r"|:[a-z0-9_+-]{1,40}:"  # emoji by name
    r"|\b(?:see (?:you|ya)|talk (?:to you )?(?:later|soon)|look(?:ing)? forward to|nice talking)\b"
    r"|^[ \t]*>.*$",  # what somebody else wrote
    re.MULTILINE,
)
_LETTER = re.compile(r"[^\W\d_]")
_COURTESIES = frozenset(
    """a ah again agreed all alright and awesome bye cheers cool day everybody everyone evening fine folks for
    good goodbye got great guys ha haha hello hey hi hmm hope is it later lol lovely merci morgen morning much
    nice night no noted np ok okay oh one perfect problem sounds sure team thank thanks thanx that thats the
    there thx to tomorrow ty very weekend welcome well will wow yeah yep yes you your danke hallo guten tag
    hola gracias buenos dias bonjour salut""".split()
)
_WORDS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")

_START = (
    r"(?:^|\n\s{0,3}|[.!?:;,)-]\s{1,3})"
    r"(?:(?:also|and|but|so|then|now|just|ok|okay|hi|hey|hello|again|well)\s){0,2}"
)
_VERBS = """accept activate add adjust advise allow apply approve arrange ask assign attach book bring build
buy call cancel change check clarify clear close complete configure confirm connect consider contact convert
copy correct create deactivate delete deliver deploy describe disable disregard discuss double-check download
edit email e-mail enable enter escalate exclude explain extend fax feel file fill find finish fix follow
forward freeze get give grant help hold ignore include increase inform install investigate invite join keep
leave lend list load locate lock look lower make meet merge modify move note notify open order organize pass
pay phone pick plan play post prepare print process promise prove provide publish pull push put raise read
rebook reboot recommend refund register remember remind remove rename renew replace reply report request
reschedule reserve reset resend resolve respond restart restore resubmit return review revise revoke run save
schedule search see select send set setup share ship show sign speak start stop submit subscribe suggest
supply swap switch sync take talk tell test think track transfer translate try
    turn unblock unlock update upgrade upload use verify view visit wait wake watch write""".split()


@value
class _Rule:
    """One sign: its code, how much it says for a request (or against), and how it looks."""

    code: Code
    weight: float
    pattern: re.Pattern[str]


def _rule(code: str, weight: float, *signs: str) -> _Rule:
    return _Rule(Code(code), weight, re.compile("|".join(signs)))  # of text in lower case


_RULES = (
    _rule("question_mark", 0.8, r"\w[^\S\n]?[)\"']?\?", "¿"),
    _rule(
        "question_word",
        0.8,
        _START + r"(?:(?:at|in|on|for|to|from|with|by|of) )?(?:"
        r"(?:who|whom|whose|what|when|where|why|how|which)(?: [\w'-]+){0,3}"
        r" (?:is|are|was|were|am|do|does|did|can|could|will|would|should|has|have|happens|happened)\b"
        r"|(?:who|what|when|where|why|how)(?:'s|s| to| come| many| much| about| long| old| far| often)\b"
        r"|(?:is|are|was|were|am|do|does|did|has|have|can|could|will|would|should|may)"
        r" (?:i|you|u|we|they|he|she|it|there|this|that|these|those|the|my|our|your|any|anybody|anyone)\b"
        r"|(?:any|anybody|anyone)\b"
        r"|(?:wie|was|wann|wo|warum|wer|welche|kann|gibt|wieso) \w"
        r"|(?:qué|cómo|cuándo|dónde|quién|comment|pourquoi|où) \w"
        r")",
    ),
    _rule(
        "asks_for",
        0.8,
        r"\b(?:please|pls|plz|kindly|asap|bitte|por favor|s'il vous pla[iî]t|s'il te pla[iî]t|svp)\b",
        r"\b(?:can|could|would|will|may|might) (?:you|u|someone|somebody|anyone|anybody)\b",
        r"\b(?:can|could|may|should) (?:i|we)\b",
        r"\blet (?:me|us) know\b",
        r"\b(?:give|send) (?:me|us|him|her|them)\b",
        r"\b(?:call|contact|e-?mail|page|tell|help) (?:me|us)\b",
        r"\b(?:anyone|anybody|someone|somebody) (?:know|knows|have|has|can|here|able|else)\b",
        r"\b(?:any|no|an) (?:idea|ideas|chance|luck|update|updates|news|thoughts|eta)\b",
        r"\b(?:wondering|grateful|appreciate it|appreciated|curious|feel free)\b",
        r"\b(?:könnt|könnte|können|kannst|würden) (?:ihr|sie|du|wir|ich|jemand|mir)\b",
        r"\b(?:puedes|puede|podría|podrías|pueden|pourriez|pouvez|peux-tu|pourrais)\b",
    ),
    _rule(
        "proposes",
        0.8,
        _START + r"lets\b|\blet's\b",
        r"\b(?:how|what) about\b|\bwhy (?:don't|not)\b",
        r"\b(?:you|we) (?:should|must|ought to|need to)\b",
        r"\b(?:maybe|perhaps) (?:you|we)\b|\b(?:i|we) assume\b|\bi(?:'d)? (?:suggest|recommend)\b",
        r"\b(?:we|you|i) (?:can|could|will|'ll) (?:meet|talk|discuss|get together|have (?:lunch|dinner))\b",
        r"\b(?:meet|lunch|dinner) (?:on|at|with|next|this|tomorrow|today)\b",
        r"\b(?:happy|glad) to (?:meet|discuss|talk)\b|\bavailable (?:on|for|to|at)\b",
    ),
    _rule(
        "wants",
        0.8,
        r"\b(?:i|we)(?:'d| would|'ll| will|'m| am|'re| are)?(?: really| also| just| still| only| now)?"
        r" (?:need|want|wanna|wanting|like(?! to (?:thank|say|tell|share|offer|welcome|draw|take))|love to"
        r"|would appreciate|wish|hoping|looking for|trying to|require|gotta)\b(?! to (?:thank|say|go)\b)",
        r"\b(?:need|want|require) (?:you|your|help)\b",
        r"\b(?:ich|wir) (?:brauche|brauchen|möchte|möchten|hätte|suche)\b",
        r"\b(?:necesito|necesitamos|quiero|quisiera)\b|\bj'ai besoin\b|\bje (?:voudrais|veux|cherche)\b",
    ),
    _rule("imperative", 0.8, _START + r"(?:" + "|".join(_VERBS) + r")\b(?!\s*[-:])"),
    _rule(
        "problem",
        0.8,
        r"\b(?:error|errors|broken|broke|fails|failed|failing|crash|crashes|crashed|crashing|bug|trouble)\b",
        r"\b(?:stuck|stolen|declined|outage|hangs|frozen|locked out|went wrong|no longer works?)\b",
        r"\b(?:not working|stopped working|never (?:got|received|arrived)|still (?:waiting|pending|not))\b",
        r"\b(?:i|we) (?:can't|cannot|cant|could not|couldn't|am unable|are unable|haven't|lost"
        r"|did(?:n't| not) (?:get|receive)|don't (?:see|understand))\b",
        r"\b(?:my|the|this|it|that)(?: [\w'-]+){0,3} (?:isn't|doesn't|won't|hasn't|didn't|wasn't|is not"
        r"|does not|has not|was not|did not|is missing|is wrong|is gone|never)\b",
        r"\b(?:ich|wir) (?:kann|können)\b[^.!?]{0,60}\bnicht\b",
        r"\b(?:fehler|kaputt|(?:geht|funktioniert|klappt) nicht|no funciona|no puedo|ne marche pas)\b",
    ),
    _rule("information", -1.0, r"^\s*(?:fyi|for your information|heads[- ]up|just so you know|zur info)\b"),
    _rule(
        "boilerplate",
        -0.8,
        r"\bclick (?:here|below|above|on)\b|\bunsubscribe\b|\bspecial offer\b|\$\d|% off",
        r"\bno longer (?:wish|want)\b|\bif you (?:do not|don't) (?:want|wish)\b",
        r"\baddress book\b|\bthis (?:e-?mail|message) (?:was|is|has)\b|\bdo not reply\b|\bto ensure\b",
    ),
)


class RuleDetector:
    """A `Classifier` that needs no model and no network. `Label.UNKNOWN` only where there is no text."""

    name = "rules"

    def classify(self, inbound: Inbound) -> Detection:
        """Judge a message by its text, or by its subject where it has no text."""
        given = (inbound.text if inbound.text.strip() else inbound.subject or "")[:LOOKED_AT]
        if not given.strip():
            return self._verdict(Label.UNKNOWN, 0.0, "empty")
        text = _NOISE.sub(" ", given.lower().replace("\u2019", "'"))
        if not _LETTER.search(text) and "?" not in text:
            return self._verdict(Label.TALK, 0.9, "no_words")
        if _is_courtesy(text):
            return self._verdict(Label.TALK, 0.95, "courtesy_only")
        found = [rule for rule in _RULES if rule.pattern.search(text)]
        score = sum(rule.weight for rule in found)
        label = Label.REQUEST if score >= THRESHOLD else Label.TALK
        sure = 0.5 + min(abs(score - THRESHOLD), 0.9) / 2
        return self._verdict(label, sure, *(rule.code for rule in found))

    def _verdict(self, label: Label, confidence: float, *reasons: str) -> Detection:
        return Detection(label, Code(self.name), round(confidence, 3), tuple(Code(each) for each in reasons))


@hookimpl
def reqflow_classifiers() -> Iterable[Classifier]:
    """The detector, under the name ``rules``."""
    return (RuleDetector(),)


def _is_courtesy(text: str) -> bool:
    """Nothing but greetings, thanks, and words of assent."""
    if "?" in text or len(text) > 200:
        return False
    words = [word.replace("'", "") for word in _WORDS.findall(text)]
    return is_thanks(text) or all(word in _COURTESIES for word in words)
