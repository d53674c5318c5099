-- Only TEXT and BIGINT: the same file runs on SQLite and on PostgreSQL. Flags are 0 or 1, instants are UTC nanoseconds,
-- "not yet" is 0.

CREATE TABLE journal (
    stream  TEXT   NOT NULL,
    seq     BIGINT NOT NULL CHECK (seq >= 1),
    run_id  TEXT   NOT NULL,
    fence   BIGINT NOT NULL,
    at_ns   BIGINT NOT NULL,
    version BIGINT NOT NULL,
    payload TEXT   NOT NULL,
    crc     BIGINT NOT NULL,
    hash    TEXT   NOT NULL,
    PRIMARY KEY (stream, seq)
);

-- last_seq moves in the transaction that inserts the records: a journal shorter or longer than it was tampered with.
CREATE TABLE lease (
    stream   TEXT   NOT NULL PRIMARY KEY,
    fence    BIGINT NOT NULL,
    holder   TEXT   NOT NULL,
    taken_ns BIGINT NOT NULL,
    last_seq BIGINT NOT NULL
);

CREATE TABLE idempotency (
    key       TEXT   NOT NULL PRIMARY KEY,
    body_hash TEXT   NOT NULL,
    intent_id BIGINT NOT NULL,
    response  TEXT   NOT NULL,
    at_ns     BIGINT NOT NULL
);
CREATE INDEX idempotency_age ON idempotency (at_ns);

CREATE TABLE outbox (
    id           TEXT   NOT NULL PRIMARY KEY,
    stream       TEXT   NOT NULL,
    seq          BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    severity     TEXT   NOT NULL,
    message_ko   TEXT   NOT NULL,
    message_en   TEXT   NOT NULL,
    at_ns        BIGINT NOT NULL,
    attempts     BIGINT NOT NULL,
    next_try_ns  BIGINT NOT NULL,
    delivered_ns BIGINT NOT NULL
);
CREATE INDEX outbox_waiting ON outbox (seq, id) WHERE delivered_ns = 0;
CREATE INDEX outbox_newest ON outbox (at_ns, id);

-- Read models: rebuilt from the journal at any time.

CREATE TABLE meta (
    stream TEXT   NOT NULL,
    key    TEXT   NOT NULL,
    value  TEXT   NOT NULL,
    PRIMARY KEY (stream, key)
);

CREATE TABLE orders (
    stream        TEXT   NOT NULL,
    id            BIGINT NOT NULL,
    symbol        TEXT   NOT NULL,
    side          TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    qty           BIGINT NOT NULL,
    price         BIGINT,
    state         TEXT   NOT NULL,
    is_open       BIGINT NOT NULL,
    order_number  TEXT,
    filled_qty    BIGINT NOT NULL,
    filled_amount BIGINT NOT NULL,
    bot           TEXT   NOT NULL,
    reason        TEXT,
    created_ns    BIGINT NOT NULL,
    updated_ns    BIGINT NOT NULL,
    PRIMARY KEY (stream, id)
);
CREATE INDEX orders_open ON orders (stream, id) WHERE is_open = 1;

CREATE TABLE fills (
    stream       TEXT   NOT NULL,
    id           BIGINT NOT NULL,
    order_id     BIGINT,
    order_number TEXT,
    symbol       TEXT   NOT NULL,
    side         TEXT   NOT NULL,
    qty          BIGINT NOT NULL,
    price        BIGINT NOT NULL,
    amount       BIGINT NOT NULL,
    fee          BIGINT NOT NULL,
    tax          BIGINT NOT NULL,
    bot          TEXT   NOT NULL,
    at_ns        BIGINT NOT NULL,
    PRIMARY KEY (stream, id)
);
CREATE INDEX fills_by_symbol ON fills (stream, symbol, id);

CREATE TABLE positions (
    stream TEXT   NOT NULL,
    symbol TEXT   NOT NULL,
    owner  TEXT   NOT NULL,
    qty    BIGINT NOT NULL,
    cost   BIGINT NOT NULL,
    PRIMARY KEY (stream, symbol, owner)
);

CREATE TABLE account (
    stream TEXT   NOT NULL,
    key    TEXT   NOT NULL,
    value  BIGINT NOT NULL,
    PRIMARY KEY (stream, key)
);

CREATE TABLE equity (
    stream TEXT   NOT NULL,
    at_ns  BIGINT NOT NULL,
    equity BIGINT NOT NULL,
    PRIMARY KEY (stream, at_ns)
);

-- The whole book after a day-close record, so that a start replays no older day.
CREATE TABLE checkpoints (
    stream TEXT   NOT NULL,
    seq    BIGINT NOT NULL,
    book   TEXT   NOT NULL,
    crc    BIGINT NOT NULL,
    PRIMARY KEY (stream, seq)
);

-- Bars for the charts: made from the tape, not from the journal.
CREATE TABLE bars (
    symbol TEXT   NOT NULL,
    step   TEXT   NOT NULL,
    t      BIGINT NOT NULL,
    o      BIGINT NOT NULL,
    h      BIGINT NOT NULL,
    l      BIGINT NOT NULL,
    c      BIGINT NOT NULL,
    v      BIGINT NOT NULL,
    PRIMARY KEY (symbol, step, t)
);
