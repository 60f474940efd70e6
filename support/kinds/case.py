"""Cases as a kind of record."""

from django.db.models import Value
from django.utils.translation import gettext_lazy as _

from crm_site.core.converters import read_id
from crm_site.core.kept import Slot, kept
from crm_site.core.kinds import Dependent, Kind, Panel, Preset, Sort, add_dependent, add_panel, register
from crm_site.core.pages import RULES
from crm_site.core.parts import rights
from customers.kinds.common import CHANGED, NEWEST
from customers.kinds.parties import button, may_add
from customers.models import Account, Activity, Contact, Customer
from customers.operations.following import CLOSE, KEEP, MINE
from sales.models import Product, Sale
from support.columns.case import CASE_COLUMNS
from support.filters.case import CaseFilters
from support.forms.case import CaseForm
from support.models import Case, Status
from support.operations.cases import create_case, delete_case, open_activities_of, restore_case, update_case
from support.operations.macros import BULK_VERB
from support.operations.many_cases import after_assign
from support.operations.parties import open_cases, settle_cases
from support.operations.states import ENDED
from support.similar import similar_cases

RULES.update({
    "case_subject_given": _("A case needs a subject."),
    "case_own_parent": _("A case cannot be a part of itself."),
    "case_merged_into_itself": _("A case cannot be merged into itself."),
    "case_merged_is_read_only": _("A merged case is read-only. Take the merge back first."),
    "case_closed_when": _("Close the case by its own button."),
    "case_resolved_when": _("Resolve the case by its own button."),
    "watcher_once": _("They follow the case already."),
    "queue_member_once": _("Somebody is named twice."),
    "message_id_once": _("This mail is on a case already."),
})  # fmt: skip

UNRESOLVED = "&".join(f"category={category}" for category in Status.UNRESOLVED)
CHOICES = ((KEEP, _("Keep them as they are")), (MINE, _("Hand them to me")), (CLOSE, _("Close them")))
STARTS = {"contact": Contact, "account": Account, "customer": Customer, "product": Product, "sale": Sale,
          "parent": Case}  # fmt: skip


def subtitle(case):
    """The state and the priority, under the subject."""
    return f"{case.status} · {case.get_priority_display()}"


def initial(request):
    """What the form of a new case begins with: whom or what the address names, as far as the user sees it."""
    found = {}
    for name, model in STARTS.items():
        pk = read_id(request.GET.get(name, ""))
        record = model.objects.visible_to(request.user).filter(pk=pk).first() if pk else None
        if record is None:
            continue
        found[name] = record.pk
        for other in ("contact", "account", "customer"):
            if other not in found and getattr(record, f"{other}_id", None):
                found[other] = getattr(record, f"{other}_id")
    return found


@kept
def has_parts():
    """A row where a case has parts."""
    rows = Case.objects.unscoped("each part has its own gate").filter(parent=Slot("case"))
    return rows.order_by().values_list(Value(1))[:1]


def actions(case, user):
    """Take, resolve, close, open again; log a call."""
    url, found, may_change = f"/cases/{case.pk}/", [], "change" in rights(user, case)
    if may_add(user, Activity):
        found.append(button(_("Log a call"), f"{url}log/?kind=call", "note"))
    if not may_change and may_add(user, Case) and not case.merged_into_id:
        found.append(button(_("Add a note"), f"{url}note/", "note", "modal", primary=True))
    if not may_change or case.merged_into_id:
        return found
    if case.category in ENDED:
        found.append(button(_("Reopen"), f"{url}reopen/", "undo", "post", primary=True))
    else:
        if case.owner_id != user.pk:
            found.append(button(_("Take it"), f"{url}take/", "user", "post"))
        found.append(button(_("Resolve"), f"{url}resolve/", "check", "modal", primary=True))
        if not case.is_spam:
            found.append(button(_("Spam"), f"{url}spam/", "shield", "post"))
    if case.category != Status.CLOSED:
        found.append(button(_("Close"), f"{url}close/", "x", "modal"))
    if user.reach(Case, "merge") != "none":
        found.append(button(_("Merge"), f"{url}merge/", "merge"))
    found.append(button(_("Split"), f"{url}split/", "copy"))
    if has_parts(case=case.pk):
        found.append(button(_("Update all who ask"), f"{url}incident/", "megaphone"))
    return found


