"""Files on records: whose they are, how they leave, what is refused (R08, R14)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm_site.core import attachments
from crm_site.core.models import Attachment
from tests.factories import AccountFactory


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def upload(client, record, content=b"<script>alert(1)</script>", name="a.html", **headers):
    file = SimpleUploadedFile("x", content, content_type="text/html")
    file._name = name
    return client.post(f"/accounts/{record.pk}/files/", {"file": file}, headers=headers)


def test_a_file_goes_in_and_out_as_a_download(cast, client_of):
    record = AccountFactory(owner=cast.alice)
    alice = client_of(cast.alice)
    assert upload(alice, record).url == f"/accounts/{record.pk}/"
    file = Attachment.objects.get()
    assert (file.name, file.size, file.created_by) == ("a.html", 25, cast.alice)
    assert "a.html" not in file.file.name
    answer = alice.get(f"/files/{file.pk}/")
    assert b"".join(answer) == b"<script>alert(1)</script>"
    assert answer["Content-Disposition"] == 'attachment; filename="a.html"'
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert b"a.html" in alice.get(f"/accounts/{record.pk}/files/", headers={"hx-request": "true"}).content


def test_files_are_open_to_those_who_see_the_record_only(cast, client_of):
    record = AccountFactory(owner=cast.alice)
    upload(client_of(cast.alice), record)
    file = Attachment.objects.get()
    # At this door a customer is somebody who has not signed in.
    for stranger, status in ((cast.charlie, 404), (cast.nora, 404), (cast.paula, 302)):
        assert client_of(stranger).get(f"/files/{file.pk}/").status_code == status
        assert client_of(stranger).post(f"/files/{file.pk}/delete/").status_code == status
        assert client_of(stranger).get(f"/accounts/{record.pk}/files/").status_code == status
        assert upload(client_of(stranger), record).status_code == status
    assert client_of(None).get(f"/files/{file.pk}/").status_code == 302
    audrey = client_of(cast.audrey)
    assert audrey.get(f"/files/{file.pk}/").status_code == 200
    assert upload(audrey, record).status_code == 404
    assert audrey.post(f"/files/{file.pk}/delete/").status_code == 404
    assert Attachment.objects.count() == 1


def test_who_may_change_the_record_removes_the_file(cast, client_of, django_capture_on_commit_callbacks):
    record = AccountFactory(owner=cast.alice)
    upload(client_of(cast.alice), record)
    stored = Attachment.objects.get().file
    with django_capture_on_commit_callbacks(execute=True):
        client_of(cast.alice).post(f"/files/{Attachment.objects.get().pk}/delete/")
    assert not Attachment.objects.exists()
    assert not stored.storage.exists(stored.name)


def test_too_large_and_empty_files_are_refused(cast, client_of, monkeypatch):
    record = AccountFactory(owner=cast.alice)
    monkeypatch.setattr(attachments, "LARGEST", 10)
    answer = upload(client_of(cast.alice), record, b"x" * 11, **{"hx-request": "true"})
    assert answer.status_code == 422
    assert b"25 MB" in answer.content
    assert upload(client_of(cast.alice), record, b"", **{"hx-request": "true"}).status_code == 422
    assert not Attachment.objects.exists()
    assert upload(client_of(cast.alice), record, b"x" * 10).status_code == 302


def test_a_file_that_is_gone_from_the_disk_is_no_error(cast, client_of):
    record = AccountFactory(owner=cast.alice)
    upload(client_of(cast.alice), record)
    file = Attachment.objects.get()
    file.file.storage.delete(file.file.name)
    assert client_of(cast.alice).get(f"/files/{file.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\offer.pdf", "offer.pdf"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie_ x.txt"),
        ("fdp\u202eexe.pdf", "fdpexe.pdf"),
        ("  ..hidden. ", "hidden"),
        ("", "file"),
        ("Angebot Übergröße.pdf", "Angebot Übergröße.pdf"),
    ],
)
def test_names_are_cleaned(name, clean):
    assert attachments.clean_name(name) == clean


def test_long_names_keep_their_ending():
    name = attachments.clean_name("x" * 400 + ".pdf")
    assert len(name) == 200
    assert name.endswith(".pdf")
