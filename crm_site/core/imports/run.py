"""Imports as jobs: a check of the whole file that writes nothing, then the import itself, two thousand rows a step."""

from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.jobs import step
from crm_site.core.loading import analyse
from crm_site.core.models import Job, JobProblem
from crm_site.core.operations import Refused
from crm_site.core.scope import sees_those_of

from . import apply, links
from .deciding import decide
from .plan import CHECK, CREATED, LINK, OUTCOMES, RUN, UNDO, Plan, Seen, identify
from .reading import reopen
from .registry import DELETED, IMPORTERS, importer_of
from .undo import undo_some

CHUNK = 2000
RESTARTS = 3
START = datetime.min.replace(tzinfo=UTC)
# Open imports of this process, by job: the reader stands where the last step ended.
OPEN = {}


class Run:
    """An import under way: its plan, its reader and what it knows of the file so far.

    `kept` is where the importer remembers things while the file is read.
    """

    def __init__(self, job):
        self.job, self.user = job, job.user
        self.importer = IMPORTERS[job.options["importer"]]
        self.table = reopen(job.file.path, job.options)
        self.kept, self.phase = {}, job.options.get("phase")
        if self.importer.ready:
            self.importer.ready(self)
        decide(job.options["columns"], self.table, {target.name: target for target in self.importer.targets()})
        self.plan = Plan(self.importer, job.options, self.table.headers)
        self.people = links.People(self.plan.system)
        self.hands_to = {self.user.pk: True}
        self.seen, self.foreseen, self.changes, self.tally = Seen(), set(), [], Counter()
        self.made, self.named, self.makes = [], {}, {}
        self.sorted = sorted_log(self) if self.importer.log and self.phase != CHECK else None
        self.rows, self.position = self.read(), 0
        self.go_on(job.position)

    def read(self, after=0):
        """The rows that come after the row of a line, in the order in which they are written."""
        if self.sorted is None:
            return self.table.rows(after=after)
        return iter(self.sorted[self.place(after) :])

    def place(self, line):
        """How many rows of a sorted log come up to that of a line."""
        return next((n for n, row in enumerate(self.sorted, 1) if row.line == line), 0)

    def go_on(self, position):
        """Move the reader past the row of a line, learning the keys of the rows before it."""
        if self.sorted is not None:
            before = islice(self.rows, self.place(position))
            while part := list(islice(before, CHUNK)):
                identify(self.plan, self.plan.drafts(part), self.seen)
            self.position = position
            return
        while self.position < position:
            part = list(islice(self.rows, CHUNK))
            if not part:
                return
            before = [row for row in part if row.line <= position]
            identify(self.plan, self.plan.drafts(before), self.seen)
            self.position = part[-1].line
            if self.position > position:
                self.rows, self.position = self.table.rows(after=position), position

    def may_hand_to(self, owner):
        """Whether a row may belong to another user: who imports may assign records, and goes on seeing this one."""
        if owner.pk not in self.hands_to:
            model, user = self.importer.gate or self.importer.model, self.user
            self.hands_to[owner.pk] = self.importer.admin_only or (
                user.reach(model, "assign") != "none" and sees_those_of(user, model, owner)
            )
        return self.hands_to[owner.pk]

    def may_make(self, key):
        """Whether a record that a row only names is made along the way; found out once for each kind."""
        if key not in self.makes:
            self.makes[key] = self.makes_of(importer_of(key))
        return self.makes[key]

    def makes_of(self, importer):
        """Whether records of an importer's kind are made where rows only name them."""
        return bool(
            self.job.options.get("make_links", True)
            and importer
            and importer is not self.importer
            and importer.find
            and importer.makes
            and not importer.admin_only
            and "name" in {target.name for target in importer.targets()}
            and self.user.reach(importer.model, "add") != "none"
        )

    def chunk(self):
        """Read, settle and (unless it is a check) write the next rows; False when none was left."""
        rows = list(islice(self.rows, self.importer.chunk or CHUNK))
        if not rows:
            return False
        drafts = self.plan.drafts(rows)
        identify(self.plan, drafts, self.seen)
        live = [draft for draft in drafts if draft.outcome == CREATED]
        links.resolve(self, live)
        if self.importer.gather:
            self.importer.gather(live, self)
        for draft in live:
            self.prepare(draft)
        apply.match(self, drafts)
        writes = apply.check if self.job.options.get("phase") == CHECK else apply.write
        made = writes(self, drafts)
        apply.report(self, drafts)
        self.note(made)
        if not self.position and len(rows) == CHUNK and self.phase != CHECK:
            analyse(self.importer.model)
        self.position = self.job.position = rows[-1].line
        return True

    def prepare(self, draft):
        """Settle a row's values; one without its mandatory values fails with the column's name."""
        if draft.values.pop(DELETED, False):
            draft.skip("", _("It was deleted in the other system."))
            return
        if self.importer.prepare:
            self.importer.prepare(draft, self)
        target = self.plan.missing(draft) if draft.outcome == CREATED else None
        if target:
            text = _("“%(field)s” is missing.") % {"field": target.label}
            draft.fail(self.plan.header_of.get(target.name, ""), text)

    def note(self, made):
        """Add to the job's counts what was made along the way."""
        counts = self.job.counts
        extra = counts.setdefault("made", {})
        if made:
            extra["links"] = extra.get("links", 0) + made
        for name, number in self.tally.items():
            extra[name] = extra.get(name, 0) + number
        self.tally.clear()


