/** What the cases of `run` share. */
export const HELPERS = `
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
