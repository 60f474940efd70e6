"""The pages on which support managers say what is asked of each kind of request."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core.scope import found_or_404
from support import asked
from support.forms.case import CaseFieldForm
from support.models import Case, CaseField
from support.operations.asking import move_case_field, save_case_field


def need_asker(user):
    """What is asked is the business of who is in charge of all cases; nobody else has the pages."""
    if not asked.may_ask(user):
        raise Http404


@require_GET
def field_list(request):
    """All fields in order, and the form that customers fill in for one kind of request."""
    need_asker(request.user)
    kind = request.GET.get("kind", "")
    kind = kind if kind in Case.TYPES else Case.QUESTION
    context = {
        "title": _("Request fields"), "rows": [(row, asked.kind_of(row.type)) for row in CaseField.objects.all()],
        "kind": kind, "kinds": Case.TYPES.items(), "preview": asked.form_of(asked.fields_of([kind], portal=True)),
    }  # fmt: skip
    return TemplateResponse(request, "support/asked/list.html", context)


@require_http_methods(["GET", "POST"])
def field_edit(request, pk=None):
    """One field; it can be looked at as it stands on the page before it is saved."""
    need_asker(request.user)
    row = found_or_404(CaseField.objects.all(), pk=pk) if pk else CaseField()
    label = row.label
    form, preview = CaseFieldForm(request.POST or None, instance=row), None
    if request.method == "POST" and form.is_valid():
        if request.POST.get("do") != "look":
            save_case_field(form.instance, by=request.user)
            messages.success(request, _("Saved."))
            return redirect("support:field_list")
        preview = asked.form_of([form.instance])
    context = {"title": label or _("New field"), "form": form, "row": row, "preview": preview}
    return TemplateResponse(request, "support/asked/edit.html", context, status=422 if form.errors else 200)


@require_POST
def field_move(request, pk):
    """A field one place up or down."""
    need_asker(request.user)
    row = found_or_404(CaseField.objects.all(), pk=pk)
    move_case_field(row, -1 if request.POST.get("to") == "up" else 1, by=request.user)
    return redirect("support:field_list")
