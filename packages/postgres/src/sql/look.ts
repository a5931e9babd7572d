/** Cases of `run`: looks, and deleting what is old. */
export const LOOK = `
    WHEN 'job' THEN
      RETURN QUERY SELECT n, 'job', j.* FROM jobs j WHERE j.id = op->>'id' AND j.queue = p_queue;
      IF NOT FOUND THEN RETURN QUERY SELECT n, 'job', d.* FROM done d WHERE d.id = op->>'id' AND d.queue = p_queue; END IF;
      IF NOT FOUND THEN RETURN QUERY SELECT n, 'job', x.* FROM arriving(p_queue) x WHERE x.id = op->>'id'; END IF;

    WHEN 'history' THEN
      SELECT * INTO job FROM jobs j WHERE j.id = op->>'id' AND j.queue = p_queue;
      IF NOT FOUND THEN SELECT * INTO job FROM done d WHERE d.id = op->>'id' AND d.queue = p_queue; END IF;
      IF job.id IS NOT NULL THEN
        SELECT jsonb_build_array(coalesce(jsonb_agg(p.entry ORDER BY p.n) FILTER (WHERE p.kind = 0), '[]'),
                                 coalesce(jsonb_agg(p.entry ORDER BY p.n) FILTER (WHERE p.kind = 1), '[]'))
          INTO info FROM past p WHERE p.queue = p_queue AND p.seq = job.seq;
        RETURN QUERY SELECT n, 'job', (job).*;
      END IF;

    WHEN 'status' THEN
      info := described(q);

    WHEN 'facts' THEN
      q := promoted(q, now_);
      SELECT * INTO job FROM jobs j WHERE j.id = op->>'id' AND j.queue = p_queue;
      IF NOT FOUND THEN SELECT * INTO job FROM done d WHERE d.id = op->>'id' AND d.queue = p_queue; END IF;
      IF job.id IS NOT NULL THEN
        k := 0;
        IF job.state = 0 AND job.token IS NULL AND job.due IS NULL THEN
          SELECT count(*) INTO k FROM jobs j
           WHERE j.queue = p_queue AND j.due IS NULL AND j.state = 0 AND j.token IS NULL
             AND (j.priority, j.place) < (job.priority, job.place);
        END IF;
        t := CASE WHEN p_clock THEN extract(epoch FROM clock_timestamp()) * 1000 ELSE now_ END;
        opens := now_;
        IF q.rate_limit IS NOT NULL THEN
          SELECT greatest(now_, ceil(r.opens - (t - now_))) INTO opens FROM rate_room(q, t) r;
        END IF;
        info := jsonb_build_object(
          'status', described(q), 'ahead', k, 'opens', opens,
          'hasWorkers', EXISTS (SELECT FROM workers w WHERE w.queue = p_queue),
          'mean', (SELECT avg(x.stop_time - x.start_time)
                     FROM (SELECT d.stop_time, d.start_time FROM done d WHERE d.queue = p_queue AND d.state = 2
                            ORDER BY d.ended DESC LIMIT 50) x));
        RETURN QUERY SELECT n, 'job', (job).*;
      END IF;

    WHEN 'prune' THEN
      k4 := 0;
      -- What was deleted while it arrives would come a second time if its arrival was not heard of there.
      FOR k, k2 IN
        SELECT * FROM (VALUES (2, (op->>'finished')::bigint), (3, (op->>'failed')::bigint), (4, (op->>'failed')::bigint)) AS v
         WHERE q.move->>'state' IS DISTINCT FROM 'arriving'
      LOOP
        WITH gone AS (
          DELETE FROM done d
           WHERE d.ctid = ANY (ARRAY(SELECT o.ctid FROM done o WHERE o.queue = p_queue AND o.state = k AND o.token IS NULL
                                      ORDER BY o.ended LIMIT 500))
             AND d.stop_time < now_ - k2
          RETURNING d.seq
        ), forgotten AS (
          DELETE FROM past p USING gone g WHERE p.queue = p_queue AND p.seq = g.seq
        )
        SELECT count(*) INTO k3 FROM gone;
        k4 := k4 + k3;
        CASE k
          WHEN 2 THEN q.finished := q.finished - k3;
          WHEN 3 THEN q.failed := q.failed - k3;
          ELSE q.cancelled := q.cancelled - k3;
        END CASE;
      END LOOP;
      DELETE FROM sessions s WHERE s.touched < now() - interval '7 days';
      info := to_jsonb(k4);
`
