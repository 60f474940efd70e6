"""A user's own settings."""

import zoneinfo

from crispy_forms.helper import FormHelper
from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from crm_site.core.accounts import change_settings
from crm_site.core.models import User


class MeForm(forms.ModelForm):
    """What users decide about themselves; e-mail and roles are the administrator's."""

    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), required=False)

    class Meta:
        model = User
        fields = ["first_name", "last_name", "job_title", "time_zone", "theme", "shortcuts"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        zones = sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith("Etc"))
        self.fields["time_zone"].choices = [("", _("As the site"))] + [(zone, zone.replace("_", " ")) for zone in zones]
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True


@require_http_methods(["GET", "POST"])
def me(request):
    """The user's own settings, and their saving."""
    form = MeForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        change_settings(request.user, form.cleaned_data, by=request.user)
        messages.success(request, _("Your settings are saved."))
        return redirect("me")
    context = {"form": form, "title": _("My settings"), "action_url": request.path, "cancel_url": "/"}
    return TemplateResponse(request, "records/form.html", context)


@require_POST
def theme(request):
    """Remember light, dark or as the device."""
    chosen = request.POST.get("theme", "")
    if chosen in User.THEMES:
        change_settings(request.user, {"theme": chosen}, by=request.user)
    if request.htmx or "text/html" not in request.headers.get("Accept", ""):
        return HttpResponse(status=204)
    return redirect("/")
