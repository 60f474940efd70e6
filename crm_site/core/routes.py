"""The addresses that every kind of record has; an app adds its own beside them."""

from functools import partial, update_wrapper

from django.urls import include, path

from crm_site.core import pages
from crm_site.core.views import bulk, exports, files, records


def by_word(table):
    """The same addresses in the same order, told apart by their first word: one look passes over all that share it."""
    words = {}
    for entry in table:
        word, slash, rest = str(entry.pattern).partition("/")
        words.setdefault(word + slash, []).append(path(rest, entry.callback, entry.default_args, entry.name))
    return [path(word, include(entries)) for word, entries in words.items()]


def bound(view, kind):
    """A view of a kind, still named after the function."""
    return update_wrapper(partial(view, kind=kind), view)


def record_urls(kind, **own):
    """The URL table of a kind: list, create, record, edit, delete and the smaller verbs.

    `own` replaces views by verb: create, record, edit or delete, as functions that take what the helper takes.
    """
    slug, noun = kind.slug, kind.noun
    table = [
        ("", "list", pages.list_page),
        ("new/", "create", pages.create_page),
        ("bin/", "bin", records.record_bin),
        ("count/", "count", records.record_count),
        ("export/", "export", exports.record_export),
        ("bulk/", "bulk", bulk.record_bulk),
        ("filters/", "filters", records.record_filters),
        ("columns/", "columns", records.record_columns),
        ("options/", "options", records.record_options),
        ("views/save/", "view_save", records.record_view_save),
        ("views/<big:pk>/delete/", "view_delete", records.record_view_delete),
        ("<big:pk>/", "record", pages.record_page),
        ("<big:pk>/edit/", "edit", pages.edit_page),
        ("<big:pk>/delete/", "delete", pages.delete_page),
        ("<big:pk>/restore/", "restore", records.record_restore),
        ("<big:pk>/history/", "history", records.record_history),
        ("<big:pk>/access/", "access", records.record_access),
        ("<big:pk>/files/", "files", files.record_files),
        ("<big:pk>/share/", "share", records.record_share),
        ("<big:pk>/cell/<slug:name>/", "cell", records.record_cell),
    ]
    if kind.similar:
        table.append(("similar/", "similar", records.record_similar))
    if kind.sums:
        table.append(("sums/", "sums", records.record_sums))
    return [
        path(f"{slug}/{tail}", own[verb] if verb in own else bound(view, kind), name=f"{noun}_{verb}")
        for tail, verb, view in table
    ]
