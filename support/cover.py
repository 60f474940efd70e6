"""What a day means for an installed product and for an entitlement, in words with the tone in which they are shown."""

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def day(date):
    """A day in the viewer's format."""
    return formats.date_format(date, "SHORT_DATE_FORMAT")


def cover_of(installed, today):
    """(words, tone) of an installed product's warranty and support; both last to the end of their day."""
    warranty, support = installed.warranty_until, installed.support_until
    if warranty and warranty >= today:
        return _("In warranty until %(day)s") % {"day": day(warranty)}, "green"
    if support and support >= today:
        return _("Out of warranty, supported until %(day)s") % {"day": day(support)}, "blue"
    if warranty or support:
        last = max(found for found in (warranty, support) if found)
        return _("Neither warranty nor support since %(day)s") % {"day": day(last)}, "red"
    return _("Warranty unknown"), "grey"


def standing_of(entitlement, today):
    """(words, tone) of an entitlement: whether it holds, until when, and what is left of it."""
    if entitlement.starts_on > today:
        return _("Begins on %(day)s") % {"day": day(entitlement.starts_on)}, "grey"
    if entitlement.ends_on and entitlement.ends_on < today:
        return _("Ended on %(day)s") % {"day": day(entitlement.ends_on)}, "red"
    left = left_of(entitlement)
    if any(number <= 0 for number, _words in left):
        return _("Used up"), "red"
    until = _("Until %(day)s") % {"day": day(entitlement.ends_on)} if entitlement.ends_on else _("Without an end")
    return ", ".join([until, *(words for _number, words in left)]), "green"


def left_of(entitlement):
    """[(number, words)] of what is left: cases, minutes of work; empty where neither is limited."""
    found = []
    if entitlement.cases_total is not None:
        cases = max(0, entitlement.cases_total - entitlement.cases_used)
        found.append((cases, ngettext("%(n)s case left", "%(n)s cases left", cases) % {"n": cases}))
    if entitlement.minutes_total is not None:
        minutes = max(0, entitlement.minutes_total - entitlement.minutes_used)
        found.append((minutes, ngettext("%(n)s minute left", "%(n)s minutes left", minutes) % {"n": minutes}))
    return found
