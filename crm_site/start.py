"""The first-day checklist of administrators: what a new company sets up, and how far it is."""

import json

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Exists, Subquery
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from crm_site.core.kept import Slot, kept
from crm_site.core.models import Job, Setting, User
from crm_site.core.notifications import notify

CONFIRMED = ("zone", "currency", "mail")


class Lines(forms.CharField):
    """A few lines of text, of which the empty ones vanish."""

    def __init__(self, max_length=500, **kwargs):
        widget = forms.Textarea({"rows": 3})
        super().__init__(max_length=max_length, required=False, widget=widget, **kwargs)

    def clean(self, value):
        """The lines that say something. Raises ValidationError for a text that is too long."""
        return "\n".join(line.strip() for line in super().clean(value).splitlines() if line.strip())


class CompanyForm(forms.Form):
    """What stands of the company on mails, quotes and the customers' pages."""

    name = forms.CharField(label=gettext_lazy("Company name"), max_length=200)
    address = Lines(label=gettext_lazy("Address"))
    contact = Lines(label=gettext_lazy("Phone, e-mail, website"), help_text=gettext_lazy("Each on a line of its own."))
    tax_id = forms.CharField(label=gettext_lazy("Tax number"), max_length=100, required=False)
    bank = Lines(label=gettext_lazy("Bank account"), help_text=gettext_lazy("Bank, IBAN, BIC, and who holds it."))
    terms = Lines(
        label=gettext_lazy("Usual terms"), max_length=5000, help_text=gettext_lazy("Each new quote begins with them.")
    )


def steps(user):
    """The checklist as the home page shows it, or None when it is not the user's or was put away; one statement.

    Two steps show by themselves: somebody was invited, something was imported.
    """
    if not user.is_superuser:
        return None
    [(company, start, invited, imported)] = done_by_now(me=user.pk)
    start, company = json.loads(start or "{}"), json.loads(company or "{}")
    if start.get("dismissed"):
        return None
    shown = {"company": company.get("name"), "invite": invited, "import": imported}
    done = {*start.get("done", []), *(key for key, is_done in shown.items() if is_done)}
    made = [step | {"done": step["key"] in done} for step in all_steps()]
    return {"steps": made, "done": sum(step["done"] for step in made), "total": len(made)}


@kept
def done_by_now():
    """(what the company says of itself, what was ticked, whether others were invited, something imported)."""
    others = User.objects.filter(door=User.STAFF, is_demo=False).exclude(pk=Slot("me"))
    said = (Setting.objects.filter(pk=name).values("value") for name in ("company", "start"))
    imported = Job.objects.filter(kind="import", state=Job.DONE)
    mine = User.objects.filter(pk=Slot("me"))
    return mine.values_list(*map(Subquery, said), Exists(others), Exists(imported))


def all_steps():
    """Each step with where it is done; one with `confirm` is done by a button."""
    sends = "smtp" in settings.EMAIL_BACKEND
    mail = _("Mail goes out through %(host)s.") % {"host": settings.EMAIL_HOST}
    nowhere = _("No mail leaves yet, it is kept in %(place)s: set EMAIL_URL, start again, and send yourself a test.")
    nowhere %= {"place": settings.EMAIL_FILE_PATH or _("the log")}
    return [
        {
            "key": "company",
            "label": _("Name your company"),
            "text": _("Its name, address and bank stand on mails and quotes."),
            "url": "/start/company/",
        },
        {
            "key": "zone",
            "label": _("Check the time zone"),
            "confirm": _("That is right"),
            "text": _("%(zone)s (KITH_TIME_ZONE); everybody can choose their own.") % {"zone": settings.TIME_ZONE},
        },
        {
            "key": "currency",
            "label": _("Check the currency"),
            "confirm": _("That is right"),
            "text": _("Totals are in %(code)s (KITH_CURRENCY).") % {"code": settings.BASE_CURRENCY},
        },
        {"key": "mail", "label": _("Let mail out"), "confirm": _("Send me a test"), "text": mail if sends else nowhere},
        {
            "key": "invite",
            "label": _("Invite your colleagues"),
            "text": _("With a role and a team each."),
            "url": "/admin/core/user/add/",
        },
        {
            "key": "import",
            "label": _("Import what you have"),
            "text": _("Accounts and contacts from any spreadsheet."),
            "url": "/imports/new/?kind=contacts",
        },
    ]


def administrator_or_404(request):
    """Nobody else has these pages."""
    if not request.user.is_superuser:
        raise Http404


@require_POST
def start_step(request):
    """Tick a step, or put the checklist away."""
    administrator_or_404(request)
    step = request.POST.get("step", "")
    with transaction.atomic():
        Setting.objects.get_or_create(pk="start")
        row = Setting.objects.select_for_update().get(pk="start")
        if "dismiss" in request.POST:
            row.value["dismissed"] = True
        elif step in CONFIRMED:
            row.value["done"] = sorted({*row.value.get("done", []), step})
        row.save(update_fields=["value"])
        if step == "mail":
            key = f"test:{timezone.now():%Y%m%d%H%M%S}"
            notify([{"user_id": request.user.pk, "text": _("Mail from Kith arrives."), "url": "/", "key": key}])
            messages.success(request, _("A test mail to %(address)s is on its way.") % {"address": request.user.email})
    return redirect("home")


@require_http_methods(["GET", "POST"])
def start_company(request):
    """What the company says of itself."""
    administrator_or_404(request)
    row = Setting.objects.filter(pk="company").first()
    form = CompanyForm(request.POST or None, initial=row.value if row else {})
    if request.method == "POST" and form.is_valid():
        value = (row.value if row else {}) | form.cleaned_data
        Setting.objects.update_or_create(pk="company", defaults={"value": value})
        messages.success(request, _("Saved."))
        return redirect("home")
    return render(request, "start.html", {"form": form})
