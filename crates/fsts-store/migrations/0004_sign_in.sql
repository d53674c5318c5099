-- Who may open the dashboard, and who has it open. Tokens are kept as their SHA-256 only: a stolen database opens nothing.

-- `place` is 1 for the first user: two set-ups at the same time can't both be the first.
CREATE TABLE users (
    name       TEXT   NOT NULL PRIMARY KEY,
    place      BIGINT NOT NULL UNIQUE,
    password   TEXT   NOT NULL,
    created_ns BIGINT NOT NULL
);

CREATE TABLE sessions (
    token_hash TEXT   NOT NULL PRIMARY KEY,
    user_name  TEXT   NOT NULL,
    created_ns BIGINT NOT NULL,
    seen_ns    BIGINT NOT NULL,
    ends_ns    BIGINT NOT NULL
);
CREATE INDEX sessions_end ON sessions (ends_ns);
