"""The addresses of cases beside those of every record."""

from django.urls import path

from crm_site.core.routes import bound, record_urls
from customers.kinds import ACCOUNTS, CONTACTS, CUSTOMERS
from sales.kinds import PRODUCTS, SALES
from support.kinds.case import CASES
from support.views import asking, cases, desk, merging, ready

CASE_URLS = [
    path("cases/fields/", asking.field_list, name="field_list"),
    path("cases/fields/new/", asking.field_edit, name="field_new"),
    path("cases/fields/<big:pk>/", asking.field_edit, name="field_edit"),
    path("cases/fields/<big:pk>/move/", asking.field_move, name="field_move"),
    path("cases/ready/", ready.ready_list, name="ready_list"),
    *(
        path(f"cases/ready/{what}/{tail}", view, {"what": what}, name=f"ready_{noun}_{verb}")
        for what, noun in (("texts", "text"), ("macros", "macro"))
        for tail, view, verb in (
            ("new/", ready.ready_edit, "new"),
            ("<big:pk>/", ready.ready_edit, "edit"),
            ("<big:pk>/remove/", ready.ready_remove, "remove"),
        )
    ),
    *record_urls(CASES, record=desk.case_record, bulk=merging.cases_bulk),
    path("cases/<big:pk>/resolve/", cases.case_resolve, name="case_resolve"),
    path("cases/<big:pk>/note/", cases.case_note, name="case_note"),
    path("cases/<big:pk>/close/", cases.case_close, name="case_close"),
    path("cases/<big:pk>/reopen/", cases.case_reopen, name="case_reopen"),
    path("cases/<big:pk>/take/", cases.case_take, name="case_take"),
    path("cases/<big:pk>/spam/", cases.case_spam, name="case_spam"),
    path("cases/<big:pk>/parts/", cases.case_parts, name="case_parts"),
    path("cases/<big:pk>/followers/", cases.case_watchers, name="case_watchers"),
    path("cases/<big:pk>/followers/new/", cases.case_watcher_create, name="case_watcher_create"),
    path("cases/<big:pk>/followers/<big:watcher>/remove/", cases.case_unwatch, name="case_unwatch"),
    path("cases/<big:pk>/follow/", cases.case_follow, name="case_follow"),
    *(
        path(f"{kind.slug}/<big:pk>/cases/", bound(cases.cases_of, kind), name=f"{kind.noun}_cases")
        for kind in (CUSTOMERS, ACCOUNTS, CONTACTS, PRODUCTS, SALES)
    ),
]
