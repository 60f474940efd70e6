"""The one gate: which records a user may see or change, as a condition of the query.

Every query of a view, report, search, export or panel starts with `visible_to`, `own_of` or `changeable_by`; the
portal's customers have a gate of their own, `support/portal.py`. A record is within reach when it is the user's own,
when its team lies within the reach of the user's roles, or when somebody shared it; what names a partner is its
people's own, too. `first_of` gives the same rows as `visible_to` for the first page of a sorted list, but asks index by
index (own rows, each team's rows, shared rows), so that thirty rows among a million cost thirty rows.
"""

import json
from functools import partial, reduce
from operator import or_

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, models
from django.db.models import BooleanField, Count, ExpressionWrapper, Func, OuterRef, Q, Value, Window
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.kept import Slot
from crm_site.core.planner import cheap_in_order, is_scarce, planned, scarce

NONE, OWN, TEAM, SUBTREE, ALL = "none", "own", "team", "subtree", "all"
# Up to so many teams a sorted list is read team by team, with filters and without.
FEW_TEAMS, MANY_TEAMS = 4, 60
# Up to so many shares and teams are remembered for a request and written into its statements as values.
FEW_SHARES, FEW_PAIRS = 300, 300
UNREACHED = 10**12

# All that the gate asks of a user, each row as (what, text, text, text, id, id, yes or no).
STANDING = """
    (SELECT 'role', kind, action, reach, NULL::bigint, NULL::bigint, NULL::boolean
     FROM core_rolescope JOIN core_user_groups ON group_id = role_id WHERE user_id = %(user)s AND reach <> 'none')
    UNION ALL
    (SELECT 'team', NULL, NULL, NULL, ancestor_id, descendant_id, NULL
     FROM core_teamclosure JOIN core_membership ON team_id = ancestor_id WHERE user_id = %(user)s LIMIT %(pairs)s)
    UNION ALL
    (SELECT 'share', NULL, NULL, NULL, content_type_id, object_id, can_change FROM core_share
     WHERE (user_id = %(user)s OR team_id IN (SELECT team_id FROM core_membership WHERE user_id = %(user)s))
     AND (until IS NULL OR until >= %(today)s) LIMIT %(shares)s)
"""


def remember(user):
    """From here on this user object asks for its roles, teams and shares once; for requests that only read."""
    user.standing = {}


def standing_of(user):
    """{"role": [(kind, action, reach)], "team": pairs, "share": (kind, record, whether it may be changed)} of today.

    One statement. The pairs are (team, team at or below it); None where teams or shares are too many to be written out.
    """
    found = {"role": [], "team": [], "share": []}
    limits = {"pairs": FEW_PAIRS + 1, "shares": FEW_SHARES + 1}
    with connection.cursor() as cursor:
        cursor.execute(STANDING, {"user": user.pk, "today": timezone.localdate()} | limits)
        for what, kind, action, reach, one, other, yes in cursor:
            row = {"role": (kind, action, reach), "team": (one, other), "share": (one, other, yes)}[what]
            found[what].append(row)
    few = {"team": FEW_PAIRS, "share": FEW_SHARES}
    return {what: rows if len(rows) <= few.get(what, len(rows)) else None for what, rows in found.items()}


def roles_of(user):
    """(kind label, action, reach) of each of the user's roles."""
    known = remembered(user, "role")
    return standing_of(user)["role"] if known is None else known


def remembered(user, what):
    """One part of the user's standing, asked once in a request that remembers; None elsewhere."""
    standing = getattr(user, "standing", None)
    if standing is None:
        return None
    if not standing:
        standing.update(standing_of(user))
    return standing[what]


def teams_within(user, reach):
    """The teams, as ids or a query of them, whose records the reach opens to the user."""
    pairs = remembered(user, "team")
    if isinstance(pairs, Slot):
        return Slot(reach, of=partial(teams_within, reach=reach))
    if pairs is not None:
        return sorted({below if reach == SUBTREE else team for team, below in pairs})
    mine = apps.get_model("core", "Membership").objects.filter(user_id=user.pk).values_list("team_id", flat=True)
    if reach == TEAM:
        return mine
    closure = apps.get_model("core", "TeamClosure").objects
    return closure.filter(ancestor_id__in=mine).values_list("descendant_id", flat=True)


