"""Opportunities: deals that can close, who takes part in them, and every change of what they promise."""

import pgtrigger
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Cast, Coalesce, Round
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import (
    Fold,
    Record,
    alive,
    amount,
    folded,
    given,
    link,
    list_indexes,
    rule,
    search_index,
    seldom_given,
)
from crm_site.core.tracking import track
from sales.models.lines import Line, line_rules
from sales.models.pipeline import CATEGORIES, PIPELINE, Stage

# What a change row keeps of a deal, before and after.
WATCHED = (
    "stage_id", "state", "category", "probability", "amount", "currency", "amount_base", "close_date", "owner_id",
    "team_id",
)  # fmt: skip
_TO = ", ".join(f"to_{name}" for name in WATCHED)
_FROM = ", ".join(f"from_{name}" for name in WATCHED)
_NEW = ", ".join(f"n.{name}" for name in WATCHED)
_OLD = ", ".join(f"o.{name}" for name in WATCHED)
_WHY = "coalesce(nullif(current_setting('pghistory.context_metadata', true), '')::jsonb ->> 'operation', '')"
# One statement writes the changes of one statement, however many deals it touched, through whatever door.
NEW_DEALS = f"""
    INSERT INTO sales_opportunitychange
        (opportunity_id, at, by_id, why, from_alive, to_alive, seconds, rolled_up, {_TO})
    SELECT n.id, n.changed_at, n.changed_by_id, {_WHY}, false, n.deleted_at IS NULL, NULL, false, {_NEW}
    FROM new_values n;
    RETURN NULL;
"""  # noqa: S608 - made of the names above
CHANGED_DEALS = f"""
    INSERT INTO sales_opportunitychange
        (opportunity_id, at, by_id, why, from_alive, to_alive, seconds, rolled_up, {_FROM}, {_TO})
    SELECT n.id, CASE WHEN n.changed_at = o.changed_at THEN clock_timestamp() ELSE n.changed_at END,
        n.changed_by_id, {_WHY}, o.deleted_at IS NULL, n.deleted_at IS NULL,
        CASE WHEN n.stage_id <> o.stage_id
            THEN greatest(0, extract(epoch FROM n.changed_at - o.stage_since))::bigint END,
        false, {_OLD}, {_NEW}
    FROM new_values n JOIN old_values o ON o.id = n.id
    WHERE ({_NEW}, n.deleted_at IS NULL) IS DISTINCT FROM ({_OLD}, o.deleted_at IS NULL);
    RETURN NULL;
"""  # noqa: S608 - made of the names above


SELDOM = ("lead", "campaign", "partner", "serviced_by", "loss_reason", "lost_to")


