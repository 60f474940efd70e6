"""Propose where each column of a table belongs, by its header and by what its cells look like."""

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from django.utils.translation import gettext as _

from .cells import is_empty
from .values import NO, YES

# Names that other programs give to a field, the surest first. A target finds its own by its full name
# ("account.name"), or else by what follows the point ("contact.email" by "email").
ALIASES = {
    "external_id": ("record id", "external id", "unique id", "legacy id", "source id", "id",
                    "id des datensatzes", "datensatz id"),
    "number": ("number", "customer number", "account number", "contact number", "no", "nr", "kundennummer"),
    "first_name": ("first name", "given name", "forename", "firstname", "fname", "vorname", "prénom", "nombre", "nome"),
    "middle_name": ("middle name", "additional name", "second name"),
    "last_name": ("last name", "surname", "family name", "lastname", "lname", "nachname", "apellido", "apellidos",
                  "nom", "nom de famille", "cognome"),
    "full_name": ("full name", "name", "contact name", "person name", "customer name", "display name", "contact",
                  "ansprechpartner"),
    "salutation": ("salutation", "name prefix", "prefix", "honorific", "anrede"),
    "suffix": ("suffix", "name suffix"),
    "nickname": ("nickname", "nick name"),
    "job_title": ("job title", "organization title", "organization 1 title", "position", "role", "title", "function",
                  "jobtitle", "beruf", "funktion"),
    "department": ("department", "organization department", "dept", "division", "abteilung"),
    "email": ("email", "e mail", "email address", "e mail address", "e mail 1 value", "primary email", "work email",
              "business email", "email work", "email 1", "mail", "customer email", "contact email", "correo", "emails",
              "email addresses", "correo electrónico", "courriel", "e mail adresse", "adresse e mail"),
    "email_secondary": ("secondary email", "email 2", "e mail 2 address", "e mail 2 value", "email home", "home email",
                        "personal email", "other email", "alternate email", "private email"),
    "mobile": ("mobile", "mobile phone", "cell", "cell phone", "mobile number", "phone mobile", "handy", "mobil",
               "cellphone", "gsm", "mobiltelefon", "handynummer", "portable", "móvil", "phone 1 value"),
    "phone": ("phone", "business phone", "work phone", "phone number", "telephone", "tel", "office phone",
              "phone work", "main phone", "primary phone", "telephone number", "contact phone", "company main phone",
              "telefon", "telefonnummer", "téléphone", "teléfono", "phone 1 value", "phone 2 value"),
    "fax": ("fax", "business fax", "fax number"),
    "website": ("website", "web site", "web page", "homepage", "url", "web", "website 1 value", "company domain name",
                "webseite", "internetseite", "site web", "sitio web", "domain"),
    "birthday": ("birthday", "birth date", "date of birth", "dob", "birthdate", "geburtstag", "geburtsdatum",
                 "date de naissance", "fecha de nacimiento"),
    "language": ("language", "preferred language", "locale"),
    "time_zone": ("time zone", "timezone"),
    "country": ("country", "country code", "cc", "land"),
    "lead_source": ("lead source", "source", "origin", "original source", "how did you hear about us"),
    "status": ("status", "lead status", "customer status", "state of customer", "lifecycle stage"),
    "owner": ("owner", "contact owner", "account owner", "record owner", "activity owner", "task owner", "call owner",
              "event owner", "lead owner", "assigned to", "sales agent", "responsible", "account manager",
              "owner name", "assignee", "sales owner", "assigned user name", "assigned user", "assigned to user",
              "betreuer", "verantwortlich", "verantwortlicher", "zuständig", "propriétaire", "responsable"),
    "team": ("team", "group", "regional office", "office"),
    "tags": ("tags", "labels", "tag", "label", "categories", "groups", "keywords", "group membership"),
    "notes": ("notes", "note", "comments", "comment", "remarks", "description", "bemerkung", "additional information",
              "bemerkungen", "notizen", "notas", "remarques"),
    "description": ("description", "notes", "note", "comments", "remarks", "beschreibung", "bemerkung", "bemerkungen",
                    "notizen", "descripción", "notas", "remarques", "observations"),
    "created_at": ("created time", "created at", "created date", "created", "created on", "date created",
                   "creation date", "create date", "erstellt", "erstellt am", "angelegt am", "added time", "date added",
                   "person created", "organization created", "deal created", "lead created", "date de création",
                   "fecha de creación"),
    "do_not_call": ("do not call", "no calls", "phone opt out"),
    "do_not_email": ("do not email", "email opt out", "unsubscribed", "opted out", "opt out", "no email"),
    "consent.given_at": ("optin time", "opt in time", "consent date", "consent given at", "subscribed at",
                         "subscription date", "opt in date"),
    "consent.evidence_ip": ("optin ip", "opt in ip", "consent ip"),
    "consent.confirmed_at": ("confirm time", "confirmed at", "double opt in time", "confirmation date"),
    "consent.confirmed_ip": ("confirm ip",),
    "address.street": ("business street", "address 1 street", "street", "street address", "mailing street",
                       "billing street", "address line 1", "address 1", "street name", "address", "straße",
                       "billing address street", "address 1 street 1", "primary address street", "rue", "calle",
                       "adresse", "dirección"),
    "address.street_2": ("business street 2", "address line 2", "address 2", "address 1 extended address"),
    "address.city": ("business city", "address 1 city", "city", "mailing city", "billing city", "town", "suburb",
                     "locality", "ort", "stadt", "ville", "billing address city", "ciudad"),
    "address.region": ("business state", "address 1 region", "state", "region", "province", "county", "mailing state",
                       "billing state", "state province", "bundesland", "address state", "billing address state",
                       "address 1 state province", "provincia"),
    "address.postal_code": ("business postal code", "address 1 postal code", "postal code", "zip", "zip code",
                            "postcode", "mailing zip", "billing zip", "billing postal code", "plz", "billing code",
                            "mailing code", "zipcode", "zip postal code", "address 1 zip postal code", "postleitzahl",
                            "billing address postal code", "mailing postal code", "code postal", "código postal"),
    "address.country": ("business country region", "address 1 country", "country", "country region",
                        "mailing country", "billing country", "business country", "address 1 country region",
                        "billing address country", "cc", "land", "pays", "país"),
    "account.name": ("account name", "organization name", "company", "company name", "organization 1 name",
                     "organisation", "organization", "account", "employer", "business name", "firma", "société",
                     "unternehmen", "entreprise", "empresa", "azienda", "bedrijf"),
    "account.external_id": ("account id", "account name id", "organization id", "company id"),
    "account.address": ("organization address", "company address", "account address"),
    "name": ("account name", "company name", "company", "organization name", "organization", "account", "name",
             "site name", "business name", "security", "customer", "firma",
             "unternehmen", "société", "entreprise", "empresa", "azienda", "bedrijf"),
    "industry": ("industry", "sector", "branch", "gics sector", "branche", "industry type"),
    "account_type": ("account type", "type", "customer type", "category", "relationship type", "business type"),
    "parent": ("parent account", "subsidiary of", "parent", "parent company", "parent organization",
               "parent sales account"),
    "parent.id": ("parent account id", "parent id", "parent sales account id", "parent company id"),
    "employees": ("employees", "number of employees", "employee count", "headcount", "company size",
                  "no of employees", "mitarbeiter", "anzahl mitarbeiter", "effectif", "empleados"),
    "annual_revenue": ("annual revenue", "revenue", "turnover", "umsatz"),
    "founded": ("year established", "founded", "year founded"),
    "tax_id": ("tax id", "vat number", "vat id", "vat", "ust id"),
    "opportunity.name": ("deal title", "deal name", "opportunity name", "potential name", "opportunity", "deal"),
    "opportunity.amount": ("deal value", "deal amount", "amount", "value", "opportunity amount", "close value"),
    "subject": ("subject", "activity subject", "task subject", "title", "topic", "betreff"),
    "activity_type": ("activity type", "interaction type", "call type", "task type", "type", "kind"),
    "due_date": ("due date", "activity due date", "due", "deadline", "due at", "fällig"),
    "starts_at": ("start date time", "start datetime", "call start time", "start time", "start", "interaction date",
                  "activity date", "start date", "date", "from", "beginn"),
    "ends_at": ("end date time", "end datetime", "end time", "end", "end date", "to", "ende"),
    "duration": ("duration", "call duration in minutes", "call duration", "duration minutes", "minutes"),
    "direction": ("direction", "call direction"),
    "priority": ("priority", "prio", "urgency"),
    "done_at": ("completed at", "closed time", "done at", "completed on", "completion date"),
    "contact": ("contact", "contact email", "contact name", "contactid", "related contact", "attendee"),
    "account": ("account", "account name", "accountid", "company"),
    "body": ("content", "note content", "description", "notes", "note", "body", "details", "text", "message"),
    "username": ("username", "user name", "login", "user", "alias"),
    "role": ("role", "profile", "user role", "job title"),
    "manager": ("manager", "reports to", "supervisor", "manager name"),
    "is_active": ("active", "is active", "enabled", "status"),
}  # fmt: skip

