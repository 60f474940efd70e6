"""The pages of the administration that every kind shares: what is refused is told, what keeps a row is named."""

import pytest
from django.contrib.messages import get_messages

from crm_site.core.models import Team, User
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db


def told(answer):
    """The messages that the next page shows."""
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_a_rule_of_the_database_is_told_and_no_failure(cast, client_of):
    """A team below itself, through one that lies below it."""
    values = {"name": cast.sales.name, "parent": cast.north.pk}
    answer = client_of(cast.rita).post(f"/admin/core/team/{cast.sales.pk}/change/", values)
    assert answer.status_code == 302
    assert told(answer) == ["A team cannot lie below itself."]
    assert Team.objects.get(pk=cast.sales.pk).parent_id == cast.sales.parent_id


def test_an_address_that_is_taken_is_told_once_and_without_a_name_of_the_database(cast, client_of):
    values = {"email": cast.alice.email.upper(), "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    page = client_of(cast.rita).post("/admin/core/user/add/", values).content.decode()
    assert "E-mail already exists" in page
    assert "user_email_in_any_case" not in page
    assert User.objects.filter(email__iexact=cast.alice.email).count() == 1


def test_what_keeps_a_row_is_named_by_kind_however_many_there_are(cast, client_of, django_assert_max_num_queries):
    """Each of a million accounts of a team would be read, and shown, to say that the team stays."""
    AccountFactory.create_batch(3, owner=cast.alice, team=cast.north, name="Kept by the team")
    rita, page = client_of(cast.rita), f"/admin/core/team/{cast.north.pk}/delete/"
    with django_assert_max_num_queries(90):
        text = rita.get(page).content.decode()
    assert "<li>Accounts</li>" in text
    assert "Kept by the team" not in text
    rita.post(page, {"post": "yes"})
    assert Team.objects.filter(pk=cast.north.pk).exists()


def test_control_a_row_that_nothing_keeps_goes(cast, client_of):
    team = Team.objects.create(name="Nobody's", parent=cast.sales)
    assert client_of(cast.rita).post(f"/admin/core/team/{team.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Team.objects.filter(pk=team.pk).exists()
