import { PUTTING } from './tables.ts'

/** What runs in a transaction of the caller's, and what takes that in when it is committed. */
export const TRANSACTIONS = `
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
`
