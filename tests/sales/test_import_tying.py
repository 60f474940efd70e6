"""Lines that name no order are tied by their sums, or not at all (PL-1)."""

import random
from decimal import Decimal

from sales.imports.tying import tie


def test_lines_that_add_up_to_orders_are_tied_whatever_the_order_of_these():
    lines = [Decimal("10.00"), Decimal("5.50"), Decimal("4.50"), Decimal("7.25")]
    assert tie(lines, {"a": Decimal("7.25"), "b": Decimal("15.50"), "c": Decimal("4.50")}) == {
        0: "b",
        1: "b",
        2: "c",
        3: "a",
    }


def test_a_cent_lost_by_rounding_does_not_matter():
    assert tie([Decimal("3.33"), Decimal("3.33"), Decimal("3.33"), Decimal(8)], {"a": Decimal("10.00"), "b": Decimal(8)}) == dict.fromkeys(
        (0, 1, 2), "a") | {3: "b"}  # fmt: skip


def test_nothing_is_invented():
    """A file with a line too many, equal orders, or two ways to divide it ties nothing that is in doubt."""
    assert tie([Decimal(10), Decimal(5), Decimal(3)], {"a": Decimal(10), "b": Decimal(5)}) == {}
    assert tie([Decimal(5), Decimal(5)], {"a": Decimal(5), "b": Decimal(5)}) == {}
    assert tie([Decimal(5), Decimal(7)], {"a": Decimal(12), "b": Decimal(5), "c": Decimal(7)}) == {}
    assert tie([], {"a": Decimal(1)}) == {}
    assert tie([Decimal(1)], {}) == {}


def test_a_large_file_is_tied_whole():
    dice, lines, totals, truth = random.Random(7), [], {}, {}
    for order in range(800):
        part = [Decimal(dice.randrange(10_000, 3_000_000)) / 100 for _line in range(dice.randrange(1, 7))]
        truth |= dict.fromkeys(range(len(lines), len(lines) + len(part)), order)
        lines += part
        totals[order] = sum(part)
    found = tie(lines, dict(sorted(totals.items(), key=lambda pair: pair[1])))
    assert all(truth[line] == order for line, order in found.items())
    assert len(found) > 0.95 * len(lines)
