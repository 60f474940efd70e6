"""What each page of the administration keeps."""

from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import IntegrityError, models
from django.shortcuts import redirect
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm_site.core.operations import Refused, Stale
from crm_site.core.pages import broken_rule


class Linked(AutocompleteSelect):
    """A field for a link, which does not break when the form comes back with what is no key in it."""

    def optgroups(self, name, value, attr=None):
        """What is shown as chosen; the database is not asked for what cannot be one of its keys."""
        return super().optgroups(name, [key for key in value if is_key(self.field, key)], attr)


def is_key(field, key):
    """Whether what a link of this field leads to could have the key."""
    try:
        field.target_field.clean(key, None)
    except ValidationError:
        return False
    return True


class Linking:
    """For pages and the tables in them: their links are fields of the sort above."""

    def formfield_for_foreignkey(self, db_field, request, **options):
        """The form's field for a link."""
        if db_field.name in self.get_autocomplete_fields(request):
            options.setdefault("widget", Linked(db_field, self.admin_site, using=options.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **options)


class Admin(Linking, admin.ModelAdmin):
    """Django's, which does not break over what is no value, what is refused and what very many rows point at."""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """The form; what an operation or a rule of the database refuses is told, and nothing is saved."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as refusal:
            messages.error(request, str(refusal))
        except Stale:
            messages.error(request, _("Somebody saved this meanwhile. Look at it again."))
        except IntegrityError as error:
            messages.error(request, broken_rule(error))
        return redirect(request.get_full_path())

    def get_deleted_objects(self, objs, request):
        """What goes with these rows; of what keeps them only the kinds are named, as it may be a million."""
        held = holding(self.model._base_manager.filter(pk__in=[obj.pk for obj in objs]))
        return ([], {}, set(), held) if held else super().get_deleted_objects(objs, request)

    def get_changeform_initial_data(self, request):
        """What the address fills in, without links to what is no key: the form could not look for it."""
        found = super().get_changeform_initial_data(request)
        return {name: value for name, value in found.items() if self.fits(name, value)}

    def fits(self, name, value):
        """Whether the value may stand in the field of this name; only that of a link has to be anything at all."""
        try:
            field = self.opts.get_field(name)
        except FieldDoesNotExist:
            return False
        keys = value if isinstance(value, list) else [value]
        return not field.is_relation or all(is_key(field, key) for key in keys)


def holding(rows, seen=()):
    """The kinds of which some rows keep these from being deleted: asked of each once, however many there are."""
    found = []
    for field in (
        f
        for f in rows.model._meta.get_fields(include_hidden=True)
        if f.auto_created and not f.concrete and not f.many_to_many
    ):
        pointing = field.related_model._base_manager.filter(**{f"{field.field.name}__in": rows.values("pk")})
        if field.on_delete in (models.PROTECT, models.RESTRICT):
            found += [capfirst(field.related_model._meta.verbose_name_plural)] if pointing.exists() else []
        elif field.on_delete is models.CASCADE and field.related_model not in seen:
            found += holding(pointing, (*seen, rows.model))
    return list(dict.fromkeys(found))
