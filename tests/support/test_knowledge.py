"""Articles: versions, votes, suggestions; known issues and the news of their fix."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied

from crm_site.core.models import Notification
from crm_site.core.operations import Refused
from support.knowledge import suggest
from support.models import Article, ArticleVersion, IssueNotice, KnownIssue, Mailbox, Message, OutgoingMail
from support.operations.articles import (
    archive_article,
    create_article,
    create_articles,
    publish_article,
    update_article,
    vote_on_article,
    withdraw_article,
)
from support.operations.issues import create_issue, fix_issue, link_case, reopen_issue
from support.operations.messages import receive_message
from tests.architecture.threads import at_once
from tests.cast import make_cast
from tests.factories import ArticleFactory, CaseFactory, ContactFactory, KnownIssueFactory, ProductFactory, QueueFactory


@pytest.fixture
def everyone(transactional_db):
    """The cast, visible to other connections."""
    ContentType.objects.clear_cache()
    return make_cast()


def published(by, name, body="Text.", **values):
    """A published article."""
    return publish_article(create_article({"name": name, "body": body, **values}, by=by), by=by)


def test_readers_see_the_published_version_until_the_next(cast):
    article = published(cast.mia, "Reset the router", "Hold the button.")
    article = update_article(article, {"body": "Hold the button for ten seconds."}, by=cast.mia)
    assert (article.published.number, article.published.body) == (1, "Hold the button.")
    with pytest.raises(Refused):
        publish_article(published(cast.mia, "Other"), by=cast.mia)
    article = publish_article(article, by=cast.mia)
    assert (article.published.number, article.published.body) == (2, "Hold the button for ten seconds.")
    assert article.versions.count() == 2
    assert withdraw_article(article, by=cast.mia).state == "draft"
    assert publish_article(Article.objects.visible_to(cast.mia).get(pk=article.pk), by=cast.mia).published.number == 3
    with pytest.raises(PermissionDenied):
        archive_article(article, by=cast.alice)


def test_an_empty_article_is_not_published(cast):
    with pytest.raises(Refused) as refusal:
        publish_article(create_article({"name": "Nothing"}, by=cast.mia), by=cast.mia)
    assert refusal.value.field == "body"


def test_suggestions_are_published_for_their_audience_and_titles_come_first(cast):
    body = published(cast.mia, "Paper", "The printer jams.", audience="public")
    title = published(cast.mia, "Printer jams", "Open it.", audience="public")
    inside = published(cast.mia, "Printers of ours", audience="internal")
    create_article({"name": "Printer draft", "body": "Printer"}, by=cast.mia)
    archive_article(published(cast.mia, "Printer gone"), by=cast.mia)
    found = suggest("My PRÍNTER jams, please help!", audience="public")
    assert found == [title, body]
    assert set(suggest("print", audience="internal")) == {title, body, inside}
    assert suggest("please help with the", audience="internal") == []
    assert suggest("'); drop | & ! <-> \\ :*", audience="internal") == []
    assert suggest("printer", audience="internal", user=cast.nora) == []
    assert len(suggest("printer", audience="internal", limit=1)) == 1


def test_old_versions_are_not_suggested(cast):
    article = published(cast.mia, "Fax", "Telegraph")
    publish_article(update_article(article, {"body": "Radio"}, by=cast.mia), by=cast.mia)
    assert suggest("telegraph", audience="internal") == []
    assert suggest("radio", audience="internal") == [article]


def test_everybody_has_one_vote_and_may_change_it(cast):
    article = published(cast.mia, "A")
    for user, helped in ((cast.alice, True), (cast.bob, True), (cast.alice, False), (cast.alice, False)):
        article = vote_on_article(article, helped, by=user)
    assert (article.helpful, article.unhelpful, article.votes.count()) == (1, 1, 2)
    with pytest.raises(Refused):
        vote_on_article(ArticleFactory(), True, by=cast.alice)


@pytest.mark.django_db(transaction=True)
def test_votes_at_once_are_all_counted(everyone):
    article = published(everyone.mia, "A")
    users = [everyone.alice, everyone.bob, everyone.charlie, everyone.dora] * 2
    at_once(*[lambda user=user: vote_on_article(article, True, by=user) for user in users])
    article.refresh_from_db()
    assert (article.helpful, article.votes.count()) == (4, 4)


def test_the_pages_of_an_article(cast, client_of):
    client = client_of(cast.mia)
    article = published(cast.mia, "Reset", "# Steps\n\n**Hold** it.\n\n<script>alert(1)</script>")
    publish_article(update_article(article, {"body": "# Steps\n\n**Press** it."}, by=cast.mia), by=cast.mia)
    page = client.get(f"/articles/{article.pk}/").content.decode()
    assert "<h3>Steps</h3>" in page
    assert "<script>alert" not in page
    page = client.get(f"/articles/{article.pk}/versions/?version=2").content.decode()
    assert "removed:" in page
    assert "**Hold** it." in page
    assert "<script>alert" not in page
    assert client.get(f"/articles/{article.pk}/versions/?version=9").status_code == 404
    assert client.post(f"/articles/{article.pk}/vote/", {"helped": "yes"}).status_code == 302
    assert "Reset" in client.get("/articles/suggest/?q=reset", headers={"HX-Request": "true"}).content.decode()
    assert "/articles/suggest/" in client_of(cast.dora).get("/cases/new/").content.decode()
    for verb in ("withdraw", "publish", "archive"):
        assert client.post(f"/articles/{article.pk}/{verb}/").status_code == 302
    article.refresh_from_db()
    assert (article.state, article.versions.count()) == ("archived", 3)


def test_files_bring_articles_with_their_state(cast):
    rows = [
        {"name": "A", "body": "Text", "state": "published"},
        {"name": "B", "state": "published"},
        {"name": "C", "body": "x"},
    ]
    made = create_articles(rows, by=cast.dora)
    states = list(Article.objects.visible_to(cast.dora).order_by("name").values_list("state", flat=True))
    assert states == ["published", "draft", "draft"]
    assert ArticleVersion.objects.get().article == made[0]
    assert suggest("text", audience="internal") == [made[0]]


def case_of(cast, issue, email, **values):
    """A case with the issue behind it, of a person with the address."""
    return CaseFactory(owner=cast.dora, issue=issue, contact=ContactFactory(email=email), **values)


def test_pp4_a_fix_is_told_to_the_requesters_once(cast):
    """PP-4: known issues link many cases; the fix notifies their requesters once."""
    product, queue = ProductFactory(), QueueFactory()
    box = Mailbox.objects.create(name="Help", address="help@kith.test", queue=queue)
    issue = create_issue({"name": "Does not start", "product": product, "versions": "1.0"}, by=cast.dora)
    first = case_of(cast, None, "ann@x.test", queue=queue)
    first = link_case(first, issue, by=cast.dora)
    case_of(cast, issue, "ANN@x.test", queue=queue), case_of(cast, issue, "bea@x.test"), case_of(cast, issue, "")
    case_of(cast, issue, "spam@x.test", is_spam=True), case_of(cast, None, "other@x.test")
    mailed = CaseFactory(owner=cast.dora, issue=issue)
    receive_message(mailed, body="It is dead", email="cid@x.test", channel="email")
    issue = fix_issue(issue, by=cast.dora, fixed_in="1.1")
    assert (issue.state, issue.fixed_in) == ("fixed", "1.1")
    mails = list(OutgoingMail.objects.filter(kind="notice").order_by("to"))
    assert [mail.to.lower() for mail in mails] == ["ann@x.test", "bea@x.test", "cid@x.test"]
    assert mails[0].mailbox == box
    assert "1.1" in mails[0].body
    assert IssueNotice.objects.count() == 5
    assert Message.objects.filter(case=first, kind="event", body__contains="1.1").count() == 1
    assert Notification.objects.filter(user=cast.dora, key=f"issue-fixed-{issue.pk}").count() == 1
    with pytest.raises(Refused):
        fix_issue(issue, by=cast.dora, fixed_in="1.1")
    late = case_of(cast, issue, "dan@x.test")
    fix_issue(reopen_issue(issue, by=cast.dora), by=cast.dora, fixed_in="1.2")
    told = OutgoingMail.objects.filter(kind="notice")
    assert (told.count(), told.order_by("-pk")[0].case) == (4, late)


@pytest.mark.django_db(transaction=True)
def test_pp4_many_who_fix_it_at_once_tell_once(everyone):
    """PP-4 under eight people at the same moment."""
    issue = KnownIssueFactory(owner=everyone.dora)
    for number in range(5):
        case_of(everyone, issue, f"p{number}@x.test")
    answers = at_once(*[lambda n=n: fix_issue(issue, by=everyone.dora, fixed_in=f"1.{n}") for n in range(8)])
    assert sum(isinstance(answer, KnownIssue) for answer in answers) == 8, answers
    assert OutgoingMail.objects.filter(kind="notice").count() == 5
    assert IssueNotice.objects.count() == 5
    assert Message.objects.filter(kind="event").count() == 5


def test_pp4_the_pages_of_an_issue(cast, client_of):
    client, issue = (
        client_of(cast.dora),
        KnownIssueFactory(owner=cast.dora, workaround="Turn it off", product=ProductFactory()),
    )
    case = CaseFactory(owner=cast.dora, subject="Screen stays dark", product=issue.product)
    assert "Turn it off" in client.get(f"/cases/{case.pk}/known/").content.decode()
    assert client.post(f"/cases/{case.pk}/issue/", {"issue": issue.pk}).status_code == 302
    assert "Screen stays dark" in client.get(f"/known-issues/{issue.pk}/").content.decode()
    assert issue.name in client.get(f"/products/{issue.product_id}/known/").content.decode()
    assert client.post(f"/known-issues/{issue.pk}/fix/", {"fixed_in": "2"}).status_code == 302
    issue.refresh_from_db()
    assert issue.state == "fixed"
    assert client.post(f"/known-issues/{issue.pk}/reopen/").status_code == 302
    assert client.post(f"/known-issues/{issue.pk}/leave/").status_code == 302
    hidden = CaseFactory(subject="Hidden words")
    assert client_of(cast.nora).get(f"/cases/{hidden.pk}/known/").status_code == 404
