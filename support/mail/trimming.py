"""What somebody wrote anew, apart from what the mail program repeated below and from the signature.

It goes by the look of things rather than by words of one language: a line that names a moment or an address and ends in
a colon before quoted lines, a block of short "Name: value" lines, a ruler with words in it.
"""

import re

# An address that a mail program broke ends with ">:" on a line of its own.
QUOTE = re.compile(r"^\s{0,3}(?:>(?!\s?:\s*$)|\|)")
RULER = re.compile(r"^\s*(?:[-_*=]{2,}\s*[^\W\d_][\w .'’]{2,40}\s*[-_*=]{2,}|_{20,}|-{20,})\s*$")
FIELD = re.compile(r"^\s*[*_]{0,2}([^\W\d_][\w .\-]{0,18}?)\s?[*_]{0,2}\s?:[*_]{0,2}(?:\s+\S.*|\s*)$")
MOMENT = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\d{1,2}[./]\d{1,2}[./]\d{2,4}|年|\d{1,2}(?:st|nd|rd|th)\b"
    r"|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.? \d{1,2}\b"
)
BRACKETED = re.compile(r"[<\[(](?:mailto:)?[^\s<>@]+@[^\s<>@]+[>\])]")
# A day and a time of day, which no sentence of an answer has that ends in a colon.
STAMP = re.compile(r"\b(?:19|20)\d\d\b.*\b\d{1,2}[:.]\d\d\b|\b\d{1,2}[:.]\d\d\b.*\b(?:19|20)\d\d\b")
SOMEBODY = re.compile(r"[^\s<>]+@[^\s<>]+")
WROTE = re.compile(
    r"(?:wrote|writes|schrieb|geschrieben|écrit|escribió|escribio|escreveu|scritto|schreef|geschreven|skrev|skrifaði"
    r"|napisał|napsal|pisze|quoting|zitat von|citando"
    r"|citation de|написал|написав|пише|пишет|写道|寫道|書きました|のメール|작성|kirjoitti|írta|έγραψε|yazdı|scris)",
    re.IGNORECASE,
)
BEGINS = re.compile(
    r"^\s*(?:(?:begin )?forwarded message|(?:anfang der )?weitergeleitete nachricht|anfang der weitergeleiteten"
    r"|début du message (?:réexpédié|transféré)|inicio del mensaje reenviado|início da mensagem (?:re)?encaminhada"
    r"|inizio (?:del )?messaggio inoltrato|begin doorgestuurd bericht|vidarebefordrat brev|start på videresendt"
    r"|początek przekazywanej|начало переадресованного|转发的邮件|以下は、?転送)\b.*[:：]\s*$",
    re.IGNORECASE,
)
# What stands between signs above all that a mail to a desk of support repeats.
ABOVE = re.compile(
    r"^\s*[#=*_-]{2,}.{0,50}\b(?:above|oberhalb|über|au-dessus|ci-dessus|encima|arriba|sopra|boven|acima|ovanför|powyżej"
    r"|выше)\b.{0,40}[#=*_-]{2,}\s*$",
    re.IGNORECASE,
)
# Names of the fields of a mail's head; two of them, or an address in brackets beside a moment, tell one from a form.
HEADS = frozenset(
    """
    from to cc subject sent date reply-to von an betreff gesendet datum de à a objet envoyé sujet pour para asunto
    enviado fecha assunto da inviato oggetto van aan onderwerp verzonden fra til emne sendt från till ämne skickat od do
    temat wysłano komu předmět odesláno feladó címzett tárgy elküldve lähettäjä vastaanottaja aihe lähetetty от кому
    тема отправлено від kimden kime konu gönderildi 差出人 宛先 件名 送信日時 发件人 收件人 主题 发送时间 寄件者 收件者
    主旨 către subiect data
    """.split()  # noqa: SIM905 - as words they can be read
)
DEVICES = (
    r"sent (?:from|via|with|by|using)\b", r"get (?:\[)?outlook for\b",
    r"(?:\w+ )?from (?:my )?(?:\w+ )?(?:iphone|mobile)",
    r"envoyé (?:depuis|de|à partir)", r"(?:von|aus) mein\w* .{2,40} gesendet", r"gesendet (?:von|mit)",
    r"diese nachricht wurde von", r"enviado (?:desde|do|a partir)", r"inviato da", r"verzonden (?:met|vanaf|via)",
    r"sendt fra", r"skickat från", r"lähetetty", r"wysłan[eo] z", r"отправлено", r"надіслано", r"從我的|从我的",
    r"iPhoneから", r"odesláno z", r"odoslané z", r"trimis de pe", r"στάλθηκε από", r"[发發]自我的",
    r"나의 .{2,30}에서 보냄",
    r".{2,30} gönderildi$",
)  # fmt: skip
SENT_FROM = re.compile(rf"^\W{{0,3}}(?:{'|'.join(DEVICES)})", re.IGNORECASE)


