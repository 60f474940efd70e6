"""The addresses of marketing/."""

app_name = "marketing"
urlpatterns = []
