"""The addresses of support/."""

urlpatterns = []
