"""The dialects of cells: text in, exact values out, null where the text is not understood.

Nothing here guesses: a number has ASCII digits and a decimal point, at most 18 decimals that matter and 20 digits
before the point; a time has one of the declared patterns; a word is in the vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import polars as pl

from importers.contract import Cell, Context, Zone
from importers.naming import split_pair
from schemas.types import INSTANT, MONEY

EARLIEST = pl.datetime(2009, 1, 1, time_zone="UTC")
LATEST = pl.datetime(2100, 1, 1, time_zone="UTC")
EXACT_LENGTH = 19
SERIAL_DAY_0 = {False: "1899-12-30", True: "1904-01-01"}


def text(column: str, *, required: bool = False) -> Cell:
    """Return the text as it stands, without blanks around it."""
    return Cell(columns=(column,), read=_text, expected="text", required=required)


def money(column: str, *, thousands: bool = False, empty_words: tuple[str, ...] = (), required: bool = False) -> Cell:
    """Return a number of at most 18 decimals, exactly; `empty_words` (lower case) count as no number."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return exact_decimals(columns[0], thousands=thousands)

    return Cell(
        columns=(column,), read=read, expected="a number with a decimal point and at most 18 decimals",
        empty_words=empty_words, required=required,
    )  # fmt: skip


def integer(column: str, *, required: bool = False) -> Cell:
    """Return a whole number that fits 64 bits."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return columns[0].cast(pl.Int64, strict=False)

    return Cell(columns=(column,), read=read, expected="a whole number", required=required)


def whole_id(column: str, *, required: bool = False) -> Cell:
    """Return an id of digits, exactly as printed: one that a spreadsheet has rounded (8.38977E+18) is none."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return digits_only(columns[0])

    return Cell(columns=(column,), read=read, required=required,
                expected="an id of digits only; a spreadsheet has rounded it for good: export again")  # fmt: skip


DIGIT_FIRST = ("0G", "1000CAT", "1000CHEEMS", "1000SATS", "1INCH", "1MBABYDOGE", "2Z")
"""Assets that begin with a digit: glued to a number (`0.011INCH`), only the pair tells where it ends."""


def glued_amount(column: str, pair: str | None = None, *, decimal_comma: bool = False) -> Cell:
    """Return the number of `0.0012BNB` or `0.29528919 USDC`; a bare number is one, too.

    `pair` is the column of the pair traded, which tells what `0.011INCH` is; without it such a row is wrong.
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        numbers = split_glued(columns[0], _assets_of(columns[1:])).struct.field("number")
        return comma_decimals(numbers) if decimal_comma else exact_decimals(numbers, thousands=True)

    return Cell(columns=(column,) if pair is None else (column, pair), read=read, expected=GLUED_EXPECTED)


def glued_unit(column: str, pair: str | None = None) -> Cell:
    """Return the asset of `0.0012BNB`; empty (not null) where the number stands alone."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return split_glued(columns[0], _assets_of(columns[1:])).struct.field("unit")

    return Cell(columns=(column,) if pair is None else (column, pair), read=read, expected=GLUED_EXPECTED)


GLUED_EXPECTED = "a number with its asset, as 0.0012BNB"


def word(column: str, vocabulary: Mapping[str, str], *, required: bool = False, what: str = "") -> Cell:
    """Return the vocabulary's word for the text, compared without case and blanks around; unknown is `unmapped`."""
    folded = {key.strip().casefold(): value for key, value in vocabulary.items()}

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return translate(columns[0], folded)

    shown = ", ".join(list(dict.fromkeys(vocabulary))[:12]) + (" ..." if len(vocabulary) > 12 else "")
    return Cell(
        columns=(column,), read=read, expected=what or f"one of {shown}", required=required, unmapped=True,
        words=tuple(dict.fromkeys(vocabulary)),
    )  # fmt: skip


