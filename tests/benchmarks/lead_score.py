"""How well the lead score tells who converts: `python -m tests.benchmarks.lead_score`, on the file below KITH_DATA.

Learns from two thirds of the leads and is asked about the other third, beside a plain logistic regression.
"""

import csv
import os
import random
import sys
from pathlib import Path

from sales.evidence import area, chance_of, learn, squash

DATA = Path(os.environ.get("KITH_DATA", Path(__file__).parents[3] / "shared" / "data"))
# Written after the fact, or no more than a name of the row.
LEFT_OUT = (
    "Tags",
    "Lead Quality",
    "Lead Profile",
    "Asymmetrique",
    "Last Notable Activity",
    "Prospect ID",
    "Lead Number",
)
TARGET = "Converted"


def rows_of(path):
    """([{field: value}], [0 or 1], names of the fields that hold numbers) of a file of leads; "Select" is empty."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        raw = list(csv.DictReader(file))
    outcomes = [int(row[TARGET]) for row in raw]
    names = [name for name in raw[0] if name != TARGET and not name.startswith(LEFT_OUT)]
    rows = [{n: "" if row[n].strip() in ("", "Select") else row[n].strip() for n in names} for row in raw]
    numeric = [n for n in names if is_number(rows, n)]
    return rows, outcomes, numeric


def is_number(rows, name):
    """Whether all values of a field that are given are numbers."""
    found = {row[name] for row in rows} - {""}
    return bool(found) and all(value.replace(".", "", 1).isdigit() for value in found)


def split(rows, outcomes, seed=7):
    """(two thirds, one third) of the cases, mixed the same way each time."""
    places = list(range(len(rows)))
    random.Random(seed).shuffle(places)
    cut = len(places) * 2 // 3
    return [([rows[n] for n in part], [outcomes[n] for n in part]) for part in (places[:cut], places[cut:])]


def regression(rows, outcomes, numeric, epochs=12, rate=0.1):
    """A plain logistic regression on scaled numbers and one column a value: a function that gives a row's chance."""
    scale = {n: scale_of([float(row[n]) for row in rows if row[n]]) for n in numeric}
    weights = {}
    places = list(range(len(rows)))
    for epoch in range(epochs):
        random.Random(epoch).shuffle(places)
        step = rate / (1 + epoch)
        for place in places:
            parts = features(rows[place], scale)
            miss = outcomes[place] - squash(sum(weights.get(name, 0.0) * value for name, value in parts))
            for name, value in parts:
                weights[name] = weights.get(name, 0.0) + step * miss * value
    return lambda row: squash(sum(weights.get(name, 0.0) * value for name, value in features(row, scale)))


def scale_of(values):
    """(mean, standard deviation) of numbers."""
    mean = sum(values) / len(values)
    return mean, (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5 or 1.0


def features(row, scale):
    """[(name, value)] of a row for the regression."""
    found = [(("", ""), 1.0)]
    for name, value in row.items():
        if name in scale:
            mean, spread = scale[name]
            found.append(
                ((name, "number"), max(-3.0, min(3.0, (float(value) - mean) / spread))) if value else ((name, ""), 1.0)
            )
        else:
            found.append(((name, value), 1.0))
    return found


def measured(path):
    """{name: AUC on the held-out third} of our own score and of the regression."""
    rows, outcomes, numeric = rows_of(path)
    (some, known), (others, hidden) = split(rows, outcomes)
    table = learn(some, known, numeric)
    plain = regression(some, known, numeric)
    return {
        "score": area([chance_of(table, row) for row in others], hidden),
        "logistic regression": area([plain(row) for row in others], hidden),
    }


def file_of_leads():
    """The first file of leads that says who converted, or None."""
    for path in sorted(DATA.glob("leads/*/*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            if TARGET in next(csv.reader(file), []):
                return path
    return None


def main():
    """Print both areas."""
    path = file_of_leads()
    if path is None:
        sys.exit("no file of leads below KITH_DATA")
    for name, value in measured(path).items():
        sys.stdout.write(f"{name}: AUC {value:.4f}\n")


if __name__ == "__main__":
    main()
