"""Weight of evidence: how much each value of each field speaks for or against a conversion, learned from the past.

A weight is the logarithm of the odds among the cases with a value against the odds among all (I. J. Good, "Probability
and the Weighing of Evidence", 1950). Values that few cases have are pulled towards no weight at all.
"""

import math
from bisect import bisect_right
from collections import Counter, defaultdict

# As many imagined cases of the average are added to each value; values with fewer cases are not told apart.
PRIOR, RARE, BINS = 20.0, 5, 10
EMPTY, OTHER = "", "…"
STEPS, RIDGE = 25, 1.0


def logit(share):
    """The logarithm of the odds of a probability."""
    return math.log(share / (1 - share))


def squash(odds):
    """The probability of the logarithm of odds."""
    return 1 / (1 + math.exp(-max(-35.0, min(35.0, odds))))


def cuts_of(numbers, bins=BINS):
    """Where a field of numbers is cut so that about the same number of cases lies between; ascending, each once."""
    ordered = sorted(numbers)
    return sorted({ordered[len(ordered) * n // bins] for n in range(1, bins)}) if ordered else []


def binned(value, cuts):
    """The name of the bin of a number: "2" is above the second cut; empty stays empty."""
    return EMPTY if value is None or value == EMPTY else str(bisect_right(cuts, float(value)))


def learn(rows, outcomes, numeric=()):
    """A table from dicts of {field: value} and whether each converted; `numeric` fields are cut into bins.

    Returns plain JSON: {"base", "cases", "won", "cuts": {field: [...]}, "weights": {field: {value: weight}}, "seen":
    {field: {value: [cases, won]}}, "trust": {field: w}}. `trust` says how far a field's weights count beside the
    others', so that two fields that say the same are not believed twice. Needs at least one case of each outcome.
    """
    cuts = {name: cuts_of(float(row[name]) for row in rows if row.get(name) not in (None, EMPTY)) for name in numeric}
    fields = sorted({name for row in rows for name in row})
    share = sum(outcomes) / len(outcomes)
    base, weights, seen = logit(share), {}, {}
    for name in fields:
        counts, won = Counter(), Counter()
        for row, outcome in zip(rows, outcomes, strict=True):
            value = as_value(name, row, cuts)
            counts[value] += 1
            won[value] += outcome
        weights[name] = weigh(counts, won, share)
        seen[name] = {value: [counts[value], won[value]] for value in weights[name] if value in counts}
    table = {"base": base, "cases": len(rows), "won": sum(outcomes), "cuts": cuts, "weights": weights, "seen": seen}
    return table | {"trust": trusts(fields, [evidence(table, row) for row in rows], outcomes, base)}


def as_value(name, row, cuts):
    """A row's value of a field, as the table names it."""
    value = row.get(name)
    return binned(value, cuts[name]) if name in cuts else EMPTY if value is None else str(value)


def weigh(counts, won, share):
    """{value: weight}; rare values share the weight of all of them together."""
    rare = [value for value, count in counts.items() if count < RARE and value != EMPTY]
    counts, won = Counter(counts), Counter(won)
    for value in rare:
        counts[OTHER] += counts.pop(value)
        won[OTHER] += won.pop(value, 0)
    base = logit(share)
    return {
        value: logit((won[value] + PRIOR * share) / (count + PRIOR)) - base for value, count in sorted(counts.items())
    }


def evidence(table, row):
    """{field: weight} of a row before trust; a value that was never seen counts as the rare ones do."""
    found = {}
    for name, weights in table["weights"].items():
        value = as_value(name, row, table["cuts"])
        found[name] = weights.get(value, weights.get(OTHER, 0.0) if value != EMPTY else 0.0)
    return found


def trusts(fields, found, outcomes, base):
    """{field: 0 … 1.5}: logistic regression over the weights themselves, by damped Newton steps on each field in turn.

    Cases with the same weights are one, so that the cost hangs on how many kinds of cases there are.
    """
    kinds = defaultdict(lambda: [0, 0])
    for row, outcome in zip(found, outcomes, strict=True):
        kind = kinds[tuple(row[name] for name in fields)]
        kind[0] += 1
        kind[1] += outcome
    cases = [(values, count, won) for values, (count, won) in kinds.items()]
    trust = [0.5] * len(fields)
    odds = [base + sum(w * v for w, v in zip(trust, values, strict=True)) for values, _n, _w in cases]
    for _step in range(STEPS):
        moved = 0.0
        for place in range(len(fields)):
            slope, curve = RIDGE * (0.5 - trust[place]), RIDGE
            for (values, count, won), at in zip(cases, odds, strict=True):
                if value := values[place]:
                    chance = squash(at)
                    slope += (won - count * chance) * value
                    curve += count * chance * (1 - chance) * value * value
            step = max(-trust[place], min(1.5 - trust[place], slope / curve))
            trust[place] += step
            moved = max(moved, abs(step))
            for number, (values, _n, _w) in enumerate(cases):
                odds[number] += step * values[place]
        if moved < 0.01:
            break
    return dict(zip(fields, trust, strict=True))


def weights_of(table, row):
    """{field: what its value adds to the logarithm of the odds} of a row; they add up with table["base"]."""
    return {name: table["trust"].get(name, 1.0) * weight for name, weight in evidence(table, row).items()}


def chance_of(table, row):
    """The probability that a case such as this row converts."""
    return squash(table["base"] + sum(weights_of(table, row).values()))


def area(chances, outcomes):
    """How often a case that converted was given a higher chance than one that did not (AUC); ties count half."""
    pairs = sorted(zip(chances, outcomes, strict=True))
    rank, total, position = 0.0, sum(outcomes), 0
    while position < len(pairs):
        end = position
        while end < len(pairs) and pairs[end][0] == pairs[position][0]:
            end += 1
        rank += sum(outcome for _chance, outcome in pairs[position:end]) * (position + end + 1) / 2
        position = end
    return (rank - total * (total + 1) / 2) / (total * (len(pairs) - total))
