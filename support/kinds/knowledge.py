"""Articles, installed products, entitlements, known issues and deal registrations as kinds of record."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import Dependent, Kind, Panel, Preset, add_dependent, add_panel, register
from crm_site.core.operations import delete_record, restore_record
from crm_site.core.pages import RULES
from crm_site.core.parts import rights
from customers.kinds.common import BY_NAME, CHANGED, NEWEST
from customers.kinds.parties import button
from support.columns.knowledge import ARTICLE_COLUMNS
from support.columns.partners import REGISTRATION_COLUMNS
from support.columns.products import ENTITLEMENT_COLUMNS, INSTALLED_COLUMNS, ISSUE_COLUMNS
from support.filters import knowledge as filters
from support.forms import knowledge as forms
from support.forms.partners import RegistrationForm
from support.models import Article, Case, DealRegistration, Entitlement, InstalledProduct, KnownIssue
from support.operations import articles, entitlements, issues, products, registrations

RULES.update({
    "article_name_given": _("An article needs a title."),
    "installed_name_given": _("An installed product needs a name."),
    "installed_serial_once": _("This serial number is installed already."),
    "entitlement_name_given": _("An entitlement needs a name."),
    "entitlement_of_somebody": _("Say whose it is: a customer or an account."),
    "entitlement_dates_in_order": _("The end lies before the beginning."),
    "known_issue_name_given": _("A known issue needs a title."),
    "registration_name_given": _("A registration needs a prospect."),
})  # fmt: skip
SORTS = {"name": BY_NAME, "new": NEWEST, "changed": CHANGED}
KEPT = {"delete": delete_record, "restore": restore_record}
RECORD = (_("Record"), ("owner", "team", "tags", "created_at", "created_by", "changed_at"))
AT = (_("At"), ("customer", "account", "contact", "sale"))


def cases_with(field):
    """How many cases that name a record the user sees."""
    return lambda record, user: Case.objects.visible_to(user).filter(**{field: record}).count()


def hanging(model, field):
    """How many records of the model that name another one the user sees."""
    return lambda record, user: model.objects.visible_to(user).filter(**{field: record}).count()


def article_actions(article, user):
    """Publish, make a draft again, put away."""
    if "change" not in rights(user, article):
        return []
    base, found = f"/articles/{article.pk}/", []
    if article.state != Article.DRAFT:
        found.append(button(_("Make it a draft"), f"{base}withdraw/", "pencil", "post"))
    if article.state != Article.ARCHIVED:
        found.append(button(_("Archive"), f"{base}archive/", "archive", "post"))
    if articles.is_changed(article):
        found.append(button(_("Publish"), f"{base}publish/", "check", "post", primary=True))
    return found


def issue_actions(issue, user):
    """Fix, leave as it is, open again."""
    if "change" not in rights(user, issue):
        return []
    base = f"/known-issues/{issue.pk}/"
    if issue.state == KnownIssue.OPEN:
        return [
            button(_("Stays as it is"), f"{base}leave/", "x", "post"),
            button(_("Fixed"), f"{base}fix/", "check", "modal", primary=True),
        ]
    return [button(_("Reopen"), f"{base}reopen/", "undo", "post")]


def registration_actions(registration, user):
    """Approve and reject, for managers."""
    if "change" not in rights(user, registration) or not registrations.decides(user):
        return []
    base, found = f"/registrations/{registration.pk}/", []
    if registration.state != DealRegistration.REJECTED:
        found.append(button(_("Reject"), f"{base}reject/", "x", "modal"))
    if registration.state != DealRegistration.APPROVED:
        found.append(button(_("Approve"), f"{base}approve/", "check", "modal", primary=True))
    return found


ARTICLES = register(
    Kind(
        model=Article, slug="articles", menu=130, icon="file-text", label=_("Article"), label_plural=_("Articles"),
        purpose=_("Answers that are written down once: for your team, or for customers, too."),
        columns=ARTICLE_COLUMNS, sorts=SORTS, default_sort="name", form=forms.ArticleForm,
        filters=filters.ArticleFilters, create=articles.create_article, update=articles.update_article, **KEPT,
        quick=("name", "summary", "body", "audience"),
        highlights=("state", "audience", "category", "product", "helpful", "unhelpful"),
        subtitle=lambda article: article.summary, bulk_fields=("category",), actions=article_actions,
        groups=((_("About"), ("number", "summary", "category", "audience", "product")), RECORD),
        presets=(
            Preset("published", _("Published"), "state=published"), Preset("drafts", _("Drafts"), "state=draft"),
        ),
        related=("published",),
    )
)  # fmt: skip
INSTALLED = register(
    Kind(
        model=InstalledProduct, slug="installed", menu=132, icon="box", label=_("Installed product"),
        label_plural=_("Installed products"),
        purpose=_("What customers have of yours: serial numbers, and until when warranty and support run."),
        columns=INSTALLED_COLUMNS, sorts=SORTS, default_sort="name", form=forms.InstalledForm,
        filters=filters.InstalledFilters, create=products.create_installed_product, update=products.update_installed,
        **KEPT, quick=("product", "serial", "customer", "account", "warranty_until", "support_until"),
        highlights=("cover", "product", "serial", "version_name", "customer", "account"),
        groups=((_("About"), ("number", "product", "serial", "version_name", "bought_on", "warranty_until",
                              "support_until", "description")), AT, RECORD),
        bulk_fields=("warranty_until", "support_until", "version_name"),
        dependents=(Dependent(_("Cases"), cases_with("installed")),),
        options_text=lambda installed: installed.serial or installed.number,
    )
)  # fmt: skip
ENTITLEMENTS = register(
    Kind(
        model=Entitlement, slug="entitlements", menu=134, icon="shield", label=_("Entitlement"),
        label_plural=_("Entitlements"),
        purpose=_("Support contracts: for whom, how long, how many cases or hours, and how quickly you answer."),
        columns=ENTITLEMENT_COLUMNS, sorts=SORTS, default_sort="name", form=forms.EntitlementForm,
        filters=filters.EntitlementFilters, create=entitlements.create_entitlement,
        update=entitlements.update_entitlement, **KEPT,
        quick=("name", "customer", "account", "policy", "starts_on", "ends_on", "cases_total"),
        highlights=("standing", "customer", "account", "product", "policy"),
        groups=((_("About"), ("number", "customer", "account", "product", "policy", "description")),
                (_("How long and how much"), ("starts_on", "ends_on", "cases_total", "cases_used", "minutes_total",
                                              "minutes_used")), RECORD),
        bulk_fields=("ends_on",), dependents=(Dependent(_("Cases"), cases_with("entitlement")),), related=("policy",),
    )
)  # fmt: skip
ISSUES = register(
    Kind(
        model=KnownIssue, slug="known-issues", menu=136, icon="alert", label=_("Known issue"),
        label_plural=_("Known issues"),
        purpose=_("What is known to be wrong with a product: what to do meanwhile, and who waits for the fix."),
        columns=ISSUE_COLUMNS, sorts=SORTS, default_sort="new", form=forms.IssueForm, filters=filters.IssueFilters,
        create=issues.create_issue, update=issues.update_issue, **KEPT,
        quick=("name", "product", "versions", "workaround"),
        highlights=("state", "product", "versions", "fixed_in", "fixed_at"), actions=issue_actions,
        groups=((_("About"), ("number", "product", "versions", "workaround", "description")), RECORD),
        bulk_fields=("versions",), dependents=(Dependent(_("Cases"), cases_with("issue")),),
        presets=(Preset("open", _("Open"), "state=open"), Preset("fixed", _("Fixed"), "state=fixed")),
    )
)  # fmt: skip
REGISTRATIONS = register(
    Kind(
        model=DealRegistration, slug="registrations", menu=95, icon="flag", label=_("Deal registration"),
        label_plural=_("Deal registrations"),
        purpose=_("Prospects that partners bring; an approved one is theirs for some time."),
        columns=REGISTRATION_COLUMNS, sorts=SORTS, default_sort="new", form=RegistrationForm,
        filters=filters.RegistrationFilters, create=registrations.register_deal,
        update=registrations.update_registration, **KEPT, quick=("name", "partner", "account", "domain"),
        highlights=("state", "partner", "protected_until", "account", "opportunity"), actions=registration_actions,
        groups=((_("About"), ("number", "partner", "account", "domain", "opportunity", "description")),
                (_("Decision"), ("decided_at", "decision_note", "protected_until")), RECORD),
        presets=(Preset("pending", _("Pending"), "state=pending"), Preset("approved", _("Approved"), "state=approved")),
    )
)  # fmt: skip

for noun in ("customer", "account", "contact"):
    add_panel(
        f"customers.{noun}",
        Panel(_("Products and contracts"), f"support:{noun}_installed", model=InstalledProduct, order=60, fold=True),
    )
    add_dependent(f"customers.{noun}", Dependent(_("Installed products"), hanging(InstalledProduct, noun)))
add_panel("customers.account", Panel(_("Partner"), "support:account_partner", order=70))
add_dependent("customers.account", Dependent(_("Deal registrations"), hanging(DealRegistration, "partner")))
for noun in ("customer", "account"):
    add_dependent(f"customers.{noun}", Dependent(_("Entitlements"), hanging(Entitlement, noun)))
add_panel("sales.product", Panel(_("Installed at"), "support:product_installed", model=InstalledProduct))
add_panel("sales.product", Panel(_("Known issues and articles"), "support:product_known"))
add_panel("sales.sale", Panel(_("Installed products"), "support:sale_installed", model=InstalledProduct))
add_panel("support.article", Panel(_("Versions"), "support:article_versions", fold=True))
add_panel("support.installedproduct", Panel(_("Cases"), "support:installedproduct_cases", model=Case))
add_panel("support.entitlement", Panel(_("Cases"), "support:entitlement_cases", model=Case))
add_panel("support.knownissue", Panel(_("Cases"), "support:knownissue_cases", side=False, model=Case))
add_panel("support.dealregistration", Panel(_("Clashes"), "support:dealregistration_clashes"))
add_panel("support.case", Panel(_("Product and contract"), "support:case_cover", order=20))
add_panel("support.case", Panel(_("Known answers"), "support:case_known", order=30, fold=True))
