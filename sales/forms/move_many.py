"""The question before many deals are moved."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.views.bulk import BulkForm
from sales.forms.opportunity import StageField, open_stages


class MoveManyForm(BulkForm):
    """An open stage; deals that lack what it needs stay where they are."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        hint = _("Closed deals, and those that lack what the stage needs, stay where they are.")
        self.fields["stage"] = StageField(open_stages(), label=_("Stage"), help_text=hint)

    def values(self):
        """As the job keeps it."""
        return {"stage_id": self.cleaned_data["stage"].pk}
