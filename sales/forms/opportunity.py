"""Forms of deals: the record's own, and the small ones that move, win and lose."""

import re

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import PickField, RecordForm, without_zeros
from crm_site.core.kinds import KINDS
from crm_site.core.models import ExchangeRate, Record
from customers.models import Account
from sales.models import CATEGORIES, LossReason, Opportunity, Stage
from sales.operations.opportunities import default_stage, end_of_quarter

HIDDEN = ("once", "version")
OPEN_CATEGORIES = [(key, label) for key, label in CATEGORIES.items() if key not in ("closed", "lost")]


class StageField(forms.ModelChoiceField):
    """The open stages in use, named with their pipeline where there are several."""

    def label_from_instance(self, stage):
        """The stage's name, with its pipeline's unless that is the default one."""
        return stage.name if stage.pipeline.is_default else f"{stage.pipeline}: {stage}"


def open_stages():
    """The stages that a deal may be put into."""
    rows = Stage.objects.filter(state=Stage.OPEN, is_active=True, pipeline__is_active=True).select_related("pipeline")
    return rows.order_by("-pipeline__is_default", "pipeline__name", "order", "id")


def currencies(current=""):
    """Choices of currencies: the company's own, those with a rate, and the one that a deal has already."""
    known = ExchangeRate.objects.order_by("currency").values_list("currency", flat=True).distinct()
    codes = [settings.BASE_CURRENCY, *known, *([current] if current else [])]
    return [(code, code) for code in dict.fromkeys(codes)]


class OpportunityForm(RecordForm):
    """A deal; the stage of an existing one changes on its path, and what is left out of a new one follows."""

    sections = (
        (_("Deal"), ("name", "account", "contact", "customer", "type")),
        (_("Promise"), ("amount", "currency", "price_book", "close_date", "stage", "probability", "category")),
        (_("Next"), ("next_step", "next_step_date")),
        (_("Where it came from"), ("source", "campaign", "lead", "partner", "serviced_by")),
        (_("Description"), ("description",)),
        (_("Record"), ("owner", "team", "tags")),
    )
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    probability = forms.IntegerField(label=_("Probability, %"), min_value=0, max_value=100, required=False)
    category = forms.ChoiceField(
        label=_("Forecast category"), required=False, choices=[("", _("As the stage says")), *OPEN_CATEGORIES]
    )

    class Meta:
        model = Opportunity
        fields = [
            "name", "account", "contact", "customer", "type", "amount", "currency", "price_book", "close_date", "stage",
            "probability", "category", "next_step", "next_step_date", "source", "campaign", "lead", "partner",
            "serviced_by", "description", "owner", "team", "tags",
        ]  # fmt: skip

    def __init__(self, *args, user, only=None, **kwargs):
        super().__init__(*args, user=user, only=only, **kwargs)
        if self.instance.pk and not only:
            self.fields.pop("stage", None)
        if self.instance.pk and self.instance.state != Stage.OPEN:
            for name in ("probability", "category"):
                self.fields.pop(name, None)
        if "currency" in self.fields:
            self.fields["currency"].choices = currencies(self.instance.currency)
        if self.instance.amount_from_lines and not only and "amount" in self.fields:
            self.fields["amount"].disabled = True
            self.fields["amount"].help_text = _("The amount is the sum of the lines; change those.")
        if not self.instance.pk:
            self.start()
        if not only:
            groups = [(title, [name for name in names if name in self.fields]) for title, names in self.sections]
            self.helper.layout = Layout(*(Fieldset(title, *names) for title, names in groups if names), *HIDDEN)

    def set_choices(self):
        """Leave out what points at a kind that is not installed; a stage is chosen among the open ones in use."""
        for name in list(self.fields):
            field = {f.name: f for f in Opportunity._meta.fields}.get(name)
            model = field.related_model if field is not None and field.is_relation else None
            if model and issubclass(model, Record) and model._meta.label_lower not in KINDS:
                del self.fields[name]
        super().set_choices()
        if "stage" in self.fields:
            self.fields["stage"] = StageField(open_stages(), label=_("Stage"), required=bool(self.instance.pk))

    def start(self):
        """What a new deal begins with; nothing but a name or a party has to be given."""
        today = timezone.localdate()
        begin = {"close_date": end_of_quarter(today), "currency": settings.BASE_CURRENCY, "probability": None,
                 "category": ""}  # fmt: skip
        for name, value in begin.items():
            if name not in self.initial or name in ("probability", "category"):
                self.initial[name] = value
        if "stage" in self.fields and not self.initial.get("stage"):
            self.initial["stage"] = default_stage().pk
        if "name" in self.fields:
            self.fields["name"].required = False
            self.fields["name"].help_text = _("Left empty, it is the account's name.")
        for name in ("close_date", "type"):
            if name in self.fields:
                self.fields[name].required = False
        if "probability" in self.fields:
            self.fields["probability"].help_text = _("Left empty, it follows the stage.")

    def _get_validation_exclusions(self):
        """What follows the stage or the parties is checked by the operation."""
        own = ("name", "type", "close_date", "stage", "probability", "category", "currency")
        return {*super()._get_validation_exclusions(), *own}

    def clean_name(self):
        """A name, once there is a deal."""
        name = self.cleaned_data["name"].strip()
        if self.instance.pk and not name:
            raise forms.ValidationError(_("A deal needs a name."))
        return name

    def clean(self):
        """A new deal needs a name or somebody it is with."""
        cleaned = super().clean()
        given = [cleaned.get(name) for name in ("name", "account", "contact", "customer")]
        if not self.instance.pk and "name" in self.fields and not any(given) and not self.errors:
            self.add_error("name", _("Give the deal a name, an account or a contact."))
        return cleaned

    def values(self):
        """The cleaned values; what was left empty is not said."""
        found = super().values()
        if self.instance.pk:
            return found
        return {name: value for name, value in found.items() if value not in (None, "") or name == "owner"}


