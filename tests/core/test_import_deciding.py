"""What the first rows leave open, the whole file decides: day or month first, the mark of decimals."""

import io
from datetime import date
from decimal import Decimal

from crm_site.core.imports.deciding import decide
from crm_site.core.imports.parsing import habits, reader
from crm_site.core.imports.reading import open_table
from crm_site.core.imports.registry import Target

TARGETS = {
    each.name: each
    for each in (Target("at", "At", "date"), Target("begun", "Begun", "datetime"), Target("sum", "Sum", "money"),
                 Target("heads", "Heads", "number"), Target("rate", "Rate", "decimal"))
}  # fmt: skip


def decided(content, **places):
    """{header: its habits} once the file has decided; `places` says where its columns go."""
    table = open_table(io.BytesIO(content.encode()))
    sample = table.sample()
    columns = {
        header: {"target": name} | habits(header, TARGETS[name], [row.cells[n] for row in sample if row.cells[n]])
        for n, header in enumerate(table.headers) if (name := places.get(header))
    }  # fmt: skip
    decide(columns, table, TARGETS)
    return columns


def test_a_late_row_decides_between_day_and_month():
    rows = [f"{n % 12 + 1}/{n % 12 + 1}/2024" for n in range(300)]
    columns = decided("At\n" + "\n".join(["3/4/2024", *rows, "12/31/2024"]), At="at")
    assert columns["At"]["day_first"] is False
    assert reader(TARGETS["at"], columns["At"])("3/4/2024") == date(2024, 3, 4)
    assert decided("At\n" + "\n".join(rows), At="at")["At"]["day_first"] is None


def test_another_column_decides_where_one_is_silent():
    columns = decided("At,Begun\n3/4/2024,12/31/2024 1:05 PM\n5/6/2024,1/2/2024 2:05 PM\n", At="at", Begun="begun")
    assert columns["At"]["day_first"] is False
    columns = decided("Sum;Rate\n1.234;5,5\n2.500;7,5\n", Sum="sum", Rate="rate")
    assert reader(TARGETS["sum"], columns["Sum"])("1.234") == (Decimal(1234), None)


def test_three_digits_after_the_only_mark_of_a_sum_are_thousands():
    columns = decided(
        "Sum;Heads;Rate\n1.234 €;1.200;1.234\n12.500 €;900;2.345\n", Sum="sum", Heads="heads", Rate="rate"
    )
    assert reader(TARGETS["sum"], columns["Sum"])("1.234 €") == (Decimal(1234), "EUR")
    assert reader(TARGETS["heads"], columns["Heads"])("1.200") == 1200
    assert reader(TARGETS["rate"], columns["Rate"])("1.234") == Decimal("1.234")
    assert decided("Sum\n1.234\n1.5\n", Sum="sum")["Sum"]["mark"] == "."
