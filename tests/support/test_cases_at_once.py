"""CS-3 and CS-1 with several people at the same moment: each case goes to one agent, each case is closed once."""

from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from support.models import Case, Message, Queue, QueueMember
from support.operations.cases import close_resolved, create_cases, resolve_case, set_parent, take_next
from tests.architecture.threads import at_once
from tests.cast import make_cast, person
from tests.factories import CaseFactory, QueueFactory

PEOPLE, CASES = 6, 30


@pytest.fixture
def cast(transactional_db):
    """The cast, visible to other connections."""
    ContentType.objects.clear_cache()
    return make_cast()


@pytest.fixture
def agents(cast):
    """Six agents."""
    return [person(f"Agent{n}", cast.service, "Support agent") for n in range(PEOPLE)]


def test_cs3_six_agents_take_and_no_case_is_taken_twice(agents):
    queue = QueueFactory()
    made = CaseFactory.create_batch(CASES, queue=queue)

    def take(agent):
        found = []
        while case := take_next(queue, by=agent):
            found.append(case.pk)
        return found

    taken = at_once(*(lambda agent=agent: take(agent) for agent in agents))
    every = [pk for some in taken for pk in some]
    assert sorted(every) == sorted(case.pk for case in made)
    for agent, some in zip(agents, taken, strict=True):
        assert set(Case.objects.unscoped("count").filter(owner=agent).values_list("pk", flat=True)) == set(some)


def test_cs3_turns_are_never_given_twice(agents):
    queue = QueueFactory(mode=Queue.ROUND_ROBIN)
    for order, agent in enumerate(agents):
        QueueMember.objects.create(queue=queue, user=agent, order=order)
    rows = [{"subject": "x", "queue": queue}] * 5
    at_once(*(lambda: create_cases(rows, by=None) for _n in range(PEOPLE)))
    counts = [Case.objects.unscoped("count").filter(owner=agent).count() for agent in agents]
    assert counts == [5] * PEOPLE


def test_cs1_two_sweeps_close_each_case_once(cast):
    for case in CaseFactory.create_batch(8, queue=QueueFactory()):
        resolve_case(case, by=cast.dora, at=timezone.now() - timedelta(days=30))
    assert sum(at_once(*(lambda: close_resolved(by=None) for _n in range(4)))) == 8
    assert Message.objects.filter(kind="event", body__endswith="→ Closed").count() == 8


def test_cs7_two_at_once_make_no_loop(cast):
    one, two = CaseFactory.create_batch(2)
    results = at_once(lambda: set_parent(one, two, by=cast.dora), lambda: set_parent(two, one, by=cast.dora))
    assert sum(isinstance(result, Exception) for result in results) == 1
    parents = dict(Case.objects.unscoped("count").values_list("pk", "parent"))
    assert None in parents.values()
