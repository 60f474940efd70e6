"""Mails as the world writes them: read whatever they are, trimmed, judged; the figures over real collections."""

import json
import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.mail import bounces, intake, parsing, trimming
from support.models import Case, InboundMail, Message, OutgoingMail
from tests.support.mailing import DATA, mail, make_mailbox

HEAD = b"From: Ann <ann@x.test>\r\nTo: support@kith.test\r\nSubject: Boat\r\nMessage-ID: <%s@x.test>\r\n"


def nested(depth):
    """A mail of parts within parts."""
    parts = [b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth)]
    return b"".join(parts) + b"Content-Type: text/plain\r\n\r\ndeep\r\n"


def broken_mails():
    """150 mails that are broken in as many ways; the same ones each time."""
    chance, whole = (
        random.Random(7),
        mail(message_id="one@x.test", html="<p>Hi</p>", files=[("a.pdf", b"%PDF-1.4" * 300, "application/pdf")]),
    )
    made = [
        b"", b"\r\n\r\n", b"\x00" * 500, b"no header at all", b"Subject:", b":\r\n:\r\n\r\nx", b"\xff\xfe\x00\x00" * 50,
        b"From ann@x.test Mon Jan 1\r\n" + HEAD % b"mbox" + b"\r\nx", HEAD % b"lone" + b"\r\n\r\n" + b"\r" * 5000,
        HEAD % b"deep" + nested(200), HEAD % b"deeper" + nested(3000),
        HEAD % b"many" + b"Cc: " + b", ".join(b"p%d@x.test" % n for n in range(10_000)) + b"\r\n\r\nx",
        HEAD % b"huge" + b"X-Huge: " + b"a" * 4_000_000 + b"\r\n\r\nx", HEAD % b"lines" + b"X: y\r\n" * 200_000 + b"\r\nx",
        b"Subject: " + b"=?utf-8?q?" * 20_000 + b"\r\n\r\nx", b"Subject: =?utf-8?b?" + b"!" * 3000 + b"?=\r\n\r\nx",
        b"From: " + b"<" * 50_000 + b"\r\n\r\nx", b"From: \"" + b"(" * 20_000 + b"\r\n\r\nx",
        HEAD % b"html" + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 50_000,
        HEAD % b"tags" + b"Content-Type: text/html\r\n\r\n" + b"<table><tr><td>" * 3000 + b"<a href='",
        HEAD % b"quote" + b"\r\n" + b"> " * 100_000, HEAD % b"wrote" + b"\r\n" + b"On 1 May 2026, x@y wrote:\n" * 20_000,
        HEAD % b"mail" + b"Content-Type: message/rfc822\r\n\r\n" * 60, b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        HEAD % b"rec" + b"Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\nx\r\n----",
        HEAD % b"name" + b"Content-Disposition: attachment; filename*=x''%ZZ%\r\nContent-Type: a/b; name*0*=q\r\n\r\nx",
        HEAD % b"date" + b"Date: Mon, 99 Foo 99999 25:61:61 +9999\r\n\r\nx", HEAD % b"zero" + b"Message-ID: <>\r\n\r\nx",
        b"Message-ID: <" + b"i" * 9000 + b"@x>\r\n\r\nx", HEAD % b"xx" + b"\r\n\x00\x01\xed\xa0x",
    ]  # fmt: skip
    for charset in (
        "nonsense",
        "utf-16",
        "utf-7",
        "idna",
        "rot13",
        "hex",
        "x-mac-foo",
        "iso-2022-jp",
        "undefined",
        "\x01",
    ):
        made.append(
            HEAD % charset.encode() + f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + b"\xe9\x81+"
        )
    for way in ("base64", "quoted-printable", "x-uuencode", "7bit", "binary", "nonsense"):
        body = bytes(chance.randrange(256) for _ in range(300))
        made.append(HEAD % way.encode() + f"Content-Transfer-Encoding: {way}\r\n\r\n".encode() + body)
    while len(made) < 150:
        noise = bytearray(whole.replace(b"one@x.test", b"%d@x.test" % len(made)))
        if len(made) < 100:
            noise = noise[: chance.randrange(60, len(noise))]
        for _ in range(chance.randrange(1, 60)):
            noise[chance.randrange(len(noise))] = chance.randrange(256)
        made.append(bytes(noise))
    return made


def read_all(raw):
    """All that is done with a mail before anything is written."""
    found = parsing.read(raw)
    bounces.bounce_of(found)
    bounces.automatic(found)
    trimming.trim(found.text)
    assert "\x00" not in found.text + found.subject + found.html + found.sender
    return found


