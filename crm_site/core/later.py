"""Modules that few requests need: read when something of them is first used, so that no start waits for them."""

from importlib import import_module


class Later:
    """Stands for a module; `Later("redis").Redis` reads it."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        return getattr(import_module(self._name), name)
