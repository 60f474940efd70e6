"""A save from an old form: what somebody else saved meanwhile, and the same typing on top of it."""

import copy

from django.utils.translation import gettext as _

from crm_site.core.history import events_of


def shown_then(form, current):
    """The record as the form showed it, from its history; None where that does not say."""
    event = events_of(current).filter(version=form.cleaned_data["version"] or 0).first()
    if event is None:
        return None
    record = copy.copy(current)
    for field in current._meta.concrete_fields:
        if hasattr(event, field.attname) and not field.primary_key:
            setattr(record, field.attname, getattr(event, field.attname))
    return record


def resolved(form, current):
    """(what differs, the form on top of the current version), so that saving again overwrites knowingly.

    What was typed stays; where nothing was typed, what is saved now stands. Each difference is a field that somebody
    else changed: both values, and who it was. Of fields that are no columns nobody knows how they were: they count as
    typed, and as changed where they differ.
    """
    then, again = shown_then(form, current), type(form)(user=form.user, instance=current)
    before = then and type(form)(form.data, user=form.user, instance=then)
    found = []
    for name in [name for name in form.fields if name not in ("once", "version")]:
        theirs, mine = initial(again, name), form.cleaned_data.get(name)
        known = before and name in form._meta.fields
        typed = not known or name in before.changed_data
        if plain(mine) != plain(theirs) and not (known and initial(before, name) == theirs):
            found.append({
                "label": form.fields[name].label, "theirs": said(current, name, theirs), "by": current.changed_by,
                "yours": mine if typed else _("nothing typed: what is saved stays"),
            })  # fmt: skip
        if typed:
            again.initial[name] = mine
    return found, again


def initial(form, name):
    """What a field of the form shows before anything is typed."""
    return form.get_initial_for_field(form.fields[name], name)


def plain(value):
    """A value as forms compare it."""
    return str(getattr(value, "pk", value) or "")


def said(record, name, saved):
    """A saved value as people read it."""
    return getattr(record, name, saved) if hasattr(record, name) else saved


def rebased(form, current):
    """The same typing, still to be judged, on top of the current version."""
    data = form.data.copy()
    data["version"] = str(current.version)
    again = type(form)(data, user=form.user, instance=current)
    again.is_valid()
    return again
