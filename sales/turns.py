"""Whose turn it is: the members of a rule, one after the other, without those who cannot take a lead now."""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import formats
from django.utils.translation import gettext as _

from crm_site.core.models import User


@dataclass
class Turn:
    """A rule's members in order and the place (from 1) of the one who got the last lead.

    `loads` counts the open leads of those members who take only so many; None leaves capacities out of account.
    """

    members: list
    cursor: int
    hours: object
    loads: dict | None = field(default_factory=dict)

    def next(self, at, but=()):
        """(the member whose turn it is at a moment or None, those passed over); `but` are ids of users to leave out."""
        skipped, count = [], len(self.members)
        for step in range(count):
            place = (self.cursor + step) % count
            member = self.members[place]
            why = _("had it before") if member.user_id in but else self.hindered(member, at)
            if not why:
                self.cursor = place + 1
                if self.loads is not None:
                    self.loads[member.user_id] = self.loads.get(member.user_id, 0) + 1
                return member, skipped
            skipped.append({"user": member.user_id, "name": str(member.user), "why": why})
        return None, skipped

    def hindered(self, member, at):
        """Why a member takes no lead at a moment, in words; an empty text when nothing is in the way."""
        user = member.user
        if not user.is_active or user.door != User.STAFF:
            return _("is not active")
        local = at.astimezone(ZoneInfo(user.time_zone or settings.TIME_ZONE))
        if member.away_until and local.date() <= member.away_until:
            return _("away until %(day)s") % {"day": formats.date_format(member.away_until, "SHORT_DATE_FORMAT")}
        if member.hours_from and not self.works(member, local):
            hours = {"from": f"{member.hours_from:%H:%M}", "to": f"{member.hours_to:%H:%M}"}
            return _("works from %(from)s to %(to)s on working days") % hours
        full = self.loads is not None and member.capacity is not None
        if full and self.loads.get(member.user_id, 0) >= member.capacity:
            return _("has %(count)s open leads, as many as allowed") % {"count": self.loads[member.user_id]} if (
                member.capacity) else _("takes no leads at present")  # fmt: skip
        return ""

    def works(self, member, local):
        """Whether it is a working day and within the member's own hours."""
        day = self.hours.days.get(local.date(), self.hours.week[local.weekday()])
        return bool(day) and member.hours_from <= local.time() < member.hours_to
