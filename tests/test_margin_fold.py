"""Where spot-margin positions begin and end, against a naive computation in fractions and against what it must conserve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.accounting.margin_fold import DUST, INTEREST, INVENTORY, KINDS, LEG, MarginFills, Parts, fold_margin
from ledger.accounting.sharing import by_weight, half_even, shared
from tests.examples import IS_USUAL, many
from tests.lives.stakes import MINUTE, Trade, pieces_of

UNIT = 10**18
F = Fraction
NOTHING = Fraction(0)
often = settings(max_examples=many(250), deadline=None, derandomize=IS_USUAL)
SYMBOLS = ("ETHUSDT", "ETHUSDC", "ETHBTC")


def units(amount: Fraction) -> int:
    """Return an amount at 1e-18, rounded half to even."""
    return round(amount * UNIT)


def value_of(trade: Trade) -> int:
    """Return the signed notional at 1e-18."""
    return units(trade.size * trade.price)


def folded(trades: Sequence[Trade]) -> Parts:
    """Fold the trades."""
    return fold_margin(
        MarginFills(
            symbol=[SYMBOLS.index(trade.symbol) for trade in trades], at_us=[trade.at_us for trade in trades],
            delta=[units(trade.size) for trade in trades], value=[value_of(trade) for trade in trades],
            owed=[None if trade.owed is None else units(trade.owed) for trade in trades],
            owed_before=[None if trade.owed_before is None else units(trade.owed_before) for trade in trades],
            accrued=[units(trade.accrued) for trade in trades],
            in_dollars=[trade.in_dollars for trade in trades],
        ),
        len(SYMBOLS),
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ the life

SIZES = (F(1), F(2), F(1, 2), F(3), F("0.25"), F("0.9999"))
PRICES = (F(2000), F(2010), F(1990), F(2500), F("1999.99"))
GAPS = (0, 1_000_000, 30_000_000, 7 * MINUTE, 61 * MINUTE)
ACTS = ("buy", "sell", "borrow and sell", "close", "close all", "close and pay interest", "buy a little more", "sell all but dust",
        "borrow", "accrue", "repay", "deposit")  # fmt: skip

ACT = st.tuples(st.sampled_from(ACTS), st.integers(0, 2), st.sampled_from(SIZES), st.sampled_from(PRICES),
                st.sampled_from(GAPS))  # fmt: skip


@dataclass
class Wallet:
    """A wallet that borrows one base asset: what it owes, and what a naive reader makes of its trades."""

    now: int = 0
    principal: Fraction = NOTHING
    unpaid: Fraction = NOTHING
    accrued: Fraction = NOTHING
    trades: list[Trade] = field(default_factory=list)
    net: dict[int, Fraction] = field(default_factory=lambda: defaultdict(Fraction))

    def owes(self) -> Fraction:
        return self.principal + self.unpaid

    def repay(self, amount: Fraction) -> None:
        interest = min(amount, self.unpaid)
        self.unpaid -= interest
        self.principal = max(self.principal - (amount - interest), F(0))

    def trade(
        self, symbol: int, size: Fraction, price: Fraction, borrowed: Fraction = NOTHING, repaid: Fraction = NOTHING
    ) -> None:
        """Trade; what is borrowed for it is owed right after it, what is repaid of it no more."""
        size, before = F(units(size), UNIT), self.owes()
        self.principal += borrowed
        self.repay(repaid)
        if size:
            self.trades.append(Trade(
                symbol=SYMBOLS[symbol], at_us=self.now, size=size, price=price, owed_before=before, owed=self.owes(),
                accrued=self.accrued, in_dollars=symbol < 2))  # fmt: skip
            self.net[symbol] += size


def lived(acts: Sequence[tuple[str, int, Fraction, Fraction, int]], *, known: bool = True) -> list[Trade]:
    """Return the trades of a life; `known`: whether anything says what is owed."""
    wallet = Wallet()
    for act, symbol, size, price, gap in acts:
        wallet.now += gap
        held = wallet.net[symbol]
        if act == "buy":
            wallet.trade(symbol, size, price)
        elif act == "sell":
            wallet.trade(symbol, -size, price)
        elif act == "borrow and sell":
            wallet.trade(symbol, -size, price, borrowed=size)
        elif act == "close" and held:
            part = -held / 2
            wallet.trade(symbol, part, price, repaid=max(part, F(0)))
        elif act == "close all" and held:
            wallet.trade(symbol, -held, price, repaid=max(-held, F(0)))
        elif act == "close and pay interest" and held < 0:
            wallet.trade(symbol, -held + wallet.unpaid, price, repaid=-held + wallet.unpaid)
        elif act == "buy a little more" and held < 0:
            wallet.trade(symbol, -held + wallet.unpaid + F("0.0002"), price, repaid=-held + wallet.unpaid)
        elif act == "sell all but dust" and held > 0:
            wallet.trade(symbol, -held + F("0.0003"), price)
        elif act == "borrow":
            wallet.principal += size
        elif act == "accrue":
            interest = units(wallet.principal / 997) * F(1, UNIT)
            wallet.unpaid += interest
            wallet.accrued += interest
        elif act == "repay":
            wallet.repay(size / 4)
    if known:
        return wallet.trades
    return [replace(trade, owed_before=None, owed=None, accrued=F(0)) for trade in wallet.trades]


lives = st.builds(lived, st.lists(ACT, min_size=1, max_size=25), known=st.sampled_from((True, True, True, False)))


# --------------------------------------------------------------------------------------- a naive computation


@often
@given(trades=lives)
def test_the_parts_are_those_of_a_naive_computation(trades: list[Trade]) -> None:
    parts, expected = folded(trades), pieces_of(trades)
    said = [(fill, KINDS[kind], delta) for fill, kind, delta in zip(parts.fill, parts.kind, parts.delta, strict=True)]
    assert [(piece.trade, piece.kind, units(piece.size)) for piece in expected] == said
    slack = F(8 * len(trades), UNIT)
    for piece, value, realized in zip(expected, parts.value, parts.realized, strict=True):
        assert abs(piece.worth - F(value, UNIT)) <= slack
        assert abs(piece.realized - F(realized, UNIT)) <= slack


# ------------------------------------------------------------------------------------------------- conservation

ODD = st.integers(1, 10**21).map(lambda size: F(size, 10**9) / 1_000_000)
"""Sizes with all the digits there can be."""


@st.composite
def odd_trades(draw: st.DrawFn) -> list[Trade]:
    """Draw fills of any size at any price, with anything owed: what is conserved does not depend on sense."""
    trades, now, accrued, known = [], 0, F(0), draw(st.booleans())
    for _ in range(draw(st.integers(1, 12))):
        now += draw(st.sampled_from(GAPS))
        accrued += draw(st.one_of(st.just(F(0)), ODD))
        owed = draw(st.one_of(st.just(F(0)), ODD)) if known else None
        symbol = draw(st.integers(0, 2))
        trades.append(Trade(
            symbol=SYMBOLS[symbol], at_us=now, size=draw(ODD) * draw(st.sampled_from((1, -1))), price=draw(ODD),
            owed_before=None if owed is None else draw(ODD), owed=owed, accrued=accrued, in_dollars=symbol < 2,
        ))  # fmt: skip
    return trades


any_trades = st.one_of(lives, odd_trades())


@often
@given(trades=any_trades)
def test_the_parts_of_every_fill_add_up_to_it(trades: list[Trade]) -> None:
    parts = folded(trades)
    size, value = [0] * len(trades), [0] * len(trades)
    for fill, kind, delta, worth in zip(parts.fill, parts.kind, parts.delta, parts.value, strict=True):
        if kind != DUST:
            size[fill] += delta
            value[fill] += worth
            assert delta
            assert (delta > 0) == (trades[fill].size > 0)
    assert [units(trade.size) for trade in trades] == size
    assert [value_of(trade) for trade in trades] == value


@often
@given(trades=any_trades)
def test_what_a_position_realizes_is_minus_its_cash_less_the_cost_that_is_left(trades: list[Trade]) -> None:
    parts = folded(trades)
    size: dict[tuple[int, int], int] = defaultdict(int)
    paid: dict[tuple[int, int], int] = defaultdict(int)
    realized: dict[tuple[int, int], int] = defaultdict(int)
    of_dust: dict[tuple[int, int], int] = defaultdict(int)
    rows = zip(parts.kind, parts.symbol, parts.position, parts.delta, parts.value, parts.realized, parts.cost_after,
               strict=True)  # fmt: skip
    for kind, symbol, position, delta, value, result, cost in rows:
        if kind not in (LEG, DUST):
            assert result == 0
            continue
        key = symbol, position
        assert position == max((number for of, number in size if of == symbol), default=-1) or key not in size
        size[key] += delta
        realized[key] += result
        if kind == LEG:
            paid[key] += value
        else:
            of_dust[key] -= value
        assert realized[key] == -paid[key] + of_dust[key] + cost
        assert bool(size[key]) or not cost
        assert size[key] * cost >= 0
    for symbol in range(len(SYMBOLS)):
        numbers = [position for of, position in size if of == symbol]
        assert list(range(len(numbers))) == numbers
        assert not any(size[symbol, number] for number in numbers[:-1])


@often
@given(trades=any_trades)
def test_shorts_never_exceed_what_is_owed_nor_interest_bought_what_accrued(trades: list[Trade]) -> None:
    parts = folded(trades)
    held: dict[int, int] = defaultdict(int)
    bought = 0
    ended: dict[int, int] = {}
    for fill, kind, symbol, delta in zip(parts.fill, parts.kind, parts.symbol, parts.delta, strict=True):
        trade = trades[fill]
        if kind == INTEREST:
            bought += delta
            assert trade.owed_before is not None
            assert 0 < bought <= units(trade.accrued)
            assert held[symbol] == 0
            assert trade.at_us - ended[symbol] <= MINUTE
        elif kind == INVENTORY:
            assert delta < 0 or held[symbol] == 0
        else:
            before, held[symbol] = held[symbol], held[symbol] + delta
            if before < 0 and held[symbol] == 0:
                ended[symbol] = trade.at_us
            if kind == LEG and held[symbol] < 0 and delta < 0 and trade.owed is not None:
                assert -sum(size for size in held.values() if size < 0) <= units(trade.owed)
    guessed = {(symbol, position) for symbol, position in parts.guessed}
    of = zip(parts.fill, parts.kind, parts.symbol, parts.position, parts.delta, strict=True)
    opened = {(symbol, position) for fill, kind, symbol, position, delta in of
              if kind == LEG and delta < 0 and trades[fill].owed is None}  # fmt: skip
    assert guessed <= opened


@often
@given(trades=lives, which=st.integers(0, 30), share=st.sampled_from((F(1, 2), F(1, 3), F("0.9999"), F("0.0001"))))
def test_a_fill_in_two_at_one_price_is_one_fill(trades: list[Trade], which: int, share: Fraction) -> None:
    """Whatever is left after the first part, even below a dollar: the run of fills is one act."""
    if not trades:
        return
    one = trades[which % len(trades)]
    first = F(units(one.size * share), UNIT)
    halves = [replace(one, size=size) for size in (first, one.size - first)]
    place = trades.index(one)
    assert _sums(trades, folded(trades)) == _sums(trades, folded([*trades[:place], *halves, *trades[place + 1 :]]))


def _sums(trades: Sequence[Trade], parts: Parts) -> dict[tuple[int, str, int], tuple[Fraction, int]]:
    """Return size and result by symbol, kind and position; results to 1e-12, since every part is rounded."""
    sums: dict[tuple[int, str, int], list[int]] = defaultdict(lambda: [0, 0])
    rows = zip(parts.symbol, parts.kind, parts.position, parts.delta, parts.realized, strict=True)
    for symbol, kind, position, delta, realized in rows:
        sums[symbol, KINDS[kind], position][0] += delta
        sums[symbol, KINDS[kind], position][1] += realized
    return {key: (F(size, UNIT), round(F(result, 10**6))) for key, (size, result) in sums.items()}


# -------------------------------------------------------------------------------------------------- shares

WEIGHTS = st.lists(st.integers(0, 10**30), min_size=1, max_size=6).filter(any)


@often
@given(whole=st.integers(-(10**36), 10**36), weights=WEIGHTS)
def test_shares_by_weight_add_up_and_are_off_by_a_rounding_only(whole: int, weights: list[int]) -> None:
    shares = by_weight(whole, weights)
    assert whole == sum(shares)
    total = sum(weights)
    for share, weight in zip(shares[:-1], weights[:-1], strict=True):
        assert abs(F(share) - F(whole * weight, total)) <= F(1, 2)
        assert share == half_even(whole * weight, total)
    assert abs(F(shares[-1]) - F(whole * weights[-1], total)) <= F(len(weights), 2)


@often
@given(things=st.lists(st.tuples(st.one_of(st.none(), st.integers(-(10**30), 10**30)),
                                 st.lists(st.integers(1, 10**20), min_size=1, max_size=4)), min_size=1, max_size=4))  # fmt: skip
def test_the_lines_of_a_thing_share_all_of_it(things: list[tuple[int | None, list[int]]]) -> None:
    lines = [(whole, thing, part, sum(parts)) for thing, (whole, parts) in enumerate(things) for part in parts]
    given_ = shared(*(list(column) for column in zip(*lines, strict=True)))
    for thing, (whole, parts) in enumerate(things):
        own = [share for share, line in zip(given_, lines, strict=True) if line[1] == thing]
        if whole is None:
            assert [None] * len(parts) == own
        else:
            known = [share for share in own if share is not None]
            assert len(known) == len(own)
            assert whole == sum(known)
            assert all(
                abs(F(share) - F(whole * part, sum(parts))) <= len(parts)
                for share, part in zip(known, parts, strict=True)
            )


@often
@given(numerator=st.integers(-(10**40), 10**40), denominator=st.integers(-(10**20), 10**20).filter(bool))
def test_quotients_are_rounded_half_to_even(numerator: int, denominator: int) -> None:
    assert round(F(numerator, denominator)) == half_even(numerator, denominator)
