"""What is asked of sales and marketing: lists, records, the board with its moves, the forecast."""

from tests.benchmarks.asking import SMALL, Request, cursor_of

FILTERS = {
    "leads": ["status=new", "status=working&rating=hot", "rating=warm", "source=tr", "country=DE", "unowned=true",
              "overdue=true", "score_min=90", "mine=true", "tag=vip"],
    "opportunities": ["state=open", "state=won", "category=commit", "attention=any", "close_date_after=2027-06-01",
                      "amount_min=150000", "source=tr", "type=renewal", "next_step_date_before=2026-11-01",
                      "mine=true&state=open", "tag=vip", "state=open&category=best&type=new"],
    "quotes": ["status=sent", "status=superseded", "mine=true", "created_after=2030-01-01"],
    "sales": ["status=cancelled", "sold_on_after=2026-10-01", "mine=true"],
    "products": ["family=Pumps", "tag=vip"],
    "campaigns": ["status=active", "type=webinar", "mine=true"],
}  # fmt: skip
LISTS = {
    "leads": ("lead", "id DESC", ("-name", "changed", "-score")),
    "opportunities": ("opportunity", "close_date, id", ("name", "-close", "-new", "-changed")),
    "quotes": ("quote", "id DESC", ("name", "changed")),
    "sales": ("sale", "id DESC", ("sold", "name", "changed")),
    "products": ("product", "name_sort, id", ("-name", "new")),
    "campaigns": ("campaign", "name_sort, id", ("-name", "new")),
}
SEARCHES = {"rare": "zanviton", "common": "son", "middling": "refit", "two words": "gitte fjord"}
PAPERS = {"opportunity": "opportunities", "lead": "leads", "quote": "quotes", "sale": "sales"}


def table_of(noun):
    """The table of these records."""
    return f"{'marketing' if noun == 'campaign' else 'sales'}_{noun}"


def facts(connection):
    """The numbers and places that the addresses need."""
    found = {}
    small = connection.execute("SELECT id FROM core_user WHERE email = 'volume-0003@example.test'").fetchone()[0]
    for noun, order, _sorts in LISTS.values():
        table, columns = table_of(noun), order.replace(" DESC", "")
        found[noun] = connection.execute(f"SELECT min(id) FROM {table}").fetchone()[0]
        found[f"deep {noun}"] = cursor_of(connection.execute(
            f"SELECT {columns} FROM {table} WHERE deleted_at IS NULL ORDER BY {order}"
            f" OFFSET (SELECT count(*) * 9 / 10 FROM {table}) LIMIT 1"
        ).fetchone())  # fmt: skip
    for noun in PAPERS:
        still = " AND status <> 'converted'" if noun == "lead" else ""
        found[f"own {noun}"] = connection.execute(
            f"SELECT min(id) FROM {table_of(noun)} WHERE owner_id = %s AND deleted_at IS NULL{still}", [small]
        ).fetchone()[0]
    stages = "SELECT id FROM sales_stage WHERE state = 'open' ORDER BY pipeline_id, \"order\" LIMIT 2"
    return found | {"stages": [row[0] for row in connection.execute(stages)]}


def all_requests(known):
    """Every request, for a database of which `facts` are known."""
    return [*list_requests(known), *record_requests(known), *team_requests(known)]


def list_requests(known):
    """Each list: its first page as everybody, far down, sorted, filtered, searched."""
    made = []
    for slug, (noun, _order, sorts) in LISTS.items():
        base = f"/{slug}/?view=all"
        made += [Request("1", f"{slug}, page 1", who, base)
                 for who in ("administrator", "top manager", SMALL, "rep", "team manager")]  # fmt: skip
        made.append(Request("3", f"{slug}, page at 90 %", "administrator", f"{base}&after={known[f'deep {noun}']}"))
        made += [Request("4", f"{slug}, sort {sort}", who, f"{base}&sort={sort}", 2.5, 1.5)
                 for sort in sorts for who in ("administrator", SMALL)]  # fmt: skip
        made += [Request("4", f"{slug}, filter {query}", who, f"/{slug}/?{query}", 2.5, 1.5)
                 for query in FILTERS[slug] for who in ("administrator", "top manager", SMALL)]  # fmt: skip
        made += [Request("6", f"{slug}, search {name}", who, f"/{slug}/?q={term.replace(' ', '+')}", None, 2, 15,
                         40 if name in ("rare", "two words") else 60)
                 for name, term in SEARCHES.items() for who in ("administrator", SMALL)]  # fmt: skip
        made.append(Request("8", f"{slug}, choose zan", "rep", f"/{slug}/options/?q=zan", None, 2, 12, 25))
    return made


def record_requests(known):
    """Records with all that their pages load, forms, and a change."""
    deal = known["opportunity"]
    made = [
        Request("9", f"opportunity with {events} activities, page, timeline and panels", SMALL,
                f"/opportunities/{deal + n - 1}/", 2, 1.2, 20, parts=True)
        for n, events in ((4, "20"), (2, "1,000"))
    ]  # fmt: skip
    made += [
        Request("9", f"{noun}, page, timeline and panels", SMALL, f"/{PAPERS[noun]}/{known[f'own {noun}']}/", 2, 1.2, 20,
                parts=True)
        for noun in ("lead", "quote", "sale")
    ]  # fmt: skip
    for slug, noun in (("opportunities", "opportunity"), ("leads", "lead")):
        made.append(Request("10", f"{noun}, form", "rep", f"/{slug}/new/", 2, 1.2, 25))
        made.append(
            Request("10", f"{noun}, edit form", "administrator", f"/{slug}/{known[f'own {noun}']}/edit/", 2, 1.2, 25)
        )
    made.append(
        Request("10", "opportunity, save", "administrator", f"/opportunities/{deal + 5}/edit/", 2, 1.2, 25, post="edit")
    )
    return made


def team_requests(known):
    """The board with a card's move, and the forecast."""
    made = [Request("11", "board", who, "/opportunities/board/", 4, 1.25, 15)
            for who in ("rep", SMALL, "top manager", "administrator")]  # fmt: skip
    made.append(Request("11", "board, a card's move", SMALL, f"/opportunities/{known['opportunity'] + 3}/move/", 1, 1.25, 12,
                        post="move", choices=known["stages"]))  # fmt: skip
    made += [Request("14", "forecast", who, "/forecast/", bar, 1.25, 25)
             for who, bar in (("rep", 2), (SMALL, 2), ("team manager", 2), ("top manager", 3), ("administrator", 3))]  # fmt: skip
    # A report over all that changed in a week: the raw sum of so many rows takes about a tenth of a second.
    made += [Request("13", "changes of the forecast", who, "/forecast/changes/", None, None, 25, 230)
             for who in ("rep", "top manager")]  # fmt: skip
    made += [Request("15", "targets, page 1", who, "/targets/", 2, 1.25, 15) for who in ("rep", "top manager")]
    made += [Request("15", "attainment", who, "/targets/attainment/", 2, 1.25, 25) for who in ("rep", "top manager")]
    return made
