"""What the kinds of parties share: actions, what hangs on them, their panels, the database's rules in words."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import Dependent, Panel, add_panel
from crm_site.core.pages import RULES
from crm_site.core.parts import rights
from customers.models import Account, Activity, Contact, Customer
from customers.operations.following import CLOSE, DELETE, KEEP, MINE, UP, open_activities

RULES.update({
    "account_no_loop": _("An account cannot lie below itself."),
    "account_name_given": _("An account needs a name."),
    "account_revenue_has_currency": _("Give the currency of the revenue."),
    "contact_last_name_given": _("A contact needs a last name."),
    "contact_own_boss": _("Nobody reports to themselves."),
    "customer_account_once": _("This account is a customer already."),
    "customer_person_once": _("This person is a customer already."),
    "customer_has_its_party": _("A business needs an account, an individual a contact."),
    "customer_name_given": _("A customer needs a name."),
    "affiliation_current_once": _("The contact is at this account already."),
    "affiliation_dates_in_order": _("The end lies before the beginning."),
    "consent_only_added": _("An entry of consent does not change; add another one."),
    "consent_dates_in_order": _("The end lies before the beginning."),
    "mechanism_account_primary": _("There is a primary one of this type already."),
    "mechanism_contact_primary": _("There is a primary one of this type already."),
    "mechanism_value_given": _("Give the number or address itself."),
    "mechanism_dates_in_order": _("The end lies before the beginning."),
})  # fmt: skip

ACTIVITIES = Dependent(
    _("Open activities"), lambda record, user: open_activities(record, user).count(), "activities",
    ((KEEP, _("Keep them as they are")), (CLOSE, _("Cancel them")), (MINE, _("Hand them to me"))),
)  # fmt: skip
CUSTOMER_CHOICES = ((KEEP, _("Keep them")), (DELETE, _("Delete them too")))
ACCOUNT_DEPENDENTS = (
    Dependent(_("Contacts"), lambda a, user: Contact.objects.visible_to(user).filter(account=a).count()),
    Dependent(
        _("Accounts below it"), lambda a, user: Account.objects.visible_to(user).filter(parent=a).count(), "children",
        ((KEEP, _("Leave them below it")), (UP, _("Move them up to its parent"))),
    ),
    Dependent(
        _("Customers"), lambda a, user: Customer.objects.visible_to(user).filter(account=a).count(), "customers",
        CUSTOMER_CHOICES,
    ),
    ACTIVITIES,
)  # fmt: skip
CONTACT_DEPENDENTS = (
    Dependent(
        _("People who report to them"), lambda c, user: Contact.objects.visible_to(user).filter(reports_to=c).count()
    ),
    Dependent(
        _("Customers"), lambda c, user: Customer.objects.visible_to(user).filter(contact=c, kind="individual").count(),
        "customers", CUSTOMER_CHOICES,
    ),
    ACTIVITIES,
)  # fmt: skip


def button(label, url, icon, method="get", *, primary=False):
    """One action of a record."""
    return {"label": label, "url": url, "icon": icon, "method": method, "primary": primary}


def ways_to_reach(record):
    """Call and mail, as far as a number and an address are known."""
    found = []
    if record.phone:
        number = "".join(c for c in record.phone if c in "+0123456789")
        found.append(button(_("Call"), f"tel:{number}", "phone"))
    if record.email:
        found.append(button(_("E-mail"), f"mailto:{record.email}", "mail"))
    return found


def reach_actions(record, user, *, silent=False):
    """Call, mail and log; who must not be contacted is neither called nor mailed from here."""
    found = [] if silent else ways_to_reach(record)
    if may_add(user, Activity):
        found.append(button(_("Log a call"), f"/{record._meta.model_name}s/{record.pk}/log/?kind=call", "note"))
    return found


def may_add(user, model):
    """Whether the user may make such a record."""
    return user.reach(model, "add") != "none"


def may_change(user, record):
    """Whether the user may change a record that they see."""
    return "change" in rights(user, record)


def account_actions(account, user):
    """What can be done with an account."""
    found = reach_actions(account, user)
    if may_add(user, Contact):
        found.append(button(_("New contact here"), f"/contacts/new/?account={account.pk}", "user", "modal"))
    if may_add(user, Customer) and not account.is_customer:
        found.append(
            button(_("Make customer"), f"/customers/new/?kind=business&account={account.pk}", "handshake", "modal")
        )
    return found


def contact_actions(contact, user):
    """What can be done with a contact."""
    found = reach_actions(contact, user, silent=contact.do_not_contact)
    if may_add(user, Customer) and not contact.account_id:
        found.append(
            button(_("Make customer"), f"/customers/new/?kind=individual&contact={contact.pk}", "handshake", "modal")
        )
    return found


def customer_actions(customer, user):
    """What can be done with a customer."""
    found = reach_actions(customer, user)
    if may_change(user, customer):
        found.append(button(_("Change status"), f"/customers/{customer.pk}/status/", "refresh", "modal"))
    return found


FOLDED = {"account_tree", "account_customers", "contact_customers", "customer_statuses"}
for key, title, name, model in (
    ("account", _("Contacts"), "account_contacts", Contact),
    ("account", _("Ways to reach"), "account_mechanisms", Account),
    ("account", _("Customers"), "account_customers", Customer),
    ("account", _("Below this account"), "account_tree", Account),
    ("contact", _("Accounts"), "contact_accounts", Account),
    ("contact", _("Ways to reach"), "contact_mechanisms", Contact),
    ("contact", _("Consents"), "contact_consents", Contact),
    ("contact", _("Customers"), "contact_customers", Customer),
    ("customer", _("People"), "customer_people", Contact),
    ("customer", _("Ways to reach"), "customer_mechanisms", Customer),
    ("customer", _("Status"), "customer_statuses", Customer),
):
    add_panel(f"customers.{key}", Panel(title, f"customers:{name}", model=model, fold=name in FOLDED))
