"""The wizard from the upload to the report and back (PL-1, U37)."""

import io

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile

from crm_site.core.imports.registry import importers_for
from crm_site.core.jobs import run_due_jobs
from crm_site.core.models import ExternalId, Job, PendingLink, User
from customers.models import Account, Activity, Contact, Customer
from tests.conftest import fresh
from tests.factories import *  # noqa: F403

pytestmark = pytest.mark.django_db(transaction=True)

ACCOUNTS = "ACCOUNTID,Account Name,Account Owner,Account Type,Annual Revenue,Telex\n" + "".join(
    f'{n},Firm {n},Alice Tester,{"Customer" if n % 2 else "Prospect"},"$1,00{n}.50",x\n' for n in range(1, 6)
)
CONTACTS = (
    "CONTACTID,First Name,Last Name,Email,Mobile,Account Id,Created Time\n"
    '11,Ann,Lee,ANN@firm.test,+44 20 7946 0001,1,"16 Apr, 2021 00:02:00"\n'
    "12,,Fox,fox@firm.test,,77,31/12/2020\n"
    "13,Bo,,not an address,,2,nonsense\n"
    "14,,,,,2,\n"
)


def test_pl1_ids_of_two_exports_do_not_meet_in_silence(cast, client_of):
    """PL-1: a second file that names no system is asked where it comes from, and told how many rows it would change."""
    client = client_of(cast.alice)
    first = through(client, ACCOUNTS, "shop.csv", system="")
    assert first.options["system"] == "file"
    job = upload(client, ACCOUNTS.replace("Firm", "Other"), "till.csv", system="")
    page = client.get(f"/imports/{job.pk}/")
    assert page.context["met"] == first
    assert "compared with those of “shop.csv”" in page.content.decode()
    fields = fields_of(client, job)
    client.post(f"/imports/{job.pk}/mapping/", fields)
    assert "5 rows would change records that are here already" in client.get(f"/imports/{job.pk}/").content.decode()
    client.post(f"/imports/{job.pk}/mapping/", fields | {"system": "till"})
    page = client.get(f"/imports/{job.pk}/")
    assert (page.context["met"], page.context["updated"]) == (None, 0)


def upload(client, text, name, **data):
    """Upload a file and return its job."""
    file = SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)
    answer = client.post("/imports/new/", {"file": file, "system": "other", **data})
    assert answer.status_code == 302, answer.context["form"].errors
    return Job.objects.get(pk=int(answer.url.split("/")[2]))


def fields_of(client, job):
    """What a browser would send from the mapping page as it is."""
    page = client.get(f"/imports/{job.pk}/")
    assert page.status_code == 200
    data = {"system": job.options["system"], "make_links": "on", "make_customers": "on"}
    for row in page.context["rows"]:
        data[f"t{row['n']}"] = next(c["value"] for c in row["choices"] if c["selected"])
        for field in (*row["habits"], *row["map"]):
            data[field["name"]] = next((o["value"] for o in field["options"] if o["selected"]), "")
        if row["strict"]:
            data[f"strict{row['n']}"] = "on"
    for field in page.context["settings"]:
        data[field["name"]] = next((o["value"] for o in field["options"] if o["selected"]), "")
    return data


def through(client, text, name, **changes):
    """Import a text through all pages; the finished job."""
    job = upload(client, text, name)
    client.post(f"/imports/{job.pk}/mapping/", fields_of(client, job) | changes)
    run_due_jobs()
    job.refresh_from_db()
    assert job.state == Job.DRAFT, job.error
    assert job.options["checked"]
    page = client.get(f"/imports/{job.pk}/")
    assert page.status_code == 200
    client.post(f"/imports/{job.pk}/run/")
    run_due_jobs()
    job.refresh_from_db()
    assert job.state == Job.DONE, job.error
    return job


def counts(job):
    return tuple(job.counts[name] for name in ("created", "updated", "skipped", "failed"))


def test_from_the_upload_to_the_report_and_back(cast, client_of):
    client = client_of(cast.alice)
    job = upload(client, ACCOUNTS, "Accounts.csv")
    assert client.post(f"/imports/{job.pk}/mapping/", fields_of(client, job)).status_code == 302
    run_due_jobs()
    page = client.get(f"/imports/{job.pk}/")
    assert "Nothing has been written yet" in page.content.decode()
    assert not Account.objects.exists()
    assert client.post(f"/imports/{job.pk}/run/").status_code == 302
    run_due_jobs()
    page = client.get(f"/imports/{job.pk}/")
    assert "Telex" in page.content.decode()
    assert Account.objects.count() == 5
    assert Customer.objects.count() == 3
    account = Account.objects.get(name="Firm 1")
    assert (str(account.revenue), account.currency, account.owner) == ("1001.50", "USD", cast.alice)
    assert account.is_customer
    listed = client.get(f"/accounts/?imported={job.pk}")
    assert listed.context["count_text"] == "5"
    assert client.post(f"/imports/{job.pk}/undo/").status_code == 302
    run_due_jobs()
    assert not Account.objects.visible_to(fresh(cast.rita)).exists()
    assert not Customer.objects.visible_to(fresh(cast.rita)).exists()
    assert not ExternalId.objects.exists()
    assert counts(through(client, ACCOUNTS, "Accounts.csv")) == (5, 0, 0, 0)


