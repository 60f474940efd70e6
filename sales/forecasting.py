"""The forecast's own sweeps: sums and odds follow the deals, and each night all of it is learned and compared anew."""

from django.db import transaction

from sales import attainment, backtest, odds, rollup

# So many changed deals at once are quicker done all together.
MANY = 5_000


def keep_up():
    """Take in all changes of deals, and give the changed ones their odds; returns how many changes there were."""
    changes, many = 0, False
    while rolled := rolled_up():
        changes += rolled.changes
        many = many or len(rolled.deals) > MANY
    if many:
        odds.apply()
    return changes


def rolled_up():
    """The next changes, taken in together with the odds of their deals where these are few; None without any.

    Both or neither: readers count with the old odds of a deal until its change is taken in.
    """
    with transaction.atomic():
        rolled = rollup.roll_up()
        if rolled.deals and len(rolled.deals) <= MANY:
            odds.apply(sorted(rolled.deals), rolled.owners)
    return rolled if rolled.changes else None


def learn_anew():
    """Repair the sums, learn odds and sizes, give the odds to all open deals, compare the past; returns the samples."""
    rollup.repair()
    model = odds.learn()
    odds.apply()
    attainment.learn_sizes()
    backtest.run()
    return model.samples
