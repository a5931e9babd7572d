import { CHANGE } from './change.ts'
import { EXCHANGE } from './exchange.ts'
import { MOVE } from './move.ts'
import { LOOK } from './look.ts'
import { PUT } from './put.ts'
import { PUTTING } from './tables.ts'
import { WORKERS } from './workers.ts'

/** What `run` calls. */
const HELPERS = `
  -- A job that is checked out, as it was.
  CREATE FUNCTION packed(o outbox) RETURNS jobs LANGUAGE plpgsql AS $$
  DECLARE job jobs;
  BEGIN
    job := (o.queue, o.seq, o.id, o.state, o.priority, o.place, o.due, o.token, o.ended, o.attempt, o.max_attempts, o.timeout,
            o.queued_time, o.run_at, o.start_time, o.stop_time, o.key, o.arg, o.progress, o.result, o.error);
    RETURN job;
  END $$;

  -- A column of so many values: an array's text, or the one value that all of them are.
  CREATE FUNCTION texts(v jsonb, size integer) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
  BEGIN
    RETURN CASE jsonb_typeof(v) WHEN 'object' THEN array_fill(v->>'all', ARRAY[size]) ELSE (v#>>'{}')::text[] END;
  END $$;
  CREATE FUNCTION numbers(v jsonb, size integer) RETURNS bigint[] LANGUAGE plpgsql IMMUTABLE AS $$
  BEGIN
    RETURN CASE jsonb_typeof(v) WHEN 'object' THEN array_fill((v->>'all')::bigint, ARRAY[size]) ELSE (v#>>'{}')::bigint[] END;
  END $$;

  -- Adds to a job's past; of each kind so many entries are kept, the latest.
  CREATE FUNCTION remember(p_queue integer, p_seq bigint, p_kind integer, entries jsonb, keep integer) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE last bigint;
  BEGIN
    SELECT coalesce(max(p.n), 0) INTO last FROM past p WHERE p.queue = p_queue AND p.seq = p_seq AND p.kind = p_kind;
    INSERT INTO past (queue, seq, kind, n, entry)
    SELECT p_queue, p_seq, p_kind, last + e.ord, e.entry FROM jsonb_array_elements_text(entries) WITH ORDINALITY AS e (entry, ord);
    DELETE FROM past p
     WHERE p.queue = p_queue AND p.seq = p_seq AND p.kind = p_kind AND p.n <= last + jsonb_array_length(entries) - keep;
  END $$;

  -- An attempt that has ended, as JSON; "error" is JSON, too.
  CREATE FUNCTION attempt_entry(job jobs, p_now bigint, p_outcome text, error text) RETURNS jsonb LANGUAGE plpgsql AS $$
  BEGIN
    RETURN jsonb_build_array(format('{"attempt":%s,"startTime":%s,"stopTime":%s,"outcome":"%s","error":%s}',
      job.attempt, coalesce(job.start_time, p_now), p_now, p_outcome, coalesce(error, 'null')));
  END $$;

  CREATE FUNCTION counted(q queues, state integer, by integer) RETURNS queues LANGUAGE plpgsql AS $$
  BEGIN
    CASE state
      WHEN 0 THEN q.pending := q.pending + by;
      WHEN 1 THEN q.underway := q.underway + by;
      WHEN 2 THEN q.finished := q.finished + by;
      WHEN 3 THEN q.failed := q.failed + by;
      ELSE q.cancelled := q.cancelled + by;
    END CASE;
    RETURN q;
  END $$;

  CREATE FUNCTION is_empty(q queues) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    RETURN q.pending + q.underway + q.finished + q.failed + q.cancelled = 0 AND NOT EXISTS (SELECT FROM arrivals a WHERE a.queue = q.id);
  END $$;

  -- So many jobs of a claim have left the table, or lost its token. One that is left behind is kept until whoever looks after
  -- it has seen to its places.
  CREATE FUNCTION let_go(p_token text, k bigint) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    DELETE FROM claims c WHERE c.token = p_token AND c.n <= k AND c.left_behind IS NULL;
    IF NOT FOUND THEN UPDATE claims c SET n = c.n - k WHERE c.token = p_token; END IF;
  END $$;

  -- Why nothing can be put or changed here, or null.
  CREATE FUNCTION absence(q queues) RETURNS text LANGUAGE plpgsql AS $$
  BEGIN
    RETURN CASE q.move->>'state' WHEN 'left' THEN 'ERR_QUEUE_MOVED' WHEN 'arriving' THEN 'ERR_QUEUE_ARRIVING' END;
  END $$;

  -- The job that has a key, though it may have left by now.
  CREATE FUNCTION with_key(q queues, p_key text) RETURNS SETOF jobs LANGUAGE plpgsql AS $$
  BEGIN
    RETURN QUERY SELECT * FROM jobs j WHERE j.queue = q.id AND j.key = p_key;
    IF NOT FOUND AND q.move IS NOT NULL THEN
      RETURN QUERY SELECT (packed(o)).* FROM outbox o WHERE o.queue = q.id AND o.key = p_key AND o.state = 0;
    END IF;
  END $$;

  -- Those whose time has come join the line, in order of their times.
  CREATE FUNCTION promoted(q queues, p_now bigint) RETURNS queues LANGUAGE plpgsql AS $$
  DECLARE k bigint; first double precision;
  BEGIN
    -- Places in the line are still given out by the store that the queue comes from.
    IF q.move->>'state' = 'arriving' THEN RETURN q; END IF;
    IF NOT EXISTS (SELECT FROM jobs j WHERE j.queue = q.id AND j.due <= p_now) THEN RETURN q; END IF;
    WITH joined AS (
      UPDATE jobs j SET due = NULL, place = q.joined + d.r
        FROM (SELECT x.seq, row_number() OVER (ORDER BY x.due, x.seq) AS r
                FROM (SELECT o.seq, o.due FROM jobs o WHERE o.queue = q.id AND o.due <= p_now ORDER BY o.due, o.seq LIMIT 10000) x) d
       WHERE j.queue = q.id AND j.seq = d.seq
      RETURNING j.priority
    )
    SELECT count(*), min(n.priority) INTO k, first FROM joined n;
    q.joined := q.joined + k;
    IF first < q.front_priority THEN
      q.front_priority := first;
      q.front_place := 0;
    END IF;
    RETURN q;
  END $$;

  CREATE FUNCTION next_due(p_queue integer) RETURNS bigint LANGUAGE plpgsql AS $$
  BEGIN
    RETURN (SELECT j.due FROM jobs j WHERE j.queue = p_queue AND j.due IS NOT NULL ORDER BY j.due LIMIT 1);
  END $$;

  -- How many more may start at a time, and when the next one may if none. A rate that is turned down and up again must not
  -- have forgotten what started before: "keep" and "keep_until" say how long an earlier one has starts remembered.
  CREATE FUNCTION rate_room(q queues, t double precision, OUT room bigint, OUT opens double precision,
                            OUT keep double precision, OUT keep_until double precision) LANGUAGE plpgsql AS $$
  DECLARE total bigint; remembered double precision := q.rate_per;
  BEGIN
    keep := q.rate_keep;
    keep_until := q.rate_keep_until;
    IF keep IS NOT NULL THEN
      keep_until := coalesce(keep_until, ceil(t + keep));
      IF t <= keep_until THEN
        remembered := greatest(remembered, keep);
      ELSE
        keep := NULL;
        keep_until := NULL;
      END IF;
    END IF;
    -- The clock was set back: as if these had started only now, which errs on the slow side and does not stall.
    UPDATE starts s SET at = t WHERE s.queue = q.id AND s.at > t + 1000;
    DELETE FROM starts s WHERE s.queue = q.id AND s.at <= t - remembered;
    SELECT coalesce(sum(s.n), 0) INTO total FROM starts s WHERE s.queue = q.id AND (s.at > t - q.rate_per OR s.at IS NULL);
    room := greatest(0, q.rate_limit - total);
    opens := t;
    IF room = 0 THEN
      SELECT w.at + q.rate_per INTO opens
        FROM (SELECT s.at, sum(s.n) OVER (ORDER BY s.at) AS upto FROM starts s WHERE s.queue = q.id AND s.at > t - q.rate_per) w
       WHERE total - w.upto < q.rate_limit ORDER BY w.at LIMIT 1;
      opens := coalesce(opens, t + q.rate_per);
    END IF;
  END $$;

  CREATE FUNCTION patched(q queues, patch jsonb) RETURNS queues LANGUAGE plpgsql AS $$
  BEGIN
    IF patch ? 'width' THEN q.width := (patch->>'width')::bigint; END IF;
    IF patch ? 'rate' THEN
      IF q.rate_per IS NOT NULL THEN
        q.rate_keep := greatest(coalesce(q.rate_keep, 0), q.rate_per);
        q.rate_keep_until := NULL;
      END IF;
      q.rate_limit := (patch#>>'{rate,limit}')::bigint;
      q.rate_per := (patch#>>'{rate,per}')::double precision;
    END IF;
    IF patch ? 'paused' THEN q.paused := (patch->>'paused')::boolean; END IF;
    RETURN q;
  END $$;

  -- What was declared holds only when it is something else than what was declared before.
  CREATE FUNCTION declared(q queues, op jsonb) RETURNS queues LANGUAGE plpgsql AS $$
  DECLARE patch jsonb := '{}';
  BEGIN
    IF op->>'declaredWidth' IS NOT NULL AND op->>'declaredWidth' IS DISTINCT FROM q.declared_width THEN
      q.declared_width := op->>'declaredWidth';
      patch := patch || jsonb_build_object('width', nullif(q.declared_width, 'Infinity'));
    END IF;
    IF op->>'declaredRate' IS NOT NULL AND op->>'declaredRate' IS DISTINCT FROM q.declared_rate THEN
      q.declared_rate := op->>'declaredRate';
      patch := patch || jsonb_build_object('rate', jsonb_build_object('limit', q.declared_rate::jsonb->0, 'per', q.declared_rate::jsonb->1));
    END IF;
    RETURN patched(q, patch);
  END $$;

  CREATE FUNCTION described(q queues) RETURNS jsonb LANGUAGE plpgsql AS $$
  BEGIN
    RETURN jsonb_build_object(
      'width', q.width, 'limit', q.rate_limit, 'per', q.rate_per, 'paused', q.paused, 'heldUntil', q.held_until, 'move', q.move,
      'counts', jsonb_build_object('pending', q.pending + (SELECT count(*) FROM arrivals a WHERE a.queue = q.id), 'underway', q.underway, 'finished', q.finished, 'failed', q.failed,
                                   'cancelled', q.cancelled),
      'places', q.places, 'nextDue', next_due(q.id));
  END $$;
`