def test_the_same_file_twice_changes_nothing_and_a_corrected_one_updates(cast, client_of):
    client = client_of(cast.alice)
    assert counts(through(client, ACCOUNTS, "Accounts.csv")) == (5, 0, 0, 0)
    assert counts(through(client, ACCOUNTS, "Accounts.csv")) == (0, 0, 5, 0)
    job = through(client, ACCOUNTS.replace("Firm 2", "Firm Two"), "Accounts.csv")
    assert counts(job) == (0, 1, 4, 0)
    assert Account.objects.filter(name="Firm Two").exists()
    client.post(f"/imports/{job.pk}/undo/")
    run_due_jobs()
    assert Account.objects.filter(name="Firm 2").exists()
    assert Account.objects.filter(deleted_at=None).count() == 5


def test_problems_are_kept_and_links_are_made_later(cast, client_of):
    client = client_of(cast.alice)
    job = through(client, CONTACTS, "Contacts.csv")
    assert counts(job) == (3, 0, 0, 1)
    assert sum(counts(job)) == job.counts["rows"] == 4
    texts = set(job.problems.values_list("text", flat=True))
    assert any("nonsense" in text for text in texts)
    assert any("not an address" in text for text in texts)
    ann = Contact.objects.get(last_name="Lee")
    assert (ann.email, ann.created_at.year) == ("ann@firm.test", 2021)
    assert ann.account is None
    assert PendingLink.objects.count() == 3
    through(client, ACCOUNTS, "Accounts.csv")
    assert Contact.objects.get(last_name="Lee").account.name == "Firm 1"
    assert PendingLink.objects.count() == 1
    answer = b"".join(client.get(f"/imports/{job.pk}/errors/").streaming_content).decode("utf-8-sig")
    assert answer.splitlines()[0].startswith("CONTACTID,First Name")
    assert "missing" in answer


def test_rows_without_ids_come_once_and_equal_ones_both(cast, client_of):
    call = "Call,2025-01-02,Completed,Alice Tester\n"
    text = f"Subject,Due Date,Status,Task Owner\n{call}{call}"
    client = client_of(cast.bob)
    assert counts(through(client, text, "Tasks.csv")) == (2, 0, 0, 0)
    assert set(Activity.objects.values_list("kind", "status", "owner__first_name")) == {("task", "done", "Alice")}
    assert counts(through(client, text + "Mail,2025-01-03,In Progress,\n", "Tasks.csv")) == (1, 0, 2, 0)
    assert Activity.objects.get(subject="Mail").status == "open"


def test_foreign_records_are_never_updated_nor_shown(cast, client_of):
    through(client_of(cast.charlie), ACCOUNTS.replace("Alice", "Charlie"), "Accounts.csv")
    job = through(client_of(cast.alice), ACCOUNTS.replace("Firm", "Stolen"), "Accounts.csv")
    assert counts(job) == (0, 0, 5, 0)
    assert not Account.objects.filter(name__startswith="Stolen").exists()
    assert client_of(cast.alice).get(f"/imports/{Job.objects.order_by('pk').first().pk}/").status_code == 404


def test_colleagues_records_fail_when_they_may_only_be_read(cast, client_of):
    through(client_of(cast.bob), ACCOUNTS.replace("Alice", "Bob"), "Accounts.csv")
    Account.objects.update(team=cast.north)
    job = through(client_of(cast.alice), ACCOUNTS.replace("Alice", "Bob").replace("Firm", "Mine"), "Accounts.csv")
    assert counts(job) == (0, 0, 0, 5)
    assert not Account.objects.filter(name__startswith="Mine").exists()


def test_who_may_import_what(cast, client_of):
    def names(user):
        return [i.name for i in importers_for(user) if i.model._meta.app_label in ("core", "customers")]

    assert names(cast.alice) == ["accounts", "contacts", "customers", "consents", "activities"]
    assert names(cast.rita) == ["users", "accounts", "contacts", "customers", "consents", "activities"]
    assert importers_for(cast.nora) == importers_for(cast.paula) == []
    assert client_of(cast.nora).get("/imports/new/").status_code == 404


