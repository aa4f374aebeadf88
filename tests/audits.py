"""Invented audits: the worked example of a cross account, one of which little is known, one of a loan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from reports.audit import Asset, Audit, Call, Counterfactual, Finding, Held, Moment, Term
from reports.month import Evidence

STARTED = datetime(2025, 10, 9, 8, 0, tzinfo=UTC)
TRIGGERED = datetime(2025, 10, 10, 21, 17, 3, 412_000, tzinfo=UTC)
ENTRY, TRIGGER, SIZE = Decimal(40_000), Decimal("36779.10"), Decimal("0.5")
RATE = Decimal("0.004")
SHA = "5f2c" * 16


def audit(symbol: str = "BTCUSDT", file: str = "Export Trade History 2025-10.csv", asset: str = "USDT",
          every: timedelta = timedelta(minutes=15), **changes: Any) -> Audit:  # fmt: skip
    """Return the worked example: bought at 40,000, funding, a withdrawal, taken at 36,750.

    `every` is the distance of known prices; there is a gap of five hours among them.
    """
    terms = [
        _term("transfers_out", "-300", rows=["104"]),
        _term("own_price_pnl", "-1610.45", "supplied", "mark price 36779.1 of prices.csv", rows=["101", "105"]),
        _term("own_fees", "-19.1875", rows=["101", "105"]),
        _term("own_funding", "-6", rows=["102", "103"]),
        _term("slippage", "-14.55", "supplied", "mark price 36779.1 of prices.csv", rows=["105"]),
        _term("liquidation_fee", "-49.8125", rows=["106"]),
    ]
    made = Audit(
        liquidation_id=f"liq:main:{symbol}:long:202510102117:1", account="main", venue="binance", wallet="usdm",
        asset=asset, kind="contract", margin_mode="cross (assumed)", stage="full", symbol=symbol, side="long",
        position_ids=[f"main:{symbol}:long:202510090801:1"], started_at=STARTED, started_by="position",
        triggered_at=TRIGGERED, ended_at=TRIGGERED + timedelta(seconds=2), start_equity=Decimal(2000), terms=terms,
        unexplained=Decimal(0), end_equity=Decimal(0), start_label="measured", end_label="measured",
        trigger_equity=Decimal("73.55"), maintenance_margin=Decimal("73.5582"), maintenance_label="assumed",
        maintenance_source="built-in table of Binance USD-M tiers, 2025-09-01", initial_margin=Decimal("919.4775"),
        opening_leverage=Decimal("10.050251256281407035"), trigger_price=TRIGGER, trigger_label="supplied", trigger_source="mark price in prices.csv, 21:17:00",
        liquidation_price=Decimal("36779.116465863453815261"), bankruptcy_price=Decimal("36632"), quantity=SIZE,
        entry_price=ENTRY, average_price=Decimal(36_750), ratio_name="margin ratio", ratio_rule=">= 100 %",
        warning=Decimal("1.25"),
        verdict="You were liquidated because 300 USDT were withdrawn the day before: without it the position would "
                "not have been liquidated at 36,779.1, but only at 36,176.71.",
        primary_cause="withdrawal", confidence="medium", moments=_moments(symbol, asset, every),
        positions=[
            Held(position_id=f"main:{symbol}:long:202510090801:1", symbol=symbol, side="long", quantity=SIZE,
                 entry=ENTRY, mark=TRIGGER, mark_label="supplied", mark_source="prices.csv, 21:17:00",
                 value=SIZE * TRIGGER, unrealized=Decimal("-1610.45"), maintenance_margin=Decimal("73.5582"), rate=RATE,
                 is_own=True),
            Held(position_id="main:ETHUSDT:short:202510090901:1", symbol="ETHUSDT", side="short",
                 quantity=Decimal("-0.01"), entry=Decimal(4000), mark=None, mark_label="", mark_source="", value=None,
                 unrealized=None, maintenance_margin=None, rate=None, is_own=False),
        ],
        assets=[Asset(asset=asset, start=Decimal(2000), end=Decimal(0), start_price=Decimal(1), end_price=Decimal(1),
                      ratio=Decimal(1), price_change=None, haircut_change=None, label="measured")],
        counterfactuals=_counterfactuals(),
        findings=[
            Finding(code="withdrawal", severity="critical", sentence=f"300 {asset} were withdrawn while the position "
                    "was open; with them the equity would have been above the requirement.", amount=Decimal(300),
                    threshold="equity at the trigger + withdrawals > maintenance margin", rows=["104"]),
            Finding(code="over_leverage", severity="warning", sentence="The position was opened at 10.05 times the "
                    "equity.", amount=Decimal("10.05"), threshold="effective leverage at open >= 10", rows=["101"],
                    assumed="one position in the bucket"),
        ],
        calls=[Call(at=TRIGGERED - timedelta(hours=2), health=Decimal("1.24"), ratio=Decimal("0.8064"),
                    level="margin ratio 80 %", answer="nothing", added=Decimal(0), reduced=Decimal(0), lost=None,
                    rows=["104"])],
        missing=["The mark price of ETHUSDT is not known: import a file of marks (time, symbol, mark) of that day."],
        assumptions=["The position is taken as cross: nothing in the exports says so.", "The tier table is built in."],
        found_by=["force order 8389765500000000001", "insurance row within 2 s"],
        evidence=_evidence(symbol, file, asset),
        files=[{"name": file, "sha256": SHA, "format": "binance.usdm_trades", "import": "3"},
               {"name": "prices.csv", "sha256": SHA[::-1], "format": "plain.prices", "import": "4"}],
        quality={"coverage gaps": ["funding: 2025-10-10 08:00 to 16:00 is in no file"], "duplicates removed": 12,
                 "rejected rows": [], "breaks": ["usdm USDT: none"], "balances stated": {"start": "yes", "end": "yes"}},
        version="0.1.0",
    )  # fmt: skip
    return replace(made, **changes)


def bare_audit(**changes: Any) -> Audit:
    """Return an audit of which next to nothing is known: no prices, no tiers, no balances, a loss unexplained."""
    known = audit()
    moments = [Moment(at=TRIGGERED, kind="liquidation", what="sell 0.5 BTCUSDT (liquidation)", rows=["105"])]
    bare = replace(
        known, terms=[_term("own_fees", "-9.1875", rows=["105"])], start_equity=Decimal(0), end_equity=Decimal(-100),
        unexplained=Decimal("-90.8125"), start_label="assumed", trigger_equity=None, maintenance_margin=None,
        maintenance_label="", maintenance_source="", initial_margin=None, trigger_price=None, trigger_label="",
        trigger_source="", liquidation_price=None, bankruptcy_price=None, quantity=None, entry_price=None,
        average_price=None, ratio_name="", ratio_rule="", warning=None, primary_cause=None, confidence="low",
        verdict="Why is not known: the rows explain 9 % of the loss.", moments=moments, positions=[], assets=[],
        counterfactuals=[], findings=[], calls=[], assumptions=[], found_by=[], evidence={}, files=[], quality={},
    )  # fmt: skip
    return replace(bare, **changes)


def loan_audit(**changes: Any) -> Audit:
    """Return an audit of a loan whose collateral was sold: several assets, interest, drawn."""
    start = datetime(2025, 2, 1, tzinfo=UTC)
    days = [start + timedelta(days=day) for day in range(24)]
    moments = []
    for number, day in enumerate(days):
        price = Decimal(100_000) - 1300 * number
        equity, need = price / 10 - 5000 - number, (Decimal(5000) + number) * Decimal("0.2")
        what = f"interest -1 USDT, day {number}" if number else "loan opened"
        moments.append(Moment(at=day, kind="interest" if number else "start", what=what, effect=Decimal(-1) if number
                              else None, equity=equity, maintenance_margin=need, health=equity / need,
                              ratio=5000 / (price / 10), mark=price, quantity=Decimal("0.1"), rows=[f"2{number:02d}"]))  # fmt: skip
    terms = [_term("interest", "-23", rows=[f"2{number:02d}" for number in range(1, 24)]),
             _term("collateral_price", "-2990", "supplied", "prices.csv"), _term("liquidation_fee", "-151.4")]  # fmt: skip
    end = Decimal(5000) - 23 - 2990 - Decimal("151.4")
    evidence = {
        f"2{number:02d}": Evidence(at=day, table="interest", what="interest -1 USDT", place=f"loans.xlsx!Loans!B{number}",
                                   raw=f"{day:%Y-%m-%d},USDT,1") for number, day in enumerate(days)
    }  # fmt: skip
    loan = audit(
        symbol="BTC", kind="loan", side="borrower", wallet="loan", margin_mode="isolated", stage="collateral_sale",
        started_at=days[0], triggered_at=days[-1], ended_at=days[-1] + timedelta(minutes=3), moments=moments,
        terms=terms, start_equity=Decimal(5000), end_equity=end, ratio_name="LTV", ratio_rule=">= 83.3 %",
        quantity=Decimal("0.1"), positions=[], evidence=evidence, counterfactuals=[], findings=[], calls=[],
        trigger_equity=moments[-1].equity, maintenance_margin=moments[-1].maintenance_margin,
        primary_cause="collateral_drop", verdict="You were liquidated because BTC, your collateral, fell by 29.9 %.",
        assets=[Asset(asset="BTC", start=Decimal("0.1"), end=Decimal("0.02"), start_price=Decimal(100_000),
                      end_price=Decimal(70_100), ratio=Decimal("0.9"), price_change=Decimal(-2990),
                      haircut_change=Decimal(0), label="supplied")],
        files=[{"name": "loans.xlsx", "sha256": SHA, "format": "nexo.transactions", "import": "1"}],
    )  # fmt: skip
    return replace(loan, **changes)


def _term(name: str, amount: str, label: str = "measured", why: str = "", rows: Sequence[str] = ()) -> Term:
    return Term(name=name, amount=Decimal(amount), label=label, why=why, rows=rows)


def _moments(symbol: str, asset: str, every: timedelta) -> list[Moment]:
    fill, call = STARTED + timedelta(minutes=1), TRIGGERED - timedelta(hours=2)
    events = [
        (STARTED, "start", "start", None, Decimal(2000), Decimal(0), ()),
        (fill, "fill", f"buy 0.5 {symbol} at 40,000", Decimal(-10), Decimal(1990), SIZE, ("101",)),
        (STARTED + timedelta(hours=8), "funding", f"funding -4 {asset}", Decimal(-4), Decimal(1986), SIZE, ("102",)),
        (STARTED + timedelta(hours=16), "funding", f"funding -2 {asset}", Decimal(-2), Decimal(1984), SIZE, ("103",)),
        (STARTED + timedelta(hours=24), "transfer", f"withdrawal 300 {asset}", Decimal(-300), Decimal(1684), SIZE,
         ("104",)),
        (call, "tier", "maintenance rate 0.4 %", None, Decimal(1684), SIZE, ()),
    ]  # fmt: skip
    moments = []
    wallet, held, number = Decimal(2000), Decimal(0), 0
    at = STARTED
    whole = (TRIGGERED - STARTED) / timedelta(seconds=1)
    while at < TRIGGERED:
        while events and events[0][0] <= at:
            when, kind, what, effect, wallet, held, rows = events.pop(0)
            moments.append(_moment(when, kind, what, effect, wallet, held, _price(when, whole), rows, asset))
        is_dark = timedelta(hours=9) < at - STARTED < timedelta(hours=14)
        if not is_dark:
            was_dark = moments[-1].at < at - every and at - STARTED >= timedelta(hours=14)
            moments.append(_moment(at, "price", f"mark {_price(at, whole)}", None, wallet, held, _price(at, whole), (),
                                   asset, is_gap=was_dark and not any(m.is_gap for m in moments)))  # fmt: skip
        number += 1
        at = STARTED + number * every
    moments.append(_moment(TRIGGERED, "price", "trigger", None, wallet, held, TRIGGER, (), asset))
    taken = Decimal(1684) - SIZE * (ENTRY - 36_750) - Decimal("9.1875")
    moments.append(_moment(TRIGGERED, "liquidation", f"sell 0.5 {symbol} at 36,750 (liquidation)", Decimal("-23.7375"),
                           taken, Decimal(0), TRIGGER, ("105",), asset))  # fmt: skip
    over = TRIGGERED + timedelta(seconds=2)
    moments.append(_moment(over, "fee", f"liquidation fee -49.8125 {asset}", -taken, Decimal(0), Decimal(0), TRIGGER,
                           ("106",), asset))  # fmt: skip
    return moments


def _price(at: datetime, whole: float) -> Decimal:
    """Return a path from entry to trigger with a saw on it, in steps of 0.1."""
    seconds = int((at - STARTED) / timedelta(seconds=1))
    fallen = (ENTRY - TRIGGER) * seconds / Decimal(str(whole))
    saw = Decimal(abs(seconds % 14_400 - 7200)) / 24
    return (ENTRY - fallen + saw).quantize(Decimal("0.1")) if at < TRIGGERED else TRIGGER


def _moment(at: datetime, kind: str, what: str, effect: Decimal | None, wallet: Decimal, held: Decimal, mark: Decimal,
            rows: Sequence[str], asset: str, *, is_gap: bool = False) -> Moment:  # fmt: skip
    equity = wallet + held * (mark - ENTRY)
    need = held * mark * RATE
    health = (equity / need).quantize(Decimal("1e-18")) if need else None
    limit = ((held * ENTRY - wallet) / (held * (1 - RATE))).quantize(Decimal("1e-18")) if held else None
    return Moment(
        at=at, kind=kind, what=what, effect=effect, equity=equity, initial_margin=held * mark / 20,
        maintenance_margin=need, health=health, ratio=(need / equity).quantize(Decimal("1e-18")) if equity else None,
        mark=mark, quantity=held, entry=ENTRY if held else None, liquidation_price=limit, label="supplied", rows=rows,
        is_gap=is_gap,
    )  # fmt: skip


def _counterfactuals() -> list[Counterfactual]:
    later = TRIGGERED + timedelta(hours=9)
    return [
        Counterfactual(name="no_withdrawal", title="Without the withdrawal", change=Decimal(300),
                       equity=Decimal("373.55"), maintenance_margin=Decimal("73.5582"),
                       liquidation_price=Decimal("36176.706827309236947791"), liquidated_at=None, outcome="survived",
                       until=later, loss=Decimal("1236.2"), sentence="Without the withdrawal: not liquidated until 2025-10-11 06:17:03 UTC, by the prices known, of candles their closes."),
        Counterfactual(name="no_funding", title="Without funding", change=Decimal(6), equity=Decimal("79.55"),
                       maintenance_margin=Decimal("73.5582"), liquidation_price=Decimal("36767.068273092369477912"),
                       liquidated_at=TRIGGERED + timedelta(seconds=41), outcome="liquidated",
                       sentence="41 seconds later."),
        Counterfactual(name="isolated", title="Isolated instead of cross, at 20x", change=None, equity=None,
                       maintenance_margin=None, liquidation_price=Decimal("38152.610441767068273092"),
                       liquidated_at=TRIGGERED - timedelta(hours=9), outcome="liquidated", loss=Decimal(1000),
                       sentence="Sooner, but at most 1,000 would have been lost."),
        Counterfactual(name="half_at_call", title="Half the size at the margin call", change=None, equity=None,
                       maintenance_margin=None, liquidation_price=None, liquidated_at=None, outcome="not_then"),
    ]  # fmt: skip


def _evidence(symbol: str, file: str, asset: str) -> dict[str, Evidence]:
    told = [
        ("101", STARTED + timedelta(minutes=1), "fills", f"buy 0.5 {symbol} at 40,000", "BUY,0.5,40000,10"),
        ("102", STARTED + timedelta(hours=8), "funding", f"{symbol} -4 {asset} funding", "FUNDING_FEE,-4"),
        ("103", STARTED + timedelta(hours=16), "funding", f"{symbol} -2 {asset} funding", "FUNDING_FEE,-2"),
        ("104", STARTED + timedelta(hours=24), "movements", f"withdrawal 300 {asset}", "TRANSFER,-300"),
        ("105", TRIGGERED, "fills", f"sell 0.5 {symbol} at 36,750 (liquidation)", "SELL,0.5,36750,9.1875"),
        ("106", TRIGGERED + timedelta(seconds=2), "movements", f"liquidation fee -49.8125 {asset}",
         "INSURANCE_CLEAR,-49.8125"),
    ]  # fmt: skip
    return {
        key: Evidence(
            at=at, table=table, what=what, place=f"{file}:{line}", raw=f"{at:%Y-%m-%d %H:%M:%S},{symbol},{raw}"
        )
        for line, (key, at, table, what, raw) in enumerate(told, start=2)
    }
