"""Who may open which address: the one table that every address of the site must be in.

A rule is (pattern of the route's name, who). The first rule that fits counts. A new address without a rule fails
`test_urls.py`; write its rule here in the same change.
"""

from dataclasses import dataclass
from fnmatch import fnmatch

from crm_site.core.kinds import KINDS
from crm_site.core.models import User
from sales import today

PUBLIC_LIMIT = 12
TIMELINES = {"account", "contact", "customer"}


@dataclass(frozen=True)
class Rule:
    """`who(user, route, subject)` says whether the signed-in user may; `public` needs no signing in at all."""

    pattern: str
    who: object
    public: bool = False
    subject: str = "record"
    # What an auditor may write here: something of his own, never a record.
    personal: bool = False
    # Shows nothing to a plain GET in the walkers' world, though the actor may.
    quiet: bool = False
    # Tables in which a look notes something about the looker alone, such as what was opened last.
    notes: tuple = ()
    # Opens with a secret in its address; to anybody without it there is nothing.
    secret: bool = False
    # Takes posts of other sites' visitors, for whom it has no session: a forged request gains nothing.
    tokenless: bool = False


def anybody(user, route, subject):
    """Everybody, signed in or not."""
    return True


def staff(user, route, subject):
    """Every staff user, with or without a role."""
    return user.door == User.STAFF


def seller(user, route, subject):
    """Staff whose roles let them change deals."""
    return user.door == User.STAFF and today.sells(user)


def administrator(user, route, subject):
    """Only who may open the administration."""
    return user.is_staff and user.is_active


def signed_out_of_it(user, route, subject):
    """Who may open the administration, and customers: their sign-in counts at the portal alone, here they are nobody."""
    return administrator(user, route, subject) or portal(user, route, subject)


def superuser(user, route, subject):
    """Only who has every right."""
    return user.is_superuser and user.is_active


def portal(user, route, subject):
    """Only portal users."""
    return user.door == User.PORTAL


def nobody(user, route, subject):
    """Nobody but the system."""
    return False


def own(user, route, subject):
    """Only the one to whom the thing belongs."""
    return staff(user, route, subject) and getattr(subject, "owner_id", getattr(subject, "user_id", None)) == user.pk


def lists(user, route, subject):
    """Who sees some of the kind, by role or by a share."""
    return staff(user, route, subject) and (user.reach(route.kind.model, "view") != "none" or user.shares.exists())


def kind_action(action):
    """Who may do the action on some records of the kind."""

    def check(user, route, subject):
        return user.reach(route.kind.model, action) != "none"

    return check


def on_record(action):
    """Who may do the action on this very record."""

    def check(user, route, subject):
        return route.kind.model.objects.visible_to(user, action).filter(pk=subject.pk).exists()

    return check


def on_the_record(action):
    """As on_record, for an address that serves several kinds."""

    def check(user, route, subject):
        return type(subject).objects.visible_to(user, action).filter(pk=subject.pk).exists()

    return check


def reads_activity(user, route, subject):
    """Who sees the activity itself or, unless it is private, a record on whose timeline it stands."""
    parents = [getattr(subject, field.name) for field in subject._meta.concrete_fields if field.name in TIMELINES]
    return on_record("view")(user, route, subject) or (
        not subject.is_private
        and staff(user, route, subject)
        and any(on_the_record("view")(user, route, parent) for parent in parents if parent)
    )


def sets_rates(user, route, subject):
    """Who may change all deals."""
    return user.reach(KINDS["sales.opportunity"].model, "change") == "all"


def who_links_contacts(user, route, subject):
    """Who sees the account and may change contacts."""
    return on_record("view")(user, route, subject) and user.reach(KINDS["customers.contact"].model, "change") != "none"


def who_logs(user, route, subject):
    """Who sees the record and may make activities."""
    return (
        on_the_record("view")(user, route, subject) and user.reach(KINDS["customers.activity"].model, "add") != "none"
    )


def who_quotes(user, route, subject):
    """Who sees the deal and may make quotes."""
    return on_record("view")(user, route, subject) and user.reach(KINDS["sales.quote"].model, "add") != "none"


