"""The addresses of the forecast and of targets."""

from django.urls import path

from crm_site.core.routes import record_urls
from sales.kinds.target import TARGETS
from sales.views import backtest, forecast, targets

FORECAST_URLS = [
    path("forecast/", forecast.forecast_page, name="forecast"),
    path("forecast/changes/", forecast.forecast_changes, name="forecast_changes"),
    path("forecast/adjust/", forecast.forecast_adjust, name="forecast_adjust"),
    path("forecast/adjustments/<big:pk>/reset/", forecast.forecast_reset, name="forecast_reset"),
    path("forecast/backtest/", backtest.backtest_page, name="forecast_backtest"),
    *record_urls(TARGETS),
    path("targets/attainment/", targets.target_attainment, name="target_attainment"),
    path("targets/<big:pk>/progress/", targets.target_progress, name="target_progress"),
    path("targets/<big:pk>/repeat/", targets.target_repeat, name="target_repeat"),
]
