"""How the rows of a file become articles, installed products, entitlements, known issues and deal registrations."""

from dataclasses import replace

from crm_site.core.imports.plan import fold
from crm_site.core.imports.registry import Importer, register
from crm_site.core.imports.targets import targets_of
from sales.imports.common import finder
from support.kinds.knowledge import ARTICLES, ENTITLEMENTS, INSTALLED, ISSUES, REGISTRATIONS
from support.models import InstalledProduct
from support.operations import articles, entitlements, issues, products, registrations

STATES = {"active": "published", "online": "published", "live": "published", "inactive": "archived", "review": "draft"}
DONE = {"closed": "fixed", "resolved": "fixed", "new": "open", "in progress": "open", "wontfix": "wont"}


def find_serials(texts, user):
    """{folded serial number: installed products}."""
    found = {}
    for installed in InstalledProduct.objects.visible_to(user).filter(serial__any_of=[text for text in texts if text]):
        found.setdefault(fold(installed.serial), []).append(installed)
    return found


def importer(kind, create, order, words=None, key="name"):
    """The importer of a kind, from its columns; its rows are known again by their name, or another column."""
    find, column = finder(kind.model), kind.column(key)
    again = find if key == "name" else find_serials

    def targets():
        """Where a column of the file may go; `words` are those of other systems for a state."""
        found = targets_of(kind)
        for target in found:
            if target.name == "state":
                target.value_map.update(words or {})
        # An installed product may take its product's name.
        return [replace(target, required=False) if key != target.name == "name" else target for target in found]

    return register(
        Importer(
            name=kind.slug, label=kind.label_plural, model=kind.model, targets=targets, order=order, icon=kind.icon,
            create=create, find=find, update=lambda record, values, by: kind.update(record, values, by=by),
            keys={key: (column.label, lambda values: values.get(key), again)},
        )
    )  # fmt: skip


ARTICLE_IMPORT = importer(ARTICLES, articles.create_articles, 60, STATES)
INSTALLED_IMPORT = importer(INSTALLED, products.create_installed, 62, key="serial")
ENTITLEMENT_IMPORT = importer(ENTITLEMENTS, entitlements.create_entitlements, 64)
ISSUE_IMPORT = importer(ISSUES, issues.create_issues, 66, DONE)
REGISTRATION_IMPORT = importer(REGISTRATIONS, registrations.register_deals, 68)
