"""What the imports of accounts and contacts share: addresses, sums, several numbers in one cell, look-ups by name."""

from collections import defaultdict

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.plan import fold
from crm_site.core.imports.registry import Target
from crm_site.core.kinds import KINDS
from crm_site.core.loading import insert_many, read_many
from customers.models import ContactMechanism
from customers.operations.reach import ADDRESS, POSTAL, SINGLE, fill

WAYS = {"email": ContactMechanism.EMAIL, "phone": ContactMechanism.PHONE, "mobile": ContactMechanism.MOBILE}


def reach_targets():
    """E-mail, numbers and the parts of an address."""
    return [
        Target("email", gettext_lazy("E-mail"), "email"),
        Target("email_secondary", gettext_lazy("Second e-mail"), "email"),
        Target("phone", gettext_lazy("Phone"), "phone"),
        Target("mobile", gettext_lazy("Mobile"), "phone"),
        Target("address.street", gettext_lazy("Street"), limit=200),
        Target("address.city", gettext_lazy("City"), limit=100),
        Target("address.region", gettext_lazy("Region"), limit=100),
        Target("address.postal_code", gettext_lazy("Postal code"), limit=20),
        Target("address.country", gettext_lazy("Country"), limit=100),
    ]


def with_columns(key, own, from_kind, *, without=()):
    """The targets named explicitly, then those of the kind's columns that they leave out; `from_kind` is targets_of."""
    names = {target.name for target in own} | set(without)
    more = from_kind(KINDS[key]) if key in KINDS else []
    return [*own, *(target for target in more if target.name not in names)]


def settle_reach(draft):
    """Bring addresses, e-mails and numbers into the form that the operations take; what is over goes to `extra`."""
    values = draft.values
    for name in [name for name in values if name.startswith("address.")]:
        values[name.partition(".")[2]] = values.pop(name)
    second = values.pop("email_secondary", None) or []
    if second:
        values["email"] = [*(values.get("email") or []), *second]
    for name, kind in WAYS.items():
        found = values.get(name)
        if isinstance(found, list):
            values[name] = found[0]
            draft.extra += [(kind, value) for value in dict.fromkeys(found[1:]) if value != found[0]]


def reach_parts(party):
    """{column: what the primary ways and the parts of the address say}, as the `parts` of an importer.

    Without it a new street would be told as the same values, and could not be taken back.
    """
    ways = {way.type: way for way in party.mechanisms.filter(is_primary=True)}
    found = {name: ways[kind].value if kind in ways else "" for name, kind in SINGLE.items()}
    return found | {name: getattr(ways.get(POSTAL), name, "") for name in ADDRESS}


def settle_money(draft, name):
    """Split an amount into the sum and its currency, the base currency unless the file names one."""
    if isinstance(found := draft.values.get(name), tuple):
        draft.values[name] = found[0]
        draft.values.setdefault("currency", found[1] or settings.BASE_CURRENCY)


def save_extra(field, pairs):
    """Insert the second numbers and addresses of new parties, pairs of what settle_reach left and the party."""
    made = [
        fill(ContactMechanism(type=kind, **{field: party}), value, party.country)
        for extra, party in pairs for kind, value in extra
    ]  # fmt: skip
    insert_many(ContactMechanism, made)


def find_by(rows, texts, column, text_of, only=()):
    """{folded text: records} among rows whose folded column holds one of the texts, which the caller folded or not.

    `only` names what is read of them at once.
    """
    found = defaultdict(list)
    wanted = sorted(text for text in texts if text)
    for record in read_many(rows.filter(**{f"{column}__any_folded": wanted}), only=only) if wanted else ():
        found[fold(text_of(record))].append(record)
    return found


def split_name(text):
    """(first, last) of a whole name: "Last, First", else the last word is the last name."""
    last, comma, first = text.partition(",")
    if comma and first.strip():
        return first.strip(), last.strip()
    first, _space, last = text.strip().rpartition(" ")
    return first.strip(), last


def lost_first_name(draft):
    """The warning that somebody has no first name."""
    draft.warn("", _("The first name is missing."))
