"""What the wizard's pages ask and what they get back, as options of the job."""

from pathlib import Path

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .layout import DELIMITERS
from .plan import CREATE, SKIP, UPDATE, UPSERT
from .propose import cells_of, column_habits
from .reading import reopen

LARGEST = 200 * 1024 * 1024
MODES = {
    UPSERT: gettext_lazy("Add new rows, update those that were imported before"),
    CREATE: gettext_lazy("Only add new rows"),
    UPDATE: gettext_lazy("Only update what is here"),
}
DUPLICATES = {
    CREATE: gettext_lazy("Add the row and warn"),
    SKIP: gettext_lazy("Skip the row"),
    UPDATE: gettext_lazy("Update the record"),
}
DAYS = {
    "": gettext_lazy("As it looks"),
    "yes": gettext_lazy("Day first: 31/12/2025"),
    "no": gettext_lazy("Month first: 12/31/2025"),
}
ENCODINGS = {
    "utf-8": gettext_lazy("Unicode (UTF-8)"),
    "utf-16": gettext_lazy("Unicode (UTF-16)"),
    "cp1252": gettext_lazy("Western (Windows-1252)"),
    "iso-8859-15": gettext_lazy("Western (ISO 8859-15)"),
    "mac_roman": gettext_lazy("Western (Mac)"),
    "cp1250": gettext_lazy("Central European (Windows-1250)"),
    "cp1251": gettext_lazy("Cyrillic (Windows-1251)"),
    "shift_jis": gettext_lazy("Japanese (Shift JIS)"),
    "gb18030": gettext_lazy("Chinese (GB 18030)"),
}
SEPARATORS = dict(
    zip(
        DELIMITERS,
        (gettext_lazy("Comma"), gettext_lazy("Semicolon"), gettext_lazy("Tab"), gettext_lazy("Vertical bar")),
        strict=True,
    )
)
UNITS = {"minutes": gettext_lazy("Minutes"), "seconds": gettext_lazy("Seconds")}


class UploadForm(forms.Form):
    """The file, what its rows are, and the system whose ids it holds."""

    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("CSV, Excel or OpenDocument, up to 200 MB.")
    )
    kind = forms.ChoiceField(label=gettext_lazy("The rows are"), required=False)
    system = forms.CharField(
        label=gettext_lazy("Comes from"),
        required=False,
        max_length=50,
        help_text=gettext_lazy(
            "The name of the other system, if the file holds its ids: rows of several files find each "
            "other by system and id."
        ),
    )
    encoding = forms.ChoiceField(
        label=gettext_lazy("Encoding"),
        required=False,
        choices=[("", gettext_lazy("Found out from the file")), *ENCODINGS.items()],
    )
    delimiter = forms.CharField(
        label=gettext_lazy("Delimiter"),
        required=False,
        max_length=1,
        strip=False,
        help_text=gettext_lazy("Found out unless given."),
    )

    def __init__(self, *args, importers, **kwargs):
        super().__init__(*args, **kwargs)
        found = [(importer.name, importer.label) for importer in importers]
        self.fields["kind"].choices = [("", gettext_lazy("Found out from the file")), *found]

    def clean_file(self):
        """A file of a size that one server can take."""
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise ValidationError(_("The file is larger than 200 MB. Split it."))
        file.name = Path(file.name).name[-100:]
        return file

    def clean_system(self):
        """Systems are compared without case."""
        return self.cleaned_data["system"].strip().lower()


def mapping_rows(importer, table, options):
    """A row of the mapping page for each column of the file."""
    samples, found = table.sample(50), []
    targets = importer.targets()
    for n, header in enumerate(table.headers):
        column = options["columns"].get(header) or {}
        target = next((t for t in targets if t.name == column.get("target")), None)
        found.append(
            {
                "n": n,
                "header": header,
                "cells": [str(cell)[:60] for cell in cells_of(samples, n)[:3]],
                "choices": choices(targets, column.get("target", "")),
                "confidence": column.get("confidence", 0),
                "reason": column.get("reason", ""),
                "strict": column.get("strict", bool(target and target.required)),
                "mapped": bool(target),
                "habits": habit_fields(n, target, column),
                "map": map_fields(n, target, column),
            }
        )
    return found


def reading_fields(table, options):
    """How the file is read, to be corrected: drop-downs of encoding and delimiter, or of the worksheet."""
    if table.kind != "csv":
        return [select("sheet", _("Worksheet"), {name: name for name in table.sheets}, options["sheet"])]
    encoding, delimiter = options["encoding"], options["delimiter"]
    return [
        select("encoding", _("Encoding"), {encoding: encoding} | ENCODINGS, encoding),
        select("delimiter", _("Delimiter"), {delimiter: delimiter} | SEPARATORS, delimiter),
    ]


