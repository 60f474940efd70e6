"""Telephone numbers as they are typed, made comparable; what the library of numbers says, for most of them sooner.

Its long way through a number takes a quarter of an import. A number that is written with its country and is whole as it
stands needs none of it but the patterns of its country.
"""

import re
from functools import cache, lru_cache

import phonenumbers
from phonenumbers import PhoneMetadata

from .cells import CACHE_SIZE, clean_text, is_empty

TYPES = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip", "personal_number", "pager", "uan",
         "voicemail")  # fmt: skip
WHOLE = re.compile(r"\+[0-9 ()./-]{6,30}")
BESIDE_DIGITS = str.maketrans("", "", " ()./-+")


def parse_phone(cell, country=None):
    """(number as typed, E.164 or '', whether it is valid); `country` is the ISO code of numbers without one."""
    text = clean_text(cell)
    if is_empty(text):
        return "", "", False
    return text, *_phone(text, country or None)


@lru_cache(CACHE_SIZE)
def _phone(text, country):
    if found := plainly(text):
        return found, True
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return "", False
    if not phonenumbers.is_valid_number(number):
        return "", False
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), True


def plainly(text):
    """The E.164 of a number that is valid as it stands, else empty; never another than the library's."""
    if not WHOLE.fullmatch(text):
        return ""
    digits = text.translate(BESIDE_DIGITS)
    code = next((digits[:n] for n in (1, 2, 3) if phonenumbers.region_codes_for_country_code(int(digits[:n] or 0))), "")
    rest = digits[len(code) :]
    # A zero of Italy's, and digits that the library may take off, need its long way.
    if not code or digits[0] == "0" or rest.startswith("0") or (prefix := prefix_of(code)) is None:
        return ""
    if prefix and re.match(prefix, rest):
        return ""
    return f"+{digits}" if is_valid(code, rest) else ""


@cache
def prefix_of(code):
    """What is dialled before a number within the country, as a pattern; None for codes that are no country's."""
    main = phonenumbers.region_code_for_country_code(int(code))
    data = PhoneMetadata.metadata_for_region(main, None)
    return None if data is None else data.national_prefix_for_parsing or ""


def is_valid(code, rest):
    """Whether the number is of any type in the first country of the code that it can belong to."""
    for region, leading in regions_of(code):
        if leading and re.match(leading, rest):
            return fits(region, rest)
        if not leading and fits(region, rest):
            return True
    return False


@cache
def regions_of(code):
    """[(country, the pattern with which its numbers begin where it shares the code)]."""
    regions = phonenumbers.region_codes_for_country_code(int(code))
    found = [(region, PhoneMetadata.metadata_for_region(region, None)) for region in regions]
    shared = len(found) > 1
    return [(region, data.leading_digits if shared else None) for region, data in found if data]


def fits(region, rest):
    """Whether the digits are a number of any type in the country."""
    pattern = pattern_of(region, len(rest))
    return pattern is not None and pattern.fullmatch(rest) is not None


@cache
def pattern_of(region, length):
    """The pattern of a country's numbers that have so many digits; None when there are none."""
    data = PhoneMetadata.metadata_for_region(region, None)
    kinds = [kind for kind in (getattr(data, name) for name in TYPES) if admits(kind, length)]
    if not kinds or not admits(data.general_desc, length):
        return None
    anything = "|".join(f"(?:{kind.national_number_pattern})" for kind in kinds)
    return re.compile(f"(?=(?:{data.general_desc.national_number_pattern})$)(?:{anything})")


def admits(kind, length):
    """Whether numbers of a kind may have so many digits."""
    if kind is None or not kind.national_number_pattern:
        return False
    return not kind.possible_length or length in kind.possible_length
