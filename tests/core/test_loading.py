"""Reading many rows: how a statement is told to keep the order of its joins."""

import pytest
from django.db import connection

from crm_site.core.loading import as_written, kept_order

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
