"""How the rows of a file become quotes, with the sums that the file gives."""

from django.utils.translation import gettext_lazy

from crm_site.core.imports.registry import Importer, Target, external_id, register
from crm_site.core.imports.targets import link_targets
from sales.imports.common import (
    SUMS,
    book_targets,
    finder,
    keep_word,
    party_targets,
    record_targets,
    settle_sums,
    sum_targets,
)  # fmt: skip
from sales.models import Quote
from sales.operations.quotes import create_quotes, update_quote

STATUS_WORDS = {
    "negotiation": "sent", "on hold": "sent", "delivered": "sent", "presented": "sent", "in review": "draft",
    "needs review": "draft", "approved": "draft", "confirmed": "accepted", "closed won": "accepted",
    "closed accepted": "accepted", "won": "accepted", "closed lost": "rejected", "denied": "rejected",
    "declined": "rejected", "lost": "rejected", "cancelled": "rejected", "canceled": "rejected",
}  # fmt: skip


def quote_targets():
    """Where a column of a file of quotes may go."""
    return [
        external_id("quote id", "quoteid"),
        Target("subject", gettext_lazy("Subject"), aliases=("quote name", "name"), required=True, limit=255),
        Target("status", gettext_lazy("Status"), "choice", ("quote stage", "quote status", "stage"),
               choices=Quote.STATUSES, value_map=STATUS_WORDS),
        Target("valid_until", gettext_lazy("Valid until"), "date", ("valid till", "expiration date", "expires")),
        *sum_targets(),
        *link_targets("opportunity", gettext_lazy("Opportunity"), "sales.opportunity",
                      ("deal name", "potential name", "opportunity name", "deal", "potential")),
        *party_targets(),
        *book_targets(),
        Target("terms", gettext_lazy("Terms"), "longtext", ("terms and conditions",)),
        *record_targets(),
    ]  # fmt: skip


def prepare_quote(draft, run):
    """Sums in one currency; when it was sent and answered, as far as the file tells."""
    values = draft.values
    settle_sums(draft, run, tuple(SUMS), counts=False)
    keep_word(draft, run, "status", Quote.STATUSES)
    status = values.get("status") or Quote.DRAFT
    if status != Quote.DRAFT:
        values["sent_at"] = values.get("created_at")
    if status in (Quote.ACCEPTED, Quote.REJECTED):
        values["answered_at"] = values.get("changed_at") or values.get("created_at")


def link_quote(field, pairs, *, by):
    """Set the deal or a party of quotes that came before it; one that was sent stays as it was."""
    for quote, record in pairs.items():
        if quote.status == Quote.DRAFT:
            update_quote(quote, {field: record}, by=by)


QUOTE_IMPORT = register(
    Importer(
        name="quotes", label=gettext_lazy("Quotes"), model=Quote, targets=quote_targets, order=38, icon="file-text",
        create=create_quotes, update=lambda record, values, by: update_quote(record, values, by=by),
        prepare=prepare_quote, find=finder(Quote), link=link_quote, makes=False, constants=("currency",),
    )
)  # fmt: skip
