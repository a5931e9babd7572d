/** Cases of `run` about workers: who they are, that one is alive, and what becomes of its jobs when it ends. */
export const WORKERS = `
    WHEN 'renew' THEN
      UPDATE workers w SET beat = w.beat + 1 WHERE w.id = op->>'worker';
      info := to_jsonb(FOUND);
      IF NOT FOUND THEN
        -- Its beats begin anywhere: to others, one that has come back must not look like one that has been silent.
        INSERT INTO workers (id, queue, lease, beat)
        VALUES (op->>'worker', p_queue, (op->>'lease')::bigint, floor(random() * 1e15)::bigint);
      END IF;
      saved := true;

    WHEN 'workers' THEN
      info := jsonb_build_object(
        'workers', (SELECT coalesce(jsonb_agg(jsonb_build_array(w.id, w.lease, w.beat)), '[]') FROM workers w WHERE w.queue = p_queue),
        'leftBehind', (SELECT coalesce(jsonb_agg(jsonb_build_array(c.token, c.left_behind = 'lost')), '[]')
                         FROM claims c WHERE c.queue = p_queue AND c.left_behind IS NOT NULL));

    -- A worker, or a claim that one has left behind.
    WHEN 'end' THEN
      lost := (op->>'lost')::boolean;
      -- It may have renewed its lease since it was found silent.
      IF op ? 'beat' AND NOT EXISTS (SELECT FROM workers w WHERE w.id = op->>'worker' AND w.beat = (op->>'beat')::bigint) THEN
        info := '0';
      ELSE
        q := promoted(q, now_);
        range_from := coalesce(op->>'token', (op->>'worker') || '.');
        range_to := coalesce(op->>'token', (op->>'worker') || '/');
        -- Transactions that complete some of them are not waited for.
        rows_ := ARRAY(SELECT j.ctid FROM claims c, unnest(c.seqs) AS s (seq), jobs j
                        WHERE c.token BETWEEN range_from AND range_to AND j.queue = c.queue AND j.seq = s.seq AND j.token = c.token
                          FOR NO KEY UPDATE OF j SKIP LOCKED);
        k4 := cardinality(rows_);
        RETURN QUERY
          WITH gone AS (
            DELETE FROM jobs j WHERE j.ctid = ANY (rows_) AND j.state = 2 RETURNING j.*
          )
          INSERT INTO done AS d
          SELECT g.queue, g.seq, g.id, 2, g.priority, g.place, NULL, NULL, q.ended + row_number() OVER (ORDER BY g.seq), g.attempt,
                 g.max_attempts, g.timeout, g.queued_time, g.run_at, g.start_time, g.stop_time, g.key, g.arg, g.progress,
                 g.result, g.error
            FROM gone g
          RETURNING n, 'news', d.*;
        GET DIAGNOSTICS k = ROW_COUNT;
        q.underway := q.underway - k;
        q.finished := q.finished + k;
        q.ended := q.ended + k;
        IF lost THEN
          PERFORM remember(p_queue, j.seq, 0, attempt_entry(j, now_, 'lost', NULL), (op->>'keptAttempts')::integer)
             FROM jobs j WHERE j.ctid = ANY (rows_) AND j.state = 1;
          RETURN QUERY
            WITH gone AS (
              DELETE FROM jobs j WHERE j.ctid = ANY (rows_) AND j.state = 1 AND j.attempt >= j.max_attempts RETURNING j.*
            )
            INSERT INTO done AS d (queue, seq, id, state, priority, place, ended, attempt, max_attempts, timeout, queued_time,
                                   run_at, start_time, stop_time, key, arg, progress, result, error)
            SELECT g.queue, g.seq, g.id, 3, g.priority, g.place, q.ended + row_number() OVER (ORDER BY g.seq), g.attempt,
                   g.max_attempts, g.timeout, g.queued_time, g.run_at, g.start_time, now_, g.key, g.arg, g.progress, g.result,
                   op->>'error'
              FROM gone g
            RETURNING n, 'news', d.*;
          GET DIAGNOSTICS k = ROW_COUNT;
          q.underway := q.underway - k;
          q.failed := q.failed + k;
          q.ended := q.ended + k;
        END IF;
        SELECT count(*) INTO k FROM jobs j WHERE j.ctid = ANY (rows_) AND j.state = 1;
        q.underway := q.underway - k;
        q.pending := q.pending + k;
        q.front_priority := '-Infinity';
        RETURN QUERY
          UPDATE jobs j SET state = 0, token = NULL, due = CASE WHEN j.run_at > now_ THEN j.run_at END,
                 attempt = j.attempt - CASE WHEN j.state = 1 AND NOT lost THEN 1 ELSE 0 END
           WHERE j.ctid = ANY (rows_)
          RETURNING n, 'news', j.*;
        -- What still has its token was locked: somebody looks again, later.
        UPDATE claims c SET left_behind = CASE WHEN lost THEN 'lost' ELSE 'retired' END
         WHERE c.token BETWEEN range_from AND range_to AND c.left_behind IS NULL;
        DELETE FROM claims c
         WHERE c.token BETWEEN range_from AND range_to
           AND NOT EXISTS (SELECT FROM unnest(c.seqs) AS s (seq), jobs j WHERE j.queue = c.queue AND j.seq = s.seq AND j.token = c.token);
        RETURN QUERY UPDATE done d SET token = NULL WHERE d.token BETWEEN range_from AND range_to RETURNING n, 'news', d.*;
        GET DIAGNOSTICS k = ROW_COUNT;
        k4 := k4 + k;
        q.places := q.places - k4;
        -- What it claimed and never spoke of may have started as late as now.
        t := CASE WHEN p_clock THEN extract(epoch FROM clock_timestamp()) * 1000 ELSE now_ END;
        UPDATE starts s SET at = t WHERE s.at IS NULL AND s.token BETWEEN range_from AND range_to;
        DELETE FROM workers w WHERE w.id = op->>'worker';
        info := to_jsonb(k4);
        dirty := dirty OR k4 > 0 OR op ? 'worker';
      END IF;
`
