"""What a lead could become: known contacts, accounts and open deals like it, ranked, each with its reasons.

Few statements, each served by an index and limited. What is out of the user's reach is counted, with whom to ask.
"""

from dataclasses import dataclass, field

from django.db.models import Q, Value
from django.utils.translation import gettext as _

from crm_site.core.models import Fold
from customers.filters.common import pattern
from customers.models import Account, Contact
from customers.similar import EACH, contact_names, found_by, name_queries, site_queries, way_queries
from sales.models import Opportunity

SHOWN = 6
# The strongest first. What is at least SURE is offered as the answer; the rest waits to be chosen.
STRENGTH = {
    "own": 100, "works": 90, "email": 80, "domain+name": 75, "domain+like": 70, "phone+name": 65, "phone": 60,
    "name": 50, "domain": 40, "like": 20,
}  # fmt: skip
SURE = 70
FREE_MAIL = {
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "aol.com",
    "gmx.de", "gmx.net", "web.de", "t-online.de", "mail.com", "proton.me", "protonmail.com", "orange.fr", "free.fr",
    "libero.it", "mail.ru", "yandex.ru", "qq.com", "163.com",
}  # fmt: skip


def words():
    """The reasons as people read them."""
    return {
        "own": _("this lead's own"), "works": _("where this person works"), "email": _("same e-mail"),
        "domain+name": _("same domain and same name"), "domain+like": _("same domain and similar name"),
        "phone+name": _("same phone and same name"), "phone": _("same phone"), "name": _("same name"),
        "domain": _("same domain"), "like": _("similar name"),
    }  # fmt: skip


@dataclass
class Match:
    """A record that the lead may become, why, and how likely (0 to 100)."""

    record: object
    reasons: list
    strength: int


@dataclass
class Matches:
    """What was found, best first; `hidden` holds {kind: the owners, perhaps None, of those out of reach}."""

    contacts: list = field(default_factory=list)
    accounts: list = field(default_factory=list)
    deals: list = field(default_factory=list)
    hidden: dict = field(default_factory=dict)

    def best(self, kind):
        """The record that is offered as the answer, or None when none is likely enough."""
        found = getattr(self, kind)
        return found[0].record if found and found[0].strength >= SURE else None


def matches_of(lead, user):
    """The Matches of a lead for a user; about nine statements."""
    data = {name: getattr(lead, name) for name in ("first_name", "last_name", "email", "phone", "country")}
    contacts = found_by([*way_queries(data, "contact"), *contact_names(data)], {}, "")
    contacts = {pk: set(why) for (_kind, pk), why in contacts.items()}
    contacts.setdefault(lead.contact_id, set()).add("own")
    accounts = accounts_like(lead, data)
    made = Matches()
    made.contacts, made.hidden["contacts"] = ranked(Contact, contacts, user)
    made.accounts, made.hidden["accounts"] = ranked(Account, accounts, user)
    made.deals, made.hidden["deals"] = deals_of(made, user)
    return made


def accounts_like(lead, data):
    """{account id: reasons} of the accounts that the lead's company may be."""
    company, domain = lead.company.strip(), domain_of(lead)
    queries = [*way_queries(data, "account"), *name_queries(Account, company, company)]
    queries += site_queries({"website": domain}) if domain else []
    found = {pk: {"domain" if why == "site" else why for why in reasons}
             for (_kind, pk), reasons in found_by(queries, {}, "").items()}  # fmt: skip
    for pk in colleagues(domain):
        found.setdefault(pk, set()).add("domain")
    if lead.account_id:
        found.setdefault(lead.account_id, set()).add("own")
    if lead.contact.account_id:
        found.setdefault(lead.contact.account_id, set()).add("works")
    return found


def domain_of(lead):
    """The domain of the lead's company: of its web site, else of its e-mail address unless everybody has such one."""
    host = lead.website.partition("://")[2] or lead.website
    domain = host.split("/")[0].removeprefix("www.").lower() or lead.email.rpartition("@")[2].lower()
    return "" if domain in FREE_MAIL or "." not in domain else domain


def colleagues(domain):
    """The accounts of people whose e-mail addresses are of the domain; one statement."""
    if not domain:
        return []
    rows = Contact.objects.unscoped("those out of reach are counted").filter(deleted_at__isnull=True)
    rows = rows.filter(search_text__like=Fold(Value(f"%@{pattern(domain)}%")), account__isnull=False)
    return set(rows.order_by().values_list("account", flat=True)[:EACH])


def reason_keys(found):
    """The reasons that are told, the strongest first: two weak ones together say more than each."""
    found = set(found)
    for pair in (("domain", "name"), ("domain", "like"), ("phone", "name")):
        if found.issuperset(pair):
            found = (found - {*pair, "like"}) | {"+".join(pair)}
    if "name" in found or "domain+name" in found:
        found.discard("like")
    return sorted(found, key=lambda key: -STRENGTH[key])


def ranked(model, found, user):
    """([Match] best first, owners of those out of the user's reach); two statements."""
    rows = model.objects.visible_to(user).filter(pk__in=found).select_related("owner")
    said, made = words(), []
    for record in rows:
        keys = reason_keys(found[record.pk])
        made.append(Match(record, [said[key] for key in keys], STRENGTH[keys[0]] + len(keys) - 1))
    made.sort(key=lambda match: (-match.strength, match.record.pk))
    return made[:SHOWN], owners_of(model, found.keys() - {match.record.pk for match in made})


def owners_of(model, ids):
    """The owners of records that are only counted; those in the bin do not count."""
    if not ids:
        return []
    rows = model.objects.unscoped("those out of reach are counted").filter(pk__in=ids, deleted_at__isnull=True)
    return [record.owner for record in rows.select_related("owner").order_by("pk")]


def deals_of(made, user):
    """([Match] of open deals of what was found, owners of those out of reach); two statements."""
    accounts = {match.record.pk: match for match in made.accounts if match.strength >= STRENGTH["name"]}
    people = {match.record.pk: match for match in made.contacts if match.strength >= STRENGTH["phone"]}
    of = Q(account__in=accounts, state="open") | Q(contact__in=people, state="open")
    rows = Opportunity.objects.visible_to(user).filter(of).select_related("account", "contact", "owner", "stage")
    shown = []
    for deal in rows.order_by("-id")[:SHOWN]:
        party = accounts.get(deal.account_id) or people.get(deal.contact_id)
        reason = _("open deal of %(name)s") % {"name": party.record}
        shown.append(Match(deal, [reason], party.strength))
    every = Opportunity.objects.unscoped("those out of reach are counted").filter(of, deleted_at__isnull=True)
    ids = set(every.order_by("-id").values_list("pk", flat=True)[: 2 * SHOWN])
    seen = set(rows.filter(pk__in=ids).values_list("pk", flat=True))
    return sorted(shown, key=lambda match: -match.strength), owners_of(Opportunity, ids - seen)


def told_hidden(owners):
    """The sentence about matches that the user may not open, or an empty text."""
    if not owners:
        return ""
    names = ", ".join(dict.fromkeys(str(owner) for owner in owners if owner)) or _("an administrator")
    if len(owners) == 1:
        return _("1 match you cannot open: ask %(names)s.") % {"names": names}
    return _("%(n)s matches you cannot open: ask %(names)s.") % {"n": len(owners), "names": names}
