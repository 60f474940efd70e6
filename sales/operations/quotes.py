"""Operations on quotes: drafts, editions, sending, and the customer's answer."""

from datetime import timedelta
from decimal import Decimal

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from crm_site.core.loading import fresh, insert_many
from crm_site.core.notifications import notify
from crm_site.core.operations import (
    delete_record,
    lock,
    new_rows,
    operation,
    refuse,
    require,
    write,
    write_many,
)
from crm_site.core.outside import digest, whole
from sales.models import Opportunity, Quote, QuoteLine, QuoteMail, Sale
from sales.operations.closing import win_opportunity
from sales.operations.linking import link_parties
from sales.operations.sales import COPIED
from sales.operations.story import tell_story
from sales.operations.totals import line_values, totals
from sales.outside import company

DRAFT, SENT, ACCEPTED, REJECTED, EXPIRED, SUPERSEDED = Quote.STATUSES
# What may follow what; everything else is refused, through whatever door.
MOVES = {
    DRAFT: {SENT}, SENT: {SENT, ACCEPTED, REJECTED, EXPIRED, SUPERSEDED}, ACCEPTED: {SUPERSEDED},
    REJECTED: {SUPERSEDED}, EXPIRED: {SUPERSEDED}, SUPERSEDED: set(),
}  # fmt: skip
FREE = {"owner", "team", "tags"}
VALID_DAYS = 30
BATCH = 500


def check_move(quote, status):
    """Refuse a status that may not follow the quote's."""
    if status not in MOVES[quote.status]:
        words = {"now": quote.get_status_display(), "then": Quote.STATUSES[status]}
        refuse(_("A quote that is “%(now)s” cannot become “%(then)s”.") % words)


@operation
def create_quotes(rows, *, by):
    """Make many quotes and return them in order; the import's way in.

    A row holds fields of Quote and perhaps `lines`, dicts of line fields, of which the sums are made; without lines
    the sums are the row's. The number of statements does not grow with the rows.
    """
    rows = [dict(row) for row in rows]
    own = [row.pop("lines", None) or [] for row in rows]
    statuses = [row.pop("status", None) or DRAFT for row in rows]
    link_parties(rows, by)
    lines = [
        [fresh(QuoteLine, **line, **line_values(line, row["currency"])) for line in found]
        for row, found in zip(rows, own, strict=True)
    ]
    rows = [row | sums_of(row, found) for row, found in zip(rows, lines, strict=True)]
    quotes = new_rows(Quote, rows, by=by)
    keep_lines(zip(quotes, lines, strict=True))
    for status in set(statuses) - {DRAFT}:
        ids = [quote.pk for quote, said in zip(quotes, statuses, strict=True) if said == status]
        Quote.objects.unscoped("made just now").filter(pk__in=ids).update(status=status)
    for quote, status in zip(quotes, statuses, strict=True):
        quote.status = status
    return quotes


def sums_of(row, lines):
    """The sums of a new quote: of its lines, else as given."""
    if lines:
        return totals([{"net": line.net, "tax": line.tax} for line in lines], row.get("adjustment"))
    parts = {name: row.get(name) or Decimal(0) for name in ("net", "tax", "adjustment")}
    return parts | {"total": row.get("total") or sum(parts.values())}


def keep_lines(pairs):
    """Insert the lines of new quotes: [(quote, unsaved lines)]."""
    made = []
    for quote, lines in pairs:
        for position, line in enumerate(lines):
            line.quote, line.position = quote, position
            made.append(line)
    return insert_many(QuoteLine, made)


def create_quote(values, *, by):
    """Make one quote and return it; with a deal and nothing else but its form's fields, the deal's lines are copied."""
    deal = values.get("opportunity")
    if deal and "lines" not in values:
        values = {"price_book": deal.price_book} | values | {"lines": lines_from(deal)}
        if values.get("currency") != deal.currency:
            refuse(_("The deal is in %(currency)s.") % {"currency": deal.currency}, "currency")
    return create_quotes([values], by=by)[0]


def lines_from(source):
    """The lines of a deal or quote as dicts of line fields; a deal without lines gives one, "name / amount"."""
    names = [name for name in COPIED if name not in ("position", "net", "tax", "total")]
    rows = list(source.lines.order_by("position", "id").values(*names))
    amount = getattr(source, "amount", None)
    return rows or ([{"description": source.name, "unit_price": amount}] if amount else [])


def quote_deal(deal, *, by):
    """A new draft from a deal, which gives it lines, parties, currency and owner; returns it."""
    values = {
        "subject": deal.name, "opportunity": deal, "currency": deal.currency, "owner": deal.owner, "team": deal.team,
        "valid_until": timezone.localdate() + timedelta(days=VALID_DAYS), "terms": usual_terms(),
        "lines": lines_from(deal), "price_book": deal.price_book,
    }  # fmt: skip
    return create_quotes([values | kept_parties(deal, by)], by=by)[0]