def shares_of(user):
    """Today's shares with the user or one of the user's teams."""
    mine = Q(user_id=user.pk) | Q(team_id__in=teams_within(user, TEAM))
    today = timezone.localdate()
    if isinstance(user.pk, Slot):
        today = Slot("today", models.DateField(), of=lambda _: timezone.localdate())
    return apps.get_model("core", "Share").objects.filter(mine, Q(until__isnull=True) | Q(until__gte=today))


def shared_ids(user, model, action):
    """Records of this kind, as ids or a query of them, that are shared with the user or a team of theirs, today."""
    kind = ContentType.objects.get_for_model(model).pk
    few = remembered(user, "share")
    if few is not None:
        return [pk for of, pk, can_change in few if of == kind and (can_change or action == "view")]
    shares = shares_of(user).filter(content_type_id=kind)
    if action != "view":
        shares = shares.filter(can_change=True)
    return shares.values_list("object_id", flat=True)


def ways_of(model, user):
    """The conditions of which each makes a row the user's own: to be its owner, or of the partner that it names."""
    ways = [Q(**{field: user.pk}) for field in model.OWNER_FIELDS]
    return ways + [Q(**{field: user.partner_id}) for field in model.PARTNER_FIELDS if user.partner_id is not None]


def owned(model, user):
    """The condition that a row is the user's own."""
    return reduce(or_, ways_of(model, user))


def open_to(model, user):
    """The condition that a row is not another's private one."""
    return Q(**{model.PRIVATE_FIELD: False}) | Q(owner=user.pk) if model.PRIVATE_FIELD else Q()


def shareable(user, action):
    """Whether shares can open this action: sharing lets people read and change, never delete or export."""
    return action in ("view", "change") and user.is_active and user.door == user.STAFF


def within(model, user, action):
    """The condition that a row lies where the user's roles and shares open the action; None where nothing is opened."""
    reach = user.reach(model, action)
    if reach == ALL:
        return open_to(model, user)
    shared = shared_ids(user, model, action) if shareable(user, action) else []
    found = [Q(pk__in=shared)] if not isinstance(shared, list) or shared else []
    if reach != NONE:
        found.append(owned(model, user))
    if reach in (TEAM, SUBTREE):
        teams = teams_within(user, reach)
        among = "pk__any_of" if isinstance(teams, Slot) else "in"
        found += [Q(**{f"{field}__{among}": teams}) for field in model.TEAM_FIELDS]
    return reduce(or_, found) & open_to(model, user) if found else None


