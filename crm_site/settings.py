"""Settings of the site. Everything that differs between two installations comes from the environment."""

import sys
from pathlib import Path

import pghistory

from crm_site import environment, logs

ROOT = Path(__file__).resolve().parent.parent
ENV = environment.read()

DEBUG = ENV.debug
SECRET_KEY = ENV.secret_key
ALLOWED_HOSTS = ENV.allowed_hosts
BASE_URL = ENV.base_url
CSRF_TRUSTED_ORIGINS = ENV.trusted_origins
ROOT_URLCONF = "crm_site.urls"
PORTAL_URLCONF = "crm_site.portal_urls"
WSGI_APPLICATION = "crm_site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "crm_site",
    "crm_site.core",
    "customers",
    "marketing",
    "sales",
    "support",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.admin",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "pgtrigger",
    "pghistory",
    "django_filters",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "crm_site.logs.request_id",
    "crm_site.core.middleware.database_trouble",
    # Before all that may answer by themselves: the redirect to https and the static files.
    "crm_site.core.middleware.security_headers",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "crm_site.core.middleware.portal_door",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "crm_site.core.middleware.clean_parameters",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "crm_site.core.middleware.session_limits",
    "crm_site.core.middleware.staff_door",
    "crm_site.core.middleware.second_factor",
    "crm_site.core.middleware.history_context",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crm_site.navigation.frame",
            ],
        },
    }
]

DATABASES = {"default": ENV.database}
DATABASES["default"].setdefault("OPTIONS", {})
# A migration may take as long over a large table as it needs; for a lock it waits no longer than others.
LONGEST = "0" if sys.argv[1:2] == ["migrate"] else "30s"
# Triggers ask which of them to ignore. Where nobody ever said, the question is an error that is caught, and each takes
# the longer the more links wait to be checked: a hundred times the trigger's own work for rows that are new themselves.
DATABASES["default"]["OPTIONS"]["options"] = (
    f"-c statement_timeout={LONGEST} -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"
    " -c pgtrigger.ignore={}"
)
DATABASES["default"]["OPTIONS"]["connect_timeout"] = 3
DATABASES["default"]["CONN_MAX_AGE"] = 600
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

REDIS_URL = ENV.redis_url

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "support.accounts.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Kith: "
ACCOUNT_FORMS = {"reset_password": "crm_site.core.accounts.ResetForm"}
PASSWORD_RESET_TIMEOUT = 60 * 60
# Also the tries at a second factor's code count as "login_failed", by user.
ACCOUNT_RATE_LIMITS = {"login_failed": "5/15m/key,100/15m/ip", "login": "60/m/ip", "reset_password": "5/h/key,20/h/ip",
                       "quote_accept": "60/m/ip", "survey_answer": "30/m/ip", "portal_link": "5/h/key,60/h/ip",
                       "portal_use": "60/m/ip", "portal_costly": "20/m/user", "portal_invite": "20/h/user",
                       "portal_address": "5/h/user", "consent_confirm": "30/m/ip"}  # fmt: skip
# A new address is a new way in, as a new password is.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
KNOWN_DEVICE_COOKIE = "__Host-device" if not ENV.insecure_cookies else "kith_device"
ALLAUTH_TRUSTED_PROXY_COUNT = ENV.trusted_proxies
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are the administrator's, who knows the people
MFA_TOTP_ISSUER = "Kith"

SESSION_ENGINE = "crm_site.core.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_IDLE_SECONDS = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_USE_SESSIONS = False
SECURE_COOKIES = not ENV.insecure_cookies
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_NAME = "__Host-session" if SECURE_COOKIES else "kith_session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE_COOKIES else "kith_csrf"
SECURE_SSL_REDIRECT = SECURE_COOKIES
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.trusted_proxies else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE_COOKIES else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_COOKIES
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "manifest-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# The limits of one request: a form of a thousand fields and ten megabytes of text is more than a person types.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# It holds the counters of failed sign-ins and the codes already used: Django's own limit of 300 rows would let somebody
# push them out by trying many addresses. Each try costs a password's hash, so this many are not reached in 15 minutes.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "core_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [ROOT / "crm_site" / "locale"]
TIME_ZONE = ENV.time_zone
USE_TZ = True
FORMAT_MODULE_PATH = ["crm_site.formats"]
BASE_CURRENCY = ENV.currency
DEFAULT_COUNTRY = ENV.country

STATIC_URL = "/static/"
STATIC_ROOT = ENV.static_root
STATICFILES_DIRS = [ROOT / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "crm_site.assets.PackageFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "crm_site.assets.HashedFiles"},
}
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["map", "svg", "txt", "png", "ttf", "woff", "woff2"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
MEDIA_ROOT = ENV.media_root
MEDIA_URL = "/files/"

EMAIL_BACKEND = ENV.email["EMAIL_BACKEND"]
EMAIL_HOST = ENV.email["EMAIL_HOST"]
EMAIL_PORT = ENV.email["EMAIL_PORT"]
EMAIL_HOST_USER = ENV.email["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = ENV.email["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = ENV.email["EMAIL_USE_TLS"]
EMAIL_USE_SSL = ENV.email["EMAIL_USE_SSL"]
EMAIL_FILE_PATH = ENV.email["EMAIL_FILE_PATH"]
# Where mails are kept as long as EMAIL_URL names no server; a sweep clears it, and no folder that EMAIL_URL names.
KEPT_MAIL = ENV.kept_mail
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = ENV.from_email

# Drop-downs are drawn by a template of ours.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"

PGHISTORY_INSTALL_CONTEXT_FUNC_ON_MIGRATE = True
PGHISTORY_ADMIN_ALL_EVENTS = False
# Nobody looks for events by the owner or team that they name: indexes on those would only cost.
PGHISTORY_FOREIGN_KEY_FIELD = pghistory.ForeignKey(db_index=False)

# The bin keeps a deleted record for this many days.
BIN_DAYS = 30
# How many rows a count on a page looks at before it says "1,000+".
COUNT_CAP = 1000
PAGE_SIZE = 50

LOGGING = logs.LOGGING
