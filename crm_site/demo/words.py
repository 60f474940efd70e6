"""What the invented company sells, to whom, and what is said on the way; the texts are in words.json and service.json.

COUNTRIES: places, names, houses, streets and numbers by country. CHAINS: head office, country, industry and its houses.
STORY, LATER: steps of a sale and touches afterwards as kind, direction, subject, notes, outcome and minutes.
TO_DO: kind, subject and notes of what is still to be done. PRODUCTS: name, code, family, price and unit. CAMPAIGNS:
name, type, how many days ago it began, how long it lasts, budget and cost. LISTS, INQUIRIES: a name or subject, a text.
PROBLEMS: subject, text and type of cases. ANSWERS: an answer, the customer's, what helped, and that it did not.
ARTICLES: title, category, whether customers read it, one sentence, and the text.
"""

import json
from pathlib import Path

_words = json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))
COUNTRIES = _words["countries"]
CHAINS = _words["chains"]
DISTRIBUTORS = _words["distributors"]
SUPPLIERS = _words["suppliers"]
RIVALS = _words["rivals"]
INDUSTRIES = _words["industries"]
TITLES = _words["titles"]
MACHINES = _words["machines"]
TAGS = _words["tags"]
SOURCES = _words["sources"]
REASONS = _words["reasons"]
LEFT = _words["left"]
STORY = _words["story"]
LATER = _words["later"]
TO_DO = _words["to_do"]
PRODUCTS = _words["products"]
CAMPAIGNS = _words["campaigns"]
LISTS = _words["lists"]
INQUIRIES = _words["inquiries"]
DEAL_WORDS = _words["deal_words"]
NEXT_STEPS = _words["next_steps"]
SELLER = _words["seller"]
_service = json.loads(Path(__file__).with_name("service.json").read_text(encoding="utf-8"))
PROBLEMS = _service["problems"]
ANSWERS = _service["answers"]
ARTICLES = _service["articles"]
