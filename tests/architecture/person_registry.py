"""What happens to each row that points at a person, an account or a customer when records are merged, a person asks for
their data, or has to be forgotten.

Every column that points at one of them is listed: (merge, export, erase). merge: "moves" to the surviving record, "stays"
with the one it names, or "goes" with the loser. export: whether the row is part of what a person is given. erase: what
is done with the row: "removed", "emptied" (the column is set to nothing), "kept" (holds nothing of the person).
"""

WHO_ACTED = ("stays", False, "kept")
OWNED = ("stays", False, "kept")

REGISTRY = {
    # Columns of every record: who has it and who touched it.
    "*.owner": OWNED, "*.created_by": WHO_ACTED, "*.changed_by": WHO_ACTED, "*.deleted_by": WHO_ACTED,
    # What hangs off parties.
    "core.user.partner": ("moves", False, "kept"),
    "customers.account.parent": ("moves", False, "kept"),
    "customers.contact.account": ("moves", True, "kept"),
    "customers.contact.reports_to": ("moves", True, "emptied"),
    "customers.customer.account": ("moves", True, "kept"),
    "customers.customer.contact": ("moves", True, "removed"),
    "customers.customerstatuschange.customer": ("moves", True, "removed"),
    "customers.customerstatuschange.by": WHO_ACTED,
    "customers.affiliation.contact": ("moves", True, "removed"),
    "customers.affiliation.account": ("moves", True, "removed"),
    "customers.contactmechanism.account": ("moves", False, "kept"),
    "customers.contactmechanism.contact": ("moves", True, "removed"),
    "customers.consent.contact": ("moves", True, "removed"), "customers.consent.by": WHO_ACTED,
    "customers.activity.contact": ("moves", True, "emptied"),
    "customers.activity.account": ("moves", False, "kept"),
    "customers.activity.customer": ("moves", False, "kept"),
    "customers.activity.followed_owner": OWNED,
    "customers.participant.contact": ("moves", True, "removed"),
    "customers.participant.user": WHO_ACTED,
    "customers.calendarfeed.user": ("goes", False, "removed"),
    # Who is aimed at by campaigns and stands on lists; of two memberships of one the further one stays.
    "marketing.campaignmember.contact": ("moves", True, "removed"),
    "marketing.contactlistmember.contact": ("moves", True, "removed"),
    # Leads hold the names as they were given with the inquiry.
    "sales.lead.contact": ("moves", True, "emptied"), "sales.lead.account": ("moves", False, "kept"),
    "sales.lead.customer": ("moves", True, "kept"), "sales.lead.partner": ("moves", False, "kept"),
    "sales.lead.converted_account": ("moves", False, "kept"),
    "sales.lead.converted_customer": ("moves", True, "kept"),
    # Deals and what hangs on them.
    "sales.opportunity.contact": ("moves", True, "emptied"), "sales.opportunity.account": ("moves", False, "kept"),
    "sales.opportunity.customer": ("moves", False, "kept"), "sales.opportunity.partner": ("moves", False, "kept"),
    "sales.opportunity.serviced_by": ("moves", False, "kept"),
    "sales.opportunity.lost_to": ("moves", False, "kept"), "sales.contactrole.contact": ("moves", True, "removed"),
    "sales.competition.account": ("moves", False, "kept"), "sales.split.user": WHO_ACTED,
    "sales.opportunitychange.by": WHO_ACTED, "sales.opportunitychange.from_owner": OWNED,
    "sales.opportunitychange.to_owner": OWNED,
    # What is sold: papers stay as they were written, for the law's sake.
    "sales.quote.customer": ("moves", True, "kept"), "sales.quote.account": ("moves", False, "kept"),
    "sales.quote.contact": ("moves", True, "emptied"),
    "sales.sale.customer": ("moves", True, "kept"), "sales.sale.account": ("moves", False, "kept"),
    "sales.sale.contact": ("moves", True, "emptied"),
    "sales.invoice.customer": ("moves", True, "kept"), "sales.invoice.account": ("moves", False, "kept"),
    "sales.invoice.contact": ("moves", True, "emptied"),
    "sales.target.user": OWNED, "sales.adjustment.user": OWNED, "sales.adjustment.by": WHO_ACTED,
    "sales.adjustment.reset_by": WHO_ACTED,
    # Sums that are made anew, and who is handed leads.
    "sales.forecastcell.owner": ("goes", False, "removed"), "sales.oddscell.owner": ("goes", False, "removed"),
    "sales.creditcell.user": WHO_ACTED,
    "sales.assignmentrule.escalate_to": WHO_ACTED, "sales.rulemember.user": ("goes", False, "removed"),
    "sales.assignmentdecision.owner": WHO_ACTED,
    "sales.credit.user": WHO_ACTED, "sales.quotemail.by": WHO_ACTED,
    # Cases: the conversation stays, who said what is taken out of it.
    "support.case.contact": ("moves", True, "emptied"), "support.case.account": ("moves", False, "kept"),
    "support.case.customer": ("moves", True, "kept"), "support.case.partner": ("moves", False, "kept"),
    "support.message.contact": ("moves", True, "emptied"), "support.message.user": WHO_ACTED,
    "support.watcher.contact": ("moves", True, "removed"), "support.watcher.user": ("goes", False, "removed"),
    "support.casemerge.by": WHO_ACTED, "support.queuemember.user": ("goes", False, "removed"),
    "support.mailbox.private_to": OWNED,
    "support.draft.user": ("goes", False, "removed"), "support.presence.user": ("goes", False, "removed"),
    "support.survey.contact": ("moves", True, "removed"), "support.survey.agent": WHO_ACTED,
    "support.clock.owner": WHO_ACTED, "support.policyversion.created_by": WHO_ACTED,
    # The way into the portal goes with the person.
    "support.portalaccess.contact": ("goes", True, "removed"), "support.portalaccess.user": ("goes", True, "removed"),
    "support.portalaccess.invited_by": WHO_ACTED, "support.portaltoken.user": ("goes", False, "removed"),
    "support.profilechange.contact": ("goes", True, "removed"), "support.profilechange.decided_by": WHO_ACTED,
    # What customers have of ours, and what partners bring.
    "support.installedproduct.customer": ("moves", True, "kept"), "support.installedproduct.account": ("moves", False, "kept"),
    "support.installedproduct.contact": ("moves", True, "emptied"),
    "support.entitlement.customer": ("moves", True, "kept"), "support.entitlement.account": ("moves", False, "kept"),
    "support.dealregistration.partner": ("moves", False, "kept"), "support.dealregistration.account": ("moves", False, "kept"),
    "support.certification.partner": ("moves", False, "kept"),
    "support.articleversion.by": WHO_ACTED, "support.articlevote.user": ("goes", False, "removed"),
    # Rows that name a record by type and id.
    "core.share.*": ("moves", False, "removed"), "core.externalid.*": ("moves", True, "removed"),
    "core.attachment.*": ("moves", True, "removed"), "core.pendinglink.*": ("moves", False, "removed"),
    "customers.activity.regarding": ("moves", True, "kept"), "customers.activitylink.*": ("moves", True, "kept"), "core.bulkchange.*": ("stays", False, "removed"),
    # A user's own things and the machinery of signing in.
    "core.share.user": ("goes", False, "removed"), "core.share.created_by": WHO_ACTED,
    "core.attachment.created_by": WHO_ACTED, "core.importmapping.user": ("goes", False, "removed"),
    "core.savedview.owner": ("goes", False, "removed"), "core.submission.user": ("goes", False, "removed"),
    "core.notification.user": ("goes", False, "removed"), "core.job.user": WHO_ACTED, "core.team.manager": WHO_ACTED,
    "core.membership.user": ("goes", False, "removed"), "admin.logentry.user": WHO_ACTED, "admin.logentry.*": WHO_ACTED,
    "account.emailaddress.user": ("goes", False, "removed"), "mfa.authenticator.user": ("goes", False, "removed"),
}  # fmt: skip
