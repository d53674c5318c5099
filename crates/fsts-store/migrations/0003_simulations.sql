-- Simulation jobs and their results. Ids begin with their time, so that newest first is by id. What is not there yet is 0
-- or an empty text.

CREATE TABLE simulations (
    id         TEXT   NOT NULL PRIMARY KEY,
    stream     TEXT   NOT NULL,
    wish_key   TEXT   NOT NULL,
    wish_hash  TEXT   NOT NULL,
    wish       TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    attempts   BIGINT NOT NULL,
    done_days  BIGINT NOT NULL,
    total_days BIGINT NOT NULL,
    created_ns BIGINT NOT NULL,
    started_ns BIGINT NOT NULL,
    ended_ns   BIGINT NOT NULL,
    summary    TEXT   NOT NULL,
    error      TEXT   NOT NULL
);
CREATE UNIQUE INDEX simulations_wish ON simulations (wish_key);
CREATE INDEX simulations_waiting ON simulations (stream, id) WHERE ended_ns = 0;

CREATE TABLE simulation_results (
    id   TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);
