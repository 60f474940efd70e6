"""What mail servers answer by themselves: bounces, complaints, absences, and lists."""

import re
from dataclasses import dataclass, field

from support.mail.parsing import ADDRESS, BROKEN, ID, content, decoded, header, raw_header

HARD, SOFT, COMPLAINT, AUTO = "hard", "soft", "complaint", "auto"
DAEMON = re.compile(r"^(?:mailer-?daemon|postmaster|mail-?daemon|mdaemon|bounce[sd]?)\b", re.IGNORECASE)


def any_of(*patterns):
    """One expression of several, whatever their case."""
    return re.compile("|".join(patterns), re.IGNORECASE)


RETURNED = any_of(
    r"undeliver", r"nondeliver", r"deliver(?:y|ing)[ :\w]* ?(?:fail|status|problem|error|report|delay|notif)",
    r"returned (?:mail|e?mail|to)", r"mail system error", r"failure notice", r"failed (?:mail|delivery)",
    r"(?:mail|message)[\w ]* (?:fail|error|not delivered|delay)", r"could ?not", r"error sending", r"warning:",
    r"unzustellbar", r"non remis", r"permanent (?:fail|error)", r"considered unsolicited", r"rejected", r"不達",
)  # fmt: skip
SAYS_RETURNED = any_of(
    r"(?:could|can) ?not be delivered to", r"was not delivered to", r"(?:un|n.t |not )able to deliver"
)
# What only a server says, whatever it is called.
TECHNICAL = any_of(
    r"created automatically by (?:the )?mail (?:delivery )?(?:software|system)", r"RCPT TO:", r"smtp error",
    r"remote host said", r"failed recipient", r"non-?delivery report",
    r"delivered to (?:one or more of its|the following) recipient",
    r"status: 5\.\d\.\d", r"final-recipient:",
)  # fmt: skip
ABUSE = any_of(r"^complaint about message", r"^(?:e-?mail )?(?:abuse|feedback) report")
ABSENT = any_of(
    r"^auto(?:mat\w*)?[ -]?(?:reply|response|antwort|svar|antwoord|vastaus|odpowied|odpov|válasz|yanıt|respuesta)",
    r"^automaattinen", r"^out of (?:the )?office", r"^ooo\b", r"^away from", r"^abwesen", r"^vacation", r"^on leave",
    r"^réponse automatique", r"^respuesta automática", r"^resposta automática", r"^risposta automatica", r"^absence",
    r"^fuera de (?:la )?oficina", r"^fuori (?:sede|ufficio)", r"^(?:ik ben )?afwezig", r"^frånvaro", r"^fravær",
    r"^poissaolo", r"^nieobecn", r"^автоответ", r"^автоматичес", r"^otomatik", r"^自動(?:応答|返信|回覆)",
    r"^自动(?:回复|答复)", r"^자동", r"^不在",
)  # fmt: skip
# Below one of these stands the mail that came back.
ORIGINAL = re.compile(
    r"^(?:-{2,}.{0,12}(?:below this line|original|copy of|message header|headers? of|unsent|your message|received:"
    r"|begin).*|(?:the )?(?:original|your) (?:message|mail)\b.*(?:follows|below|is as follows|headers).*"
    r"|Received: from .*|Return-Path:.*|Message-ID:.*)$",
    re.IGNORECASE | re.MULTILINE,
)
# These weigh more than words about the address, which often stand beside them.
SOFT_FIRST = any_of(
    r"(?:mail)?box(?: \S+)? (?:is |was )?(?:full|exceed)", r"quota", r"insufficient", r"spam", r"blocked",
    r"black ?list",
    r"blocklist", r"reputation", r"unsolicited", r"suspended", r"disabled", r"inactive", r"deactivated", r"dmarc",
    r"not currently", r"virus", r"too (?:large|big|many)", r"relay(?:ing)? (?:access )?denied", r"hop count",
    r"try again", r"sender(?: address)?\b.{0,60}(?:reject|exist)", r"my name was", r"pipe to \|", r"5\.1\.[78]\b",
    r"in the queue too long", r"\btemporar(?:y|ily)\b",
)  # fmt: skip
SOFT_WORDS = any_of(
    r"over ?limit", r"exceed(?:ed|s).{0,40}(?:limit|size|storage)", r"too (?:much|old)", r"not enough (?:space|disk)",
    r"block ?list", r"policy", r"dkim", r"spf\b", r"denied", r"relay", r"authenticat", r"malicious", r"expired",
    r"timed? ?out", r"time-?out", r"later", r"temporar", r"deferred", r"delay", r"greylist", r"rate", r"throttl",
    r"connection (?:refused|reset|lost|timed)", r"unreachable", r"not (?:permitted|allowed|authori[sz]ed|accepting)",
    r"restricted", r"filter", r"content", r"syntax", r"loop", r"tls", r"certificate", r"ptr\b", r"reverse",
    r"resources", r"on hold", r"local configuration", r"prohibited", r"system (?:error|problem)", r"refused",
    r"error in processing", r"retry",
)  # fmt: skip
WHO = r"(?:user|recipient|mailbox|address|account|mail ?box|person|name)"
HARD_WORDS = any_of(
    WHO + r"\S*(?: \S+){0,4} (?:is |was )?(?:unknown|not (?:known|found|exist|listed|recogni[sz]ed|valid)"
    r"|un ?available|invalid|(?:does|do|did)(?: not|n.t) exist|doesn.t (?:exist|have)|undefined)",
    r"(?:unknown|invalid|no such|bad|nonexist\w*|undefined|unrout[e]?able|illegal|incorrect)(?: \S+){0,3} "
    r"(?:" + WHO + r"|host|domain|destination|alias|local.?part|here)",
    r"not (?:a )?(?:known|valid|our|local) (?:\S+ )?(?:user|customer|mailbox|recipient)", r"not listed in",
    r"(?:no|not|any) (?:a )?(?:mailbox|user|account|recipient)s?\b(?: \S+){0,3} (?:here|by|with|found|named)",
    r"does ?n.?t (?:like|have) (?:a |recipient|any|an )", r"host (?:or domain name )?(?:\S+ )?(?:unknown|not found)",
    r"(?:domain|host)(?: \S+){0,3} (?:not found|unknown|does not exist|could not be found|no mx)", r"nxdomain",
    r"name (?:service error|or service not known)", r"has moved", r"null ?mx", r"no mx (?:record )?found",
    r"no smtp service", r"no longer (?:on|at|valid|with|exists|works|accept)", r"no valid recipient",
    r"does not accept (?:mail|e-?mail|any)", r"unknown (?:or illegal|address|to)", r"(?:dosn?t|not) exist",
    r"user unknown", r"unknown user", r"recipient ?not ?found", r"no such", r"check if address is correct",
    r"(?:recipient|user|address|mailbox|account)\S*(?: \S+){0,6} (?:not (?:present|local|active|found)"
    r"|(?:can|could)(?:not| not|n.t) be found|has been closed|no longer)",
    r"(?:can.?t|cannot|unable to) (?:accept|find) (?:\S+ )?(?:" + WHO + r")",
    r"not an? (?:local|active|valid)\b(?: \S+)? ?(?:" + WHO + r")",
    r"no (?:one at this|mail ?box|user\b|matching|account\b)", r"non-?existent", r"missing home directory",
    r"(?:bad|valid) ?rcpt ?to", r"user ?_?unknown", r"recip(?:ient)?notfound", r"mail receiving disabled",
    r"(?:no|nicht|n.existe|bestaat|não) (?:existe|bekannt|existiert|pas|niet)\b", r"existiert nicht", r"inexist",
    r"\b(?:inconnue?|unbekannte?[rsn]?|desconocid[oa]|sconosciut[oa]|onbekend|invalide)\b",
    r"(?:用[戶户]|收件人|邮箱|地址)不存在", r"存在しません",
    r"(?:recipient )?address rejected\.?$", r"address rejected: access denied",
)  # fmt: skip
HARD_CODES = {"5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.4.4", "5.4.310"}
SOFT_CODES = {"5.2.0", "5.2.2", "5.2.3", "5.3.4", "5.4.6", "5.4.7", "5.6.0", "5.1.7", "5.1.8"}