@track("amount_base", "stage_since", "last_activity_at", "next_activity_at", "pushes")
class Opportunity(Record):
    """A deal that can close.

    `state` and, unless set by hand, `probability` and `category` are the stage's. `amount` is typed, or the sum of
    the lines (`amount_from_lines`); `amount_base` is it in the company's currency, at the rate of the month of the
    expected close date while open and of the closing date afterwards, empty where no rate is known. `weighted_base`
    is that times the probability; lists, boards, forecasts and reports all add up these two columns.
    """

    TYPES = {"new": _("New business"), "renewal": _("Renewal"), "upsell": _("Upsell")}
    NUMBER_PREFIX = "D"
    PARTNER_FIELDS = ("partner", "serviced_by")

    name = models.CharField(_("name"), max_length=255)
    type = models.CharField(_("type"), max_length=10, choices=TYPES, default="new")
    pipeline = models.ForeignKey(
        "sales.Pipeline", models.PROTECT, related_name="+", verbose_name=_("pipeline"), db_index=False
    )
    stage = models.ForeignKey(
        "sales.Stage", models.PROTECT, related_name="opportunities", verbose_name=_("stage"), db_index=False
    )
    state = models.CharField(_("state"), max_length=4, choices=Stage.STATES, default=Stage.OPEN, editable=False)
    stage_since = models.DateTimeField(_("in this stage since"), default=timezone.now, editable=False)
    probability = models.PositiveSmallIntegerField(_("probability, %"), default=0)
    probability_by_hand = models.BooleanField(default=False, editable=False)
    category = models.CharField(_("forecast category"), max_length=10, choices=CATEGORIES, default=PIPELINE)
    category_by_hand = models.BooleanField(default=False, editable=False)
    amount = amount(_("amount"), null=True, blank=True)
    amount_from_lines = models.BooleanField(default=False, editable=False)
    currency = models.CharField(_("currency"), max_length=3)
    amount_base = models.DecimalField(
        _("amount in the company's currency"), max_digits=18, decimal_places=2, null=True, editable=False
    )
    weighted_base = models.GeneratedField(
        expression=Round(
            Cast(Coalesce("amount_base", models.Value(0)), models.DecimalField(max_digits=24, decimal_places=4))
            * models.F("probability") / models.Value(100), 2,
        ),
        output_field=models.DecimalField(max_digits=18, decimal_places=2), db_persist=True,
        verbose_name=_("weighted amount"),
    )  # fmt: skip
    price_book = link("sales.PriceBook", _("price book"), "+", db_index=False)
    close_date = models.DateField(_("close date"))
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)
    customer = link("customers.Customer", _("customer"), "opportunities")
    account = link("customers.Account", _("account"), "opportunities")
    contact = link("customers.Contact", _("primary contact"), "opportunities")
    lead = link("sales.Lead", _("lead"), "opportunities", models.SET_NULL, db_index=False)
    source = models.CharField(_("lead source"), max_length=100, blank=True)
    campaign = link("marketing.Campaign", _("campaign"), "opportunities", db_index=False)
    partner = link("customers.Account", _("sourced by partner"), "partner_opportunities", db_index=False)
    serviced_by = link("customers.Account", _("serviced by partner"), "serviced_opportunities", db_index=False)
    next_step = models.CharField(_("next step"), max_length=200, blank=True)
    next_step_date = models.DateField(_("next step on"), null=True, blank=True)
    loss_reason = link("sales.LossReason", _("loss reason"), "+", db_index=False)
    lost_to = link("customers.Account", _("lost to"), "+", db_index=False)
    loss_note = models.CharField(_("note on the loss"), max_length=300, blank=True)
    pushes = models.PositiveSmallIntegerField(_("times pushed out"), default=0, editable=False)
    last_activity_at = models.DateTimeField(_("last activity"), null=True, editable=False)
    next_activity_at = models.DateTimeField(_("next activity"), null=True, editable=False)
    description = models.TextField(_("description"), blank=True)
    name_sort = folded("name")
    search_text = folded("name", "next_step")

    class Meta(Record.Meta):
        verbose_name = _("opportunity")
        verbose_name_plural = _("opportunities")
        constraints = [
            rule("opportunity_name_given", given("name")),
            rule("opportunity_probability_within", models.Q(probability__lte=100)),
            rule(
                "opportunity_state_whole",
                models.Q(state="open", closed_at__isnull=True,
                                   category__in=["omitted", "pipeline", "best", "commit"])
                | models.Q(state="won", closed_at__isnull=False, probability=100, category="closed")
                | models.Q(state="lost", closed_at__isnull=False, probability=0, category="lost"),
            ),
            rule("opportunity_currency", models.Q(currency__regex=r"^[A-Z]{3}$")),
        ]  # fmt: skip
        indexes = [
            *list_indexes("deal", "-id", "name_sort", "close_date", "-changed_at"),
            models.Index(fields=["stage", "close_date", "id"], name="deal_stage_ix", condition=alive()),
            models.Index(
                fields=["owner", "stage", "close_date", "id"], name="deal_owner_stage_ix", condition=alive()
            ),
            models.Index(fields=["team", "stage", "close_date", "id"], name="deal_team_stage_ix", condition=alive()),
            models.Index(fields=["state", "-id"], name="deal_state_ix", condition=alive()),
            models.Index(fields=["category", "close_date", "id"], name="deal_category_ix", condition=alive()),
            models.Index(fields=["next_step_date", "id"], name="deal_next_step_ix", condition=alive()),
            models.Index(
                fields=["campaign", "-id"], name="deal_campaign_ix",
                condition=alive() & models.Q(campaign__isnull=False),
            ),
            *seldom_given("deal", *SELDOM),
            models.Index(fields=["amount_base"], name="deal_amount_ix", condition=alive()),
            models.Index(OpClass(Fold("source"), "text_pattern_ops"), name="deal_source_ix"),
            models.Index(
                fields=["owner", "next_step_date"], name="deal_next_ix", condition=alive() & models.Q(state="open")
            ),
            # Open deals stand at the end of all those in the order of their closing.
            *(models.Index(fields=[*of, "close_date", "id"], name=name, condition=alive() & models.Q(state="open"))
              for name, of in {"deal_open_close_ix": (), "deal_owner_open_ix": ("owner",),
                               "deal_team_open_ix": ("team",)}.items()),
            search_index("deal_search_ix"),
        ]  # fmt: skip
        triggers = [
            pgtrigger.Trigger(
                name="changes_new", when=pgtrigger.After, operation=pgtrigger.Insert, level=pgtrigger.Statement,
                referencing=pgtrigger.Referencing(new="new_values"), func=NEW_DEALS,
            ),
            pgtrigger.Trigger(
                name="changes_old", when=pgtrigger.After, operation=pgtrigger.Update, level=pgtrigger.Statement,
                referencing=pgtrigger.Referencing(old="old_values", new="new_values"), func=CHANGED_DEALS,
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name


class OpportunityChange(models.Model):
    """What a deal promised before and after a change of its stage, state, amount, date, owner, or of its being there.

    Triggers write it in the same transaction, so it is the stage history, and every past day can be rebuilt from it:
    a deal's latest row up to a moment is how it stood then. `at` is the record's `changed_at`, or the clock where that
    was left as it was. Amounts in the base
    currency are as they were computed then: a later rate changes nothing here. `seconds` is how long the stage that
    was left had lasted. `rolled_up` says whether the forecast's sums hold the row already.
    """

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="changes", db_index=False)
    at = models.DateTimeField()
    by = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+", db_index=False)
    why = models.CharField(max_length=100, blank=True)
    from_alive = models.BooleanField()
    to_alive = models.BooleanField()
    from_stage = models.ForeignKey("sales.Stage", models.PROTECT, null=True, related_name="+", db_index=False)
    to_stage = models.ForeignKey("sales.Stage", models.PROTECT, related_name="+", db_index=False)
    from_state = models.CharField(max_length=4, null=True)  # noqa: DJ001 - nothing was there before the first row
    to_state = models.CharField(max_length=4)
    from_category = models.CharField(max_length=10, null=True)  # noqa: DJ001 - as from_state
    to_category = models.CharField(max_length=10)
    from_probability = models.PositiveSmallIntegerField(null=True)
    to_probability = models.PositiveSmallIntegerField()
    from_amount = amount(null=True)
    to_amount = amount(null=True)
    from_currency = models.CharField(max_length=3, null=True)  # noqa: DJ001 - as from_state
    to_currency = models.CharField(max_length=3)
    from_amount_base = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    to_amount_base = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    from_close_date = models.DateField(null=True)
    to_close_date = models.DateField()
    from_owner = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+", db_index=False)
    to_owner = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+", db_index=False)
    from_team = models.ForeignKey("core.Team", models.SET_NULL, null=True, related_name="+", db_index=False)
    to_team = models.ForeignKey("core.Team", models.SET_NULL, null=True, related_name="+", db_index=False)
    seconds = models.BigIntegerField(null=True)
    rolled_up = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("change of an opportunity")
        verbose_name_plural = _("changes of opportunities")
        indexes = [
            models.Index(fields=["opportunity", "-at", "-id"], name="deal_change_ix"),
            models.Index(fields=["at"], name="deal_change_at_ix"),
            models.Index(fields=["id"], name="deal_change_due_ix", condition=models.Q(rolled_up=False)),
        ]


class OpportunityLine(Line):
    """A line of a deal."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="lines")

    class Meta(Line.Meta):
        constraints = line_rules("opportunity_line")


class ContactRole(models.Model):
    """What a person has to do with a deal."""

    ROLES = {
        "decision_maker": _("Decision maker"), "sponsor": _("Economic buyer"), "influencer": _("Influencer"),
        "evaluator": _("Evaluator"), "user": _("User"), "blocker": _("Opponent"), "other": _("Other"),
    }  # fmt: skip

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="contact_roles")
    contact = models.ForeignKey("customers.Contact", models.CASCADE, related_name="opportunity_roles")
    role = models.CharField(_("role"), max_length=20, choices=ROLES, default="other")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["opportunity", "contact"], name="contact_role_once")]


class Competition(models.Model):
    """A competitor who is after the same deal."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="competitors")
    account = models.ForeignKey("customers.Account", models.CASCADE, related_name="+", verbose_name=_("competitor"))
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["opportunity", "account"], name="competition_once")]