OBJECT_WORDS = {
    "contact": "contact", "person": "contact", "people": "contact", "customer": "contact",
    "account": "account", "organization": "account", "organisation": "account", "company": "account",
    "deal": "opportunity", "opportunity": "opportunity", "potential": "opportunity",
    "activity": "activity", "task": "activity", "call": "activity", "event": "activity", "meeting": "activity",
    "interaction": "activity", "note": "note", "lead": "lead", "user": "user", "consent": "consent",
    "case": "case", "ticket": "case", "incident": "case", "campaign": "campaign", "product": "product",
    "quote": "quote", "order": "order", "invoice": "invoice", "pipeline": "opportunity", "team": "team",
    "firma": "account", "firmen": "account", "unternehmen": "account", "entreprise": "account", "societe": "account",
    "empresa": "account", "kontakt": "contact", "kontakte": "contact", "contacto": "contact",
    "verkaufschance": "opportunity", "verkaufschancen": "opportunity", "opportunite": "opportunity",
    "oportunidad": "opportunity", "oportunidade": "opportunity", "aufgabe": "activity", "aufgaben": "activity",
    "aktivitat": "activity", "aktivitaten": "activity", "tache": "activity", "tarea": "activity",
    "benutzer": "user", "produkt": "product", "produkte": "product", "produit": "product", "producto": "product",
    "angebot": "quote", "angebote": "quote", "devis": "quote", "rechnung": "invoice", "rechnungen": "invoice",
    "facture": "invoice", "auftrag": "order", "auftrage": "order", "commande": "order", "interessenten": "lead",
    "vorgang": "case", "vorgange": "case",
}  # fmt: skip
OBJECTS = frozenset(OBJECT_WORDS.values())
KIND_OBJECTS = {
    "accounts": "account", "contacts": "contact", "activities": "activity", "users": "user", "campaigns": "campaign",
    "products": "product", "price_books": "price book", "leads": "lead", "opportunities": "opportunity",
    "quotes": "quote", "sales": "order", "sale_lines": "line", "invoices": "invoice", "members": "member",
    "cases": "case", "case_events": "log",
}  # fmt: skip
# Two words of a file's name that together mean something else than each, in the singular.
PHRASES = {
    "price book": "price book", "price list": "price book", "line item": "line", "order line": "line",
    "campaign lead": "member", "campaign member": "member", "campaign contact": "member", "sale team": "user",
    "sale agent": "user", "sale rep": "user", "event log": "log", "case log": "log", "incident log": "log",
}  # fmt: skip
HARMLESS = frozenset(
    ("primary", "main", "default", "work", "business", "value", "my", "your", "the", "of", "full", "current", "s")
)
MINIMUM = 60
ALIKE = 0.88
SHOWN = 120  # characters of a cell; no shape is longer, and no pattern gets time to go astray
SHAPES = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "phone": re.compile(r"(?=(?:\D*\d){6,})\+?[\d\s().,/x;:+-]{6,60}"),
    "url": re.compile(r"(?:https?://)?[\w-]+(?:\.[\w-]+)+(?:/\S*)?", re.IGNORECASE),
    "date": re.compile(
        r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|\d{5,8}(?:\.\d+)?|.{0,12}[^\W\d]{3,9}\b.{0,16}\b\d{4}\b.*|\d{10}(?:\d{3})?"
        r"|\d{4}\s?[年년.]\s?\d{1,2}\s?[月월.].*|\d{1,2}[-/ ][^\W\d]{3,9}[-/ ]\d{2}\b.*"
    ),
    "number": re.compile(r"[(+-]?\s*[.,]?\d[\d.,'\s%-]*\)?"),
    "money": re.compile(r"[^\d]{0,6}\d[\d.,'’\s]*[^\d]{0,12}"),
    "boolean": re.compile("|".join(map(re.escape, YES | NO)), re.IGNORECASE),
}
SHAPES["datetime"], SHAPES["decimal"] = SHAPES["date"], SHAPES["number"]
TELLING = {  # what the cells of a column must look like to say by themselves where it belongs
    "email": SHAPES["email"],
    "url": re.compile(r"https?://\S+|www\.\S+|[\w-]+\.(?:com|org|net|io|eu|de|fr|uk|co)", re.IGNORECASE),
    # What looks like a day is none.
    "phone": re.compile(r"\+\d[\d\s().-]{7,20}|(?!\d\d?([.-])\d\d?\1\d{4}$)\(?\d{2,5}\)?[\s.-]\d{2,4}[\s.-]\d{3,8}"),
}


