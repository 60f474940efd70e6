"""The addresses of mail."""

from django.urls import path

from support.views import inbound, mail

MAIL_URLS = [
    path("mail/<big:pk>/<str:key>/", inbound.mail_post, name="mail_post"),
    path("mailboxes/", mail.mailbox_list, name="mailbox_list"),
    path("mailboxes/<big:pk>/preview/", mail.mailbox_preview, name="mailbox_preview"),
    path("mailboxes/<big:pk>/key/", mail.mailbox_key, name="mailbox_key"),
    path("mailboxes/<big:pk>/check/", mail.mailbox_check, name="mailbox_check"),
    path("mailboxes/missing/<big:pk>/", mail.mailbox_missing, name="mailbox_missing"),
    path("mailboxes/parked/<big:pk>/", mail.mail_retry, name="mail_retry"),
    path("mailboxes/parked/<big:pk>/source/", mail.parked_source, name="parked_source"),
    path("cases/<big:pk>/mails/", mail.case_mails, name="case_mails"),
    path("cases/<big:pk>/mails/<big:mail>/", mail.mail_source, name="case_mail_source"),
    path("cases/<big:pk>/outgoing/<big:mail>/", mail.mail_again, name="case_mail_again"),
]
