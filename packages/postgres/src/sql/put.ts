/** One case of `run`: adds jobs, all or none. Jobs whose key is taken are answered with the one that has it. */
export const PUT = `
    WHEN 'put' THEN
      refusal := absence(q);
      q := promoted(q, now_);
      keys := (op->>'keys')::text[];
      IF refusal IS NOT NULL THEN
        info := jsonb_build_object('refusal', refusal);
        infos := infos || jsonb_build_array(info);
        a.n := n;
        a.info := info::text;
        RETURN NEXT a;
        CONTINUE;
      END IF;
      IF keys IS NULL THEN
        k := (op->>'count')::bigint;
      ELSE
        -- A key that comes twice is one job.
        SELECT count(*) FILTER (WHERE i.key IS NULL)
             + count(DISTINCT i.key) FILTER (WHERE NOT EXISTS (SELECT FROM with_key(q, i.key)))
          INTO k FROM unnest(keys) AS i (key);
      END IF;
      IF q.pending + k > (op->>'size')::double precision THEN
        info := '{"refusal": "ERR_QUEUE_OVERFLOW"}';
      ELSE
        IF keys IS NULL THEN
          INSERT INTO jobs (queue, seq, id, state, priority, place, due, attempt, max_attempts, timeout, queued_time, run_at, arg)
          SELECT p_queue, q.seq + i.r, i.id, 0, i.priority, q.joined + i.r, CASE WHEN i.run_at > now_ THEN i.run_at END, 0,
                 i.max_attempts, i.timeout, now_, i.run_at, i.arg
            FROM unnest((op->>'ids')::text[], (op->>'priorities')::double precision[], (op->>'runAts')::bigint[],
                        (op->>'attempts')::bigint[], (op->>'timeouts')::double precision[], (op->>'args')::text[])
                 WITH ORDINALITY AS i (id, priority, run_at, max_attempts, timeout, arg, r);
        ELSE
          INSERT INTO jobs (queue, seq, id, state, priority, place, due, attempt, max_attempts, timeout, queued_time, run_at, key, arg)
          SELECT p_queue, q.seq + i.r, i.id, 0, i.priority, q.joined + i.r, CASE WHEN i.run_at > now_ THEN i.run_at END, 0,
                 i.max_attempts, i.timeout, now_, i.run_at, i.key, i.arg
            FROM (SELECT u.*, row_number() OVER (ORDER BY u.ord) AS r
                    FROM (SELECT *, row_number() OVER (PARTITION BY key ORDER BY ord) AS nth
                            FROM unnest((op->>'ids')::text[], (op->>'priorities')::double precision[], (op->>'runAts')::bigint[],
                                        (op->>'attempts')::bigint[], (op->>'timeouts')::double precision[],
                                        (op->>'args')::text[], keys)
                                 WITH ORDINALITY AS t (id, priority, run_at, max_attempts, timeout, arg, key, ord)) u
                   WHERE u.key IS NULL
                      OR u.nth = 1 AND NOT EXISTS (SELECT FROM with_key(q, u.key))) i;
          IF k < cardinality(keys) THEN
            RETURN QUERY SELECT n, 'old', j.*
              FROM unnest((op->>'ids')::text[], keys) AS i (id, key)
              CROSS JOIN LATERAL with_key(q, i.key) j WHERE j.id <> i.id;
            SELECT jsonb_agg(jsonb_build_array(i.ord - 1, j.id)) INTO info
              FROM unnest((op->>'ids')::text[], keys) WITH ORDINALITY AS i (id, key, ord)
              CROSS JOIN LATERAL with_key(q, i.key) j WHERE j.id <> i.id;
          END IF;
        END IF;
        SELECT min(u.priority) INTO lowest FROM unnest((op->>'priorities')::double precision[]) AS u (priority);
        IF lowest < q.front_priority THEN
          q.front_priority := lowest;
          q.front_place := 0;
        END IF;
        q.seq := q.seq + k;
        q.joined := q.joined + k;
        q.pending := q.pending + k;
      END IF;
`
