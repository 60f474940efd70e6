"""Shapes: what is filled in is escaped, and what is drawn once is drawn for everybody."""

import pytest
from django.template import engines
from django.utils.safestring import SafeString

from crm_site.core import shapes

TEXT = '{% if url %}<a href="{{ url }}">{{ text }}</a> 100 %{% elif loud %}<b>{{ text|upper }}</b>{% else %}{{ text }}{% endif %}'


@pytest.fixture(autouse=True)
def template(monkeypatch):
    monkeypatch.setattr(shapes, "get_template", lambda _name: engines["django"].from_string(TEXT))
    shapes.drawn.cache_clear()
    yield
    shapes.drawn.cache_clear()


def test_values_are_escaped_and_an_empty_one_is_not_there():
    """What somebody typed stays text, in an attribute, too, and whatever signs it holds."""
    made = shapes.filled("a", text="<i>%(url)s {{ url }}</i>", url='/?a="1"&b=%d')
    assert made == ('<a href="/?a=&quot;1&quot;&amp;b=%d">&lt;i&gt;%(url)s {{ url }}&lt;/i&gt;</a> 100 %')
    assert isinstance(made, SafeString)
    assert shapes.filled("a", text="x", url="") == "x"


def test_markup_stays_markup():
    """What was drawn already is put in as it is."""
    inner = shapes.filled("a", text="<")
    assert shapes.filled("a", text=shapes.joined([inner, inner])) == "&lt;&lt;"


def test_what_is_fixed_has_a_shape_of_its_own():
    """The template is drawn once for all values, and anew for what is fixed."""
    loud = (("loud", True), ("text", "quiet"))
    assert shapes.filled("a", loud) == "<b>QUIET</b>"
    assert [shapes.filled("a", text=str(n)) for n in range(9)] == list("012345678")
    assert shapes.drawn.cache_info().misses == 2
