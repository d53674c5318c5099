-- Conversations of the assistant; the newest state of each.
CREATE TABLE assistant_sessions (
    id         TEXT   NOT NULL PRIMARY KEY,
    version    BIGINT NOT NULL,
    state      TEXT   NOT NULL,
    created_ns BIGINT NOT NULL,
    updated_ns BIGINT NOT NULL,
    expires_ns BIGINT NOT NULL
);

CREATE INDEX assistant_sessions_by_use ON assistant_sessions (updated_ns);

-- Every step of every run, so that a cut run goes on where it was.
CREATE TABLE assistant_checkpoints (
    session_id TEXT   NOT NULL,
    run_id     TEXT   NOT NULL,
    step       BIGINT NOT NULL,
    node       TEXT   NOT NULL,
    next       TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    hash       TEXT   NOT NULL,
    at_ns      BIGINT NOT NULL,
    PRIMARY KEY (session_id, run_id, step)
);

-- Orders that the assistant proposed. A row is never changed in what it proposes, only in its state.
CREATE TABLE assistant_proposals (
    id          TEXT   NOT NULL PRIMARY KEY,
    call_key    TEXT   NOT NULL UNIQUE,
    hash        TEXT   NOT NULL,
    body        TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    tainted     BIGINT NOT NULL,
    created_ns  BIGINT NOT NULL,
    expires_ns  BIGINT NOT NULL,
    decided_ns  BIGINT NOT NULL,
    decided_by  TEXT   NOT NULL,
    order_id    TEXT   NOT NULL,
    outcome     TEXT   NOT NULL
);

CREATE INDEX assistant_proposals_by_time ON assistant_proposals (created_ns);
