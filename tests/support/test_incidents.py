"""CS-7: one incident with many cases: one update to all who asked, once each; closing it with its parts."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from crm_site.core.operations import Refused
from customers.models import Activity
from support.models import Case, OutgoingMail
from support.operations.cases import resolve_case, set_parent
from support.operations.incidents import send_update
from tests.conftest import signed_in
from tests.factories import ContactFactory
from tests.support.test_merging import asked, fresh, spoken


@pytest.fixture
def incident(cast):
    """An incident with four parts: two of Ann, one of Ben, one without an address."""
    whole = asked(cast, "Server down", contact=ContactFactory(email="ops@x.test"))
    ann = ContactFactory(email="ann@x.test")
    people = (ann, ann, ContactFactory(email="ben@x.test"), ContactFactory(email=""))
    parts = [
        set_parent(asked(cast, f"No access {n}", contact=who), whole, by=cast.dora) for n, who in enumerate(people)
    ]
    return whole, parts


def test_cs7_one_update_reaches_everybody_once(cast, incident):
    whole, parts = incident
    done = resolve_case(parts[2], by=cast.dora)
    send_update(whole, "We are on it.", by=cast.dora)
    assert sorted(OutgoingMail.objects.values_list("to", flat=True)) == ["ann@x.test", "ops@x.test"]
    assert [case.pk for case in (whole, *parts) if "We are on it." in spoken(case)] == [
        case.pk for case in (whole, *parts) if case.pk != done.pk
    ]
    with pytest.raises(Refused):
        send_update(done, "x", by=cast.dora)


def test_cs7_the_page_shows_whom_and_sends(cast, incident):
    whole, _parts = incident
    client = signed_in(cast.dora)
    page = client.get(f"/cases/{whole.pk}/incident/")
    assert [(r.address, len(r.cases)) for r in page.context["receivers"]] == [
        ("ops@x.test", 1), ("ann@x.test", 2), ("ben@x.test", 1), ("", 1)
    ]  # fmt: skip
    assert not OutgoingMail.objects.exists()
    assert client.post(f"/cases/{whole.pk}/incident/", {"body": " "}).status_code == 422
    assert client.post(f"/cases/{whole.pk}/incident/", {"body": "Solved soon."}).status_code == 302
    assert OutgoingMail.objects.count() == 3


def test_cs7_closing_asks_and_leaves_parts_with_open_tasks(cast, incident):
    whole, parts = incident
    Activity.objects.create(kind="task", subject="Ring", at=timezone.now(), status="open", owner=cast.dora,
        regarding_type=ContentType.objects.get_for_model(Case), regarding_id=parts[0].pk)  # fmt: skip
    client = signed_in(cast.dora)
    page = client.get(f"/cases/{whole.pk}/incident/")
    assert (len(page.context["closing"]), page.context["staying"]) == (3, [parts[0]])
    client.post(f"/cases/{whole.pk}/incident/", {"close": "1"})
    assert [case.category for case in fresh(whole, *parts)] == ["closed", "new", "closed", "closed", "closed"]
