"""Leads: inquiries of people, from their arrival to what became of them."""

import uuid

import pgtrigger
from django.contrib.postgres.indexes import OpClass
from django.db import models
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
    tags_fit,
)
from crm_site.core.tracking import track

# What a lead became is decided once; only taking the conversion back opens it again. The condition is looked at where
# rows are written, so that a change of other columns calls nothing.
SETTLED = ("contact_id", "first_name", "last_name", "company", "source", "campaign_id", "subject")
_NEW, _OLD = (", ".join(f"{row}.{name}" for name in SETTLED) for row in ("NEW", "OLD"))
SETTLED_CHANGES = f"""
    OLD.status = 'converted' AND NEW.status = 'converted'
    AND ({_NEW}) IS DISTINCT FROM ({_OLD})
"""
CLOSED_LEAD = """
    IF coalesce(current_setting('kith.erasing', true), '') = '' THEN
        RAISE EXCEPTION 'a converted lead is read-only'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lead_converted_is_read_only';
    END IF;
    RETURN NULL;
"""

SELDOM = ("customer", "campaign", "contact_list", "product", "partner", "web_form", "converted_account",
          "converted_customer", "converted_opportunity")  # fmt: skip


@track("score", "score_parts", "scored_at", "last_touch_at", "escalate_at", "escalated_at", "respond_by")
class Lead(Record):
    """One inquiry by a person, from a source, perhaps through a campaign.

    The names, the e-mail address and the phone are as they were given with the inquiry; `contact` is the person. A lead
    without an owner waits in its team's queue. `respond_by` is when the first answer is due, `escalate_at` the next
    moment at which the sweep has to look at it.
    """

    NEW, WORKING, QUALIFIED, CONVERTED, DISQUALIFIED = "new", "working", "qualified", "converted", "disqualified"
    STATUSES = {
        NEW: _("New"), WORKING: _("Working"), QUALIFIED: _("Qualified"), CONVERTED: _("Converted"),
        DISQUALIFIED: _("Disqualified"),
    }  # fmt: skip
    OPEN = (NEW, WORKING, QUALIFIED)
    RATINGS = {"": "—", "hot": _("Hot"), "warm": _("Warm"), "cold": _("Cold")}
    REASONS = {
        "": "—", "not_interested": _("Not interested"), "no_budget": _("No budget"),
        "not_reachable": _("Not reachable"), "wrong_fit": _("Does not fit"), "competitor": _("Chose a competitor"),
        "duplicate": _("Duplicate"),
        "spam": _("Spam or junk"), "other": _("Other"),
    }  # fmt: skip
    NUMBER_PREFIX = "L"
    PARTNER_FIELDS = ("partner",)
    LABEL_FIELDS, LABEL_IN_BRACKETS = ("name", "company"), "company"

    contact = models.ForeignKey("customers.Contact", models.PROTECT, related_name="leads", verbose_name=_("contact"))
    account = link("customers.Account", _("account"), "leads", models.SET_NULL)
    customer = link("customers.Customer", _("customer"), "leads", models.SET_NULL, db_index=False)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100)
    company = models.CharField(_("company"), max_length=200, blank=True)
    job_title = models.CharField(_("job title"), max_length=150, blank=True)
    email = models.CharField(_("e-mail"), max_length=254, blank=True)
    phone = models.CharField(_("phone"), max_length=60, blank=True)
    website = models.CharField(_("website"), max_length=300, blank=True)
    industry = models.CharField(_("industry"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    description = models.TextField(_("message"), blank=True)
    status = models.CharField(_("status"), max_length=12, choices=STATUSES, default=NEW, db_default=NEW)
    rating = models.CharField(_("rating"), max_length=4, choices=RATINGS, blank=True)
    source = models.CharField(_("source"), max_length=100, blank=True)
    referrer = models.CharField(_("referred by"), max_length=200, blank=True)
    campaign = link("marketing.Campaign", _("campaign"), "leads", db_index=False)
    contact_list = link("marketing.ContactList", _("contact list"), "leads", db_index=False)
    product = link("sales.Product", _("product"), "+", db_index=False)
    partner = link("customers.Account", _("partner"), "+", db_index=False)
    amount = amount(_("estimated amount"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    next_step = models.CharField(_("next step"), max_length=200, blank=True)
    next_step_date = models.DateField(_("next step on"), null=True, blank=True)
    web_form = models.ForeignKey(
        "sales.WebForm", models.SET_NULL, null=True, editable=False, related_name="leads",
        verbose_name=_("web form"), db_index=False,
    )  # fmt: skip
    attribution = models.JSONField(_("where it came from"), default=dict, blank=True, editable=False)
    score = models.SmallIntegerField(_("score"), default=0, db_default=0, editable=False)
    score_parts = models.JSONField(default=list, blank=True, editable=False)
    scored_at = models.DateTimeField(null=True, editable=False)
    respond_by = models.DateTimeField(_("answer due"), null=True, editable=False)
    responded_at = models.DateTimeField(_("first answered"), null=True, editable=False)
    last_touch_at = models.DateTimeField(_("last touched"), null=True, editable=False)
    escalate_at = models.DateTimeField(null=True, editable=False)
    escalated_at = models.DateTimeField(null=True, editable=False)
    disqualified_at = models.DateTimeField(_("disqualified"), null=True, editable=False)
    disqualify_reason = models.CharField(_("why disqualified"), max_length=20, choices=REASONS, blank=True)
    disqualify_note = models.CharField(_("note"), max_length=300, blank=True)
    converted_at = models.DateTimeField(_("converted"), null=True, editable=False)
    converted_account = models.ForeignKey(
        "customers.Account", models.SET_NULL, null=True, editable=False, related_name="+",
        verbose_name=_("became account"), db_index=False,
    )  # fmt: skip
    converted_customer = models.ForeignKey(
        "customers.Customer", models.SET_NULL, null=True, editable=False, related_name="+",
        verbose_name=_("became customer"), db_index=False,
    )  # fmt: skip
    converted_opportunity = models.ForeignKey(
        "sales.Opportunity", models.SET_NULL, null=True, editable=False, related_name="+",
        verbose_name=_("became opportunity"), db_index=False,
    )  # fmt: skip
    conversion = models.JSONField(default=dict, blank=True, editable=False)
    name = models.GeneratedField(
        expression=models.functions.Trim(
            models.functions.Concat("first_name", models.Value(" "), "last_name", output_field=models.TextField())
        ),
        output_field=models.TextField(), db_persist=True, verbose_name=_("name"),
    )  # fmt: skip
    name_sort = folded("last_name", "first_name")
    search_text = folded("first_name", "last_name", "company", "email", "phone", "subject")

    class Meta(Record.Meta):
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        constraints = [
            tags_fit("lead_tags_fit"),
            rule("lead_last_name_given", given("last_name")),
            rule(
                "lead_status_known",
                models.Q(status__in=["new", "working", "qualified", "converted", "disqualified"]),
            ),
            rule(
                "lead_converted_when",
                models.Q(status="converted", converted_at__isnull=False)
                | models.Q(~models.Q(status="converted"), converted_at__isnull=True),
            ),
            rule(
                "lead_disqualified_why",
                models.Q(
                    ~models.Q(disqualify_reason=""), status="disqualified", disqualified_at__isnull=False
                )
                | models.Q(~models.Q(status="disqualified"), disqualified_at__isnull=True),
            ),
            rule("lead_amount_has_currency", models.Q(amount__isnull=True) | ~models.Q(currency="")),
        ]  # fmt: skip
        indexes = [
            *list_indexes("lead", "-id", "name_sort", "-changed_at", "-score", tagged=()),
            models.Index(fields=["status", "-id"], name="lead_status_ix", condition=alive()),
            models.Index(fields=["rating", "-id"], name="lead_rating_ix", condition=alive()),
            models.Index(fields=["country", "-id"], name="lead_country_ix", condition=alive()),
            models.Index(
                models.F("campaign"), models.F("id").desc(), name="lead_campaign_ix",
                condition=alive() & models.Q(campaign__isnull=False),
            ),
            *seldom_given("lead", *SELDOM),
            models.Index(OpClass(Fold("source"), "text_pattern_ops"), name="lead_source_ix"),
            models.Index(Fold("email"), name="lead_email_ix", condition=alive() & ~models.Q(email="")),
            models.Index(
                fields=["escalate_at"], name="lead_escalate_ix", condition=alive() & models.Q(escalate_at__isnull=False)
            ),
            models.Index(
                fields=["owner", "respond_by"], name="lead_respond_ix",
                condition=alive() & models.Q(responded_at__isnull=True, respond_by__isnull=False),
            ),
            search_index("lead_search_ix"),
        ]  # fmt: skip
        triggers = [
            pgtrigger.Trigger(
                name="converted", when=pgtrigger.After, operation=pgtrigger.Update, func=CLOSED_LEAD,
                condition=pgtrigger.Condition(SETTLED_CHANGES),
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.name} ({self.company})" if self.company else self.name


@track()
class WebForm(models.Model):
    """A form on a public page that makes leads: its fields, where they go and what is promised."""

    FIELDS = {
        "first_name": _("First name"), "last_name": _("Last name"), "email": _("E-mail"), "phone": _("Phone"),
        "company": _("Company"), "job_title": _("Job title"), "website": _("Website"), "country": _("Country"),
        "subject": _("Subject"), "description": _("Message"),
    }  # fmt: skip

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    title = models.CharField(_("title on the page"), max_length=200)
    intro = models.TextField(_("text above the form"), blank=True)
    fields = models.JSONField(_("fields"), default=list)
    required = models.JSONField(_("needed fields"), default=list)
    consent_text = models.TextField(_("consent text"), blank=True)
    purpose = link("customers.Purpose", _("what the consent is for"), "+", models.PROTECT)
    thanks = models.TextField(_("text afterwards"), blank=True)
    next_url = models.URLField(_("address to go on to"), blank=True)
    source = models.CharField(_("source"), max_length=100, default="Web")
    campaign = link("marketing.Campaign", _("campaign"), "+", models.SET_NULL)
    contact_list = link("marketing.ContactList", _("contact list"), "+", models.SET_NULL)
    team = link("core.Team", _("team whose queue it is"), "+", models.SET_NULL)
    is_active = models.BooleanField(_("open to the public"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("web form")
        verbose_name_plural = _("web forms")
        ordering = ["name"]

    def __str__(self):
        return self.name

    @property
    def needs_tick(self):
        """Whether nobody is heard who does not agree; what goes beyond an answer is each one's own choice."""
        return not (self.purpose and self.purpose.needs_consent)
