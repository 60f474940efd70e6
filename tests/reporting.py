"""What tests of reports share: reading the numbers of a page, and following each to the rows that it counts."""

import html
import re

LINK = re.compile(r'<td class="n"><a href="([^"]+)">([^<]+)</a>(?: <span class="hint">([^<]*)</span>)?')


def numbers(client, url):
    """[(address, text, hint)] of all numbers on a report's page that lead somewhere."""
    answer = client.get(url)
    assert answer.status_code == 200
    return [tuple(map(html.unescape, found)) for found in LINK.findall(answer.content.decode())]


def assert_numbers_equal_lists(client, url, known=None):
    """Each number is the count of its list; a time, an amount or a score says beside it of how many it is.

    `known` keeps the counts of lists already opened, for several reports that lead to the same ones.
    """
    found, known = numbers(client, url), {} if known is None else known
    for address, text, hint in found:
        if address not in known:
            listed = client.get(address)
            assert listed.status_code == 200, address
            known[address] = counted(listed)
        assert known[address] == (text if text.isdigit() else hint), (address, text, hint)
    return found


def counted(answer):
    """How many rows a list that a number leads to has, as text."""
    return (
        answer.context["count_text"] if "count_text" in answer.context else str(answer.context["page"].paginator.count)
    )
