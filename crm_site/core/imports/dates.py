"""Dates and moments in the cells of an import, in the notations that spreadsheets and other programs write."""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from datetime import timezone as fixed_zone
from decimal import Decimal
from functools import lru_cache

from django.utils import timezone
from django.utils.translation import gettext as _

from .cells import CACHE_SIZE, is_empty, refuse

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero ene januari janeiro gennaio gen stycznia sty janv jän ian ianuarie",
            "feb february februar février fév fevrier fev febrero februari fevereiro febbraio lutego lut févr",
            "mar march märz mär mars marzo maart mrt março marca mrz martie",
            "apr april avril avr abril abr aprile kwietnia kwi aprilie",
            "may mai mayo mei maj maio maggio mag maja",
            "jun june juni juin junio junho giugno giu czerwca cze iunie",
            "jul july juli juillet juil julio julho luglio lug lipca lip iulie",
            "aug august août aout agosto ago augustus augusti sierpnia sie",
            "sep sept september septembre septiembre setembro set settembre wrz września septembrie",
            "oct october oktober okt octobre octubre outubro out ottobre ott października paź octombrie",
            "nov november novembre noviembre novembro listopada lis noiembrie",
            "dec december dezember dez décembre déc decembre diciembre dic dezembro dicembre grudnia gru decembrie",
        ),
        1,
    )
    for name in names.split()
}
# Names of zones that mean one offset wherever they are written, in hours.
ZONES = {"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MEZ": 1, "MESZ": 2,
         "EDT": -4, "EST": -5, "CDT": -5, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8}  # fmt: skip
CLOCK = (
    r"(?:[T,\s]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[ap])\.?\s?m\.?)?)?"
    rf"(?:\s*\(?(?:(?:UTC|GMT)(?=[+-]))?(?P<zone>{'|'.join(ZONES)}|[+-]\d{{1,2}}(?::?\d{{2}})?)\)?(?:\s*\([^()]*\))?)?"
)
YEAR_FIRST = re.compile(r"(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})" + CLOCK, re.IGNORECASE)
NUMBERS = re.compile(r"(?P<a>\d{1,2})([-/.])(?P<b>\d{1,2})\2(?P<y>\d{4}|\d{2})" + CLOCK, re.IGNORECASE)
DAY_MONTH = re.compile(
    r"(?:[^\W\d]+\.?,?\s+)?(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?[\s/-]+(?:de\s+)?(?P<name>[^\W\d]+)\.?,?[\s/-]+(?:de\s+)?"
    r"(?P<y>\d{4}|\d{2})" + CLOCK,
    re.IGNORECASE,
)
MONTH_DAY = re.compile(
    r"(?:[^\W\d]+,?\s+)?(?P<name>[^\W\d]+)\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})" + CLOCK, re.IGNORECASE
)
# "Tue Dec 31 10:00:00 UTC 2024" has its year at the end.
YEAR_LAST = re.compile(r"(?:[^\W\d]{3}\s+)?([^\W\d]{3}\s+\d{1,2})\s+(\d{1,2}:\d{2}:\d{2}(?:\s+[A-Z]{3,4})?)\s+(\d{4})")
# 2024年12月31日, 2024. 12. 31.
SIGNS = re.compile(r"(\d{4})\s?[年년.]\s?(\d{1,2})\s?[月월.]\s?(\d{1,2})\s?(?:[日일.]|(?=$|\s))")
COMPACT = re.compile(
    r"(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)(?:T?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?P<zone>Z)?)?"
)
UNIX_TIME = re.compile(r"\d{10}|\d{13}")
SERIAL = re.compile(r"\d{1,6}(?:\.\d+)?")
ZEROS = re.compile(r"0{1,4}[-/.]0{1,2}[-/.]0{1,4}(?:[T\s]+[0:.]*)?")
EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - local to the column, as are all moments without an offset
LAST_SERIAL = 2_958_465  # 31 December 9999


def guess_day_first(samples):
    """True when a date of the column can only be day/month, False when only month/day, None without any evidence.

    Of a column that shows both, the commoner reading wins.
    """
    found = [day for day, sure in map(day_of, samples) if sure]
    day, month = found.count(True), found.count(False)
    return None if day == month else day > month