/**
 * `run` does the operations of one moment, in their order, in one transaction and one round trip. It locks the queue's row,
 * so that everything about a queue happens one after the other, and never for longer than the server itself takes.
 *
 * - `p_batch` numbers a store's transactions: null for one that only looks, and locks nothing.
 * - `p_commits`, `p_ended`, `p_version` are what the caller knows: jobs of others that ended since then are told of first, if he
 *   `p_waits` for any; those that were cancelled in any case.
 *
 * Rows: `n` is the operation's index; -2 for what others did; -1, the last, for how the queue stands.
 */
const RUN = `
  CREATE FUNCTION run(p_queue integer, p_store text, p_batch bigint, p_ops jsonb, p_commits bigint, p_ended bigint[],
                      p_waits boolean, p_version bigint, p_clock boolean, p_channel text, p_note text)
  RETURNS SETOF answer LANGUAGE plpgsql
  SET search_path FROM CURRENT
  -- A plan that was made while a table was small must not go through it when it is large.
  SET enable_seqscan = off
  SET enable_bitmapscan = off
  SET enable_hashjoin = off
  SET enable_mergejoin = off
  SET enable_memoize = off
  SET plan_cache_mode = force_generic_plan
  SET jit = off
  -- Nobody holds the queue's row for long. A job's row somebody may, whose transaction completes it: that is never waited for.
  SET lock_timeout = '2s'
  AS $run$
  #variable_conflict use_column
  DECLARE
    q queues; before queues; before_ queues; op jsonb; part jsonb; entry jsonb; info jsonb; patch jsonb; infos jsonb := '[]'; a answer; job jobs;
    n integer := -1; now_ bigint; t double precision; opens double precision;
    k bigint; k0 bigint; k2 bigint; k3 bigint; k4 bigint; k5 bigint; room bigint; wake bigint;
    keys text[]; ids text[]; states smallint[]; seqs bigint[]; side text; part_ jsonb; rows_ tid[]; priorities double precision[]; places bigint[]; size integer; lowest double precision; refused integer[]; passed integer[]; put_off integer[]; ords integer[]; kept boolean[]; free text[]; locked text[];
    range_from text; range_to text; refusal text; lost boolean; missed boolean := false; is_known boolean; mark jsonb; moving jsonb; last bigint; dirty boolean := false; saved boolean := false;
  BEGIN
    IF p_batch IS NULL THEN
      SELECT * INTO q FROM queues WHERE id = p_queue;
    ELSE
      SELECT * INTO q FROM queues WHERE id = p_queue FOR NO KEY UPDATE;
    END IF;
    before := q;
    IF p_batch IS NOT NULL AND absence(q) IS NULL AND EXISTS (SELECT FROM arrivals a WHERE a.queue = p_queue) THEN
      RETURN QUERY SELECT -5, NULL, j.* FROM absorb(q) j;
      SELECT * INTO q FROM queues WHERE id = p_queue;
      dirty := true;
    END IF;
    IF q.commits <> p_commits THEN
      -- Each that was over has a number of its own.
      k2 := q.ended - (SELECT min(e) FROM unnest(p_ended) AS e);
      -- Who may be running a job must hear that it was cancelled.
      FOR k IN CASE WHEN p_waits THEN 2 ELSE 4 END .. 4 LOOP
        RETURN QUERY SELECT -2, NULL, d.* FROM done d
          WHERE d.queue = p_queue AND d.state = k AND d.ended > p_ended[k - 1] AND d.ended <= q.ended ORDER BY d.ended LIMIT 4000;
        GET DIAGNOSTICS k3 = ROW_COUNT;
        k2 := k2 - k3;
      END LOOP;
      missed := p_waits AND k2 > 0;
    END IF;
    FOR op IN SELECT value FROM jsonb_array_elements(p_ops) LOOP
      n := n + 1;
      info := NULL;
      job := NULL;
      now_ := (op->>'now')::bigint;
      CASE op->>'op'
${PUT}
${EXCHANGE}
${WORKERS}
${CHANGE}
${LOOK}
${MOVE}
      END CASE;
      IF info IS NOT NULL THEN
        a.n := n;
        a.info := info::text;
        RETURN NEXT a;
      END IF;
      infos := infos || jsonb_build_array(info);
    END LOOP;
    dirty := dirty OR q IS DISTINCT FROM before;
    IF dirty THEN
      q.commits := q.commits + 1;
      UPDATE queues SET
        width = q.width, rate_limit = q.rate_limit, rate_per = q.rate_per, rate_keep = q.rate_keep,
        rate_keep_until = q.rate_keep_until, declared_width = q.declared_width, declared_rate = q.declared_rate,
        paused = q.paused, held_until = q.held_until, version = q.version, commits = q.commits, pending = q.pending,
        underway = q.underway, finished = q.finished, failed = q.failed, cancelled = q.cancelled, places = q.places, move = q.move,
        seq = q.seq, joined = q.joined, ended = q.ended, front_priority = q.front_priority, front_place = q.front_place
       WHERE id = p_queue;
      IF p_note IS NOT NULL THEN PERFORM pg_notify(p_channel, p_note); END IF;
    END IF;
    IF dirty OR saved THEN
      -- Whoever hears no answer asks "recall" whether this was committed; if not, it must not be any more.
      UPDATE sessions SET batch = p_batch, answers = infos, touched = now()
       WHERE store = p_store AND queue = p_queue AND batch < p_batch;
      IF NOT FOUND THEN RAISE EXCEPTION 'This transaction was given up' USING ERRCODE = 'PT001'; END IF;
    END IF;
    a.n := -1;
    a.info := jsonb_build_array(
      q.commits, q.ended, q.version,
      CASE WHEN q.version <> p_version
        THEN jsonb_build_object('width', q.width, 'limit', q.rate_limit, 'per', q.rate_per, 'paused', q.paused, 'heldUntil', q.held_until,
                                'move', q.move)
      END, dirty, p_batch IS NULL AND EXISTS (SELECT FROM arrivals a WHERE a.queue = p_queue), missed,
      floor(extract(epoch FROM clock_timestamp()) * 1000))::text;
    RETURN NEXT a;
  END $run$;
`

