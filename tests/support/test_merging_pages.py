"""The pages of merging: choosing, the preview, the undo, from the list; U35."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.models import Contact
from support.models import CaseMerge, OutgoingMail, Survey
from support.operations.merging import merge_cases
from tests.cast import grant
from tests.conftest import signed_in
from tests.factories import AccountFactory, CaseFactory, ContactFactory
from tests.support.portal_world import browser, case_of, customer
from tests.support.test_merging import asked, fresh, spoken


@pytest.fixture
def pair(cast):
    """(older, newer): two cases of the same person."""
    older = asked(cast, "Boat broken", 5, tags=["red"])
    return older, asked(cast, "Broken boat", 4, older.contact)


def rows(*cases):
    """The part of an address that names cases."""
    return "&".join(f"row={case.pk}" for case in cases)


def test_u35_choose_preview_merge_and_undo(cast, pair):
    older, newer = pair
    client = signed_in(cast.dora)
    found = client.get(f"/cases/{newer.pk}/merge/")
    assert [case.pk for case in found.context["found"]] == [older.pk]
    page = client.get(f"/cases/merge/?{rows(newer, older)}")
    assert page.context["survivor"] == older
    assert "1 message moves" in page.content.decode()
    assert not CaseMerge.objects.exists()
    data = {"row": [older.pk, newer.pk], "survivor": older.pk}
    answer = client.post("/cases/merge/", data, follow=True)
    assert f"/cases/{newer.pk}/unmerge/" in answer.content.decode()
    assert spoken(older) == ["Boat broken", "Broken boat"]
    assert client.post("/cases/merge/", data).status_code == 302
    assert CaseMerge.objects.count() == 1
    client.post(f"/cases/{newer.pk}/unmerge/")
    assert fresh(newer).merged_into is None


def test_u35_the_other_one_may_go_on_and_warns_of_strangers(cast, pair):
    older, newer = pair
    client = signed_in(cast.dora)
    page = client.get(f"/cases/merge/?{rows(older, newer)}&survivor={newer.pk}").content.decode()
    assert "New tags:" in page
    stranger = asked(cast, contact=ContactFactory(email="eve@y.test", first_name="Eve"))
    assert "are not of one customer" in client.get(f"/cases/merge/?{rows(older, stranger)}").content.decode()
    client.post("/cases/merge/", {"row": [older.pk, newer.pk], "survivor": newer.pk, "tell": "on"})
    assert fresh(older).merged_into == newer
    assert OutgoingMail.objects.get().kind == "notice"


def test_cs6_a_merged_case_leads_to_its_survivor(cast, pair):
    older, newer = pair
    third = asked(cast, "Third", 1, older.contact)
    merge_cases(newer, older, by=cast.dora)
    merge_cases(older, third, by=cast.dora)
    client = signed_in(cast.dora)
    assert client.get(f"/cases/{newer.pk}/")["Location"] == f"/cases/{third.pk}/"
    assert client.get(f"/cases/{newer.pk}/?stay=1").status_code == 200
    panel = client.get(f"/cases/{third.pk}/merges/").content.decode()
    assert f"/cases/{older.pk}/unmerge/" in panel
    own = grant(cast.nora, type(newer), view="own")
    type(newer).objects.unscoped("test").filter(pk=newer.pk).update(owner=own)
    assert signed_in(own).get(f"/cases/{newer.pk}/").status_code == 200


def test_the_list_leads_to_the_merge(cast, pair):
    client = signed_in(cast.dora)
    answer = client.post("/cases/bulk/", {"action": "merge", "row": [case.pk for case in pair]})
    assert answer["Location"] == f"/cases/merge/?{rows(*pair)}"
    assert client.post("/cases/bulk/", {"action": "merge", "row": [pair[0].pk]})["Location"].startswith("/cases/?")
    assert client.post("/cases/bulk/", {"action": "merge", "all": "1"})["Location"].startswith("/cases/?")
    third = asked(cast, "Third", 1, pair[0].contact)
    client.post("/cases/merge/", {"row": [case.pk for case in (*pair, third)], "survivor": pair[0].pk})
    assert {case.merged_into for case in fresh(pair[1], third)} == {pair[0]}


def test_r03_cases_out_of_reach_are_not_there(cast, pair):
    own = grant(cast.nora, type(pair[0]), view="own", merge="own", change="own", bulk="own")
    mine = CaseFactory(owner=own)
    client = signed_in(own)
    assert client.get(f"/cases/merge/?{rows(mine, pair[0])}")["Location"] == "/cases/"
    assert client.post("/cases/merge/", {"row": [mine.pk, pair[0].pk], "survivor": mine.pk})["Location"] == "/cases/"
    for verb in ("merge", "unmerge", "split", "incident", "merges", "surveys"):
        assert client.get(f"/cases/{pair[0].pk}/{verb}/").status_code == 404
    assert client.get("/cases/merge/?row=x&row=-1&row=99999999999999999999").status_code == 302
    assert signed_in(cast.alice).get(f"/cases/merge/?{rows(*pair)}").status_code == 404
    assert not CaseMerge.objects.exists()


def test_statements_of_the_preview_do_not_grow_with_the_cases(cast, pair):
    client, counts = signed_in(cast.dora), []
    more = [asked(cast, f"Again {n}", 1, pair[0].contact) for n in range(8)]
    client.get(f"/cases/merge/?{rows(*pair)}")
    for cases in (pair, (*pair, *more)):
        with CaptureQueriesContext(connection) as found:
            client.get(f"/cases/merge/?{rows(*cases)}")
        counts.append(len(found))
    assert counts[0] == counts[1]


def test_cs6_the_earlier_question_counts_for_the_first_response(cast, pair):
    older, newer = pair
    merge_cases(older, newer, by=cast.dora)
    clocks = newer.clocks.filter(metric="first", stopped_at__isnull=True)
    assert clocks.get().started_at == older.created_at
    assert not older.clocks.filter(stopped_at__isnull=True).exists()
    assert set(older.clocks.values_list("state", flat=True)) == {"cancelled"}


def test_u35_an_answer_in_the_portal_follows_the_merge(cast):
    """A page that was open while an agent merged: what the customer wrote is not lost."""
    ada = customer("Ada", AccountFactory(name="Acme"))
    source, survivor = case_of(ada, "Printer"), case_of(ada, "The printer")
    client = browser(ada)
    assert client.get(f"/portal/cases/{source.pk}/").status_code == 200
    merge_cases(source, survivor, by=cast.dora)
    answer = client.post(f"/portal/cases/{source.pk}/reply/", {"body": "One more thing"})
    assert answer.url == f"/portal/cases/{survivor.pk}/"
    page = client.get(answer.url).content.decode()
    assert [text for text in ("Please help: Printer", "Please help: The printer", "One more thing") if text in page] == [
        "Please help: Printer", "Please help: The printer", "One more thing"
    ]  # fmt: skip
    assert client.get(f"/portal/cases/{source.pk}/").url == answer.url


def test_pm4_reporters_out_of_reach_are_not_named(cast, pair):
    """PM-4: who sees the cases but not the contacts reads no name of a contact on the pages of merging and surveys."""
    older, newer = pair
    Contact.objects.unscoped("test").filter(pk=older.contact_id).update(last_name="Secretname")
    reaches = dict.fromkeys(("view", "change", "merge", "bulk"), "all")
    near = grant(cast.nora, type(older), **reaches)
    survey = Survey.objects.create(case=older, contact=older.contact, score=5, resolved_at=timezone.now(),
                                   expires_at=timezone.now(), answered_at=timezone.now())  # fmt: skip
    type(older).objects.unscoped("test").filter(pk=newer.pk).update(parent=older)
    pages = (f"/cases/{newer.pk}/merge/", f"/cases/merge/?{rows(older, newer)}", f"/cases/{older.pk}/incident/",
             f"/cases/{survey.case_id}/surveys/", "/support/satisfaction/answers/")  # fmt: skip
    for page in pages:
        answer = signed_in(near).get(page)
        assert (answer.status_code, "Secretname" in answer.content.decode()) == (200, False), page
    for page in (pages[0], *pages[2:]):
        assert "Secretname" in signed_in(cast.rita).get(page).content.decode(), page
