/** The lock, as its two numbers, that every transaction shares that puts into the queue `p_queue`. */
export const PUTTING = `'queues'::regclass::oid::integer, p_queue`

/** The tables. A job is in `jobs` while it is pending or underway, and in `done` once it is over. */
export const TABLES = `
  CREATE TABLE queues (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    width bigint,                         -- null: no limit
    rate_limit bigint,                    -- null: no rate
    rate_per double precision,
    rate_keep double precision,           -- of an earlier rate: how long it has starts remembered, in ms
    rate_keep_until double precision,     -- and until when it has that say
    declared_width text,                  -- what was declared last, to tell when that changes
    declared_rate text,
    paused boolean NOT NULL DEFAULT false,
    held_until bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,    -- of the settings above
    commits bigint NOT NULL DEFAULT 0,    -- counts up with every transaction that changed something
    pending bigint NOT NULL DEFAULT 0,
    underway bigint NOT NULL DEFAULT 0,
    finished bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0,
    places bigint NOT NULL DEFAULT 0,     -- taken, by whatever state
    seq bigint NOT NULL DEFAULT 0,        -- the last number given to a job that arrived
    joined bigint NOT NULL DEFAULT 0,     -- the last number given to a job that joined the line
    ended bigint NOT NULL DEFAULT 0,      -- the last number given to a job that was over
    -- Nobody who is in line stands before this. What has left is still in the index until it is vacuumed: claims begin here,
    -- and need not go through all of that each time.
    front_priority double precision NOT NULL DEFAULT '-Infinity',
    front_place bigint NOT NULL DEFAULT 0,
    move jsonb                            -- how it moves from or to another store; null: never has
  ) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

  -- Changes with every time that a queue has left, and with nothing else: see "arrive".
  CREATE TABLE departures (queue integer PRIMARY KEY, times bigint NOT NULL DEFAULT 0);

  CREATE TABLE jobs (
    queue integer NOT NULL,
    seq bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    state smallint NOT NULL,              -- 0 pending, 1 underway, 2 finished, 3 failed, 4 cancelled
    priority double precision NOT NULL,
    place bigint NOT NULL,                -- in the line among equals
    due bigint,                           -- when it joins the line, if it is not in it yet
    token text COLLATE "C",               -- of the attempt that holds a place
    ended bigint,                         -- counts up with every job that is over
    attempt bigint NOT NULL,
    max_attempts bigint NOT NULL,
    timeout double precision,
    queued_time bigint NOT NULL,
    run_at bigint NOT NULL,
    start_time bigint,
    stop_time bigint,
    key text COLLATE "C",
    arg text NOT NULL,
    progress text,
    result text,
    error text
  );
  CREATE TABLE done (LIKE jobs);

  -- Every row of jobs is written three times in a short life: it is to be vacuumed early, often and at full speed.
  ALTER TABLE jobs SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
    autovacuum_analyze_scale_factor = 0.2, autovacuum_analyze_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
  ALTER TABLE done SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

  ALTER TABLE jobs ADD PRIMARY KEY (queue, seq);
  CREATE UNIQUE INDEX jobs_id ON jobs (id);
  -- No index has a column in it that a claim changes: so a claim is written in place, and no index is touched.
  CREATE INDEX jobs_line ON jobs (queue, priority, place) WHERE due IS NULL;
  CREATE INDEX jobs_due ON jobs (queue, due, seq) WHERE due IS NOT NULL;
  CREATE UNIQUE INDEX jobs_key ON jobs (queue, key) WHERE key IS NOT NULL;

  ALTER TABLE done ADD PRIMARY KEY (queue, seq);
  CREATE UNIQUE INDEX done_id ON done (id);
  CREATE INDEX done_ended ON done (queue, state, ended);
  CREATE INDEX done_token ON done (token) WHERE token IS NOT NULL;

  CREATE TABLE arrivals (                 -- put in transactions of others: they join the queue once that is committed
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue integer NOT NULL,
    id text COLLATE "C" NOT NULL,
    priority double precision NOT NULL,
    max_attempts bigint NOT NULL,
    timeout double precision,
    queued_time bigint NOT NULL,
    run_at bigint NOT NULL,
    key text COLLATE "C",
    arg text NOT NULL
  ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
  CREATE INDEX arrivals_queue ON arrivals (queue, id);

  CREATE TABLE outbox (                   -- jobs that are checked out, to go to another store
    LIKE jobs,
    attempts jsonb NOT NULL,
    log jsonb NOT NULL,
    arrived boolean NOT NULL DEFAULT false -- there: kept for its key only, until the queue has left
  );

  CREATE TABLE past (                     -- attempts that did not finish their job, and what handlers have logged
    queue integer NOT NULL,
    seq bigint NOT NULL,                  -- of the job
    kind smallint NOT NULL,               -- 0 an attempt, 1 a line
    n bigint NOT NULL,                    -- counts up from 1
    entry text NOT NULL,                  -- JSON
    PRIMARY KEY (queue, seq, kind, n)
  );

  CREATE UNIQUE INDEX outbox_id ON outbox (queue, id);
  CREATE INDEX outbox_key ON outbox (queue, key) WHERE key IS NOT NULL AND state = 0;

  CREATE TABLE workers (
    id text COLLATE "C" PRIMARY KEY,
    queue integer NOT NULL,
    lease bigint NOT NULL,
    beat bigint NOT NULL                  -- counts up with every renewal, from anywhere
  ) WITH (fillfactor = 50);
  CREATE INDEX workers_queue ON workers (queue);

  CREATE TABLE claims (                   -- which jobs an exchange has claimed, to find them by their token
    token text COLLATE "C" PRIMARY KEY,
    queue integer NOT NULL,
    n bigint NOT NULL,                    -- how many of them are still in jobs, with this token
    seqs bigint[] NOT NULL,
    -- 'retired' or 'lost' when its worker has ended, with a job still locked by the transaction that completes it.
    left_behind text COLLATE "C"
  ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
  CREATE INDEX claims_queue ON claims (queue);
  CREATE INDEX claims_left_behind ON claims (queue) WHERE left_behind IS NOT NULL;
  -- Numbers in a row are not worth the time that it takes to press them.
  ALTER TABLE claims ALTER COLUMN seqs SET STORAGE EXTERNAL;

  CREATE TABLE starts (                   -- what a rate has to remember
    token text COLLATE "C" PRIMARY KEY,
    queue integer NOT NULL,
    at double precision,                  -- null: claimed, and not yet said to have started; counts as now
    n bigint NOT NULL
  ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
  CREATE INDEX starts_at ON starts (queue, at);

  CREATE TABLE sessions (                 -- the last transaction of each program's queue, for one who did not hear its answer
    store text COLLATE "C" NOT NULL,
    queue integer NOT NULL,
    batch bigint NOT NULL,
    answers jsonb,
    touched timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (store, queue)
  ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

  CREATE TYPE answer AS (
    n integer, info text,
    queue integer, seq bigint, id text, state smallint, priority double precision, place bigint, due bigint, token text,
    ended bigint, attempt bigint, max_attempts bigint, timeout double precision, queued_time bigint, run_at bigint,
    start_time bigint, stop_time bigint, key text, arg text, progress text, result text, error text
  );
`