def test_users_get_a_role_and_no_password(cast, client_of):
    text = "USER_ID,First Name,Last Name,Email\n7,,Santa Cruz Clara,clara@finepick.test\n8,Rita,Tester,rita@kith.test\n"
    job = through(client_of(cast.rita), text, "Users.csv")
    assert counts(job) == (1, 0, 1, 0)
    clara = User.objects.get(email="clara@finepick.test")
    assert (clara.first_name, clara.last_name) == ("Santa Cruz", "Clara")
    assert not clara.has_usable_password()
    assert [group.name for group in clara.groups.all()] == ["Sales rep"]


def test_a_killed_import_goes_on_and_doubles_nothing(cast, client_of, monkeypatch):
    from crm_site.core.imports import run

    monkeypatch.setattr(run, "CHUNK", 2)
    client = client_of(cast.alice)
    job = upload(client, ACCOUNTS, "Accounts.csv")
    client.post(f"/imports/{job.pk}/mapping/", fields_of(client, job))
    run_due_jobs()
    real, calls = run.apply.write, []

    def dies(*args):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return real(*args)

    monkeypatch.setattr(run.apply, "write", dies)
    client.post(f"/imports/{job.pk}/run/")
    run_due_jobs()
    Job.objects.filter(pk=job.pk).update(lease_until=None)
    run_due_jobs()
    job.refresh_from_db()
    assert job.state == Job.DONE
    assert counts(job) == (5, 0, 0, 0)
    assert Account.objects.count() == 5


def test_broken_files_get_a_sentence(cast, client_of):
    client = client_of(cast.alice)
    for content in (b"", b"%PDF-1.4", b"PK\x03\x04broken", b"<html></html>"):
        answer = client.post("/imports/new/", {"file": SimpleUploadedFile("a.csv", content), "kind": "accounts"})
        assert answer.status_code == 422
        assert answer.context["form"].errors["file"]
    answer = client.post("/imports/new/", {"file": io.BytesIO(b"a,b\n1,2\n")})
    assert answer.context["form"].errors["kind"]


def test_two_columns_to_one_place_are_refused(cast, client_of):
    client = client_of(cast.alice)
    job = upload(client, ACCOUNTS, "Accounts.csv")
    answer = client.post(f"/imports/{job.pk}/mapping/", fields_of(client, job) | {"t5": "name"})
    assert answer.status_code == 422


def test_an_export_comes_back_as_it_was(cast, client_of):
    client = client_of(cast.alice)
    text = 'Account Name,Industry,Description\n"=cmd|x","-Retail",@home\n"Émile, ""Søn""",+x,"two\nlines"\n'
    through(client, text, "Accounts.csv")
    before = sorted(Account.objects.values_list("name", "industry", "description"))
    assert before[0][0] == "=cmd|x"
    form = {"format": "csv", "bom": "1", "query": "", "col": ["name", "industry", "description"]}
    answer = client.post("/accounts/export/", form)
    exported = b"".join(answer.streaming_content)
    Account.objects.all().update(name="gone", industry="", description="")
    ExternalId.objects.all().delete()
    through(client, exported, "Accounts.csv", key="", duplicates="create")
    again = sorted(Account.objects.exclude(name="gone").values_list("name", "industry", "description"))
    assert again == before


def read_again(client, job, **changes):
    """Say how the file is read; the job as it is then, and the answer."""
    answer = client.post(f"/imports/{job.pk}/mapping/", fields_of(client, job) | {"reading": "1"} | changes)
    job.refresh_from_db()
    return job, answer


def test_how_a_file_is_read_can_be_corrected(cast, client_of):
    """The guesses are preselected; another encoding or delimiter shows the sample anew and proposes anew."""
    client = client_of(cast.alice)
    job = upload(client, "Account Name;Industry\nŁódź Steel;Żelazo\nB;C\n".encode("cp1250"), "Accounts.csv")
    page = client.get(f"/imports/{job.pk}/")
    chosen = {f["name"]: [o["value"] for o in f["options"] if o["selected"]] for f in page.context["reading"]}
    assert chosen == {"encoding": [job.options["encoding"]], "delimiter": [";"]}
    assert {"utf-16", "cp1250", "cp1251", "iso-8859-15", "shift_jis", "gb18030", "mac_roman"} <= {
        o["value"] for o in page.context["reading"][0]["options"]
    }
    job, answer = read_again(client, job, encoding="cp1250", delimiter=";")
    assert answer.status_code == 302
    page = client.get(answer.url)
    assert page.context["rows"][0]["cells"][0] == "Łódź Steel"
    job, _answer = read_again(client, job, encoding="cp1250", delimiter=",")
    assert job.options["headers"] == ["Account Name;Industry"]
    for wrong in ({"encoding": "shift_jis"}, {"encoding": "utf-8"}):
        same, answer = read_again(client, job, delimiter=",", **wrong)
        assert (answer.status_code, same.options["encoding"]) == (422, "cp1250")
        assert answer.context["errors"]
    job, _answer = read_again(client, job, encoding="unicode_escape", delimiter=";")
    assert (job.options["encoding"], job.options["delimiter"]) == ("cp1250", ";")
    client.post(f"/imports/{job.pk}/mapping/", fields_of(client, job) | {"t0": "name"})
    run_due_jobs()
    client.post(f"/imports/{job.pk}/run/")
    run_due_jobs()
    assert set(Account.objects.values_list("name", flat=True)) == {"Łódź Steel", "B"}


