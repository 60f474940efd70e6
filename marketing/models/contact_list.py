"""Contact lists: targeted groups of people."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Record, folded, given, list_indexes, rule, search_index
from crm_site.core.tracking import track


@track()
class ContactList(Record):
    """A group of people under a name, for one purpose."""

    NUMBER_PREFIX = "CL"

    name = models.CharField(_("name"), max_length=200)
    purpose = models.CharField(_("purpose"), max_length=200, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)
    description = models.TextField(_("description"), blank=True)
    name_sort = folded("name")
    search_text = folded("name")

    class Meta(Record.Meta):
        verbose_name = _("contact list")
        verbose_name_plural = _("contact lists")
        constraints = [rule("contact_list_name_given", given("name"))]
        indexes = [
            *list_indexes("clist", "name_sort", "-id", "-changed_at"),
            search_index("clist_search_ix"),
        ]

    def __str__(self):
        return self.name


class ContactListMember(models.Model):
    """A person on a list."""

    list = models.ForeignKey(ContactList, models.CASCADE, related_name="members")
    contact = models.ForeignKey("customers.Contact", models.CASCADE, related_name="list_memberships")
    added_at = models.DateTimeField(_("added"))

    class Meta:
        verbose_name = _("member of a list")
        verbose_name_plural = _("members of lists")
        constraints = [models.UniqueConstraint(fields=["list", "contact"], name="contact_list_member_once")]
        indexes = [models.Index(fields=["contact"], name="clist_member_contact_ix")]