class Guess(NamedTuple):
    """The target proposed for a header ('' for none), how sure that is (0 to 100), and why."""

    target: str
    confidence: int
    reason: str


def guess_mapping(headers, samples, targets, thing=""):
    """{header: Guess} for every header; each target is used once and the surest claims are met first.

    `samples` are rows of `Table.sample()` or plain lists of cells; `targets` have name, label, aliases and type.
    A column that identifies the `thing` of the rows, such as "contact", is their id wherever it stands.
    """
    samples = [getattr(row, "cells", row) for row in samples]
    columns = [[row[n] for row in samples if n < len(row) and not is_empty(row[n])] for n in range(len(headers))]
    prefixes = {target.name.partition(".")[0] for target in targets if "." in target.name}
    claims = []
    for n, header in enumerate(headers):
        for order, target in enumerate(targets):
            if target.name == "external_id" and (found := _identified(header)) and (n == 0 or found == thing):
                claims.append((-94.5 if found == thing else -94, n, order, _("known name")))
                continue
            score, reason = _score(header, columns[n], target, prefixes, bool(samples))
            if score >= MINIMUM:
                claims.append((-score, n, order, reason))
    guesses, used = {header: Guess("", 0, "") for header in headers}, set()
    for score, n, order, reason in sorted(claims):
        if order not in used and not guesses[headers[n]].target:
            used.add(order)
            guesses[headers[n]] = Guess(targets[order].name, min(100, round(-score)), reason)
    return guesses