def day_of(cell):
    """(whether the first number of a date is its day, whether that is sure); (None, False) for what is no such date."""
    found = NUMBERS.match(cell.strip()) if isinstance(cell, str) else None
    if not found:
        return None, False
    first, second = int(found["a"]), int(found["b"])
    return second <= 12, (first > 12) != (second > 12)


def parse_date(cell, day_first=True):
    """The date in a cell; a time beside it is left out. "0/0/00" is None."""
    if type(cell) is str:
        moment = _moment(cell.strip(), True if day_first is None else day_first)
        return moment and moment.date()
    moment = _typed_moment(cell)
    return moment and moment.date()


def parse_datetime(cell, tz=None, day_first=True):
    """The aware moment in a cell; one without an offset is local to `tz` (default: the current zone)."""
    if type(cell) is str:
        moment = _moment(cell.strip(), True if day_first is None else day_first)
    else:
        moment = _typed_moment(cell)
    if moment is None or moment.tzinfo:
        return moment
    return timezone.make_aware(moment, tz or timezone.get_current_timezone())


def _typed_moment(cell):
    if is_empty(cell):
        return None
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime.combine(cell, time())
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return _from_number(Decimal(repr(cell)), cell)
    return refuse(_("“%(value)s” is not a date."), cell)


@lru_cache(CACHE_SIZE)
def _moment(text, day_first):
    if is_empty(text) or ZEROS.fullmatch(text):
        return None
    try:
        moment = _written_out(text, day_first)
    except (ValueError, KeyError):
        moment = None
    if moment:
        return moment
    if SERIAL.fullmatch(text) or UNIX_TIME.fullmatch(text):
        return _from_number(Decimal(text), text)
    return refuse(_("“%(value)s” is not a date."), text)


def _written_out(text, day_first):
    """The moment of a text with day, month and year; None for any other. ValueError or KeyError: no such day."""
    text = YEAR_LAST.sub(r"\1 \3 \2", SIGNS.sub(r"\1-\2-\3", text))
    if found := YEAR_FIRST.fullmatch(text):
        return _assemble(found, int(found["y"]), int(found["m"]), int(found["d"]))
    if found := NUMBERS.fullmatch(text):
        first, second = int(found["a"]), int(found["b"])
        if second > 12 or (first <= 12 and not day_first):
            first, second = second, first
        return _assemble(found, _year(found["y"]), second, first)
    if found := DAY_MONTH.fullmatch(text) or MONTH_DAY.fullmatch(text):
        month = MONTHS[unicodedata.normalize("NFC", found["name"]).lower()]
        return _assemble(found, _year(found["y"]), month, int(found["d"]))
    if found := COMPACT.fullmatch(text):
        clock = (int(found[part] or 0) for part in ("hour", "minute", "second"))
        return datetime(
            int(found["y"]), int(found["m"]), int(found["d"]), *clock, tzinfo=UTC if found["zone"] else None
        )
    return None


def _year(text):
    """Two digits mean 1970 to 2069, as in POSIX within a year."""
    year = int(text)
    return year if len(text) == 4 else year + (1900 if year >= 70 else 2000)


def _assemble(found, year, month, day):
    if not found["hour"]:
        return datetime(year, month, day)  # noqa: DTZ001
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if found["half"] in "pP" else 0)
    micro = int((found["fraction"] or "").ljust(6, "0")[:6])
    moment = datetime(year, month, day, hour, int(found["minute"]), int(found["second"] or 0), micro)  # noqa: DTZ001
    zone = found["zone"]
    if not zone:
        return moment
    if zone.upper() in ZONES:
        return moment.replace(tzinfo=fixed_zone(timedelta(hours=ZONES[zone.upper()])))
    hours, minutes = re.fullmatch(r"[+-](\d{1,2}?):?(\d\d)?", zone).groups("0")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return moment.replace(tzinfo=fixed_zone(-offset if zone[0] == "-" else offset))


def _from_number(number, cell):
    """Excel counts days since 30 December 1899, Unix seconds or milliseconds since 1970; years alone are no dates."""
    if 0 <= number < 1:
        return None if number == 0 else refuse(_("“%(value)s” is not a date."), cell)
    if 10_000 <= number <= LAST_SERIAL:
        return EXCEL_EPOCH + timedelta(seconds=round(number * 86_400))
    if number >= 10**12:
        number /= 1000
    if 10**8 <= number < 4 * 10**9:
        return datetime.fromtimestamp(int(number), UTC)
    return refuse(_("“%(value)s” is not a date."), cell)
