"""The columns that a user chose last for a list, and their order: names in a cookie, so that looking writes nothing.

The cookie belongs to one list and one user; what it holds is worth only what the kind declares.
"""

from django.conf import settings

DAYS = 365


def cookie_of(kind):
    """The cookie's name; it is sent to the pages of its kind only."""
    return f"kith_columns_{kind.slug}"


def chosen_columns(request, kind):
    """The names that this user chose last, in their order; an empty list when they chose none."""
    owner, _colon, names = request.COOKIES.get(cookie_of(kind), "").partition(":")
    return known(kind, names.split(".")) if owner == str(request.user.pk) else []


def known(kind, names):
    """The names that are columns of the kind, each once."""
    own = {column.name for column in kind.columns}
    return [name for name in dict.fromkeys(names) if name in own]


def remember_columns(request, response, kind):
    """Keep the columns that the address asks for; `col=` alone forgets them. Returns the response.

    An address that belongs to a saved view brings the view's columns, which are nobody's choice for the list.
    """
    if "col" not in request.GET or request.GET.get("view", "").isdigit():
        return response
    if names := known(kind, request.GET.getlist("col")):
        response.set_cookie(
            cookie_of(kind), f"{request.user.pk}:{'.'.join(names)}", max_age=DAYS * 24 * 3600, path=kind.base,
            httponly=True, samesite="Lax", secure=settings.SECURE_COOKIES,
        )  # fmt: skip
    else:
        response.delete_cookie(cookie_of(kind), path=kind.base, samesite="Lax")
    return response