def chosen_reading(options, data):
    """What a mapping page that was sent changes in how the file is read; empty when it changes nothing."""
    if "reading" not in data:
        return {}
    found = {name: data[name] for name in ("encoding", "delimiter", "sheet") if data.get(name, "") != ""}
    known = {"encoding": ENCODINGS, "delimiter": SEPARATORS}
    found = {
        name: value for name, value in found.items()
        if value != options.get(name, "") and value in known.get(name, (value,))
    }  # fmt: skip
    if ("headless" in data) != options.get("headless", False):
        found["headless"] = "headless" in data
    return found


def choices(targets, chosen):
    """The options of the drop-down of a column."""
    empty = [{"value": "", "label": _("Leave out"), "selected": not chosen}]
    return empty + [{"value": t.name, "label": t.label, "selected": t.name == chosen} for t in targets]


def select(name, label, known, value):
    """A drop-down for the template."""
    options = [{"value": key, "label": text, "selected": str(key) == str(value)} for key, text in known.items()]
    return {"name": name, "label": label, "options": options}


def habit_fields(n, target, column):
    """What may be said about how a column is read."""
    if target and target.type in ("date", "datetime"):
        day = {True: "yes", False: "no"}.get(column.get("day_first"), "")
        return [select(f"day{n}", _("Dates"), DAYS, day)]
    if target and target.name == "duration":
        return [select(f"unit{n}", _("Unit"), UNITS, column.get("unit", "minutes"))]
    return []


def map_fields(n, target, column):
    """Which choice each word of a column stands for."""
    if not target or target.type != "choice":
        return []
    known = {"": _("Leave empty")} | dict(target.choices or {})
    words = column.get("map") or {}
    return [
        select(f"map{n}_{k}", word, known, "" if value is None else value)
        for k, (word, value) in enumerate(words.items())
    ]


def settings_of(importer, options):
    """The drop-downs and boxes below the columns."""
    keys = {"": _("Only by the id in the other system")} | {name: key[0] for name, key in importer.keys.items()}
    found = [select("mode", _("What to do"), MODES, options["mode"])]
    if importer.keys:
        found.append(select("key", _("What is here already is known by"), keys, options["key"]))
        found.append(select("duplicates", _("When such a record is here"), DUPLICATES, options["duplicates"]))
    for name in importer.constants:
        target = next(t for t in importer.targets() if t.name == name)
        known = {"": _("As the file says")} | dict(target.choices)
        found.append(
            select(
                f"all_{name}",
                _("%(field)s of all rows") % {"field": target.label},
                known,
                options["constants"].get(name, ""),
            )
        )
    return found


def chosen_options(importer, job, data):
    """(options, errors) of a mapping page that was sent."""
    options = dict(job.options)
    table = reopen(job.file.path, options)
    samples = table.sample()
    targets = {target.name: target for target in importer.targets()}
    options["columns"] = {
        header: chosen_column(n, header, options["columns"].get(header) or {}, targets, data, cells_of(samples, n))
        for n, header in enumerate(table.headers)
    }
    for name, known in (("mode", MODES), ("duplicates", DUPLICATES), ("key", importer.keys)):
        options[name] = data[name] if data.get(name) in known else {"key": ""}.get(name, options[name])
    options["system"] = data.get("system", options["system"]).strip().lower()[:50] or "file"
    options["constants"] = {name: data.get(f"all_{name}", "") for name in importer.constants if data.get(f"all_{name}")}
    options["make_links"], options["make_customers"] = "make_links" in data, "make_customers" in data
    return options, errors_of(importer, options)


def chosen_column(n, header, before, targets, data, cells):
    """The options of one column; habits are found anew when its target changed."""
    name = data.get(f"t{n}", "")
    if name not in targets:
        return {"target": ""}
    target = targets[name]
    if name == before.get("target"):
        column = dict(before)
    else:
        column = {"target": name, "confidence": 100, "reason": _("chosen by you")} | column_habits(
            header, target, cells
        )
    column["strict"] = f"strict{n}" in data
    if f"day{n}" in data:
        column["day_first"] = {"yes": True, "no": False}.get(data[f"day{n}"])
    if data.get(f"unit{n}") in UNITS:
        column["unit"] = data[f"unit{n}"]
    for k, word in enumerate(column.get("map") or {}):
        if f"map{n}_{k}" in data:
            column["map"][word] = data[f"map{n}_{k}"] or None
    return column


def errors_of(importer, options):
    """Sentences on a mapping that cannot work."""
    used = [column["target"] for column in options["columns"].values() if column["target"]]
    found = [
        _("Two columns go to “%(field)s”; choose one.") % {"field": target.label}
        for target in importer.targets()
        if used.count(target.name) > 1
    ]
    if not used:
        found.append(_("Choose where at least one column goes."))
    return found
