"""What each page of the administration keeps."""

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist, ValidationError


class Admin(admin.ModelAdmin):
    """Django's, which does not break over an address that fills a form in with what is no value."""

    def get_changeform_initial_data(self, request):
        """What the address fills in, without links to what is no key: the form could not look for it."""
        found = super().get_changeform_initial_data(request)
        return {name: value for name, value in found.items() if self.fits(name, value)}

    def fits(self, name, value):
        """Whether the value may stand in the field of this name; only that of a link has to be anything at all."""
        try:
            field = self.opts.get_field(name)
            for key in (value if isinstance(value, list) else [value]) if field.is_relation else ():
                field.target_field.to_python(key)
        except (FieldDoesNotExist, ValidationError):
            return False
        return True