class ScopedQuerySet(models.QuerySet):
    """The query of a record; its first call is one of the gates."""

    def visible_to(self, user, action="view"):
        """Rows, not in the bin, on which the user may do `action`; none for a stranger."""
        return self.within_reach(user, action, deleted_at__isnull=True)

    def own_of(self, user):
        """Those visible rows that the user owns, by one condition: whoever may view any of a kind may view these."""
        if user.reach(self.model, "view") == NONE:
            return self.none()
        return self.filter(owner=user.pk, deleted_at__isnull=True)

    def changeable_by(self, user):
        """Rows that the user may change."""
        return self.visible_to(user, "change")

    def deleted_for(self, user):
        """Rows in the bin that the user may bring back."""
        return self.within_reach(user, "delete", deleted_at__isnull=False)

    def unscoped(self, reason):
        """All rows, for system work; `reason` says why no user's scope applies."""
        if not reason:
            raise ValueError("say why the query needs no scope")
        return self.all()

    def within_reach(self, user, action, **also):
        """The rows that the user's roles and shares open for the action and that fit `also`; in the bin or not."""
        condition = within(self.model, user, action)
        return self.none() if condition is None else self.filter(condition, **also)

    def reading(self, *fields):
        """The same rows with these fields only, of other records too ("owner__email"): half the cost of all of them."""
        joins = {field.rsplit("__", 1)[0] for field in fields if "__" in field}
        return self.select_related(*sorted(joins)).only(*sorted(fields))

    def with_rights(self, user, *actions):
        """The same rows, each saying as `may_<action>` whether the user may do this to it; the bin is not looked at."""
        found = {action: within(self.model, user, action) for action in actions}
        return self.annotate(**{
            f"may_{action}": Value(value=False) if condition is None else ExpressionWrapper(condition, BooleanField())
            for action, condition in found.items()
        })  # fmt: skip

    def first_of(self, user, limit, order, action="view", *, narrowed=None, gate=None, few=None):
        """The first `limit` of the visible rows in `order`; as a query, itself in `order`.

        The receiver may be filtered but not sliced. `order` is a sequence of field names, "-" for descending; empty
        where it does not matter, as in a count. Rows that filters have made scarce (`narrowed`, by default whether
        there is any; a number for how many are few) are found by what narrows them and then sorted. Otherwise a few
        teams are asked index by index, and many are one condition, whose ids are given as values for the planner to
        weigh. `gate` is what `opened` answered, where two queries of one request need it; `few` whether the rows are
        scarce, where that is known.
        """
        reach = user.reach(self.model, action)
        rows = whole = self.filter(open_to(self.model, user), deleted_at__isnull=True)
        if rows.query.is_empty():
            return rows
        narrowed = bool(self.query.where) if narrowed is None else narrowed
        if reach != ALL:
            teams, shared = gate or opened(user, self.model, action)
            if reach == NONE and not shared:
                return self.none()
            whole = rows.filter(one_condition(self.model, user, reach, teams, shared))
        if narrowed and order and (scarce(rows, narrowed) if few is None else few):
            ids = whole.order_by(*together(order)).values("pk")[:limit]
            return self.model.objects.filter(pk__in=ids).order_by(*order)[:limit]
        if reach not in (ALL, NONE) and not order and not narrowed and not self.model.PRIVATE_FIELD:
            return any_of(rows, self.model, user, teams, shared, limit)
        if reach == ALL or not order or len(teams) > (FEW_TEAMS if narrowed else MANY_TEAMS):
            return whole.order_by(*order)[:limit]
        branches = [rows.filter(way) for way in ways_of(self.model, user)] if reach != NONE else []
        if shared:
            branches.append(rows.filter(pk__in=shared))
        tops = [branch.order_by(*order).values("pk")[:limit] for branch in branches]
        if teams:
            found = apps.get_model("core", "Team").objects.filter(pk__in=teams)
            tops += [top_of_each(found, rows, field, limit, order) for field in self.model.TEAM_FIELDS]
        ids = tops[0].union(*tops[1:]) if len(tops) > 1 else tops[0]
        return self.model.objects.filter(pk__in=ids).order_by(*order)[:limit]

    def first_and_count(self, user, limit, order, *, narrowed, gate, implied=None):
        """(`first_of`, how many rows there are in all): the number where one walk tells both, else None.

        `implied` is a condition that all the rows fulfil, of which an index may have them in the order.
        """
        here = self.filter(open_to(self.model, user), deleted_at__isnull=True)
        plan = planned(here.order_by().values("pk")) if narrowed else None
        if plan and implied and cheap_in_order(here.filter(implied), order, plan):
            ids = self.visible_to(user).filter(implied).order_by(*order).values("pk")[:limit]
            return self.model.objects.filter(pk__in=ids).order_by(*order), None
        if not narrowed or (plan and not is_scarce(plan, narrowed)):
            return self.first_of(user, limit, order, narrowed=narrowed, gate=gate, few=False), None
        rows = self.visible_to(user).order_by(*together(order))
        found = list(rows.values_list("pk", Window(Count("*")))[:limit])
        keys = self.model.objects.filter(pk__in=[pk for pk, _all in found])
        return keys.order_by(*order), found[0][1] if found else 0


def any_of(rows, model, user, teams, shared, limit):
    """Keys of up to `limit` of the rows within reach: each way to them is asked alone, where its index says all."""
    ways = ways_of(model, user)
    ways += [Q(**{f"{field}__in": teams}) for field in model.TEAM_FIELDS if teams]
    ways += [Q(pk__in=shared)] if shared else []
    tops = [rows.filter(way).order_by().values("pk")[:limit] for way in ways]
    return (tops[0].union(*tops[1:]) if tops[1:] else tops[0])[:limit]


def first_of_each(wanted, user, limit):
    """`first_of` of each (rows, order), a query each; the planner is asked about all of them by one statement."""
    alive = [found.filter(open_to(found.model, user), deleted_at__isnull=True) for found, _order in wanted]
    # A limit, be it never reached, keeps each a plan of its own, in its place.
    rows = [found.order_by().values("pk")[:UNREACHED] for found in alive]
    plan = json.loads(rows[0].union(*rows[1:], all=True).explain(format="json"))[0]["Plan"]
    plans = plan.get("Plans", [])
    # It leaves out what cannot be: then nobody knows any more which plan is whose.
    few = [is_scarce(one) for one in plans] if len(plans) == len(wanted) > 1 else [None] * len(wanted)
    return [found.first_of(user, limit, order, few=is_few) for (found, order), is_few in zip(wanted, few, strict=True)]


