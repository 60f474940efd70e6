"""The floor: one file of Django that does as little as a page can, served like the site.

/l/ (L) is the least a list can be: session, user, fifty rows by key. /p/ (P) is what a list page costs that does its
work well: a capped count, fifty rows of eight formatted cells, a filter form of six fields, sixty addresses looked up.
`python -m tests.benchmarks.floor` makes its tables in the database of FLOOR_DATABASE_URL.
"""

import os
import sys
from pathlib import Path

import django
from django.conf import settings

from crm_site.environment import database

FOLDER = Path(__file__).with_name("floor")

if not settings.configured:
    settings.configure(
        SECRET_KEY="f" * 60, ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, USE_TZ=True,
        DATABASES={"default": database("FLOOR_DATABASE_URL") | {"CONN_MAX_AGE": 600}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
                        "django.contrib.messages"],
        MIDDLEWARE=["django.middleware.security.SecurityMiddleware",
                    "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
                    "django.middleware.csrf.CsrfViewMiddleware",
                    "django.contrib.auth.middleware.AuthenticationMiddleware",
                    "django.contrib.messages.middleware.MessageMiddleware",
                    "django.middleware.clickjacking.XFrameOptionsMiddleware"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {
            "context_processors": ["django.template.context_processors.request",
                                   "django.contrib.auth.context_processors.auth"],
            "loaders": [("django.template.loaders.cached.Loader",
                         [("django.template.loaders.filesystem.Loader", [FOLDER])])]}}],
        LOGIN_REDIRECT_URL="/ok/",
    )  # fmt: skip
    django.setup()

from django import forms  # noqa: E402 - Django must be set up first
from django.contrib.auth.views import LoginView  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.shortcuts import render  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402

CHOICES = [("", "-"), *((n, f"Choice {n}") for n in range(30))]


class Filters(forms.Form):
    """Six fields, two of them long choices."""

    q, city = forms.CharField(required=False), forms.CharField(required=False)
    owner = forms.ChoiceField(choices=CHOICES, required=False)
    status = forms.ChoiceField(choices=CHOICES, required=False)
    since, least = forms.DateField(required=False), forms.DecimalField(required=False)


def rows_after(request, columns):
    """Fifty rows by key."""
    if not request.user.is_authenticated:
        raise PermissionError
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM floor_people WHERE i > %s ORDER BY i LIMIT 50", [request.GET.get("after", 0)]
        )
        return cursor.fetchall()


def least(request):
    """L."""
    rows = rows_after(request, "i, first, last, email, phone, city")
    return render(request, "list.html", {"rows": rows, "after": rows[-1][0]})


def page(request):
    """P."""
    form = Filters(request.GET or None)
    form.is_valid()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT 1 FROM floor_people LIMIT 10001) x")
        count = cursor.fetchone()[0]
    names = ("i", "first", "last", "email", "phone", "city", "amount")
    rows = [
        dict(zip(names, row, strict=True)) | {"born": timezone.now()} for row in rows_after(request, ", ".join(names))
    ]
    return render(request, "page.html", {
        "rows": rows, "form": form, "menu": range(60), "after": rows[-1]["i"],
        "count": "10,000+" if count > 10000 else count,
    })  # fmt: skip


def ok(request, pk=0):
    """A bare answer."""
    return HttpResponse("ok")


urlpatterns = [
    path("one/<int:pk>/", ok, name="one"), path("ok/", ok), path("l/", least), path("p/", page),
    path("auth/login/", LoginView.as_view(template_name="login.html")),
]  # fmt: skip
application = get_wsgi_application()


def make():
    """The floor's tables, a hundred thousand rows and its one user."""
    call_command("migrate", verbosity=0)
    from django.contrib.auth.models import User  # the app registry is ready only now

    if not User.objects.filter(username="floor").exists():
        User.objects.create_user("floor", password="floor-password")
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE TABLE IF NOT EXISTS floor_people AS SELECT i, 'Alra' AS first, 'Lorson' || i AS last,
            'a' || i || '@example.org' AS email, '+4420' || i AS phone, 'London' AS city,
            (i * 7919 % 100000)::float8 AS amount FROM generate_series(1, 100000) i
        """)
        cursor.execute("CREATE UNIQUE INDEX IF NOT EXISTS floor_people_i ON floor_people (i)")


if __name__ == "__main__" and sys.argv and os.environ.get("FLOOR_DATABASE_URL"):
    make()
