"""What is measured: each request with its figure, who asks, and which bars it must hold."""

import psycopg

from tests.benchmarks import helping, selling
from tests.benchmarks.asking import PEOPLE, SMALL, Request, cursor_of

FILTERS = selling.FILTERS | {
    "contacts": ["country=DE", "source=tr", "source=zz", "do_not_contact=true", "tag=vip", "tag=nonesuch", "mine=true",
                 "created_after=2030-01-01", "country=DE&source=tr&do_not_contact=true"],
    "accounts": ["status=closed", "industry=ship", "is_competitor=true", "country=SE", "tag=vip",
                 "status=active&industry=food&is_partner=true"],
    "customers": ["status=prospect", "kind=individual", "country=PT", "since_after=2026-01-01",
                  "status=active&kind=business&tag=vip"],
    "activities": ["kind=meeting", "status=open", "due=overdue", "due=today", "kind=task&status=open&mine=true"],
}  # fmt: skip
SEARCHES = {
    "rare": "zanviton",
    "none": "zzqqx",
    "common": "son",
    "middling": "ander",
    "two letters": "ba",
    "two words": "gitte fjord",
}


def facts(address):
    """What the addresses need to know of a database: ids, and places far down the lists."""
    with psycopg.connect(address) as connection:
        found = {}
        for name in ("account", "contact", "customer", "activity"):
            found[name] = connection.execute(f"SELECT min(id) FROM customers_{name}").fetchone()[0]
        for name, order in {"contact": "name_sort, id", "account": "name_sort, id", "customer": "name_sort, id",
                            "activity": "at DESC, id DESC"}.items():  # fmt: skip
            columns = order.replace(" DESC", "")
            found[f"deep {name}"] = cursor_of(connection.execute(
                f"SELECT {columns} FROM customers_{name} WHERE deleted_at IS NULL ORDER BY {order}"
                f" OFFSET (SELECT count(*) * 9 / 10 FROM customers_{name}) LIMIT 1"
            ).fetchone())  # fmt: skip
        return found | selling.facts(connection) | helping.facts(connection)


def all_requests(known):
    """Every request, for a database of which `facts` are known."""
    made = []
    for slug, noun in (
        ("contacts", "contact"),
        ("accounts", "account"),
        ("customers", "customer"),
        ("activities", "activity"),
    ):
        base = f"/{slug}/?view=all"
        made += [Request("1", f"{slug}, page 1", who, base) for who in PEOPLE]
        made.append(Request("3", f"{slug}, page at 90 %", "administrator", f"{base}&after={known[f'deep {noun}']}"))
        sorts = ("-name", "new", "-new", "changed", "-changed") if noun != "activity" else ("-at",)
        made += [Request("4", f"{slug}, sort {sort}", who, f"{base}&sort={sort}", 2.5, 1.5)
                 for sort in sorts for who in ("administrator", SMALL)]  # fmt: skip
        made += [Request("4", f"{slug}, filter {query}", who, f"/{slug}/?{query}", 2.5, 1.5)
                 for query in FILTERS[slug] for who in ("administrator", "top manager", SMALL)]  # fmt: skip
        terms = SEARCHES if noun != "activity" else {"rare": "zanviton", "common": "offer"}
        made += [Request("6", f"{slug}, search {name}", who, f"/{slug}/?q={term.replace(' ', '+')}", None, 2, 15,
                         60 if name in ("common", "middling", "two letters") else 40)
                 for name, term in terms.items() for who in ("administrator", "top manager", SMALL)]  # fmt: skip
        made += [Request("8", f"{slug}, choose {term}", "rep", f"/{slug}/options/?q={term}", None, 2, 12, 25)
                 for term in ("zan", "ban")]  # fmt: skip
    made += [Request("7", f"global search {term}", "administrator", f"/search/?q={term}", None, 2, 20, 100)
             for term in ("zanviton", "son")]  # fmt: skip
    for n, events in ((3, "20"), (2, "1,000"), (1, "70,000")):
        for slug, noun in (("customers", "customer"), ("accounts", "account")):
            made.append(Request(
                "9", f"{noun} with {events} activities, page, timeline and panels", SMALL,
                f"/{slug}/{known[noun] + n - 1}/", 2, 1.2, 20, parts=True))  # fmt: skip
    made.append(Request("9", "contact, page, timeline and panels", SMALL, f"/contacts/{known['contact']}/",
                        2, 1.2, 20, parts=True))  # fmt: skip
    for slug, noun in (("contacts", "contact"), ("accounts", "account"), ("customers", "customer")):
        made.append(Request("10", f"{noun}, form", "rep", f"/{slug}/new/", 2, 1.2, 25))
        made.append(Request("10", f"{noun}, create", "rep", f"/{slug}/new/", 2, 1.2, 25, post="create"))
        made.append(
            Request("10", f"{noun}, edit form", "administrator", f"/{slug}/{known[noun] + 4}/edit/", 2, 1.2, 25)
        )
        made.append(
            Request("10", f"{noun}, save", "administrator", f"/{slug}/{known[noun] + 4}/edit/", 2, 1.2, 25, post="edit")
        )
    made += [Request("12", "home", who, "/", 3, 1.3, 25, parts=True) for who in ("rep", "top manager", "administrator")]
    return made + selling.all_requests(known) + helping.all_requests(known)