@dataclass
class Bounce:
    """What a mail server said: hard, soft, complaint or auto, of which addresses, about which of our mails."""

    kind: str
    addresses: list = field(default_factory=list)
    message_ids: list = field(default_factory=list)
    reason: str = ""


def bounce_of(mail):
    """The Bounce that a mail is, or None for one that people wrote and for a report that a mail arrived."""
    reports = {part.get_content_type(): part for part in mail.message.walk()} if mail.message.is_multipart() else {}
    kind = raw_header(mail.message, "content-type")
    if "message/feedback-report" in reports or "report-type=feedback" in kind or ABUSE.search(mail.subject):
        return Bounce(COMPLAINT, reported(mail), originals(mail), "complaint")
    status = reports.get("message/delivery-status")
    if status is None and not looks_returned(mail):
        return None
    fields = whole(status) if status is not None else ""
    said = top_of(whole_text(mail))
    blocks = [one for one in each(fields) if not arrived(one)]
    if not blocks:
        return None
    verdicts = [
        judge(one, said if len(blocks) == 1 or not values(one, "diagnostic-code") else "", mail) for one in blocks
    ]
    worst = next((verdict for verdict in verdicts if verdict[0] == HARD), verdicts[0])
    hard = [one for one, verdict in zip(blocks, verdicts, strict=True) if verdict[0] == worst[0]]
    return Bounce(worst[0], failed(mail, "\n".join(hard), said), originals(mail), worst[1])


