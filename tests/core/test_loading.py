"""Reading many rows: how a statement is told to keep the order of its joins, and how moments are read."""

from datetime import UTC, datetime

import pgtrigger
import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import DataError, connection
from django.db.models import BigIntegerField, Value

from crm_site.core.kept import Slot, kept, kept_objects
from crm_site.core.loading import as_written, kept_order, read_one, read_within
from crm_site.core.models import Job, User
from tests.factories import UserFactory

LIMIT = "SELECT current_setting('join_collapse_limit'), %s"


@pytest.mark.django_db
def test_the_order_of_joins_is_kept_for_one_statement_and_its_rows_are_the_answer():
    """The setting goes with the statement; what a transaction has under way is left as it is."""
    with connection.cursor() as cursor:
        with as_written():
            cursor.execute(LIMIT, ["50 %"])
        assert cursor.fetchone() == ("8", "50 %")
        with connection.execute_wrapper(kept_order):
            cursor.execute(LIMIT, ["50 %"])
        assert cursor.fetchall() == [("1", "50 %")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "moment", ["2026-03-29 03:04:05.36+02", "1891-01-01 00:00:00.000001+00", "9999-12-31 23:59+00"]
)
def test_a_moment_is_read_as_the_driver_reads_it(moment):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz, ARRAY[%s::timestamptz]", [moment, moment])
        one, (listed,) = cursor.fetchone()
    assert one == listed == datetime.fromisoformat(moment)
    assert one.tzinfo is UTC


@pytest.mark.django_db
@pytest.mark.parametrize("moment", ["infinity", "0044-03-15 00:00:00+00 BC"])
def test_a_moment_that_python_does_not_know_is_an_error_of_the_data(moment):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [moment])
        with pytest.raises(DataError):
            cursor.fetchone()


@pytest.mark.django_db
def test_rows_are_read_in_the_order_of_the_query_that_leads_to_them(django_assert_num_queries):
    """One statement; none where no row can fit."""
    UserFactory.create_batch(3)
    rows, only = User.objects.order_by("-id"), ("email", "team__name")
    with django_assert_num_queries(2):
        assert [made.email for made in read_within(rows, only)] == list(rows.values_list("email", flat=True))
    with django_assert_num_queries(0):
        assert read_within(rows.none(), only) == read_within(rows.filter(pk__in=[]), only) == []


@pytest.mark.django_db
def test_triggers_are_told_that_none_is_to_be_ignored():
    """Else each row's trigger asks in vain, and the caught error looks through all links that wait to be checked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('pgtrigger.ignore')")
        assert cursor.fetchone() == ("{}",)
        with pgtrigger.ignore("sales.Lead:converted"):
            cursor.execute("SELECT _pgtrigger_should_ignore('x'), current_setting('pgtrigger.ignore')")
            assert cursor.fetchone() != (False, "{}")
        cursor.execute("SELECT _pgtrigger_should_ignore('x'), current_setting('pgtrigger.ignore')")
        assert cursor.fetchone() == (False, "{}")


@pytest.mark.django_db
def test_one_row_is_read_with_what_the_query_says_of_it(django_assert_num_queries):
    """One statement for the row, its relations and what is annotated; none where no row can fit."""
    job = Job.objects.create(kind="bulk", user=UserFactory(), options={"ids": [1, 2]})
    rows, only = Job.objects.annotate(late=Value(value=True)), ("options", "user__email", "user__team")
    with django_assert_num_queries(1):
        found = read_one(rows.filter(pk=job.pk), only)
        assert (found, found.late, found.options, found.user.email) == (job, True, {"ids": [1, 2]}, job.user.email)
        assert found.user.team_id == job.user.team_id
    with django_assert_num_queries(1):
        assert read_one(rows.filter(pk=job.pk + 1), only) is None
    with django_assert_num_queries(0):
        assert read_one(rows.none(), only) is None


@pytest.mark.django_db
def test_a_kept_statement_takes_each_askings_own_values():
    """Written once, as rows or as objects of their columns and of what these point at."""
    users = UserFactory.create_batch(3)
    slots = [Slot("least"), Slot("ids", ArrayField(BigIntegerField()))]
    rows = User.objects.filter(pk__gt=slots[0], pk__any_of=slots[1]).order_by("-pk")
    texts, objects = kept(lambda: rows.values_list("email")), kept_objects("email", "team__name")(lambda: rows)
    ids = [user.pk for user in users]
    assert texts(least=0, ids=ids) == [(user.email,) for user in reversed(users)]
    assert texts(least=ids[1], ids=ids) == [(users[2].email,)]
    assert objects(least=ids[0], ids=ids[:2]) == [users[1]]
    assert objects(least=0, ids=[]) == []
