-- Subscriptions of the MCP Events extension, which send what happens to an address of their client's.

CREATE TABLE subscriptions (
    subscription_id INTEGER PRIMARY KEY,
    handle          TEXT NOT NULL UNIQUE,  -- made of principal, url, event and arguments
    principal       TEXT NOT NULL,
    endpoint_id     INTEGER NOT NULL REFERENCES endpoints,
    event           TEXT NOT NULL,
    arguments       TEXT NOT NULL,         -- JSON
    secret          TEXT NOT NULL,         -- the client's; signs what is sent
    old_secret      TEXT,                  -- signs beside the new one
    old_secret_until REAL,                 -- for as long as this
    created_at      REAL NOT NULL,
    refresh_before  REAL,                  -- when it ends unless it is refreshed; NULL: never
    seen_seq        INTEGER,               -- up to where the log was looked at; NULL: as far as for all others
    ended_at        REAL,                  -- since when nothing is sent any more; NULL while it lives
    delivered_at    REAL,                  -- when something last arrived
    failed_since    REAL,                  -- since when nothing has
    last_error      TEXT                   -- why not
);
CREATE INDEX subscriptions_principal ON subscriptions (principal) WHERE ended_at IS NULL;
CREATE INDEX subscriptions_ended ON subscriptions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE subscription_deliveries (     -- what is on its way to them
    subscription_id INTEGER NOT NULL REFERENCES subscriptions,
    seq             INTEGER NOT NULL,
    delivery_id     INTEGER NOT NULL,
    PRIMARY KEY (subscription_id, seq)
) WITHOUT ROWID;

CREATE TABLE verified_receivers (          -- which addresses have proven that they want an agent's subscriptions
    principal   TEXT NOT NULL,
    url         TEXT NOT NULL,
    verified_at REAL NOT NULL,
    PRIMARY KEY (principal, url)
) WITHOUT ROWID;
