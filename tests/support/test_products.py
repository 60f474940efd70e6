"""Installed products and entitlements (PP-3)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from crm_site.core.operations import Refused
from sales.models import Sale
from support import cover
from support.contracts import entitlement_for
from support.models import Entitlement, EntitlementUse, InstalledProduct, Policy
from support.operations.cases import create_case, create_cases, mark_spam, update_case
from support.operations.entitlements import check_entitlement, create_entitlement, use_entitlement
from support.operations.messages import receive_message
from support.operations.products import create_installed_product, install_sale
from tests.architecture.threads import at_once
from tests.cast import make_cast
from tests.conftest import signed_in
from tests.factories import (
    AccountFactory,
    CaseFactory,
    ContactFactory,
    CustomerFactory,
    EntitlementFactory,
    InstalledProductFactory,
    ProductFactory,
    SaleFactory,
    SaleLineFactory,
)
from tests.sales.test_import_deals import counts, through
from tests.support.clockwork import level

TODAY = timezone.localdate


@pytest.fixture
def everyone(transactional_db):
    """The cast, visible to other connections."""
    ContentType.objects.clear_cache()
    return make_cast()


def sale_of(user, *quantities, **values):
    """A sale with a line of another product each."""
    sale = SaleFactory(owner=user, **values)
    for quantity in quantities:
        SaleLineFactory(sale=sale, product=ProductFactory(owner=user), quantity=Decimal(quantity))
    return sale


def test_pp3_a_sale_brings_its_products_once(cast):
    """PP-3: an installed product knows its sale; making them again makes nothing twice."""
    sale = sale_of(cast.alice, 3, 1, "2.5", 5000)
    SaleLineFactory(sale=sale)
    made = install_sale(sale, by=cast.alice)
    assert (len(made), {each.sale for each in made}, {each.account for each in made}) == (6, {sale}, {sale.account})
    assert {each.bought_on for each in made} == {sale.sold_on}
    assert install_sale(sale, by=cast.alice) == []
    InstalledProduct.objects.unscoped("test").filter(pk=made[0].pk).update(deleted_at=timezone.now())
    assert install_sale(sale, by=cast.alice) == []
    SaleLineFactory(sale=sale, product=made[0].product, quantity=2)
    assert len(install_sale(sale, by=cast.bob)) == 2
    Sale.objects.unscoped("test").filter(pk=sale.pk).update(status="cancelled", cancelled_at=timezone.now())
    with pytest.raises(Refused):
        install_sale(sale, by=cast.alice)


@pytest.mark.django_db(transaction=True)
def test_pp3_eight_clicks_install_a_sale_once(everyone):
    """PP-3, R24."""
    sale = sale_of(everyone.alice, 3, 2)
    made = at_once(*[lambda: install_sale(sale, by=everyone.alice) for _click in range(8)])
    assert sorted(len(each) for each in made) == [0] * 7 + [5]


def test_an_installed_product_is_named_and_placed_by_what_is_known(cast):
    contact = ContactFactory(owner=cast.alice, account=AccountFactory(owner=cast.alice))
    made = create_installed_product({"product": ProductFactory(name="Pump"), "contact": contact}, by=cast.alice)
    assert (made.name, made.account) == ("Pump", contact.account)
    with pytest.raises(Refused) as refusal:
        create_installed_product({"name": "x"}, by=cast.alice)
    assert refusal.value.field == "product"


@pytest.mark.parametrize(("warranty", "support", "tone", "word"), [
    (0, None, "green", "In warranty"), (-1, 0, "blue", "Out of warranty"), (-1, -5, "red", "Neither"),
    (None, None, "grey", "unknown"), (None, 9, "blue", "supported"),
])  # fmt: skip
def test_warranty_in_words(warranty, support, tone, word):
    today = date(2026, 5, 4)
    days = [None if n is None else today + timedelta(days=n) for n in (warranty, support)]
    text, shown = cover.cover_of(InstalledProduct(warranty_until=days[0], support_until=days[1]), today)
    assert shown == tone
    assert word in text


def test_pp3_the_entitlement_that_fits(cast):
    """PP-3: by product, nearness, days and what is left."""
    top = AccountFactory()
    account = AccountFactory(parent=AccountFactory(parent=top))
    customer, product = CustomerFactory(account=account), ProductFactory()
    values = {"customer": customer, "account": account, "contact": None, "product": product, "installed": None}
    assert entitlement_for(values) is None
    EntitlementFactory(), EntitlementFactory(account=account, product=ProductFactory())
    EntitlementFactory(account=account, ends_on=TODAY() - timedelta(days=1))
    EntitlementFactory(account=account, starts_on=TODAY() + timedelta(days=1))
    EntitlementFactory(account=account, cases_total=2, cases_used=2)
    EntitlementFactory(account=account, minutes_total=60, minutes_used=60)
    assert entitlement_for(values) is None
    far = EntitlementFactory(account=top)
    assert entitlement_for(values) == far
    near = EntitlementFactory(account=account)
    assert entitlement_for(values) == near
    ends = EntitlementFactory(account=account, ends_on=TODAY(), cases_total=1)
    assert entitlement_for(values) == ends
    own = EntitlementFactory(account=None, customer=customer)
    assert entitlement_for(values) == own
    exact = EntitlementFactory(account=top, product=product)
    assert entitlement_for(values) == exact
    assert entitlement_for(values | {"product": None}) == own
    assert entitlement_for(values | {"product": None, "installed": InstalledProductFactory(product=product)}) == exact
    alone = {"contact": ContactFactory(account=account)}
    assert entitlement_for(alone) == ends
    assert entitlement_for({}) is None


def test_pp3_a_contract_picks_the_level_by_itself(cast):
    """PP-3, SL-2: of new cases, of one whose reporter is found later, and on the day of the case; never once counted."""
    gold = level("Gold", {"first": 0.5}, office={}, default=False)
    contract = EntitlementFactory(policy=gold, ends_on=TODAY() + timedelta(days=9))
    contact = ContactFactory(account=contract.account)
    rows = [{"subject": "x", "contact": contact}, {"subject": "y"}]
    rows.append({"subject": "z", "contact": contact, "at": timezone.now() + timedelta(days=20)})
    ours, unknown, later = create_cases(rows, by=None)
    assert [case.entitlement for case in (ours, unknown, later)] == [contract, None, None]
    assert "Gold" in ours.policy_why
    assert ours.clocks.get(metric="first").target_seconds == 1800
    found = update_case(unknown, {"contact": contact}, by=None)
    assert found.entitlement == contract
    assert found.clocks.get(metric="first", state="running").target_seconds == 1800
    other = ContactFactory(account=AccountFactory())
    assert update_case(found, {"contact": other}, by=None).entitlement is None
    use_entitlement(ours, by=None)
    assert update_case(ours, {"contact": other}, by=None).entitlement == contract


def test_pp3_what_follows_a_closed_case_has_the_contract_of_its_own_day(cast):
    """PP-3, CS-1: the old one as long as it holds, then the one that does; a case keeps none that has ended."""
    old = EntitlementFactory(ends_on=TODAY() + timedelta(days=9))
    case = create_cases(
        [{"subject": "x", "contact": ContactFactory(account=old.account), "entitlement": old}], by=None
    )[0]
    mark_spam(case, by=None)
    later = {"account": old.account, "starts_on": TODAY() + timedelta(days=10), "ends_on": None}
    new = EntitlementFactory(**later)
    for days, contract in ((1, old), (20, new)):
        at = timezone.now() + timedelta(days=days)
        assert receive_message(case, body="Again", channel="email", at=at).case.entitlement == contract


def covered_case(user, **limits):
    """A case of an account with a contract."""
    contract = EntitlementFactory(owner=user, **limits)
    return CaseFactory(owner=user, account=contract.account), contract


def test_pp3_a_case_is_checked_and_counts_once(cast):
    """PP-3: the entitlement is checked before work starts, and a case takes one of it, however often it is counted."""
    case, contract = covered_case(cast.dora, cases_total=1, minutes_total=60)
    assert check_entitlement(case)["covered"]
    use_entitlement(case, by=cast.dora, minutes=10)
    use_entitlement(case, by=cast.dora, minutes=15)
    contract.refresh_from_db(), case.refresh_from_db()
    assert (contract.cases_used, contract.minutes_used, case.entitlement) == (1, 25, contract)
    assert check_entitlement(case)["covered"], "a counted case stays covered"
    other = CaseFactory(owner=cast.dora, account=contract.account)
    check = check_entitlement(other)
    assert (check["covered"], check["entitlement"]) == (False, None)
    assert "Used up" in check["text"]
    with pytest.raises(Refused):
        use_entitlement(other, by=cast.dora)
    other.entitlement = contract
    assert not check_entitlement(other)["covered"]
    assert "No support contract" in check_entitlement(CaseFactory())["text"]


@pytest.mark.django_db(transaction=True)
def test_pp3_under_a_rush_a_case_counts_once_and_the_last_one_goes_to_one(everyone):
    """PP-3: eight at once."""
    case, contract = covered_case(everyone.dora, cases_total=3)
    at_once(*[lambda: use_entitlement(case, by=everyone.dora, minutes=1) for _each in range(8)])
    contract.refresh_from_db()
    assert (contract.cases_used, contract.minutes_used, EntitlementUse.objects.count()) == (1, 8, 1)
    cases = [CaseFactory(owner=everyone.dora, account=contract.account) for _each in range(6)]
    answers = at_once(*[lambda each=each: use_entitlement(each, by=everyone.dora) for each in cases])
    contract.refresh_from_db()
    assert contract.cases_used == 3
    assert sum(isinstance(answer, Refused) for answer in answers) == 4, answers


def test_pp3_counting_brings_the_service_level_of_the_contract(cast):
    """PP-3: the contract's service level."""
    contract = EntitlementFactory(policy=Policy.objects.get(is_default=True))
    case = create_case({"subject": "x", "account": contract.account}, by=cast.dora)
    use_entitlement(case, by=cast.dora)
    case.refresh_from_db()
    assert case.entitlement == contract


