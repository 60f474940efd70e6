"""The gate of the portal: what a customer who signed in there may see, and nothing else; the staff's scope has no part.

Every page below /portal/ begins with `portal_page`, every query there with one of the `…_for(access)`.
"""

from functools import wraps
from urllib.parse import urlencode

from allauth.core.internal.ratelimit import consume
from django.conf import settings
from django.contrib.auth import logout
from django.db.models import Exists, F, OuterRef, Q, Value
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation

from crm_site.core import lists
from crm_site.core.converters import read_id
from crm_site.core.kept import Slot, kept
from crm_site.core.loading import read_whole
from crm_site.core.models import Fold, User
from customers.consent import consent_state
from customers.languages import language_of
from customers.models import Account, ContactMechanism
from customers.operations.accounts import subtree
from sales.models import Quote, Sale
from sales.outside import company
from support.models import (
    Article,
    Case,
    InstalledProduct,
    Message,
    MessageFile,
    OutgoingMail,
    PortalAccess,
    PortalSession,
)
from support.operations.portal import has_ended
from support.operations.survivors import end_of

WHY = "the portal's own gate"
# What a merge brought along is seen by those whose case it was.
OWN_WORDS = Q(origin__isnull=True) | Q(origin__merged_into__isnull=True)
for _name in ("contact", "account", "customer"):
    OWN_WORDS |= Q(**{f"origin__{_name}": F(f"case__{_name}")})
# So many cases are searched for words, the newest first.
SEARCHED = 500
# So many messages of a conversation at once, so many rows of a list, so many pages of it: nobody leafs further.
PAGE, SHOWN, DEEPEST = 50, 20, 50


def access_of(user):
    """The way into the portal of a user who is active, was invited and came, and was not turned out; else None."""
    if not user.is_authenticated or user.door != User.PORTAL or not user.is_active:
        return None
    for row in accesses(of=user.pk):
        access = read_whole(PortalAccess, ("contact",), row)
        access.user, account = user, row[-len(Account._meta.concrete_fields) :]
        if access.contact.account_id:
            access.contact.account = read_whole(Account, (), account)
        return access
    return None


@kept
def accesses():
    """The way into the portal of a user who may go it, with its contact and that one's account."""
    rows = PortalAccess.objects.filter(accepted_at__isnull=False, revoked_at__isnull=True)
    return rows.filter(user=Slot("of"), contact__deleted_at__isnull=True).select_related("contact__account")


def portal_page(view):
    """A view for customers, which finds their way in as `request.access`.

    Strangers go to sign in. To staff, to whoever was turned out, and for what is not theirs there is nothing: one and
    the same page, whether a thing exists or not. Times and words are those of the customer.
    """

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not request.user.is_authenticated:
            return redirect(f"{reverse('support:portal_sign_in')}?{urlencode({'next': request.path})}")
        request.access = access_of(request.user)
        if request.access is None:
            return nothing(request)
        if has_ended(request.access, request.session.session_key):
            logout(request)
            return redirect("support:portal_sign_in")
        speak_to(request.access)
        request.seller = company()
        try:
            return view(request, *args, **kwargs)
        except Http404:
            return nothing(request)

    return guarded


def speak_to(access):
    """Let times be in the customer's zone and words in the customer's language, else in that of the browser."""
    timezone.activate(access.user.time_zone or access.contact.time_zone or settings.TIME_ZONE)
    if language := language_of(access.contact):
        translation.activate(language)


def later(request):
    """The page that asks to try again later."""
    return render(request, "portal/later.html", {"here": "nowhere"}, status=429)


def nothing(request):
    """The page that says that there is nothing; it is the same for all and everything."""
    return render(request, "portal/nothing.html", {"here": "nowhere"}, status=404)


def accounts_of(access):
    """The accounts whose things the customer sees, as a list of ids or a subquery."""
    account = access.contact.account
    if account is None or account.deleted_at or access.reach == PortalAccess.OWN:
        return []
    return [account.pk] if access.reach == PortalAccess.ACCOUNT else subtree(account.pk)


def theirs(access, model):
    """Rows not in the bin about the contact, or about one of the accounts that the access reaches."""
    rows = model.objects.unscoped(WHY).filter(deleted_at__isnull=True)
    return rows.filter(Q(contact=access.contact_id) | Q(account__in=accounts_of(access)))


def cases_for(access):
    """The cases that the customer sees; who follows them makes no difference."""
    return theirs(access, Case).filter(is_hidden=False, is_spam=False)


def messages_of(case):
    """What was said to and by customers on one of their cases, oldest first; a reply that can be taken back is not.

    What a merge brought along from somebody else's case stays unseen; on the case that it was, its own people see it.
    """
    if case.merged_into_id:
        rows = public().filter(case=end_of(case.pk)[0], origin=case)
    else:
        rows = public().filter(OWN_WORDS, case=case)
    return rows.select_related("user", "contact").prefetch_related("files__attachment").order_by("at", "id")