def sorted_log(run):
    """The rows of a log by their moments, of one moment as they stand; None where those of each thing are in order."""
    columns = {target.name: (n, read) for n, _header, target, read, _strict in run.plan.columns}
    if not set(run.importer.log[:2]) <= set(columns):
        return None
    (of, _read), at = (columns[name] for name in run.importer.log[:2])
    if not goes_back(run.table.rows(), of, at):
        return None
    return sorted(run.table.rows(), key=lambda row: moment_of(row, *at))


def goes_back(rows, of, at):
    """Whether a row says an earlier moment than one of the same thing before it."""
    last = {}
    for row in rows:
        when = moment_of(row, *at)
        if when < last.get(row.cells[of], START):
            return True
        last[row.cells[of]] = when
    return False


def moment_of(row, place, read):
    """When a row of a log was; the beginning of time for one that does not say it, which is not written."""
    try:
        return read(row.cells[place]) or START
    except ValidationError:
        return START


def zone_of(user):
    """The zone in which the moments of a user's file are meant."""
    try:
        return ZoneInfo(user.time_zone) if user.time_zone else timezone.get_default_timezone()
    except (ZoneInfoNotFoundError, ValueError):
        return timezone.get_default_timezone()


def opened(job):
    """The import of a job, going on where this process stood, or opened anew at the job's position."""
    run = OPEN.get(job.pk)
    if run is None or run.position != job.position or run.phase != job.options.get("phase"):
        if job.options.get("phase") == CHECK:
            start_over(job)
        try:
            OPEN.clear()
            run = OPEN[job.pk] = Run(job)
        except ValidationError as error:
            raise Refused(" ".join(error.messages)) from error
    run.job, run.user = job, job.user
    return run


def start_over(job):
    """Forget what a check has found so far: it knows the file only as long as it reads in one go."""
    starts = job.counts.get("starts", 0) + 1
    if starts > RESTARTS:
        raise Refused(_("The check was broken off too often."))
    JobProblem.objects.filter(job=job).delete()
    job.position, job.counts = 0, {"starts": starts}


@step("import")
def import_step(job):
    """One piece of a check, of an import, of the links that had waited, or of an undoing."""
    phase = job.options.get("phase", RUN)
    if phase == UNDO:
        return undo_some(job)
    if phase == LINK:
        return link_step(job)
    if not IMPORTERS[job.options["importer"]].open_to(job.user):
        raise Refused(_("You may not import records of this kind."))
    with timezone.override(zone_of(job.user)):
        run = opened(job)
        try:
            if job.total is None:
                job.total = run.table.count_rows()
                run.rows = run.read(run.position)
            more = run.chunk()
        except BaseException:
            OPEN.pop(job.pk, None)
            raise
    return False if more else ended(job, run)


def ended(job, run):
    """All rows are read: a check goes back to the user as a draft, an import goes on to links that had waited."""
    OPEN.pop(job.pk, None)
    if run.importer.done:
        run.tally.update(run.importer.done(run))
        run.note(0)
    counts = {outcome: job.counts.get(outcome, 0) for outcome in OUTCOMES}
    job.counts = job.counts | counts | {"rows": job.total}
    if sum(counts.values()) != job.total:
        raise Refused(_("The file changed while it was read."))
    if job.options["phase"] == CHECK:
        job.options = job.options | {"checked": True}
        job.state, job.position = Job.DRAFT, 0
        return True
    job.options = job.options | {"phase": LINK}
    return False


def link_step(job):
    """Make links that had waited for the records of this import."""
    system = job.options.get("system") or "file"
    made = links.catch_up(system, job.user, IMPORTERS[job.options["importer"]].key)
    extra = job.counts.setdefault("made", {})
    extra["late links"] = extra.get("late links", 0) + made
    return made == 0


def begin(job):
    """Set a draft to be imported: what its check counted is kept beside, and the counting begins anew."""
    JobProblem.objects.filter(job=job).delete()
    return {
        "options": job.options | {"phase": RUN, "checked": False, "check": job.counts},
        "position": 0,
        "counts": {},
    }
