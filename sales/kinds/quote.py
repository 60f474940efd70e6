"""Quotes as a kind of record."""

from django.utils import formats
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import Dependent, Kind, Panel, Preset, add_dependent, add_panel, register
from crm_site.core.operations import restore_record
from crm_site.core.pages import RULES
from crm_site.core.parts import rights
from customers.kinds.common import BY_NAME, CHANGED, NEWEST
from customers.kinds.parties import button, may_add
from sales.columns.quote import QUOTE_COLUMNS
from sales.filters.papers import QuoteFilters
from sales.forms.papers import QuoteForm
from sales.models import Quote, Sale
from sales.operations.quotes import create_quote, delete_quote, update_quote

RULES.update({
    "quote_subject_given": _("A quote needs a subject."),
    "quote_accepted_once": _("Another quote of this deal is accepted already."),
    "quote_edition_once": _("Somebody made a new version meanwhile."),
    "quote_sent_is_frozen": _("A sent quote does not change. Make a new version of it."),
    "quote_line_described": _("A line needs a description."),
    "quote_line_quantity_positive": _("The quantity has to be more than 0."),
    "quote_line_discount_within": _("A discount is between 0 and 100 %."),
})  # fmt: skip
ANSWERABLE = (Quote.SENT,)
REVISABLE = (Quote.SENT, Quote.ACCEPTED, Quote.REJECTED, Quote.EXPIRED)


def subtitle(quote):
    """The version, and until when it holds."""
    version = _now("Version %(number)d") % {"number": quote.edition}
    if not quote.valid_until:
        return version
    day = formats.date_format(quote.valid_until, "SHORT_DATE_FORMAT")
    return f"{version} · " + _now("valid until %(day)s") % {"day": day}


def actions(quote, user):
    """What can be done with a quote now; only what its status allows."""
    url, found, may_change = f"/quotes/{quote.pk}/", [], "change" in rights(user, quote)
    if may_change and quote.status == Quote.DRAFT:
        found.append(button(_("Send"), f"{url}send/", "send", "modal", primary=True))
        found.append(button(_("Edit lines"), f"{url}lines/edit/", "pencil"))
    found.append(button(_("PDF"), f"{url}quote.pdf", "download"))
    if may_change and quote.status == Quote.ACCEPTED and quote.opportunity_id and may_add(user, Sale):
        found.append(button(_("Turn into a sale"), f"{url}win/", "check", "post", primary=True))
    if may_change and quote.status in ANSWERABLE:
        found.append(button(_("Accepted"), f"{url}answer/accepted/", "check", "post"))
        found.append(button(_("Rejected"), f"{url}answer/rejected/", "x", "post"))
        found.append(button(_("Send again"), f"{url}send/", "send", "modal"))
    if may_change and quote.status in REVISABLE and may_add(user, Quote):
        found.append(button(_("New version"), f"{url}revise/", "copy", "post"))
    return found


QUOTES = register(
    Kind(
        model=Quote, slug="quotes", menu=60, icon="file-text", label=_("Quote"), label_plural=_("Quotes"),
        purpose=_("What you offered, version by version: sent as a PDF with a link to accept it."),
        columns=QUOTE_COLUMNS, sorts={"new": NEWEST, "name": BY_NAME, "changed": CHANGED}, default_sort="new",
        form=QuoteForm, filters=QuoteFilters, create=create_quote, update=update_quote,
        delete=delete_quote, restore=restore_record, subtitle=subtitle,
        quick=("subject", "opportunity", "currency", "valid_until", "customer", "account", "contact"),
        highlights=("status", "total", "valid_until", "customer", "contact", "opportunity", "owner"),
        groups=(
            (_("About"), ("number", "edition", "opportunity", "valid_until", "price_book", "net", "discount", "tax",
                          "adjustment", "total", "terms")),
            (_("For"), ("customer", "account", "contact")),
            (_("Answer"), ("sent_at", "answered_at", "answered_by")),
            (_("Record"), ("owner", "team", "tags", "created_at", "created_by", "changed_at")),
        ),
        actions=actions,
        presets=(
            Preset("drafts", _("Drafts"), "status=draft"), Preset("sent", _("Waiting for an answer"), "status=sent"),
            Preset("accepted", _("Accepted"), "status=accepted"),
        ),
        dependents=(
            Dependent(_("Sales"), lambda q, user: Sale.objects.visible_to(user).filter(quote=q).count()),
        ),
    )
)  # fmt: skip


def hanging(key):
    """How many quotes of a party the user sees."""
    return lambda record, user: Quote.objects.visible_to(user).filter(**{key: record}).count()


for key in ("customer", "account", "contact"):
    add_panel(f"customers.{key}", Panel(_("Quotes"), f"sales:{key}_quotes", model=Quote, fold=True))
    add_dependent(f"customers.{key}", Dependent(_("Quotes"), hanging(key)))
add_panel("sales.opportunity", Panel(_("Lines"), "sales:opportunity_lines", side=False, top=True))
add_panel("sales.opportunity", Panel(_("Quotes"), "sales:opportunity_quotes", model=Quote, order=20))
add_panel("sales.quote", Panel(_("Lines"), "sales:quote_lines", side=False))
add_panel("sales.quote", Panel(_("Versions"), "sales:quote_editions", model=Quote))