CASES = register(
    Kind(
        model=Case, slug="cases", menu=20, icon="headset", label=_("Case"), label_plural=_("Cases"),
        purpose=_("What customers ask of us: what falls due first stands first."),
        columns=CASE_COLUMNS, default_sort="due",
        sorts={
            "due": Sort(_("Due"), ("due_at", "id")), "new": NEWEST, "changed": CHANGED,
            "spoken": Sort(_("Last message"), ("-last_message_at", "-id")),
        },
        form=CaseForm, filters=CaseFilters, create=create_case, update=update_case, delete=delete_case,
        restore=restore_case, quick=("subject", "contact", "description", "priority", "channel"),
        highlights=("status", "due_at", "priority", "contact", "customer", "queue", "owner"),
        groups=(
            (_("What it is about"), ("number", "type", "channel", "product", "installed", "issue", "description",
                                     "details")),
            (_("Who asks"), ("contact", "account", "customer", "sale", "entitlement", "partner")),
            (_("Promise"), ("policy", "policy_why", "breached", "first_replied_at", "waiting_since",
                            "last_customer_at")),
            (_("Outcome"), ("resolution", "resolved_at", "closes_at", "closed_at", "close_reason", "reopened")),
            (_("Connected"), ("parent", "follows", "merged_into", "is_spam", "is_hidden", "is_private")),
            (_("Record"), ("owner", "team", "tags", "created_at", "created_by", "changed_at")),
        ),
        subtitle=subtitle, initial=initial, actions=actions, similar=similar_cases, has_timeline=True,
        after_assign=after_assign,
        options_text=lambda case: f"{case.number} · {case.get_category_display()}",
        related=(
            "status", "queue", "policy__name", "contact__first_name", "contact__middle_initial", "contact__last_name",
            "contact__email", "contact__deleted_at", "contact__account", "customer__name", "customer__tier",
            "customer__deleted_at", "customer__account", "account__name", "account__deleted_at", "account__parent",
            "product__name",
        ),
        dependents=(
            Dependent(_("Open activities"), lambda case, user: open_activities_of(case, user).count(), "activities",
                      ((KEEP, _("Keep them as they are")), (CLOSE, _("Cancel them")), (MINE, _("Hand them to me")))),
            Dependent(
                _("Parts of it"), lambda case, user: Case.objects.visible_to(user).filter(parent=case).count(),
                "children", ((KEEP, _("Keep them as they are")), (CLOSE, _("Close them"))),
            ),
        ),
        bulk_fields=("channel", "is_hidden"),
        bulk_verbs=(
            ("set_status", _("Set status"), "change"), ("set_priority", _("Set priority"), "change"),
            ("set_queue", _("Move to queue"), "change"), ("mark_spam", _("Spam"), "change"),
            ("merge", _("Merge"), "merge"), BULK_VERB,
        ),
        presets=(
            Preset("mine", _("My open"), f"{UNRESOLVED}&mine=true"),
            Preset("unassigned", _("Unassigned"), "category=new&category=open&unowned=true"),
            Preset("next", _("Breaching next"), f"{UNRESOLVED}&due=running"),
            Preset("waiting", _("Waiting"), "category=waiting"),
        ),
    )
)  # fmt: skip

OPEN_CASES = Dependent(
    _("Open cases"), lambda record, user: open_cases(record, user).count(), "cases", CHOICES, settle_cases
)
for noun in ("account", "contact", "customer"):
    add_dependent(f"customers.{noun}", OPEN_CASES)
    add_panel(f"customers.{noun}", Panel(_("Cases"), f"support:{noun}_cases", model=Case, order=20))
for noun in ("product", "sale"):
    add_panel(f"sales.{noun}", Panel(_("Cases"), f"support:{noun}_cases", model=Case))
add_panel("support.case", Panel(_("Promises"), "support:case_clocks", side=False, order=55, fold=True))
add_panel("support.case", Panel(_("Satisfaction"), "support:case_surveys", order=50, fold=True))
add_panel("support.case", Panel(_("Merged into this case"), "support:case_merges", order=52, fold=True))
add_panel("support.case", Panel(_("Parts"), "support:case_parts", order=60, fold=True))
add_panel("support.case", Panel(_("Mails"), "support:case_mails", order=80, fold=True))
add_panel("support.case", Panel(_("Followers"), "support:case_watchers", order=70, fold=True))

__all__ = ["CASES"]
