"""Changes of many records from a list: the values are asked first, then the change is made or handed to a job."""

import uuid

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm_site.core import lists, pages
from crm_site.core.bulk import AT_ONCE, count_chosen, start_bulk_change, undoable
from crm_site.core.forms import PickField, RecordForm, TagsField, users_for
from crm_site.core.jobs import run_now
from crm_site.core.models import Job, Team
from crm_site.core.operations import Refused, submit_once
from crm_site.core.views.exports import record_export, ticked
from crm_site.core.views.jobs import own_job_or_404


class BulkForm(forms.Form):
    """What every change of many asks for; `values()` gives {column: value} as the job keeps it."""

    once = forms.UUIDField(widget=forms.HiddenInput)
    digest = RecordForm.digest

    def __init__(self, *args, kind, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.kind, self.user = kind, user

    def values(self):
        """Nothing to set."""
        return {}


class AssignForm(BulkForm):
    """A new owner, a new team or both."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        owner = PickField(users_for(self.user), "/users/options/", label=_("Owner"), required=False)
        help_text = _("The owner's main team, unless you choose another.")
        team = PickField(Team.objects.all(), "/teams/options/", label=_("Team"), required=False, help_text=help_text)
        self.fields |= {"owner": owner, "team": team}

    def clean(self):
        """One of both is needed."""
        if not self.errors and not (self.cleaned_data.get("owner") or self.cleaned_data.get("team")):
            raise forms.ValidationError(_("Choose an owner or a team."))
        return self.cleaned_data

    def values(self):
        """The columns to set."""
        owner, team = self.cleaned_data["owner"], self.cleaned_data["team"]
        team_id = team.pk if team else owner.team_id
        return ({"owner_id": owner.pk} if owner else {}) | {"team_id": team_id}


class EditForm(BulkForm):
    """New values for plain fields; only those ticked are changed."""

    change = forms.MultipleChoiceField(label=_("Fields to change"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        asked = self.kind.form(user=self.user, only=self.kind.bulk_fields).fields
        offered = {name: asked[name] for name in self.kind.bulk_fields if name in asked}
        self.fields["change"].choices = [(name, field.label) for name, field in offered.items()]
        chosen = self.data.getlist("change") if self.is_bound else []
        for name, field in offered.items():
            field.required = field.required and name in chosen
            self.fields[name] = field

    def values(self):
        """The columns to set, as JSON knows them."""
        found = {}
        for name in self.cleaned_data["change"]:
            field, value = self.kind.model._meta.get_field(name), self.cleaned_data[name]
            plain = value is None or isinstance(value, str | int | bool | list)
            found[field.attname] = getattr(value, "pk", None) or (value if plain else str(value))
        return found


class TagForm(BulkForm):
    """Tags to add or to take away."""

    tags = TagsField(label=_("Tags"), help_text=_("Separated by commas."))
    remove = forms.TypedChoiceField(
        label=_("What to do"), choices=[("", _("Add them")), ("1", _("Take them away"))], coerce=bool,
        empty_value=False, required=False,
    )  # fmt: skip

    def values(self):
        """The tags and what to do with them."""
        return {"tags": self.cleaned_data["tags"], "remove": self.cleaned_data["remove"]}


class DeleteManyForm(BulkForm):
    """Only a confirmation."""


FORMS = {"assign": AssignForm, "edit": EditForm, "tag": TagForm, "delete": DeleteManyForm}
TITLES = {"assign": _("Assign"), "edit": _("Edit"), "tag": _("Tag"), "delete": _("Delete")}


@require_POST
def record_bulk(request, kind):
    """The question for an action on many rows and, when it is answered, the change."""
    pages.need(request.user, kind, "bulk")
    action, ids = request.POST.get("action", ""), ticked(request.POST)
    if action not in {offered["name"] for offered in pages.bulk_actions(kind, request.user)}:
        raise Http404
    query = lists.kept_params(request.POST.get("query", "")).urlencode()
    if ids is None and "all" not in request.POST:
        messages.info(request, _("Tick the rows that are meant first."))
        return redirect(f"{kind.base}?{query}")
    if action == "export":
        return record_export(request, kind)
    options = {"action": action, "query": query, "ids": ids}
    data = request.POST if "once" in request.POST else None
    form = FORMS[action](data, kind=kind, user=request.user, initial={"once": uuid.uuid4()})
    if data and form.is_valid():
        pk = pages.attempt(form, lambda: started_once(kind, options, form, request.user))
        if pk:
            return answered(request, kind, own_job_or_404(request, int(pk)), query)
    return question(request, kind, options, form)


def started_once(kind, options, form, user):
    """The id of the job that makes the change, as a text; the same form sent again leads to the same job."""
    options = options | {"values": form.values()}
    return submit_once(
        user, form.cleaned_data["once"], form.digest(),
        lambda: str(start_bulk_change(kind, options, by=user).pk),
    )  # fmt: skip


def answered(request, kind, job, query):
    """Make a small change at once and go back to the list; a long one is followed on its page."""
    url = f"/jobs/{job.pk}/"
    if job.total > AT_ONCE or run_now(job).state != Job.DONE:
        return redirect(url)
    changed, left = job.counts["changed"], job.counts["outside"] + job.counts.get("refused", 0)
    text = ngettext("%(number)s row changed.", "%(number)s rows changed.", changed) % {"number": changed}
    if left:
        text += " " + ngettext("%(number)s was left.", "%(number)s were left.", left) % {"number": left}
    messages.success(request, text, extra_tags=f"undo:{url}undo/" if undoable(job) else "")
    return redirect(url if job.counts.get("refused") else f"{kind.base}?{query}")


def question(request, kind, options, form):
    """The page that says how many rows are meant and asks for the values."""
    try:
        within, outside = count_chosen(kind, request.user, options)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(f"{kind.base}?{options['query']}")
    context = {
        "kind": kind, "form": form, "action": options["action"], "ids": options["ids"], "query": options["query"],
        "title": f"{TITLES[options['action']]}: {kind.label_plural}", "within": within, "outside": outside,
        "action_url": f"{kind.base}bulk/", "cancel_url": f"{kind.base}?{options['query']}",
        "dangerous": options["action"] == "delete",
    }  # fmt: skip
    return TemplateResponse(request, "records/bulk.html", context, status=422 if form.errors else 200)
