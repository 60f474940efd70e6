"""Sorts that several kinds offer."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import Sort

BY_NAME = Sort(_("Name"), ("name_sort", "id"))
NEWEST = Sort(_("Newest"), ("-id",))
CHANGED = Sort(_("Last changed"), ("-changed_at", "-id"))
