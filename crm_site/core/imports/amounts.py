"""Numbers and sums of money in the cells of an import: exact, and read by the column's own habit."""

import re
from decimal import Decimal
from functools import lru_cache

from django.utils.translation import gettext as _

from .cells import CACHE_SIZE, is_empty, refuse

CURRENCY_SIGNS = {
    "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₪": "ILS", "₫": "VND",
    "₱": "PHP", "₴": "UAH", "฿": "THB", "₦": "NGN", "US$": "USD", "CA$": "CAD", "C$": "CAD", "A$": "AUD", "AU$": "AUD",
    "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "R$": "BRL", "MX$": "MXN", "NT$": "TWD", "CDN$": "CAD", "ZŁ": "PLN",
    "KČ": "CZK", "FT": "HUF", "LEI": "RON", "FR": "CHF", "SFR": "CHF", "RS": "INR", "RP": "IDR", "RM": "MYR",
    "TL": "TRY", "РУБ": "RUB", "ГРН": "UAH", "円": "JPY", "元": "CNY", "원": "KRW",
    "KR": "",  # of four countries: the row, or who imports, says which
}  # fmt: skip
CURRENCY_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL
HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD
MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG
QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD
TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW
"""
CURRENCIES = frozenset(CURRENCY_CODES.split())
# Those that a bare $ may stand beside.
DOLLAR_CODES = "ARS AUD BBD BMD BSD BZD CAD CLP COP FJD HKD JMD MXN NAD NZD SGD TTD TWD USD UYU XCD"
DOLLARS = frozenset(DOLLAR_CODES.split())
# The point of "Rs. 500" begins no fraction.
ABBREVIATED = re.compile(r"(?<=[^\W\d_])\.(?=\s*[\d(+-])")
# The code beside an amount may stand in brackets, which are not those of a loss.
WRAPPED = re.compile(r"\(([A-Z]{3})\)")
SCALES = {
    "": 1, "K": 10**3, "TSD": 10**3, "THOUSAND": 10**3, "LAKH": 10**5, "LAKHS": 10**5, "M": 10**6, "MM": 10**6,
    "MIO": 10**6, "MLN": 10**6, "MN": 10**6, "MILLION": 10**6, "CR": 10**7, "CRORE": 10**7, "CRORES": 10**7,
    "B": 10**9, "BN": 10**9, "MRD": 10**9, "BILLION": 10**9, "T": 10**12,
}  # fmt: skip
PLAIN = re.compile(r"-?\d{1,18}(?:\.\d{1,12})?")
AMOUNT = re.compile(
    r"(?P<before>[^\d.,+-]*)(?P<sign>[+-]?)(?P<mid>[^\d.,+-]*)(?P<digits>[.,]?\d[\d.,']*)(?P<after>[^\d]*)"
)
EXPONENT = re.compile(r"[+-]?\d{1,17}(?:\.\d{1,17})?E[+-]?\d{1,2}", re.IGNORECASE)
LOSS = re.compile(r"(.*)\(([^()]*\d[^()]*)\)(.*)")
# What a workbook shows for nothing in a column of money.
NOTHING = re.compile(r"([^\d\s.,+-]+)-+|-+([^\d\s.,+-]+)")
BLANKS = re.compile(r"[\s\u00a0\u2007\u2009\u202f_]+")
GROUPED = {mark: re.compile(rf"\d{{1,3}}(?:{re.escape(mark)}\d{{2,3}})*{re.escape(mark)}\d{{3}}") for mark in ",."}


def guess_decimal_mark(samples):
    """',' or '.' when a number of the column can only be read one way, else None."""
    found = [mark for mark, sure in map(mark_of, samples) if sure]
    comma, point = found.count(","), found.count(".")
    return None if comma == point else "," if comma > point else "."


def mark_of(cell):
    """(decimal mark, whether it is sure) of a cell; of "1.234" it is perhaps the comma. (None, False) tells nothing."""
    found = re.search(r"\d[\d.,]*", cell) if isinstance(cell, str) else None
    digits = found[0].rstrip(".,") if found else ""
    if mark := _clear_mark(digits):
        return mark, True
    return ("," if "." in digits else "." if "," in digits else None), False


def _clear_mark(digits):
    """The decimal mark that the digits prove, or None."""
    last, commas, points = max(digits.rfind(","), digits.rfind(".")), digits.count(","), digits.count(".")
    if commas and points:
        return digits[last]
    if commas + points == 1 and (len(digits) - last != 4 or last > 3 or digits[0] == "0"):
        return digits[last]
    if commas > 1 or points > 1:
        return "." if commas > 1 else ","
    return None


def parse_decimal(cell, decimal_mark=None):
    """An exact Decimal; a percent sign is dropped, "(12.50)" and "12.50-" are negative, "1.5K" is 1500."""
    number, currency = _amount(cell, decimal_mark)
    if currency:
        refuse(_("“%(value)s” is not a number."), cell)
    return number


def parse_money(cell, decimal_mark=None, *, dollar="USD"):
    """(amount, currency code or None); a bare $ means the `dollar` given. An empty cell is (None, None)."""
    number, currency = _amount(cell, decimal_mark)
    return number, dollar if currency == "$" else currency


def parse_integer(cell, decimal_mark=None):
    """A whole number that a database can hold; "40.0" is one, "1.5" is not."""
    if type(cell) is str and cell.isascii() and cell.isdigit() and len(cell) < 19:
        return int(cell)
    number = parse_decimal(cell, decimal_mark)
    if number is None:
        return None
    if number != number.to_integral_value() or abs(number) >= 2**63:
        refuse(_("“%(value)s” is not a whole number."), cell)
    return int(number)


def _amount(cell, decimal_mark):
    if type(cell) is str:
        return _amount_of_text(cell, decimal_mark)
    if is_empty(cell):
        return None, None
    if isinstance(cell, bool) or not isinstance(cell, (int, float, Decimal)):
        refuse(_("“%(value)s” is not a number."), cell)
    number = Decimal(repr(cell)) if isinstance(cell, float) else Decimal(cell)
    return (number, None) if number.is_finite() else refuse(_("“%(value)s” is not a number."), cell)


@lru_cache(CACHE_SIZE)
def _amount_of_text(cell, decimal_mark):
    if decimal_mark != "," and PLAIN.fullmatch(cell):
        return Decimal(cell), None
    if is_empty(cell):
        return None, None
    text = BLANKS.sub("", ABBREVIATED.sub("", cell)).replace("−", "-").replace("’", "'")
    if EXPONENT.fullmatch(text):
        return Decimal(text), None
    if nothing := NOTHING.fullmatch(text):
        return Decimal(0), _unit(nothing.groups(""), cell)[1]
    negative = LOSS.fullmatch(text) if len(text) < 60 else None
    found = AMOUNT.fullmatch("".join(negative.groups()) if negative else text) if len(text) < 60 else None
    negative = bool(negative)
    if not found:
        refuse(_("“%(value)s” is not a number."), cell)
    after = found["after"]
    if after.endswith("-"):  # "12-" is negative, "12.-" is a round sum
        negative, after = negative or found["digits"][-1] not in ".,", after[:-1]
    scale, currency = _unit((found["before"] + found["mid"], after), cell)
    number = _decimal(found["digits"], decimal_mark, cell) * scale
    return (-number if negative != (found["sign"] == "-") else number), currency


def _unit(parts, cell):
    """(scale, currency) of the words around the digits: "K", "€", "k€", "USD"."""
    scale, currency = 1, ""
    for word in parts:
        factor, sign = _scaled(WRAPPED.sub(r"\1", word.upper()).removesuffix("%").rstrip(".-"))
        named = _currency(sign) if sign else ""
        currency = None if named is None else _joined(currency, named)
        if currency is None:
            refuse(_("“%(value)s” is not a number."), cell)
        scale *= factor
    return scale, currency or None


def currency_of(text):
    """The code of the currency that a code or sign stands for, however it is written; "" where it stands for none."""
    code = _currency(text.strip().upper())
    return "" if code in (None, "$") else code


def _joined(one, other):
    """What two words for a currency mean together, such as "$" and "CAD"; None where they contradict each other."""
    if not one or not other or one == other:
        return one or other
    told = one if other == "$" else other
    return told if "$" in (one, other) and told in DOLLARS else None


@lru_cache(1000)
def _scaled(word):
    """(1000, "EUR") of "KEUR" or "EURK"; (1, word) when no scale is in it, or when all of it is a currency."""
    for length in range(min(8, len(word)) if _currency(word) is None else -1, -1, -1):
        head, tail = word[:length], word[length:].lstrip(".")
        if head.rstrip(".") in SCALES and (not tail or _currency(tail) is not None):
            return SCALES[head.rstrip(".")], tail
        if _currency(head.rstrip(".")) is not None and tail in SCALES:
            return SCALES[tail], head.rstrip(".")
    return 1, word


def _currency(word):
    """The code of a word or sign, "$" for a bare one, "" for one of several countries; None when it is none."""
    if word in CURRENCY_SIGNS:
        return CURRENCY_SIGNS[word]
    if word.endswith("$") and word[:-1] in DOLLARS:
        return word[:-1]
    return word if word == "$" or word in CURRENCIES else None


def _decimal(digits, decimal_mark, cell):
    """The number that the digits spell; a single mark before three digits is read by the column's habit."""
    digits = digits.replace("'", "").rstrip(",")
    mark = _clear_mark(digits) or decimal_mark or "."
    if digits.count(mark) > 1:
        refuse(_("“%(value)s” is not a number."), cell)
    other = "," if mark == "." else "."
    whole, _mark, fraction = digits.partition(mark)
    if other in fraction or (other in whole and not GROUPED[other].fullmatch(whole)):
        refuse(_("“%(value)s” is not a number."), cell)
    return Decimal(f"{whole.replace(other, '') or 0}.{fraction or 0}" if fraction else whole.replace(other, ""))
