"""The stages that a file's words mean: ours by name or by a usual word, else stages of a pipeline made for them."""

from django.utils.translation import gettext as _

from crm_site.core.imports.cells import clean_text
from crm_site.core.imports.parsing import choices_of
from crm_site.core.imports.plan import CHECK, fold
from crm_site.core.imports.registry import Target
from sales.models import Pipeline, Stage
from sales.operations.stages import save_pipeline, save_stage

WORDS = {
    "qualification": (
        "prospect", "prospecting", "qualified", "qualified to buy", "appointment scheduled", "appointmentscheduled",
        "new", "lead in", "contact made",
    ),
    "needs analysis": (
        "value proposition", "discovery", "id. decision makers", "identify decision makers", "perception analysis",
        "presentation scheduled", "presentationscheduled", "demo scheduled", "needs defined",
    ),
    "proposal": (
        "initial offer", "proposal/price quote", "proposal/quote", "proposal made", "quote", "quotation", "offer",
        "contract sent", "contractsent",
    ),
    "negotiation": (
        "negotiation/review", "negotiations started", "decision maker bought-in", "decisionmakerboughtin", "commit",
    ),
}  # fmt: skip
WON = ("won", "closed won", "closedwon", "closed - won", "closed/won", "gewonnen", "gagné", "ganado", "ganada", "vinto")
LOST = (
    "lost",
    "closed lost",
    "closedlost",
    "closed - lost",
    "closed/lost",
    "closed lost to competition",
    "verloren",
    "perdu",
    "perdido",
    "perdida",
    "perso",
)
STATE_WORDS = (
    dict.fromkeys(WON, Stage.WON) | dict.fromkeys(LOST, Stage.LOST) | {"canceled": Stage.LOST, "cancelled": Stage.LOST}
)
LOST_PARTS = {"lost", "closedlost", "abandoned", "cancelled", "canceled", "verloren", "perdu", "perdue", "perdido",
              "perdida", "perso"}  # fmt: skip
# Parts of words in the order in which deals usually go; the words of a new pipeline are put into this order.
ORDER = ("new", "lead", "prospect", "qualif", "contact", "engag", "discover", "analys", "need", "value", "decision",
         "demo", "offer", "quote", "propos", "negot", "review", "contract", "commit")  # fmt: skip


def stage_target():
    """The target of stages; its choices are the stages in use, those of the default pipeline by name alone."""
    stages = list(Stage.objects.filter(is_active=True).select_related("pipeline").order_by("pipeline", "order", "id"))
    own = {fold(stage.name): stage for stage in stages if stage.pipeline.is_default}
    labels = {
        str(s.pk): s.name if s.pipeline.is_default else _("%(stage)s (%(pipeline)s)") % {
            "stage": s.name, "pipeline": s.pipeline
        } for s in stages
    }  # fmt: skip
    known = {word: own[name] for name, words in WORDS.items() if name in own for word in words}
    for state, words in ((Stage.WON, WON), (Stage.LOST, LOST)):
        if closing := next((s for s in own.values() if s.state == state), None):
            known |= dict.fromkeys(words, closing)
    usual = {word: str(stage.pk) for word, stage in known.items() if word not in own}
    aliases = (
        "deal stage",
        "sales stage",
        "stage name",
        "opportunity stage",
        "pipeline stage",
        "phase",
        "étape",
        "etapa",
    )
    return Target("stage", _("Stage"), "choice", aliases, choices=labels, value_map=usual)


def words_of(run, header):
    """The words that the whole file has in a column, in the order of their appearance."""
    place = run.table.headers.index(header)
    found = dict.fromkeys(clean_text(row.cells[place]) for row in run.table.rows() if not row.problem)
    return [word for word in found if word]


def ready(run):
    """See to it that each word of the file for a stage means one.

    When one is unknown and nobody said what it means, an administrator's import makes a pipeline of all the file's
    words; for others, and in a check, the unknown words mean no stage yet.
    """
    options = run.job.options
    header = next((h for h, column in options["columns"].items() if column.get("target") == "stage"), None)
    if header is None or header not in run.table.headers:
        return
    column, target = options["columns"][header], stage_target()
    words = words_of(run, header)
    known = choices_of(target, column)
    unknown = [word for word in words if known.get(word.lower()) is None]
    if not unknown:
        return
    run.kept["new stages"] = set(unknown)
    given = dict(column.get("map") or {})
    if run.phase == CHECK or not run.user.is_superuser:
        column["map"] = given | dict.fromkeys(unknown)
    else:
        column["map"] = given | pipeline_for(words, options.get("system"), run.user)


def pipeline_for(words, system, user):
    """{word: the id of its stage} in the pipeline of a system's imports, made or completed."""
    name = _("Imported (%(system)s)") % {"system": system} if system and system != "file" else _("Imported")
    pipeline = Pipeline.objects.filter(name=name).first() or save_pipeline(Pipeline(name=name), by=user)
    there = {fold(stage.name): stage for stage in pipeline.stages.all()}
    ordered = [*sorted((w for w in words if state_of(w) == Stage.OPEN), key=place_of), *ends(words)]
    opens = sum(state_of(word) == Stage.OPEN for word in ordered)
    for order, word in enumerate(ordered, 1):
        if fold(word) not in there:
            there[fold(word)] = save_stage(
                Stage(pipeline=pipeline, name=word[:100], order=order, state=state_of(word),
                      probability=round(100 * order / (opens + 1)) if state_of(word) == Stage.OPEN else 0),
                by=user,
            )  # fmt: skip
    return {word: str(there[fold(word)].pk) for word in words}


def ends(words):
    """The words for won and lost deals; a pipeline needs one of each."""
    won, lost = ([w for w in words if state_of(w) == state] for state in (Stage.WON, Stage.LOST))
    return [*(won or ["Won"]), *(lost or ["Lost"])]


def state_of(word):
    """What a word for a stage means: open, won or lost."""
    parts = set(fold(word).replace("/", " ").replace("-", " ").split())
    if parts & {"won", "closedwon", "gewonnen", "gagne", "gagnee", "ganado", "ganada", "vinto"}:
        return Stage.WON
    return Stage.LOST if parts & LOST_PARTS else Stage.OPEN


def place_of(word):
    """Where a word usually stands among the stages."""
    return next((n for n, part in enumerate(ORDER) if part in fold(word)), len(ORDER))
