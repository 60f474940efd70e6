"""The kinds of record of support/, in the order of the side bar."""

from support.kinds.case import CASES

__all__ = ["CASES"]
