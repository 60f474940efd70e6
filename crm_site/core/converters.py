"""Address parts that the database can hold."""

from django.urls import register_converter


def read_id(text):
    """The id that a parameter holds, or None for what no row could have: signs, other scripts' digits, too many."""
    text = str(text)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class BigConverter:
    """A positive id of at most eighteen digits: longer ones lead nowhere instead of into an error."""

    regex = "[0-9]{1,18}"

    def to_python(self, value):
        """The number."""
        return int(value)

    def to_url(self, value):
        """Its digits."""
        return str(value)


register_converter(BigConverter, "big")
