"""The administration of working hours: each day in one line, such as "9:00-12:00, 13:00-17:00"."""

import re
from itertools import pairwise
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.admin_base import Admin
from crm_site.core.history import whole_entries
from crm_site.core.holidays import MOST_BYTES, import_holidays, read_ical, repeat_holidays
from crm_site.core.models import Calendar, Holiday
from crm_site.core.worktime import DAYS, minutes_of

LABELS = (
    gettext_lazy("Monday"), gettext_lazy("Tuesday"), gettext_lazy("Wednesday"), gettext_lazy("Thursday"),
    gettext_lazy("Friday"), gettext_lazy("Saturday"), gettext_lazy("Sunday"),
)  # fmt: skip


def read_windows(text):
    """[["09:00", "17:00"], …] of a line as typed; nothing is a closed day. Raises ValidationError."""
    found = []
    for part in filter(None, (part.strip() for part in re.split(r"[,;]", text))):
        try:
            opens, closes = (minutes_of(time) for time in re.split(r"\s*[-–]\s*", part))
        except ValueError:
            raise ValidationError(_("Write times as 9:00-17:00; “%(part)s” is none.") % {"part": part}) from None
        if opens >= closes:
            raise ValidationError(_("Hours end after they begin; hours over midnight belong to both days."))
        found.append((opens, closes))
    found.sort()
    if any(before[1] > after[0] for before, after in pairwise(found)):
        raise ValidationError(_("The hours overlap."))
    return [[f"{minutes // 60:02}:{minutes % 60:02}" for minutes in window] for window in found]


class CalendarForm(forms.ModelForm):
    """Working hours with a line for each day of the week, and a file of holidays to be added."""

    ical = forms.FileField(
        label=gettext_lazy("holidays from an iCal file"), required=False,
        help_text=gettext_lazy("Its days are added as closed; those that come every year for five years ahead."),
    )  # fmt: skip

    class Meta:
        model = Calendar
        fields = ["name", "zone", "is_default"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["zone"] = forms.ChoiceField(
            label=_("time zone"), choices=[(zone, zone) for zone in sorted(available_timezones())]
        )
        for day, label in zip(DAYS, LABELS, strict=True):
            windows = self.instance.hours.get(day, [])
            self.fields[day] = forms.CharField(
                label=label, required=False, max_length=200, help_text=_("for example 9:00-12:00, 13:00-17:00"),
                initial=", ".join("-".join(window) for window in windows),
            )  # fmt: skip

    def clean_ical(self):
        """The file's bytes, once it is seen that they can be read."""
        upload = self.cleaned_data.get("ical")
        data = upload.read(MOST_BYTES + 1) if upload else b""
        if data:
            read_ical(data, timezone.localdate())
        return data

    def clean(self):
        """The week as the calendar keeps it."""
        values = super().clean()
        week = {}
        for day in DAYS:
            try:
                week[day] = read_windows(values.get(day) or "")
            except ValidationError as error:
                self.add_error(day, error)
        if not any(week.values()):
            raise ValidationError(_("Say at least once a week when you are open."))
        self.instance.hours = {day: windows for day, windows in week.items() if windows}
        return values


class HolidayInline(admin.TabularInline):
    """Days that differ; without times they are closed."""

    model = Holiday
    extra = 1


@admin.register(Calendar)
class CalendarAdmin(Admin):
    """Working hours and holidays."""

    form = CalendarForm
    list_display = ["name", "zone", "is_default"]
    inlines = [HolidayInline]
    actions = ["repeat"]
    readonly_fields = ["changes"]

    @admin.action(description=gettext_lazy("Repeat the holidays of the latest year in the next"))
    def repeat(self, request, calendars):
        """The same dates a year later."""
        count = sum(repeat_holidays(calendar) for calendar in calendars.prefetch_related("holidays"))
        messages.success(request, _("%(count)s days were added.") % {"count": count})

    def save_related(self, request, form, formsets, change):
        """The days typed in, then those of the file."""
        super().save_related(request, form, formsets, change)
        if form.cleaned_data.get("ical"):
            count = import_holidays(form.instance, form.cleaned_data["ical"])
            messages.success(request, _("%(count)s days were added.") % {"count": count})

    @admin.display(description=gettext_lazy("Latest changes"))
    def changes(self, calendar):
        """Who changed what of the hours and the holidays, line by line."""
        found = whole_entries(calendar, None, Holiday, "calendar", lambda event, _names: f"{event.day} {event.name}")
        return "\n".join(
            f"{date_format(timezone.localtime(one['at']), 'SHORT_DATETIME_FORMAT')} {one['by'] or ''}: "
            + " ".join(one["sentences"]) for one in found
        )  # fmt: skip

    def get_fieldsets(self, request, obj=None):
        """Name and zone first, then the week, then a file of holidays."""
        history = [(_("History"), {"fields": ["changes"]})] if obj else []
        return [(None, {"fields": ["name", "zone", "is_default"]}), (_("Week"), {"fields": list(DAYS)}),
                (_("Holidays"), {"fields": ["ical"]}), *history]  # fmt: skip

    def get_form(self, request, obj=None, **kwargs):
        """The form itself: its lines are no fields of the model."""
        return CalendarForm
