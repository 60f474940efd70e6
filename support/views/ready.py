"""The pages on which support managers keep what agents have ready: canned replies and macros."""

from django.contrib import messages
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core.scope import found_or_404
from support.canned import WORDS, fill
from support.forms.macros import lines_of
from support.forms.ready import CannedForm, MacroSheet
from support.models import CannedReply, Case, Macro
from support.operations.macros import ACTIONS
from support.operations.ready import remove_ready, save_ready
from support.targets import offered
from support.views.asking import need_asker

KINDS = {
    "texts": (CannedReply, CannedForm, gettext_lazy("New canned reply"), "support/ready/text.html"),
    "macros": (Macro, MacroSheet, gettext_lazy("New macro"), "support/ready/macro.html"),
}


@require_GET
def ready_list(request):
    """All canned replies and all macros with what they do."""
    need_asker(request.user)
    macros = list(Macro.objects.select_related("team"))
    names = names_of_targets() if macros else {}
    context = {
        "title": _("Ready answers"), "texts": CannedReply.objects.select_related("team"),
        "macros": [(macro, sentences(macro.actions, names)) for macro in macros],
    }  # fmt: skip
    return TemplateResponse(request, "support/ready/list.html", context)


@require_http_methods(["GET", "POST"])
def ready_edit(request, what, pk=None):
    """One canned reply or macro; it can be read as it would stand on the newest case before it is saved."""
    need_asker(request.user)
    model, make, new, template = KINDS[what]
    row = found_or_404(model.objects.all(), pk=pk) if pk else model()
    title = str(row) if pk else new
    form, preview = make(request.POST or None, instance=row), None
    if request.method == "POST" and form.is_valid():
        if request.POST.get("do") != "look":
            save_ready(form.instance, by=request.user)
            messages.success(request, _("Saved."))
            return redirect("support:ready_list")
        preview = looked_at(form.instance, request.user)
    context = {"title": title, "form": form, "row": row, "what": what, "preview": preview, "words": WORDS.items()}
    return TemplateResponse(request, template, context, status=422 if form.errors else 200)


@require_POST
def ready_remove(request, what, pk):
    """Take away a canned reply or a macro."""
    need_asker(request.user)
    row = found_or_404(KINDS[what][0].objects.all(), pk=pk)
    remove_ready(row, by=request.user)
    messages.success(request, _("%(name)s is removed.") % {"name": row})
    return redirect("support:ready_list")


def looked_at(row, user):
    """{case, said: [(what, text)], missing}: the texts of a row as they read on the newest case of somebody known."""
    cases = Case.objects.visible_to(user).filter(contact__isnull=False)
    case = cases.select_related("contact", "account", "customer", "product").order_by("-pk").first()
    texts = [("", row.body)] if isinstance(row, CannedReply) else sentences(row.actions, names_of_targets())
    filled = [(what, *fill(text, case, user)) for what, text in texts] if case else []
    missing = dict.fromkeys(name for _what, _text, names in filled for name in names)
    return {"case": case, "said": [(what, text) for what, text, _names in filled], "missing": list(missing)}


def names_of_targets():
    """{"queue:5": name} of all that a macro can act on."""
    groups = offered(("status", "priority", "queue", "user"))[1:]
    people = {"user:me": _("whoever runs it"), "user:": _("nobody")}
    return people | {key: str(name) for _label, rows in groups for key, name in rows}


def sentences(actions, names):
    """[(what a macro does, to what or with which text)] of its actions."""
    gone = _("no longer there")
    return [
        (ACTIONS.get(line["do"], line["do"]), names.get(line["on"], gone) if line["on"] else line["text"])
        for line in lines_of(actions)
    ]
