"""Converting many leads from their list: the question, and the job that does it."""

import uuid

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from crm_site.core import lists, pages
from crm_site.core.bulk import AT_ONCE, count_chosen
from crm_site.core.forms import PickField, users_for
from crm_site.core.jobs import run_now
from crm_site.core.models import Job
from crm_site.core.operations import Refused, submit_once
from crm_site.core.views.bulk import BulkForm, record_bulk
from crm_site.core.views.exports import ticked
from crm_site.core.views.jobs import NAMES
from sales.kinds.lead import LEADS
from sales.operations.converting_many import LEAVE, MAKE, USE, convert_leads

NAMES["convert"] = _("Conversion of leads")


class ConvertManyForm(BulkForm):
    """What every conversion of many asks for."""

    likely = forms.ChoiceField(
        label=_("A lead whose company is likely to be a known account"), widget=forms.RadioSelect, initial=LEAVE,
        choices=[(LEAVE, _("is left, and told in the report")), (USE, _("goes to that account")),
                 (MAKE, _("gets an account of its own"))],
    )  # fmt: skip
    deals = forms.BooleanField(label=_("Make an opportunity of each"), required=False, initial=True)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"] = PickField(
            users_for(self.user), "/users/options/", label=_("Owner"), required=False,
            help_text=_("Empty: each lead's own. A lead of a queue needs one."),
        )  # fmt: skip

    def values(self):
        """As the job keeps them."""
        data = self.cleaned_data
        return {"likely": data["likely"], "deals": data["deals"], "owner": data["owner"] and data["owner"].pk}


@login_required
@require_POST
def lead_bulk(request):
    """The changes of many that every list has, and the conversion."""
    if request.POST.get("action") != "convert":
        return record_bulk(request, kind=LEADS)
    pages.need(request.user, LEADS, "bulk")
    pages.need(request.user, LEADS, "change")
    ids = ticked(request.POST)
    query = lists.kept_params(request.POST.get("query", "")).urlencode()
    if ids is None and "all" not in request.POST:
        messages.info(request, _("Tick the rows that are meant first."))
        return redirect(f"{LEADS.base}?{query}")
    options = {"action": "convert", "query": query, "ids": ids}
    data = request.POST if "once" in request.POST else None
    form = ConvertManyForm(data, kind=LEADS, user=request.user, initial={"once": uuid.uuid4()})
    if data and form.is_valid() and (url := pages.attempt(form, lambda: started_once(request.user, options, form))):
        return redirect(finished(request.user, url))
    return question(request, options, form)


def started_once(user, options, form):
    """The address of the job; the same form sent again leads to the same one."""
    options = options | {"values": form.values()}
    return submit_once(
        user, form.cleaned_data["once"], form.digest(), lambda: f"/jobs/{convert_leads(options, by=user).pk}/"
    )


def finished(user, url):
    """The address of the report; few leads are converted at once."""
    job = Job.objects.get(pk=int(url.split("/")[2]), user=user)
    if job.total <= AT_ONCE:
        run_now(job)
    return url


def question(request, options, form):
    """The page that says how many leads are meant and asks how."""
    try:
        within, outside = count_chosen(LEADS, request.user, options)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(f"{LEADS.base}?{options['query']}")
    context = {
        "kind": LEADS, "form": form, "action": "convert", "ids": options["ids"], "query": options["query"],
        "title": _("Convert leads"), "within": within, "outside": outside, "action_url": f"{LEADS.base}bulk/",
        "cancel_url": f"{LEADS.base}?{options['query']}", "dangerous": False,
    }  # fmt: skip
    return TemplateResponse(request, "records/bulk.html", context, status=422 if form.errors else 200)
