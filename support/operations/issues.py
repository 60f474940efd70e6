"""Operations on known issues: what is wrong with a product, the cases that it caused, and telling of the fix once."""

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.core.notifications import notify
from crm_site.core.operations import lock, new_rows, operation, refuse, write
from crm_site.core.outside import digest
from support.models import Case, IssueNotice, KnownIssue, Mailbox, Message, OutgoingMail, Status
from support.operations.cases import update_case
from support.operations.story import note_events


@operation
def create_issues(rows, *, by):
    """Make many known issues and return them in order; the import's way in."""
    now = timezone.now()
    fixed = {"fixed_at": now}
    return new_rows(
        KnownIssue, [row | (fixed if row.get("state") == KnownIssue.FIXED else {}) for row in rows], by=by
    )  # fmt: skip


def create_issue(values, *, by):
    """Make one known issue and return it."""
    return create_issues([values], by=by)[0]


@operation
def update_issue(issue, values, *, by, version=None):
    """Change a known issue and return it. Raises Stale. A fix that a file brings tells as fix_issue does."""
    values = dict(values)
    state = values.pop("state", issue.state)
    fixed_in = values.pop("fixed_in", issue.fixed_in)
    issue = write(issue, values, by=by, version=version)[0]
    if state == issue.state:
        return write(issue, {"fixed_in": fixed_in}, by=by)[0]
    return fix_issue(issue, by=by, fixed_in=fixed_in) if state == KnownIssue.FIXED else turn(issue, state, by)


def turn(issue, state, by):
    """Another state than fixed."""
    return write(issue, {"state": state, "fixed_at": None, "fixed_in": ""}, by=by)[0]


@operation
def leave_issue(issue, *, by):
    """Say that an issue stays as it is; returns it."""
    return turn(issue, KnownIssue.WONT, by)


@operation
def reopen_issue(issue, *, by):
    """Say that an issue is open (again); returns it. Who was told of a fix is not told of the next."""
    return turn(issue, KnownIssue.OPEN, by)


@operation
def link_case(case, issue, *, by):
    """Say that a known issue is behind a case, or with None that none is; returns the case."""
    if issue:
        # A fix at the same moment either sees this case or is seen by whoever links it.
        rows = KnownIssue.objects.unscoped("the caller found it among what the user may see")
        rows.select_for_update(of=("self",)).get(pk=issue.pk)
    return update_case(case, {"issue": issue}, by=by)


@operation
def fix_issue(issue, *, by, fixed_in=""):
    """Say that an issue is fixed, and tell the requesters of its cases, each of them once; returns it.

    A requester with several cases gets one mail. Cases that were told before are left out, whoever fixes it again and
    however many at once. The agents of cases that are still open hear of it, too.
    """
    issue = lock(issue, by)
    if issue.state == KnownIssue.FIXED and issue.fixed_in == fixed_in:
        refuse(_("It is fixed already."))
    values = {"state": KnownIssue.FIXED, "fixed_in": fixed_in, "fixed_at": timezone.now()}
    issue = write(issue, values, by=by)[0]
    tell_of_fix(issue, by)
    return issue


def tell_of_fix(issue, by):
    """A notice and an event for each case that has none, a mail for each requester, news for the agents."""
    cases = Case.objects.unscoped("requesters hear of it whoever fixed it").filter(issue=issue, deleted_at=None)
    cases = cases.filter(merged_into=None, is_spam=False).exclude(
        pk__in=IssueNotice.objects.filter(issue=issue).values("case")
    )
    found = list(cases.select_related("contact").order_by("pk"))
    IssueNotice.objects.bulk_create([IssueNotice(issue=issue, case=case) for case in found], ignore_conflicts=True)
    note_events(found, told(issue), by=by)
    addresses, mailboxes = addresses_of(found), mailboxes_of(found)
    mails = [mail_of(issue, case, addresses[case.pk], mailboxes) for case in found if addresses.get(case.pk)]
    OutgoingMail.objects.bulk_create(mails, ignore_conflicts=True)
    open_ones = cases.model.objects.unscoped("as above").filter(issue=issue, owner__isnull=False, deleted_at=None)
    open_ones = open_ones.filter(category__in=Status.UNRESOLVED).values("owner").annotate(n=Count("pk"))
    notify([
        {"user_id": row["owner"], "url": f"/known-issues/{issue.pk}/", "key": f"issue-fixed-{issue.pk}",
         "text": ngettext("%(issue)s is fixed: %(n)s of your cases has it.",
                          "%(issue)s is fixed: %(n)s of your cases have it.", row["n"])
                 % {"issue": issue, "n": row["n"]}}
        for row in open_ones.order_by("owner")
    ])  # fmt: skip


def told(issue):
    """What the story of each case says of the fix."""
    if issue.fixed_in:
        return _("Known issue %(issue)s is fixed in %(version)s.") % {"issue": issue, "version": issue.fixed_in}
    return _("Known issue %(issue)s is fixed.") % {"issue": issue}


def addresses_of(cases):
    """{case id: address of its requester}: the contact's, else that of the last mail; without those that have none."""
    found = {case.pk: case.contact.email for case in cases if case.contact_id and case.contact.email}
    rest = [case.pk for case in cases if case.pk not in found]
    rows = Message.objects.filter(case__in=rest, kind=Message.PUBLIC, direction=Message.IN, is_automatic=False)
    rows = rows.exclude(author_email="").order_by("case", "-at", "-pk").distinct("case")
    return found | dict(rows.values_list("case", "author_email"))


def mailboxes_of(cases):
    """{queue id: the mailbox that its cases are answered from}."""
    rows = Mailbox.objects.filter(queue__in={case.queue_id for case in cases}, is_active=True).order_by("-pk")
    return {mailbox.queue_id: mailbox for mailbox in rows}


def mail_of(issue, case, address, mailboxes):
    """The mail to a requester; its key is the address's, so that one with several cases gets it once."""
    whose = digest(address.lower())[:32]
    lines = [
        _("You wrote to us about “%(subject)s”.") % {"subject": case.subject},
        _("What caused it is fixed: %(what)s.") % {"what": issue.name},
    ]
    if issue.fixed_in:
        lines.append(_("The fix is in version %(version)s.") % {"version": issue.fixed_in})
    lines += ["", _("If you still see it, answer this mail.")]
    return OutgoingMail(
        kind=OutgoingMail.NOTICE, case=case, mailbox=mailboxes.get(case.queue_id), to=address, subject=case.subject,
        body="\n".join(lines), key=f"issue-{issue.pk}:{whose}", is_automatic=True,
    )  # fmt: skip
