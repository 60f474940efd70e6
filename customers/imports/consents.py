"""How the rows of a file become entries of the ledger of consents: who told it, what for, on what basis."""

import ipaddress

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.registry import Importer, Target, external_id, register
from crm_site.core.imports.targets import link_targets
from crm_site.core.operations import refuse
from customers.models import Consent, Contact, Purpose
from customers.operations.consents import create_consents, take_back_consents

PURPOSE_WORDS = {"newsletter": "marketing_email", "e-mail": "marketing_email", "email": "marketing_email",
                 "phone": "marketing_phone", "calls": "marketing_phone"}  # fmt: skip
STATUS_WORDS = {
    "yes": "granted", "opted in": "granted", "subscribed": "granted", "confirmed": "granted", "true": "granted",
    "no": "denied", "false": "denied", "declined": "denied", "opted out": "withdrawn", "unsubscribed": "withdrawn",
}  # fmt: skip
SOURCE_WORDS = {"web": "form", "website": "form", "web form": "form", "call": "phone", "event": "talk", "api": "import"}
MUST = {"purpose": gettext_lazy("What for"), "source": gettext_lazy("Source"), "basis": gettext_lazy("Legal basis")}


def consent_targets():
    """Where a column of a file of consents may go."""
    statuses = {key: label for key, label in Consent.STATUSES.items() if key not in (Consent.PENDING, Consent.UNASKED)}
    return [
        external_id("consent id"),
        *link_targets("contact", gettext_lazy("Contact"), "customers.contact",
                      ("email", "e-mail", "email address", "contact email", "contact name", "name")),
        Target("purpose", MUST["purpose"], "choice", ("purpose", "topic", "consent type"), value_map=PURPOSE_WORDS,
               choices=dict(Purpose.objects.values_list("code", "name"))),
        Target("status", gettext_lazy("Status"), "choice", ("consent", "opt in", "consent status"), choices=statuses,
               value_map=STATUS_WORDS),
        Target("source", MUST["source"], "choice", ("origin", "consent source"), choices=Consent.SOURCES,
               value_map=SOURCE_WORDS),
        Target("basis", MUST["basis"], "choice", ("lawful basis", "legal ground"), choices=Consent.BASES),
        Target("effective_from", gettext_lazy("From"), "datetime",
               ("optin time", "opt in time", "consent date", "given at", "unsub time", "date")),
        Target("effective_to", gettext_lazy("Until"), "datetime", ("expires", "valid until")),
        Target("text", gettext_lazy("Text shown"), "longtext", ("wording", "consent text")),
        Target("proof", gettext_lazy("Proof"), aliases=("evidence", "reference"), limit=500),
        Target("ip", gettext_lazy("IP address"), aliases=("optin ip", "opt in ip", "consent ip"), limit=60),
    ]  # fmt: skip


def prepare_consent(draft, _run):
    """A person, and for a yes also what for, from where and on what basis; nothing is said for days to come."""
    values = draft.values
    values.setdefault("status", Consent.GRANTED)
    lacking = [str(label) for name, label in MUST.items() if not values.get(name)]
    if not values.get("contact"):
        draft.fail("", _("The row names nobody who is here."))
    elif values["status"] == Consent.GRANTED and lacking:
        draft.fail("", _("A consent comes in only with: %(names)s.") % {"names": ", ".join(lacking)})
    elif not values.get("purpose"):
        draft.fail("", _("The row does not say what for."))
    elif values.get("effective_from", timezone.now()) > timezone.now():
        draft.fail("", _("The day lies in the future."))
    if "ip" in values and not is_ip(values["ip"]):
        draft.warn("", _("“%(ip)s” is no IP address.") % {"ip": values.pop("ip")}, _("There is no such IP address."))


def is_ip(text):
    """Whether a text is an IP address."""
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def import_consents(rows, *, by):
    """As create_consents, with purposes by their codes."""
    purposes = {purpose.code: purpose for purpose in Purpose.objects.all()}
    return create_consents([row | {"purpose": purposes[row["purpose"]]} for row in rows], by=by)


def visible_consents(user, action):
    """The entries about contacts on which the user may do the action."""
    rows = Contact.objects.visible_to(user, "change" if action == "delete" else action)
    return Consent.objects.filter(contact__in=rows)


def said_key(values):
    """What was said later under the same id is another entry."""
    return "{}:{}:{}:".format(*(values.get(name, "") for name in ("purpose", "status", "effective_from")))


CONSENT_IMPORT = register(
    Importer(
        name="consents", label=gettext_lazy("Consents"), model=Consent, targets=consent_targets, order=36,
        icon="shield", create=import_consents, prepare=prepare_consent, gate=Contact, within=visible_consents,
        update=lambda record, values, by: refuse(_("An entry of consent does not change; add another one.")),
        delete=take_back_consents, makes=False, detected=False, id_prefix=said_key,
        constants=("purpose", "status", "source", "basis"),
    )
)  # fmt: skip