def trim(text):
    """(what was written, what was repeated and signed) of a mail's text; a mail that only quotes is all written."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = quoted_above(lines)
    end = start + cut_at(lines[start:])
    end = max(start, unsigned(lines, unquoted(lines, end)))
    if not any(line.strip() for line in lines[start:end]):
        return text.strip(), ""
    return "\n".join(lines[start:end]).strip(), "\n".join([*lines[:start], *lines[end:]]).strip()


def cut_at(lines):
    """The number of the line at which what was repeated begins; the number of lines when nothing was."""
    fenced = False
    for number, line in enumerate(lines):
        fenced ^= line.lstrip().startswith("```")
        if fenced or not line.strip() or QUOTE.match(line):
            continue
        if (
            BEGINS.match(line)
            or ABOVE.match(line)
            or ruled(lines, number)
            or fields(lines, number) >= 3
            or introduces(lines, number)
        ):
            return number
    return len(lines)


def ruled(lines, number):
    """Whether the line is a ruler below which another mail stands."""
    line = lines[number]
    if not RULER.match(line):
        return False
    return bool(re.search(r"[^\W\d_]", line)) or fields(lines, following(lines, number + 1)) >= 3


def following(lines, number):
    """The next line that is not blank."""
    while number < len(lines) and not lines[number].strip():
        number += 1
    return number


def fields(lines, number):
    """How many lines in a row look like the head of a mail; zero for those of a form that somebody filled in."""
    end = number
    while end < len(lines) and end - number < 12 and FIELD.match(lines[end]):
        end += 1
    block = "\n".join(lines[number:end])
    known = {FIELD.match(line)[1].lower() for line in lines[number:end]} & HEADS
    if len(known) > 1:
        return end - number if SOMEBODY.search(block) or MOMENT.search(block) else 0
    return end - number if BRACKETED.search(block) and MOMENT.search(block) else 0


def introduces(lines, number):
    """How many lines from here say "on that day, somebody wrote:"; zero when they do not."""
    for length in (1, 2, 3):
        part = lines[number : number + length]
        if not part[-1].strip() or len(part) < length or (length > 1 and QUOTE.match(part[-1])):
            return 0
        said = " ".join(line.strip() for line in part)
        if len(said) > 400 or (length > 1 and not begins(part)):
            return 0
        after = following(lines, number + length)
        if introduction(said, after < len(lines) and QUOTE.match(lines[after])):
            return length
    return 0


def begins(part):
    """Whether lines may be one sentence that introduces: the first names a moment or somebody, or goes on with one."""
    return MOMENT.search(part[0]) or SOMEBODY.search(part[0]) or re.match(r"\s*<[^\s<>]+@[^\s<>]+>", part[1])


def introduction(said, quoted):
    """Whether a sentence introduces what somebody wrote before; `quoted` says that quoted lines follow."""
    closed, named = said.endswith((":", "：", "wrote ----")), SOMEBODY.search(said)
    if closed and quoted and STAMP.search(said):
        return True
    if MOMENT.search(said):
        return bool((closed and (WROTE.search(said) or named)) or (quoted and named and said.endswith(">")))
    return bool(closed and WROTE.search(said) and (BRACKETED.search(said) or (quoted and named)))


def unquoted(lines, end):
    """The end without the quoted and blank lines before it."""
    while end and (not lines[end - 1].strip() or QUOTE.match(lines[end - 1])):
        end -= 1
    return end


def unsigned(lines, end):
    """The end without a signature: what follows "-- ", or lines that say from which device it was sent."""
    for number in range(end - 1, max(-1, end - 30), -1):
        if re.fullmatch(r"\s*(?:--|—|__)\s*", lines[number]):
            return unquoted(lines, number)
    while end and (not lines[end - 1].strip() or (len(lines[end - 1]) < 120 and SENT_FROM.match(lines[end - 1]))):
        end -= 1
    return end


def quoted_above(lines):
    """How many lines at the top only repeat, where the answer stands below one quoted block; otherwise zero."""
    first = following(lines, 0)
    said = introduces(lines, first) if first < len(lines) else 0
    if not said:
        return 0
    end = following(lines, first + said)
    while end < len(lines) and (not lines[end].strip() or QUOTE.match(lines[end])):
        end += 1
    return end if any(line.strip() for line in lines[end:]) else 0
