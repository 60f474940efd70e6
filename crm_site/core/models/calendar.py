"""Working hours: calendars with the days of the year that differ."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.core.tracking import track


def office_hours():
    """Nine to five from Monday to Friday."""
    return {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


@track()
class Calendar(models.Model):
    """Working hours in a zone: `hours` is {"mon": [["09:00", "12:00"], ["13:00", "17:00"]], …}, "24:00" a day's end.

    A day that is missing is closed. One calendar is the company's default.
    """

    OFFICE = office_hours()

    name = models.CharField(_("name"), max_length=100, unique=True)
    zone = models.CharField(_("time zone"), max_length=50)
    hours = models.JSONField(_("working hours"), default=office_hours)
    is_default = models.BooleanField(_("the company's own"), default=False)

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="calendar_one_default"
            ),
        ]

    def __str__(self):
        return self.name


@track()
class Holiday(models.Model):
    """A day on which a calendar is closed, or open from `opens` to `closes` only."""

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="holidays")
    day = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=100)
    opens = models.TimeField(_("open from"), null=True, blank=True)
    closes = models.TimeField(_("open until"), null=True, blank=True)

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "day"], name="holiday_once"),
            models.CheckConstraint(
                condition=models.Q(opens__isnull=True, closes__isnull=True) | models.Q(opens__lt=models.F("closes")),
                name="holiday_hours_in_order",
            ),
        ]

    def __str__(self):
        return f"{self.day} {self.name}"
