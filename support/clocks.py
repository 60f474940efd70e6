"""The clocks of cases: called by the operations on cases, inside their transaction."""


def started(cases, at=None, *, answered=False):
    """Choose the policies of new cases and start their clocks at a moment, at each one's creation when it is None.

    With `answered` the first response counts as given.
    """


def customer_wrote(case, at):
    """The customer wrote: a next response is due unless one is already, or the first one is."""


def agent_replied(case, at):
    """An agent answered publicly: the first or the next response is given."""


def status_changed(case, before, at):
    """The case has another status than `before`: clocks stand still, go on, stop, or go on again."""


def promise_changed(case, at, reason):
    """What the policy hangs on has changed: choose anew and compute the clocks from their original start."""


def cancelled(case, at, reason):
    """Nothing is promised any more: the live clocks end as cancelled."""


def refresh(case_ids):
    """Write due_at, due_metric, warn_at and breached of these cases from their clocks."""


def reply_taken_back(case, at):
    """The reply of this moment was taken back before it was sent: what it stopped runs on as if it had not been."""
