"""From the rows of a file to drafts: what each row says, which record it means, and what would be done with it."""

import hashlib
import unicodedata
from collections import Counter

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .cells import SALESFORCE_ID, whole_id
from .parsing import plain, reader, sentence
from .registry import NAME_OF_ID

CREATED, UPDATED, SKIPPED, FAILED = OUTCOMES = ("created", "updated", "skipped", "failed")
UPSERT, CREATE, UPDATE = MODES = ("upsert", "create", "update")
SKIP = "skip"
# How the ids of Salesforce begin; in "WhatId" they are of several kinds.
SALESFORCE = {"001": "customers.account", "003": "customers.contact", "00Q": "sales.lead",
              "006": "sales.opportunity", "701": "marketing.campaign", "500": "support.case"}  # fmt: skip
CHECK, RUN, LINK, UNDO = "check", "run", "link", "undo"


def fold(text):
    """Text for comparing names: without accents, case and repeated blanks."""
    if text.isascii():
        return " ".join(text.lower().split())
    text = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(letter for letter in text if not unicodedata.combining(letter)).split())


class Draft:
    """One row on its way: its values by target, its links, its warnings, and what becomes of it."""

    __slots__ = (
        "cells",
        "digest",
        "extra",
        "key",
        "line",
        "links",
        "outcome",
        "pending",
        "reason",
        "record",
        "values",
        "warnings",
    )

    def __init__(self, line, cells):
        self.line, self.cells = line, cells
        self.values, self.links, self.pending, self.warnings, self.extra = {}, {}, [], [], []
        self.outcome, self.reason, self.record, self.key, self.digest = CREATED, None, None, "", ""

    def warn(self, column, text, group="", *, kept=False):
        """Note something to look at; the row still comes in. `group` is the text that such warnings share.

        `kept` says that the value is not lost, so that examples are enough; other values are all reported.
        """
        self.warnings.append((column, text, group or text, kept or not group))

    def fail(self, column, text, group=""):
        """The row does not come in."""
        self.outcome, self.reason = FAILED, (column, text, group or text)

    def skip(self, column, text):
        """The row needs nothing done."""
        self.outcome, self.reason = SKIPPED, (column, text, text)


class Plan:
    """The mapping of one import, ready to read rows: made from a job's options and the file's headers."""

    def __init__(self, importer, options, headers):
        self.importer, self.options = importer, options
        self.targets = {target.name: target for target in importer.targets()}
        self.columns = []
        for n, header in enumerate(headers):
            column = options["columns"].get(header) or {}
            target = self.targets.get(column.get("target", ""))
            if target:
                read = reader(target, column, dollar=options.get("dollar") or "USD")
                strict = column.get("strict", target.required)
                self.columns.append((n, header, target, read, strict))
        self.header_of = {target.name: header for _n, header, target, _read, _strict in self.columns}
        self.required = [target.name for target in self.targets.values() if target.required]
        self.has_ids = NAME_OF_ID in self.header_of
        self.system = options.get("system") or "file"
        self.mode = options.get("mode") or UPSERT
        self.key = options.get("key") or ""
        self.duplicates = options.get("duplicates") or CREATE
        self.constants = {name: value for name, value in (options.get("constants") or {}).items() if value != ""}

    def drafts(self, rows):
        """A Draft for each row, its values read and what cannot be read noted."""
        return [self.draft(row) for row in rows]

    def draft(self, row):
        """The draft of one row."""
        draft = Draft(row.line, row.cells)
        draft.digest = self.digest(row.cells)
        draft.values.update(self.constants)
        if row.problem:
            draft.fail("", row.problem, _("The row cannot be read as a row of this table."))
            return draft
        for n, header, target, read, strict in self.columns:
            cell = row.cells[n]
            if cell == "" or cell is None:
                continue
            try:
                value = read(cell)
            except ValidationError as error:
                text, group = sentence(error)
                if strict:
                    draft.fail(header, text, group)
                    return draft
                draft.warn(header, text, group)
                continue
            if value is not None:
                if target.field and target.by == "id" and ";" in value:
                    value = whole_id(value.partition(";")[0].strip())
                    draft.warn(header, _("Of several ids the first one is linked."), kept=True)
                self.put(draft, target, value)
            elif target.type == "id" or target.by == "id":
                draft.warn(header, _("The id 0 stands for no record."), _("The id 0 stands for no record."))
        return draft

    def put(self, draft, target, value):
        """Store a value that was read, links apart from the rest."""
        if target.field and target.by == "id" and (other := self.meant(target, value)) is not target:
            if "id" in draft.links.get(other.field, {}):
                return  # another column says it
            target = other
        if target.field:
            draft.links.setdefault(target.field, {})[target.by] = (target, value)
        else:
            draft.values[target.name] = value

    def meant(self, target, text):
        """The target of an id that says itself what it is of, as those of Salesforce do; else the target given."""
        kind = SALESFORCE.get(text[:3]) if SALESFORCE_ID.fullmatch(text) else None
        if kind in (None, target.wanted):
            return target
        others = (other for other in self.targets.values() if other.by == "id" and other.wanted == kind)
        return next(others, target)

    def digest(self, cells):
        """The fingerprint of what a row brings."""
        text = "\x1f".join(f"{target.name}={plain(cells[n])}" for n, _h, target, _r, _s in self.columns)
        return hashlib.blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()

    def missing(self, draft):
        """The label of a mandatory target that the draft leaves empty, or None."""
        for name in self.required:
            if draft.values.get(name) in (None, "", []):
                return self.targets[name]
        return None


class Seen:
    """The keys met so far in a file, to number equal rows and to find ids that stand twice; 60 bits a key."""

    def __init__(self):
        self.counts = Counter()

    def met(self, key):
        """How often the key was met, this time included."""
        short = int(hashlib.blake2b(key.encode(errors="replace"), digest_size=7).hexdigest(), 16)
        self.counts[short] += 1
        return self.counts[short]


def identify(plan, drafts, seen):
    """Give each draft the key under which its record is known: the id there, or its contents and their turn."""
    for draft in drafts:
        given = draft.values.pop(NAME_OF_ID, None)
        if given is None:
            draft.key = f"row:{draft.digest}"
            draft.key += f":{seen.met(draft.key)}"
            continue
        draft.key = plan.importer.id_prefix(draft.values) + given if plan.importer.id_prefix else given
        if seen.met(draft.key) > 1 and draft.outcome == CREATED:
            header = plan.header_of[NAME_OF_ID]
            draft.fail(
                header,
                _("“%(id)s” stands more than once in this column.") % {"id": given},
                _("The id stands more than once in the file."),
            )