def printed_money(column: str, *, required: bool = False) -> Cell:
    """Return the number of an amount as it is printed for people: `$1,234.50`, `-€20.00`, `($970.00)` (below zero)."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        parts = columns[0].str.extract_groups(PRINTED_MONEY).struct.unnest()
        number = exact_decimals(parts["number"], thousands=True)
        opened, closed = parts["opened"].is_not_null(), parts["closed"].is_not_null()
        minus = opened | (parts["sign"] == "-") | (parts["inner"] == "-")
        shown = pl.when(pl.col("opened") == pl.col("closed"))
        frame = pl.DataFrame({"number": number, "minus": minus, "opened": opened, "closed": closed})
        return frame.select(shown.then(pl.when("minus").then(-pl.col("number")).otherwise("number")))["number"]

    return Cell(columns=(column,), read=read, required=required, expected="an amount as $1,234.50, -$620 or ($970.00)")


PRINTED_MONEY = (
    r"^\s*(?<opened>\()?(?<sign>[+-])?[^\d.,()+-]{0,4}(?<inner>[+-])?(?<number>[\d.,]+(?:[eE][+-]?\d+)?)"
    r"[^\d.,()+-]{0,4}(?<closed>\))?\s*$"
)
"""A currency's sign or code stands before or behind the number; brackets are accountants' minus."""


def member(column: str, *names: str, otherwise: str | None = None, required: bool = False) -> Cell:
    """Return the text of a member of a nested JSON object (`{"value":"1","currency":"USD"}`), by its first name.

    `otherwise` stands for an object that has none of these names.
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        found = [columns[0].str.extract(rf'"{name}"\s*:\s*"?([^",}}]*)') for name in names]
        missing = pl.when(pl.col("whole").is_not_null()).then(pl.lit(otherwise))
        frame = pl.DataFrame({"whole": columns[0], **dict(zip(names, found, strict=True))})
        return frame.select(pl.coalesce(*names, missing).alias(column))[column]

    return Cell(columns=(column,), read=read, required=required, expected=f"an object with {' or '.join(names)}")


def member_money(column: str, name: str = "value", *, required: bool = False) -> Cell:
    """Return the number in a nested JSON object (`{"value":"12.5","currency":"USD"}`), or a bare one."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        inner = columns[0].str.extract(rf'"{name}"\s*:\s*"?([^",}}\s]*)')
        return exact_decimals(inner.zip_with(columns[0].str.starts_with("{").fill_null(False), columns[0]))

    return Cell(columns=(column,), read=read, required=required, expected=f"a number, or an object with one in {name}")


def file_instant(column: str) -> Cell:
    """Return the instant that the file's own name says (`positions 2026-02-03T0800Z.json`), for answers that say none.

    `column` is any column that every row has.
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        found = FILE_INSTANT.search(context.file_name)
        text_ = "{}-{}-{}T{}:{}:{}Z".format(*found.groups("00")) if found else None
        return zoned_instants(pl.Series([text_], dtype=pl.String)).new_from_index(0, len(columns[0]))

    return Cell(columns=(column,), read=read, required=True,
                expected="an instant in the file's name, as in positions-2026-02-03T0800Z.json")  # fmt: skip


FILE_INSTANT = re.compile(r"(20\d\d)-?(\d\d)-?(\d\d)[T_ -]?(\d\d)[:_.-]?(\d\d)(?:[:_.-]?(\d\d))?Z")


