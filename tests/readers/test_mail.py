"""One raw mail to one value: what is believed, what is refused, and what hostile mail cannot do."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqflow.core.commands import Inbound
from reqflow.core.ids import inbound_key
from reqflow.errors import InvalidInput
from reqflow.plugins.readers import Ignored, Read, Rejected, parse_mail
from reqflow.plugins.readers import mail as mail_module

DATE = "Date: Mon, 06 May 2024 09:08:07 +0200"


def mail(
    *fields: str, body: str = "Hello\n", sender: str = "From: Ana <ana@x.test>", date: str = DATE
) -> bytes:
    lines = [each for each in (sender, "To: support@desk.test", date, *fields) if each]
    return "\n".join((*lines, "", body)).encode()


def message(raw: bytes) -> Inbound:
    read = parse_mail(raw)
    assert isinstance(read, Inbound), read
    return read


def code(read: Read) -> str:
    assert isinstance(read, Rejected | Ignored), read
    return read.code


def nested(depth: int) -> bytes:
    top = "".join(f"--b{i}\nContent-Type: multipart/mixed; boundary=b{i + 1}\n\n" for i in range(depth))
    return mail("Content-Type: multipart/mixed; boundary=b0", body=top + f"--b{depth}\n\ndeep inside\n")


class TestAnOrdinaryMail:
    def test_becomes_an_inbound(self):
        raw = mail(
            "Message-ID: <m2@x.test>", "References: <m0@x.test>", "In-Reply-To: <m1@x.test>", "Subject: Reset"
        )
        assert parse_mail(raw) == Inbound(
            channel="mail:support@desk.test",
            author="mail:ana@x.test",
            native="m2@x.test",
            sent_at=datetime(2024, 5, 6, 7, 8, 7, tzinfo=UTC),
            text="Hello",
            replies_to=("m0@x.test", "m1@x.test"),
            name="Ana",
            subject="Reset",
        )

    @pytest.mark.parametrize("ending", [b"\r\n", b"\r", b"\n"])
    def test_is_the_same_with_any_line_ends(self, ending):
        assert message(mail().replace(b"\n", ending)) == message(mail())

    def test_may_begin_with_a_byte_order_mark_or_an_envelope_line(self):
        assert message(b"\xef\xbb\xbf" + mail()).author == "mail:ana@x.test"
        assert message(b"From ana@x.test Mon May  6 07:08:07 2024\n" + mail()).author == "mail:ana@x.test"

    def test_takes_the_channel_it_is_given(self):
        read = parse_mail(mail(), channel="mail:other@desk.test")
        assert isinstance(read, Inbound)
        assert read.channel == "mail:other@desk.test"

    def test_refuses_a_channel_that_is_no_mail(self):
        with pytest.raises(InvalidInput, match="mail:"):
            parse_mail(mail(), channel="slack:C1")

    def test_is_delivered_where_the_server_says(self):
        raw = mail("X-Original-To: b@desk.test", "Delivered-To: A@Desk.test")
        assert message(raw).channel == "mail:a@desk.test"

    def test_without_a_recipient_needs_a_channel(self):
        raw = mail().replace(b"To: support@desk.test", b"To: undisclosed-recipients:;")
        assert code(parse_mail(raw)) == "no_recipient"
        assert isinstance(parse_mail(raw, channel="mail:a@desk.test"), Inbound)


class TestTheTime:
    def test_is_the_receiving_servers(self):
        raw = mail(
            "Received: by b; Tue, 07 May 2024 00:00:01 +0000",
            "Received: by a; Mon, 01 Jan 2001 00:00:00 +0000",
        )
        assert message(raw).sent_at == datetime(2024, 5, 7, 0, 0, 1, tzinfo=UTC)

    def test_is_the_senders_where_no_server_wrote_one(self):
        assert message(mail("Received: by nobody")).sent_at == datetime(2024, 5, 6, 7, 8, 7, tzinfo=UTC)

    @pytest.mark.parametrize("zone", ["-0000", "", " +0000", "XYZ", "(no zone)"])
    def test_counts_as_utc_when_the_zone_is_unknown(self, zone):
        raw = mail(date=f"Date: Mon, 06 May 2024 07:08:07 {zone}")
        assert message(raw).sent_at == datetime(2024, 5, 6, 7, 8, 7, tzinfo=UTC)

    @pytest.mark.parametrize("date", ["", "Date:", "Date: soon", "Date: Mon, 99 May 99999 07:08:07 +9999999"])
    def test_missing_everywhere_is_told(self, date):
        assert code(parse_mail(mail(date=date))) == "no_time"

    def test_may_come_from_outside_of_the_mail(self):
        moment = datetime(2024, 1, 2, tzinfo=UTC)
        read = parse_mail(mail(date=""), arrived_at=moment)
        assert isinstance(read, Inbound)
        assert read.sent_at == moment

    def test_knows_leap_seconds(self):
        assert message(mail(date="Date: Sat, 31 Dec 2016 23:59:60 +0000")).sent_at.second == 59


class TestTheSender:
    @pytest.mark.parametrize(
        ("field", "address", "name"),
        [
            ("ana@x.test", "ana@x.test", None),
            ("Ana.B+tag@X.Test", "ana.b+tag@x.test", None),
            ("<ana@x.test>", "ana@x.test", None),
            ("ana@x.test (Ana B.)", "ana@x.test", "Ana B."),
            ('"B., Ana" <ana@x.test>', "ana@x.test", "B., Ana"),
            ('"A \\"B\\" C" <ana@x.test>', "ana@x.test", 'A "B" C'),
            ("Ana (Sales) <ana@x.test>", "ana@x.test", "Ana (Sales)"),
            ("ana@x.test <ana@x.test>", "ana@x.test", "ana@x.test"),
            ("=?utf-8?q?J=C3=B6rg?= <j@x.test>", "j@x.test", "Jörg"),
            ("=?utf-8?b?SsO2cmc=?= =?utf-8?q?_X?= <j@x.test>", "j@x.test", "Jörg X"),
            ("dörte@exämple.test", "dörte@exämple.test", None),
        ],
    )
    def test_is_the_one_address(self, field, address, name):
        read = message(mail(sender=f"From: {field}"))
        assert (read.author, read.name) == (f"mail:{address}", name)

    @pytest.mark.parametrize(
        "sender",
        [
            "",
            "From:",
            "From: nobody",
            "From: trusted@corp.test <x@evil.test>",
            "From: trusted@corp.test, x@evil.test",
            "From: a@ok.test)b@evil.test",
            "From: a@ok.test(b)@evil.test",
            "From: admin(x)istrator@corp.test",
            "From: <a@ok.test><b@evil.test>",
            "From: <a@ok.test> b@evil.test",
            "From: a@ok.test <b@evil.test> c",
            "From: a@ok.test\0@evil.test",
            "From: a@ok\0.test",
            "From: a@@ok.test",
            "From: a@.test",
            "From: team: a@ok.test, b@ok.test;",
            'From: "a@ok.test" x@evil.test',
            'From: "unclosed <a@ok.test>',
            "From: a@ok.test\nFrom: b@evil.test",
            "From: a@ok.test\nfrom : b@evil.test",
            "From: a\u200b@ok.test",
            "From: a@ok\u202e.test",
            "From: " + "(" * 800 + "a@ok.test" + ")" * 800,
            "From: " + "x" * 2000 + " <a@ok.test>",
            "From: " + "x" * 400 + "@ok.test",
            "From: x@" + "y" * 300 + "@",
            "From: x" + " " * 900 + "y",
            "From: " + "x <" * 300,
        ],
    )
    def test_is_refused_when_parsers_could_disagree(self, sender):
        assert code(parse_mail(mail(sender=sender))) == "ambiguous_sender"

    def test_is_never_taken_from_reply_to_or_sender(self):
        raw = mail("Reply-To: boss@corp.test", "Sender: boss@corp.test", "X-Reqflow-Assign: root")
        assert message(raw).author == "mail:ana@x.test"

    def test_stays_somebody_else_when_letters_only_look_alike(self):
        kelvin, cyrillic = "mi\u212ae@x.test", "\u0430dmin@x.test"
        assert message(mail(sender=f"From: {kelvin}")).author == f"mail:{kelvin}"
        assert message(mail(sender=f"From: {cyrillic}")).author != "mail:admin@x.test"

    def test_loses_what_would_reorder_or_hide_in_a_name(self):
        read = message(mail(sender='From: "A\u202en\u200ba" <ana@x.test>'))
        assert read.name == "Ana"

    def test_is_one_address_even_where_an_encoded_name_decodes_to_another(self):
        hidden = base64.b64encode(b"boss@corp.test <boss@corp.test>, ").decode()
        assert message(mail(sender=f"From: =?utf-8?b?{hidden}?= <x@evil.test>")).author == "mail:x@evil.test"


class TestTheSubject:
    def test_is_one_line_whatever_it_decodes_to(self):
        read = message(mail("Subject: =?utf-8?q?hi=0ABcc:_v@x?="))
        assert read.subject == "hi Bcc: v@x"
        answer = EmailMessage()
        answer["Subject"] = f"Re: {read.subject}"
        assert answer.keys() == ["Subject"]
        assert len(answer.as_string().splitlines()) == 2

    @pytest.mark.parametrize("sign", ["\r", "\n", "\0", "\x1b", "\x85", "\u2028", "\u2029"])
    def test_holds_no_control_characters(self, sign):
        encoded = base64.b64encode(f"a{sign}b".encode()).decode()
        assert message(mail(f"Subject: =?utf-8?b?{encoded}?=")).subject == "a b"

    def test_is_unfolded_and_decoded(self):
        read = message(mail("Subject: Zahlung\n =?iso-8859-1?q?f=FCr?=\n =?iso-8859-1?q?_Mai?= 2024"))
        assert read.subject == "Zahlung für Mai 2024"

    def test_goes_on_over_words_that_split_a_character(self):
        raw = "日本".encode()
        words = " ".join(f"=?utf-8?b?{base64.b64encode(each).decode()}?=" for each in (raw[:2], raw[2:]))
        assert message(mail(f"Subject: {words}")).subject == "日本"

    @pytest.mark.parametrize(
        "word", ["=?nope?q?abc?=", "=?utf-8?b?!!!?=", "=?utf-8?x?abc?=", "=?utf-8?q?abc"]
    )
    def test_survives_damaged_words(self, word):
        assert isinstance(message(mail(f"Subject: x {word}")).subject, str)

    def test_matches_what_the_standard_library_writes(self):
        for text in ("Grüße aus Köln", "日本語の件名", "plain", "a" * 300 + " ü"):
            assert message(mail(f"Subject: {Header(text).encode()}")).subject == text


class TestTheText:
    def test_is_the_plain_one_of_two(self):
        body = (
            "--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
            "Caf=C3=A9=\n au lait\n--b\nContent-Type: text/html\n\n<p>x</p>\n--b--\n"
        )
        assert (
            message(mail("Content-Type: multipart/alternative; boundary=b", body=body)).text == "Café au lait"
        )

    def test_is_all_that_was_written_around_attachments(self):
        body = (
            "preamble\n--b\n\nfirst\n--b\nContent-Type: text/plain\nContent-Disposition: attachment\n\nno\n"
            "--b\nContent-Type: message/rfc822\n\nSubject: y\n\nno\n--b\n\nlast\n--b--\nepilogue\n"
        )
        assert message(mail("Content-Type: multipart/mixed; boundary=b", body=body)).text == "first\nlast"

    def test_is_blank_for_html_only(self):
        read = message(mail("Content-Type: text/html", "Subject: Hi", body="<a " * 100_000))
        assert (read.text, read.subject) == ("", "Hi")

    def test_is_base64_even_with_dirt_in_it(self):
        raw = base64.b64encode("grün\r\nrot".encode()).decode()
        fields = "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64"
        assert message(mail(*fields, body=f"{raw[:5]}\n!! {raw[5:]}\n")).text == "grün\nrot"
        assert message(mail(*fields, body=raw[:-3])).text.startswith("grün")

    @pytest.mark.parametrize(
        ("charset", "content", "text"),
        [
            ("iso-8859-1", b"gr\xfcn", "grün"),
            ("shift_jis", "日本".encode("shift_jis"), "日本"),
            ("ks_c_5601-1987", "한글".encode("euc_kr"), "한글"),
            ("utf-8", b"gr\xfcn", "gr\ufffdn"),
            ("iso-2022-jp", "日本".encode(), "日本"),
            ("us-ascii", "grün".encode(), "grün"),
            ("x-nobody-knows", "grün".encode(), "grün"),
            ("x-nobody-knows", b"gr\xfcn", "grün"),
            ("\0", b"x", "x"),
            ("hex", b"6869", "6869"),
            ("punycode", b"a-b", "a-b"),
            ("unicode_escape", b"\\u0041", "\\u0041"),
        ],
    )
    def test_is_decoded_by_its_charset_or_the_next_best(self, charset, content, text):
        raw = mail(f'Content-Type: text/plain; charset="{charset}"', body="") + content
        assert message(raw).text == text

    def test_holds_nothing_that_a_store_refuses(self):
        raw = mail("Content-Type: text/plain; charset=utf-16-le", body="") + b"a\0\0\0\0\xd8b\0"
        message(raw).text.encode()
        assert "\0" not in message(raw).text

    def test_is_whole_where_the_boundary_is_missing(self):
        assert message(mail("Content-Type: multipart/mixed", body="as it is")).text == "as it is"
        assert message(mail("Content-Type: multipart/mixed; boundary=q", body="as it is")).text == "as it is"

    def test_keeps_apart_boundaries_that_begin_alike(self):
        body = (
            "--b\nContent-Type: multipart/alternative; boundary=b-2\n\n--b-2\n\ninner\n--b-2--\n"
            "--b\n\nouter\n--b--\n"
        )
        assert message(mail("Content-Type: multipart/mixed; boundary=b", body=body)).text == "inner\nouter"

    def test_may_follow_a_parts_header_without_a_blank_line(self):
        body = "--b\nContent-Type: text/plain\nHi people!\n\nMore.\n--b--"
        assert (
            message(mail("Content-Type: multipart/mixed; boundary=b", body=body)).text
            == "Hi people!\n\nMore."
        )


class TestIds:
    @pytest.mark.parametrize(
        "given_id", ["", "Message-ID:", "Message-ID: <@>", "Message-ID: <>", "Message-ID: <"]
    )
    def test_that_name_nothing_are_replaced_by_a_digest_of_the_mail(self, given_id):
        first, second = message(mail(given_id)), message(mail(given_id, body="Other"))
        assert first.native.startswith("sha256:")
        assert first.native != second.native
        assert first.native == message(mail(given_id).replace(b"\n", b"\r\n")).native

    def test_that_are_too_long_are_digested_alike_everywhere(self):
        long = "a" * 600 + "@x.test"
        native = message(mail(f"Message-ID: <{long}>")).native
        assert native.startswith("sha256:")
        assert message(mail("Message-ID: <b@x.test>", f"In-Reply-To: <{long}>")).replies_to == (native,)

    def test_of_answers_stand_nearest_last_and_once(self):
        raw = mail("Message-ID: <me@x>", "References: <a@x> <b@x>\n <c@x> <me@x>", "In-Reply-To: <b@x>")
        assert message(raw).replies_to == ("a@x", "c@x", "b@x")

    def test_of_long_threads_keep_the_first_and_the_last(self):
        references = " ".join(f"<{n}@x>" for n in range(100))
        replies = message(mail(f"References: {references}")).replies_to
        assert replies == ("0@x", *(f"{n}@x" for n in range(77, 100)))

    def test_are_keys_for_any_bytes(self):
        read = message(mail("Message-ID: <a\x01b@x>", "References: <\x7f@x>"))
        assert inbound_key(read.channel, read.native).startswith("in:")


class TestMachines:
    @pytest.mark.parametrize(
        ("field", "expected"),
        [
            ("Auto-Submitted: auto-replied", "auto_reply"),
            ("Auto-Submitted: Auto-Generated; x=y", "auto_reply"),
            ("X-Autoreply: yes", "auto_reply"),
            ("X-Autorespond: away", "auto_reply"),
            ("Precedence: auto_reply", "auto_reply"),
            ("Precedence: Bulk", "list"),
            ("Precedence: junk", "list"),
            ("List-Id: <news.x.test>", "list"),
            ("Return-Path: <>", "bounce"),
            ("Return-Path:", "bounce"),
            ("X-Failed-Recipients: a@x.test", "bounce"),
            ("Content-Type: multipart/report; report-type=delivery-status; boundary=b", "bounce"),
            ("Content-Type: multipart/report; report-type=disposition-notification; boundary=b", "report"),
        ],
    )
    def test_are_ignored_by_what_they_say_of_themselves(self, field, expected):
        assert code(parse_mail(mail(field))) == expected

    @pytest.mark.parametrize("sender", ["MAILER-DAEMON", "Mail <MAILER-DAEMON@x.test>", "postmaster@x.test"])
    def test_are_ignored_by_their_address(self, sender):
        assert code(parse_mail(mail(sender=f"From: {sender}"))) == "bounce"

    @pytest.mark.parametrize(
        "field",
        [
            "Auto-Submitted: no",
            "X-Auto-Response-Suppress: All",
            "Return-Path: <ana@x.test>",
            "Precedence: normal",
        ],
    )
    def test_are_not_seen_in_ordinary_mail(self, field):
        assert message(mail(field)).author == "mail:ana@x.test"


class TestADeskInAMailingList:
    LIST = ("List-Id: <support.lists.desk.test>", "Precedence: list")

    @pytest.mark.parametrize("field", LIST)
    def test_reads_what_was_sent_to_it_by_name(self, field):
        for raw in (
            mail(field),
            mail(field, "Delivered-To: Support@desk.test").replace(b"To: s", b"To: list-s", 1),
        ):
            assert isinstance(parse_mail(raw, channel="mail:Support@desk.test"), Inbound)

    @pytest.mark.parametrize("field", LIST)
    def test_ignores_what_others_were_sent(self, field):
        assert code(parse_mail(mail(field), channel="mail:sales@desk.test")) == "list"
        assert code(parse_mail(mail(field))) == "list"

    def test_still_ignores_machines(self):
        raw = mail(self.LIST[0], "Auto-Submitted: auto-replied")
        assert code(parse_mail(raw, channel="mail:support@desk.test")) == "auto_reply"
        assert (
            code(parse_mail(mail(self.LIST[0], "Precedence: bulk"), channel="mail:support@desk.test"))
            == "list"
        )


class TestLimits:
    def test_of_size(self, monkeypatch):
        monkeypatch.setattr(mail_module, "MAX_MAIL", 1000)
        assert code(parse_mail(mail(body="x" * 1000))) == "too_big"

    def test_of_header_bytes(self):
        assert code(parse_mail(mail("X: " + "y" * 70_000))) == "too_long_header"
        assert code(parse_mail(b"X: y\n" * 20_000)) == "too_long_header"

    def test_of_header_fields(self):
        assert code(parse_mail(mail(*["X: y"] * 198))) == "too_many_fields"
        assert isinstance(parse_mail(mail(*["X: y"] * 197)), Inbound)

    def test_of_recipients(self):
        many = ", ".join(f"r{n}@x.test" for n in range(100))
        assert code(parse_mail(mail(f"Cc: {many}"))) == "too_many_recipients"
        assert code(parse_mail(mail("Cc: " + "a@b.test," * 32_000))) == "too_long_header"
        quoted = '"' + "," * 500 + '" <r@x.test>'
        assert isinstance(parse_mail(mail(f"Cc: {quoted}")), Inbound)

    def test_of_depth(self):
        assert message(nested(19)).text == "deep inside"
        assert code(parse_mail(nested(21))) == "too_deep"
        assert code(parse_mail(nested(1000))) == "too_deep"
        assert code(parse_mail(nested(50_000))) == "too_deep"

    def test_of_parts(self):
        header = "Content-Type: multipart/mixed; boundary=b"
        assert message(mail(header, body="--b\n\nx\n" * 199)).text.count("x") == 199
        assert code(parse_mail(mail(header, body="--b\n\nx\n" * 200))) == "too_many_parts"
        assert code(parse_mail(mail(header, body="--b\n\n" * 200_000))) == "too_many_parts"
        assert message(mail(header, body="--b\n" * 1000 + "\nx\n")).text == "x"  # one delimiter, many times

    def test_of_parts_in_mails_within_the_mail(self):
        header, forwarded = "Content-Type: multipart/mixed; boundary=b", "Content-Type: message/rfc822\n\n"
        assert message(mail(header, body=f"--b\n{forwarded * 18}")).text == ""
        assert code(parse_mail(mail(header, body=f"--b\n{forwarded * 999}"))) == "too_deep"
        reports = "--b\nContent-Type: message/delivery-status\n\n" + "a: b\n\n" * 100_000
        assert code(parse_mail(mail(header, body=reports))) == "too_many_parts"

    def test_of_lines(self):
        assert code(parse_mail(mail(body="\n" * 500_001))) == "too_many_lines"

    @pytest.mark.parametrize(
        "field",
        [
            "Subject: " + "=?utf-8?q?" * 6000,
            "Subject: " + "=?a?b?" * 10_000,
            "From: " + "<" * 60_000,
            'From: "' + "\\" * 60_000,
            "References: " + "<" * 60_000,
            "Message-ID: <" + "a" * 60_000,
            "Content-Type: text/plain" + "; " * 30_000,
            "Content-Type: text/plain;" + '"' * 60_000,
            "Content-Type: multipart/mixed; boundary=" + "-" * 60_000,
            "Content-Type: multipart/mixed; boundary*=\0'x'b",
            "Content-Type: text/plain; charset*=idna'x'%ff",
            'Content-Type: text/plain; "' + ";" * 60_000,
            "Cc: " + "(" * 60_000,
            "Delivered-To: " + "(" * 60_000,
            "Date: Mon, 06 May 0001 00:00:00 +2300",
            "Date: " + "(" * 60_000,
            "Date: " + "1 " * 30_000,
            "Received: " + ";" * 60_000,
        ],
    )
    def test_hold_every_field_to_a_value(self, field):
        assert isinstance(parse_mail(mail(field)), Inbound | Rejected)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_value(raw):
    assert isinstance(parse_mail(raw), Inbound | Ignored | Rejected)


PIECES = st.sampled_from(
    """From:|To:|Date:|Subject:|Received:|Message-ID:|References:|Content-Type:|Content-Transfer-Encoding:|;|:|,|<|>|(|)
    |"|\\|@|a@b.test|<a@b.test>|multipart/mixed|text/plain|boundary=b|charset=|utf-16|base64|quoted-printable|--b|--b--
    |=?utf-8?q?|=?x?b?|?=|=0A|Mon, 06 May 2024 07:08:07 +0200|\n|\n\n|\r| |\t|\0|ü|x""".replace(
        "\n    |", "|"
    ).split("|")
)


@given(st.lists(PIECES, max_size=60))
def test_any_pieces_of_mail_are_a_value_that_can_be_stored(pieces):
    read = parse_mail(mail(body="")[:-1] + "".join(pieces).encode())
    assert isinstance(read, Inbound | Ignored | Rejected)
    if isinstance(read, Inbound):
        for text in (
            read.text,
            read.subject or "",
            read.name or "",
            read.native,
            read.author,
            *read.replies_to,
        ):
            assert "\0" not in text
            text.encode()
        assert (read.subject or "").splitlines() in ([], [read.subject])
