"""How the rows of a file become price books."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from crm_site.core.imports.registry import Importer, Target, external_id, register
from crm_site.core.operations import update_record
from sales.imports.common import finder, record_targets
from sales.models import PriceBook
from sales.operations.products import create_price_books, read_ranges

find_price_books = finder(PriceBook)


def price_book_targets():
    """Where a column of a file of price books may go."""
    return [
        external_id("price book id", "pricebookid", "bookid", "book id"),
        Target("name", gettext_lazy("Name"), aliases=("price book name", "pricebook name"), required=True, limit=200),
        Target("pricing", gettext_lazy("Pricing model"), "choice", choices=PriceBook.MODELS),
        Target("ranges", gettext_lazy("Discounts by quantity"), aliases=("discounts", "discount ranges", "ranges")),
        Target("is_active", gettext_lazy("In use"), "boolean", ("active",)),
        Target("description", gettext_lazy("Description"), "longtext"),
        *record_targets(),
    ]


def prepare_price_book(draft, run):
    """Discounts by quantity, one after the other with semicolons; what is none is reported."""
    if text := draft.values.pop("ranges", None):
        try:
            draft.values["ranges"] = read_ranges(text.replace("\n", ";").split(";"))
        except ValidationError as error:
            draft.warn(run.plan.header_of["ranges"], " ".join(error.messages))


PRICE_BOOK_IMPORT = register(
    Importer(
        name="price_books", label=gettext_lazy("Price books"), model=PriceBook, targets=price_book_targets, order=18,
        icon="book", create=create_price_books, find=find_price_books,
        update=lambda record, values, by: update_record(record, values, by=by), prepare=prepare_price_book,
        keys={"name": (gettext_lazy("Name"), lambda values: values.get("name"), find_price_books)},
    )
)  # fmt: skip
