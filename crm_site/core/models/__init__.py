from crm_site.core.models.bulk import BulkChange
from crm_site.core.models.calendar import Calendar, Holiday
from crm_site.core.models.fields import amount, folded, given, known, link, rule, seldom_given
from crm_site.core.models.imports import ImportChange, ImportMapping, PendingLink
from crm_site.core.models.money import ExchangeRate
from crm_site.core.models.record import (
    Attachment,
    ExternalId,
    Fold,
    Heartbeat,
    Job,
    JobProblem,
    Notification,
    Record,
    SavedView,
    Setting,
    Share,
    Submission,
    alive,
    list_indexes,
    search_index,
    tags_fit,
)
from crm_site.core.models.user import (
    ACTIONS,
    ALL,
    NONE,
    OWN,
    REACH_LABELS,
    REACHES,
    SUBTREE,
    TEAM,
    Membership,
    RoleScope,
    Team,
    TeamClosure,
    User,
)

__all__ = [
    "ACTIONS", "ALL", "NONE", "OWN", "REACHES", "REACH_LABELS", "SUBTREE", "TEAM", "Attachment", "BulkChange",
    "Calendar", "ExchangeRate", "ExternalId", "Fold", "Heartbeat", "Holiday", "ImportChange", "ImportMapping",
    "Job", "JobProblem", "Membership", "Notification", "PendingLink", "Record", "RoleScope", "SavedView", "Setting",
    "Share", "Submission", "Team", "TeamClosure", "User", "alive", "amount", "folded", "given", "known", "link",
    "list_indexes", "rule", "search_index", "seldom_given", "tags_fit",
]  # fmt: skip
