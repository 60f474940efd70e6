"""The demo company: an invented maker of coffee machines, to try Kith out with. Made and removed as a whole."""

from crm_site.demo.loading import is_there, load, sign_ins
from crm_site.demo.removing import remove

__all__ = ["is_there", "load", "remove", "sign_ins"]