def local_time(column: str, *patterns: str, required: bool = True) -> Cell:
    """Return the instant of a wall clock in the export's zone, by the first pattern that fits (serial dates, too)."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return to_utc(parse_clock(columns[0].str.strip_chars(), patterns, context), context.zone or "UTC")

    return Cell(
        columns=(column,), read=read, expected=times_as(patterns), required=required, needs_zone=True
    )  # fmt: skip


SHOWN_TIME = datetime(2026, 1, 31, 8, 5, 9)  # noqa: DTZ001 - a wall clock
OF_POLARS = re.compile(r"%(?:(?P<fraction>[.36]*f)|(?P<zone>[#:]?z)|[A-Za-z])")
"""Directives of patterns, those apart that `strftime` writes otherwise."""


def times_as(patterns: Sequence[str]) -> str:
    """Return `a time as 2026-01-31 08:05:09 or ...`: what patterns read, by an example of each."""

    def written(found: re.Match[str]) -> str:
        if found["fraction"]:
            return "" if found[0] == "%.f" else f"{'.' * ('.' in found[0])}250"
        return "+01:00" if found["zone"] else f"{SHOWN_TIME:{found[0]}}"

    return "a time as " + " or ".join(dict.fromkeys(OF_POLARS.sub(written, pattern) for pattern in patterns))


def known_zone_time(column: str, *patterns: str, required: bool = True) -> Cell:
    """Return the instant of a wall clock where the user said its zone; elsewhere the row is wrong, not the file."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        if not context.zone_known or context.zone is None:
            return pl.Series([None], dtype=INSTANT).new_from_index(0, len(columns[0]))
        return to_utc(parse_clock(columns[0].str.strip_chars(), patterns, context), context.zone)

    return Cell(columns=(column,), read=read, required=required, expected="a time (without Z say --timezone)")


def utc_time(column: str, *patterns: str, required: bool = True) -> Cell:
    """Return the instant of text that is UTC whatever the user's zone (`...Z`, or by documentation)."""
    return fixed_zone_time(column, "UTC", *patterns, required=required)


def fixed_zone_time(column: str, zone: Zone, *patterns: str, required: bool = True) -> Cell:
    """Return the instant of a wall clock that is of one zone whatever the user says."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return to_utc(parse_clock(columns[0].str.strip_chars(), patterns, context), zone)

    return Cell(columns=(column,), read=read, expected=times_as(patterns), required=required)


def epoch(column: str, *, required: bool = True) -> Cell:
    """Return the instant of seconds (10 digits, maybe a fraction), milli-, micro- or nanoseconds since 1970."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return epoch_instants(columns[0])

    return Cell(columns=(column,), read=read, required=required,
                expected="seconds, milliseconds, microseconds or nanoseconds since 1970")  # fmt: skip


EPOCH_DIGITS = r"^\s*(?<whole>[0-9]{10})(?<more>[0-9]{3}|[0-9]{6}|[0-9]{9})?(?:\.(?<fraction>[0-9]+))?\s*$"


def epoch_instants(series: pl.Series) -> pl.Series:
    """Return the instants of an epoch in any unit, cut to whole microseconds; null where the text is none."""
    groups = series.str.extract_groups(EPOCH_DIGITS)
    more = groups.struct.field("more").fill_null("") + groups.struct.field("fraction").fill_null("")
    micros = groups.struct.field("whole") + more.str.slice(0, 6).str.pad_end(6, "0")
    return sane(micros.cast(pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))


ZONED = tuple(f"%Y-%m-%d{blank}%H:%M{seconds}%#z" for seconds in (":%S%.f", "") for blank in "T ")


def zoned_time(column: str, *, required: bool = True) -> Cell:
    """Return the instant of an ISO 8601 time that says its zone: `2026-01-31T08:00:00Z`, `... 09:00:00+01:00`."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return zoned_instants(columns[0])

    return Cell(columns=(column,), read=read, required=required, expected="a time as 2026-01-31T08:00:00Z")


def zoned_instants(series: pl.Series) -> pl.Series:
    """Return the instants of ISO 8601 texts with `Z` or an offset (` UTC` stands for `Z`), null for other texts."""
    at = pl.Series(series.name, [None], dtype=INSTANT).new_from_index(0, len(series))
    texts = series.str.strip_chars().str.replace(r"\s+UTC$", "Z")
    for pattern in ZONED:
        if not (at.is_null() & texts.is_not_null()).any():
            return at
        parsed = sane(texts.str.to_datetime(pattern, time_unit="us", strict=False, time_zone="UTC"))
        at = at.zip_with(at.is_not_null(), parsed)
    return at


def first_of(*cells: Cell) -> Cell:
    """Return the value that the first of several dialects of one column (or columns) understands."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        value = cells[0].read(columns, context)
        for other in cells[1:]:
            if value.null_count() > columns[0].null_count():
                value = value.zip_with(value.is_not_null(), other.read(columns, context))
        return value

    return replace(cells[0], read=read, expected=" or ".join(cell.expected for cell in cells))


