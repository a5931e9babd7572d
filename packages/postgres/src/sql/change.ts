/** Cases of `run`: commands about jobs and settings. What may happen to a job when is what transition says. */
export const CHANGE = `
    WHEN 'cancel', 'reprioritize', 'retry' THEN
      q := promoted(q, now_);
      refusal := NULL;
      SELECT * INTO job FROM jobs j WHERE j.id = op->>'id' AND j.queue = p_queue;
      IF NOT FOUND THEN
        SELECT * INTO job FROM done d WHERE d.id = op->>'id' AND d.queue = p_queue;
      ELSIF job.state = 1 AND op->>'op' = 'cancel' THEN
        -- While somebody's transaction may complete it, that is not waited for: it is asked again.
        SELECT * INTO job FROM jobs j WHERE j.id = op->>'id' FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND THEN refusal := 'put off'; END IF;
      END IF;
      IF q.move->>'state' = 'arriving' THEN
        refusal := 'ERR_QUEUE_ARRIVING';
        job := NULL;
      ELSIF refusal IS NOT NULL THEN
        NULL;
      ELSIF job.id IS NULL THEN
        refusal := CASE WHEN q.move->>'state' IN ('leaving', 'left') THEN 'ERR_JOB_MOVED' ELSE 'ERR_JOB_NOT_FOUND' END;
      ELSIF op->>'op' = 'cancel' THEN
        IF job.state > 1 THEN
          refusal := 'ERR_JOB_OVER';
        ELSE
          DELETE FROM jobs j WHERE j.queue = p_queue AND j.seq = job.seq;
          IF job.state = 0 THEN
            q.pending := q.pending - 1;
          ELSE
            q.underway := q.underway - 1;
            PERFORM remember(p_queue, job.seq, 0, attempt_entry(job, now_, 'cancelled', op->>'error'), (op->>'keptAttempts')::integer);
          END IF;
          q.cancelled := q.cancelled + 1;
          q.ended := q.ended + 1;
          job.state := 4;
          job.error := op->>'error';
          job.stop_time := now_;
          job.due := NULL;
          job.ended := q.ended;
          INSERT INTO done VALUES ((job).*);
          PERFORM let_go(job.token, 1);
        END IF;
      ELSIF op->>'op' = 'reprioritize' THEN
        IF job.state <> 0 THEN
          refusal := 'ERR_JOB_NOT_PENDING';
        ELSE
          job.priority := (op->>'priority')::double precision;
          q.front_priority := '-Infinity';
          UPDATE jobs j SET priority = job.priority WHERE j.queue = p_queue AND j.seq = job.seq;
        END IF;
      ELSIF job.state NOT IN (3, 4) THEN
        refusal := 'ERR_JOB_NOT_OVER';
      ELSIF EXISTS (SELECT FROM with_key(q, job.key)) THEN
        refusal := 'ERR_JOB_KEY_TAKEN';
      ELSE
        DELETE FROM done d WHERE d.queue = p_queue AND d.seq = job.seq;
        IF job.state = 3 THEN q.failed := q.failed - 1; ELSE q.cancelled := q.cancelled - 1; END IF;
        q.pending := q.pending + 1;
        q.front_priority := '-Infinity';
        q.joined := q.joined + 1;
        job.state := 0;
        job.place := q.joined;
        job.attempt := 0;
        job.run_at := now_;
        job.error := NULL;
        job.stop_time := NULL;
        job.progress := NULL;
        job.ended := NULL;
        INSERT INTO jobs VALUES ((job).*);
        IF job.token IS NOT NULL THEN
          INSERT INTO claims AS c (token, queue, n, seqs) VALUES (job.token, p_queue, 1, ARRAY[job.seq])
            ON CONFLICT (token) DO UPDATE SET
              n = c.n + 1, seqs = CASE WHEN job.seq = ANY (c.seqs) THEN c.seqs ELSE c.seqs || job.seq END;
        END IF;
      END IF;
      dirty := dirty OR refusal IS NULL;
      info := jsonb_build_array(refusal, op->>'id');
      RETURN QUERY SELECT n, 'job', (job).* WHERE job.id IS NOT NULL;

    WHEN 'clear' THEN
      rows_ := ARRAY(SELECT j.ctid FROM jobs j WHERE absence(q) IS NULL AND j.queue = p_queue AND j.due IS NULL AND j.state = 0
                      ORDER BY j.priority, j.place LIMIT (op->>'limit')::bigint);
      k := CASE WHEN absence(q) IS NULL THEN (op->>'limit')::bigint - cardinality(rows_) ELSE 0 END;
      IF k > 0 THEN
        rows_ := rows_ || ARRAY(SELECT j.ctid FROM jobs j WHERE j.queue = p_queue AND j.due IS NOT NULL ORDER BY j.due, j.seq LIMIT k);
      END IF;
      PERFORM let_go(f.token, f.n)
        FROM (SELECT j.token, count(*) AS n FROM jobs j WHERE j.ctid = ANY (rows_) AND j.token IS NOT NULL GROUP BY j.token) f;
      RETURN QUERY
        WITH gone AS (
          DELETE FROM jobs j WHERE j.ctid = ANY (rows_) RETURNING j.*
        )
        INSERT INTO done AS d (queue, seq, id, state, priority, place, token, ended, attempt, max_attempts, timeout, queued_time,
                               run_at, start_time, stop_time, key, arg, progress, result)
        SELECT g.queue, g.seq, g.id, 4, g.priority, g.place, g.token, q.ended + row_number() OVER (ORDER BY g.seq), g.attempt,
               g.max_attempts, g.timeout, g.queued_time, g.run_at, g.start_time, now_, g.key, g.arg, g.progress, g.result
          FROM gone g
        RETURNING n, 'news', d.*;
      GET DIAGNOSTICS k = ROW_COUNT;
      q.pending := q.pending - k;
      q.cancelled := q.cancelled + k;
      q.ended := q.ended + k;
      info := coalesce(to_jsonb(absence(q)), to_jsonb(k));

    WHEN 'update' THEN
      IF absence(q) IS NULL THEN
        q := patched(q, op->'patch');
        q.version := q.version + 1;
        info := described(q);
      ELSE
        info := to_jsonb(absence(q));
      END IF;

    WHEN 'declare' THEN
      before_ := q;
      q := declared(q, op);
      IF q IS DISTINCT FROM before_ THEN q.version := q.version + 1; END IF;
`
