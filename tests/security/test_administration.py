"""What an administrator does to users in the administration, and what it does not show of them."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP

from crm_site.core.models import User
from tests.conftest import signed_in
from tests.security.test_sessions import is_in, sign_in

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NEW, NO_TEAMS = "Sturdy-Meadow-77", {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}


def change(administrator, user, **values):
    """Post the user's form with these values instead of what it holds."""
    page = f"/admin/core/user/{user.pk}/change/"
    known = administrator.get(page).context["adminform"].form.initial
    form = {name: value for name, value in known.items() if isinstance(value, str | bool | int) and value is not False}
    answer = administrator.post(page, form | NO_TEAMS | values)
    assert answer.status_code == 302, answer.context["errors"]


def test_a_new_user_signs_in_however_the_address_was_typed(cast):
    """The administrator wrote it with capitals; it is the same address."""
    values = {"email": "New.Person@Kith.Test", "usable_password": "true", "password1": NEW, "password2": NEW}
    assert signed_in(cast.rita).post("/admin/core/user/add/", values | NO_TEAMS).status_code == 302
    assert User.objects.get(email="new.person@kith.test").check_password(NEW)
    for typed in ("new.person@kith.test", "NEW.Person@kith.test"):
        assert is_in(sign_in(typed, password=NEW))


def test_an_old_address_opens_no_door(cast, mailoutbox):
    """Neither by the copy that the sign-in library keeps, nor by a mail for a lost password."""
    cast.alice.set_password(NEW)
    cast.alice.save()
    old = cast.alice.email
    EmailAddress.objects.create(user=cast.alice, email=old, primary=True, verified=True)
    assert is_in(sign_in(old, password=NEW))
    change(signed_in(cast.rita), cast.alice, email="Alice.Married@kith.test")
    assert not is_in(sign_in(old, password=NEW))
    assert is_in(sign_in("alice.married@kith.test", password=NEW))
    sign_in(old, password=NEW).post("/auth/password/reset/", {"email": old})
    assert [mail for mail in mailoutbox if "key" in mail.body] == []


def test_secrets_of_second_factors_are_not_shown_and_lost_ones_are_taken_away(cast):
    """Whoever could read them would be that person; a lost device is no reason to read any."""
    rita = signed_in(cast.rita)
    TOTP.activate(cast.alice, SECRET)
    RecoveryCodes.activate(cast.alice)
    kept = Authenticator.objects.filter(user=cast.alice)
    for row in kept:
        page = rita.get(f"/admin/mfa/authenticator/{row.pk}/change/").content.decode()
        assert cast.alice.email in page or str(cast.alice) in page
        assert not [value for value in row.data.values() if isinstance(value, str) and value in page]
    assert rita.get("/admin/mfa/authenticator/add/").status_code == 403
    values = {"action": "delete_selected", "_selected_action": [row.pk for row in kept], "post": "yes"}
    assert rita.post("/admin/mfa/authenticator/", values).status_code == 302
    assert not kept.all().exists()


def test_mails_for_a_lost_password_say_what_is_so(cast, mailoutbox, client):
    """They come from Kith, name no way in that does not exist, and the link is told to be over once it was used."""
    for address in (cast.alice.email, "stranger@else.test"):
        client.post("/auth/password/reset/", {"email": address})
    known, unknown = mailoutbox
    assert known.subject == "Kith: A new password"
    assert unknown.to == ["stranger@else.test"]
    assert "sign up" not in unknown.body
    link = re.search(r"/auth/password/reset/key/\S+", known.body)[0]
    form = client.get(link, follow=True)
    answer = client.post(form.request["PATH_INFO"], {"password1": NEW, "password2": NEW}, follow=True)
    assert "Your password is changed" in answer.content.decode()
    assert "This link is over" in client.get(link).content.decode()
    assert is_in(sign_in(cast.alice.email, password=NEW))


def test_too_many_tries_are_told_in_words(client, settings):
    """A page of ours, with the way back."""
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"reset_password": "1/h/ip"}
    client.post("/auth/password/reset/", {"email": "a@else.test"})
    answer = client.post("/auth/password/reset/", {"email": "b@else.test"})
    assert answer.status_code == 429
    assert 'href="/auth/login/"' in answer.content.decode()