@pytest.mark.django_db
def test_r39_150_broken_mails_are_all_taken_in(cast):
    """R39: 0 lost, nothing raised, none parked, one automatic answer to an address."""
    mailbox = make_mailbox()
    mails = broken_mails()
    rows = {intake.take_in(mailbox, raw).pk for raw in mails}
    assert len(mails) == 150
    assert len(rows) == InboundMail.objects.count() == len(set(mails))
    intake.process_due()
    left = InboundMail.objects.filter(state__in=["waiting", "parked"]).values_list("key", "why")
    assert not left, list(left)
    assert OutgoingMail.objects.filter(to="ann@x.test").count() <= 1
    most = InboundMail.objects.get(key="many@x.test")
    assert len(most.message.cc) == parsing.MOST_PEOPLE


@given(st.binary(max_size=3000))
@settings(max_examples=300, deadline=None)
def test_r39_no_bytes_make_it_raise(raw):
    """R39: a property: whatever the bytes are, they are read."""
    read_all(raw)
    read_all(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + raw)


@given(st.text(alphabet=string.printable + "äöü>|-_:@", max_size=500))
@settings(max_examples=300, deadline=None)
def test_r39_trimming_loses_no_word(text):
    """A property: what was written and what was folded away together are the mail."""
    kept, folded = trimming.trim(text)
    assert sorted("".join(f"{kept}{folded}".split())) == sorted("".join(text.split()))


def test_parts_and_names():
    read = parsing.read(mail(sender="Jörg Müller <J@X.test>", subject="Größe – ☃", text="Hallo", html="<b>Hallo</b>",
                             files=[("Müller.pdf", b"%PDF", "application/pdf")]))  # fmt: skip
    assert (read.sender, read.sender_name, read.subject) == ("j@x.test", "Jörg Müller", "Größe – ☃")
    assert (read.text.strip(), read.html) == ("Hallo", "<b>Hallo</b>")
    assert [(file.name, file.data) for file in read.files] == [("Müller.pdf", b"%PDF")]


def test_markup_alone_is_read_as_text_with_its_quotes():
    raw = mail(html="<p>Hi</p><blockquote>old<br>er</blockquote>").replace(b"text/plain", b"x/y")
    read = parsing.read(raw)
    assert read.text == "Hi\n\n> old\n> er"


def test_of_two_senders_the_one_with_an_address_counts():
    raw = b"From: [??????]\r\nReply-To: else@x.test\r\nFrom: Ann <ann@x.test>\r\n\r\nHi"
    assert parsing.read(raw).sender == "ann@x.test"


def test_bare_bytes_in_a_subject_are_read_as_the_text_is():
    """A subject that nobody encoded is in the character set that the mail names for its text."""
    part = b"--B\r\nContent-Type: text/plain; charset=shift_jis\r\n\r\nx\r\n--B--"
    raw = b"Subject: " + "ツール".encode("cp932") + b"\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n" + part
    assert parsing.read(raw).subject == "ツール"


def test_an_address_broken_over_two_lines_introduces_what_follows():
    said = 'Yes.\n\nAm 21.04.2016 17:48 schrieb "Ann" <ann@x.test\n>:\n\n> Well?'
    assert trimming.trim(said) == ("Yes.", said[6:])


@pytest.mark.parametrize(("action", "kind"), [("failed", bounces.HARD), ("delayed", bounces.SOFT)])
def test_who_is_unknown_to_the_end_is_gone(action, kind):
    """EM-7: a server that gave up on "450 4.1.1 user unknown" means it; one that still tries does not."""
    report = f"Final-Recipient: rfc822; bo@y.test\r\nAction: {action}\r\nStatus: 4.1.1\r\nDiagnostic-Code: smtp; 450 User unknown"
    raw = (
        "From: MAILER-DAEMON@y.test\r\nSubject: Undelivered Mail Returned to Sender\r\nContent-Type: multipart/report;"
        " report-type=delivery-status; boundary=B\r\n\r\n--B\r\n\r\nSorry\r\n--B\r\nContent-Type:"
        f" message/delivery-status\r\n\r\nReporting-MTA: dns; y.test\r\n\r\n{report}\r\n--B--\r\n"
    )
    assert bounces.bounce_of(parsing.read(raw.encode())).kind == kind


def test_a_mail_within_a_mail_and_an_inline_picture():
    raw = (
        HEAD
        % b"in"
        + b"Content-Type: multipart/related; boundary=B\r\n\r\n--B\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>"
        b"\r\n--B\r\nContent-Type: image/png\r\nContent-ID: <pic>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n"
        b"--B\r\nContent-Type: message/rfc822\r\n\r\nSubject: Old\r\n\r\nOld text\r\n--B--\r\n"
    )
    read = parsing.read(raw)
    assert [(file.name, file.cid, file.inline) for file in read.files] == [
        ("image.png", "pic", True),
        ("Old.eml", "", False),
    ]
    assert b"Old text" in read.files[1].data
    assert read.text == "Hi"


# Real collections


def files(pattern):
    """The files of a kind in the data; the test is skipped where there are none."""
    found = sorted(DATA.glob(pattern))
    return found or pytest.skip("no data")


def flat(text):
    """A text without what only the layout puts between words."""
    return " ".join((text or "").split())


