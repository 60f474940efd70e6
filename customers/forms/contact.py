"""Forms of contacts."""

import zoneinfo

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.forms.party import ADDRESS_FIELDS, PartyForm, text_field
from customers.models import Affiliation, Contact


class ContactForm(PartyForm):
    """A person."""

    sections = (
        (_("Person"), ("salutation", "first_name", "middle_initial", "last_name", "job_title", "department")),
        (_("At work"), ("account", "role", "reports_to")),
        (_("How to reach them"), ("email", "phone", "mobile", *ADDRESS_FIELDS, "do_not_contact")),
        (_("More"), ("language", "time_zone", "birthday", "source", "description")),
        (_("Record"), ("owner", "team", "tags")),
    )
    role = text_field(_("Role at the account"), 100)
    time_zone = forms.CharField(
        label=_("Time zone"), required=False, max_length=50, help_text=_("Such as Europe/Berlin.")
    )

    class Meta:
        model = Contact
        fields = [
            "salutation", "first_name", "middle_initial", "last_name", "job_title", "department", "account",
            "reports_to", "language", "time_zone", "birthday", "source", "do_not_contact", "description",
            "owner", "team", "tags",
        ]  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk and "role" in self.fields:
            main = Affiliation.objects.filter(contact=self.instance, is_main=True).values_list("role", flat=True)
            self.initial["role"] = main.first() or ""

    def clean_time_zone(self):
        """A zone that the clock knows, or none."""
        name = self.cleaned_data["time_zone"]
        if name and name not in zoneinfo.available_timezones():
            raise forms.ValidationError(_("There is no such time zone."))
        return name

    def clean_reports_to(self):
        """Anybody but the contact itself."""
        boss = self.cleaned_data["reports_to"]
        if boss and boss.pk == self.instance.pk:
            raise forms.ValidationError(_("Nobody reports to themselves."))
        return boss
