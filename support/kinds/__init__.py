"""The kinds of record of support/, in the order of the side bar."""

import support.kinds.portal  # noqa: F401 - adds its panel
from support.kinds.case import CASES
from support.kinds.knowledge import ARTICLES, ENTITLEMENTS, INSTALLED, ISSUES, REGISTRATIONS

__all__ = ["ARTICLES", "CASES", "ENTITLEMENTS", "INSTALLED", "ISSUES", "REGISTRATIONS"]
