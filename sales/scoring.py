"""The score of a lead: 0 to 100, the sum of parts that each say why.

An average lead begins with START points; what is known of it adds or takes points by its weight of evidence, learned
from the company's own converted and disqualified leads; days without a touch take some away. The same lead on the same
day always has the same score.
"""

import json
from datetime import timedelta

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.models import Setting
from sales import evidence
from sales.matching import FREE_MAIL
from sales.models import Lead

START, POINTS, LEAST, MOST = 50, 14, 0, 100
# Days without a touch that cost nothing, days that cost a point, and the most that waiting costs.
PATIENCE, DAYS_A_POINT, WAITING = 7, 2, 25
ENOUGH, ENOUGH_OF_EACH, LEARN_FROM, YEARS = 300, 40, 20_000, 3
CHUNK = 2000
SETTING = "lead_score"
YES, NO = "yes", "no"
LABELS = {
    "source": gettext_lazy("Source"), "country": gettext_lazy("Country"), "industry": gettext_lazy("Industry"),
    "rating": gettext_lazy("Rating"), "campaign": gettext_lazy("Campaign"), "web_form": gettext_lazy("Web form"),
    "family": gettext_lazy("Product family"), "amount": gettext_lazy("Estimated amount"),
    "mailbox": gettext_lazy("E-mail"), "phone": gettext_lazy("Phone given"), "company": gettext_lazy("Company given"),
    "job_title": gettext_lazy("Job title given"), "customer": gettext_lazy("Known customer"),
    "referrer": gettext_lazy("Referred by somebody"), "subject": gettext_lazy("Subject given"),
}  # fmt: skip
NUMERIC = ("amount",)
# What most companies find, until there is enough of their own; in logarithms of odds, as the learned ones.
FIRST_GUESS = {
    "base": 0.0, "cases": 0, "won": 0, "seen": {}, "trust": {}, "cuts": {"amount": [1000, 10000, 100000]},
    "weights": {
        "rating": {"hot": 1.2, "warm": 0.4, "cold": -1.0},
        "mailbox": {"business": 0.3, "free": -0.2, "": -0.7},
        "phone": {YES: 0.4, NO: -0.3}, "company": {YES: 0.3, NO: -0.3}, "job_title": {YES: 0.2},
        "customer": {YES: 0.8}, "referrer": {YES: 0.8}, "subject": {YES: 0.1},
        "amount": {"0": 0.0, "1": 0.1, "2": 0.3, "3": 0.4},
    },
}  # fmt: skip
COLUMNS = ("source", "country", "industry", "rating", "email", "phone", "company", "job_title", "referrer", "subject",
           "amount", "campaign_id", "web_form_id", "customer_id", "product__family")  # fmt: skip


def facts(lead):
    """{field: value} that a score looks at, from a dict with COLUMNS; numbers as texts or floats."""
    domain = (lead.get("email") or "").rpartition("@")[2].lower()
    given = {name: YES if lead.get(name) else NO for name in ("phone", "company", "job_title", "referrer", "subject")}
    plain = {name: (lead.get(name) or "").strip()[:100] for name in ("source", "country", "industry", "rating")}
    amount = lead.get("amount")
    return plain | given | {
        "source": plain["source"].lower(), "industry": plain["industry"].lower(),
        "mailbox": "" if not domain else "free" if domain in FREE_MAIL else "business",
        "campaign": str(lead.get("campaign_id") or ""), "web_form": str(lead.get("web_form_id") or ""),
        "customer": YES if lead.get("customer_id") else NO, "family": (lead.get("product__family") or "")[:100],
        "amount": "" if amount is None else float(amount),
    }  # fmt: skip


def table_in_use():
    """The learned table, or the first guess where there is none; one statement."""
    found = Setting.objects.filter(pk=SETTING).values_list("value", flat=True).first()
    return found or FIRST_GUESS


def scored(lead, table, now, known):
    """(score, parts) of a dict with COLUMNS, created_at, last_touch_at and status; the points of the parts add up.

    `known` keeps what the table says of leads alike, which are many.
    """
    row = facts(lead)
    key = tuple(row.values())
    if key not in known:
        known[key] = parts_of(row, table)
    parts = list(known[key])
    if lost := waited(lead, now):
        days = idle_days(lead, now)
        parts.append(
            {"label": _("Waiting"), "points": -lost, "why": _("%(days)s days without a touch") % {"days": days}}
        )
    total = sum(part["points"] for part in parts)
    score = max(LEAST, min(MOST, total))
    if score != total:
        parts.append({"label": _("Limit"), "points": score - total, "why": _("a score lies between 0 and 100")})
    return score, parts


def parts_of(row, table):
    """What the table says of the facts of a lead, what weighs most first."""
    found = [
        {"label": str(LABELS[name]), "points": points, "why": reason(table, name, row)}
        for name, weight in evidence.weights_of(table, row).items() if (points := round(POINTS * weight))
    ]  # fmt: skip
    found.sort(key=lambda part: (-abs(part["points"]), part["label"]))
    return [{"label": _("An average lead"), "points": START, "why": ""}, *found]


