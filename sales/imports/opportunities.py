"""How the rows of a file become deals, with the past that is known of them and the leads that they came from."""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.links import content_type, waiting_name
from crm_site.core.imports.plan import fold
from crm_site.core.imports.registry import Importer, Target, external_id, register
from crm_site.core.imports.targets import link_targets
from crm_site.core.loading import fresh, insert_many
from crm_site.core.models import ExternalId, PendingLink
from customers.models import Contact
from sales.imports import stages
from sales.imports.common import (
    MADE,
    add_tag,
    book_targets,
    currency_target,
    finder,
    kept,
    party_targets,
    record_targets,
    settle_sums,
    word,
)  # fmt: skip
from sales.models import CATEGORIES, LossReason, Opportunity, OpportunityLine, Sale, Stage
from sales.operations.converted import lead_deals, note_deals
from sales.operations.opportunities import default_stage, update_opportunity
from sales.operations.past import create_past_opportunities, noon_after
from sales.operations.products import prices_of
from sales.operations.sales import sell_many, update_sale
from sales.operations.totals import line_values

TYPE_WORDS = {
    "new business": "new", "new customer": "new", "newbusiness": "new", "existing business": "upsell",
    "existing customer - upgrade": "upsell", "existing customer - replacement": "renewal", "upgrade": "upsell",
    "existingbusiness": "upsell", "existing customer": "upsell", "cross-sell": "upsell",
    "existing customer - downgrade": "renewal", "extension": "renewal",
}  # fmt: skip
# What a won deal becomes; where the other system's own sales come too, they would be counted twice.
BECOME = {
    "auto": gettext_lazy("Sales, unless the sales of the same system are imported"), "sales": gettext_lazy("Sales"),
    "deals": gettext_lazy("Won deals without a sale"),
}  # fmt: skip
NO_DATE = "no date"
NAMES = ("opportunity name", "deal name", "deal title", "potential name", "opportunity", "deal", "potential", "topic")
AMOUNTS = (
    "deal value", "deal amount", "value", "opportunity amount", "close value", "expected value", "est revenue",
    "estimated revenue", "betrag", "auftragswert", "montant", "importe",
)  # fmt: skip
CLOSES = (
    "closing date", "expected close date", "expected close", "close at", "est close date", "estimated close date",
    "abschlussdatum", "date de clôture", "fecha de cierre",
)  # fmt: skip
ENDS = (
    "deal closed on", "closed date", "closed on", "actual close date", "won time", "won date",
)  # fmt: skip
BEGINS = ("created time", "created date", "engage date", "open date", "opened")


def opportunity_targets():
    """Where a column of a file of deals may go."""
    others = [target for target in record_targets() if target.name != "created_at"]
    return [
        external_id("opportunity id", "potential id", "deal id", "potentialid"),
        Target("name", gettext_lazy("Name"), aliases=NAMES, limit=255),
        *party_targets(),
        stages.stage_target(),
        Target("state", gettext_lazy("Open, won or lost"), "choice", ("status", "deal status", "opportunity status"),
               choices=Stage.STATES, value_map=stages.STATE_WORDS),
        Target("ended_at", gettext_lazy("Won or lost on"), "datetime", ENDS),
        Target("lost_at", gettext_lazy("Lost on"), "datetime", ("lost time", "lost date")),
        Target("amount", gettext_lazy("Amount"), "money", AMOUNTS),
        currency_target(),
        Target("close_date", gettext_lazy("Close date"), "date", CLOSES),
        Target("probability", gettext_lazy("Probability, %"), "number", ("probability", "win probability",
               "wahrscheinlichkeit", "probabilité", "probabilidad")),
        Target("category", gettext_lazy("Forecast category"), "choice", ("forecast category name",),
               choices=CATEGORIES),
        Target("type", gettext_lazy("Type"), "choice", ("opportunity type", "deal type"), choices=Opportunity.TYPES,
               value_map=TYPE_WORDS),
        Target("source", gettext_lazy("Lead source"), aliases=("source", "original source"), limit=100),
        Target("next_step", gettext_lazy("Next step"), aliases=("next steps",), limit=200),
        Target("loss_reason", gettext_lazy("Loss reason"), aliases=("lost reason", "closed lost reason",
               "reason for loss"), limit=100),
        Target("description", gettext_lazy("Description"), "longtext", ("notes", "comments")),
        *link_targets("product", gettext_lazy("Product"), "sales.product", ("product name",)),
        *book_targets(),
        *link_targets("lead", gettext_lazy("Lead"), "sales.lead")[1:],
        *link_targets("campaign", gettext_lazy("Campaign"), "marketing.campaign", ("campaign name", "campaign source")),
        Target("become", gettext_lazy("What won deals become"), "choice", choices=BECOME),
        Target("created_at", gettext_lazy("Created"), "datetime", BEGINS),
        *others,
    ]  # fmt: skip


