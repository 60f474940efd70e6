"""What the volume's names are put together from: syllables and word lists of our own."""

LISTS = {
    "starts": [
        "ba", "bel", "cór", "dan", "el", "fjor", "gar", "hän", "iva", "jen", "kal", "lør", "mar", "nev", "øst",
        "pet", "quin", "ros", "šal", "tor", "ul", "ver", "wal", "zan", "dru", "mik", "bri", "stan", "gre", "ol",
    ],
    "middles": [
        "be", "ca", "dé", "du", "fo", "gi", "ha", "lo", "ma", "né", "ni", "po", "rö", "sa", "so", "ta", "ti",
        "va", "vi", "zu", "lan", "mar", "der", "ken",
    ],
    "ends": [
        "son", "ini", "ev", "sky", "man", "ez", "ard", "berg", "ley", "ton", "wick", "ova", "ski", "dahl",
        "çelik", "ić", "ães", "ström",
    ],
    "given_starts": [
        "al", "be", "cá", "da", "el", "fe", "gi", "he", "is", "jú", "ka", "li", "mi", "no", "or", "pa", "ro",
        "sa", "te", "vi", "zo", "an",
    ],
    "given_ends": ["na", "ra", "lo", "més", "bert", "ssa", "rian", "tte", "nny", "dor", "sia", "max", "lène"],
    "trades": [
        "Pumps", "Foods", "Textiles", "Marine", "Robotics", "Papers", "Optics", "Freight", "Brewing", "Dental",
        "Steel", "Glass", "Seeds", "Media",
    ],
    "forms": ["GmbH", "Ltd", "SA", "AB", "Oy", "Inc", "S.r.l.", "& Søner", "BV", "Sp. z o.o."],
    "industries": [
        "Retail", "Manufacturing", "Health", "Education", "Logistics", "Energy", "Food", "Hospitality",
        "Finance", "Construction", "Agriculture", "Public sector", "Media", "Chemicals", "Shipbuilding",
    ],
    "cities": [
        "London", "Paris", "Berlin", "Madrid", "Rome", "Vienna", "Oslo", "Lisbon", "Praha", "Dublin", "Zürich",
        "Malmö",
    ],
    "countries": ["GB", "FR", "DE", "ES", "IT", "AT", "NO", "PT", "CZ", "IE", "CH", "SE"],
    "titles": [
        "Buyer", "Head of Purchasing", "Engineer", "Managing Director", "Office Manager", "Planner",
        "Accountant", "",
    ],
    "departments": ["Purchasing", "Engineering", "Finance", "Operations", "Sales", ""],
    "sources": ["Trade fair", "Website", "Referral", "Cold call", "Newsletter", "Partner", ""],
    "tags": [
        "key account", "newsletter", "fair 2026", "vip", "slow payer", "reference", "trial", "export",
        "returns", "press",
    ],
    "subjects": [
        "Call about the delivery for", "Offer sent to", "Question on the invoice of", "Meeting with",
        "Samples for", "Reminder: contract of", "Complaint by", "Visit at", "Follow up with",
        "Notes on the talk with",
    ],
    "qualities": [
        "Compact", "Double", "Heavy", "Light", "Quiet", "Rapid", "Sealed", "Slim", "Sturdy", "Swift", "Tall", "Wide",
    ],
    "wares": [
        "Bearing", "Cabinet", "Compressor", "Conveyor", "Dryer", "Filter", "Gauge", "Hoist", "Lamp", "Mixer", "Press",
        "Scale", "Sensor", "Spindle", "Trolley", "Valve",
    ],
    "families": [
        "Air", "Cleaning", "Control", "Drives", "Lifting", "Light", "Measuring", "Packing", "Pumps", "Service",
        "Storage", "Tools",
    ],
    "needs": [
        "new line", "spare parts", "yearly service", "second hall", "replacement", "trial order", "framework contract",
        "extension", "refit", "training days", "rental for the season", "larger model",
    ],
    "steps": [
        "Call the buyer", "Send the drawings", "Visit the plant", "Ask for the budget", "Agree on the date",
        "Show the reference", "Check the terms", "Wait for the board",
    ],
    "notes": [
        "They compare two suppliers and want prices by the end of the month.",
        "The delivery arrived a week late; the buyer stays friendly but asks for a date that holds.",
        "Budget is agreed for the next quarter, the board has to sign it.",
        "Wants to see the machine running before anything is ordered.",
        "Asked for a copy of the last three invoices and the certificate of origin.",
        "The plant moves to a new hall in spring, so nothing heavy before that.",
        "Prefers to be called in the morning; the afternoon is spent on the shop floor.",
        "Happy with the service visit, less so with the price of spare parts.",
    ],
}  # fmt: skip
