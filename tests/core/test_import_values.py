"""Cells become dates, sums, numbers, phones and addresses, or a sentence that quotes them (PL-1, CU-2)."""

import json
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from crm_site.core.imports import parsing, values

DATA = Path(os.environ.get("KITH_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
BERLIN = ZoneInfo("Europe/Berlin")


def real(pattern):
    found = sorted(DATA.glob(pattern))
    if not found:
        pytest.skip("no data folder")
    return json.loads(found[0].read_text())


def refused(parse, cell):
    with pytest.raises(ValidationError) as caught:
        parse(cell)
    return caught.value.messages[0]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2021-04-16", date(2021, 4, 16)),
        ("15 Apr, 2021 00:02:00", date(2021, 4, 15)),
        ("03-07-2021 01:09", date(2021, 7, 3)),
        ("31/12/2012", date(2012, 12, 31)),
        ("3/22/2021", date(2021, 3, 22)),
        ("12.5.21", date(2021, 5, 12)),
        ("Apr 3, 2021", date(2021, 4, 3)),
        ("4. März 2024", date(2024, 3, 4)),
        ("20140102", date(2014, 1, 2)),
        ("31 grudnia 2024", date(2024, 12, 31)),
        ("2 mei 2024", date(2024, 5, 2)),
        ("31/Dec/24", date(2024, 12, 31)),
        ("2024年5月6日", date(2024, 5, 6)),
        ("2024. 5. 6.", date(2024, 5, 6)),
        ("Mon May 6 2024", date(2024, 5, 6)),
        ("45631.0", date(2024, 12, 5)),
        (45631, date(2024, 12, 5)),
        (datetime(2020, 2, 29, 12), date(2020, 2, 29)),  # noqa: DTZ001 - as a workbook gives it
        ("0/0/00", None),
        ("0000-00-00", None),
        ("", None),
        ("N/A", None),
    ],
)
def test_dates(cell, expected):
    assert values.parse_date(cell) == expected


@pytest.mark.parametrize("cell", ["31/02/2021", "13/13/2020", "hello", "1996", "1", "9" * 500, "12:30", True])
def test_what_is_no_date(cell):
    assert str(cell)[:20] in refused(values.parse_date, cell)


def test_moments_are_aware():
    assert values.parse_datetime("03-07-2021 01:09", BERLIN) == datetime(2021, 7, 3, 1, 9, tzinfo=BERLIN)
    assert values.parse_datetime("2024-01-01T10:00:00Z", BERLIN) == datetime(2024, 1, 1, 10, tzinfo=UTC)
    assert values.parse_datetime("2024-01-01 10:00:00.5 -05:30", BERLIN).utcoffset().total_seconds() == -19_800
    assert values.parse_datetime("4/3/2021 4:05 PM", BERLIN, day_first=False).hour == 16
    assert values.parse_datetime("4/3/2021 4:05:00 p. m.", BERLIN).hour == 16
    assert values.parse_datetime("20240101T100000Z", BERLIN) == datetime(2024, 1, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    ["2024-05-06 10:00:00+02", "Mon May 6 2024 10:00:00 GMT+0200 (Central European Summer Time)", "5/6/2024 04:00 EDT",
     "Mon May  6 08:00:00 UTC 2024", "06-MAY-24 10.00.00.000000 AM", "2024-05-06 10.00 (CEST)"],
)  # fmt: skip
def test_moments_of_other_programs(cell):
    assert values.parse_datetime(cell, BERLIN, day_first=False) == datetime(2024, 5, 6, 8, tzinfo=UTC)


def test_the_column_decides_between_day_and_month():
    assert values.guess_day_first(["03-07-2021", "22-07-2021"]) is True
    assert values.guess_day_first(["3/4/2021", "3/22/2021"]) is False
    assert values.guess_day_first(["1/2/2020", "", "x", 7]) is None
    assert values.parse_date("3/4/2021", day_first=False) == date(2021, 3, 4)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("$22,700.00", (Decimal("22700.00"), "USD")),
        ("$115.00K", (Decimal(115000), "USD")),
        ("1.234,56 €", (Decimal("1234.56"), "EUR")),
        ("(12.50)", (Decimal("-12.50"), None)),
        ("12,50-", (Decimal("-12.50"), None)),
        ("-$5", (Decimal(-5), "USD")),
        ("CHF 1'234.50", (Decimal("1234.50"), "CHF")),
        ("CHF 5.-", (Decimal(5), "CHF")),
        ("1 234 567,89", (Decimal("1234567.89"), None)),
        ("1,7", (Decimal("1.7"), None)),
        ("200.000.000", (Decimal(200_000_000), None)),
        ("1,234", (Decimal(1234), None)),
        ("5 kEUR", (Decimal(5000), "EUR")),
        ("$1,23,456.00", (Decimal(123456), "USD")),
        ("1 234,56 kr.", (Decimal("1234.56"), None)),
        ("Rs. 500", (Decimal(500), "INR")),
        ("Fr. 1'234.50", (Decimal("1234.50"), "CHF")),
        ("$1,000.00 CAD", (Decimal(1000), "CAD")),
        ("USD $1,000.00", (Decimal(1000), "USD")),
        ("$ (500.00)", (Decimal(-500), "USD")),
        (" $-   ", (Decimal(0), "USD")),
        ("3 Mio. €", (Decimal(3_000_000), "EUR")),
        ("₹ 2.5 lakh", (Decimal(250_000), "INR")),
        (1100.04, (Decimal("1100.04"), None)),
        ("-", (None, None)),
        ("", (None, None)),
    ],
)
def test_money(cell, expected):
    assert values.parse_money(cell) == expected


