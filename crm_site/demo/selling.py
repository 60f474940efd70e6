"""What the demo company sold in two years: products, campaigns, leads, deals with all their steps, quotes and sales."""

from collections import Counter
from datetime import datetime, time, timedelta
from decimal import Decimal

from django.db.models import prefetch_related_objects
from django.utils import timezone

from crm_site.core.models import Setting
from crm_site.demo.people import known_since, name_partner, person, plain, site_of
from crm_site.demo.talk import REPS
from crm_site.demo.words import (
    CAMPAIGNS,
    COUNTRIES,
    DEAL_WORDS,
    INQUIRIES,
    LISTS,
    NEXT_STEPS,
    PRODUCTS,
    SELLER,
    SOURCES,
)  # fmt: skip
from customers.models import Activity
from customers.operations.activities import log_activities
from marketing.models import ContactListMember
from marketing.operations.campaigns import create_campaigns, create_contact_lists
from sales import forecasting, rollup
from sales.models import (
    AssignmentRule,
    Competition,
    ContactRole,
    Lead,
    LossReason,
    Opportunity,
    OpportunityLine,
    RuleMember,
    Stage,
    WebForm,
)
from sales.operations.leads import create_leads
from sales.operations.opportunities import create_opportunities
from sales.operations.products import add_price, create_price_books, create_products
from sales.operations.quotes import create_quotes
from sales.operations.sales import create_sales
from sales.operations.targets import create_targets
from sales.operations.totals import line_values
from sales.periods import add_months, period_of

SPAN, CURRENCY, THOUSANDS = 730, "EUR", Decimal("1E3")
NEW_BUSINESS, OPEN_LEADS = 150, 42
# Of ten deals so many are won from each stage that they reach.
GOES_ON = (0.8, 0.78, 0.75, 0.72)
LAG = {"high": (4, 14), "low": (12, 40)}


def make(users, parties, choose):
    """{what: rows} of all that selling needs and brings; `users` in the order of the cast."""
    author = users[0]
    products = make_products(author)
    campaigns = make_campaigns(users, parties, choose)
    deals, stories = make_deals(users, parties, products, campaigns, choose)
    walk(stories)
    leads = make_leads(users, deals, campaigns, products, choose)
    quotes, sales = make_papers(author, deals, choose)
    targets = make_targets(users, deals, choose)
    forecasting.learn_anew()
    return {"products": products, "campaigns": campaigns, "deals": deals, "leads": leads, "quotes": quotes,
            "sales": sales, "targets": targets}  # fmt: skip


def make_products(author):
    """What we sell, each with its standard price and, for partners, a lower one from a book of theirs."""
    products = create_products(
        [{"name": name, "code": code, "family": family, "unit": unit, "tax_rate": Decimal(20)}
         for name, code, family, _price, unit in PRODUCTS], by=author,
    )  # fmt: skip
    for product, (_name, _code, _family, price, _unit) in zip(products, PRODUCTS, strict=True):
        product.price = Decimal(price)
        add_price(product, {"currency": CURRENCY, "amount": product.price}, by=author)
    [book] = create_price_books([{"name": "Partners", "description": "For who sells on."}], by=author)
    for product in products:
        amount = product.price * Decimal("0.85")
        add_price(product, {"book": book, "currency": CURRENCY, "amount": amount}, by=author)
    return products