const AROUND = `
  -- What was put in transactions that are committed by now joins the queue. A job whose key another one has got first is over.
  CREATE FUNCTION absorb(q queues) RETURNS SETOF jobs LANGUAGE plpgsql AS $$
  DECLARE a arrivals; job jobs; lowest double precision := q.front_priority;
  BEGIN
    FOR a IN SELECT * FROM arrivals x WHERE x.queue = q.id ORDER BY x.n LIMIT 10000 LOOP
      DELETE FROM arrivals x WHERE x.n = a.n;
      job := NULL;
      q.seq := q.seq + 1;
      q.joined := q.joined + 1;
      job.queue := a.queue; job.seq := q.seq; job.id := a.id; job.priority := a.priority; job.place := q.joined;
      job.attempt := 0; job.max_attempts := a.max_attempts; job.timeout := a.timeout; job.queued_time := a.queued_time;
      job.run_at := a.run_at; job.key := a.key; job.arg := a.arg;
      IF EXISTS (SELECT FROM jobs j WHERE j.queue = q.id AND j.key = a.key) THEN
        q.ended := q.ended + 1;
        q.cancelled := q.cancelled + 1;
        job.state := 4; job.ended := q.ended; job.stop_time := a.queued_time;
        job.error := '{"name":"JobConflict","message":"Another job with its key was committed first","code":"ERR_JOB_KEY_TAKEN"}';
        INSERT INTO done VALUES ((job).*);
      ELSE
        q.pending := q.pending + 1;
        lowest := least(lowest, a.priority);
        job.state := 0; job.due := CASE WHEN a.run_at > a.queued_time THEN a.run_at END;
        INSERT INTO jobs VALUES ((job).*);
      END IF;
      RETURN NEXT job;
    END LOOP;
    UPDATE queues SET seq = q.seq, joined = q.joined, ended = q.ended, cancelled = q.cancelled, pending = q.pending,
           front_place = CASE WHEN lowest < q.front_priority THEN 0 ELSE q.front_place END, front_priority = lowest
     WHERE id = q.id;
  END $$;

  -- Runs in a transaction of somebody else's. Locks nothing of the queue, for that transaction may be a long one; it only keeps
  -- the queue from having left for another store before it has ended.
  CREATE FUNCTION arrive(p_queue integer, p_now bigint, p_size double precision, p_jobs jsonb, p_channel text) RETURNS SETOF answer
  LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan = off AS $$
  DECLARE each jsonb; a answer; ord integer := -1; k bigint;
  BEGIN
    PERFORM pg_advisory_xact_lock_shared(${PUTTING});
    -- A transaction that sees everything as it was when it began cannot see that the queue has left since: but it may not lock a
    -- row that has changed.
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
      BEGIN
        PERFORM FROM departures d WHERE d.queue = p_queue FOR SHARE;
      EXCEPTION WHEN serialization_failure THEN
        a.n := -1;
        a.info := 'ERR_QUEUE_MOVED';
        RETURN NEXT a;
        RETURN;
      END;
    END IF;
    SELECT q.pending + (SELECT count(*) FROM arrivals x WHERE x.queue = q.id) INTO k FROM queues q WHERE q.id = p_queue;
    SELECT absence(q) INTO a.info FROM queues q WHERE q.id = p_queue;
    IF a.info IS NULL AND k + jsonb_array_length(p_jobs) > p_size THEN a.info := 'ERR_QUEUE_OVERFLOW'; END IF;
    IF a.info IS NOT NULL THEN
      a.n := -1;
      RETURN NEXT a;
      RETURN;
    END IF;
    FOR each IN SELECT value FROM jsonb_array_elements(p_jobs) LOOP
      ord := ord + 1;
      IF each->>'key' IS NOT NULL THEN
        RETURN QUERY SELECT ord, NULL, j.* FROM jobs j WHERE j.queue = p_queue AND j.key = each->>'key';
        CONTINUE WHEN FOUND;
        RETURN QUERY SELECT ord, NULL, j.* FROM arriving(p_queue) j WHERE j.key = each->>'key' ORDER BY j.seq LIMIT 1;
        CONTINUE WHEN FOUND;
      END IF;
      INSERT INTO arrivals (queue, id, priority, max_attempts, timeout, queued_time, run_at, key, arg)
      VALUES (p_queue, each->>'id', (each->>'priority')::double precision, (each->>'maxAttempts')::bigint,
              (each->>'timeout')::double precision, p_now, (each->>'runAt')::bigint, each->>'key', each->>'arg');
    END LOOP;
    -- Heard when that transaction is committed, and by this process, too.
    PERFORM pg_notify(p_channel, p_queue || ' +');
  END $$;

  -- What was put and has not joined the queue, as jobs.
  CREATE FUNCTION arriving(p_queue integer) RETURNS SETOF jobs LANGUAGE sql STABLE AS $$
    SELECT x.queue, x.n, x.id, 0::smallint, x.priority, x.n, NULL::bigint, NULL::text, NULL::bigint, 0::bigint, x.max_attempts, x.timeout,
           x.queued_time, x.run_at, NULL::bigint, NULL::bigint, x.key, x.arg, NULL::text, NULL::text, NULL::text
      FROM arrivals x WHERE x.queue = p_queue;
  $$;

  -- Runs in a transaction of somebody else's: the job is finished when that is committed, and only then. The row stays where
  -- it is until its worker, or whoever ends that, takes note. False if the attempt has been taken away.
  CREATE FUNCTION complete(p_queue integer, p_id text, p_token text, p_start bigint, p_stop bigint, p_progress text, p_result text)
  RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan = off AS $$
  BEGIN
    UPDATE jobs j SET state = 2, start_time = p_start, stop_time = p_stop, progress = p_progress, result = p_result, error = NULL
     WHERE j.id = p_id AND j.token = p_token AND j.state = 1 AND j.queue = p_queue;
    RETURN FOUND;
  END $$;

  -- A program opens a queue, made if there is none.
  CREATE FUNCTION enroll(p_name text, p_store text, p_width bigint) RETURNS SETOF queues LANGUAGE plpgsql
  SET search_path FROM CURRENT AS $$
  DECLARE q queues;
  BEGIN
    INSERT INTO queues (name, width) VALUES (p_name, p_width) ON CONFLICT DO NOTHING;
    SELECT * INTO q FROM queues WHERE name = p_name;
    INSERT INTO departures (queue) VALUES (q.id) ON CONFLICT DO NOTHING;
    INSERT INTO sessions (store, queue, batch) VALUES (p_store, q.id, 0) ON CONFLICT DO NOTHING;
    RETURN NEXT q;
  END $$;

  -- What became of a transaction whose answer was not heard: if it was not committed, from now on it cannot be. Claims that
  -- were cancelled before anybody knew of them are let go of: nobody else will.
  CREATE FUNCTION recall(p_queue integer, p_store text, p_batch bigint, p_tokens text[]) RETURNS SETOF answer
  LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan = off AS $$
  DECLARE a answer; last bigint; k bigint;
  BEGIN
    PERFORM FROM queues WHERE id = p_queue FOR NO KEY UPDATE;
    SELECT s.batch, s.answers::text INTO last, a.info FROM sessions s WHERE s.store = p_store AND s.queue = p_queue;
    IF last = p_batch THEN
      RETURN QUERY SELECT -3, NULL, j.* FROM claims c, unnest(c.seqs) AS s (seq), jobs j
        WHERE c.token = ANY (p_tokens) AND j.queue = c.queue AND j.seq = s.seq AND j.token = c.token AND j.state = 1;
      UPDATE done d SET token = NULL WHERE d.token = ANY (p_tokens);
      GET DIAGNOSTICS k = ROW_COUNT;
      IF k > 0 THEN UPDATE queues SET places = places - k, commits = commits + 1 WHERE id = p_queue; END IF;
    ELSE
      a.info := NULL;
      INSERT INTO sessions (store, queue, batch) VALUES (p_store, p_queue, p_batch)
        ON CONFLICT (store, queue) DO UPDATE SET batch = p_batch, answers = NULL, touched = now();
    END IF;
    a.n := -1;
    RETURN NEXT a;
  END $$;

  CREATE FUNCTION leave(p_queue integer, p_store text) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
    DELETE FROM sessions WHERE store = p_store AND queue = p_queue;
  $$;
`

export const FUNCTIONS = HELPERS + RUN + AROUND
