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
    "ACTIONS", "ALL", "NONE", "OWN", "REACHES", "REACH_LABELS", "SUBTREE", "TEAM", "Attachment", "ExternalId", "Fold",
    "Heartbeat", "Job", "JobProblem", "Membership", "Notification", "Record", "RoleScope", "SavedView", "Setting",
    "Share", "Submission", "Team", "TeamClosure", "User", "alive", "list_indexes", "search_index",
]  # fmt: skip