def public():
    """What was said to and by customers; without replies that can be taken back."""
    held = OutgoingMail.objects.filter(message=OuterRef("pk"), mailed_at__isnull=True, due__gt=timezone.now())
    return Message.objects.filter(kind=Message.PUBLIC).filter(~Exists(held))


def search(cases, text):
    """Those of a customer's cases whose number or subject was typed, or that have a message with all of the words.

    Messages are read of the newest SEARCHED cases only, so that the cost has an end.
    """
    near = list(cases.order_by("-last_message_at", "-id").values_list("pk", flat=True)[:SEARCHED])
    said = public().filter(OWN_WORDS, case__in=near).annotate(said=Fold("body")).order_by()
    found = lists.words(text)
    for word in found:
        said = said.filter(said__like=Fold(Value(f"%{word}%")))
    having = set(said.values_list("case", flat=True)) if found else ()
    return cases.filter(Q(pk__in=lists.search(cases, text, Case).order_by().values("pk")) | Q(pk__in=having))


def thread_of(case, before=0):
    """(the newest PAGE messages that the customer sees, or those before one, in their order; id of where older begin).

    The id is 0 where there are none. What it costs does not depend on how long the conversation is.
    """
    rows = messages_of(case).order_by("-at", "-id")
    at = rows.filter(pk=before).values_list("at", flat=True).first() if before else None
    if at:
        rows = rows.filter(at__lte=at).filter(Q(at__lt=at) | Q(pk__lt=before))
    found = list(rows[: PAGE + 1])
    return found[:PAGE][::-1], found[PAGE - 1].pk if len(found) > PAGE else 0


def file_for(case, pk):
    """The file of one of the messages that the customer sees on the case, or None."""
    rows = MessageFile.objects.filter(message__in=messages_of(case).order_by().values("pk"), attachment=pk)
    found = rows.select_related("attachment").first()
    return found and found.attachment


def quotes_for(access):
    """The quotes that were sent to the customer."""
    return theirs(access, Quote).exclude(status__in=[Quote.DRAFT, Quote.SUPERSEDED])


def sales_for(access):
    """What the customer ordered."""
    return theirs(access, Sale)


def installed_for(access):
    """Products of ours that the customer has."""
    return theirs(access, InstalledProduct)


def articles_for(access):
    """What everybody in the portal may read: public articles as they were published."""
    rows = Article.objects.unscoped(WHY).filter(deleted_at__isnull=True, state=Article.PUBLISHED)
    return rows.filter(audience=Article.PUBLIC, published__isnull=False).select_related("published")


def ways_for(access):
    """The customer's own numbers and addresses; the e-mail address has a page of its own."""
    rows = ContactMechanism.objects.filter(contact=access.contact_id, valid_to__isnull=True)
    return rows.exclude(type=ContactMechanism.EMAIL).order_by("type", "-is_primary", "id")


def consents_for(access):
    """[State] of what the customer decides about, as if they wanted to be contacted at all; see consent_state."""
    states = consent_state(access.contact, silent=False)
    return [state for state in states if state.purpose.in_portal and state.purpose.is_active and not state.channel]


def colleagues_for(access):
    """Who else of the customer's account may come in; nobody for who does not look after them."""
    account = access.contact.account_id if access.may_invite else None
    rows = PortalAccess.objects.filter(contact__account=account, contact__account__isnull=False)
    rows = rows.filter(revoked_at__isnull=True, contact__deleted_at__isnull=True).exclude(pk=access.pk)
    return rows.select_related("contact", "user").order_by("contact__name_sort", "id")


def sessions_for(access):
    """Where the customer is signed in, newest first."""
    return PortalSession.objects.filter(access=access, ended_at__isnull=True).order_by("-started_at")


def page_of(request, rows):
    """{rows, newer, older}: the rows of the page that ?page= names and the numbers of its neighbours, 0 for none.

    It costs what its place costs: nothing is counted, and pages end with the fiftieth.
    """
    number = max(1, min(read_id(request.GET.get("page", "")) or 1, DEEPEST))
    found = list(rows[(number - 1) * SHOWN : number * SHOWN + 1])
    older = number + 1 if len(found) > SHOWN and number < DEEPEST else 0
    return {"rows": found[:SHOWN], "newer": number - 1, "older": older}


def within(request, action, **whose):
    """Whether a request stays within the limit of an action; the library's own way lets every GET through."""
    return consume(request, app="allauth.account", action=action, limit_get=True, **whose) is not None


def found_or_404(rows, pk):
    """The one of these rows with the id, a number from an address or form."""
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