def negated(cell: Cell) -> Cell:
    """Return the number of a cell with its sign turned, for venues that print costs below zero."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        value = cell.read(columns, context)
        return value.to_frame("value").select(-pl.col("value"))["value"]

    return replace(cell, read=read)


def truncated(cell: Cell, unit: str) -> Cell:
    """Return the instant of a cell cut to a unit (`1s`, `1ms`), where other exports of the same rows print no more."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return cell.read(columns, context).dt.truncate(unit)

    return replace(cell, read=read)


def constant(column: str, value: str) -> Cell:
    """Return one text for every row; `column` is any column that every row has."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return pl.Series([value], dtype=pl.String).new_from_index(0, len(columns[0]))

    return Cell(columns=(column,), read=read, expected="any text")


VENUE_NAME = r"^[a-z0-9_.-]{1,40}$"


def file_venue(column: str = "venue", *, required: bool = False) -> Cell:
    """Return the venue of a row where rows may be of any: that of the first row, since a file is of one venue."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        names = columns[0].str.strip_chars().str.to_lowercase()
        fits = ((names == (context.venue or "")) & names.str.contains(VENUE_NAME)).fill_null(False)
        return kept(names, fits)

    return Cell(columns=(column,), read=read, required=required,
                expected="the venue of the file's first row, as kraken: a file is of one venue")  # fmt: skip


def family_word(column: str, names: Sequence[str], what: str, *, required: bool = True) -> Cell:
    """Return the name in a vocabulary of a text, in lower case: the text itself, else the family it belongs to.

    A name that ends in `*` is a family: `pwm_*` is the name of PWM_REFUND.  Longer families win.
    """
    exact = frozenset(names)
    families = sorted((name for name in names if name.endswith("*")), key=len, reverse=True)

    def name_of(text: str) -> str | None:
        folded = text.strip().casefold()
        return folded if folded in exact else next((name for name in families if folded.startswith(name[:-1])), None)

    return mapped(column, name_of, what, required=required, unmapped=True)