@pytest.mark.parametrize(
    "cell", ["abc", "5 apples", "€5 USD", "$5 EUR", "5 pcs", "1,2,3", "12.34.56", "1..2", "1e999", float("nan"), True]
)
def test_what_is_no_money(cell):
    assert refused(values.parse_money, cell)


def test_the_column_decides_the_decimal_mark():
    assert values.guess_decimal_mark(["1.234", "5,5", "1.000,00"]) == ","
    assert values.guess_decimal_mark(["1,234", "5.5"]) == "."
    assert values.guess_decimal_mark(["1.234", "17"]) is None
    assert values.parse_decimal("1.234", ",") == 1234
    assert values.parse_decimal("1.234") == Decimal("1.234")
    assert values.parse_money("$5", dollar="CAD") == (5, "CAD")


def test_whole_numbers_and_answers():
    assert [values.parse_integer(cell) for cell in ("2,822", "40.0", "007", "", 40.0)] == [2822, 40, 7, None, 40]
    assert refused(values.parse_integer, "1.5")
    assert refused(values.parse_integer, "9" * 30)
    answers = [
        values.parse_boolean(cell) for cell in ("Yes", "x", 1, "tak", "1.0", "FALSE", "nein", 0.0, "нет", "", "-")
    ]
    assert answers == [True] * 5 + [False] * 4 + [None] * 2
    assert refused(values.parse_boolean, "maybe")


def test_addresses_of_mail():
    assert values.parse_email(" BeckiTTucker@Dayrep.com ") == "beckittucker@dayrep.com"
    assert values.parse_email("Becki <mailto:becki@dayrep.com>") == "becki@dayrep.com"
    assert values.parse_email("jürgen@müller.de") == "jürgen@müller.de"
    assert values.parse_email("-") is None
    assert refused(values.parse_email, "a@b.com\r\nBcc: x@y.com")
    assert refused(values.parse_email, "a@b.com; c@d.com")
    read = partial(parsing.read_addresses, markers=values.EMPTY_MARKERS)
    assert read("a@b.com, C@d.com c@d.com; e@f.com (home)") == ["a@b.com", "c@d.com", "c@d.com", "e@f.com"]
    assert read("'a@b.com'.") == read("Ann Lee <a@b.com>") == ["a@b.com"]


def test_probabilities_are_shares_or_percents():
    assert parsing.is_share(["0.4", "1", "0", "0,25"])
    assert not parsing.is_share(["1", "0"])
    assert not parsing.is_share(["0.4", "40"])
    assert parsing.read_number("0.4", mark=None, unit="share") == 40


def test_web_addresses():
    assert values.parse_url("BetaPages.com") == "https://betapages.com"
    assert values.parse_url("HTTP://Example.com/A?b=C") == "http://example.com/A?b=C"
    for cell in ("javascript:alert(1)", "data:text/html,x", "https://a b.c", "localhost", "https://good.com@evil.com"):
        assert refused(values.parse_url, cell)


def test_phones_keep_what_was_typed():
    assert values.parse_phone("805-247-8982", "US") == ("805-247-8982", "+18052478982", True)
    assert values.parse_phone("805-247-8982", None) == ("805-247-8982", "", False)
    assert values.parse_phone("call me", "US") == ("call me", "", False)


def test_text_is_kept_but_for_nul_and_line_ends():
    assert values.clean_text(" a\0b\r\nc\rd ") == "ab\nc\nd"
    assert values.restore_formula("'=1+1") == "=1+1"
    assert values.restore_formula("'tis") == "'tis"
    assert values.split_values("* myContacts ::: Customers") == ["* myContacts", "Customers"]


def test_words_for_nothing_count_in_text_only_when_alone():
    assert "null" in values.guess_empty_markers(["Null", "", "-"], "text")
    assert "null" not in values.guess_empty_markers(["Null", "Smith"], "text")
    assert "select" in values.guess_empty_markers(["Select", "Google"], "choice")


@pytest.mark.real_data
def test_every_phone_case():
    cases = real("phone/*.json")
    wanted = [(case["input"], case["region"], case) for case in cases["messy"]]
    for case in cases["examples"]:
        if case["valid"]:
            wanted.append((case["international"], "ZZ", case))
        if case["valid"] and case.get("national_reparses"):
            wanted.append((case["national"], case["region"], case))
    assert len(wanted) > 100
    for text, region, case in wanted:
        expected = (case["e164"], True) if case.get("valid") else ("", False)
        assert values.parse_phone(text, None if region == "ZZ" else region)[1:] == expected, text


@pytest.mark.real_data
def test_every_mail_address_case():
    counts = {True: 0, False: 0}
    for case in real("email/addresses/*.json"):
        try:
            accepted = bool(values.parse_email(case["address"]))
        except ValidationError:
            accepted = False
        if case["category"] in ("ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN"):
            assert accepted, case["address"]
        elif case["category"] == "ISEMAIL_ERR":
            assert not accepted, case["address"]
        counts[accepted] += 1
    assert counts[True] >= 22
    assert counts[False] >= 66


@pytest.mark.real_data
def test_naughty_strings_stay_as_they_are():
    for text in real("text/*.json"):
        assert values.clean_text(text) == text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").strip()
        for parse in (
            values.parse_date,
            values.parse_money,
            values.parse_email,
            values.parse_url,
            values.parse_boolean,
        ):
            try:
                parse(text)
            except ValidationError:
                continue
        values.parse_phone(text, "US")
