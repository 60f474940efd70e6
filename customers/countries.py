"""Countries: the choices of a form, and the code behind what people write."""

from functools import lru_cache

from babel import Locale

# What people write that no list of names holds.
SPOKEN = {
    "uk": "GB", "u.k.": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "usa": "US",
    "u.s.a.": "US", "u.s.": "US", "america": "US", "united states of america": "US", "holland": "NL",
    "the netherlands": "NL", "deutschland": "DE", "österreich": "AT", "schweiz": "CH", "suisse": "CH", "españa": "ES",
    "italia": "IT", "brasil": "BR", "south korea": "KR", "korea": "KR", "russia": "RU", "uae": "AE",
    "czech republic": "CZ", "turkey": "TR", "bosnia": "BA", "macedonia": "MK", "ivory coast": "CI",
}  # fmt: skip
NO_COUNTRY = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}


@lru_cache
def names():
    """{ISO code: English name} of every country and territory."""
    found = Locale("en").territories
    return {code: name for code, name in found.items() if len(code) == 2 and code not in NO_COUNTRY}


@lru_cache
def codes():
    """{name in lower case: ISO code}."""
    return {name.lower(): code for code, name in names().items()} | SPOKEN


@lru_cache
def country_choices():
    """The options of a form field, by name, the empty one first."""
    return ("", "—"), *sorted(names().items(), key=lambda pair: pair[1])


def country_code(text):
    """The ISO code of a code or a name, or an empty text when it is neither."""
    text = (text or "").strip()
    if len(text) == 2 and text.upper() in names():
        return text.upper()
    return codes().get(text.lower(), "")


def country_name(code):
    """The English name of a code; the code itself when it is unknown."""
    return names().get(code, code)