def each(fields):
    """The blocks of a report, one a recipient; an empty one where there is no report."""
    blocks = [
        one for one in re.split(r"\n\s*\n", fields) if re.search(r"^(?:final|original)-recipient", one, re.I | re.M)
    ]
    return blocks or [fields]


def arrived(block):
    """Whether a block of a report says that the mail got there, or to where no reports are made (RFC 3464, 2.3.3)."""
    return bool(done := actions_of(block)) and done <= {"delivered", "relayed", "expanded"}


def actions_of(block):
    """What a report says was done."""
    return {one.lower().split(" ")[0].strip(";") for one in values(block, "action")}


def looks_returned(mail):
    """Whether a mail without a report is one that a server wrote about another."""
    if header(mail.message, "x-failed-recipients"):
        return True
    name = (mail.sender or header(mail.message, "from")).partition("@")[0]
    server = DAEMON.search(name) or DAEMON.search(mail.sender_name) or "delivery" in mail.sender_name.lower()
    empty = raw_header(mail.message, "return-path").strip() in ("<>", "<MAILER-DAEMON>")
    told = RETURNED.search(mail.subject) or SAYS_RETURNED.search(mail.text[:2000])
    sure = server and (empty or re.match("mailer-?daemon", name, re.IGNORECASE))
    absent = ABSENT.search(mail.subject)
    return bool(sure or (told and (server or (empty and not absent) or TECHNICAL.search(mail.text[:3000]))))


def whole(part):
    """The text of a part and of all within it."""
    try:
        if part.is_multipart():
            return "\n\n".join(decoded(child.as_bytes()) for child in part.get_payload())
    except BROKEN:
        return ""
    return decoded(content(part))


def whole_text(mail):
    """All that can be read of a mail, parts within parts too; a server's markup and original are behind its words."""
    texts = [mail.text]
    for part in mail.message.walk():
        if part.get_content_type() in ("text/plain", "text/rfc822-headers", "message/rfc822") and part.get_payload():
            texts.append(whole(part)[:50_000])
    return "\n".join(texts)[:200_000]


def top_of(text):
    """What the server says, without the mail that came back."""
    found = ORIGINAL.search(text, 20)
    return text[: found.start()] if found else text


