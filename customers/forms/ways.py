"""Forms of what hangs on accounts, contacts and customers: mechanisms, affiliations, a customer's status."""

from crispy_forms.helper import FormHelper
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import PickField
from customers.forms.party import country_field
from customers.models import Account, Contact, ContactMechanism

ADDRESS = ("street", "postal_code", "city", "region", "country")
DAY = {"type": "date"}


def helper():
    """The layout helper of a form whose tags the template writes."""
    made = FormHelper()
    made.form_tag, made.disable_csrf = False, True
    return made


class MechanismForm(forms.ModelForm):
    """One way to reach somebody; the type is chosen once, and an address has fields of its own."""

    country = country_field()

    class Meta:
        model = ContactMechanism
        fields = ["type", "value", "purpose", *ADDRESS, "is_primary", "do_not_use", "valid_from"]
        widgets = {"valid_from": forms.DateInput(DAY, format="%Y-%m-%d")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper()
        self.fields["value"].required = False
        kind = self.instance.type if self.instance.pk else self.initial.get("type", "")
        if self.instance.pk:
            del self.fields["type"]
        if kind == ContactMechanism.POSTAL:
            del self.fields["value"]
        elif kind:
            for name in ADDRESS[:-1]:
                del self.fields[name]
            if kind not in (ContactMechanism.PHONE, ContactMechanism.MOBILE):
                del self.fields["country"]
            else:
                self.fields["country"].help_text = _("Of a number without a country code.")
        if kind and "type" in self.fields:
            self.fields["type"].widget = forms.HiddenInput()

    def _get_validation_exclusions(self):
        """The value is checked by the operation, which makes that of an address from its parts."""
        return {*super()._get_validation_exclusions(), "value"}


class AffiliationForm(forms.Form):
    """A contact at an account."""

    contact = forms.Field()
    account = forms.Field()
    role = forms.CharField(label=_("Role"), max_length=100, required=False)
    valid_from = forms.DateField(label=_("Since"), required=False, widget=forms.DateInput(DAY))
    main = forms.BooleanField(label=_("Main account"), required=False)

    def __init__(self, *args, user, of, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper()
        self.fields["contact"] = PickField(
            Contact.objects.changeable_by(user), "/contacts/options/", label=_("Contact")
        )
        self.fields["account"] = PickField(Account.objects.visible_to(user), "/accounts/options/", label=_("Account"))
        del self.fields["contact" if isinstance(of, Contact) else "account"]


class EndForm(forms.Form):
    """Until when something was so."""

    on = forms.DateField(label=_("Until"), initial=timezone.localdate, widget=forms.DateInput(DAY, format="%Y-%m-%d"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper()
