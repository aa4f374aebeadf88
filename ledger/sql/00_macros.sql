-- The period of an instant, as text that sorts: 2026, 2026-Q1, 2026-02, 2026-02-03.
CREATE OR REPLACE MACRO period_of(moment, by_) AS CASE by_
  WHEN 'year' THEN strftime(moment, '%Y')
  WHEN 'quarter' THEN strftime(moment, '%Y') || '-Q' || quarter(moment)
  WHEN 'day' THEN strftime(moment, '%Y-%m-%d')
  ELSE strftime(moment, '%Y-%m') END;
-- Whether a format holds entries by hand, which always speak and are no witness.
CREATE OR REPLACE MACRO by_hand(format_) AS starts_with(format_, 'manual.');
-- The name of an account in a line's key: with its venue, where it does not say it.
CREATE OR REPLACE MACRO owner(account_, venue_) AS CASE WHEN account_ = venue_ THEN account_ ELSE account_ || '@' || venue_ END;
-- The first instant of an instant's period; what is past the end that is asked for begins a period there.
CREATE OR REPLACE MACRO starting(moment, step, until) AS
  CASE WHEN moment >= until::TIMESTAMPTZ THEN greatest(date_trunc(step, moment), until::TIMESTAMPTZ) ELSE date_trunc(step, moment) END;