def prepare_opportunity(draft, run):
    """Stage, moments, amount and names; a deal without any date gets today's and a tag."""
    values = draft.values
    draft.extra = values.pop("become", None) or "auto"
    settle_sums(draft, run, ("amount",))
    settle_stage(draft, run)
    settle_moments(draft, run)
    settle_reason(draft, run)
    product = values.get("product")
    said = word(draft, run, "product")
    if product and said and fold(said) not in (fold(product.name), fold(product.code)):
        sentence = _("The product “%(said)s” was taken for “%(product)s”.") % {"said": said, "product": product}
        draft.warn(run.plan.header_of["product"], sentence, kept=True)
    if values.get("lead") and not values.get("contact"):
        values["contact_id"] = values["lead"].contact_id
    parties = any(values.get(name) for name in ("account", "contact", "customer", "contact_id", "product"))
    if not values.get("name") and not parties and not any("make" in found for found in draft.links.values()):
        values["name"] = said or _("Opportunity %(id)s") % {"id": draft.key if run.plan.has_ids else draft.line}


def settle_stage(draft, run):
    """The stage that the word means; one that means none becomes a tag."""
    values, said = draft.values, word(draft, run, "stage")
    known = kept(run, "stages", lambda: {str(s.pk): s for s in Stage.objects.select_related("pipeline")})
    values["stage"] = known.get(values.get("stage")) or kept(run, "first stage", default_stage)
    state = values.pop("state", Stage.OPEN)
    if state != values["stage"].state == Stage.OPEN:
        stages_of = (stage for stage in known.values() if stage.pipeline_id == values["stage"].pipeline_id)
        values["stage_before"], values["stage"] = values["stage"], next(s for s in stages_of if s.state == state)
    if said in run.kept.get("new stages", ()):
        header = run.plan.header_of["stage"]
        if run.user.is_superuser and run.phase == "check":
            draft.warn(header, _("The stage “%(name)s” is new; a pipeline is made for it.") % {"name": said}, kept=True)
        elif not run.user.is_superuser:
            add_tag(values, said)
            text = _("There is no stage “%(name)s”; it was kept as a tag.") % {"name": said}
            draft.warn(header, text, kept=True)
    if values["stage"].state != Stage.OPEN:
        values.pop("probability", None)
        values.pop("category", None)
    elif (values.get("probability") or 0) > 100:
        draft.warn(run.plan.header_of["probability"], _("A probability is at most 100 %; the stage's was taken."))
        values.pop("probability")
    elif values.get("category") in ("closed", "lost"):
        values.pop("category")


def settle_moments(draft, run):
    """When the deal began, and when it was or is to be closed."""
    values = draft.values
    began, day, closed = values.get("created_at"), values.get("close_date"), values["stage"].state != Stage.OPEN
    ended, lost = values.pop("ended_at", None), values.pop("lost_at", None)
    today = kept(run, "today", timezone.localdate)
    ended = lost or ended if values["stage"].state == Stage.LOST else ended
    if ended and (closed or not day):
        day = values["close_date"] = timezone.localdate(ended)
    if not began and not day:
        values["close_date"] = today
        add_tag(values, NO_DATE)
        draft.warn("", _("It has no date; its close date is today, and it bears the tag “no date”."), kept=True)
    if closed:
        if day and day > today:
            text = _("It was closed in the future; today was taken.")
            draft.warn(run.plan.header_of.get("close_date", ""), text)
            day = values["close_date"] = today
        values["closed_at"] = noon_after(day, began) if day else values.get("changed_at") or began or timezone.now()
        values["close_date"] = day or timezone.localdate(values["closed_at"])
        if began and "stage_before" not in values and (stage := stage_begun(values["stage"], run)):
            values["stage_before"] = stage
    elif began:
        values["changed_at"] = values["stage_since"] = began


def stage_begun(closing, run):
    """The open stage that the header of the first date names, as "engage date" does "Engaging"; None without one."""
    start = fold(run.plan.header_of.get("created_at", ""))[:5]
    stages = kept(run, "stages", dict).values()
    return next(
        (s for s in stages if s.pipeline_id == closing.pipeline_id and s.state == Stage.OPEN and start
         and fold(s.name).startswith(start)), None,
    )  # fmt: skip


def settle_reason(draft, run):
    """The loss reason by name; another one becomes the note."""
    said = draft.values.pop("loss_reason", None)
    if not said or draft.values["stage"].state != Stage.LOST:
        return
    known = kept(run, "reasons", lambda: {fold(r.name): r for r in LossReason.objects.all()})
    draft.values["loss_reason"], draft.values["loss_note"] = known.get(fold(said)), said[:300]


