"""What the sample of a file leaves open is decided by all of it: which number of a date is the day, the decimal mark.

A column says it where one of its cells can only be read one way; else the other columns of the file say it, as one
program wrote them all. A sum of money with one mark and three digits after it has a mark of thousands.
"""

from collections import Counter

from .amounts import mark_of
from .cells import is_empty
from .dates import day_of

# The habit of a type of target, what a cell tells about it, and whether a cell that is not sure may tell.
HABITS = {
    "date": ("day_first", day_of, False), "datetime": ("day_first", day_of, False), "money": ("mark", mark_of, True),
    "number": ("mark", mark_of, True), "decimal": ("mark", mark_of, False),
}  # fmt: skip


def decide(columns, table, targets):
    """Complete the habits of the columns, a dict of options by header, that have none yet; reads the file if it must.

    `targets` is {name: target}. A habit of which the whole file says nothing stays None.
    """
    places = {}
    for n, header in enumerate(table.headers):
        column = columns.get(header) or {}
        target = targets.get(column.get("target", ""))
        if target and target.type in HABITS:
            places[n] = (column, *HABITS[target.type])
    unsure = [n for n, (column, habit, _tell, _weak) in places.items() if column.get(habit) is None]
    tallies = tallied(table, {n: places[n][2] for n in unsure}) if unsure else {}
    for n, tally in tallies.items():
        places[n][0][places[n][1]] = common(tally, sure=True)
    said = {habit: Counter((column.get(habit), True) for column, name, _t, _w in places.values() if name == habit)
            for habit in ("day_first", "mark")}  # fmt: skip
    for n, tally in tallies.items():
        column, habit, _tell, weak = places[n]
        if column[habit] is None:
            column[habit] = common(said[habit], sure=True)
        if column[habit] is None and weak:
            column[habit] = common(tally, sure=False)


def tallied(table, tells):
    """{number of the column: how often its cells tell what}, for the columns whose sample is not plain."""
    sample = table.sample()
    open_ = {n: tell for n, tell in tells.items() if is_open(tell, [row.cells[n] for row in sample])}
    tallies = {n: Counter() for n in open_}
    for row in table.rows() if open_ else ():
        for n, tell in open_.items():
            tallies[n][tell(row.cells[n])] += 1
    return tallies


def is_open(tell, cells):
    """Whether more cells may say more: all of these are empty, or one can be read in two ways."""
    return all(is_empty(cell) for cell in cells) or any(tell(cell)[0] is not None for cell in cells)


def common(tally, *, sure):
    """The commonest value told, by cells that are sure or by those that are not; None for none, or a draw."""
    found = Counter(
        {value: count for (value, is_sure), count in tally.items() if value is not None and is_sure == sure}
    )
    best = found.most_common(2)
    return best[0][0] if len(best) == 1 or (best and best[0][1] > best[1][1]) else None
