"""Numbers of documents, from series that miss none and give none twice."""

from collections import Counter

from django.db import connection

from sales.models import NumberSeries

TAKE = f"""
    INSERT INTO {NumberSeries._meta.db_table} AS series (key, last) VALUES (%s, %s)
    ON CONFLICT (key) DO UPDATE SET last = series.last + excluded.last
    RETURNING last
"""  # noqa: S608 - made of a table's name


def take_numbers(series, count):
    """The next `count` numbers of a series such as "sale-2026", in order from 1.

    The series stays locked until the transaction ends: one that fails gives its numbers back, so that none is
    missing, and another one waits. Hence it is best taken last.
    """
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [series, count])
        last = cursor.fetchone()[0]
    return list(range(last - count + 1, last + 1))


def documents(prefix, years):
    """A number such as "SO-2026-00017" for each year, in order; one statement a year."""
    waiting = {year: iter(take_numbers(f"{prefix}-{year}", count)) for year, count in sorted(Counter(years).items())}
    return [f"{prefix}-{year}-{next(waiting[year]):05d}" for year in years]
