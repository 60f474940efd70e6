"""Mails read from bytes, however broken: whoever sends us something, what it says is kept as well as it can be."""

import binascii
import email
import email.errors
import re
from dataclasses import dataclass, field
from email import policy
from email.header import decode_header
from email.message import Message as Part
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from itertools import groupby, islice

from support.mail.markup import is_deep, safe, text_of

DEEPEST = 40  # parts within parts
LONGEST_HEADER = 20_000
MOST_PEOPLE = 200
MOST_FILES = 200
LONGEST_TEXT = 500_000
ID = re.compile(r"<\s*([^<>\s]+)\s*>")
WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?(.*?)\?=", re.DOTALL)
ADDRESS = re.compile(r"[^\s<>,;:\"'()\[\]]+@[^\s<>,;:\"'()\[\]]+")
# Signs that end a name although they stand in an encoded word of it.
SIGNS = re.compile(r"[,;:<>()@\"]")
RUN = re.compile(rf"(?:{WORD.pattern})+", re.DOTALL)
BETWEEN = re.compile(r"(\?=)\s+(=\?)")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# Names of character sets that mailers use and Python does not know, or that are wider in truth than they say.
CHARSETS = {
    "gb2312": "gb18030", "gbk": "gb18030", "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "euc-kr": "cp949",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "utf-8", "ascii": "utf-8", "x-sjis": "cp932",
    "shift_jis": "cp932", "shift-jis": "cp932", "unicode-1-1-utf-7": "utf-7", "iso-8859-8-i": "iso-8859-8",
    "x-unknown": "utf-8", "utf8mb4": "utf-8", "iso-2022-jp": "iso2022_jp_ext", "x-mac-roman": "mac_roman",
    "x-macroman": "mac_roman", "windows-874": "cp874", "x-gbk": "gb18030", "x-big5": "big5", "x-euc-jp": "euc_jp",
    "x-euc-kr": "cp949", "x-windows-949": "cp949", "iso-8859-8-e": "iso-8859-8",
}  # fmt: skip
BEFORE = re.compile(rb"\A(?:\xef\xbb\xbf|[\r\n]+|>From [^\r\n]*\r?\n)+")
BLANK_LINE = re.compile(rb"\r?\n\r?\n|\r\r")
# "Subject : x", and a line that is no header between two that are.
LOOSE = re.compile(rb"^([A-Za-z][A-Za-z-]{1,40})[ \t]+(?=:)", re.MULTILINE)
STRAY = re.compile(
    rb"(?<=\n)(?!From )[^\s:][^\r\n:]*\r?\n"
    rb"(?=(?:From|To|Cc|Subject|Date|Received|Message-ID|MIME-Version|Content-\w+|X-[\w-]+):)",
    re.IGNORECASE,
)
META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
# What the standard library raises on parts that nobody could have meant so.
BROKEN = (
    email.errors.MessageError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    binascii.Error,
    RecursionError,
)


@dataclass
class File:
    """An attachment: `cid` is what the markup calls it."""

    name: str
    type: str
    data: bytes
    cid: str = ""
    inline: bool = False


@dataclass
class Mail:
    """A mail as far as it could be understood; addresses are in lower case, ids without brackets.

    `text` is what can be read of it, `html` its safe markup or nothing, `message` the parsed original.
    """

    message: Part
    message_id: str = ""
    references: list = field(default_factory=list)
    subject: str = ""
    sender: str = ""
    sender_name: str = ""
    to: list = field(default_factory=list)
    cc: list = field(default_factory=list)
    at: object = None
    text: str = ""
    html: str = ""
    files: list = field(default_factory=list)

    def header(self, name):
        """A header's text, empty when it is missing."""
        return header(self.message, name)


def read(raw):
    """The mail in these bytes; never raises, whatever they are."""
    message = parsed(raw)
    mail = Mail(message, **heads_of(message))
    mail.to, mail.cc = people(message, "to"), people(message, "cc")
    mail.references = references_of(message)
    mail.at = moment(header(message, "date"))
    plain, marked = [], []
    collect(message, mail, plain, marked)
    mail.text = "\n\n".join(text for text in plain if text.strip())[:LONGEST_TEXT]
    markup = "\n".join(marked)[: 4 * LONGEST_TEXT]
    if markup.strip():
        mail.html = "" if is_deep(markup) else safe(markup)
        mail.text = mail.text or text_of(markup)[:LONGEST_TEXT]
    return mail


def read_heads(raw):
    """{message_id, subject, sender, sender_name} from the head of these bytes alone; never raises."""
    return heads_of(BytesHeaderParser(policy=policy.compat32).parsebytes(mended(raw[:262_144])))


