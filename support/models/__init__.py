from support.models.case import Case, CaseMerge, Message, MessageFile, Survey, Watcher
from support.models.common import FIRST, METRICS, NEVER, NEXT, RESOLUTION
from support.models.hooks import Webhook, WebhookDelivery
from support.models.knowledge import Article, ArticleVersion, ArticleVote
from support.models.mail import InboundMail, Mailbox, OutgoingMail, Reconciliation
from support.models.portal import PortalAccess, PortalSession, PortalToken, ProfileChange
from support.models.products import (
    Certification,
    DealRegistration,
    Entitlement,
    EntitlementUse,
    InstalledProduct,
    IssueNotice,
    KnownIssue,
)
from support.models.queue import CannedReply, CaseField, Draft, DraftFile, Macro, Presence, Queue, QueueMember, Status
from support.models.sla import METRIC_NAMES, Clock, ClockEvent, ClockSegment, Policy, PolicyVersion

__all__ = [
    "FIRST", "METRICS", "METRIC_NAMES", "NEVER", "NEXT", "RESOLUTION", "Article", "ArticleVersion", "ArticleVote",
    "CannedReply", "Case", "CaseField", "CaseMerge", "Certification", "Clock", "ClockEvent", "ClockSegment",
    "DealRegistration", "Draft", "DraftFile", "Entitlement", "EntitlementUse", "InboundMail", "InstalledProduct",
    "IssueNotice", "KnownIssue", "Macro",
    "Mailbox", "Message", "MessageFile", "OutgoingMail", "Policy", "PolicyVersion", "PortalAccess", "PortalSession",
    "PortalToken", "Presence", "ProfileChange", "Queue", "QueueMember", "Reconciliation", "Status", "Survey",
    "Watcher", "Webhook", "WebhookDelivery",
]  # fmt: skip