def test_an_entitlement_is_somebody_s(cast):
    with pytest.raises(Refused):
        create_entitlement({"name": "x"}, by=cast.dora)
    made = create_entitlement({"name": "x", "account": AccountFactory()}, by=cast.dora)
    assert made.starts_on == TODAY()


def test_pp3_the_pages_show_what_is_installed_and_covered(cast, client_of):
    """PP-3: shown before work starts, on the case, the customer, the account, the product and the sale."""
    client, sale = client_of(cast.dora), sale_of(cast.alice, 2)
    assert client.post(f"/sales/{sale.pk}/install/").status_code == 302
    installed = InstalledProduct.objects.visible_to(cast.dora).filter(sale=sale).first()
    contract = EntitlementFactory(account=sale.account, name="Gold support")
    for address in (
        f"/accounts/{sale.account_id}/installed/",
        f"/products/{installed.product_id}/",
        f"/sales/{sale.pk}/",
    ):
        assert f"/installed/{installed.pk}/" in client.get(address).content.decode(), address
    assert "Gold support" in client.get(f"/accounts/{sale.account_id}/installed/").content.decode()
    case = CaseFactory(owner=cast.dora, account=sale.account, installed=installed)
    assert 'id="support-case_cover"' in client.get(f"/cases/{case.pk}/").content.decode()
    assert 'id="support-account_installed"' in client.get(f"/accounts/{sale.account_id}/").content.decode()
    page = client.get(f"/cases/{case.pk}/cover/").content.decode()
    assert "Gold support" in page
    assert "Covered" in page
    assert client.post(f"/cases/{case.pk}/use/", {"minutes": "20"}).status_code == 302
    assert case.subject in client.get(f"/entitlements/{contract.pk}/cases/").content.decode()
    assert case.subject in client.get(f"/installed/{installed.pk}/cases/").content.decode()
    contract.refresh_from_db()
    assert (contract.cases_used, contract.minutes_used) == (1, 20)


