"""The forms of the portal, and those of staff about it."""

import uuid
import zoneinfo
from functools import lru_cache

from django import forms
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from crm_site.core.attachments import LARGEST
from crm_site.core.forms import fingerprint
from customers.forms.ways import MechanismForm, helper
from customers.models import Contact, ContactMechanism
from support import asked, portal
from support.models import Case, PortalAccess, Queue

FILES_AT_MOST = 10
LONGEST = 20_000
SCORES = ((5, _("Very good")), (4, _("Good")), (3, _("So-so")), (2, _("Bad")), (1, _("Very bad")))


class LinkForm(forms.Form):
    """Where to mail a link to."""

    email = forms.EmailField(label=_("Your e-mail address"), max_length=254, widget=forms.EmailInput(
        attrs={"autocomplete": "email"}))  # fmt: skip


class AddressForm(LinkForm):
    """Another address of one's own."""

    email = forms.EmailField(label=_("New e-mail address"), max_length=254, widget=forms.EmailInput(
        attrs={"autocomplete": "email"}))  # fmt: skip


class Files(forms.ClearableFileInput):
    """A choice of several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, perhaps none; the cleaned value is a list."""

    widget = Files

    def clean(self, data, initial=None):
        """Each file whole and not too large."""
        found = [super(FilesField, self).clean(file, initial) for file in data or [] if file]
        if len(found) > FILES_AT_MOST:
            raise forms.ValidationError(_("At most %(n)s files at a time.") % {"n": FILES_AT_MOST})
        if any(file.size > LARGEST for file in found):
            raise forms.ValidationError(_("A file may have 25 MB at most."))
        return found


def files_field():
    """A field for files, which no form needs."""
    # A longer name is cut where it is kept.
    return FilesField(label=_("Files"), required=False, max_length=None)


class OnceForm(forms.Form):
    """A form that is done once, however often it is sent: it carries a key, and what it said as a digest."""

    once = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("once", uuid.uuid4())
        if self.files:
            # Seen only where the form is shown again: no page can choose files by itself.
            self.fields["files"].help_text = _("Choose your files once more.")
        self.helper = helper()

    @property
    def key(self):
        """The form's key, a new one where a program left it out."""
        return self.cleaned_data["once"] or self.initial["once"]

    def digest(self):
        """A fingerprint of what was typed, to tell a repeat from another form with the same key."""
        return fingerprint(self.data)


