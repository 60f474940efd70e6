"""What is asked of support: the queue of cases with their clocks, the desk, a case, and the portal of a customer."""

from tests.benchmarks.asking import PORTAL, SMALL, Request, cursor_of

SORTS = ("due", "-new", "-changed")
FILTERS = ("state=open", "priority=1", "mine=true", "tag=vip")


def facts(connection):
    """The numbers and places that the addresses need."""
    at, pk = connection.execute(
        "SELECT due_at, id FROM support_case WHERE deleted_at IS NULL AND category = 'open' ORDER BY due_at, id LIMIT 1"
    ).fetchone()
    deep = connection.execute(
        "SELECT due_at, id FROM support_case WHERE deleted_at IS NULL ORDER BY due_at, id"
        " OFFSET (SELECT count(*) * 9 / 10 FROM support_case) LIMIT 1"
    ).fetchone()
    long = connection.execute("SELECT id FROM support_case ORDER BY message_count DESC, id LIMIT 1").fetchone()[0]
    shared = connection.execute(
        "SELECT c.id FROM support_case c JOIN customers_contact p ON p.account_id = c.account_id"
        " JOIN support_portalaccess a ON a.contact_id = p.id JOIN core_user u ON u.id = a.user_id"
        " WHERE u.email = 'volume-portal@example.test' AND c.deleted_at IS NULL ORDER BY c.id DESC LIMIT 1"
    ).fetchone()[0]
    queue = connection.execute("SELECT min(id) FROM support_queue WHERE name LIKE 'Volume queue %'").fetchone()[0]
    return {"case": pk, "case due": cursor_of((at, pk)), "deep case": cursor_of(deep), "queue": queue, "long case": long,
            "shared case": shared}  # fmt: skip


def all_requests(known):
    """Every request, for a database of which `facts` are known."""
    who = ("administrator", "rep", "top manager")
    made = [Request("17", "cases, page 1 by what is due", each, "/cases/?view=all", 2, 1.25, 15) for each in who]
    made += [Request("17", "cases of one queue", each, f"/cases/?queue={known['queue']}", 2, 1.25, 15) for each in who]
    made += [
        Request("17", f"cases, sort {sort}", "administrator", f"/cases/?view=all&sort={sort}", 2.5, 1.5)
        for sort in SORTS
    ]
    made += [Request("17", f"cases, filter {query}", each, f"/cases/?{query}", 2.5, 1.5)
             for query in FILTERS for each in ("administrator", SMALL)]  # fmt: skip
    made.append(Request("3", "cases, page at 90 %", "administrator", f"/cases/?view=all&after={known['deep case']}"))
    made += [Request("9", f"{name}, page, thread and panels", "administrator", f"/cases/{known[key]}/", 2, 1.2, 25, parts=True)
             for name, key in (("case", "case"), ("case of 300 messages", "long case"))]  # fmt: skip
    made += [Request("9", f"desk, {name} beside its list", "administrator", f"/cases/{known[key]}/?view=all", 2, 1.2, 25, parts=True)
             for name, key in (("case", "case"), ("case of 300 messages", "long case"))]  # fmt: skip
    made.append(Request("26", "portal, own cases", PORTAL, "/portal/cases/", 1.5, 1.25, 15))
    made.append(Request("26", "portal, home", PORTAL, "/portal/", 1.5, 1.25, 20))
    made.append(
        Request("26", "portal, a case", PORTAL, f"/portal/cases/{known['shared case']}/", 1.5, 1.2, 20, parts=True)
    )
    return made