def plain_helper():
    """A crispy helper for a form inside another form's frame."""
    helper = FormHelper()
    helper.form_tag, helper.disable_csrf = False, True
    return helper


class MoveForm(RecordForm):
    """Only the fields that a stage needs and that the deal lacks."""

    class Meta:
        model = Opportunity
        fields = OpportunityForm.Meta.fields

    def __init__(self, *args, user, missing, **kwargs):
        super().__init__(*args, user=user, only=missing, **kwargs)
        for name in missing:
            if name in self.fields:
                self.fields[name].required = True

    def _get_validation_exclusions(self):
        """The operation checks what the stage needs."""
        return {f.name for f in Opportunity._meta.fields} - set(self.fields)


class ChooseForm(forms.Form):
    """Another stage for a deal, won and lost among them."""

    stage = forms.ModelChoiceField(Stage.objects.none(), label=_("Stage"), empty_label=None, widget=forms.RadioSelect)

    def __init__(self, *args, deal, **kwargs):
        super().__init__(*args, **kwargs)
        rows = Stage.objects.filter(pipeline=deal.pipeline_id, is_active=True).order_by("order", "id")
        self.fields["stage"].queryset = rows
        self.initial["stage"] = deal.stage_id
        self.helper = plain_helper()


class WinForm(forms.Form):
    """What was agreed, and when."""

    amount = forms.DecimalField(label=_("Actual amount"), max_digits=18, decimal_places=3)
    closed_on = forms.DateField(label=_("Closed on"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, deal, user, **kwargs):
        super().__init__(*args, **kwargs)
        amount = without_zeros(deal.amount)
        self.initial |= {"amount": amount, "closed_on": timezone.localdate(), "version": deal.version}
        self.fields["amount"].help_text = _("In %(currency)s.") % {"currency": deal.currency}
        self.helper = plain_helper()

    def clean_closed_on(self):
        """Today or before."""
        day = self.cleaned_data["closed_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("A deal cannot be closed in the future."))
        return day


class LoseForm(forms.Form):
    """Why a deal was lost, to whom, and what else there is to say."""

    loss_reason = forms.ModelChoiceField(LossReason.objects.none(), label=_("Reason"))
    loss_note = forms.CharField(label=_("Note"), max_length=300, required=False, widget=forms.Textarea({"rows": 3}))
    closed_on = forms.DateField(
        label=_("Closed on"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    field_order = ("loss_reason", "lost_to", "loss_note", "closed_on", "version")

    def __init__(self, *args, deal, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["loss_reason"].queryset = LossReason.objects.filter(is_active=True)
        rows = Account.objects.visible_to(user)
        self.fields["lost_to"] = PickField(rows, "/accounts/options/", label=_("Lost to"), required=False)
        self.order_fields(self.field_order)
        self.initial |= {"closed_on": timezone.localdate(), "version": deal.version}
        self.helper = plain_helper()

    def clean(self):
        """Some reasons need a note; no text holds what the database cannot."""
        cleaned = super().clean()
        reason, note = cleaned.get("loss_reason"), (cleaned.get("loss_note") or "").strip()
        if reason and reason.needs_note and not note:
            self.add_error("loss_note", _("The reason “%(reason)s” needs a note.") % {"reason": reason})
        if re.search("\0", note):
            self.add_error("loss_note", _("The text holds a character that cannot be stored."))
        day = cleaned.get("closed_on")
        if day and day > timezone.localdate():
            self.add_error("closed_on", _("A deal cannot be closed in the future."))
        return cleaned