def heads_of(message):
    """What a list of mails shows of one."""
    ids = ID.findall(header(message, "message-id")) or header(message, "message-id").split()
    name, address = sender_of(message)
    return {"message_id": ids[0][:255] if ids else "", "subject": header(message, "subject").strip(),
            "sender": address, "sender_name": name}  # fmt: skip


def parsed(raw):
    """The parsed message. The older policy, because the newer one raises where a broken header is only looked at."""
    raw = mended(raw)
    try:
        return email.message_from_bytes(raw, policy=policy.compat32)
    except BROKEN:
        head = BytesHeaderParser(policy=policy.compat32).parsebytes(raw[:262_144])
        for name in ("content-type", "content-transfer-encoding"):
            del head[name]
        return head


def mended(raw):
    """The mail without what a transport put before it, and with a head that a parser reads to its end."""
    raw = BEFORE.sub(b"", raw, count=1)
    end = BLANK_LINE.search(raw)
    head = raw[: end.start()] if end else raw[:262_144]
    if not (LOOSE.search(head) or STRAY.search(head)):
        return raw
    return STRAY.sub(b"", LOOSE.sub(rb"\1", head)) + raw[len(head) :]


def raw_header(message, name):
    """A header as it stands, in one line, of at most 20,000 signs."""
    return next(raw_headers(message, name), "")


def raw_headers(message, name):
    """All headers of a name, each as it stands in one line."""
    for key, value in message.raw_items():
        if key.lower() == name:
            yield re.sub(r"[\r\n]+[ \t]*", " ", str(value)[:LONGEST_HEADER]).strip()


def header(message, name):
    """A header's text, with encoded words read."""
    value = raw_header(message, name)
    return words(value, "" if value.isascii() else own_charset(message))


def own_charset(message):
    """The character set that a mail names first, for itself or for one of its parts."""
    return next(filter(None, map(charset_of, islice(message.walk(), MOST_FILES))), "")


def words(value, charset=""):
    """A header's value as people read it; `charset` is that of the body, for bytes that nobody encoded."""
    if not value.isascii():
        data = value.encode("utf-8", "surrogateescape")
        value = decoded(data, "" if is_utf8(data) else charset)
    if "=?" not in value:
        return CONTROLS.sub("", value)
    value = BETWEEN.sub(r"\1\2", value)
    return CONTROLS.sub("", " ".join(RUN.sub(run, same_charset(value)).split("\n")))


def run(match):
    """Encoded words that follow each other, read; those of one character set together, as a sign may be cut in two."""
    found = [(charset.lower(), word(charset, way, text)) for charset, way, text in WORD.findall(match[0])]
    texts = []
    for (charset, kind), group in groupby(found, key=lambda each: (each[0], type(each[1]))):
        parts = [part for _charset, part in group]
        texts.append(decoded(b"".join(parts), charset) if kind is bytes else "".join(parts))
    return "".join(texts)


def same_charset(value):
    """Neighbouring base64 words of one character set joined: some mailers cut a sign in two."""
    joined = re.compile(r"=\?([^?\s]{1,60})\?([bB])\?([A-Za-z0-9+/]*)\?==\?\1\?[bB]\?")
    while joined.search(value):
        value = joined.sub(r"=?\1?\2?\3", value, count=200)
    return value


def word(charset, way, text):
    """The bytes of one encoded word; its text where it cannot be decoded."""
    if way in "qQ":
        text = text.replace(" ", "_").replace("?", "=3F")
    elif len(text) % 4:
        text += "=" * (-len(text) % 4)
    try:
        ((data, _charset),) = decode_header(f"=?{charset}?{way}?{text}?=")
    except BROKEN:
        return text
    return data


def decoded(data, charset=""):
    """Text from bytes: as they say, else as UTF-8, else as western European."""
    charset = (charset or "").strip().strip("\"'").lower().partition("*")[0]
    charset = CHARSETS.get(charset, charset)
    if charset in ("cp1252", "") or charset.startswith("iso-8859-15"):
        return guess(data) if not charset or is_utf8(data) else data.decode(charset, "replace")
    for name in (charset, "cp932") if charset.startswith("iso2022_jp") else (charset,):
        try:
            return data.decode(name)
        except (UnicodeError, LookupError, ValueError):
            continue
    return guess(data)


