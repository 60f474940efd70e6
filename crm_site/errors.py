"""Pages for when something is wrong on our side; they ask neither the database nor the session."""

from django.http import HttpResponse
from django.template.loader import render_to_string


def trouble_page(request, status):
    """The page of a status (500 or 503) with the id of the request, which the logs carry too."""
    text = render_to_string(f"{status}.html", {"request_id": getattr(request, "request_id", "")})
    return HttpResponse(text, status=status)


def server_error(request):
    """Django's handler for what nobody caught."""
    return trouble_page(request, 500)
