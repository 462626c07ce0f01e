"""The forms in which values, keys and subjects are compared."""

import functools
import re
from decimal import Decimal
from typing import Final

_UNITS: Final[dict[str, str]] = {
    spelling: canonical
    for canonical, spellings in {
        "ns": "ns nanosecond nanoseconds",
        "µs": "µs μs us microsecond microseconds",
        "ms": "ms msec millisecond milliseconds",
        "s": "s sec secs second seconds",
        "min": "min mins minute minutes",
        "h": "h hr hrs hour hours",
        "d": "day days",
        "weeks": "week weeks",
        "months": "month months",
        "years": "year years",
        "bytes": "byte bytes",
        "KB": "kB KB kilobyte kilobytes",
        "KiB": "KiB kibibyte kibibytes",
        "MB": "MB megabyte megabytes",
        "MiB": "MiB mebibyte mebibytes",
        "GB": "GB gigabyte gigabytes",
        "GiB": "GiB gibibyte gibibytes",
        "TB": "TB terabyte terabytes",
        "TiB": "TiB tebibyte tebibytes",
        "%": "% percent",
        "Hz": "Hz hertz",
        "kHz": "kHz",
        "MHz": "MHz",
        "GHz": "GHz",
        "W": "W watt watts",
        "kW": "kW kilowatt kilowatts",
        "MW": "MW megawatt megawatts",
        "kWh": "kWh",
        "MWh": "MWh",
        "V": "V volt volts",
        "mm": "mm millimetre millimetres millimeter millimeters",
        "cm": "cm centimetre centimetres centimeter centimeters",
        "m": "m metre metres meter meters",
        "km": "km kilometre kilometres kilometer kilometers",
        "mg": "mg milligram milligrams",
        "g": "g gram grams",
        "kg": "kg kilogram kilograms",
        "t": "t tonne tonnes",
        "l": "l litre litres liter liters",
        "ml": "ml millilitre millilitres",
        "°C": "°C",
        "°F": "°F",
        "req/s": "req/s requests/s rps",
        "tokens": "token tokens",
        "USD": "USD $ dollar dollars",
        "EUR": "EUR € euro euros",
        "GBP": "GBP £",
        "JPY": "JPY ¥ yen",
        "CHF": "CHF",
    }.items()
    for spelling in spellings.split()
}

CURRENCIES: Final = frozenset({"USD", "EUR", "GBP", "JPY", "CHF"})

DIMENSIONS: Final[dict[str, str]] = {
    unit: dimension
    for dimension, units in {
        "duration": "ns µs ms s min h d weeks months years",
        "size": "bytes KB KiB MB MiB GB GiB TB TiB",
        "share": "%",
        "frequency": "Hz kHz MHz GHz",
        "power": "W kW MW",
        "energy": "kWh MWh",
        "voltage": "V",
        "length": "mm cm m km",
        "mass": "mg g kg t",
        "volume": "l ml",
        "temperature": "°C °F",
        "tokens": "tokens",
        "rate": "req/s",
        "amount": "USD EUR GBP JPY CHF",
    }.items()
    for unit in units.split()
}
"""What a unit measures, by unit; nothing else is the key of a quantity whose sentence does not name it."""

_SINGULAR: Final = {"hour": "h", "d": "day", "day": "day", "week": "week", "month": "month", "year": "year"}
_TIMES: Final = frozenset({"ms", "s", "min", *_SINGULAR.values()})

NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d++)(?:\.\d++)?"
_MAGNITUDES: Final = {"thousand": 3, "million": 6, "mn": 6, "billion": 9, "bn": 9, "trillion": 12}
_SHORT_MAGNITUDES: Final = {"k": 3, "K": 3, "m": 6, "M": 6, "B": 9}
_ONLY_OF_MONEY: Final = frozenset("mMB")
_MAGNITUDE: Final = "|".join(_MAGNITUDES)
MAGNITUDE: Final = rf"(?:[kKmMB](?!\w)|\s?(?:{_MAGNITUDE})(?!\w))"
"""What may follow a number and multiply it: ``$14M``, ``3 billion``."""

RATE: Final = r"(?:/|\sper\s|\san?\s(?=(?:hour|day|week|month|quarter|year)\b))(?P<rate>[A-Za-z]{1,12})"
"""What may follow a unit and divide it: ``/s``, ``per seat``, ``a month``."""

CURRENCY: Final = r"(?:[$€£¥]|(?:USD|EUR|GBP|CHF|JPY)(?=\s?\d))"
"""A currency that stands before its number: ``$5``, ``EUR 5``."""

