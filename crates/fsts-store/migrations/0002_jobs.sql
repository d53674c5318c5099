-- Scheduled jobs. due, started and ended are market time; beat is the machine's time, by which a dead runner is known.

CREATE TABLE jobs (
    name       TEXT   NOT NULL PRIMARY KEY,
    task       TEXT   NOT NULL,
    schedule   TEXT   NOT NULL,
    missed     TEXT   NOT NULL,
    grace_s    BIGINT NOT NULL,
    -- What the settings said of `enabled` when they were read last; a person's own choice holds until they change.
    configured BIGINT NOT NULL,
    enabled    BIGINT NOT NULL,
    -- Due instants up to this one have been dealt with.
    seen_ns    BIGINT NOT NULL,
    -- The run that holds the job, 0 when none does.
    running_ns BIGINT NOT NULL
);

CREATE TABLE job_runs (
    job        TEXT   NOT NULL,
    due_ns     BIGINT NOT NULL,
    owner      TEXT   NOT NULL,
    runner     TEXT   NOT NULL,
    beat_ns    BIGINT NOT NULL,
    started_ns BIGINT NOT NULL,
    ended_ns   BIGINT NOT NULL,
    outcome    TEXT   NOT NULL,
    message_ko TEXT   NOT NULL,
    message_en TEXT   NOT NULL,
    PRIMARY KEY (job, due_ns)
);
CREATE INDEX job_runs_running ON job_runs (job, due_ns) WHERE outcome = 'running';

-- What an account and each of its bots was worth on a day; the last snapshot of the day stays. owner is '' for the account.
CREATE TABLE snapshots (
    stream     TEXT   NOT NULL,
    day        TEXT   NOT NULL,
    owner      TEXT   NOT NULL,
    at_ns      BIGINT NOT NULL,
    base       BIGINT NOT NULL,
    value      BIGINT NOT NULL,
    realized   BIGINT NOT NULL,
    unrealized BIGINT NOT NULL,
    PRIMARY KEY (stream, day, owner)
);
