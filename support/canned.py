"""Texts kept ready, filled for a case: {contact.first_name} and the like; what is not known stays and is named."""

import re

from django.utils.translation import gettext_lazy as _

PLACEHOLDER = re.compile(r"\{\s*([a-z_]+\.[a-z_]+)\s*\}")
WORDS = {
    "contact.first_name": (_("First name of the reporter"), lambda case, by: case.contact and case.contact.first_name),
    "contact.last_name": (_("Last name of the reporter"), lambda case, by: case.contact and case.contact.last_name),
    "contact.name": (_("Name of the reporter"), lambda case, by: case.contact and str(case.contact)),
    "account.name": (_("Name of the account"), lambda case, by: case.account and str(case.account)),
    "customer.name": (_("Name of the customer"), lambda case, by: case.customer and str(case.customer)),
    "product.name": (_("Name of the product"), lambda case, by: case.product and str(case.product)),
    "case.number": (_("Number of the case"), lambda case, by: case.number),
    "case.subject": (_("Subject of the case"), lambda case, by: case.subject),
    "agent.first_name": (_("Your first name"), lambda case, by: by and by.first_name),
    "agent.name": (_("Your name"), lambda case, by: by and str(by)),
}  # fmt: skip


def fill(text, case, by):
    """(the text with its placeholders filled, the names of those without a value, which stay in it)."""
    missing = []

    def value(found):
        name = found[1]
        made = name in WORDS and WORDS[name][1](case, by)
        if not made:
            missing.append(name)
        return str(made) if made else found[0]

    return PLACEHOLDER.sub(value, text), list(dict.fromkeys(missing))


def unfilled(text):
    """The names of known placeholders that a text still holds."""
    return [name for name in dict.fromkeys(PLACEHOLDER.findall(text)) if name in WORDS]
