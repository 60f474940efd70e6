"""What the wizard proposes for a file: the kind of record, where each column goes, how its cells are read."""

import hashlib

from crm_site.core.models import ImportMapping, Job

from .guessing import KIND_OBJECTS, Guess, guess_kind, guess_mapping, normalise
from .parsing import choices_of, habits, plain
from .plan import CREATE, UNDO, UPDATE, UPSERT
from .registry import IMPORTERS, NAME_OF_ID

VALUES_SHOWN = 30
# The system of files that name none; how far back is looked for others of that kind.
NOBODYS, EARLIER = "file", 50
# Fewer rows do not show a habit.
FEW = 6


def detect(headers, file_name, importers, samples=()):
    """The importer that the file's name, its headers and, where given, its rows speak for, or None."""
    told = [importer for importer in importers if importer.detected]
    log = next((importer for importer in told if importer.log and is_log(headers, samples, importer)), None)
    found = guess_kind(headers, {importer.name: importer.targets() for importer in told}, file_name)
    return log or IMPORTERS.get(found)


def is_log(headers, samples, importer):
    """Whether rows tell moments of a few things each: the column of the thing repeats itself, as no list's does."""
    guesses = guess_mapping(headers, samples, importer.targets()) if len(samples) >= FEW else {}
    places = {guess.target: n for n, guess in enumerate(guesses.values())}
    if not set(importer.log) <= set(places):
        return False
    named = cells_of(samples, places[importer.log[0]])
    return len(set(named)) * 3 <= len(named) * 2


def fingerprint(headers):
    """What tells a set of headers from others."""
    return hashlib.blake2b("\x1f".join(headers).encode(errors="replace"), digest_size=16).hexdigest()


def propose(importer, table, file_name, *, system="", user=None):
    """The options of an import as far as they can be guessed; a mapping used before by the user comes first."""
    samples = table.sample()
    options = base_options(importer, table, file_name, system)
    guesses = guesses_of(importer, table.headers, samples)
    used = (
        user
        and ImportMapping.objects.filter(user=user, importer=importer.name, headers=fingerprint(table.headers)).first()
    )
    if used:
        return options | used.options | {"remembered": True}
    targets = {target.name: target for target in importer.targets()}
    for n, header in enumerate(table.headers):
        guess = guesses[header]
        column = {"target": guess.target, "confidence": guess.confidence, "reason": str(guess.reason)}
        if guess.target:
            column |= column_habits(header, targets[guess.target], cells_of(samples, n))
        options["columns"][header] = column
    mapped = {column["target"] for column in options["columns"].values()}
    if importer.guess and "kind" not in mapped:
        options["constants"] = importer.guess(file_name, table.headers)
    options |= key_options(importer, mapped)
    return options


def guesses_of(importer, headers, samples):
    """The guesses for each header: columns with values choose first; an id of another record is no name of it."""
    targets, thing = importer.targets(), KIND_OBJECTS.get(importer.name, "")
    named = {target.name for target in targets if target.by == "name"}
    found = {header: Guess("", 0, "") for header in headers}
    filled = {n for n in range(len(headers)) if cells_of(samples, n)}
    for chosen in (filled, set(range(len(headers))) - filled):
        left = [target for target in targets if target.name not in {guess.target for guess in found.values()}]
        part = [header if n in chosen else "" for n, header in enumerate(headers)]
        first = guess_mapping(part, samples, left, thing)
        wrong = {h for h, guess in first.items() if guess.target in named and normalise(h).endswith("id")}
        part = ["" if header in wrong else header for header in part]
        found |= {h: g for h, g in guess_mapping(part, samples, left, thing).items() if h and g.target}
    return found


def base_options(importer, table, file_name, system):
    """The options that do not depend on the columns."""
    return {
        "importer": importer.name, "file_name": file_name, "system": system or NOBODYS, "encoding": table.encoding,
        "delimiter": table.delimiter, "sheet": table.sheet, "columns": {}, "constants": {}, "mode": UPSERT,
        "duplicates": CREATE, "key": "", "make_links": True, "make_customers": True,
    }  # fmt: skip


def key_options(importer, mapped):
    """How records are known again: by id; an e-mail address or, without ids, a name points out what is here already.

    A serial number is of one thing alone.
    """
    if importer.name == "users":
        return {"key": "email", "duplicates": UPDATE}
    if "email" in importer.keys and "email" in mapped:
        return {"key": "email"}
    if "serial" in importer.keys and "serial" in mapped:
        return {"key": "serial", "duplicates": UPDATE}
    if "name" in importer.keys and NAME_OF_ID not in mapped:
        return {"key": "name"} | ({"duplicates": UPDATE} if importer.one_by_key else {})
    return {}


def cells_of(samples, n):
    """The filled cells of a column in the sample."""
    return [row.cells[n] for row in samples if row.cells[n] not in ("", None)]


def column_habits(header, target, cells):
    """The habits of a column, and for choices the map of the words that its sample shows."""
    found = habits(header, target, cells)
    if target.type == "choice":
        known = choices_of(target, {})
        words = list(dict.fromkeys(plain(cell) for cell in cells))[:VALUES_SHOWN]
        found["map"] = {word: known.get(word.lower()) for word in words}
        found["unknown"] = [word for word in words if word.lower() not in known]
    return found


def met_before(job):
    """The last import whose ids a draft's meet though nobody said which system they are of, or None."""
    if job.options["system"] != NOBODYS or not holds_ids(job.options):
        return None
    rows = Job.objects.filter(
        kind="import", state=Job.DONE, record_kind=job.record_kind, options__importer=job.options["importer"],
        options__system=NOBODYS,
    )  # fmt: skip
    before = rows.exclude(options__phase=UNDO).select_related("user").order_by("-pk")[:EARLIER]
    return next((other for other in before if holds_ids(other.options)), None)


def holds_ids(options):
    """Whether a column of a file goes to the ids that another system gave its rows."""
    return any((column or {}).get("target") == NAME_OF_ID for column in options["columns"].values())


def remember_mapping(user, importer, headers, options):
    """Keep a mapping for the next file with the same headers."""
    kept = {
        k: options[k] for k in ("columns", "constants", "mode", "duplicates", "key", "make_links", "make_customers")
    }
    ImportMapping.objects.update_or_create(
        user=user, importer=importer.name, headers=fingerprint(headers), defaults={"options": kept}
    )
