"""The shipped roles: what each may do with a kind of record, as a table that migrations write and admins edit."""

ACTIONS = ("view", "add", "change", "delete", "assign", "export", "import", "bulk", "merge")
REP, MANAGER, AGENT, LEAD = "Sales rep", "Sales manager", "Support agent", "Support lead"
MARKETING, PARTNER, AUDITOR, ADMINISTRATOR = "Marketing", "Partner", "Auditor", "Administrator"
SHIPPED = (REP, MANAGER, AGENT, LEAD, MARKETING, PARTNER, AUDITOR, ADMINISTRATOR)


def reaches(view, write="none", add="none", **other):
    """A row of the table: `view`, `write` for change, delete, assign, bulk and merge, `add`, and what differs."""
    row = dict.fromkeys(ACTIONS, write) | {"view": view, "add": add, "export": "none", "import": "none"}
    return {action: reach for action, reach in (row | other).items() if reach != "none"}


def ship(apps, kind, table):
    """Write the reaches of one kind of record for the shipped roles; used by migrations, so it takes their registry.

    `table` is {role: {action: reach}}. A role that an administrator already gave a reach keeps it.
    """
    group, scope = apps.get_model("auth", "Group"), apps.get_model("core", "RoleScope")
    for role in SHIPPED:
        made, _new = group.objects.get_or_create(name=role)
        for action, reach in table.get(role, {}).items():
            scope.objects.get_or_create(role=made, kind=kind, action=action, defaults={"reach": reach})
