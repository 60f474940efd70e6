"""The forecast's own sweeps: sums and odds follow the deals, and each night all of it is learned and compared anew."""

from sales import backtest, odds, rollup

# So many changed deals at once are quicker done all together.
MANY = 5_000


def keep_up():
    """Take in all changes of deals, and give the changed ones their odds; returns how many changes there were."""
    changes, deals, owners = 0, set(), set()
    while (rolled := rollup.roll_up()).changes:
        changes += rolled.changes
        deals.update(rolled.deals)
        owners.update(rolled.owners)
    if len(deals) > MANY:
        odds.apply()
    elif deals:
        odds.apply(sorted(deals), list(owners))
    return changes


def learn_anew():
    """Repair the sums, learn the odds, give them to all open deals, and compare the past; returns the samples."""
    rollup.repair()
    model = odds.learn()
    odds.apply()
    backtest.run()
    return model.samples