@pytest.mark.django_db(transaction=True)
def test_files_bring_products_contracts_and_issues(cast, client_of):
    client = client_of(cast.rita)
    text = (
        "Product,Serial number,Account,Warranty until\nPump,P-1,Acme,2030-01-01\nPump,P-2,Acme,2030-01-01\n,P-3,Acme,\n"
    )
    job = through(client, text, "Installed.csv", kind="installed")
    assert counts(job)[0] == 2
    assert counts(through(client, text.replace("2030", "2031"), "Installed.csv", kind="installed"))[1] == 2
    found = InstalledProduct.objects.visible_to(cast.rita).get(serial="P-1")
    assert (found.name, found.account.name, found.warranty_until) == ("Pump", "Acme", date(2031, 1, 1))
    text = "Contract name,Account,Start date,End date,Cases\nGold,Acme,2026-01-01,2026-12-31,10\n"
    assert counts(through(client, text, "Contracts.csv", kind="entitlements"))[0] == 1
    assert Entitlement.objects.visible_to(cast.rita).get().cases_total == 10
    assert (
        counts(through(client, "Title,Status,Versions\nDead,Resolved,1.0\n", "Issues.csv", kind="known-issues"))[0] == 1
    )


@pytest.mark.django_db(transaction=True)
def test_pp3_pieces_without_a_serial_number_come_in_once(cast, client_of):
    """PP-3, PL-1: two equal pieces are two; the same file again brings nothing, nor does an id that is known change."""
    client, there = client_of(cast.rita), InstalledProduct.objects.visible_to(cast.rita)
    text = "Product,Serial number,Account,Warranty until\nPump,,Acme,2030-01-01\nPump,,Acme,2030-01-01\n"
    assert counts(through(client, text, "Installed.csv", kind="installed"))[0] == 2
    assert counts(through(client, text, "Installed.csv", kind="installed"))[:3] == (0, 0, 2)
    assert there.count() == 2
    text = "Id,Product,Account,Warranty until\n71,Valve,Acme,2030-01-01\n"
    assert counts(through(client, text, "Installed.csv", kind="installed"))[0] == 1
    assert counts(through(client, text.replace("2030", "2031"), "Installed.csv", kind="installed"))[:2] == (0, 1)
    assert there.get(product__name="Valve").warranty_until == date(2031, 1, 1)


def test_pp3_minutes_of_work_are_taken_down_with_an_answer(cast):
    """PP-3: the composer asks for minutes where the contract counts them; a contract that is used up says so."""
    case, contract = covered_case(cast.dora, minutes_total=60)
    address, client = f"/cases/{case.pk}/", signed_in(cast.dora)
    assert 'name="minutes"' not in client.get(address).content.decode()
    use_entitlement(case, by=cast.dora)
    assert 'name="minutes"' in client.get(address).content.decode()
    data = {"kind": "public", "body": "We looked.", "minutes": "25"}
    assert client.post(f"{address}answer/", data).status_code == 302
    assert client.post(f"{address}answer/", data | {"kind": "note", "body": "Hm.", "minutes": "40"}).status_code == 302
    contract.refresh_from_db()
    assert (contract.minutes_used, contract.cases_used) == (65, 1)
    assert client.post(f"{address}answer/", data | {"minutes": "-1"}).status_code == 422
    other = CaseFactory(owner=cast.dora, account=contract.account, entitlement=contract)
    refused = client.post(f"/cases/{other.pk}/answer/", data)
    assert (refused.status_code, other.messages.count()) == (422, 0)
    assert "does not cover it" in refused.content.decode()