def idle_days(lead, now):
    """Whole days since a lead was last touched, or came."""
    since = max(filter(None, (lead.get("last_touch_at"), lead.get("created_at"))), default=now)
    return max(0, (now - since).days)


def waited(lead, now):
    """The points that waiting has cost an open lead."""
    if lead.get("status", Lead.NEW) not in Lead.OPEN:
        return 0
    return min(WAITING, max(0, idle_days(lead, now) - PATIENCE) // DAYS_A_POINT)


def reason(table, name, row):
    """What the past says about a value, in words."""
    value = evidence.as_value(name, row, table["cuts"])
    seen = table["seen"].get(name, {})
    count, won = seen.get(value) or seen.get(evidence.OTHER) or (0, 0)
    if not count:
        return _("%(value)s: a first guess, until enough of your own leads are closed") % {
            "value": shown(name, row, table["cuts"])
        }
    words = {
        "count": count, "share": round(100 * won / count), "all": round(100 * table["won"] / table["cases"]),
        "value": shown(name, row, table["cuts"]),
    }  # fmt: skip
    return _("%(value)s: %(share)s %% of %(count)s such leads were converted; of all, %(all)s %%") % words


def shown(name, row, cuts):
    """A value as people read it."""
    value = row[name]
    if name in cuts and value != "":
        return range_of(float(value), cuts[name])
    return {"": _("nothing given"), YES: _("yes"), NO: _("no")}.get(value, _("this one") if value.isdigit() else value)


def range_of(number, cuts):
    """The range between two cuts that a number lies in."""
    below = [cut for cut in cuts if cut <= number]
    above = [cut for cut in cuts if cut > number]
    if not below:
        return _("below %(top)s") % {"top": f"{above[0]:,.0f}"} if above else f"{number:,.0f}"
    return _("from %(bottom)s") % {"bottom": f"{below[-1]:,.0f}"} + (f" – {above[0]:,.0f}" if above else "")


def score_rows(rows):
    """Give dicts of new leads' fields their score, score_parts and scored_at, in place; one statement."""
    table, now, known = table_in_use(), timezone.now(), {}
    for row in rows:
        lead = dict(row)
        for name in ("campaign", "web_form", "customer"):
            lead.setdefault(f"{name}_id", getattr(row.get(name), "pk", None))
        lead["product__family"] = getattr(row.get("product"), "family", "")
        row["score"], row["score_parts"] = scored(lead, table, now, known)
        row["scored_at"] = now


# Only what differs is written again; a new moment alone is no change.
WRITE = """
    UPDATE sales_lead l SET score = t.score, score_parts = t.parts, scored_at = %s
    FROM unnest(%s::bigint[], %s::smallint[], %s::jsonb[]) t(id, score, parts) WHERE l.id = t.id
        AND (l.scored_at IS NULL OR l.score <> t.score OR l.score_parts <> t.parts)
"""


def score_leads(ids=None, *, now=None):
    """Score leads anew, all open ones by default; returns how many were looked at. Two statements for each CHUNK."""
    table, now, last, count = table_in_use(), now or timezone.now(), 0, 0
    rows = Lead.objects.unscoped("a score is a fact").filter(deleted_at__isnull=True)
    rows = rows.filter(status__in=Lead.OPEN) if ids is None else rows.filter(pk__in=list(ids))
    rows = rows.order_by("pk").values("pk", "created_at", "last_touch_at", "status", *COLUMNS)
    while found := list(rows.filter(pk__gt=last)[:CHUNK]):
        known = {}
        made = [scored(lead, table, now, known) for lead in found]
        with connection.cursor() as cursor:
            keys, parts = [lead["pk"] for lead in found], [json.dumps(parts) for _score, parts in made]
            cursor.execute(WRITE, [now, keys, [score for score, _parts in made], parts])
        last, count = found[-1]["pk"], count + len(found)
    return count


def learn_scores():
    """Learn the table anew from the leads that were closed in the last years; False when they are too few.

    What was disqualified as spam or as a duplicate says nothing about interest and is left out.
    """
    since = timezone.now() - timedelta(days=365 * YEARS)
    rows = Lead.objects.unscoped("the company's own past").filter(
        status__in=(Lead.CONVERTED, Lead.DISQUALIFIED), created_at__gte=since, deleted_at__isnull=True
    )
    rows = rows.exclude(disqualify_reason__in=("spam", "duplicate"))
    found = list(rows.order_by("-id").values("status", *COLUMNS)[:LEARN_FROM])
    outcomes = [int(lead["status"] == Lead.CONVERTED) for lead in found]
    if len(found) < ENOUGH or min(sum(outcomes), len(found) - sum(outcomes)) < ENOUGH_OF_EACH:
        return False
    table = evidence.learn([facts(lead) for lead in found], outcomes, NUMERIC)
    table["learned_at"] = timezone.now().isoformat()
    Setting.objects.update_or_create(pk=SETTING, defaults={"value": table})
    return True


def score_nightly():
    """Learn, then score every open lead anew; returns how many were looked at."""
    learn_scores()
    return score_leads()