@operation
def begin_quote(deal, *, by):
    """The draft of a deal to go on with: the user's own that nobody touched yet, else a new one."""
    current = lock(deal, by, "view")
    rows = Quote.objects.visible_to(by, "change").filter(opportunity=current, status=DRAFT, edition=1, version=1)
    return rows.filter(created_by=by).order_by("-pk").first() or quote_deal(current, by=by)


def kept_parties(deal, by):
    """The deal's parties as far as the user sees them; the others stay with the deal."""
    found = {}
    for name in ("customer", "account", "contact"):
        model = Quote._meta.get_field(name).related_model
        pk = getattr(deal, f"{name}_id")
        rows = model.objects.visible_to(by) if by else model.objects.unscoped("the system acts for itself")
        found[name] = rows.filter(pk=pk).first() if pk else None
    return found


def usual_terms():
    """The terms that the company puts under its quotes."""
    return company().get("terms", "")


@operation
def update_quote(quote, values, *, by, version=None):
    """Change a draft and return it; of a sent one only owner, team and tags. Raises Stale and Refused."""
    current = lock(quote, by)
    if current.status != DRAFT:
        changed = {name for name, value in values.items() if getattr(current, name, None) != value}
        if changed - FREE:
            refuse(_("A sent quote does not change. Make a new version of it."))
        values = {name: value for name, value in values.items() if name in FREE}
    elif values.get("currency", current.currency) != current.currency and current.lines.exists():
        refuse(_("The lines are in %(currency)s; remove them first.") % {"currency": current.currency}, "currency")
    if values.get("adjustment", current.adjustment) != current.adjustment:
        values = values | {"total": current.net + current.tax + (values["adjustment"] or Decimal(0))}
    return write(quote, values, by=by, version=version)[0]


@operation
def delete_quote(quote, *, by):
    """Put a quote into the bin and return it; Refused for one that an active sale came from."""
    current = lock(quote, by, "delete")
    if Sale.objects.unscoped("a sale stands whoever sees it").filter(quote=current, status=Sale.ACTIVE).exists():
        refuse(_("A sale came from this quote. Cancel that first."))
    return delete_record(current, by=by)


def token_of(quote):
    """The secret part of the address at which a customer answers; made anew each time the quote is sent."""
    said = f"{quote.pk}:{quote.sent_at.timestamp():.6f}"
    return salted_hmac("sales.quote.accept", said, algorithm="sha256").hexdigest()


def answer_url(quote):
    """The whole secret address of a sent quote."""
    return whole(reverse("sales:quote_accept", args=[token_of(quote)]))


def quote_of(token):
    """The quote that a secret address names, or None."""
    rows = Quote.objects.unscoped("who has the secret address may see this one quote")
    rows = rows.select_related("account", "contact", "owner", "customer")
    return rows.filter(token_hash=digest(token), deleted_at__isnull=True).first()


@operation
def send_quote(quote, *, by, to="", message=""):
    """Send a draft, or a sent one again, and return the secret address at which the customer answers.

    With `to` a mail is put into the outbox in the same transaction, unless one to the same address is still in it; an
    earlier address stops working. Raises Refused
    for a quote without lines, one that has run out, or another status.
    """
    current = lock(quote, by)
    check_move(current, SENT)
    if current.status == DRAFT and not current.lines.exists():
        refuse(_("Add at least one line before you send it."))
    if current.valid_until and current.valid_until < timezone.localdate():
        refuse(_("It is valid until %(day)s, which is over.") % {"day": current.valid_until.isoformat()}, "valid_until")
    sent_at = timezone.now()
    current.sent_at = sent_at
    values = {"status": SENT, "token_hash": digest(token_of(current))}
    written = write(current, values | {"sent_at": sent_at}, by=by)[0]
    if to and not written.mails.filter(to=to, mailed_at__isnull=True).exists():
        QuoteMail.objects.create(quote=written, to=to, message=message, by=by)
    tell_story(written, _("Quote %(number)s sent") % {"number": written.number}, by=by)
    return answer_url(written)


def answer(quote, status, by, name):
    """Mark a sent quote as answered, by somebody of ours or by the customer, and tell its owner."""
    current = lock(quote, by)
    if current.status == status:
        return current
    check_move(current, status)
    if current.valid_until and current.valid_until < timezone.localdate():
        refuse(_("This quote has run out."))
    if status == ACCEPTED:
        refuse_second(current)
    who = (name or "").strip()[:200] or str(by or "")
    if not who:
        refuse(_("Give your name."), "name")
    values = {"status": status, "answered_at": timezone.now(), "answered_by": who}
    written = write(current, values, by=by)[0]
    said = (
        _("Quote %(number)s accepted by %(name)s") if status == ACCEPTED else _("Quote %(number)s declined by %(name)s")
    )
    tell_story(written, said % {"number": written.number, "name": who}, by=by)
    tell_owner(written, by)
    return written


