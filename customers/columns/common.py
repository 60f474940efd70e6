"""What the columns of all records of customers/ share."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column

TONES = {"active": "green", "prospect": "azure", "inactive": "yellow", "closed": "red", "former": "grey"}


def ways_columns(*, edit=True):
    """The columns that follow the primary mechanisms."""
    return (
        Column("email", _("E-mail"), "email", edit=edit, aliases=("email address", "e-mail address", "mail")),
        Column("phone", _("Phone"), "phone", edit=edit, aliases=("telephone", "phone number", "work phone")),
        Column("city", _("City"), shown=False, aliases=("billing city", "mailing city", "town")),
        Column("country", _("Country"), shown=False, aliases=("billing country", "mailing country")),
    )


def record_columns(sortable_number="new"):
    """The columns that every record ends with."""
    return (
        Column(
            "owner", _("Owner"), "user", edit=True, aliases=("owner", "account owner", "record owner", "assigned to")
        ),
        Column("team", _("Team"), "text", source="team.name", needs=("team__name",), shown=False, imports=False),
        Column("tags", _("Tags"), "tags", edit=True, aliases=("labels", "tag")),
        Column("created_at", _("Created"), "datetime", sort=sortable_number, aliases=("created time", "created date")),
        Column("created_by", _("Created by"), "user", shown=False, imports=False),
        Column("changed_at", _("Changed"), "datetime", sort="changed", shown=False, imports=False),
    )