def values(fields, name):
    """All values of a field of a report, unfolded."""
    found = re.findall(rf"^{name}\s*:\s*(.*(?:\n[ \t]+.*)*)", fields, re.IGNORECASE | re.MULTILINE)
    return [re.sub(r"\s+", " ", one).strip() for one in found]


def judge(fields, said, mail):
    """(hard or soft, the reason in the server's words)."""
    actions = actions_of(fields)
    codes = values(fields, "status") or re.findall(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])", said)
    codes = {code.split(" ")[0] for code in codes}
    words = " ".join(values(fields, "diagnostic-code")) or said
    reason = re.sub(r"\s+", " ", words).strip()[:300]
    # Of an unknown user a server that gave up has often only heard "later".
    passing = {code for code in codes if code[0] == "4" or code in SOFT_CODES} - (
        {"4.1.1"} & codes if "failed" in actions else set()
    )
    if actions == {"delayed"} or (codes and passing == codes):
        return SOFT, reason
    for source in (words, said, mail.subject):
        text = re.sub(r"\s+", " ", ADDRESS.sub("<>", source)).strip()
        if SOFT_FIRST.search(text) and not ("5.1.1" in codes and "inactive" in text):
            return SOFT, reason
        if HARD_WORDS.search(text) or codes & HARD_CODES:
            return HARD, reason
        if SOFT_WORDS.search(text):
            return SOFT, reason
    return SOFT, reason


def failed(mail, fields, said):
    """The addresses that could not be reached."""
    found = [one for name in ("final-recipient", "original-recipient") for one in values(fields, name)]
    found.append(header(mail.message, "x-failed-recipients"))
    named = ADDRESS.findall(" ".join(one.partition(";")[2] or one for one in found))
    ours = set(mail.to) | {mail.sender}
    return list(dict.fromkeys(a.lower() for a in named or ADDRESS.findall(said) if a.lower() not in ours))[:20]


def reported(mail):
    """The addresses that complained, as far as a report names them."""
    text = "\n".join(whole(part) for part in mail.message.walk() if not part.is_multipart())
    found = values(text, "original-rcpt-to") + values(text, "removal-recipient")
    return list(dict.fromkeys(a.lower() for one in found for a in ADDRESS.findall(one)))[:20]


def originals(mail):
    """The Message-IDs of the mails that it is about."""
    own = mail.message_id
    found = ID.findall("\n".join(values(whole_text(mail), "message-id")))
    return [one for one in dict.fromkeys([*found, *mail.references]) if one != own][:10]


def automatic(mail):
    """Why a mail counts as written by a program or to a list, in a word; empty for one that somebody wrote."""
    said = {name: mail.header(name).lower() for name in AUTOMATIC_HEADERS}
    if said["auto-submitted"] and not said["auto-submitted"].startswith("no"):
        return "auto-submitted"
    if raw_header(mail.message, "content-type").strip().lower().startswith("multipart/report"):
        return "report"
    if said["precedence"] in ("bulk", "junk", "list", "auto_reply"):
        return "precedence"
    if said["list-id"] or said["list-unsubscribe"] or said["list-post"]:
        return "list"
    if any(said[name] for name in AUTOMATIC_HEADERS[5:]):
        return "automatic"
    if said["x-auto-response-suppress"] and set(re.split(r"[\s,;]+", said["x-auto-response-suppress"])) & {
        "all",
        "autoreply",
    }:
        return "suppress"
    if raw_header(mail.message, "return-path") == "<>":
        return "empty return path"
    return "absence" if ABSENT.search(mail.subject) else ""


AUTOMATIC_HEADERS = (
    "auto-submitted", "precedence", "list-id", "list-unsubscribe", "list-post", "x-autoreply", "x-autorespond",
    "x-autoresponder", "x-auto-reply-from", "x-mail-autoreply", "x-autogenerated", "x-apple-action",
    "x-auto-response-suppress",
)  # fmt: skip
