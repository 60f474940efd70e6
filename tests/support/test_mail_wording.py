"""What is read from the words of mail programs and servers in many languages (EM-3, EM-7)."""

import pytest

from support.mail import bounces, parsing, trimming
from tests.support.mailing import mail

WRITTEN = "Hello there,\n\nit works now: thank you!\nBest regards"
REPORT = """From: MAILER-DAEMON@mx.test
Subject: Undelivered Mail Returned to Sender
Return-Path: <>
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.test

Final-Recipient: rfc822; joe@x.test
Action: failed
Status: 5.0.0
Diagnostic-Code: smtp; 550 {}

--B--
"""


@pytest.mark.parametrize(
    "line",
    [
        "Ann Lee\n<ann@x.test> schrieb am Mo., 6. Mai 2024, 19:08:",
        "W dniu 06.05.2024 o 19:08, Ann Lee pisze:",
        "Ann Lee\n<ann@x.test> 于2024年5月6日周一 19:08写道：",
        "Ann Lee <ann@x.test> wrote:",
        "Zitat von Ann Lee <ann@x.test>:",
        "On Nov 30, Ann Lee wrote:",
        "Forwarded message:\n\nFrom: Ann Lee <ann@x.test>\nDate: 6 May 2024",
        "##- Please type your reply above this line -##",
        "Fra: Ann Lee <ann@x.test>\nSendt: 6. maj 2024 19:08\nTil: support@x.test\nEmne: SV: x",
    ],
)
def test_what_a_program_repeats_is_folded(line):
    assert trimming.trim(f"{WRITTEN}\n\n{line}\n\nold text\n")[0] == WRITTEN


@pytest.mark.parametrize(
    "line", ["Odesláno z iPhonu", "发自我的iPhone", "나의 iPhone에서 보냄", "Trimis de pe iPhone-ul meu"]
)
def test_what_a_device_says_of_itself_is_folded(line):
    assert trimming.trim(f"{WRITTEN}\n\n{line}\n")[0] == WRITTEN


def test_a_stamp_with_a_colon_introduces_quoted_lines_alone():
    stamp = "Ann Lee, Mon May 06 2024 19:08:09 GMT+0200:"
    assert trimming.trim(f"{WRITTEN}\n\n{stamp}\n> old\n")[0] == WRITTEN
    assert "old" in trimming.trim(f"{WRITTEN}\n\n{stamp}\nold\n")[0]


@pytest.mark.parametrize(
    "text",
    [
        "My data:\n\nName: Ann Lee\nPhone: 123\nE-mail: ann@x.test\nOrder: 5 of 2024-05-06\n\nPlease help",
        "New message:\n\nNom: Rémi\nEmail: remi@x.test\nVille: Lyon\n\nBonjour",
        "Error at 19:08:\n> permission denied\nwhat is that?",
    ],
)
def test_what_somebody_filled_in_is_no_head_of_a_mail(text):
    assert trimming.trim(text) == (text, "")


@pytest.mark.parametrize(
    "words",
    [
        "this user doesn't have a yahoo.com account", "Empfänger unbekannt", "no existe ese usuario", "user_unknown",
        "RESOLVER.ADR.RecipNotFound; not found", "mailbox not present", "utilisateur inconnu", "用户不存在",
        "The e-mail address you entered couldn't be found", "your envelope recipient is in my badrcptto list",
    ],
)  # fmt: skip
def test_em7_nobody_is_there(words):
    assert bounces.bounce_of(parsing.read(REPORT.format(words).encode())).kind == bounces.HARD


@pytest.mark.parametrize("words", ["user unknown temporarily", "Postfach voll", "mailbox is full", "message too large"])
def test_em7_somebody_may_be_there_later(words):
    assert bounces.bounce_of(parsing.read(REPORT.format(words).encode())).kind == bounces.SOFT


def test_em7_servers_of_any_name_are_known_by_what_they_say():
    said = "This message was created automatically by mail delivery software. joe@x.test: User unknown"
    read = parsing.read(mail(sender="ndr@x.test", subject="Mail delivery failed: returning message", text=said))
    assert bounces.bounce_of(read).kind == bounces.HARD
    people = mail(subject="Delivery problem", text="My parcel could not be delivered to me.")
    assert bounces.bounce_of(parsing.read(people)) is None


@pytest.mark.parametrize(
    "subject",
    [
        "Risposta automatica: x",
        "Autosvar: x",
        "Automatyczna odpowiedź: x",
        "Автоматический ответ: x",
        "自动回复: x",
        "OOO: x",
    ],
)
def test_em5_who_is_away_is_known_by_the_subject(subject):
    assert bounces.automatic(parsing.read(mail(subject=subject))) == "absence"


@pytest.mark.parametrize(
    ("head", "subject", "sender", "name"),
    [
        (b"From: =?utf-8?Q?Lee,_Ann?= <a@x.test>\r\nSubject: =?utf-8?q?K=C3?= =?utf-8?q?=B6ln?=", "Köln", "a@x.test", "Lee, Ann"),
        (b"From: =?utf-8?B?QW5uIDxhQHgudGVzdD4=?=\r\nSubject : Hi", "Hi", "a@x.test", "Ann"),
        ("From: a@münchen.test\r\nSubject: Grüße".encode(), "Grüße", "a@münchen.test", ""),
        (b"\xef\xbb\xbf>From x\r\nFrom: Ann <a@x.test>\r\nno header\r\nSubject: Hi", "Hi", "a@x.test", "Ann"),
    ],
)  # fmt: skip
def test_em2_heads_that_are_written_wrongly(head, subject, sender, name):
    read = parsing.read(head + b"\r\n\r\nText")
    assert (read.subject, read.sender, read.sender_name, read.text) == (subject, sender, name, "Text")


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        (b"text/plain; charset=iso-8859-1", "Grüße".encode(), "Grüße"),
        (b"text/plain; charset=windows-874", "ไทย".encode("cp874"), "ไทย"),
        (b"text/html", '<meta charset="koi8-r"><p>Привет'.encode("koi8-r"), "Привет"),
        (b"text/plain; format=flowed", b"One \r\nline.\r\n> old \r\n> text\r\n-- \r\nAnn", "One line.\n> old text\n-- \nAnn"),
        (b"text/plain; format=flowed; delsp=yes", b"On \r\ne line.", "One line."),
    ],
)  # fmt: skip
def test_em2_texts_in_the_letters_that_they_are_written_in(kind, body, text):
    assert parsing.read(b"Subject: x\r\nContent-Type: " + kind + b"\r\n\r\n" + body).text == text


def test_r39_a_mail_within_a_mail_may_have_a_head_that_nobody_can_write_again():
    inner = b'Subject: old\r\nContent-Type: text/plain; name=\x0b====: "\r\n\r\nold\r\n'
    head = b"From: MAILER-DAEMON@x.test\r\nSubject: Undelivered\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    read = parsing.read(
        head + b"--b\r\n\r\nUser unknown\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"--b--\r\n"
    )
    assert bounces.bounce_of(read).kind == bounces.HARD