def make_opportunities(rows, *, by):
    """Make deals with their past, and a line for each product that a row names."""
    rows = [dict(row) for row in rows]
    products = [row.get("product") for row in rows]
    prices = list_prices(rows)
    people = {row.get("contact_id") for row in rows} - {None}
    seen = set(Contact.objects.visible_to(by).filter(pk__in=people).values_list("pk", flat=True)) if people else set()
    for row, product in zip(rows, products, strict=True):
        if row.get("contact_id") not in seen:
            row.pop("contact_id", None)
        if product and (price := prices.get((product.pk, row["currency"]))) is not None:
            row["expected_amount"] = price
    deals = create_past_opportunities(rows, by=by)
    insert_many(OpportunityLine, [
        line_of(deal, product, prices.get((product.pk, deal.currency)))
        for deal, product in zip(deals, products, strict=True) if product
    ])  # fmt: skip
    note_deals(deals)
    return deals


def sell_won(drafts, run):
    """Won deals become sales, which belong to the import and go back with it; those that do not are told."""
    usual = "deals" if kept(run, "own sales", lambda: has_sales(run)) else "sales"
    drafts = [draft for draft in drafts if draft.record.state == Stage.WON]
    unsold = sum(draft.extra == "auto" for draft in drafts) if usual == "deals" else 0
    drafts = [draft for draft in drafts if (usual if draft.extra == "auto" else draft.extra) == "sales"]
    awaited = awaited_by_orders(drafts, run)
    won = [draft.record for draft in drafts if not awaited & {draft.key, waiting_name(draft.record.name)}]
    if not won or run.user.reach(Sale, "add") == "none":
        return {"unsold": unsold}
    sales = sell_many(won, by=run.user)
    run.made.extend(sales)
    return {"sales": len(sales), "unsold": unsold}


def awaited_by_orders(drafts, run):
    """The keys and names among the drafts' for which an order waits that came before its deal."""
    texts = [text for draft in drafts for text in (draft.key, waiting_name(draft.record.name))]
    rows = PendingLink.objects.filter(system=run.plan.system, wanted="sales.opportunity", external_id__any_of=texts,
                                      content_type=content_type(Sale))  # fmt: skip
    return set(rows.values_list("external_id", flat=True)) if texts else set()


def has_sales(run):
    """Whether the system's own sales are here or come with the other files of this import."""
    rows = ExternalId.objects.filter(system=run.plan.system, content_type=content_type(Sale))
    return "sales" in run.job.options.get("also", ()) or rows.exclude(external_id__startswith=MADE).exists()


def list_prices(rows):
    """{(product id, currency): price}; a statement a currency."""
    wanted = {}
    for row in rows:
        if row.get("product"):
            wanted.setdefault(row["currency"], set()).add(row["product"].pk)
    return {(pk, code): price for code, ids in wanted.items() for pk, price in prices_of(ids, code).items()}


def line_of(deal, product, price):
    """The one line of a deal for a product: at the deal's amount, or at the list price where that says nothing."""
    row = {"unit_price": deal.amount or price or 0}
    return fresh(OpportunityLine, opportunity=deal, product=product, description=product.name, **row,
                 **line_values(row, deal.currency))  # fmt: skip


def change_opportunity(deal, values, by):
    """What a file says of a deal that is here; closing and reopening it are operations of their own."""
    values = dict(values)
    for name in ("closed_at", "created_at", "changed_at", "stage_since", "contact_id"):
        values.pop(name, None)
    stage = values.get("stage")
    if deal.state != Stage.OPEN or (stage and stage.state != Stage.OPEN):
        values.pop("stage", None)
        values.pop("close_date", None)
    return update_opportunity(deal, values, by=by)


def link_opportunity(field, pairs, *, by):
    """Set the lead, the campaign or a party of deals that came before it."""
    if field == "lead":
        lead_deals(pairs, by=by)
        return
    for deal, record in pairs.items():
        update_opportunity(deal, {field: record}, by=by)
        if field in ("account", "contact", "customer"):
            for sale in deal.sales.filter(**{field: None}):
                update_sale(sale, {field: record}, by=by)


def name_of(values):
    """The name by which a row's deal is looked for."""
    return values.get("name")


find_opportunities = finder(Opportunity)

OPPORTUNITY_IMPORT = register(
    Importer(
        name="opportunities", label=gettext_lazy("Opportunities"), model=Opportunity, targets=opportunity_targets,
        order=36, icon="trending", create=make_opportunities, update=change_opportunity, prepare=prepare_opportunity,
        ready=stages.ready, find=find_opportunities, link=link_opportunity, makes=False, after=sell_won,
        constants=("become", "currency"), guess=lambda _name, _headers: {"become": "auto"},
    )
)  # fmt: skip
