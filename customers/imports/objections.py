"""What a file of people says against offers: an objection in the ledger of consents, by mail or by phone apart.

A no is all that follows from such a column. That nobody objected is no consent; consents come in with files of theirs.
"""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.registry import Target
from customers.consent import deciding
from customers.models import Consent, Contact, Purpose
from customers.operations.consents import refuse_consents, take_back_consents

# The columns, and the code of the purpose that each refuses.
PURPOSES = {"do_not_email": "marketing_email", "do_not_call": "marketing_phone"}
SINCE = "opted_out_at"


def targets():
    """Who wants no offers by mail, or none by phone, and since when."""
    return [
        Target("do_not_email", gettext_lazy("No offers by e-mail"), "boolean",
               ("has opted out of email", "email unsubscribed", "unsubscribed from all email")),
        Target("do_not_call", gettext_lazy("No offers by phone"), "boolean", ("opted out of calls",)),
        Target(SINCE, gettext_lazy("Objected on"), "datetime",
               ("opt out date", "opt out time", "email opt out date", "email opt out time", "unsubscribed at",
                "unsubscribed time", "unsubscribe date", "unsubscribe time")),
    ]  # fmt: skip


def settle(draft):
    """Leave what a row objects to; of days to come nothing can be said."""
    values = draft.values
    for name in PURPOSES:
        if not values.get(name):
            values.pop(name, None)
    if not PURPOSES.keys() & values.keys() or values.get(SINCE, timezone.now()) > timezone.now():
        values.pop(SINCE, None)


def without(values):
    """A row's values without its objections."""
    return {name: value for name, value in values.items() if name not in PURPOSES and name != SINCE}


def enter(pairs, run):
    """Enter what rows object to: pairs of a draft and its contact. The entries belong to the import, and go with it."""
    pairs = [(draft, contact) for draft, contact in pairs if PURPOSES.keys() & draft.values.keys()]
    if not pairs:
        return
    rows = Contact.objects.changeable_by(run.user).filter(pk__any_of={contact.pk for _draft, contact in pairs})
    mine, purposes = set(rows.values_list("pk", flat=True)), purposes_by_column()
    for draft, contact in pairs:
        if contact.pk not in mine:
            draft.warn("", _("They object to offers, but you may not change %(person)s.") % {"person": contact})
    run.made += refuse_consents(
        [(contact, purposes[name], draft.values.get(SINCE)) for draft, contact in pairs if contact.pk in mine
         for name in purposes if draft.values.get(name)], by=run.user,
    )  # fmt: skip


def purposes_by_column():
    """{column: the purpose that it refuses}."""
    known = {purpose.code: purpose for purpose in Purpose.objects.filter(code__in=PURPOSES.values())}
    return {name: known[code] for name, code in PURPOSES.items() if code in known}


def of(contact):
    """{column: whether the contact objects to its purpose now}, as `parts` of an importer."""
    refused = {entry.purpose.code for entry in deciding([contact.pk]) if entry.status in Consent.REFUSED}
    return {name: code in refused for name, code in PURPOSES.items()}


def enter_again(contact, values, by):
    """Enter what a row about somebody who is here objects to; where an import is taken back, take its no back."""
    purposes = purposes_by_column()
    said = {name: values[name] for name in purposes if name in values}
    refuse_consents([(contact, purposes[name], values.get(SINCE)) for name, no in said.items() if no], by=by)
    back = [purposes[name].pk for name, no in said.items() if not no]
    entries = deciding([contact.pk]) if back else ()
    take_back_consents(
        [e.pk for e in entries if e.purpose_id in back and e.status in Consent.REFUSED and e.source == Consent.IMPORT],
        by=by,
    )
