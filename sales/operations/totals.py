"""Totals of lines: exact decimals and one rule of rounding, half up, line by line, by the currency's digits."""

from decimal import Decimal, localcontext

from crm_site.core.money import quantum, rounded

# Digits enough for a quantity x price x percentage of the widest columns, so that only the rule itself rounds.
DIGITS = 60


def line_values(row, currency):
    """{"net", "tax", "total"} of a line, rounded to the currency.

    `row` is a mapping with quantity, unit_price, discount_percent, discount_amount and tax_rate, Decimals; those
    that are missing or None are 1 for the quantity and 0 for the others.
    """
    with localcontext(prec=DIGITS):
        quantity = Decimal(1) if row.get("quantity") is None else row["quantity"]
        price, percent, off, rate = (
            row.get(name) or Decimal(0) for name in ("unit_price", "discount_percent", "discount_amount", "tax_rate")
        )
        net = rounded(quantity * price * (100 - percent) / 100 - off, currency)
        tax = rounded(net * rate / 100, currency)
        return {"net": net, "tax": tax, "total": net + tax}


def totals(lines, adjustment=0):
    """{"net", "tax", "adjustment", "total"}: the sums of lines (mappings with net and tax) and an adjustment."""
    adjustment = Decimal(adjustment or 0)
    net = sum((line["net"] for line in lines), Decimal(0))
    tax = sum((line["tax"] for line in lines), Decimal(0))
    return {"net": net, "tax": tax, "adjustment": adjustment, "total": net + tax + adjustment}


def shared_out(amount, weights, currency):
    """The amount in as many parts as weights, in their proportion: rounded half up, the remainder on the last.

    The parts add up to the amount exactly. Weights that add up to zero count alike. No weights, no parts.
    """
    return portions(amount, weights, quantum(currency))


def portions(amount, weights, step):
    """As shared_out, in steps such as Decimal("0.01")."""
    if not weights:
        return []
    with localcontext(prec=DIGITS) as context:
        context.rounding = "ROUND_HALF_UP"
        if not sum(weights):
            weights = [1] * len(weights)
        whole = Decimal(sum(weights))
        parts = [(Decimal(amount) * weight / whole).quantize(step) for weight in weights[:-1]]
        return [*parts, Decimal(amount) - sum(parts, Decimal(0))]
