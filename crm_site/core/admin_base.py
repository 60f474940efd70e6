"""What each page of the administration keeps."""

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import FieldDoesNotExist, ValidationError


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
    """Django's, which does not break over an address or a form with what is no value."""

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