@pytest.mark.real_data
@pytest.mark.django_db
def test_real_difficult_mails_are_taken_in(cast):
    """EM-2: each once, none lost; subject and sender as expected in at least 95 of 100."""
    mailbox, right = make_mailbox(), 0
    found = [path.with_name(path.name.replace(".expected.json", ".eml")) for path in files("*/*.expected.json")]
    rows = [intake.take_in(mailbox, path.read_bytes()) for path in found for _twice in range(2)]
    intake.process_due(1000)
    for path in found:
        expected = json.loads(path.with_name(f"{path.stem}.expected.json").read_text())
        read = read_all(path.read_bytes())
        same = read.sender == (expected.get("from_email") or "").strip('"').lower()
        right += same and flat(read.subject) == flat(expected.get("subject"))
    stored = InboundMail.objects.all()
    assert len({row.pk for row in rows}) == len(found) == stored.count()
    assert not stored.filter(state__in=["waiting", "parked"]).exists()
    on_cases = stored.filter(state="case").values("message").distinct().count()
    assert on_cases == Message.objects.filter(kind="public").count()
    print(f"\ndifficult mails: {right} of {len(found)} as expected, {Case.objects.unscoped('count').count()} cases")
    assert right >= 0.95 * len(found)


@pytest.mark.real_data
@pytest.mark.django_db
def test_real_mime_is_all_taken_in(cast):
    """R39: none of the collections of odd mails raises or is parked."""
    mailbox = make_mailbox()
    found = [path for path in files("mime/*/*") if path.is_file() and path.suffix != ".md"]
    for path in found:
        intake.take_in(mailbox, path.read_bytes())
    intake.process_due(1000)
    bad = InboundMail.objects.filter(state__in=["waiting", "parked"])
    print(f"\nmime: {len(found)} read, {InboundMail.objects.count()} different")
    assert not bad.exists(), list(bad.values_list("key", "why"))


@pytest.mark.real_data
def test_real_answers_are_trimmed():
    """EM-3: what was written is exactly found in at least 60 of 100."""
    results = []
    for path in files("reply_trim/*/*.trimmed.txt"):
        whole = path.with_name(path.name.replace(".trimmed", "")).read_bytes().decode()
        results.append(flat(trimming.trim(whole)[0]) == flat(path.read_text()))
    for path in files("reply_trim/*/before_*.txt"):
        above, below = path.read_text(), path.with_name(path.name.replace("before_", "embedded_")).read_text()
        wanted = trimming.trim(above)[0] if above.strip() else above + below
        results.append(flat(trimming.trim(above + "\n" + below)[0]) == flat(wanted))
    for path in files("reply_trim/*/*.eml"):
        wanted = path.with_name(f"{path.stem}_reply_text")
        text = wanted.read_text() if wanted.exists() else "Hello"
        results.append(flat(trimming.trim(parsing.read(path.read_bytes()).text)[0]) == flat(text))
    print(f"\nreply_trim: {sum(results)} of {len(results)} exactly right")
    assert sum(results) >= 0.6 * len(results)


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("delivery-status", "Final-Recipient: rfc822; bo@y.test\r\nAction: delivered\r\nStatus: 2.0.0"),
        ("delivery-status", "Final-Recipient: rfc822; bo@y.test\r\nAction: relayed\r\nStatus: 2.0.0"),
        ("disposition-notification", "Final-Recipient: rfc822; bo@y.test\r\nDisposition: manual-action/; displayed"),
    ],
)
def test_a_report_that_a_mail_arrived_or_was_read_is_no_bounce(kind, part):
    """RFC 3464 and 8098: it is no answer either, whatever else its head says."""
    raw = (
        f"From: Bo <bo@y.test>\r\nSubject: Read: hi\r\nContent-Type: multipart/report; report-type={kind};"
        f" boundary=B\r\n\r\n--B\r\n\r\nIt got there.\r\n--B\r\nContent-Type: message/{kind}\r\n\r\n"
        f"Reporting-MTA: dns; y.test\r\n\r\n{part}\r\n--B--\r\n"
    )
    read = parsing.read(raw.encode())
    assert bounces.bounce_of(read) is None
    assert bounces.automatic(read) == "report"


@pytest.mark.real_data
def test_real_bounces_are_judged():
    """EM-7: hard, soft, complaint or answering machine, as expected in at least 90 of 100."""
    (expected,) = files("bounces/*/expected.json")
    wanted = json.loads(expected.read_text())
    right = 0
    for name, rows in wanted.items():
        read = read_all(expected.with_name(name).read_bytes())
        found = bounces.bounce_of(read)
        kind = found.kind if found else bounces.AUTO if bounces.automatic(read) else ""
        hard = bounces.HARD if any(row["hard_bounce"] for row in rows) else bounces.SOFT
        right += kind == {"feedback": bounces.COMPLAINT, "vacation": bounces.AUTO}.get(rows[0]["reason"], hard)
    print(f"\nbounces: {right} of {len(wanted)} judged as expected")
    assert right >= 0.9 * len(wanted)
