"""Lines of a file that name no order: tied to the orders by their sums, where there is only one way."""

from bisect import bisect_left
from collections import Counter

LONGEST = 24  # lines of one order


def tie(amounts, totals):
    """{number of the line: key of its order} for the lines that belong to an order beyond doubt.

    The lines of an order stand together and add up to its total, give or take a cent or two that was lost by rounding
    each line. `amounts` are the lines' in the order of the file, `totals` is {key: total}. The whole file has to fall
    apart into orders, each met once; otherwise nothing is tied. Where it can do so in several ways, the lines that
    they disagree on are left out.
    """
    by_total = sorted((total, key) for key, total in totals.items() if total)
    sums, ends = prefix_sums(amounts), len(amounts)
    for cents in (0, 1, 2):
        fits = fitter([total for total, _key in by_total], cents)
        steps = walk(sums, fits)
        if steps[ends]:
            return certain(steps, sums, fits, [key for _total, key in by_total])
    return {}


def prefix_sums(amounts):
    """The sums of the first 0, 1, 2 … amounts, in cents."""
    sums = [0]
    for amount in amounts:
        sums.append(sums[-1] + round(amount * 100))
    return sums


def fitter(totals, cents):
    """The function that gives the places of the totals within so many cents of a sum (in cents)."""
    known = [round(total * 100) for total in totals]

    def fits(wanted):
        place, found = bisect_left(known, wanted - cents), []
        while place < len(known) and known[place] <= wanted + cents:
            found.append(place)
            place += 1
        return found

    return fits


def walk(sums, fits):
    """[the beginnings from which an order may reach each place], place 0 being the beginning of the file."""
    steps = [[] for _sum in sums]
    reached = [False] * len(sums)
    reached[0] = True
    for start in range(len(sums) - 1):
        if not reached[start]:
            continue
        for end in range(start + 1, min(start + LONGEST, len(sums) - 1) + 1):
            if fits(sums[end] - sums[start]):
                reached[end] = True
                steps[end].append(start)
    return steps if len(sums) > 1 else [[]]


def certain(steps, sums, fits, keys):
    """{line: key} of the orders that every way through the file has, each order met once."""
    useful, pairs = {len(sums) - 1}, []
    for end in range(len(sums) - 1, 0, -1):
        if end in useful:
            useful.update(steps[end])
            pairs += [(start, end) for start in steps[end]]
    covered = Counter()
    for start, end in pairs:
        covered.update(range(start, end))
    alone = [(start, end, fits(sums[end] - sums[start])) for start, end in pairs]
    alone = [(start, end, found[0]) for start, end, found in alone if len(found) == 1]
    times = Counter(place for _start, _end, place in alone)
    return {
        line: keys[place]
        for start, end, place in alone if times[place] == 1 and all(covered[n] == 1 for n in range(start, end))
        for line in range(start, end)
    }  # fmt: skip
