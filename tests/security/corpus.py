"""Texts and values that break careless software."""

import json
import os
from pathlib import Path

from tests.conftest import ROOT

# Everything with everything takes minutes; otherwise values are dealt out over kinds and addresses.
FULL = os.environ.get("KITH_WALK") == "full"
# Texts that people could type, paste or be sent.
NAUGHTY = (
    "undefined", "null", "None", "true", "NaN", "\\", "\\\\", "1/0", "-1", "0x10", "1e1000", "１２３", "٠١٢",
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "javascript:alert(1)", "{{7*7}}", "{% debug %}", "${7*7}",
    "{0.__class__}", "%s%s%s%n", "%(x)s", "'; DROP TABLE customers_account; --", "' OR '1'='1", "\" OR \"\"=\"", "=1+1", "+1", "@SUM(1)",
    "Ω≈ç√∫˜µ≤≥÷", "田中さんにあげて下さい", "表ポあA鷗ŒéＢ逍Üßªąñ丂㐀𠀀", "הָיְתָהtestالصفحات", "\u202etest\u202c", "\u200bzero\u200bwidth", "👩‍👩‍👧‍👦🏳️‍🌈",
    "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤", "ﬀﬁ Ⅷ ½", "İıŞş", "a\tb", "first\nsecond", "\ufeffbom", "\u2028line", "x" * 5000, "../../etc/passwd",
    "CON", "test@example.com\r\nBcc: all@example.com", "&lt;b&gt;&amp;", "]]>", "<!--", "\x7f\x85",
)  # fmt: skip
# What browsers cannot send but attackers do.
BROKEN = ("\x00", "a\x00b", "\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"), "\x01\x02\x1f")
# Values for any parameter of an address.
HOSTILE = (
    "", " ", "0", "-1", "1", "99999999999999999999", "9223372036854775808", "1e9", "1.5", "NaN", "Infinity", "٣", "²", "0x1",
    "true", "null", "[]", "{}", "a,b", ",", "2026-13-45", "0000-00-00", "10000-01-01", "2026-02-30", "12:99", "2026-01-01T99:99",
    "'", "\"", "\\", "%", "%%", "_", "%00", "\x00", "%ff", "á" * 300, "../..", "-", "--", "__class__", "owner__password",
    "created_by__password", "id;select 1", "1 OR 1=1", "pg_sleep(3)", "'; SELECT pg_sleep(3); --", "👩‍👩‍👧", "\u202e", "x" * 3000,
)  # fmt: skip
# Names that an address is likely to read.
PARAMETERS = (
    "q", "next", "on", "before", "user", "show", "page", "kind", "id", "ids", "date", "month", "team", "owner",
)  # fmt: skip
ELSEWHERE = (
    "https://evil.test/", "http://evil.test", "//evil.test", "///evil.test", "////evil.test/", "\\\\evil.test", "/\\evil.test",
    "\\/evil.test", "/\\/evil.test", "https:evil.test", "https:/evil.test", "http:\\\\evil.test", "/%09/evil.test", "/\t/evil.test",
    "\t//evil.test", " //evil.test", "\n//evil.test", "/\n/evil.test", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "data:text/html,x", "ftp://evil.test", "//evil.test@testserver", "https://testserver@evil.test", "https://testserver.evil.test",
    "//testserver.evil.test", "https://evil.test/testserver", "https://evil.test#testserver", "https://evil.test?testserver",
    "http://[::1]", "//[evil", "http://evil.test:80", "//%65vil.test", "%2f%2fevil.test", "/..//evil.test", "./\\evil.test",
    "https://\u2025evil.test", "/path\r\nLocation: https://evil.test", "/path%0d%0aX-Injected: yes", "/\r\nSet-Cookie: a=b", "\x00//evil.test",
)  # fmt: skip


def naughty():
    """The built-in texts, and the big list of naughty strings where its folder is known."""
    path = Path(os.environ.get("KITH_DATA") or ROOT / ".." / "shared" / "data") / "text" / "blns.json"
    more = [text for text in json.loads(path.read_text()) if text] if path.exists() else []
    return list(dict.fromkeys([*NAUGHTY, *BROKEN, *more]))
