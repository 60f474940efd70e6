"""A field for several records of any kind that has a timeline."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import links_to
from customers.operations.relating import by_kind, relatable

MOST = 100


def token(key, pk):
    """A record as the browser names it."""
    return f"{key}:{pk}"


def pairs_of(tokens):
    """[(kind, id)] of what the browser sent; what is none is left out."""
    kinds = {kind.key for kind in relatable()}
    found = (re.fullmatch(r"([a-z]+\.[a-z]+):(\d{1,18})", text, re.ASCII) for text in tokens)
    return [(match[1], int(match[2])) for match in found if match and match[1] in kinds]


class PickRecords(forms.SelectMultiple):
    """A list that holds only the chosen records; the browser asks for others as one types."""

    user = None

    def __init__(self):
        super().__init__({"data-options-url": "/activities/records/"})

    def optgroups(self, name, value, attrs=None):
        """The chosen options, as far as the user sees them."""
        pairs = pairs_of(value)
        seen = links_to(self.user, by_kind(pairs))
        chosen = [(token(*pair), seen[pair][0]) for pair in pairs if pair in seen]
        return [(None, [self.create_option(name, key, text, True, n) for n, (key, text) in enumerate(chosen)], 0)]


class RecordsField(forms.Field):
    """Its value is the list of what the browser sent, such as "sales.lead:7", each a record that the user may see."""

    widget = PickRecords

    def __init__(self, user=None, **kwargs):
        super().__init__(**{"label": _("Also regarding"), "required": False} | kwargs)
        self.let_in(user)

    def let_in(self, user):
        """Offer and take what this user may see."""
        self.user = self.widget.user = user

    def clean(self, value):
        """The texts in order, each once."""
        tokens = list(dict.fromkeys(value or ()))
        pairs = pairs_of(tokens)
        if len(tokens) > MOST:
            raise ValidationError(_("These are too many."), code="too_many")
        if len(pairs) < len(tokens) or len(links_to(self.user, by_kind(pairs))) < len(pairs):
            raise ValidationError(_("Choose records that you may see."), code="invalid_choice")
        return tokens
