"""R05: no door skips a state. Every way that a status could be posted, in every status, as one who may do everything."""

import uuid

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from crm_site.core import operations
from crm_site.core.kinds import KINDS
from sales.models import Lead, LossReason, Opportunity, Quote, Sale, Stage
from sales.operations.cancelling import cancel_sale
from sales.operations.closing import lose_opportunity, win_opportunity
from sales.operations.conversion import convert_lead
from sales.operations.leads import disqualify_lead
from sales.operations.quotes import accept_quote, quote_deal, reject_quote, revise_quote, send_quote
from tests.architecture.samples import edit_data
from tests.conftest import signed_in
from tests.factories import LeadFactory, OpportunityFactory
from tests.sales.making import deal_of
from tests.security.test_mass_assignment import admin_data

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(cast):
    """The cast, with an owner who may all."""
    cast.rita.team = cast.north
    cast.rita.save(update_fields=["team"])
    return cast


def lead_in(status, by):
    """A lead in a status, got there by its verbs."""
    lead = LeadFactory(owner=by, status=status if status in Lead.OPEN else Lead.NEW)
    if status == Lead.DISQUALIFIED:
        disqualify_lead(lead, "no_budget", by=by)
    if status == Lead.CONVERTED:
        convert_lead(lead, {"account": None, "opportunity": "new"}, by=by)
    return lead


def deal_in(state, by):
    """A deal in a state."""
    deal = OpportunityFactory(owner=by)
    if state == Stage.WON:
        win_opportunity(deal, by=by)
    if state == Stage.LOST:
        lose_opportunity(deal, LossReason.objects.filter(needs_note=False).first(), by=by)
    return deal


def quote_in(status, by):
    """A quote in a status."""
    quote = quote_deal(deal_of(by, [("A", "1", "100")]), by=by)
    if status == Quote.DRAFT:
        return quote
    send_quote(quote, by=by)
    if status == Quote.EXPIRED:
        operations.write_many(Quote.objects.filter(pk=quote.pk), {"status": status}, by=by)
    do = {Quote.ACCEPTED: accept_quote, Quote.REJECTED: reject_quote, Quote.SUPERSEDED: revise_quote}.get(status)
    if do:
        do(quote, by=by)
    return quote


def sale_in(status, by):
    """A sale of a won deal."""
    sale = win_opportunity(OpportunityFactory(owner=by), by=by)
    if status == Sale.CANCELLED:
        cancel_sale(sale, "A mistake", by=by)
    return sale


MAKERS = {
    "sales.lead": (Lead, "status", tuple(Lead.STATUSES), lead_in),
    "sales.opportunity": (Opportunity, "state", (Stage.OPEN, Stage.WON, Stage.LOST), deal_in),
    "sales.quote": (Quote, "status", tuple(Quote.STATUSES), quote_in),
    "sales.sale": (Sale, "status", tuple(Sale.STATUSES), sale_in),
}
# What plain forms may do: work on an open lead.
FREE = {"sales.lead": {(one, other) for one in Lead.OPEN for other in Lead.OPEN}}
# Each verb's address, what it is sent, and from where it leads where; everywhere else it changes nothing.
VERBS = {
    "sales.lead": (
        ("disqualify/", {"reason": "no_budget"}, dict.fromkeys(Lead.OPEN, "disqualified")),
        ("reopen/", {}, {"disqualified": "working"}),
        ("unconvert/", {}, {"converted": "new"}),
        ("convert/", {"account": "", "contact": "own", "opportunity": ""}, {}),
    ),
    "sales.opportunity": (
        ("win/", {"amount": "1000", "closed_on": timezone.localdate().isoformat()}, {"open": "won", "lost": "won"}),
        ("reopen/", {}, {"lost": "open"}),
        ("reset/", {}, {}),
    ),
    "sales.quote": (
        ("send/", {"message": "Here"}, {"draft": "sent"}),
        ("answer/accepted/", {}, {"sent": "accepted"}),
        ("answer/rejected/", {}, {"sent": "rejected"}),
        ("revise/", {}, dict.fromkeys(("sent", "accepted", "rejected", "expired"), "superseded")),
        ("answer/superseded/", {}, {}), ("answer/draft/", {}, {}),
    ),
    "sales.sale": (("cancel/", {"reason": "A mistake", "then": "reopen"}, {"active": "cancelled"}),),
}  # fmt: skip


def cases():
    """(kind, status) of everything that has a life."""
    return [
        pytest.param(key, status, id=f"{key}-{status}") for key, (_m, _f, all_, _d) in MAKERS.items() for status in all_
    ]


def state_of(key, pk):
    """The record's status as it is stored."""
    model, field, _all, _maker = MAKERS[key]
    return model.objects.unscoped("look").values_list(field, flat=True).get(pk=pk)


