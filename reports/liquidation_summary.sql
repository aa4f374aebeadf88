-- One row is what liquidations of a period came to: all, and by cause, symbol and leverage at open.  A sum whose parts are
-- all unknown is unknown; `unknown` counts the liquidations whose loss is.
WITH asked AS (
  SELECT *, period_of(started_at, $by) AS period, CASE WHEN leverage_at_open IS NULL THEN 'unknown' WHEN leverage_at_open < 3 THEN '< 3x'
      WHEN leverage_at_open < 5 THEN '3-5x' WHEN leverage_at_open < 10 THEN '5-10x' WHEN leverage_at_open < 25 THEN '10-25x'
      WHEN leverage_at_open <= 50 THEN '25-50x' ELSE '> 50x' END AS leverage_class
  FROM liquidations_listed
  WHERE started_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR started_at >= $from)
    AND ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
    AND ($symbol::VARCHAR IS NULL OR list_contains(names, $symbol))
), sided AS (
  SELECT *, unnest(CASE WHEN is_adl THEN [{'dimension': 'all', 'place': 1, 'value': 'auto-deleveraged'}] ELSE [
      {'dimension': 'all', 'place': 0, 'value': 'liquidated'},
      {'dimension': 'cause', 'place': 2, 'value': coalesce(primary_cause, 'unknown')},
      {'dimension': 'symbol', 'place': 3, 'value': symbol},
      {'dimension': 'leverage', 'place': 4, 'value': leverage_class}] END) AS side_of
  FROM asked
), summed AS (
  SELECT period, account, venue, settle_asset, side_of.dimension AS dimension, side_of.value AS value, side_of.place AS place,
    count(*) AS count, CAST(sum(loss) AS DECIMAL(38,18)) AS loss, CAST(sum(fee) AS DECIMAL(38,18)) AS fee,
    CAST(sum(liquidation_fee) AS DECIMAL(38,18)) AS liquidation_fee, CAST(sum(slippage) AS DECIMAL(38,18)) AS slippage,
    CAST(sum(insurance) AS DECIMAL(38,18)) AS insurance, CAST(sum(carry) AS DECIMAL(38,18)) AS carry,
    CAST(sum(carry) FILTER (WHERE loss IS NOT NULL) AS DECIMAL(38,18)) AS carry_of_loss, count(*) FILTER (WHERE loss IS NULL) AS unknown
  FROM sided GROUP BY ALL
)
SELECT * EXCLUDE (place) FROM summed ORDER BY period, account, venue, settle_asset, place, loss DESC NULLS LAST, count DESC, value
