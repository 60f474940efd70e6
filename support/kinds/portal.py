"""What the portal shows on the pages of lower apps."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import Panel, add_panel

add_panel("customers.contact", Panel(_("Customer portal"), "support:contact_portal", order=60, fold=True))
