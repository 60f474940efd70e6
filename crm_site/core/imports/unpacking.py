"""Tables that come packed by gzip, read as if they were not."""

import gzip
import zlib

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

UNPACKED_LIMIT = 2_000_000_000  # bytes


class Packed(gzip.GzipFile):
    """A packed file of one table; a small one that unpacks without end, and a damaged one, are refused."""

    def read(self, size=-1):
        """The next bytes."""
        return self._guarded(super().read, size)

    def read1(self, size=-1):
        """The next bytes, as many as are at hand."""
        return self._guarded(super().read1, size)

    def _guarded(self, read, size):
        try:
            found = read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise ValidationError(_("The file is damaged: it cannot be unpacked."), code="archive") from error
        if self.tell() > UNPACKED_LIMIT:
            raise ValidationError(_("The file is too large when it is unpacked."), code="archive")
        return found


def unpacked(file):
    """The open file, or what it holds where it is packed by gzip."""
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return Packed(fileobj=file) if packed else file