def refuse_second(quote):
    """Refuse to accept a second quote of a deal; who accepts another one at this moment waits for this one."""
    if quote.opportunity_id is None:
        return
    deals = Opportunity.objects.unscoped("its quotes take turns").select_for_update(of=("self",), no_key=True)
    deals.filter(pk=quote.opportunity_id).first()
    rows = Quote.objects.unscoped("there is one whoever sees it").filter(deleted_at__isnull=True)
    if other := rows.filter(opportunity=quote.opportunity_id, status=ACCEPTED).exclude(pk=quote.pk).first():
        refuse(_("%(number)s of the same deal is accepted already.") % {"number": other.number})


def tell_owner(quote, by):
    """Tell the owner of the answer; that of an accepted one offers to win the deal."""
    if quote.owner_id is None or (by and by.pk == quote.owner_id):
        return
    words = {"who": quote.answered_by, "what": quote}
    said = _("%(who)s accepted the quote “%(what)s”. Turn it into a sale?") if quote.status == ACCEPTED else _(
        "%(who)s rejected the quote “%(what)s”.")  # fmt: skip
    notify([{
        "user_id": quote.owner_id, "text": said % words, "url": f"/quotes/{quote.pk}/",
        "key": f"quote:{quote.pk}:{quote.status}",
    }])  # fmt: skip


@operation
def accept_quote(quote, *, by, name=""):
    """Mark a sent quote as accepted by `name` (default: the acting user) and return it; its owner is told.

    Raises Refused when it has run out, or when another one of the same deal is accepted.
    """
    return answer(quote, ACCEPTED, by, name)


@operation
def reject_quote(quote, *, by, name=""):
    """Mark a sent quote as rejected and return it; its owner is told."""
    return answer(quote, REJECTED, by, name)


@operation
def revise_quote(quote, *, by):
    """A new draft, the next edition of a quote that was sent, which it supersedes; returns the draft.

    Raises Refused for a draft, for one that was superseded already, and when an active sale came from it.
    """
    require(by, Quote, "add")
    root = Quote.objects.unscoped("locked for the next edition").select_for_update(of=("self",))
    root = root.get(pk=quote.root_id or quote.pk)
    current = lock(quote, by)
    if current.status == DRAFT:
        refuse(_("This is a draft; change it as it is."))
    check_move(current, SUPERSEDED)
    if Sale.objects.unscoped("a sale stands whoever sees it").filter(quote=current, status=Sale.ACTIVE).exists():
        refuse(_("A sale came from this quote. Cancel that first."))
    edition = Quote.objects.unscoped("counts its editions").filter(root=root).aggregate(n=Max("edition"))["n"] or 1
    made = successor(current, root, edition + 1, by)
    write(current, {"status": SUPERSEDED}, by=by)
    return made


def successor(quote, root, edition, by):
    """A draft like a quote that is its next edition."""
    names = ("subject", "opportunity_id", "customer_id", "account_id", "contact_id", "currency", "price_book_id",
             "net", "discount", "tax", "adjustment", "total", "terms", "owner_id", "team_id")  # fmt: skip
    values = {name: getattr(quote, name) for name in names}
    today = timezone.localdate()
    until = quote.valid_until if quote.valid_until and quote.valid_until > today else today + timedelta(days=VALID_DAYS)
    made = fresh(
        Quote, **values, root=root, edition=edition, valid_until=until, tags=list(quote.tags), created_by=by,
        changed_by=by,
    )  # fmt: skip
    [made] = insert_many(Quote, [made])
    lines = [fresh(QuoteLine, **row) for row in quote.lines.order_by("position", "id").values(*COPIED)]
    keep_lines([(made, lines)])
    return made


@operation
def win_quote(quote, *, by):
    """Win the quote's deal with the quote's lines and return the sale; Refused without a deal or an acceptance."""
    current = lock(quote, by, "view")
    if current.opportunity_id is None:
        refuse(_("This quote belongs to no deal."))
    if current.status != ACCEPTED:
        refuse(_("Only an accepted quote becomes a sale."))
    deal = current.opportunity
    if deal.currency != current.currency:
        refuse(_("The deal is in %(currency)s.") % {"currency": deal.currency})
    return win_opportunity(deal, by=by, amount=current.net + current.adjustment, quote=current)


@operation
def expire_quotes(*, by=None):
    """Mark the sent quotes whose last day is over as expired; returns how many. Each once, however many sweep."""
    rows = Quote.objects.unscoped("the clock is for everybody").filter(
        status=SENT, deleted_at__isnull=True, valid_until__lt=timezone.localdate()
    )
    ids = list(rows.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True)[:BATCH])
    due = Quote.objects.unscoped("as above").filter(pk__in=ids)
    return write_many(due, {"status": EXPIRED}, by=by)
