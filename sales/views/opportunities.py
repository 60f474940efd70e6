"""The page of a deal with its path, and what is done there: move, win, lose, reopen."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from crm_site.core import pages
from crm_site.core.converters import read_id
from crm_site.core.kept import Slot, kept_objects
from crm_site.core.operations import Refused, Stale
from crm_site.core.views.bulk import FORMS, TITLES
from customers.views.parties import done, form_page, go
from sales.forms.move_many import MoveManyForm
from sales.forms.opportunity import ChooseForm, LoseForm, MoveForm, WinForm
from sales.kinds.opportunity import OPPORTUNITIES
from sales.models import Pipeline, Stage
from sales.operations.closing import lose_opportunity, reopen_opportunity, win_opportunity
from sales.operations.opportunities import (
    missing_fields,
    move_opportunity,
    reset_probability,
    unmove_opportunity,
)

# The kit's change of many, beside those that every list has.
FORMS["move"], TITLES["move"] = MoveManyForm, gettext_lazy("Move")
# What the board asks for: an answer to a script instead of a page.
JSON = "application/json"


def opportunity_record(request, pk):
    """A deal's page with its path above the facts."""
    response = pages.record_page(request, OPPORTUNITIES, pk, path="sales/opportunities/_path.html")
    response.context_data |= path_of(response.context_data["record"], bool(response.context_data["edit_url"]))
    return response


def path_of(deal, may_change):
    """What the path shows: the stages in order, the present one, the next, and what was set by hand; one statement.

    Of a lost deal, by one more, only the stages before the one in which it was lost are passed.
    """
    stages = list(Stage.objects.filter(pipeline=deal.pipeline_id).order_by("order", "id"))
    now = next(stage for stage in stages if stage.pk == deal.stage_id)
    shown = [stage for stage in stages if stage.is_active or stage == now]
    steps = [stage for stage in shown if stage.state == Stage.OPEN or (stage.state == deal.state and stage == now)]
    place = steps.index(now)
    done = place if now.state != Stage.LOST else lost_at(deal, steps)
    for number, stage in enumerate(steps):
        stage.passed, stage.current = number < done, number == place
    url, is_open = OPPORTUNITIES.record_url(deal.pk), deal.state == Stage.OPEN
    return {
        "steps": steps, "stage": now, "may_move": may_change and is_open, "base": url,
        "next_stage": steps[place + 1] if is_open and place + 1 < len(steps) else None,
        "by_hand": is_open and (deal.probability_by_hand or deal.category_by_hand),
    }  # fmt: skip


def lost_at(deal, steps):
    """The place among the steps of the stage in which a deal was lost; 0 when nobody knows."""
    rows = deal.changes.filter(from_state=Stage.OPEN, to_state=Stage.LOST).order_by("-at", "-id")
    came = rows.values_list("from_stage", flat=True).first()
    return next((place for place, stage in enumerate(steps) if stage.pk == came), 0)


def chosen_stage(request):
    """The stage that the address or the form names; there is no such page otherwise."""
    pk = read_id(request.POST.get("stage") or request.GET.get("stage") or "")
    found = active_stage(pk=pk or 0)
    if not found:
        raise Http404
    return found[0]


@kept_objects(
    *(field.name for field in Stage._meta.concrete_fields),
    *(f"pipeline__{field.name}" for field in Pipeline._meta.concrete_fields),
)
def active_stage():
    """A stage in use, with its pipeline."""
    return Stage.objects.filter(is_active=True, pk=Slot("pk"))


@require_http_methods(["GET", "POST"])
def opportunity_move(request, pk):
    """Put a deal into another stage; what the stage needs and the deal lacks is asked for, and nothing else.

    Somebody who moved it first makes this a 409 with a message. Won and lost stages lead to their own forms.
    """
    deal = pages.get_visible_or_404(OPPORTUNITIES, request.user, pk, "change")
    if request.method == "GET" and "stage" not in request.GET:
        return ask(request, request.get_full_path(), ChooseForm(deal=deal), _("Move %(deal)s") % {"deal": deal}, deal)
    stage, target = chosen_stage(request), pages.safe_next(request)
    url = f"{OPPORTUNITIES.record_url(pk)}move/?{urlencode({'stage': stage.pk} | ({'next': target} if target else {}))}"
    if stage.state != Stage.OPEN:
        return ask(request, f"{OPPORTUNITIES.record_url(pk)}{'win' if stage.state == Stage.WON else 'lose'}/")
    missing = missing_fields(stage, {}, deal)
    if not missing and request.method == "GET":
        return go(request, OPPORTUNITIES.record_url(pk))
    form = None
    if missing:
        filled = request.method == "POST" and all(name in request.POST for name in missing)
        form = MoveForm(request.POST if filled else None, instance=deal, user=request.user, missing=missing)
        if not form.is_valid():
            return ask(request, url, form, _("%(stage)s needs to know") % {"stage": stage}, deal)
    return moved(request, deal, stage, lambda: move_opportunity(
        deal, stage, by=request.user, values=form.values() if form else {},
        came_from=read_id(request.POST.get("from", "")) or None,
    ))  # fmt: skip