def mapped(
    column: str, find: Callable[[str], str | None], what: str, *, required: bool = False, unmapped: bool = False
) -> Cell:
    """Return what a function finds for each distinct text (without blanks around it), null where it finds nothing."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return translated(columns[0], find)

    return Cell(columns=(column,), read=read, expected=what, required=required, unmapped=unmapped)


def translated(texts: pl.Series, find: Callable[[str], str | None]) -> pl.Series:
    """Return what a function finds for each text, asked once for each distinct one."""
    known = {item: find(item.strip()) for item in texts.unique().drop_nulls().to_list()}
    return texts.replace_strict(known, default=None, return_dtype=pl.String)


# ---------------------------------------------------------------------------------------------- parsing


def exact_decimals(series: pl.Series, *, thousands: bool = False) -> pl.Series:
    """Return `Decimal(38,18)`, null where the text is no number or has digits that would not fit.

    polars' cast refuses blanks, separators, NaN and foreign digits, but rounds the 19th decimal in silence, so long
    texts and exponents are looked at again.
    """
    text_ = _without_thousands(series) if thousands else series
    value = text_.cast(MONEY, strict=False)
    if value.null_count() > series.null_count():
        text_ = text_.str.strip_chars(" \t")
        value = text_.cast(MONEY, strict=False)
    suspect = (text_.str.len_bytes() > EXACT_LENGTH) | text_.str.contains("[eE]")
    if not suspect.any():
        return value
    suspect &= ~(_short_without_zeros(text_) & value.is_not_null())
    rows = suspect.fill_null(False).arg_true()
    checked = [_exact(item) for item in text_.gather(rows).to_list()]
    return value.scatter(rows, pl.Series(checked, dtype=MONEY))


def digits_only(texts: pl.Series) -> pl.Series:
    """Return the texts that are whole numbers without sign, blanks around them taken away, null for others."""
    bare = texts.str.strip_chars()
    return kept(bare, bare.str.contains(r"^[0-9]+$"))


def zero_filled(columns: Sequence[pl.Series], names: Sequence[str], empty_words: Sequence[str] = ()) -> pl.DataFrame:
    """Return the first columns as numbers to sum: an empty cell is zero, one that is no number is null."""
    zeros = pl.Series([0], dtype=MONEY).new_from_index(0, len(columns[0]))
    values = []
    for name, column in zip(names, columns, strict=False):
        bare = column.str.strip_chars()
        is_empty = (bare.is_null() | bare.str.to_lowercase().is_in(["", *empty_words])).fill_null(True)
        values.append(zeros.zip_with(is_empty, exact_decimals(bare)).alias(name))
    return pl.DataFrame(values)


def comma_decimals(series: pl.Series) -> pl.Series:
    """Return the numbers of texts with a decimal comma, and points between groups of three: `1.234,56`."""
    fits = series.str.contains(r"^\s*[+-]?(\d{1,3}(\.\d{3})+|\d*)(,\d*)?\s*$").fill_null(False)
    pointed = series.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return exact_decimals(kept(pointed, fits))


def _without_thousands(series: pl.Series) -> pl.Series:
    """Return the texts without commas between groups of three; a decimal comma stays, and makes no number."""
    grouped = series.str.contains(r"^\s*[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?\s*$").fill_null(False)
    return series.str.replace_all(",", "", literal=True).zip_with(grouped, series) if grouped.any() else series


def _short_without_zeros(text_: pl.Series) -> pl.Series:
    """Return whether only the zeros that end its decimals make a plain number long (0.25000000000000000000)."""
    decimals = text_.str.contains(r"^[+-]?\d*\.\d*$")
    return decimals & (text_.str.strip_chars_end("0").str.len_bytes() <= EXACT_LENGTH)


def _exact(item: str) -> Decimal | None:
    try:
        number = Decimal(item) if item.isascii() and "_" not in item else None
    except ArithmeticError:
        return None
    if number is None or not number.is_finite() or (number != 0 and number.adjusted() > 19):
        return None
    if number == 0:
        return Decimal(0)
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    while exponent < 0 and digits[-1] == 0:
        digits, exponent = digits[:-1], exponent + 1
    return Decimal((sign, digits, exponent)) if exponent >= -18 else None


def parse_clock(series: pl.Series, patterns: Sequence[str], context: Context) -> pl.Series:
    """Return a naive datetime by the first pattern that fits each text; a serial number is a spreadsheet's date."""
    value = pl.Series(series.name, [None], dtype=pl.Datetime("us")).new_from_index(0, len(series))
    for pattern in patterns:
        missing = value.is_null() & series.is_not_null()
        if not missing.any():
            return value
        parsed = series.str.to_datetime(pattern, time_unit="us", strict=False).dt.replace_time_zone(None)
        value = parsed if value.null_count() == len(value) else value.zip_with(~missing, parsed)
        value = _in_years(value)
    missing = value.is_null() & series.is_not_null()
    if missing.any():
        value = value.zip_with(~missing, _serial(series, context.serial_epoch_1904))
    return value


def _in_years(value: pl.Series) -> pl.Series:
    year = value.dt.year()
    return kept(value, (year >= 2009) & (year < 2100))


def _serial(series: pl.Series, epoch_1904: bool) -> pl.Series:
    days = series.str.contains(r"^[0-9]{5}(\.[0-9]+)?$").fill_null(False)
    number = kept(series, days)
    seconds = (number.cast(pl.Float64, strict=False) * 86_400).round().cast(pl.Int64, strict=False)
    start = pl.Series([SERIAL_DAY_0[epoch_1904]]).str.to_datetime("%Y-%m-%d", time_unit="us")[0]
    return _in_years((seconds * 1_000_000).cast(pl.Duration("us")) + start)