def who_notes(user, route, subject):
    """Who sees the case and may make cases."""
    return on_record("view")(user, route, subject) and user.reach(route.kind.model, "add") != "none"


def sees_deals(user, route, subject):
    """Whose roles show some deals: they have a forecast."""
    return user.reach(KINDS["sales.opportunity"].model, "view") != "none"


def sees_sales(user, route, subject):
    """Whose roles show some deals or leads: they have the sales reports."""
    return sees_deals(user, route, subject) or user.reach(KINDS["sales.lead"].model, "view") != "none"


def sees_cases(user, route, subject):
    """Whose roles show some cases."""
    return user.reach(KINDS["support.case"].model, "view") != "none"


def sees_contacts(user, route, subject):
    """Whose roles show some contacts."""
    return user.reach(KINDS["customers.contact"].model, "view") != "none"


def takes_contacts(user, route, subject):
    """Whose roles let them take some contacts out."""
    return user.reach(KINDS["customers.contact"].model, "export") != "none"


def lists_cases(user, route, subject):
    """Staff who see some cases, by role or by a share."""
    return staff(user, route, subject) and (
        user.reach(KINDS["support.case"].model, "view") != "none" or user.shares.exists()
    )


def works_cases(user, route, subject):
    """Whose roles let them change some cases: they have a desk."""
    return staff(user, route, subject) and user.reach(KINDS["support.case"].model, "change") != "none"


def asks(user, route, subject):
    """Who may change and delete all cases: managers of support and administrators."""
    return all(user.reach(KINDS["support.case"].model, action) == "all" for action in ("change", "delete"))


def adjusts(user, route, subject):
    """Who adjusts the forecast of the person that the adjustment is about: that person, and who stands above."""
    reach = user.reach(KINDS["sales.opportunity"].model, "change")
    above = subject.user.team.above.filter(ancestor__memberships__user=user).exists()
    return reach == "all" or (reach == "subtree" and above) or (reach != "none" and subject.user_id == user.pk)


def in_bin(user, route, subject):
    """Who may bring this very record back."""
    return route.kind.model.objects.deleted_for(user).filter(pk=subject.pk).exists()


def parent(action):
    """Who may do the action on the record that the thing hangs on; `subject.parent` is it, as World sets it."""

    def check(user, route, subject):
        return type(subject.parent).objects.visible_to(user, action).filter(pk=subject.parent.pk).exists()

    return check


def lets_in(user, route, subject):
    """Who may change the contact and works on cases."""
    return on_the_record("change")(user, route, subject) and user.reach(KINDS["support.case"].model, "change") != "none"


def registrar(user, route, subject):
    """Whose roles show some deal registrations."""
    return user.reach(KINDS["support.dealregistration"].model, "view") != "none"


def decides(user, route, subject):
    """Who may change this registration, and not only their own ones."""
    beyond = user.reach(KINDS["support.dealregistration"].model, "change") not in ("none", "own")
    return beyond and on_record("change")(user, route, subject)


def suggested_to(user, route, subject):
    """Whose roles show some articles."""
    return user.reach(KINDS["support.article"].model, "view") != "none"


def who_installs(user, route, subject):
    """Who sees the sale and may make installed products."""
    return (
        on_record("view")(user, route, subject) and user.reach(KINDS["support.installedproduct"].model, "add") != "none"
    )


def hands_out(user, route, subject):
    """Who hands out other people's leads."""
    return user.reach(KINDS["sales.lead"].model, "assign") in ("team", "subtree", "all")


def builds_forms(user, route, subject):
    """Who may change campaigns or hands out leads."""
    return user.reach(KINDS["marketing.campaign"].model, "change") != "none" or hands_out(user, route, subject)


def importer(user, route, subject):
    """Who may import some kind of record."""
    return any(user.reach(kind.model, "import") != "none" for kind in KINDS.values() if kind.model._meta.app_label)


