/**
 * The database's shape, as numbered steps that are only ever added to. The database's `user_version` says how many have
 * been taken. `application_id` marks the file as ours.
 */
export const APPLICATION_ID = 0x706f746f

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE queues (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    width INTEGER,                        -- null: no limit
    rate_limit INTEGER,                   -- null: no rate
    rate_per REAL,
    rate_keep REAL,                       -- of an earlier rate: how long it has starts remembered, in ms
    rate_keep_until INTEGER,              -- and until when it has that say
    declared_width TEXT,                  -- JSON of what was declared last, to tell when that changes
    declared_rate TEXT,
    paused INTEGER NOT NULL DEFAULT 0,
    held_until INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,   -- of the settings above
    pending INTEGER NOT NULL DEFAULT 0,
    underway INTEGER NOT NULL DEFAULT 0,
    finished INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    places INTEGER NOT NULL DEFAULT 0,    -- taken, by whatever state
    joined INTEGER NOT NULL DEFAULT 0,    -- the last number given to a job that joined the line
    ended INTEGER NOT NULL DEFAULT 0      -- the last number given to a job that was over
  ) STRICT;

  CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL REFERENCES queues (id),
    id TEXT NOT NULL,
    state INTEGER NOT NULL,               -- 0 pending, 1 underway, 2 finished, 3 failed, 4 cancelled
    priority REAL NOT NULL,
    place INTEGER NOT NULL,               -- in the line among equals
    due INTEGER,                          -- when it joins the line, if it is not in it yet
    token TEXT,                           -- of the attempt that holds a place
    ended INTEGER,                        -- counts up with every job that is over
    attempt INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    timeout REAL,
    queued_time INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    start_time INTEGER,
    stop_time INTEGER,
    key TEXT,
    arg TEXT NOT NULL,
    progress TEXT,
    result TEXT,
    error TEXT
  ) STRICT;

  CREATE UNIQUE INDEX jobs_id ON jobs (id);
  CREATE INDEX jobs_line ON jobs (queue, priority, place) WHERE state = 0 AND token IS NULL AND due IS NULL;
  CREATE INDEX jobs_due ON jobs (queue, due) WHERE due IS NOT NULL;
  CREATE INDEX jobs_token ON jobs (token) WHERE token IS NOT NULL;
  CREATE INDEX jobs_ended ON jobs (queue, state, ended) WHERE ended IS NOT NULL;
  CREATE UNIQUE INDEX jobs_key ON jobs (queue, key) WHERE key IS NOT NULL AND state < 2;

  CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    queue INTEGER NOT NULL REFERENCES queues (id),
    lock TEXT,                            -- the file that its process holds locked
    lease INTEGER NOT NULL,
    beat INTEGER NOT NULL                 -- counts up with every renewal, from anywhere
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX workers_queue ON workers (queue);

  CREATE TABLE starts (                   -- what a rate has to remember
    token TEXT PRIMARY KEY,
    queue INTEGER NOT NULL REFERENCES queues (id),
    at INTEGER,                           -- null: claimed, and not yet said to have started; counts as now
    n INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX starts_at ON starts (queue, at);
  `,
  `
  CREATE TABLE attempts (                 -- that ended otherwise than by finishing their job
    job INTEGER NOT NULL,                 -- its seq
    n INTEGER NOT NULL,                   -- counts up from 1, also where \`attempt\` begins anew
    attempt INTEGER NOT NULL,
    start_time INTEGER NOT NULL,
    stop_time INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    error TEXT,
    PRIMARY KEY (job, n)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE log_lines (
    job INTEGER NOT NULL,                 -- its seq
    n INTEGER NOT NULL,
    time INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (job, n)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE queues ADD COLUMN move TEXT;  -- JSON of how it moves from or to another store; null: never has

  CREATE TABLE outbox (                   -- jobs that are checked out, to go to another store
    n INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL REFERENCES queues (id),
    id TEXT NOT NULL,
    key TEXT,                             -- stays taken until the queue has left
    arrived INTEGER NOT NULL DEFAULT 0,   -- there: kept for its key only
    job TEXT NOT NULL                     -- JSON of all that is its
  ) STRICT;
  CREATE INDEX outbox_waiting ON outbox (queue, n) WHERE arrived = 0;
  CREATE UNIQUE INDEX outbox_id ON outbox (queue, id);
  CREATE UNIQUE INDEX outbox_key ON outbox (queue, key) WHERE key IS NOT NULL;
  `,
]