def guess_kind(headers, kinds, file_name=""):
    """The kind of record that a file holds, or None when nothing tells.

    `kinds` is {kind: targets}. The file's name and an identifier such as CONTACTID weigh more than the single columns.
    """
    words = normalise(re.sub(r"\.\w+$", "", file_name)).split()
    told = _phrase(words) or {_object_of(word) for word in words} | {_identified(headers[0]) if headers else ""}
    told -= {None, ""}
    things = {kind: KIND_OBJECTS.get(kind, kind) for kind in kinds}
    if told and told.isdisjoint(things.values()):
        return None
    scores = {}
    for kind, targets in kinds.items():
        guesses = [guess for guess in guess_mapping(headers, [], targets, things[kind]).values() if guess.target]
        score = sum(guess.confidence for guess in guesses if "." not in guess.target) / (100 * len(headers) or 1)
        scores[kind] = score + 0.02 * len(guesses) + 0.6 * (things[kind] in told)
    best = sorted(scores, key=scores.get, reverse=True)
    if not best or scores[best[0]] < 0.25 or (len(best) > 1 and scores[best[0]] - scores[best[1]] < 0.02):
        return None
    return best[0]


@lru_cache(4000)
def normalise(name):
    """A header as plain lower-case words: "E-mail 1 - Value" and "eMail1Value*" are "e mail 1 value"."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(name).replace("’", "'").replace("'s", ""))
    name = unicodedata.normalize("NFKD", name).casefold()
    name = "".join(letter for letter in name if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\d+|[^\W\d_]+", name))


def _object_of(word):
    return OBJECT_WORDS.get(word) or OBJECT_WORDS.get(_singular(word))


def _singular(word):
    return word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")


def _phrase(words):
    """{what two words of a file's name mean together}, or an empty set."""
    text = " ".join(_singular(word) for word in words)
    return {thing for phrase, thing in PHRASES.items() if phrase in text}


def _identified(header):
    """What a header such as CONTACTID or "Account Id" identifies, or None."""
    words = normalise(header).split()
    if words[:3] == ["do", "not", "modify"]:  # how Dynamics heads the ids that tie rows to records
        return _object_of(" ".join(words[3:]))
    name = "".join(words)
    return _object_of(name[:-2]) if name.endswith("id") else None


def _score(header, cells, target, prefixes, sampled):
    name = normalise(header)
    if not name or (target.type == "tags" and sampled and not cells):
        return 0, ""  # an empty column of tags has nothing to give and would only take tags away
    score, reason = _name_score(name, target, prefixes)
    share = _share(cells, target.type)
    if share is None:
        return score, reason
    if share < 0.2:
        return score - 50, reason
    if score:
        return score + (4 if share > 0.8 else 0), reason
    shape = TELLING.get(target.type)
    if (
        shape
        and len(cells) > 2
        and all(isinstance(cell, str) and shape.fullmatch(cell[:SHOWN].strip()) for cell in cells[:100])
    ):
        return MINIMUM, _("the values look like it")
    return 0, ""


def _name_score(name, target, prefixes):
    """How far a header names a target: 90 and more by a known name, 75 with words that change nothing, 65 misspelt."""
    thing, inner = _split_object(name)
    owner = target.name.partition(".")[0] if "." in target.name else ""
    owner = owner if owner in OBJECTS and not getattr(target, "by", "") else ""
    known = _names(target)
    if name in known:
        return 96 - known.index(name) * 0.2, _("known name")
    if thing and owner and thing != owner:
        return 0, ""
    if thing and not owner and thing in prefixes:
        return 0, ""
    if thing and inner in known and (not owner or thing == owner):
        return 92 - known.index(inner) * 0.2, _("known name")
    if name.endswith((" id", " type", " label")):
        return 0, ""
    if (core := _core(inner)) and any(core == _core(other) for other in known):
        return 75, _("similar name")
    if len(name) > 5 and any(_alike(name, other) for other in known):
        return 65, _("similar spelling")
    return 0, ""


@lru_cache(4000)
def _split_object(name):
    """("contact", "email") of "person email"; ("", name) when no object leads."""
    first, _space, rest = name.partition(" ")
    thing = OBJECT_WORDS.get(first)
    return (thing, rest) if thing and rest else ("", name)


def _core(name):
    return frozenset(name.split()) - HARMLESS


@lru_cache(20_000)
def _alike(name, other):
    if abs(len(name) - len(other)) > 2 or len(other) < 5:
        return False
    matcher = SequenceMatcher(None, name, other)
    return matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def _names(target):
    return _known_names(target.name, str(target.label), tuple(target.aliases or ()))


@lru_cache(1000)
def _known_names(name, label, aliases):
    """All names of a target in one order of trust: its own, those of its declaration, those of other programs."""
    common = ALIASES.get(name) or ALIASES.get(name.rpartition(".")[2], ())
    own = (label, name.replace(".", " "), *aliases)
    # Beside an id of its own, a number that people see is no id.
    names = (*common, *own) if name == "external_id" else (*own, *common)
    return list(dict.fromkeys(normalise(each) for each in names))


def _share(cells, kind):
    """The share of filled cells that look like the type, or None where nothing can be told."""
    shape = SHAPES.get(kind)
    if not shape or not cells:
        return None
    texts = [cell[:SHOWN].strip() if isinstance(cell, str) else cell for cell in cells[:100]]
    fitting = [_typed_fits(text, kind) if not isinstance(text, str) else bool(shape.fullmatch(text)) for text in texts]
    return sum(fitting) / len(fitting)


def _typed_fits(cell, kind):
    """Whether a cell that a workbook typed suits the type of a target."""
    if isinstance(cell, bool):
        return kind == "boolean"
    if isinstance(cell, (int, float)):
        fitting = ("number", "decimal", "money", "phone", "date", "datetime")
        return kind in fitting or (kind == "boolean" and cell in (0, 1))
    return kind in ("date", "datetime")
