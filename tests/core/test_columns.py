"""Cells: values as people read them."""

import pytest

from crm_site.core.columns import Column, show_phone


@pytest.mark.parametrize(("stored", "text", "url"), [
    ("+442079460001", "+44 20 7946 0001", "tel:+442079460001"), ("+493012345678", "+49 30 12345678", "tel:+493012345678"),
    ("020 7946 0001", "020 7946 0001", "tel:02079460001"), ("+999123456", "+999123456", "tel:+999123456"),
])  # fmt: skip
def test_phone_numbers_are_grouped_for_reading(stored, text, url):
    """The link stays what a telephone takes."""
    cell = show_phone(Column("phone", "Phone", "phone"), stored)
    assert (cell.text, cell.url) == (text, url)
