"""Every address of the site, read from the URL resolver; what the walkers walk."""

import re
from dataclasses import dataclass
from functools import cached_property

from django.urls import get_resolver
from django.urls.converters import IntConverter
from django.urls.resolvers import URLResolver

from crm_site.core.kinds import KINDS


@dataclass(frozen=True)
class Route:
    """One line of the resolver: its full name, the pattern as written, its view and the kind it belongs to."""

    name: str
    pattern: str
    view: object
    converters: tuple

    @cached_property
    def kind(self):
        """The kind of record whose address it is, or None."""
        if kind := getattr(self.view, "keywords", {}).get("kind"):
            return kind
        app, _sep, rest = self.name.rpartition(":")
        found = [k for k in KINDS.values() if k.app == app and rest.startswith(f"{k.noun}_")]
        return max(found, key=lambda k: len(k.noun)) if found else None

    @cached_property
    def arguments(self):
        """Names of the variable parts, in order."""
        return re.findall(r"<(?:\w+:)?(\w+)>", self.pattern)

    @property
    def is_admin(self):
        """Whether it is one of Django's administration."""
        return self.pattern.startswith("admin/")

    def path(self, **values):
        """The address with these values in its variable parts."""
        text = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", lambda m: str(values[m[1]]), self.pattern)
        text = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(values[m[1]]), text)
        return "/" + text.replace("^", "").replace("\\Z", "").rstrip("$")

    def __str__(self):
        return self.name or self.pattern


def all_routes(patterns=None, prefix="", space="", converters=()):
    """Every route below the patterns; the whole site by default."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        text = prefix + str(entry.pattern).lstrip("^" if prefix else "")
        found = (*converters, *getattr(entry.pattern, "converters", {}).items())
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from all_routes(entry.url_patterns, text, inner, found)
        else:
            yield Route(f"{space}{entry.name}" if entry.name else "", text, entry.callback, found)


def takes_number(route, name):
    """Whether the variable part takes digits only."""
    converter = dict(route.converters).get(name)
    return isinstance(converter, IntConverter) or type(converter).__name__ == "BigConverter"
