"""CS-8: messages that are about something else go to a case of their own, whose clocks start where they begin."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from crm_site.core.models import Attachment
from crm_site.core.operations import Refused
from support.models import Clock, Message
from support.operations.messages import add_note, post_reply, receive_message
from support.operations.splitting import split_case
from support.views import merging
from tests.conftest import signed_in
from tests.support.test_merging import HOUR, asked, fresh, spoken


@pytest.fixture
def talk(cast):
    """A case with an answer, a second question with a file, and a note."""
    case = asked(cast, "Broken boat", 9)
    now = timezone.now()
    post_reply(case, "We look.", by=cast.dora, at=now - 8 * HOUR)
    second = receive_message(case, contact=case.contact, body="Also: my invoice?", channel="email", at=now - 7 * HOUR,
                             files=[SimpleUploadedFile("bill.txt", b"1")])  # fmt: skip
    note = add_note(case, "That is for accounting.", by=cast.dora, at=now - 6 * HOUR)
    return case, second, note


def test_cs8_chosen_messages_go_to_a_linked_case(cast, talk):
    case, second, note = talk
    made = split_case(case, [second, note], {"subject": "Invoice"}, by=cast.dora)
    assert spoken(made) == ["Also: my invoice?", "That is for accounting."]
    assert spoken(case) == ["Broken boat", "We look."]
    made, case = fresh(made, case)
    assert (made.follows, made.contact, made.queue, made.subject) == (case, case.contact, case.queue, "Invoice")
    assert (made.created_at, made.waiting_since, case.waiting_since) == (second.at, second.at, None)
    assert {m.origin for m in made.messages.exclude(kind=Message.EVENT)} == {case}
    assert Attachment.objects.get().object_id == made.pk
    assert case.messages.filter(kind=Message.EVENT, body__contains=made.number).exists()


def test_cs8_clocks_start_at_the_first_moved_message_of_the_customer(cast, talk):
    case, second, note = talk
    made = split_case(case, [second, note], {"subject": "Invoice"}, by=cast.dora)
    assert {clock.started_at for clock in Clock.objects.filter(case=made)} == {second.at}


def test_cs8_an_answer_that_moves_along_counts(cast, talk):
    case, second, _note = talk
    reply = post_reply(case, "Here it is.", by=cast.dora, at=second.at + timedelta(minutes=5))
    made = split_case(case, [second, reply], {"subject": "Invoice"}, by=cast.dora)
    assert Clock.objects.get(case=made, metric="first").stopped_at == reply.at


def test_cs8_all_or_nothing_cannot_move(cast, talk):
    case, *_messages = talk
    for messages in ([], list(case.messages.all())):
        with pytest.raises(Refused):
            split_case(case, messages, {"subject": "x"}, by=cast.dora)


def test_the_page_splits(cast, talk):
    case, second, _note = talk
    client = signed_in(cast.dora)
    assert "Also: my invoice?" in client.get(f"/cases/{case.pk}/split/").content.decode()
    answer = client.post(f"/cases/{case.pk}/split/", {"subject": "", "messages": [second.pk]})
    assert (answer.status_code, f'value="{second.pk}" id="m{second.pk}" checked' in answer.content.decode()) == (
        422,
        True,
    )
    answer = client.post(f"/cases/{case.pk}/split/", {"subject": "Invoice", "messages": [second.pk]})
    assert spoken(fresh(second.case)) == ["Broken boat", "We look.", "That is for accounting."]
    assert answer.status_code == 302


def test_the_page_shows_the_newest_messages_and_the_way_to_older_ones(cast, talk, monkeypatch):
    """CS-8: of a long case the newest stand there; older ones are split from a page of their own."""
    monkeypatch.setattr(merging, "SHOWN", 2)
    case, *_messages = talk
    ids = list(case.messages.exclude(kind="event").order_by("at", "pk").values_list("pk", flat=True))
    client, address = signed_in(cast.dora), f"/cases/{case.pk}/split/"
    page = client.get(address)
    assert ([message.pk for message, _marked in page.context["found"]], page.context["older"]) == (ids[-2:], ids[-2])
    older = f"{address}?before={ids[-2]}"
    assert older.partition("/split/")[2] in page.content.decode()
    assert [message.pk for message, _marked in client.get(older).context["found"]][-1] == ids[-3]
    assert client.post(address, {"subject": "Old", "messages": [ids[-3]]}).status_code == 422
    assert client.post(older, {"subject": "Old", "messages": [ids[-3]]}).status_code == 302
    assert case.messages.filter(pk=ids[-3]).count() == 0
