"""LC-10: many leads converted by one job, each with its own answer."""

import pytest

from crm_site.core.bulk import start_bulk_change, undoable
from crm_site.core.jobs import run_due_jobs
from crm_site.core.kinds import KINDS
from crm_site.core.models import Job
from customers.models import Account
from customers.operations.accounts import create_account
from sales.models import Lead, Opportunity
from sales.operations.leads import create_lead, disqualify_lead
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db
NEW = {"first_name": "Åsa", "last_name": "Berg", "company": "Åkerblom AB", "email": "asa@akerblom.test"}
VALUES = {"likely": "leave", "deals": True, "owner": None}


def some_leads(cast):
    """Four leads: one to convert, one likely known, one of a queue, one disqualified."""
    create_account({"name": "Works", "website": "works.test"}, by=cast.alice)
    fine = create_lead(NEW, by=cast.alice)
    known = create_lead({"last_name": "Ek", "company": "Works", "email": "ek@works.test"}, by=cast.alice)
    queued = create_lead({"last_name": "Ask", "company": "Ask", "owner": None, "team": cast.north}, by=cast.bob)
    lost = disqualify_lead(create_lead({"last_name": "Lo"}, by=cast.alice), "spam", by=cast.alice)
    return [fine, known, queued, lost]


def start(leads, values, by):
    """The job that converts these leads."""
    options = {"action": "convert", "ids": [lead.pk for lead in leads], "query": "", "values": values}
    return start_bulk_change(KINDS["sales.lead"], options, by=by)


def test_lc10_each_row_has_its_answer_and_one_failure_undoes_no_other(cast):
    """LC-10."""
    leads = some_leads(cast)
    job = start(leads, VALUES, cast.bob)
    run_due_jobs()
    job.refresh_from_db()
    assert (job.state, job.counts["changed"], job.counts["refused"]) == (Job.DONE, 1, 3)
    assert not undoable(job), "conversions are taken back one by one"
    told = {problem.line: problem.text for problem in job.problems.all()}
    assert "It may be Works (same domain and same name" in told[leads[1].pk]
    assert "choose who gets it" in told[leads[2].pk]
    assert "disqualified" in told[leads[3].pk]
    assert told[leads[0].pk] == "Converted into: Åkerblom AB, Åsa Berg, Åkerblom AB"
    page = signed_in(cast.bob).get(f"/jobs/{job.pk}/").content.decode()
    assert "Row by row" in page
    assert told[leads[0].pk] in page
    assert list(Lead.objects.filter(status="converted")) == [leads[0]]
    assert Opportunity.objects.get().lead == leads[0]


def test_lc10_likely_accounts_are_used_only_when_the_user_says_so(cast):
    """LC-10."""
    leads = some_leads(cast)
    for likely, accounts in (("use", 1), ("new", 2)):
        lead = create_lead({"last_name": likely, "company": "Works", "email": f"{likely}@works.test"}, by=cast.alice)
        start([lead], VALUES | {"likely": likely}, cast.alice)
        run_due_jobs()
        assert Account.objects.filter(name="Works").count() == accounts, likely
    assert leads[1].status == "new"


def test_lc10_from_the_list(cast):
    """LC-10."""
    leads, client = some_leads(cast), signed_in(cast.bob)
    assert b'value="convert"' in client.get("/leads/").content
    rows = {"action": "convert", "row": [lead.pk for lead in leads], "query": ""}
    asked = client.post("/leads/bulk/", rows)
    assert asked.context["within"] == 4
    form = asked.context["form"]
    sent = rows | {"once": str(form["once"].value()), "likely": "leave", "deals": "on", "owner": cast.alice.pk}
    answer = client.post("/leads/bulk/", sent)
    assert client.post("/leads/bulk/", sent)["Location"] == answer["Location"]
    report = client.get(answer["Location"]).content.decode()
    assert "It may be Works" in report
    assert Lead.objects.filter(status="converted").count() == 2
    assert client.post("/leads/bulk/", {"action": "tag", "row": [leads[0].pk], "query": ""}).status_code == 200
    assert signed_in(cast.dora).post("/leads/bulk/", rows).status_code == 404
