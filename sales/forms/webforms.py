"""The forms of strangers on public pages, and the form by which staff build them."""

import time

from django import forms
from django.core import signing
from django.core.cache import cache
from django.core.validators import URLValidator, validate_email
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.outside import whole
from customers.models import Purpose
from sales.models import Lead, WebForm

# The field that people do not see and programs fill in; the one that says when the page was made.
TRAP, MADE = "fax_number", "made"
QUICKEST, STALE = 2, 24 * 3600
SALT = "sales.webform"
# Inquiries of one address in an hour: with our own page's mark, and without it.
HOURLY, HOURLY_BARE = 30, 10
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
LENGTHS = {"description": 5000}

# What browsers may fill in by themselves.
KNOWN = {
    "first_name": "given-name", "last_name": "family-name", "email": "email", "phone": "tel",
    "company": "organization", "job_title": "organization-title", "country": "country-name", "website": "url",
}  # fmt: skip


class InquiryForm(forms.Form):
    """A web form as the public fills it: the chosen fields, the consent, and what keeps programs out."""

    def __init__(self, *args, web_form, **kwargs):
        super().__init__(*args, **kwargs)
        self.web_form = web_form
        for name in [name for name in WebForm.FIELDS if name in web_form.fields]:
            self.fields[name] = self.field(name, name in web_form.required)
        if web_form.consent_text:
            box = forms.CheckboxInput({"class": "form-check-input"})
            self.fields["consent"] = forms.BooleanField(
                label=web_form.consent_text, required=web_form.needs_tick, widget=box
            )

    def field(self, name, required):
        """One line of the form, no longer than the column behind it."""
        longest = LENGTHS.get(name) or Lead._meta.get_field(name).max_length
        if name == "country":
            longest = 60
        widget = forms.Textarea(attrs={"rows": 5}) if name == "description" else forms.TextInput()
        widget.input_type = {"email": "email", "phone": "tel", "website": "url"}.get(name, "text")
        if name == "description":
            del widget.input_type
        widget.attrs |= {"class": "form-control", "autocomplete": KNOWN.get(name, "off")}
        checks = [validate_email] if name == "email" else []
        return forms.CharField(
            label=WebForm.FIELDS[name], required=required, max_length=longest, widget=widget, validators=checks
        )

    def full_clean(self):
        """As always; who comes back to a faulty form stands in the first field that is wrong."""
        super().full_clean()
        for name in list(self.errors)[:1]:
            if name in self.fields:
                self.fields[name].widget.attrs["autofocus"] = True

    def inquiry(self):
        """The cleaned values of the lead's own fields."""
        return {name: value for name, value in self.cleaned_data.items() if name in WebForm.FIELDS}


def mark(form):
    """A signed note of when a page was made."""
    return signing.dumps(int(time.time()), salt=f"{SALT}:{form.key}")


def age_of(text, form):
    """The seconds since the page with this mark was made; None for a mark that is not ours."""
    try:
        return time.time() - signing.loads(text, salt=f"{SALT}:{form.key}")
    except signing.BadSignature:
        return None


def too_many(address, *, marked):
    """Count an inquiry of an internet address, kept as a keyed hash for an hour; whether it is one too many."""
    key = f"webform:{salted_hmac(SALT, address).hexdigest()[:32]}"
    cache.add(key, 0, 3600)
    try:
        count = cache.incr(key)
    except ValueError:
        count = 1
    return count > (HOURLY if marked else HOURLY_BARE)


def origin_of(request, form):
    """Where an inquiry came from, with the consent as it was shown, for the lead's attribution."""
    found = {name: request.POST.get(name, "").strip()[:200] for name in UTM}
    found["page"] = (request.POST.get("page") or request.headers.get("Referer", ""))[:500]
    return {name: value.replace("\0", "") for name, value in found.items() if value} | {"form": form.name}


class WebFormForm(forms.ModelForm):
    """The builder: texts, tick boxes for the fields, and where the inquiries go."""

    fields_shown = forms.MultipleChoiceField(
        label=gettext_lazy("Fields"), choices=list(WebForm.FIELDS.items()), widget=forms.CheckboxSelectMultiple
    )
    fields_needed = forms.MultipleChoiceField(
        label=gettext_lazy("Needed fields"), choices=list(WebForm.FIELDS.items()), widget=forms.CheckboxSelectMultiple,
        required=False,
    )  # fmt: skip

    class Meta:
        model = WebForm
        fields = ["name", "title", "intro", "consent_text", "purpose", "thanks", "next_url", "source", "campaign",
                  "contact_list", "team", "is_active"]  # fmt: skip
        help_texts = {
            "purpose": gettext_lazy("What goes beyond an answer is each one's own choice and is confirmed by mail."),
            "next_url": gettext_lazy("Shown instead of the text afterwards."),
            "team": gettext_lazy("Who sees what no assignment rule gives to somebody; without a team, administrators."),
        }
        widgets = {name: forms.Textarea(attrs={"rows": 3}) for name in ("intro", "consent_text", "thanks")}

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial.setdefault("team", user.team_id)
        self.fields["purpose"].queryset = Purpose.objects.filter(Q(is_active=True) | Q(pk=self.instance.purpose_id))
        self.fields["purpose"].empty_label = _("Answering what they ask")
        for name in ("campaign", "contact_list"):
            field = self.fields[name]
            field.queryset = field.queryset.model.objects.visible_to(user).order_by("name_sort")
        self.fields["next_url"] = forms.URLField(
            label=self.fields["next_url"].label, help_text=self.fields["next_url"].help_text, required=False,
            assume_scheme="https", max_length=200,
            validators=[URLValidator(schemes=["http", "https"])],
        )  # fmt: skip
        self.initial.setdefault("fields_shown", self.instance.fields or ["last_name", "email", "description"])
        self.initial.setdefault("fields_needed", self.instance.required or ["last_name", "email"])

    def clean(self):
        """There must be something to know people by, and nothing can be needed that is not asked."""
        values = super().clean()
        shown, needed = values.get("fields_shown", []), values.get("fields_needed", [])
        if shown and not {"last_name", "email"} & set(shown):
            self.add_error("fields_shown", _("Ask at least for the last name or the e-mail address."))
        if extra := [str(WebForm.FIELDS[name]) for name in needed if name not in shown]:
            self.add_error("fields_needed", _("Not on the form: %(names)s.") % {"names": ", ".join(extra)})
        return values

    def chosen(self):
        """The values that the operation writes."""
        values = {name: self.cleaned_data[name] for name in self.Meta.fields}
        return values | {"fields": self.cleaned_data["fields_shown"], "required": self.cleaned_data["fields_needed"]}


def address_of(form):
    """The public address of a web form."""
    return whole(f"/forms/{form.key}/")
