-- Alerts go to a channel each, and one that is about an instrument may carry its chart.

ALTER TABLE outbox ADD COLUMN channel TEXT NOT NULL DEFAULT 'alarm';
ALTER TABLE outbox ADD COLUMN symbol TEXT;