def forced(key, field, status):
    """All that could set a status: the field itself, its dates and, for deals, each stage that means it."""
    more = {"disqualify_reason": "other", "converted_at": "2026-01-01T00:00", "closed_at": "2026-01-01T00:00",
            "cancelled_at": "2026-01-01T00:00", "answered_by": "Me"}  # fmt: skip
    if key == "sales.opportunity":
        stage = Stage.objects.filter(state=status).order_by("-order").first()
        more |= {"stage": stage.pk, "stage_id": stage.pk, "category": stage.category, "probability": stage.probability}
    return more | {field: status}


def unchanged(kind, client, record):
    """What the edit form and the administration's page would send back as it is, and that page's address."""
    address = reverse(f"admin:{kind.model._meta.app_label}_{kind.model._meta.model_name}_change", args=[record.pk])
    return edit_data(kind, record, client.user), admin_data(client.get(address))[0], address


def doors(kind, record, data, edit, admin, address):
    """[(address, what is posted)] of every plain way to change a record; the last three are from `unchanged`."""
    yield kind.url("edit", record), edit | data | {"once": str(uuid.uuid4())}
    for name in {column.name for column in kind.columns} | set(data):
        if name in data:
            yield f"{kind.record_url(record.pk)}cell/{name}/", data | {"version": str(record.version)}
    for names in (list(data), list(kind.bulk_fields)):
        yield (
            f"{kind.base}bulk/",
            data | {"action": "edit", "row": record.pk, "change": names, "once": str(uuid.uuid4())},
        )
    yield address, admin | data


def changes(key, client, record, status):
    """[(address, status before, status after)] of the posts that changed the status."""
    _model, field, all_, _maker = MAKERS[key]
    found, sent = [], unchanged(KINDS[key], client, record)
    for target in all_:
        for address, data in doors(KINDS[key], record, forced(key, field, target), *sent):
            with transaction.atomic():
                assert client.post(address, data).status_code < 500, address
                if (now := state_of(key, record.pk)) != status:
                    found.append((address, status, now))
                transaction.set_rollback(True)
    return found


@pytest.mark.parametrize(("key", "status"), cases())
def test_r05_no_form_skips_a_state(cast, key, status):
    """Edit form, cells, change of many and the administration, with every status in every field that could hold it."""
    model, _field, _all, maker = MAKERS[key]
    record = model.objects.unscoped("look").get(pk=maker(status, cast.rita).pk)
    client = signed_in(cast.rita)
    client.user = cast.rita
    found = changes(key, client, record, status)
    assert {(one, other) for _address, one, other in found} - FREE.get(key, set()) == set(), found


@pytest.mark.parametrize(("key", "status"), cases())
def test_r05_verbs_lead_only_where_they_should(cast, key, status):
    """Each verb in each status: it does what it is there for, or nothing."""
    model, _field, _all, maker = MAKERS[key]
    record = model.objects.unscoped("look").get(pk=maker(status, cast.rita).pk)
    faults = []
    for verb, data, leads in VERBS[key]:
        with transaction.atomic():
            response = signed_in(cast.rita).post(f"{KINDS[key].record_url(record.pk)}{verb}", data)
            assert response.status_code < 500, verb
            if (now := state_of(key, record.pk)) != leads.get(status, status):
                faults.append((verb, status, now))
            transaction.set_rollback(True)
    assert faults == []


@pytest.mark.parametrize("key", MAKERS)
def test_r05_nothing_begins_at_its_end(cast, key):
    """The create form, in the browser and in the administration, makes no record that is already won, sent or the like."""
    kind, (model, field, all_, maker) = KINDS[key], MAKERS[key]
    client, start = signed_in(cast.rita), all_[0]
    sample = edit_data(kind, model.objects.unscoped("look").get(pk=maker(start, cast.rita).pk), cast.rita)
    sample.pop("version")
    add = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    empty = admin_data(client.get(add))[0]
    for status in all_:
        for address in (kind.url("create"), add):
            data = sample | forced(key, field, status) | {"once": str(uuid.uuid4())}
            data |= empty | data if address == add else {}
            with transaction.atomic():
                before = set(model.objects.unscoped("look").values_list("pk", flat=True))
                assert client.post(address, data).status_code < 500
                made = set(model.objects.unscoped("look").exclude(pk__in=before).values_list(field, flat=True))
                assert made <= {start, *(status for one, status in FREE.get(key, ()) if one == start)}, address
                transaction.set_rollback(True)


def test_r05_a_skipped_state_is_seen(cast, monkeypatch):
    """Negative control: an operation that writes whatever it is given is reported by every door that it has."""
    record = Quote.objects.get(pk=quote_in(Quote.DRAFT, cast.rita).pk)
    kind, client = KINDS["sales.quote"], signed_in(cast.rita)
    client.user = cast.rita
    real = kind.form.values
    monkeypatch.setattr(kind.form, "values", lambda form: real(form) | {"status": form.data.get("status", "draft")})
    assert {other for _address, _one, other in changes("sales.quote", client, record, Quote.DRAFT)} >= {"accepted"}
