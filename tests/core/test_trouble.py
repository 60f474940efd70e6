"""U13: error pages in plain words, with the request's id, and without the database where that may be the trouble."""

import pytest
from django.db import OperationalError
from django.test import RequestFactory

from crm_site.core import middleware
from crm_site.errors import server_error

ID = "11112222-3333-4444-5555-666677778888"


@pytest.fixture
def request_with_id():
    """A request as the first middleware leaves it; nobody may ask it for a user."""
    request = RequestFactory().get("/accounts/")
    request.request_id = ID
    return request


def test_broken_page_gives_the_id(request_with_id):
    """The page of a 500 holds the id and the way home; without the db fixture any query would fail the test."""
    answer = server_error(request_with_id)
    assert answer.status_code == 500
    assert ID in answer.content.decode()
    assert 'href="/"' in answer.content.decode()


def test_outage_asks_no_database(request_with_id):
    """The page of a 503 is made without the session, which lives in the database that is away."""
    answer = middleware.database_trouble(None).process_exception(request_with_id, OperationalError())
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert ID in answer.content.decode()


def test_stranger_reads_plain_words(client, db):
    """A 404 says what it is and carries the same id as the header."""
    answer = client.get("/no-such-page/")
    assert answer.status_code == 404
    assert answer["X-Request-ID"] in answer.content.decode()
