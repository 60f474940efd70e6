"""Address parts that the database can hold."""

from django.urls import register_converter


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