def is_utf8(data):
    """Whether the bytes can be UTF-8."""
    try:
        return bool(data.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def guess(data):
    """Text from bytes of which nobody says what they are."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def addresses(value):
    """[(name, address)] of a header; the address in lower case, at most 200 of them."""
    cut = value if len(value) < LONGEST_HEADER else value.rpartition(",")[0]
    cut = WORD.sub(
        lambda found: SIGNS.sub(lambda sign: f"={ord(sign[0]):02X}", found[0]) if found[2] in "qQ" else found[0], cut
    )
    try:
        pairs = getaddresses([cut])
    except BROKEN:
        pairs = []
    found = [(words(name), words(address).strip().lower()) for name, address in pairs if "@" in address]
    if not found and "=?" in cut and (whole := words(cut)) != cut:
        return addresses(whole)
    if not found:
        found = [("", address.lower()) for address in ADDRESS.findall(cut)]
    return [(name, CONTROLS.sub("", address)[:320]) for name, address in found[:MOST_PEOPLE]]


def people(message, name):
    """The addresses of a header, each once."""
    return list(dict.fromkeys(address for _name, address in addresses(raw_header(message, name))))


def sender_of(message):
    """(name, address) of who wrote it, as far as it says."""
    for name in ("from", "reply-to", "sender", "return-path"):
        # Some mails have two, of which one names nobody.
        found = [pair for value in raw_headers(message, name) for pair in addresses(value)]
        if found:
            return found[0][0][:200], found[0][1]
    written = header(message, "from")
    return written[:200], (written.split() or [""])[0].lower()[:320]


def references_of(message):
    """Ids of the mails that this one answers, the nearest first."""
    near = ID.findall(header(message, "in-reply-to"))
    far = ID.findall(header(message, "references"))
    return [one[:255] for one in dict.fromkeys([*near[:5], *reversed(far[-50:])])]


def moment(value):
    """When it says that it was written, or None; a moment without zone is one in UTC."""
    try:
        at = parsedate_to_datetime(value)
        return at if at.tzinfo else at.replace(tzinfo=email.utils.datetime.timezone.utc)
    except (*BROKEN, OverflowError):
        return None


def collect(part, mail, plain, marked, depth=0):
    """Sort a part and all within it into text, markup and files."""
    kind, name = part.get_content_type(), file_name(part)
    inside = part.get_payload() if part.is_multipart() else None
    if kind.startswith("multipart/") and isinstance(inside, list):
        for child in inside if depth < DEEPEST else []:
            collect(child, mail, plain, marked, depth + 1)
    elif kind in ("text/plain", "text/html") and not name and not is_attached(part):
        data = content(part)
        told = (
            charset_of(part) or (kind == "text/html" and (meta := META.search(data[:2000])) and meta[1].decode()) or ""
        )
        text = CONTROLS.sub("", decoded(data, told).replace("\r\n", "\n").replace("\r", "\n"))
        (marked if kind == "text/html" else plain).append(flowed(text, raw_header(part, "content-type").lower()))
    elif len(mail.files) < MOST_FILES and (data := content(part)):
        cid = "".join(ID.findall(raw_header(part, "content-id"))[:1])
        inline = raw_header(part, "content-disposition").lower().startswith("inline") or bool(cid)
        mail.files.append(File(name or default_name(part, kind), kind, data, cid[:255], inline and bool(cid)))


def flowed(text, kind):
    """Text with its soft line breaks taken out, where its content type says that it has some (RFC 3676)."""
    if "format=flowed" not in kind.replace('"', "").replace(" ", ""):
        return text
    joined, is_open, before = [], False, 0
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        body = line[depth:].removeprefix(" ")
        if is_open and depth == before and body.rstrip() != "--":
            joined[-1] += body
        else:
            joined.append((">" * depth + " " if depth else "") + body)
        is_open, before = body.endswith(" ") and body != "-- ", depth
        if is_open and "delsp=yes" in kind:
            joined[-1] = joined[-1][:-1]
    return "\n".join(joined)


def is_attached(part):
    """Whether the part says that it is an attachment."""
    return raw_header(part, "content-disposition").lower().startswith("attachment")


def content(part):
    """The bytes of a part; of a mail within the mail, that mail."""
    try:
        if part.is_multipart():
            return b"\n\n".join(child.as_bytes() for child in part.get_payload())
        return part.get_payload(decode=True) or b""
    except BROKEN:
        payload = part.get_payload()
        return payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""


def charset_of(part):
    """What a part says its character set is."""
    found = re.search(r"charset\s*=\s*[\"']?([^\s;\"']+)", raw_header(part, "content-type"), re.IGNORECASE)
    return found[1] if found else ""


def file_name(part):
    """The name of an attachment, empty for none."""
    try:
        return words(part.get_filename("") or "")[:255]
    except BROKEN:
        return ""


def default_name(part, kind):
    """A name for an attachment without one."""
    if kind == "message/rfc822":
        inner = part.get_payload()
        subject = header(inner[0], "subject") if isinstance(inner, list) and inner else ""
        return f"{subject[:80] or 'mail'}.eml"
    ending = {"text/plain": "txt", "text/html": "html", "text/calendar": "ics"}.get(kind)
    return f"{kind.partition('/')[0]}.{ending or re.sub(r'[^a-z0-9]', '', kind.partition('/')[2])[:10] or 'bin'}"
