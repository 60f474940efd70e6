"""Sessions in the database, as Django's own; every request begins by reading one, so the statement is kept."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import CharField, DateTimeField
from django.utils import timezone

from crm_site.core.kept import Slot, kept_objects


class SessionStore(db.SessionStore):
    """Django's store with a quicker look-up."""

    def _get_session_from_db(self):
        found = alive(key=self.session_key, now=timezone.now())
        if found:
            return found[0]
        self._session_key = None
        return None


@kept_objects("session_key", "session_data", "expire_date")
def alive():
    """The session with a key, if it has not expired."""
    key, now = Slot("key", CharField()), Slot("now", DateTimeField())
    return Session.objects.filter(session_key=key, expire_date__gt=now)