def moved(request, deal, stage, do):
    """Move a deal and say so, with the way back; or say why not."""
    came_from, url = deal.stage_id, OPPORTUNITIES.record_url(deal.pk)
    undo = f"{url}unmove/{came_from}/{stage.pk}/"
    try:
        text, status = _("%(deal)s is in %(stage)s now.") % {"deal": do(), "stage": stage}, 200
    except Stale as stale:
        words = {"who": stale.current.changed_by or _("Somebody"), "stage": stale.current.stage}
        text, status = _("%(who)s moved this deal to %(stage)s meanwhile. Nothing was changed.") % words, 409
    except Refused as refusal:
        text, status = str(refusal), 422
    if wants_json(request):
        return JsonResponse({"text": text, "undo_url": undo if status == 200 else ""}, status=status)
    if status == 200:
        messages.success(request, text, extra_tags=f"undo:{undo}")
    else:
        messages.error(request, text)
    response = go(request, pages.safe_next(request) or url)
    if status == 409 and request.htmx:
        response.status_code = 409
    return response


def wants_json(request):
    """Whether a script asks, such as the board's."""
    return request.headers.get("accept") == JSON


def ask(request, url, form=None, title="", deal=None):
    """A form about a move, in the dialog or as a page; a script is told its address."""
    if wants_json(request):
        return JsonResponse({"text": "", "form_url": url}, status=422)
    if form is None:
        return go(request, url)
    context = {
        "kind": OPPORTUNITIES, "record": deal, "form": form, "action_url": url,
        "title": title, "cancel_url": pages.safe_next(request) or OPPORTUNITIES.record_url(deal.pk),
    }  # fmt: skip
    modal = pages.is_modal(request)
    template = "records/_form_modal.html" if modal else "records/form.html"
    status = 422 if modal and form.is_bound else 200
    return TemplateResponse(request, template, context, status=status)


@require_POST
def opportunity_unmove(request, pk, came_from, went_to):
    """Take a move back, as long as nobody moved the deal on."""
    deal = pages.get_visible_or_404(OPPORTUNITIES, request.user, pk, "change")
    return back(request, deal, lambda: unmove_opportunity(deal, came_from, went_to, by=request.user))


def back(request, deal, do):
    """Do it and go back to where one was: the board, or the deal."""
    try:
        messages.success(request, _("%(deal)s is back where it was.") % {"deal": do()})
    except Refused as refusal:
        messages.error(request, str(refusal))
    return go(request, pages.safe_next(request) or OPPORTUNITIES.record_url(deal.pk))


@require_http_methods(["GET", "POST"])
def opportunity_win(request, pk):
    """Close a deal as won: the actual amount and the day are asked for, the sale is made."""
    deal = pages.get_visible_or_404(OPPORTUNITIES, request.user, pk, "change")
    form = WinForm(request.POST or None, deal=deal, user=request.user)
    return form_page(request, OPPORTUNITIES, deal, form, _("Won: %(deal)s") % {"deal": deal}, lambda data:
        win_opportunity(deal, by=request.user, **data), verb=_("Close as won"), said=lambda sale:
        _("%(deal)s is won and became sale %(number)s.") % {"deal": deal, "number": sale.document})  # fmt: skip


@require_http_methods(["GET", "POST"])
def opportunity_lose(request, pk):
    """Close a deal as lost: the reason is asked for, and a note where the reason needs one."""
    deal = pages.get_visible_or_404(OPPORTUNITIES, request.user, pk, "change")
    form = LoseForm(request.POST or None, deal=deal, user=request.user)
    return form_page(request, OPPORTUNITIES, deal, form, _("Lost: %(deal)s") % {"deal": deal}, lambda data:
        lose_opportunity(deal, data["loss_reason"], by=request.user, lost_to=data["lost_to"], note=data["loss_note"],
                         closed_on=data["closed_on"], version=data["version"]), verb=_("Close as lost"),
        said=lambda lost: _("%(deal)s is lost: %(reason)s.") % {"deal": lost, "reason": lost.loss_reason})  # fmt: skip


@require_POST
def opportunity_reopen(request, pk):
    """Open a closed deal again, in the stage in which it was."""
    deal = pages.get_visible_or_404(OPPORTUNITIES, request.user, pk, "change")
    return done(
        request, OPPORTUNITIES, deal, lambda: reopen_opportunity(deal, by=request.user),
        _("%(deal)s is open again.") % {"deal": deal},
    )  # fmt: skip


@require_POST
def opportunity_reset(request, pk):
    """Let probability and forecast category follow the stage again."""
    deal = pages.get_visible_or_404(OPPORTUNITIES, request.user, pk, "change")
    return done(
        request, OPPORTUNITIES, deal, lambda: reset_probability(deal, by=request.user),
        _("Probability and forecast category follow the stage again."),
    )  # fmt: skip
