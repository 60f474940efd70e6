"""Static files: a finder of what comes from npm packages, by a short whitelist, and a storage that knows addresses."""

from functools import cache

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import Warning as Caution
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Each css and js file stands with its map: the manifest storage follows sourceMappingURL and fails without it.
PACKAGE_FILES = (
    "dejavu-fonts-ttf/ttf/DejaVuSans.ttf",
    "dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf",
    "@tabler/core/dist/css/tabler.min.css",
    "@tabler/core/dist/css/tabler.min.css.map",
    "tom-select/dist/css/tom-select.bootstrap5.min.css",
    "tom-select/dist/css/tom-select.bootstrap5.min.css.map",
    "tom-select/dist/js/tom-select.complete.min.js",
    "tom-select/dist/js/tom-select.complete.min.js.map",
)


class PackageFinder(BaseFinder):
    """Finds the files of PACKAGE_FILES, under their own package paths, and nothing else of node_modules."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.storage = FileSystemStorage(location=settings.ROOT / "node_modules")

    def check(self, **kwargs):
        """A warning for each listed file that is not installed: the pages look plain without it."""
        missing = [name for name in PACKAGE_FILES if not self.storage.exists(name)]
        return [
            Caution(f"{name} is not in node_modules.", hint="Run `python3 manage.py prepare`.", id="kith.W001")
            for name in missing
        ]

    def find(self, path, find_all=False):
        """The absolute path of a listed file (a list of it when all are asked for), or an empty list."""
        if path not in PACKAGE_FILES or not self.storage.exists(path):
            return []
        return [self.storage.path(path)] if find_all else self.storage.path(path)

    def list(self, ignore_patterns):
        """Yield (path, storage) of each listed file that is installed."""
        return ((name, self.storage) for name in PACKAGE_FILES if self.storage.exists(name))


class Addresses:
    """A storage that works out each file's address once in a process: the files change with the release only."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.url = cache(self.url)


class HashedFiles(Addresses, CompressedManifestStaticFilesStorage):
    """Files under names that tell their contents, compressed."""