def make_campaigns(users, parties, choose):
    """Campaigns over two years with their costs, and lists with people on them."""
    marketer, today = users[9], timezone.localdate()
    rows = []
    for name, kind, ago, length, budget, cost in CAMPAIGNS:
        starts = today - timedelta(days=ago)
        ends = starts + timedelta(days=length)
        status = "completed" if ends < today else "active" if starts <= today else "planned"
        made = timezone.now() - timedelta(days=min(ago + 60, SPAN)) if ago > 0 else timezone.now() - timedelta(days=9)
        rows.append({
            "name": name, "type": kind, "status": status, "starts_on": starts, "ends_on": ends, "currency": CURRENCY,
            "budgeted_cost": budget, "actual_cost": cost, "expected_revenue": budget * 6, "expected_response": 4,
            "owner": marketer, "created_at": made, "changed_at": made,
        })  # fmt: skip
    campaigns = create_campaigns(rows, by=users[0])
    lists = create_contact_lists([{"name": n, "purpose": p, "owner": marketer} for n, p in LISTS], by=users[0])
    ContactListMember.objects.bulk_create([
        ContactListMember(list=each, contact=contact, added_at=contact.created_at)
        for each in lists for contact in choose.sample(parties["contacts"], len(parties["contacts"]) // 4)
    ])  # fmt: skip
    return campaigns


def make_deals(users, parties, products, campaigns, choose):
    """(deals, [(deal, steps)]): each begins in the first stage; the steps say when it went where."""
    stages = list(Stage.objects.filter(pipeline__is_default=True).order_by("order"))
    people = {}
    for contact in parties["contacts"]:
        people.setdefault(contact.account_id, []).append(contact)
    trading = [c for c in parties["customers"] if c.owner_id in {users[n].pk for n in REPS}]
    plans = []
    for customer, ago in beginnings(trading, choose):
        began = timezone.now() - timedelta(days=ago, minutes=choose.randint(0, 600))
        plans.append(plan(customer, people, began, products, campaigns, choose))
    plans.sort(key=lambda found: found["row"]["created_at"])
    name_partner([found["row"] for found in plans], users)
    deals = create_opportunities([found["row"] | {"stage": stages[0]} for found in plans], by=users[0])
    keep_details(deals, plans, parties, choose)
    reasons = list(LossReason.objects.order_by("order"))
    return deals, [(deal, story(deal, stages, reasons, choose)) for deal in deals]


def beginnings(customers, choose):
    """[(customer, days ago)]: a first deal soon after each came, and others evenly over the two years."""
    ages = {customer: max((timezone.now() - customer.created_at).days, 8) for customer in customers}
    found = [(customer, age - choose.randint(0, min(60, age - 3))) for customer, age in ages.items()]
    for _n in range(NEW_BUSINESS * 3):
        ago = choose.randint(3, SPAN - 10)
        known = [customer for customer, age in ages.items() if age >= ago] or [max(ages, key=ages.get)]
        found.append((choose.choice(known), ago))
    return found


def plan(customer, people, began, products, campaigns, choose):
    """One deal as it begins: {"row": for the operation, "lines"}."""
    contact = customer.contact or choose.choice(people.get(customer.account_id) or [None])
    machine = choose.choice(products[:6])
    count = choose.choices((1, 2, 3, 5, 8), (10, 6, 3, 2, 1))[0]
    bought = [(machine, count), *((each, count) for each in choose.sample(products[6:], choose.randint(0, 2)))]
    lines = [{"product": product, "description": product.name, "quantity": Decimal(number),
              "unit_price": product.price, "tax_rate": product.tax_rate} for product, number in bought]  # fmt: skip
    lines = [line | line_values(line, CURRENCY) for line in lines]
    running = [c for c in campaigns if c.starts_on and 0 <= (began.date() - c.starts_on).days < 120]
    close = began.date() + timedelta(days=choose.randint(30, 110))
    row = {
        "name": f"{customer.name} – {choose.choice(DEAL_WORDS)}", "customer": customer, "account": customer.account,
        "contact": contact, "owner": customer.owner, "amount": sum(line["net"] for line in lines),
        "currency": CURRENCY, "amount_from_lines": True, "close_date": close, "created_at": began,
        "changed_at": began, "stage_since": began, "source": choose.choice(SOURCES),
        "type": choose.choice(("new", "new", "upsell", "renewal")),
        "campaign": choose.choice(running) if running and choose.random() < 0.5 else None,
    }  # fmt: skip
    return {"row": {key: value for key, value in row.items() if value is not None}, "lines": lines}


def keep_details(deals, plans, parties, choose):
    """Lines, contact roles and competitors of new deals."""
    OpportunityLine.objects.bulk_create([
        OpportunityLine(opportunity=deal, position=n, **line)
        for deal, found in zip(deals, plans, strict=True) for n, line in enumerate(found["lines"], 1)
    ])  # fmt: skip
    ContactRole.objects.bulk_create(
        [ContactRole(opportunity=deal, contact_id=deal.contact_id, role=choose.choice(("decision_maker", "user")))
         for deal in deals if deal.contact_id]
    )  # fmt: skip
    rivals = [account for account in parties["accounts"] if account.is_competitor]
    Competition.objects.bulk_create(
        [Competition(opportunity=deal, account=choose.choice(rivals)) for deal in deals if choose.random() < 0.2]
    )


def story(deal, stages, reasons, choose):
    """[(when, {field: value})]: the stages that a deal went through until today, pushed now and then, and its end."""
    at, steps, now = deal.created_at, [], timezone.now()
    close, fate = deal.close_date, choose.random() < 0.55
    for place, chance in enumerate(GOES_ON):
        low, high = LAG["high" if fate else "low"]
        at += timedelta(days=choose.randint(low, high), minutes=choose.randint(-200, 200))
        if at >= now:
            return steps
        if at.date() > close - timedelta(days=5):
            close = at.date() + timedelta(days=choose.randint(20, 60))
            steps.append((at, {"close_date": close, "pushes": len([1 for _at, v in steps if "pushes" in v]) + 1}))
            at += timedelta(minutes=5)
        if choose.random() > chance + (0.2 if fate else -0.25):
            return [*steps, (at, ending(stages[-1], at, choose, reasons))]
        if place + 1 < len(GOES_ON):
            steps.append((at, entering(stages[place + 1], at)))
    return [*steps, (at, ending(stages[-2], at, choose, reasons))]


def entering(stage, at):
    """What changes when a deal goes to a stage."""
    return {"stage": stage, "probability": stage.probability, "category": stage.category, "state": stage.state,
            "stage_since": at}  # fmt: skip


def ending(stage, at, choose, reasons):
    """What changes when a deal is closed."""
    values = entering(stage, at) | {"closed_at": at, "close_date": timezone.localdate(at)}
    return values | ({"loss_reason": choose.choice(reasons[:-1])} if stage.state == Stage.LOST else {})


def walk(stories):
    """Take all deals through their steps, the first of each, then the second, and so on, each at its own time."""
    rows = Opportunity.objects.unscoped("the demo company's own past")
    for turn in range(max(len(steps) for _deal, steps in stories)):
        names, moved = {"changed_at", "version"}, []
        for deal, steps in stories:
            if turn < len(steps):
                at, values = steps[turn]
                for name, value in (values | {"changed_at": at, "version": deal.version + 1}).items():
                    setattr(deal, name, value)
                names |= set(values)
                moved.append(deal)
        rows.bulk_update(moved, sorted(names), batch_size=500)
    finish(rows, [deal for deal, _steps in stories if deal.state == Stage.OPEN])


def finish(rows, open_deals):
    """What the open deals' people have in mind next, and when something was last done with their customers."""
    today = timezone.localdate()
    last = dict(
        Activity.objects.unscoped("the demo company's own past").filter(status="done").order_by("at")
        .values_list("customer", "at")
    )  # fmt: skip
    for n, deal in enumerate(open_deals):
        if deal.close_date < today - timedelta(days=20):
            deal.close_date = today + timedelta(days=10 + n % 60)
        deal.last_activity_at = last.get(deal.customer_id)
        if n % 5:
            deal.next_step, deal.next_step_date = NEXT_STEPS[n % len(NEXT_STEPS)], today + timedelta(days=n % 17 - 3)
    planned = [deal for deal in open_deals if deal.next_step and deal.next_step_date >= today]
    for task, deal in zip(plan_steps(planned), planned, strict=True):
        deal.next_activity_at = task.at
    names = ["close_date", "next_step", "next_step_date", "last_activity_at", "next_activity_at"]
    rows.bulk_update(open_deals, names, batch_size=500)


def plan_steps(deals):
    """The next steps of deals as tasks of their owners, at ten in the morning; some are about another deal, too."""
    own = [deal for deal in deals if deal.owner_id == deals[0].owner_id]
    return log_activities([
        {"kind": Activity.TASK, "subject": deal.next_step, "regarding": deal, "owner": deal.owner,
         "also": [("sales.opportunity", own[0].pk)] if deal in own[2::3] else (),
         "at": timezone.make_aware(datetime.combine(deal.next_step_date, time(10)))}
        for deal in deals
    ], by=deals[0].owner) if deals else []  # fmt: skip


def make_leads(users, deals, campaigns, products, choose):
    """The inquiries from which new business came, those that came to nothing, and the ones still open."""
    won = [deal for deal in deals if deal.type == "new" and deal.contact_id][-NEW_BUSINESS:]
    prefetch_related_objects(won, "contact", "account", "customer", "owner", "campaign")
    rows = [converted(deal) for deal in won]
    new = [lost_inquiry(users, choose) for _n in range(NEW_BUSINESS // 2)]
    new += [fresh_inquiry(users, campaigns, products, choose) for _n in range(OPEN_LEADS)]
    leads = create_leads(rows + known_since(name_partner(new, users), by=users[0]), by=users[0])
    for lead, deal in zip(leads, won, strict=False):
        deal.lead = lead
    Opportunity.objects.unscoped("the demo company's own past").bulk_update(won, ["lead"])
    make_desk(users, campaigns)
    return leads


def converted(deal):
    """The inquiry that became a deal, some days before it."""
    contact, began = deal.contact, deal.created_at - timedelta(days=2, hours=3)
    return {
        "contact": contact, "first_name": contact.first_name, "last_name": contact.last_name, "email": contact.email,
        "company": deal.account.name if deal.account_id else "", "owner": deal.owner, "source": deal.source,
        "campaign": deal.campaign, "subject": deal.name.partition(" – ")[2], "amount": deal.amount,
        "currency": CURRENCY, "status": Lead.CONVERTED, "converted_at": deal.created_at, "created_at": began,
        "changed_at": deal.created_at, "responded_at": began + timedelta(hours=2), "converted_account": deal.account,
        "converted_customer": deal.customer, "converted_opportunity": deal, "account": deal.account,
        "customer": deal.customer, "country": contact.country,
    }  # fmt: skip


def inquiry(users, choose):
    """Somebody new who asks for something."""
    country = choose.choice(sorted(COUNTRIES))
    first, last = person(country, choose, set())
    company = f"{choose.choice(('Café', 'Hotel', 'Bistro', 'Studio', 'Kanzlei', 'Atelier'))} {last}"
    subject, text = choose.choice(INQUIRIES)
    land = COUNTRIES[country]
    return {
        "first_name": first, "last_name": last, "company": company, "subject": subject, "description": text,
        "email": f"{plain(first)}.{plain(last)}@{site_of(company)}", "country": country,
        "phone": land["phone"].format(n=choose.randint(10, 89)), "source": choose.choice(SOURCES),
        "owner": users[choose.choice(REPS)], "amount": choose.choice((None, 1900, 3900, 6400, 12000)),
    }  # fmt: skip


def lost_inquiry(users, choose):
    """An inquiry that came to nothing."""
    at = timezone.now() - timedelta(days=choose.randint(20, SPAN - 30))
    reason = choose.choice(("not_interested", "no_budget", "not_reachable", "wrong_fit", "competitor", "spam"))
    end = at + timedelta(days=choose.randint(1, 15))
    return inquiry(users, choose) | {
        "status": Lead.DISQUALIFIED, "disqualify_reason": reason, "disqualified_at": end, "created_at": at,
        "changed_at": end, "responded_at": at + timedelta(hours=choose.randint(1, 30)),
    }  # fmt: skip


def fresh_inquiry(users, campaigns, products, choose):
    """An inquiry of the last weeks."""
    at = timezone.now() - timedelta(hours=choose.randint(2, 24 * 24))
    status = choose.choice((Lead.NEW, Lead.NEW, Lead.WORKING, Lead.QUALIFIED))
    answered = {} if status == Lead.NEW else {"responded_at": at + timedelta(hours=3)}
    row = inquiry(users, choose) | {
        "status": status, "rating": choose.choice(("", "hot", "warm", "cold")), "created_at": at, "changed_at": at,
        "campaign": choose.choice([None, *(c for c in campaigns if c.status == "active")]),
        "product": choose.choice([None, *products[:6]]), **answered,
    }  # fmt: skip
    return row | ({"owner": None, "team": users[choose.choice(REPS)].team} if choose.random() < 0.15 else {})


def make_desk(users, campaigns):
    """A name for papers, a form on the web, a rule that shares out what comes in; remembered for the removal."""
    form = WebForm.objects.create(
        name="Ask us", title="How can we help?", source="Website", team=users[2].team, campaign=campaigns[5],
        fields=["first_name", "last_name", "company", "email", "phone", "subject", "description"],
        required=["last_name", "email"], thanks="Thank you. One of us calls you within a working day.",
        consent_text="You may use what I wrote here to answer me.",
    )  # fmt: skip
    rule = AssignmentRule.objects.create(
        name="Everything from the web, in turn", order=10, team=users[2].team, respond_minutes=240,
        conditions=[{"field": "source", "op": "equals", "value": "Website"}],
        escalate_minutes=480, escalate_to=users[1],
    )  # fmt: skip
    RuleMember.objects.bulk_create([RuleMember(rule=rule, user=users[n], order=n, capacity=40) for n in REPS])
    kept = Setting.objects.get(pk="demo")
    company, named = Setting.objects.get_or_create(pk="company", defaults={"value": SELLER})
    kept.value |= {"forms": [form.pk], "rules": [rule.pk], "company": company.value if named else None}
    kept.save()


def forget(kept):
    """Remove what is no record: the web form, the rule, the company's name; and count anew what deals there are."""
    Setting.objects.filter(pk="company", value=kept.get("company")).delete()
    WebForm.objects.filter(pk__in=kept.get("forms", [])).delete()
    AssignmentRule.objects.filter(pk__in=kept.get("rules", [])).delete()
    rollup.rebuild()
    forecasting.learn_anew()


def make_papers(author, deals, choose):
    """(quotes, sales): an accepted quote and an order for what was won, quotes under way for what is further on."""
    prefetch_related_objects(deals, "lines__product", "contact", "account", "customer", "owner")
    quotes, orders = [], []
    for deal in deals:
        lines = [{name: getattr(line, name) for name in ("product", "description", "quantity", "unit_price",
                                                         "tax_rate")} for line in deal.lines.all()]  # fmt: skip
        about = {"customer": deal.customer, "account": deal.account, "contact": deal.contact, "currency": CURRENCY,
                 "owner": deal.owner, "opportunity": deal, "lines": lines}  # fmt: skip
        about = {key: value for key, value in about.items() if value is not None}
        if deal.state == Stage.WON:
            sent = max(deal.created_at, deal.closed_at - timedelta(days=choose.randint(3, 12)))
            quotes.append(about | {"subject": deal.name, "status": "accepted", "valid_until": deal.close_date,
                                   "sent_at": sent, "answered_at": deal.closed_at, "created_at": sent,
                                   "changed_at": deal.closed_at, "answered_by": str(deal.contact or "")})  # fmt: skip
            orders.append(about | {
                "name": deal.name, "sold_on": deal.close_date,
                "progress": "delivered" if deal.close_date < timezone.localdate() - timedelta(days=21) else "approved",
            } | dict.fromkeys(("created_at", "changed_at"), deal.closed_at))  # fmt: skip
        elif deal.state == Stage.OPEN and deal.probability >= 50:
            valid = timezone.localdate() + timedelta(days=20)
            quotes.append(about | {"subject": deal.name, "status": "sent", "valid_until": valid}
                          | dict.fromkeys(("sent_at", "created_at", "changed_at"), deal.stage_since))  # fmt: skip
    return create_quotes(quotes, by=author), create_sales(orders, by=author)


def make_targets(users, deals, choose):
    """A quota each quarter for each seller, one for each team that sells, and what the head of sales signed for.

    What somebody is given is what their territory usually brings in a quarter, a little more each time.
    """
    today, usual = timezone.localdate(), Counter()
    for deal in deals:
        if deal.state == Stage.WON:
            usual[deal.owner_id] += int(deal.amount) // (SPAN // 91)
    rows = []
    for back in range(-7, 2):
        quarter = period_of(add_months(today.replace(day=1), 3 * back), "quarter")
        growth = Decimal(85 + 4 * (back + 7)) / 100
        goals = {n: (usual[users[n].pk] * growth + 1000 * choose.randint(-4, 4)).quantize(THOUSANDS) for n in REPS}
        rows += [{"user": users[n], "starts_on": quarter.starts_on, "value": goals[n]} for n in REPS]
        for team, kept_back in ((users[2].team, "1.03"), (users[5].team, "1.05"), (users[1].team, "1.08")):
            below = [goals[n] for n in REPS if users[n].team == team] or goals.values()
            value = (sum(below) * Decimal(kept_back)).quantize(THOUSANDS)
            rows.append({"for_team": team, "starts_on": quarter.starts_on, "value": value})
    return create_targets([row | {"value": max(row["value"], Decimal(5000))} for row in rows], by=users[0])
