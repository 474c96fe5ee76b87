"""The rules that tell requests from talk: single cases, floors on real sentences, and hostile text."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqflow.core.commands import Inbound
from reqflow.core.model import Detection, Label
from reqflow.plugins.detector import LOOKED_AT, RuleDetector
from reqflow.ports import Classifier

DATA = Path(os.environ.get("REQFLOW_DATA") or Path(__file__).parents[1] / ".." / "shared" / "data")


def judge(text: str, subject: str | None = None) -> Detection:
    sent_at = datetime(2024, 5, 6, tzinfo=UTC)
    given_message = Inbound(
        channel="chat:lobby", author="chat:ana", native="1", sent_at=sent_at, text=text, subject=subject
    )
    return RuleDetector().classify(given_message)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Is the VPN down?", "question_mark"),
        ("how do I reset my password", "question_word"),
        ("what's the status of my order", "question_word"),
        ("Could you add Bob to the group", "asks_for"),
        ("pls restart the build server", "asks_for"),
        ("I'd like to return this", "wants"),
        ("We need access to the staging box", "wants"),
        ("Reset my password", "imperative"),
        ("Hi, open a ticket for the printer", "imperative"),
        ("The export is broken", "problem"),
        ("I can\u2019t log in since this morning", "problem"),
        ("My card still hasn't arrived", "problem"),
        ("how about lunch on Friday", "proposes"),
        ("Ich kann mich seit heute nicht anmelden", "problem"),
        ("Könnt ihr mir bitte helfen", "asks_for"),
        ("¿dónde está mi pedido?", "question_mark"),
        ("Necesito ayuda con mi cuenta", "wants"),
        ("Pourriez-vous vérifier ma facture", "asks_for"),
    ],
)
def test_a_request_is_seen_and_says_why(text, reason):
    found = judge(text)
    assert found.label is Label.REQUEST
    assert reason in found.reasons


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Thanks!", "courtesy_only"),
        ("ok great, thank you all", "courtesy_only"),
        ("Hi everyone, good morning", "courtesy_only"),
        ("Danke, guten Morgen", "courtesy_only"),
        ("👍🎉", "no_words"),
        (":tada: :+1:", "no_words"),
        ("https://example.test/a?b=c", "no_words"),
        ("<@U123> https://example.test/why?", "no_words"),
        ("> can you reset my password?", "no_words"),
        ("see you tomorrow", "courtesy_only"),
    ],
)
def test_talk_is_seen_and_says_why(text, reason):
    found = judge(text)
    assert found.label is Label.TALK
    assert reason in found.reasons


@pytest.mark.parametrize(
    "text",
    [
        "The release went out this morning",
        "FYI the office is closed tomorrow",
        "It was a pleasure",
        "My colleague was there as well",
        "Click here to win $100",
    ],
)
def test_a_statement_is_talk(text):
    assert judge(text).label is Label.TALK


def test_only_an_empty_message_is_unknown():
    assert judge("").label is Label.UNKNOWN
    assert judge(" \n").label is Label.UNKNOWN
    assert judge("", subject="Can you help?").label is Label.REQUEST


def test_it_is_a_classifier_with_a_name():
    detector: Classifier = RuleDetector()
    assert detector.name == judge("x").by == "rules"


@given(st.text() | st.text(alphabet="?!.,:;<>@#:hwatcnyouplesi \n\u2019"))
def test_any_text_gets_the_same_verdict_twice(text):
    found = judge(text)
    assert found == judge(text)
    assert 0 <= found.confidence <= 1
    assert (found.label is Label.UNKNOWN) == (not text.strip())


@pytest.mark.parametrize(
    "piece", ["> ", "On ", "<a ", "how ", "i ", ":a", "<@", "@a.", "the a a a ", "please ", "?\n", "'"]
)
def test_what_comes_after_the_first_characters_costs_and_changes_nothing(piece):
    text = (piece * LOOKED_AT)[:LOOKED_AT]
    assert judge(text) == judge(text + " can you help? " + piece * 100_000) or not text.strip()


def share(texts: Iterable[str]) -> float:
    labels = [judge(text).label for text in texts]
    return labels.count(Label.REQUEST) / len(labels)


def data(name: str) -> Path:
    if not (DATA / name).is_file():
        pytest.skip(f"{name} is not there; REQFLOW_DATA says where the data are")
    return DATA / name


def test_sentences_from_mail_are_told_apart():
    lines = data("requests-enron/ask.tsv").read_text("utf-8", "replace").splitlines()
    rows = [
        (label == "Yes", judge(text).label is Label.REQUEST)
        for label, _, text in (x.partition("\t") for x in lines)
    ]
    hits = sum(1 for wanted, found in rows if wanted and found)
    precision = hits / sum(found for _, found in rows)
    recall = hits / sum(wanted for wanted, _ in rows)
    assert precision >= 0.72
    assert recall >= 0.78
    assert 2 * precision * recall / (precision + recall) >= 0.75


def test_what_people_ask_a_bank_is_a_request():
    with data("intents-banking77/banking_data/train.csv").open(encoding="utf-8") as file:
        assert share(row["text"] for row in csv.DictReader(file)) >= 0.85


def test_what_people_ask_an_assistant_is_a_request_and_what_they_answer_is_not():
    listed = json.loads(data("intents-clinc/data/data_full.json").read_bytes())
    talk = {"yes", "no", "maybe", "greeting", "goodbye", "thank_you"}
    assert share(text for text, intent in listed["val"] if intent not in talk) >= 0.86
    assert share(text for text, intent in listed["val"] if intent in talk) <= 0.22
