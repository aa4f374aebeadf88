-- One row is a day on which two exports state the same fact of an asset; the difference is witness less voice.
SELECT account, wallet, fact, day, asset, voice, witness, voice_rows, witness_rows, voice_sum, witness_sum, difference,
  only_voice, only_witness, concat_ws('|', 'witnesses', owner(account, venue), wallet, fact, day,
    replace(replace(coalesce(asset, ''), '%', '%25'), '|', '%7C'), witness) AS line
FROM witness_days
WHERE ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR asset = $symbol)
  AND day < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)::DATE
  AND ($from::TIMESTAMPTZ IS NULL OR day >= $from::DATE)
ORDER BY account, wallet, fact, day, asset, witness