class CaseForm(OnceForm):
    """A new request: what it is about and what happened; the rest is asked only where there is a choice."""

    type = forms.ChoiceField(label=_("What kind of request is it?"), choices=Case.TYPES, required=False)
    subject = forms.CharField(label=_("What is it about?"), max_length=255)
    body = forms.CharField(label=_("Tell us more"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 6}))
    queue = forms.ModelChoiceField(label=_("Who should look at it?"), queryset=Queue.objects.none(), required=False,
                                   empty_label=_("I do not know"))  # fmt: skip
    installed = forms.ModelChoiceField(label=_("Which of your products?"), queryset=None, required=False,
                                       empty_label=_("None of them"))  # fmt: skip
    files = files_field()

    def __init__(self, *args, access, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["queue"].queryset = Queue.objects.filter(in_portal=True, is_active=True)
        self.fields["installed"].queryset = portal.installed_for(access).order_by("name_sort", "id")
        for name in ("queue", "installed"):
            if self.fields[name].queryset.count() < (2 if name == "queue" else 1):
                del self.fields[name]
        chosen = self.data.get("type") if self.is_bound else self.initial.get("type")
        self.asked = asked.fields_of([chosen or Case.QUESTION], portal=True)
        self.fields |= {asked.PREFIX + row.key: asked.form_field(row) for row in self.asked}

    def of_kind(self):
        """The fields that only this kind of request has."""
        return [self[asked.PREFIX + row.key] for row in self.asked]

    def values(self):
        """The fields of the case."""
        cleaned = self.cleaned_data
        found = {"subject": cleaned["subject"], "description": cleaned["body"],
                 "type": cleaned["type"] or Case.QUESTION, "details": asked.answers(self.asked, cleaned)}  # fmt: skip
        found |= {name: cleaned[name] for name in ("queue", "installed") if cleaned.get(name)}
        return found | ({"product": found["installed"].product} if "installed" in found else {})


class ReplyForm(OnceForm):
    """An answer on a case: words, files or both."""

    body = forms.CharField(label=_("Your answer"), max_length=LONGEST, required=False, widget=forms.Textarea(
        attrs={"rows": 4}))  # fmt: skip
    files = files_field()

    def clean(self):
        """Something is said or sent."""
        cleaned = super().clean()
        if not (cleaned.get("body") or cleaned.get("files") or self.errors):
            self.add_error("body", _("Write something or choose a file."))
        return cleaned


class CloseForm(forms.Form):
    """Why a request needs no more work."""

    reason = forms.CharField(label=_("Why can it be closed?"), max_length=200)


class RateForm(forms.Form):
    """How it went."""

    score = forms.TypedChoiceField(label=_("How did we do?"), choices=SCORES, coerce=int, widget=forms.RadioSelect)
    comment = forms.CharField(label=_("Anything to add?"), required=False, max_length=2000,
                              widget=forms.Textarea(attrs={"rows": 2}))  # fmt: skip


@lru_cache(maxsize=1)
def zones():
    """The time zones that a person may choose, as choices; found once, they lie in some six hundred files."""
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [(name, name.replace("_", " ")) for name in names]


def zone_choices():
    """The time zones, and none of one's own."""
    return [("", _("As the company")), *zones()]


@lru_cache(maxsize=1)
def zone_options():
    """The markup of all time zones, made once: six hundred options cost more than the rest of a page."""
    return render_to_string("portal/_zones.html", {"zones": zones()})


class ZoneSelect(forms.Select):
    """A choice of time zones, with the chosen one first."""

    def render(self, name, value, attrs=None, renderer=None):
        """The select, whose options are those of everybody."""
        context = {"name": name, "value": value or "", "attrs": self.build_attrs(self.attrs, attrs)}
        context |= {"label": dict(zones()).get(value, value), "options": zone_options()}
        return render_to_string("portal/_zone.html", context)


class ProfileForm(forms.ModelForm):
    """What customers change about themselves without asking."""

    time_zone = forms.ChoiceField(label=_("Time zone"), required=False, choices=zone_choices, widget=ZoneSelect)
    language = forms.ChoiceField(label=_("Language"), required=False, choices=[("", _("As the browser")),
                                                                              *settings.LANGUAGES])  # fmt: skip

    class Meta:
        model = Contact
        fields = ("job_title", "language", "time_zone", "do_not_contact")
        labels = {
            "job_title": _("What you do"),
            "do_not_contact": _("Do not write or call me for anything but my requests"),
        }


class NameForm(forms.ModelForm):
    """Another name."""

    class Meta:
        model = Contact
        fields = ("first_name", "last_name")


class WayForm(MechanismForm):
    """A number or postal address of one's own; the e-mail address is changed elsewhere."""

    class Meta(MechanismForm.Meta):
        fields = [name for name in MechanismForm.Meta.fields if name != "valid_from"]
        labels = {"do_not_use": _("Keep it, but do not contact me there")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "type" in self.fields:
            kinds = {key: label for key, label in ContactMechanism.TYPES.items() if key != ContactMechanism.EMAIL}
            self.fields["type"].choices = list(kinds.items())


class ColleagueForm(forms.Form):
    """Somebody of one's own company who is to come in."""

    first_name = forms.CharField(label=_("First name"), max_length=100)
    last_name = forms.CharField(label=_("Last name"), max_length=100)
    email = forms.EmailField(label=_("E-mail"), max_length=254)

    def clean_email(self):
        """Lower case, as it is compared."""
        return self.cleaned_data["email"].strip().lower()


class AccessForm(forms.ModelForm):
    """How far a contact sees in the portal; of staff."""

    class Meta:
        model = PortalAccess
        fields = ("reach", "may_invite")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper()