def to_utc(clock: pl.Series, zone: Zone) -> pl.Series:
    """Return the UTC instant of a wall clock; null where the clock shows it twice or never (daylight saving)."""
    if zone == "UTC":
        return sane(clock.dt.replace_time_zone("UTC"))
    if zone[0] in "+-":
        return sane((clock - pl.select(pl.duration(minutes=offset_minutes(zone))).item()).dt.replace_time_zone("UTC"))
    local = clock.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    return sane(local.dt.convert_time_zone("UTC"))


def offset_minutes(zone: Zone) -> int:
    """Return the minutes east of UTC of `+05:30`, `-6`, `+0900`."""
    digits = zone[1:].replace(":", "")
    hours, minutes = (digits, "0") if len(digits) <= 2 else (digits[:-2], digits[-2:])
    return (int(hours) * 60 + int(minutes)) * (-1 if zone[0] == "-" else 1)


def sane(at: pl.Series) -> pl.Series:
    """Return the instants of this era; a zero time stamp or the year 56971 becomes null."""
    frame = pl.DataFrame({"at": at.cast(INSTANT)})
    return frame.select(pl.when(pl.col("at").is_between(EARLIEST, LATEST)).then(pl.col("at")))["at"]


def kept(series: pl.Series, fits: pl.Series) -> pl.Series:
    """Return the values where a condition holds, null elsewhere."""
    return series.zip_with(fits, pl.Series([None], dtype=series.dtype).new_from_index(0, len(series)))


def translate(series: pl.Series, folded: Mapping[str, str]) -> pl.Series:
    """Return the vocabulary's words, looking each distinct text up once."""
    distinct = series.unique().drop_nulls()
    known = {item: folded.get(item.strip().casefold()) for item in distinct.to_list()}
    return series.replace_strict(known, default=None, return_dtype=pl.String)


def _text(columns: Sequence[pl.Series], context: Context) -> pl.Series:
    stripped = columns[0].str.strip_chars()
    return kept(stripped, stripped != "")


GLUED = r"^(?<number>[+-]?[\d.,]+(?:[eE][+-]?\d+)?)(?<gap>\s*)(?<unit>.*)$"
AssetsOf = Sequence[Sequence[str]]
"""Of each row the assets that may stand behind a number."""


def split_glued(amounts: pl.Series, assets: AssetsOf | None = None) -> pl.Series:
    """Return number and unit of `0.0012BNB`; both null where only a pair could tell and does not (`0.011INCH`)."""
    texts = amounts.str.strip_chars()
    groups = texts.str.extract_groups(GLUED)
    number, gap, unit = (groups.struct.field(name) for name in ("number", "gap", "unit"))
    named = {asset for row in set(map(tuple, assets or ())) for asset in row if asset[:1].isdigit()}
    tails = {asset.lstrip("0123456789") for asset in (*DIGIT_FIRST, *named)}
    unclear = ((gap == "") & unit.is_in(list(tails))).fill_null(False)
    if unclear.any():
        rows = unclear.arg_true()
        pairs = [_by_assets(texts[row], assets[row] if assets else ()) for row in rows]
        number = number.scatter(rows, pl.Series([pair[0] for pair in pairs], dtype=pl.String))
        unit = unit.scatter(rows, pl.Series([pair[1] for pair in pairs], dtype=pl.String))
    return pl.DataFrame({"number": number, "unit": unit}).to_struct("glued")


def _by_assets(text: str, assets: Sequence[str]) -> tuple[str | None, str | None]:
    found = next((asset for asset in assets if asset and text.endswith(asset)), None)
    return (text.removesuffix(found), found) if found else (None, None)


def _assets_of(pairs: Sequence[pl.Series]) -> AssetsOf | None:
    """Return base and quote of each row's pair, where there is a column of pairs."""
    if not pairs:
        return None
    known = {pair: split_pair(pair.strip()) or () for pair in pairs[0].unique().drop_nulls().to_list()}
    return [known.get(pair, ()) for pair in pairs[0].to_list()]
