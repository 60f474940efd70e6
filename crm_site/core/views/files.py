"""Files on records: the panel of a record, upload, download, removal."""

from django.contrib import messages
from django.http import FileResponse, Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core import pages
from crm_site.core.attachments import LARGEST, attach_file, attachments_of, detach_file, find_attachment
from crm_site.core.kinds import KINDS
from crm_site.core.models import User
from crm_site.core.operations import Refused
from crm_site.core.parts import rights
from crm_site.core.views.jobs import attachment


@require_http_methods(["GET", "POST"])
def record_files(request, kind, pk):
    """The files of a record as a fragment; a POST adds the files that it carries."""
    record = pages.get_visible_or_404(kind, request.user, pk)
    problem = ""
    if request.method == "POST":
        record = pages.get_visible_or_404(kind, request.user, pk, "change")
        problem = keep_uploads(request, record)
        if not request.htmx:
            if problem:
                messages.error(request, problem)
            return redirect(kind.record_url(pk))
    may_change = "change" in rights(request.user, record)
    context = {
        "kind": kind, "record": record, "files": attachments_of(record), "may_change": may_change, "problem": problem,
        "files_url": f"{kind.record_url(pk)}files/", "title": _("Files"), "largest": LARGEST,
    }  # fmt: skip
    return pages.fragment(request, "records/_files.html", context, status=422 if problem else 200)


def keep_uploads(request, record):
    """Attach what the form carries, at most ten files; the sentence about what was refused, or an empty text."""
    uploads = request.FILES.getlist("file")[:10]
    if not uploads:
        return _("Choose a file first.")
    try:
        for upload in uploads:
            attach_file(record, upload, by=request.user)
    except Refused as refusal:
        return str(refusal)
    return ""


def attachment_or_404(request, pk, action="view"):
    """The file, if its record is open to the user."""
    found = find_attachment(pk, request.user, action) if request.user.door == User.STAFF else None
    if found is None:
        raise Http404
    return found


@require_GET
def file_download(request, pk):
    """A file, always to be saved: no browser shows it within the site."""
    found = attachment_or_404(request, pk)
    try:
        opened = found.file.open()
    except FileNotFoundError as missing:
        raise Http404 from missing
    return attachment(FileResponse(opened, as_attachment=True, filename=found.name))


@require_POST
def file_delete(request, pk):
    """Remove a file from its record."""
    found = attachment_or_404(request, pk, "change")
    kind = KINDS[f"{found.content_type.app_label}.{found.content_type.model}"]
    detach_file(found, by=request.user)
    if request.htmx:
        return record_files_again(request, kind, found.object_id)
    messages.success(request, _("The file was removed."))
    return redirect(kind.record_url(found.object_id))


def record_files_again(request, kind, pk):
    """The fragment as it is now."""
    request.method = "GET"
    return record_files(request, kind, pk)
