"""Forms of articles, of what customers have of ours, and of what is known to be wrong with it."""

from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import PickField, RecordForm
from support.models import Article, Entitlement, InstalledProduct, KnownIssue

RECORD = (_("Record"), ("owner", "team", "tags"))


class SectionForm(RecordForm):
    """A form in sections."""

    sections = ()

    def __init__(self, *args, only=None, **kwargs):
        super().__init__(*args, only=only, **kwargs)
        if not only:
            groups = [(title, [name for name in names if name in self.fields]) for title, names in self.sections]
            fields = (Fieldset(title, *names) for title, names in groups if names)
            self.helper.layout = Layout(*fields, "once", "version")


class ArticleForm(SectionForm):
    """An article's working text."""

    sections = (
        (_("Article"), ("name", "summary", "body")), (_("For"), ("audience", "category", "product")), RECORD,
    )  # fmt: skip

    class Meta:
        model = Article
        fields = ["name", "summary", "body", "audience", "category", "product", "owner", "team", "tags"]
        widgets = {"body": forms.Textarea({"rows": 20})}
        help_texts = {"body": _("Markdown: # heading, **bold**, - list, 1. steps, [text](address), `code`, tables.")}


class InstalledForm(SectionForm):
    """One product at one customer; without a name it is called as its product."""

    sections = (
        (_("Product"), ("product", "name", "serial", "version_name")),
        (_("At"), ("customer", "account", "contact", "sale")),
        (_("Cover"), ("bought_on", "warranty_until", "support_until")), (_("Description"), ("description",)), RECORD,
    )  # fmt: skip

    class Meta:
        model = InstalledProduct
        fields = [
            "product", "name", "serial", "version_name", "customer", "account", "contact", "sale", "bought_on",
            "warranty_until", "support_until", "description", "owner", "team", "tags",
        ]  # fmt: skip

    def set_choices(self):
        """A new one may take its product's name."""
        super().set_choices()
        if "name" in self.fields and not self.instance.pk:
            self.fields["name"].required = False
            self.fields["name"].help_text = _("Left empty, it is the product's name.")

    def _get_validation_exclusions(self):
        """The operation gives the name."""
        return {*super()._get_validation_exclusions(), "name"}


class EntitlementForm(SectionForm):
    """A support contract."""

    sections = (
        (_("Contract"), ("name", "customer", "account", "product", "policy")),
        (_("How long and how much"), ("starts_on", "ends_on", "cases_total", "minutes_total")),
        (_("Description"), ("description",)), RECORD,
    )  # fmt: skip

    class Meta:
        model = Entitlement
        fields = [
            "name", "customer", "account", "product", "policy", "starts_on", "ends_on", "cases_total", "minutes_total",
            "description", "owner", "team", "tags",
        ]  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial.setdefault("starts_on", timezone.localdate())

    def clean(self):
        """It is somebody's."""
        cleaned = super().clean()
        if {"customer", "account"} <= set(self.fields) and not (cleaned.get("customer") or cleaned.get("account")):
            self.add_error("customer", _("Say whose it is: a customer or an account."))
        return cleaned


class IssueForm(SectionForm):
    """Something known to be wrong; it is fixed by its own button."""

    sections = (
        (_("Issue"), ("name", "product", "versions", "description", "workaround")), RECORD,
    )  # fmt: skip

    class Meta:
        model = KnownIssue
        fields = ["name", "product", "versions", "description", "workaround", "owner", "team", "tags"]


class FixForm(forms.Form):
    """The version that has the fix."""

    fixed_in = forms.CharField(label=_("Fixed in version"), max_length=50, required=False)


class LinkForm(forms.Form):
    """The known issue that is behind a case."""

    def __init__(self, *args, case, user, **kwargs):
        super().__init__(*args, **kwargs)
        rows = KnownIssue.objects.visible_to(user)
        self.fields["issue"] = PickField(rows, "/known-issues/options/", label=_("Known issue"), required=False)
        self.initial["issue"] = case.issue_id


class UseForm(forms.Form):
    """The minutes of work to count."""

    minutes = forms.IntegerField(
        label=_("Minutes of work"), min_value=0, max_value=100_000, required=False,
        help_text=_("The case counts once, however often minutes are added."),
    )  # fmt: skip
