"""Operations on forecasts: a number of one's own in place of what the deals say, and back."""

from django.core.exceptions import PermissionDenied
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from crm_site.core.models import Team, User
from crm_site.core.operations import Refused, operation
from sales import forecast
from sales.models import Adjustment
from sales.rollup import Scope
from sales.sight import sight_of

ANYTHING = object()


def whose(subject):
    """The field of an adjustment that names whom it is about: a user or a team."""
    return {"user" if isinstance(subject, User) else "team": subject}


def check_level(subject, by):
    """PermissionDenied unless the subject is the user, a team within reach, or somebody of such a team."""
    if by is None:
        return
    sight = sight_of(by)
    own = {"team": subject.pk} if isinstance(subject, Team) else {"owner": subject.pk, "team": subject.team_id}
    if not sight.may_adjust(**own):
        raise PermissionDenied


def said_by_deals(subject, period, category):
    """What the deals of a person or of a team and all below it say in a category now."""
    if isinstance(subject, Team):
        teams = Team.objects.filter(above__ancestor=subject).values_list("pk", flat=True)
        scope = Scope(teams=tuple(teams))
        found = forecast.figures(period, scope).values()
    else:
        people = forecast.figures(period, Scope(owner=subject.pk))
        home = forecast.home_of(people).get(subject.pk)
        found = [figures for (team, owner), figures in people.items() if (team, owner) == (home, subject.pk)]
    return sum((figures.amount[category] for figures in found), forecast.ZERO)


@operation
def adjust_forecast(subject, period, category, adjusted, note, *, by, instead_of=ANYTHING):
    """Put a number in place of what the deals of a user or team say in a category of a period; returns the Adjustment.

    The deals stay as they are, and what they said is kept beside it. An earlier adjustment is reset. Raises
    PermissionDenied above one's own level, Refused for a category that cannot be adjusted, without a reason, and when
    another adjustment stands by now than `instead_of` (its id, None for none).
    """
    check_level(subject, by)
    if category not in forecast.ADJUSTABLE:
        raise Refused(_("What is closed is a fact: only commit, best case and pipeline can be adjusted."))
    if not note.strip():
        raise Refused(_("Give a reason."))
    # One at a time for a subject, so that there is never more than one that stands.
    type(subject).objects.select_for_update(of=("self",), no_key=True).get(pk=subject.pk)
    named = whose(subject) | {"starts_on": period.starts_on, "ends_on": period.ends_on, "category": category}
    rows = Adjustment.objects.filter(**named, reset_at=None)
    standing = rows.select_related("by").first()
    if instead_of not in (ANYTHING, standing and standing.pk):
        raise Refused(told(standing))
    rows.update(reset_at=timezone.now(), reset_by=by)
    return Adjustment.objects.create(
        **named, original=said_by_deals(subject, period, category), adjusted=adjusted, note=note.strip(), by=by
    )


def told(standing):
    """That somebody was faster, and with what."""
    if standing is None:
        return _("Somebody reset this number meanwhile. Look at it, then adjust it again.")
    words = {"who": standing.by, "amount": formats.number_format(standing.adjusted, 2, force_grouping=True)}
    return _("%(who)s adjusted this number to %(amount)s meanwhile. Look at it, then adjust it again.") % words


@operation
def reset_adjustment(adjustment, *, by):
    """Let the deals speak for themselves again; one that was reset already stays so."""
    check_level(adjustment.user or adjustment.team, by)
    Adjustment.objects.filter(pk=adjustment.pk, reset_at=None).update(reset_at=timezone.now(), reset_by=by)
    adjustment.refresh_from_db()
    return adjustment
