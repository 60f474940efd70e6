"""The addresses of promises."""

from django.urls import path

from support.views import clocks

CLOCK_URLS = [
    path("cases/<big:pk>/clocks/", clocks.case_clocks, name="case_clocks"),
    path("support/attainment/", clocks.attainment, name="attainment"),
    path("support/attainment/clocks/", clocks.attainment_clocks, name="attainment_clocks"),
]