_THREE_DECIMALS: Final = re.compile(r"\d{1,3}\.\d{3}")
_QUALIFIERS: Final = {"<": "<", ">": ">", "≤": "<=", "<=": "<=", "≥": ">=", ">=": ">=", "~": "~", "≈": "~"}
_NUMERIC: Final = re.compile(
    rf"(?P<qualifier><=|>=|[<>≤≥~≈])?\s?(?P<before>{CURRENCY})?\s?(?P<number>[+-]?{NUMBER})(?P<magnitude>{MAGNITUDE})?"
    rf"\s?(?P<unit>[%°$€£¥A-Za-zµμ]{{1,14}})?(?:{RATE})?"
)
_KEY_UNIT: Final = re.compile(r"[(\[]([^()\[\]]{1,14})[)\]]$")
_LINK: Final = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,500}\)")
_MARKS: Final = re.compile(
    r"\*\*|__|`|~~|<!--[^<>]{0,200}-->"
    r"|</?(?:a|abbr|b|br|code|del|div|em|i|img|kbd|p|pre|small|span|strong|sub|sup|u)(?:\s[^<>]{0,500})?/?>"
)


@functools.lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return *text* with blanks folded, case folded, and ``_`` and ``-`` read as blanks."""
    return " ".join(text.replace("_", " ").replace("-", " ").casefold().split())


def plain(text: str) -> str:
    """Return *text* without marks: emphasis, code ticks, link targets (an image may be one's text), inline HTML."""
    if "](" in text:
        text = _LINK.sub(r"\1", _LINK.sub(r"\1", text))
    return " ".join(_MARKS.sub("", text).split())


def canonical_unit(spelling: str, rate: str | None = None) -> str | None:
    """Return the one spelling of a unit, or None when it is not one that is known.

    Args:
        rate: What it is divided by. Anything is counted by the time: ``jobs per second`` is ``jobs/s``.
    """
    unit = _UNITS.get(spelling) or _UNITS.get(spelling.lower() if len(spelling) > 2 else spelling)
    if not rate:
        return unit
    divisor = _SINGULAR.get(rate, canonical_unit(rate) or rate)
    if unit is None and divisor not in _TIMES:
        return None
    joined = f"{unit or spelling}/{divisor}"
    return _UNITS.get(joined, joined)


def dimension(unit: str) -> str:
    """Return what *unit* measures: the key of a quantity whose sentence does not name it."""
    base, _, divisor = unit.partition("/")
    return "rate" if divisor in _TIMES and base not in CURRENCIES else DIMENSIONS[base]


def unit_spellings() -> list[str]:
    """Return every spelling of a unit, longest first, as an alternation needs them."""
    return sorted(_UNITS, key=len, reverse=True)


def number(text: str, magnitude: str = "") -> str:
    """Return the plain form of a number: no thousands marks, no plus, no trailing zeros, magnitude multiplied in."""
    digits = text.replace(",", "").lstrip("+")
    power = _SHORT_MAGNITUDES.get(magnitude) or _MAGNITUDES.get(magnitude.strip())
    if power:
        digits = format(Decimal(digits).scaleb(power), "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return digits


def is_number(text: str) -> bool:
    """Return whether *text* is a number, with or without a unit or a currency."""
    return _NUMERIC.fullmatch(text) is not None


def value(raw: str, *, key: str = "") -> tuple[str, str | None]:
    """Return the comparable form of *raw* and its unit, taken from the value or from ``key (unit)``."""
    text = plain(raw)
    match = _NUMERIC.fullmatch(text)
    if match is None:
        return _unquoted(text.rstrip(".")).casefold(), None
    magnitude, spelling = match["magnitude"] or "", match["before"] or match["unit"]
    if magnitude in _ONLY_OF_MONEY and canonical_unit(spelling or "") not in CURRENCIES:
        return text.casefold(), None  # $5m are millions; 5m alone may be metres or minutes
    unit = canonical_unit(spelling, match["rate"]) if spelling else _unit_of_key(key)
    if unit in CURRENCIES and _THREE_DECIMALS.fullmatch(match["number"]):
        return text.casefold(), None  # 12.500 EUR are twelve and a half thousand where the point parts thousands
    if unit is None and (spelling or match["rate"]):
        return text.casefold(), None
    return _QUALIFIERS.get(match["qualifier"] or "", "") + number(match["number"], magnitude), unit


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _unit_of_key(key: str) -> str | None:
    match = _KEY_UNIT.search(key)
    return canonical_unit(match[1].strip()) if match else None
