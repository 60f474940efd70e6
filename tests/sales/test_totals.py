"""QS-1: totals of lines are exact and rounded once, half up, by the currency."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_site.core.money import quantum
from sales.operations.totals import line_values, portions, shared_out, totals
from sales.templatetags.sales import short

CASES = [
    ("EUR", "1", "0.005", "0", "0", "0", "0.01", "0.00"),
    ("EUR", "3", "0.335", "0", "0", "0", "1.01", "0.00"),
    ("EUR", "1", "10.00", "33.3333", "0", "19", "6.67", "1.27"),
    ("EUR", "2.5", "19.99", "10", "1.50", "7", "43.48", "3.04"),
    ("JPY", "3", "333.5", "0", "0", "10", "1001", "100"),
    ("JPY", "1", "0.5", "0", "0", "0", "1", "0"),
    ("KWD", "3", "0.3335", "0", "0", "5", "1.001", "0.050"),
    ("EUR", "-1", "0.005", "0", "0", "0", "-0.01", "0.00"),
]


@pytest.mark.parametrize(("currency", "quantity", "price", "percent", "off", "rate", "net", "tax"), CASES)
def test_qs1_each_line_is_rounded_half_up(currency, quantity, price, percent, off, rate, net, tax):
    """QS-1."""
    row = {"quantity": Decimal(quantity), "unit_price": Decimal(price), "discount_percent": Decimal(percent),
           "discount_amount": Decimal(off), "tax_rate": Decimal(rate)}  # fmt: skip
    made = line_values(row, currency)
    assert (made["net"], made["tax"]) == (Decimal(net), Decimal(tax))
    assert made["total"] == made["net"] + made["tax"]


def test_qs1_a_binary_float_would_round_otherwise():
    """QS-1."""
    assert line_values({"unit_price": Decimal("1.005")}, "EUR")["net"] == Decimal("1.01")
    assert round(1.005, 2) == 1.0


def decimals(low, high, places):
    """Decimals between two bounds."""
    return st.decimals(low, high, places=places, allow_nan=False, allow_infinity=False)


ROWS = st.fixed_dictionaries({
    "quantity": decimals("0.0001", "9999999999", 4), "unit_price": decimals("-99999999999999", "99999999999999", 4),
    "discount_percent": decimals(0, 100, 4), "discount_amount": decimals(0, 99999, 3), "tax_rate": decimals(0, 99, 4),
})  # fmt: skip


def half_up(exact, step):
    """Half up, away from zero, over exact fractions: the rule said in another way."""
    scaled = abs(exact) / Fraction(step)
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return whole * Fraction(step) * (-1 if exact < 0 else 1)


@given(ROWS, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_qs1_equals_exact_fractions(row, currency):
    """QS-1."""
    made, f = line_values(row, currency), {k: Fraction(v) for k, v in row.items()}
    net = half_up(f["quantity"] * f["unit_price"] * (100 - f["discount_percent"]) / 100 - f["discount_amount"],
                  quantum(currency))  # fmt: skip
    assert Fraction(made["net"]) == net
    assert Fraction(made["tax"]) == half_up(net * f["tax_rate"] / 100, quantum(currency))


@given(st.lists(ROWS, max_size=8), decimals(-999, 999, 2))
def test_qs1_the_total_is_the_sum_of_what_is_printed(rows, adjustment):
    """QS-1."""
    lines = [line_values(row, "EUR") for row in rows]
    made = totals(lines, adjustment)
    assert made["total"] == sum((line["total"] for line in lines), Decimal(0)) + adjustment


@given(decimals(-9999999, 9999999, 2), st.lists(decimals("0", "100", 3), min_size=1, max_size=9))
def test_tg_shares_add_up(amount, weights):
    parts = shared_out(amount, weights, "EUR")
    assert sum(parts) == amount
    assert all(part == part.quantize(Decimal("0.01")) for part in parts)
    assert sum(portions(1, weights, Decimal("0.00001"))) == 1


@pytest.mark.parametrize(
    ("number", "least", "text"),
    [("12500.5000", 2, "12,500.50"), ("0.0125", 2, "0.0125"), ("1500.0000", 0, "1,500"), ("7.7000", 0, "7.7")],
)
def test_a_price_shows_no_zeros_that_only_fill_its_column(number, least, text):
    assert short(Decimal(number), least) == text