RULES = (
    # The machinery and signing in.
    Rule("healthz", anybody, public=True), Rule("readyz", anybody, public=True),
    Rule("account_login", anybody, public=True, personal=True), Rule("account_logout", anybody, public=True, personal=True),
    Rule("account_inactive", anybody, public=True), Rule("account_signup", anybody, public=True),
    Rule("account_reset_password*", anybody, public=True, personal=True),
    Rule("account_email_verification_sent", anybody, public=True),
    Rule("account_confirm_email", anybody, public=True), Rule("account_confirm_login_code", anybody, public=True),
    Rule("mfa_authenticate", anybody, public=True),
    Rule("account_*", anybody, personal=True), Rule("mfa_*", anybody, personal=True, quiet=True),
    # The administration.
    Rule("admin:login", administrator, personal=True),
    Rule("admin:logout", signed_out_of_it, public=True, personal=True),
    Rule("admin:*", administrator, quiet=True), Rule("admin", administrator, quiet=True),
    # The frame.
    Rule("home", staff), Rule("home_quarter", seller), Rule("search", staff), Rule("user_options", staff), Rule("team_options", staff),
    Rule("access_simulator", superuser), Rule("start_*", superuser), Rule("demo_remove", superuser),
    Rule("notification_open", own, subject="notification", personal=True), Rule("notification_*", staff, personal=True),
    Rule("job_list", staff), Rule("job_result", own, subject="job", quiet=True), Rule("job_*", own, subject="job", personal=True),
    Rule("import_list", importer), Rule("import_new", importer, personal=True),
    Rule("import_*", own, subject="import", personal=True, quiet=True),
    Rule("file_download", parent("view"), subject="file"), Rule("file_delete", parent("change"), subject="file"),
    # What customers/ has beside its records.
    Rule("customers:timeline", on_the_record("view"), subject="party"), Rule("customers:log", who_logs, subject="party"),
    Rule("customers:calendar_settings", staff, personal=True),
    Rule("customers:calendar_feed", nobody, secret=True), Rule("customers:invitation_answer", nobody, secret=True),
    Rule("customers:mechanism_*", parent("change"), subject="mechanism"),
    Rule("customers:affiliation_*", parent("change"), subject="affiliation"),
    Rule("customers:contact_affiliation_create", on_record("change")),
    Rule("customers:account_affiliation_create", who_links_contacts),
    Rule("customers:*_mechanism_create", on_record("change")), Rule("customers:customer_status", on_record("change")),
    Rule("customers:account_contacts", on_record("view")), Rule("customers:account_customers", on_record("view")),
    Rule("customers:account_tree", on_record("view")), Rule("customers:contact_accounts", on_record("view")),
    Rule("customers:contact_customers", on_record("view")), Rule("customers:customer_people", on_record("view")),
    Rule("customers:customer_statuses", on_record("view")), Rule("customers:*_mechanisms", on_record("view")),
    Rule("customers:consents", sees_contacts), Rule("customers:consents_export", takes_contacts),
    Rule("customers:contact_consents", on_record("view")), Rule("customers:contact_consent_create", on_record("change")),
    Rule("customers:consent_confirm", nobody, secret=True),
    Rule("customers:activity_log", kind_action("add")), Rule("customers:activity_todo", lists), Rule("customers:activity_records", lists),
    Rule("customers:activity_invitation", on_record("view"), quiet=True), Rule("customers:activity_participants", reads_activity),
    Rule("customers:activity_record", reads_activity),
    *(Rule(f"customers:activity_{verb}", on_record("change")) for verb in ("complete", "reopen", "snooze", "cancel", "pin", "invite")),
    # What sales/ has beside its records.
    Rule("sales:rates", sets_rates), Rule("sales:rate_correct", sets_rates, subject="rate"),
    Rule("sales:reports", sees_sales),
    Rule("sales:lead_convert", on_record("change")), Rule("sales:lead_unconvert", on_record("delete"), quiet=True),
    Rule("sales:lead_disqualify", on_record("change")), Rule("sales:lead_reopen", on_record("change")),
    Rule("sales:*_leads", on_record("view")),
    Rule("marketing:*_members", on_record("view")),
    Rule("sales:opportunity_board*", lists), Rule("sales:opportunity_calendar", lists),
    *(Rule(f"sales:opportunity_{verb}", on_record("change")) for verb in ("move", "unmove", "win", "lose", "reopen", "reset")),
    *(Rule(f"sales:opportunity_{part}", on_record("view")) for part in ("people", "competitors", "splits", "stages")),
    Rule("sales:*_opportunities", on_record("view")),
    Rule("sales:forecast_adjust", sees_deals, quiet=True), Rule("sales:forecast_reset", adjusts, subject="adjustment"),
    Rule("sales:forecast*", sees_deals), Rule("sales:target_progress", on_record("view")),
    Rule("sales:target_repeat", on_record("change")), Rule("sales:target_attainment", kind_action("view")),
    Rule("sales:quote_accept*", nobody, secret=True),
    Rule("sales:opportunity_quote_create", who_quotes),
    *(Rule(f"sales:*_{word}", on_record("view")) for word in ("quotes", "sales", "invoices", "lines", "editions", "credits", "prices")),
    Rule("sales:quote_pdf", on_record("view"), quiet=True), Rule("sales:quote_send", on_record("change")),
    *(Rule(f"sales:quote_{verb}", on_record("change")) for verb in ("answer", "revise", "win")),
    Rule("sales:*_lines_edit", on_record("change"), quiet=True), Rule("sales:sale_cancel", on_record("change")),
    Rule("sales:product_price_create", on_record("change")), Rule("sales:price_*", parent("change"), subject="price"),
    Rule("me", staff, personal=True), Rule("me_*", staff, personal=True),
    # What is set up around leads.
    Rule("sales:webform_public", nobody, secret=True, tokenless=True), Rule("sales:webform_*", builds_forms, subject="webform"),
    Rule("sales:assignment_rules", hands_out), Rule("sales:assignment_new", hands_out),
    Rule("sales:assignment_rule", hands_out, subject="rule"), Rule("sales:assignment_move", hands_out, subject="rule"),
    Rule("sales:lead_decisions", on_record("view")), Rule("sales:lead_score", on_record("view")),
    # The portal: its door, what is a customer's own, and staff's pages about it.
    Rule("support:portal_sign_in", anybody, public=True, personal=True), Rule("support:portal_link_ask", anybody, public=True, personal=True),
    Rule("support:portal_password", anybody, public=True, personal=True), Rule("support:portal_password_new", nobody, secret=True),
    Rule("support:portal_link", nobody, secret=True), Rule("support:portal_email", nobody, secret=True),
    Rule("support:portal_nothing", nobody, quiet=True), Rule("support:portal_sign_out", anybody, public=True, personal=True),
    Rule("support:portal_file", portal, subject="portal_case", quiet=True),
    Rule("support:portal_case_new", portal), Rule("support:portal_case", portal, subject="portal_case"),
    Rule("support:portal_case_*", portal, subject="portal_case"), Rule("support:portal_way_new", portal),
    Rule("support:portal_way*", portal, subject="portal_way"), Rule("support:portal_session_end", portal, subject="portal_session"),
    Rule("support:portal_colleague_remove", portal, subject="portal_colleague"),
    Rule("support:portal_quotes", portal), Rule("support:portal_quote*", portal, subject="portal_quote"),
    Rule("support:portal_sale", portal, subject="portal_sale"), Rule("support:portal_article*", portal, subject="portal_article"),
    Rule("support:portal_*", portal), Rule("support:contact_portal", on_the_record("view"), subject="portal_contact"),
    Rule("support:contact_portal_*", lets_in, subject="portal_contact"), Rule("support:profile_changes", staff),
    Rule("support:profile_change_decide", parent("change"), subject="name_change"),
    # What support/ has beside its records.
    Rule("support:attainment", sees_cases), Rule("support:attainment_clocks", sees_cases, quiet=True),
    Rule("support:case_clocks", on_record("view")),
    Rule("support:field_list", asks), Rule("support:field_new", asks), Rule("support:field_*", asks, subject="case_field"),
    Rule("support:ready_text_new", asks), Rule("support:ready_macro_new", asks), Rule("support:ready_list", asks),
    Rule("support:ready_text_*", asks, subject="ready_text"), Rule("support:ready_macro_*", asks, subject="ready_macro"),
    Rule("support:desk*", works_cases),
    *(Rule(f"support:case_{verb}", on_record("change")) for verb in ("canned", "here", "answer", "undo", "set", "macro")),
    Rule("support:case_draft_files", on_record("change")),
    Rule("support:case_thread", on_record("view")), Rule("support:case_facts", on_record("view")),
    Rule("support:case_promised", on_record("view")),
    Rule("support:case_follow", on_record("view"), personal=True),
    *(Rule(f"support:case_{verb}", on_record("change")) for verb in ("resolve", "close", "reopen", "take", "spam", "watcher_create")),
    Rule("support:case_note", who_notes), Rule("support:case_unwatch", on_record("change"), quiet=True),
    Rule("support:mail_post", nobody, secret=True, tokenless=True), Rule("support:case_mails", on_record("view")),
    Rule("support:case_mail_source", on_record("change"), quiet=True), Rule("support:case_mail_again", on_record("change"), quiet=True),
    *(Rule(f"support:{name}", administrator, quiet=True) for name in ("mailbox_*", "mail_retry", "parked_source")),
    Rule("support:case_parts", on_record("view")), Rule("support:case_watchers", on_record("view")), Rule("support:*_cases", on_record("view")),
    # Merging, satisfaction and reports of support.
    Rule("support:case_merge_many", kind_action("merge"), quiet=True), Rule("support:case_merge", on_record("merge")),
    Rule("support:case_unmerge", on_record("merge"), quiet=True), Rule("support:case_incident", on_record("change"), quiet=True),
    Rule("support:case_split", on_record("change")),
    *(Rule(f"support:case_{panel}", on_record("view")) for panel in ("merges", "surveys")),
    Rule("support:survey_answer", nobody, secret=True),
    Rule("support:reports", lists_cases), Rule("support:satisfaction*", lists_cases),
    # Knowledge, products and partners.
    Rule("support:article_suggest", suggested_to), Rule("support:article_versions", on_record("view")),
    Rule("support:article_vote", on_record("view"), personal=True), Rule("support:sale_install", who_installs),
    *(Rule(f"support:article_{verb}", on_record("change")) for verb in ("publish", "withdraw", "archive")),
    *(Rule(f"support:*_{word}", on_record("view")) for word in ("installed", "known", "cover", "partner", "clashes")),
    Rule("support:case_use", on_record("change")), Rule("support:case_issue", on_record("change")),
    *(Rule(f"support:knownissue_{verb}", on_record("change")) for verb in ("fix", "leave", "reopen")),
    Rule("support:account_certify", on_record("change")), Rule("support:partner_report", registrar),
    Rule("support:dealregistration_approve", decides), Rule("support:dealregistration_reject", decides),
    # What every kind of record has.
    Rule("*:*_list", lists), Rule("*:*_count", lists), Rule("*:*_sums", lists), Rule("*:*_filters", lists), Rule("*:*_columns", lists),
    Rule("*:*_options", staff),
    Rule("*:*_view_save", lists, personal=True), Rule("*:*_view_delete", own, subject="view", personal=True),
    Rule("*:*_create", kind_action("add")), Rule("*:*_similar", kind_action("add")), Rule("*:*_bin", kind_action("delete")),
    Rule("*:*_export", kind_action("export")), Rule("*:*_bulk", kind_action("bulk")), Rule("*:*_files", on_record("view")),
    Rule("*:*_record", on_record("view")), Rule("*:*_history", on_record("view")), Rule("*:*_access", on_record("view")),
    Rule("*:*_edit", on_record("change")), Rule("*:*_cell", on_record("change")), Rule("*:*_share", on_record("change")),
    Rule("*:*_delete", on_record("delete")), Rule("*:*_restore", in_bin, subject="binned"),
)  # fmt: skip


def rule_for(route, rules=RULES):
    """The first rule that fits the route, or None."""
    name = route.name or ("admin" if route.is_admin else route.pattern)
    return next((rule for rule in rules if fnmatch(name, rule.pattern)), None)