def together(order):
    """The order, as values that no index holds."""
    values = [(Coalesce(part.lstrip("-"), part.lstrip("-")), part.startswith("-")) for part in order]
    return [value.desc() if down else value.asc() for value, down in values]


def opened(user, model, action):
    """(ids of the teams, ids of the shared records) that open rows to the user; two statements, none for all rows."""
    reach = user.reach(model, action)
    if reach == ALL:
        return [], []
    teams = list(teams_within(user, reach)) if reach in (TEAM, SUBTREE) else []
    shared = list(shared_ids(user, model, action)) if shareable(user, action) else []
    return teams, shared


def one_condition(model, user, reach, teams, shared):
    """What `opened` found, as the condition that a row is within reach."""
    condition = owned(model, user) if reach != NONE else Q()
    if shared:
        condition |= Q(pk__in=shared)
    if teams:
        for field in model.TEAM_FIELDS:
            condition |= Q(**{f"{field}__in": teams})
    return condition


def top_of_each(parents, rows, field, limit, order):
    """Ids of the first `limit` rows of each of the parents (teams, queues): one walk along (field, order) a parent."""
    best = ArraySubquery(rows.filter(**{field: OuterRef("pk")}).order_by(*order).values("pk")[:limit])
    top = Func(best, function="unnest", output_field=models.BigIntegerField())
    return parents.annotate(top=top).order_by().values("top")


ScopedManager = models.Manager.from_queryset(ScopedQuerySet, class_name="ScopedManager")


def pointed_at(model, pk):
    """The row that a record points at already: to keep the link as it is, never to show the row."""
    return model._base_manager.get(pk=pk)


def sees_those_of(user, model, owner):
    """Whether the user sees what belongs to the owner and to the owner's team, shares apart."""
    reach = user.reach(model, "view")
    if reach == ALL or (owner.pk == user.pk and reach != NONE):
        return True
    return reach in (TEAM, SUBTREE) and owner.team_id in set(teams_within(user, reach))


def explain(user, record, action="view"):
    """Sentences that say why the user can or cannot do `action` on the record, the deciding ones only."""
    model, reach = type(record), user.reach(type(record), action)
    if record.deleted_at:
        return [_("It is in the bin.")]
    found = []
    if user.is_superuser and user.is_active:
        found.append(_("Administrators may do everything."))
    elif reach == ALL:
        found.append(_("A role of theirs reaches all records of this kind."))
    if reach != NONE:
        found += own_reasons(user, record)
    if reach in (TEAM, SUBTREE):
        for field in model.TEAM_FIELDS:
            for name in model.objects.filter(pk=record.pk, **{f"{field}__in": teams_within(user, reach)}).values_list(
                f"{field}__name", flat=True
            ):
                found.append(_("It belongs to the team %(team)s, which is within their reach.") % {"team": name})
    if shareable(user, action) and model.objects.filter(pk=record.pk, pk__in=shared_ids(user, model, action)).exists():
        found.append(_("It was shared with them or with a team of theirs."))
    if found and not model.objects.filter(open_to(model, user), pk=record.pk).exists():
        return [_("It is private: only its owner sees it.")]
    return found or [refusal(user, reach)]


def own_reasons(user, record):
    """Sentences for what makes the record the user's own."""
    found = []
    if any(getattr(record, f"{field}_id") == user.pk for field in record.OWNER_FIELDS):
        found.append(_("They own it, or the record it belongs to."))
    named = {getattr(record, f"{field}_id") for field in record.PARTNER_FIELDS}
    if user.partner_id is not None and user.partner_id in named:
        found.append(_("It names the partner that they work for."))
    return found


def refusal(user, reach):
    """The sentence for somebody who is kept out."""
    if not user.is_active:
        return _("They are not active.")
    if user.door != user.STAFF:
        return _("They are a portal user; portal users never see the staff's pages.")
    if reach == NONE:
        return _("None of their roles opens this kind of record.")
    return _("It is not theirs, not of a team within their reach, and not shared with them.")


def found_or_404(rows, **look):
    """The one row of a table of settings, which has no gate. Raises TypeError for one that has."""
    if hasattr(rows, "visible_to"):
        raise TypeError(rows.model.__name__)
    found = rows.filter(**look).first()
    if found is None:
        raise Http404
    return found


__all__ = ["ScopedManager", "ScopedQuerySet", "explain", "pointed_at", "sees_those_of"]
