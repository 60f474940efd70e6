"""The page of exchange rates, for those who look after all deals."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from crm_site.core import history, pages
from crm_site.core.models import ExchangeRate
from crm_site.core.scope import found_or_404
from sales.operations.correcting_rates import AT_ONCE, correct_rate, preview, start_correction
from sales.operations.rates import set_rate, unrated
from sales.rights import may_set_rates

SHOWN = 200


class RateForm(forms.Form):
    """What a currency is worth from a day on."""

    currency = forms.RegexField(
        r"^\s*[A-Za-z]{3}\s*$", label=gettext_lazy("Currency"), max_length=5,
        error_messages={"invalid": gettext_lazy("Three letters, such as USD.")},
    )  # fmt: skip
    day = forms.DateField(label=gettext_lazy("From"), widget=forms.DateInput({"type": "date"}))
    rate = forms.DecimalField(
        label=gettext_lazy("Worth in the company's currency"), max_digits=18, decimal_places=8, min_value=0.00000001
    )

    def clean_currency(self):
        """The code in capital letters."""
        return self.cleaned_data["currency"].strip().upper()


class CorrectForm(forms.Form):
    """The right value of a rate, and the wrong one that was shown beside it."""

    rate = forms.DecimalField(
        label=gettext_lazy("Right value"), max_digits=18, decimal_places=8, min_value=0.00000001
    )  # fmt: skip
    seen = forms.DecimalField(required=False, widget=forms.HiddenInput)


@require_http_methods(["GET", "HEAD", "POST"])
def exchange_rates(request):
    """The rates that are known, the currencies that lack one, and a form for one more."""
    if not may_set_rates(request.user):
        raise Http404
    start = {"day": timezone.localdate().replace(month=1, day=1), "currency": request.GET.get("currency", "")[:3]}
    form = RateForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        changed = pages.attempt(form, lambda: (set_rate(**form.cleaned_data, by=request.user),))
        if changed:
            said = ngettext("%(n)s deal is worth something else now.", "%(n)s deals are worth something else now.",
                            changed[0])  # fmt: skip
            messages.success(request, _("Rate saved.") + " " + said % {"n": changed[0]})
            return redirect(request.path)
    context = {
        "title": _("Exchange rates"), "form": form, "lacking": unrated(),
        "rows": ExchangeRate.objects.order_by("currency", "-day")[:SHOWN],
    }  # fmt: skip
    return TemplateResponse(request, "sales/rates.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def correct_exchange_rate(request, pk):
    """Correct a rate that was entered wrong: what that changes of closed deals and sales is shown before it is done."""
    if not may_set_rates(request.user):
        raise Http404
    known = found_or_404(ExchangeRate.objects.all(), pk=pk)
    form = CorrectForm(request.POST or (request.GET if "rate" in request.GET else None))
    found = preview(known, form.cleaned_data["rate"]) if form.is_valid() else None
    if request.method == "POST" and found:
        value, seen = form.cleaned_data["rate"], form.cleaned_data["seen"] or known.rate
        if sum(part.count for part in found.values()) > AT_ONCE:
            return redirect(f"/jobs/{start_correction(known, value, by=request.user, seen=seen).pk}/")
        changed = pages.attempt(form, lambda: correct_rate(known, value, by=request.user, seen=seen))
        if changed:
            said = {name: part.count for name, part in changed.items()}
            messages.success(request, _("Rate corrected; closed deals changed: %(deals)s, sales: %(sales)s.") % said)
            return redirect("sales:rates")
    context = {
        "title": _("Correct the rate of %(currency)s") % {"currency": known.currency}, "known": known, "form": form,
        "found": None if form.errors else found,
        "base": settings.BASE_CURRENCY, "entries": history.entries(known, request.user)[0],
    }  # fmt: skip
    return TemplateResponse(request, "sales/rate.html", context, status=422 if form.errors else 200)
