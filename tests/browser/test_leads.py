"""U20: a lead is converted by two clicks on one page, which a judge of pages finds nothing wrong with."""

import pytest
from playwright.sync_api import expect

from customers.operations.accounts import create_account
from sales.operations.leads import create_lead
from tests.cast import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_u20_two_clicks_convert(page, signed_in, judge, live_server):
    cast = make_cast()
    create_account({"name": "Åkerblom", "website": "akerblom.test", "industry": "Steel"}, by=cast.alice)
    lead = create_lead({"first_name": "Åsa", "last_name": "Berg", "company": "Åkerblom AB", "industry": "Yards",
                        "email": "asa@akerblom.test", "subject": "Boats", "source": "Web"}, by=cast.alice)  # fmt: skip
    signed_in(page, cast.alice).goto(f"{live_server.url}/leads/{lead.pk}/")
    page.get_by_role("link", name="Convert", exact=True).click()
    expect(page.get_by_label("Use Åkerblom")).to_be_checked()
    assert judge(page) == []
    page.get_by_role("button", name="Convert").click()
    expect(page.get_by_role("link", name="Åkerblom – Boats")).to_be_visible()
    assert judge(page) == []
