"""What comes in by web forms: an inquiry becomes a lead, continues a fresh one, or opens a disqualified one again."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.notifications import notify
from crm_site.core.operations import operation, write
from crm_site.core.worktime import default_hours
from customers.countries import country_code
from customers.models import Consent, Purpose
from customers.operations.consents import ask_consent, can_ask, give_consent, standing_entry
from marketing.models import ContactListMember
from sales.clocks import latest_decisions
from sales.models import Lead, WebForm
from sales.operations.assignment import assign_leads, clocks
from sales.operations.leads import create_lead, reopen_lead, returning_lead

SAME = timedelta(hours=24)
LONGEST = 20_000


@operation
def save_web_form(form, values, *, by):
    """Write a web form, new or known, and return it; whether the user may is asked by who calls."""
    for name, value in values.items():
        setattr(form, name, value)
    form.save()
    return form


@operation
def submit_web_form(form, values, meta, *, by=None, ip=None):
    """Take an inquiry in and return its lead. `values` are cleaned fields of the form, `meta` says where it came from.

    A consent in `meta` is entered for the person, `ip` with it as a proof.

    The same person on the same form within a day continues the open lead; a disqualified lead of the same address is
    opened again; what was known is never written over. Submissions of one form come one after the other.
    """
    WebForm.objects.select_for_update(no_key=True).get(pk=form.pk)
    now = timezone.now()
    if lead := open_lead(form, values.get("email"), now):
        lead = continued(lead, values, meta, now, by)
    elif lead := returning_lead(values.get("email")):
        lead = continued(reopen_lead(lead, by=by), values, meta, now, by)
        restart(lead, by)
    else:
        lead = create_lead(row_of(form, values, meta), by=by)
    if form.contact_list_id:
        ContactListMember.objects.get_or_create(
            list_id=form.contact_list_id, contact_id=lead.contact_id, defaults={"added_at": now}
        )
    if said := meta.get("consent"):
        enter_consent(form, lead, said["text"], values.get("email", ""), ip)
    return lead


def enter_consent(form, lead, text, email, ip):
    """Enter a tick under a form for the lead's contact.

    What needs consent is asked once more by mail, as anybody can type an address. A refusal stays what it is.
    """
    contact, purpose = lead.contact, form.purpose or Purpose.objects.filter(code=Purpose.SERVICE).first()
    if purpose is None:
        return
    before = standing_entry(contact, purpose)
    proof = _("Ticked on the web form %(name)s (%(key)s)") % {"name": form.name, "key": form.key}
    said = {"source": Consent.FORM, "text": text, "proof": proof, "ip": ip}
    if purpose.needs_consent and can_ask(contact):
        ask_consent(contact, purpose, by=None, **said)
    elif not before or before.status not in Consent.REFUSED:
        give_consent(contact, purpose, by=None, address=email, **said)


def open_lead(form, email, now):
    """The open lead that the same address made by the same form within a day, or None."""
    if not email:
        return None
    rows = Lead.objects.unscoped("an inquiry from outside has no user").filter(
        web_form=form,
        email=email.strip().lower(),
        status__in=Lead.OPEN,
        deleted_at__isnull=True,
        created_at__gte=now - SAME,
    )
    return rows.order_by("-id").first()


def row_of(form, values, meta):
    """The values of a new lead."""
    name = values.get("last_name") or values.get("company") or (values.get("email") or "").partition("@")[0]
    return values | {
        "last_name": (name or _("Unknown"))[:100], "source": form.source, "campaign": form.campaign,
        "contact_list": form.contact_list, "web_form": form, "attribution": meta, "team": form.team, "owner": None,
    }  # fmt: skip


def continued(lead, values, meta, now, by):
    """Add an inquiry to a lead: what was empty is filled, the message comes under the old one."""
    changes = {name: value for name, value in values.items() if value and not getattr(lead, name)}
    if "country" in changes:
        changes["country"] = country_code(changes["country"])
    text = values.get("description", "").strip()
    if text and text not in lead.description:
        head = f"{lead.description}\n\n" if lead.description else ""
        stamp = timezone.localtime(now).strftime("%Y-%m-%d %H:%M")
        changes["description"] = f"{head}[{stamp}] {text}"[:LONGEST]
    earlier = [*lead.attribution.get("again", []), meta][-10:]
    changes["attribution"] = lead.attribution | {"again": earlier}
    return write(lead, changes, by=by)[0]


def restart(lead, by):
    """Let a lead that came back be answered anew: by its owner, or by whom the rules name."""
    last = latest_decisions([lead]).get(lead.pk)
    rule, now = last and last.rule, timezone.now()
    respond, escalate = clocks([rule], now, default_hours())[rule.pk] if rule else (None, None)
    values = {"responded_at": None, "escalated_at": None, "respond_by": respond, "escalate_at": escalate}
    gone = lead.owner is None or not lead.owner.is_active
    lead = write(lead, values | ({"owner": None} if gone else {}), by=by)[0]
    if gone:
        assign_leads([lead], by=by)
        return
    text = _("%(name)s has come back by a web form.") % {"name": lead}
    notify(
        [{"user_id": lead.owner_id, "text": text, "url": f"/leads/{lead.pk}/", "key": f"lead:{lead.pk}:{lead.version}"}]
    )
