"""The columns of the exported ledger of consents."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.csv_cells import csv_lines, guarded

PIECE = 2000
COLUMNS = (
    (_("Contact"), lambda row: row.contact.number), (_("Name"), lambda row: str(row.contact)),
    (_("E-mail"), lambda row: row.contact.email), (_("Purpose"), lambda row: row.purpose.code),
    (_("Channel"), lambda row: row.channel), (_("Address"), lambda row: row.address),
    (_("Status"), lambda row: row.status), (_("Legal basis"), lambda row: row.basis),
    (_("Source"), lambda row: row.source), (_("From"), lambda row: row.effective_from.isoformat(" ", "seconds")),
    (_("Until"), lambda row: row.effective_to and row.effective_to.isoformat(" ", "seconds")),
    (_("Text shown"), lambda row: row.text), (_("Proof"), lambda row: row.proof),
    (_("IP address"), lambda row: row.ip), (_("By"), lambda row: row.by and row.by.email),
)  # fmt: skip


def csv_pieces(rows):
    """The entries as pieces of CSV, newest first; one statement for two thousand."""
    yield csv_lines([[guarded(str(label)) for label, _value in COLUMNS]]).encode()
    rows, last = rows.select_related("contact", "purpose", "by").order_by("-pk"), None
    while piece := list((rows.filter(pk__lt=last) if last else rows)[:PIECE]):
        yield csv_lines([[guarded(value(row)) for _label, value in COLUMNS] for row in piece]).encode()
        last = piece[-1].pk