# Checked when the transaction ends, so that several rows can change together.
WHOLE_CREDIT = """
    IF EXISTS (
        SELECT 1 FROM sales_split
        WHERE opportunity_id = coalesce(NEW.opportunity_id, OLD.opportunity_id) AND kind = 'revenue'
        HAVING sum(percent) <> 100
    ) THEN
        RAISE EXCEPTION 'the credit of a deal is shared out in full'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'split_adds_up';
    END IF;
    RETURN NULL;
"""


class Split(models.Model):
    """Somebody's share of the credit: revenue shares add up to 100 %, overlay shares come on top."""

    KINDS = {"revenue": _("Revenue"), "overlay": _("Overlay")}

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="splits")
    user = models.ForeignKey("core.User", models.PROTECT, related_name="+", verbose_name=_("user"))
    kind = models.CharField(_("kind"), max_length=10, choices=KINDS, default="revenue")
    percent = models.DecimalField(_("share, %"), max_digits=6, decimal_places=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["opportunity", "user", "kind"], name="split_once"),
            rule(
                "split_percent_within",
                models.Q(percent__gt=0, percent__lte=100) | models.Q(kind="overlay", percent__gt=0),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="adds_up", when=pgtrigger.After, timing=pgtrigger.Deferred, func=WHOLE_CREDIT,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
            )
        ]  # fmt: skip
