"""The portal's door: password, mailed link, a changed address, devices, colleagues, signing out."""

from allauth.account.forms import LoginForm
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.forms import SetPasswordForm
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core.operations import Refused
from sales.outside import company_name
from support import portal
from support.forms.portal import ColleagueForm, LinkForm
from support.models import PortalToken
from support.operations.portal import (
    ask_link,
    end_session,
    invite_colleague,
    key_hash,
    open_token,
    renew_password,
    revoke_access,
    use_link,
)  # fmt: skip
from support.operations.profile import change_of, confirm_email

MANY = 429


def after(request):
    """Where to go after signing in: a page of the portal."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    inside = wanted.startswith("/portal/") and not set(wanted) & set("\\\r\n") and "//" not in wanted
    return wanted if inside else "/portal/"


def door(request, status=200, **context):
    """The page to sign in on, with its two ways."""
    context = {"form": LoginForm(), "link_form": LinkForm()} | context
    context |= {"next": after(request), "company": company_name()}
    return render(request, "portal/sign_in.html", context, status=status)


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def portal_sign_in(request):
    """Sign in by password; the page also offers a mailed link."""
    if request.method == "GET":
        return redirect("support:portal_home") if portal.access_of(request.user) else door(request)
    if not portal.within(request, "login"):
        return door(request, MANY, trouble=_("Too many tries. Wait a minute."))
    form = LoginForm(request.POST, request=request)
    if not form.is_valid():
        return door(request, form=form)
    return form.login(request, redirect_url=after(request))


@never_cache
@require_POST
def portal_link_ask(request):
    """Mail a link; the answer is the same whether the address is known or not."""
    form = LinkForm(request.POST)
    if not form.is_valid():
        return door(request, link_form=form)
    email = form.cleaned_data["email"].strip().lower()
    if not portal.within(request, "portal_link", key=email):
        return door(request, MANY, trouble=_("There were many tries. Please try again in an hour."))
    ask_link(email, by=None)
    return door(request, sent=True)


@never_cache
@require_http_methods(["GET", "POST"])
def portal_link(request, token):
    """A mailed link: looking at it does nothing, since mail programs look too; its button signs in, once."""
    if not portal.within(request, "portal_use"):
        return door(request, MANY, trouble=_("Too many tries. Wait a minute."))
    if request.method == "GET":
        found = open_token(token)
        context = {"name": found and found.user.get_short_name(), "company": company_name()}
        return render(request, "portal/link.html", context, status=200 if found else 404)
    user = use_link(token, by=None)
    if user is None:
        return render(request, "portal/link.html", {"company": company_name()}, status=404)
    if request.user.is_authenticated:
        logout(request)
    record_authentication(request, user, method="portal_link")
    return perform_login(request, Login(user=user, email=user.email, redirect_url="/portal/"))


@never_cache
@require_http_methods(["GET", "POST"])
def portal_password(request):
    """Ask for a new password; the answer is the same whether the address is known or not."""
    form, context = LinkForm(request.POST or None), {"company": company_name()}
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"].strip().lower()
        if not portal.within(request, "reset_password", key=email):
            form.add_error(None, _("There were many tries. Please try again in an hour."))
            return render(request, "portal/password.html", context | {"form": form}, status=MANY)
        ask_link(email, by=None, purpose=PortalToken.RESET)
        context["sent"] = True
    return render(request, "portal/password.html", context | {"form": form})


@sensitive_post_parameters("new_password1", "new_password2")
@never_cache
@require_http_methods(["GET", "POST"])
def portal_password_new(request, token):
    """Choose the new password by a mailed link, once; then one signs in with it, with the second step if there is."""
    if not portal.within(request, "portal_use"):
        return door(request, MANY, trouble=_("Too many tries. Wait a minute."))
    found = open_token(token, PortalToken.RESET)
    if found is None:
        return render(request, "portal/link.html", {"company": company_name()}, status=404)
    form = SetPasswordForm(found.user, request.POST or None)
    if form.is_valid() and renew_password(token, form.cleaned_data["new_password1"], by=None):
        if request.user.is_authenticated:
            logout(request)
        messages.success(request, _("Your new password is set. Sign in with it."))
        return redirect("support:portal_sign_in")
    return render(request, "portal/password.html", {"form": form, "company": company_name(), "new": True})


@never_cache
@require_http_methods(["GET", "POST"])
def portal_email(request, token):
    """One of the two links that confirm a new e-mail address; the button confirms, not the look."""
    if not portal.within(request, "portal_use"):
        return door(request, MANY, trouble=_("Too many tries. Wait a minute."))
    change = change_of(token)[0] if request.method == "GET" else confirm_email(token, by=None)
    context = {"change": change, "done": request.method == "POST", "company": company_name()}
    return render(request, "portal/email.html", context, status=200 if change else 404)


@require_POST
def portal_sign_out(request):
    """Sign out on this device."""
    logout(request)
    return redirect("support:portal_sign_in")


@portal.portal_page
@require_GET
def portal_security(request):
    """How one signs in: password, second step, and the devices on which one is signed in."""
    context = {
        "sessions": portal.sessions_for(request.access)[:50], "here": key_hash(request.session.session_key),
        "two_steps": Authenticator.objects.filter(user=request.user, type=Authenticator.Type.TOTP).exists(),
    }  # fmt: skip
    return render(request, "portal/security.html", context)


@portal.portal_page
@require_POST
def portal_session_end(request, pk):
    """Sign out on another device."""
    end_session(portal.found_or_404(portal.sessions_for(request.access), pk), by=request.user)
    messages.success(request, _("Signed out there."))
    return redirect("support:portal_security")


@portal.portal_page
@require_http_methods(["GET", "POST"])
def portal_colleagues(request):
    """Who else of the company comes in; who looks after them adds and removes."""
    if not request.access.may_invite:
        return portal.nothing(request)
    form = ColleagueForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not portal.within(request, "portal_invite", user=request.user):
            form.add_error(None, _("There were many tries. Please try again in an hour."))
        else:
            try:
                invite_colleague(request.access, form.cleaned_data, by=request.user)
                messages.success(request, _("An invitation is on its way."))
                return redirect("support:portal_colleagues")
            except Refused as refusal:
                form.add_error(refusal.field, str(refusal))
    rows = portal.colleagues_for(request.access)[:200]
    return render(request, "portal/colleagues.html", {"form": form, "rows": rows})


@portal.portal_page
@require_POST
def portal_colleague_remove(request, pk):
    """Turn a colleague out; who looks after colleagues too is left to our staff."""
    row = portal.found_or_404(portal.colleagues_for(request.access).filter(may_invite=False), pk)
    revoke_access(row, by=None)
    messages.success(request, _("%(name)s can no longer sign in.") % {"name": row.contact})
    return redirect("support:portal_colleagues")


@portal.portal_page
def portal_nothing(request, rest=""):
    """Whatever else is asked for below /portal/."""
    return portal.nothing(request)
