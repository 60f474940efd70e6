"""`manage.py demo` loads the demo company, `manage.py demo --remove` takes it out again."""

from django.core.management.base import BaseCommand

from crm_site import demo
from crm_site.core.models import User


class Command(BaseCommand):
    """An invented company with users, customers and two years of talk, made and removed as a whole."""

    help = "Load an invented company to try Kith out with, or remove it."

    def add_arguments(self, parser):
        """Which way."""
        parser.add_argument("--remove", action="store_true", help="remove the demo company with all its records")

    def handle(self, *, remove, **_options):
        """Load once, or remove."""
        if remove:
            self.stdout.write(f"Removed {demo.remove()} records and the users of the demo company.")
            if not User.objects.filter(is_superuser=True, is_active=True).exists():
                self.stdout.write("`python3 manage.py createsuperuser` makes the next administrator.")
        elif demo.is_there():
            self.stdout.write("The demo company is there already.")
        else:
            made = demo.load()
            self.stdout.write(
                "The demo company is loaded: " + ", ".join(f"{n} {what}" for what, n in made.items()) + "."
            )
            self.stdout.write(f"Sign-ins are in {demo.sign_ins()}, readable by you alone.")