def test_a_file_without_names_of_columns(cast, client_of):
    """With the first row as data no row is lost, and the columns are numbered."""
    client = client_of(cast.alice)
    job = upload(client, "Acme,12\nBeta,13\n", "Accounts.csv", kind="accounts")
    job, _answer = read_again(client, job, headless="on")
    assert job.options["headers"] == ["Column 1", "Column 2"]
    job, _answer = read_again(client, job, headless="on", t0="name", t1="employees")
    run_due_jobs()
    client.post(f"/imports/{job.pk}/run/")
    run_due_jobs()
    assert sorted(Account.objects.values_list("name", "employees")) == [("Acme", 12), ("Beta", 13)]


def test_a_file_with_single_foreign_bytes_goes_through(cast, client_of):
    """What was read as UTF-8 but for some bytes is read the same way on every page."""
    client = client_of(cast.alice)
    text = "Account Name\nJürgen Größe und Söhne\n".encode() + b"Caf\xe9\n"
    through(client, text, "Accounts.csv")
    assert Account.objects.filter(name="Café").exists()


def test_another_worksheet_is_read(cast, client_of):
    """The worksheets of a workbook are offered."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    for name, rows in (("Main", ["Account Name", "First"]), ("More", ["Account Name", "Second"])):
        book.add_worksheet(name).write_column(0, 0, rows)
    book.get_worksheet_by_name("More").write_row(0, 1, ["City"])
    book.close()
    client = client_of(cast.alice)
    job = upload(client, file.getvalue(), "Accounts.xlsx")
    job, _answer = read_again(client, job, sheet="More")
    assert job.options["headers"] == ["Account Name", "City"]
    _job, answer = read_again(client, job, sheet="None such")
    assert answer.status_code == 422


def test_the_first_worksheet_that_holds_something_known_is_offered(cast, client_of):
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    book.add_worksheet("Read me").write_column(0, 0, ["How to read this", "As you like"])
    book.add_worksheet("Empty")
    book.add_worksheet("Accounts").write_row(0, 0, ["Account Name", "Industry", "Website"])
    book.get_worksheet_by_name("Accounts").write_row(1, 0, ["Acme", "Steel", "acme.test"])
    book.close()
    job = upload(client_of(cast.alice), file.getvalue(), "book.xlsx")
    assert (job.options["importer"], job.options["sheet"]) == ("accounts", "Accounts")


def test_whose_rows_would_be_out_of_sight_stay_with_who_imports(cast, client_of):
    """A rep's file names everybody of the other system: colleagues of the team get theirs, other rows are the rep's."""
    text = "ACCOUNTID,Account Name,Account Owner,Account Type\n" + "".join(
        f"{n},Firm {n},{user},Customer\n" for n, user in enumerate((cast.alice, cast.charlie, "Nobody Known"))
    )
    job = through(client_of(cast.alice), text, "Accounts.csv")
    assert counts(job) == (3, 0, 0, 0), job.counts["reasons"]
    assert set(Account.objects.values_list("owner", flat=True)) == {cast.alice.pk}
    assert Customer.objects.visible_to(cast.alice).count() == Account.objects.changeable_by(cast.alice).count() == 3
    assert list(job.problems.filter(text__contains=str(cast.charlie)).values_list("line", flat=True)) == [3]


def test_a_file_that_only_administrators_import_is_called_by_its_name(cast, client_of):
    file = SimpleUploadedFile("Users.csv", b"USERID,First Name,Last Name,Email,Role\n1,Ann,Lee,ann@firm.test,Rep\n")
    page = client_of(cast.alice).post("/imports/new/", {"file": file})
    assert (page.status_code, "users" in str(page.context["form"].errors["kind"])) == (422, True)
