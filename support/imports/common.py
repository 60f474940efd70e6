"""What the imports of support/ share: the words of other systems for states, priorities and channels."""

from crm_site.core.imports.plan import fold
from support.models import Case, Queue, Status
from support.operations.states import status_of

STATE_WORDS = {
    "active": "open", "in progress": "open", "work in progress": "open", "assigned": "open", "escalated": "open",
    "reopened": "open", "working": "open", "waiting on us": "open", "waiting for support": "open", "to do": "open",
    "waiting on contact": "waiting", "waiting on customer": "waiting", "hold": "waiting",
    "waiting on third party": "waiting", "waiting for customer": "waiting",
    "waiting for details": "waiting", "problem solved": "resolved", "information provided": "resolved",
    "pending": "waiting", "on hold": "waiting", "pending customer response": "waiting",
    "awaiting user info": "waiting", "awaiting problem": "waiting", "awaiting vendor": "waiting",
    "awaiting evidence": "waiting", "solved": "resolved", "done": "resolved", "completed": "closed",
    "canceled": "closed", "cancelled": "closed", "registered": "new", "submitted": "new", "not started": "new",
}  # fmt: skip
PRIORITY_WORDS = {
    "critical": 1, "highest": 1, "1 critical": 1, "1 - critical": 1, "p1": 1, "2 high": 2, "2 - high": 2, "p2": 2,
    "medium": 3, "moderate": 3, "3 moderate": 3, "3 - moderate": 3, "p3": 3, "lowest": 4, "4 low": 4, "4 - low": 4,
    "p4": 4, "planning": 4, "1": 1, "2": 2, "3": 3, "4": 4,
}  # fmt: skip
CHANNEL_WORDS = {
    "mail": Case.EMAIL, "e mail": Case.EMAIL, "telephone": Case.PHONE, "call": Case.PHONE, "ivr": Case.PHONE,
    "direct opening": Case.PHONE, "chat": Case.WEB, "live chat": Case.WEB, "social media": Case.WEB,
    "twitter": Case.WEB, "facebook": Case.WEB, "website": Case.WEB, "web form": Case.WEB, "self service": Case.PORTAL,
    "customer portal": Case.PORTAL,
}  # fmt: skip
# Waiting for somebody else than the customer: its status is the one that is not chosen by itself.
OTHERS = ("on hold", "hold", "waiting on third party", "awaiting problem", "awaiting vendor", "awaiting evidence")


def desk_of(run):
    """The statuses and queues of a run, read at its first row."""
    if "desk" not in run.kept:
        run.kept["desk"] = Desk()
    return run.kept["desk"]


class Desk:
    """The statuses and queues by the words of a file, each read once."""

    def __init__(self):
        self.statuses = {fold(status.name): status for status in Status.objects.filter(is_active=True)}
        self.queues = {fold(queue.name): queue for queue in Queue.objects.filter(is_active=True)}

    def status(self, word):
        """The status that a word means: one of that name, else that of its category; None for an unknown word."""
        word = fold(word)
        if word not in self.statuses:
            category = STATE_WORDS.get(word, word)
            if category not in Status.CATEGORIES:
                return None
            self.statuses[word] = (word in OTHERS and self.held()) or status_of(category)
        return self.statuses[word]

    def held(self):
        """The status of what waits for somebody else, where there is one."""
        return Status.objects.filter(category=Status.WAITING, is_active=True, is_default=False).first()

    def queue(self, name, *, make=False):
        """The queue of a name; it is made when asked for, else None where there is none."""
        if fold(name) not in self.queues and make:
            self.queues[fold(name)] = Queue.objects.create(name=name[:100])
        return self.queues.get(fold(name))
