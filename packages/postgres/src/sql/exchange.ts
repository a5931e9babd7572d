/** Milliseconds that an exchange waits for its turn at most; what is further ahead comes of a clock that was set back. */
const WAITED = 10_000

/**
 * One case of `run`: records outcomes, then claims what width, rate, pause and hold allow. Outcomes whose job is locked by the
 * transaction that completes it are put off: the queue's row is not kept locked for somebody who has all the time in the world.
 */
export const EXCHANGE = `
    WHEN 'exchange' THEN
      -- The database's time, for what a rate has to remember: the clocks of several machines differ.
      t := CASE WHEN p_clock THEN extract(epoch FROM clock_timestamp()) * 1000 ELSE now_ END;
      FOR part IN SELECT value FROM jsonb_array_elements(op->'started') LOOP
        UPDATE starts s SET at = (part->>1)::double precision + (t - now_) WHERE s.token = part->>0 AND s.at IS NULL;
        dirty := dirty OR FOUND;
      END LOOP;
      refused := '{}';
      passed := '{}';
      put_off := '{}';
      -- Each part has a job once at most, so that it can be done at once; the parts go one after the other.
      FOR part IN SELECT value FROM jsonb_array_elements(op->'outcomes') LOOP
        FOR side, part_ IN SELECT t.side, part->t.side FROM (VALUES ('over'), ('live')) AS t (side) WHERE part ? t.side LOOP
          size := (part_->>'size')::integer;
          ids := (part_->>'ids')::text[];
          keys := texts(part_->'tokens', size);
          kept := texts(part_->'kept', size)::boolean[];
          states := texts(part_->'states', size)::smallint[];
          -- Some may be locked by transactions that complete them. From here on the others cannot be.
          locked := '{}';
          IF part_ ? 'careful' THEN
            free := ARRAY(SELECT j.id FROM jobs j WHERE j.id = ANY (ids) FOR NO KEY UPDATE SKIP LOCKED);
            locked := ARRAY(SELECT j.id FROM unnest(ids, keys) AS o (id, token)
                              JOIN jobs j ON j.id = o.id AND j.token = o.token AND j.queue = p_queue WHERE j.id <> ALL (free));
          END IF;
          -- The fence: null for whoever is no longer underway by this token.
          SELECT array_agg(j.ctid) INTO rows_
            FROM unnest(ids, keys) AS o (id, token)
            LEFT JOIN jobs j ON j.id = o.id AND j.token = o.token AND j.state = 1 AND j.queue = p_queue AND j.id <> ALL (locked);
          IF side = 'over' THEN
            INSERT INTO done (queue, seq, id, state, priority, place, token, ended, attempt, max_attempts, timeout, queued_time,
                              run_at, start_time, stop_time, key, arg, progress, result, error)
            SELECT p_queue, j.seq, j.id, o.state, j.priority, j.place, CASE WHEN o.kept THEN j.token END, q.ended + o.ord, j.attempt,
                   j.max_attempts, j.timeout, j.queued_time, j.run_at, o.start_time, o.stop_time, j.key, j.arg, o.progress,
                   o.result, o.error
              FROM unnest(rows_, states, kept, numbers(part_->'starts', size), numbers(part_->'stops', size),
                          texts(part_->'progress', size), texts(part_->'results', size), texts(part_->'errors', size))
                   WITH ORDINALITY AS o (ctid, state, kept, start_time, stop_time, progress, result, error, ord)
              JOIN jobs j ON j.ctid = o.ctid;
            DELETE FROM jobs j WHERE j.ctid = ANY (rows_);
            q.ended := q.ended + size;
          ELSE
            UPDATE jobs j
               SET state = o.state, due = CASE WHEN o.state = 0 AND o.run_at > now_ THEN o.run_at END,
                   token = CASE WHEN o.kept THEN j.token END, attempt = o.attempt, run_at = o.run_at, start_time = o.start_time,
                   progress = o.progress, error = o.error
              FROM unnest(rows_, states, kept, numbers(part_->'attempts', size), numbers(part_->'runAts', size),
                          numbers(part_->'starts', size), texts(part_->'progress', size), texts(part_->'errors', size))
                   AS o (ctid, state, kept, attempt, run_at, start_time, progress, error)
             WHERE j.ctid = o.ctid;
            dirty := true;
          END IF;
          SELECT count(*), count(*) FILTER (WHERE o.state = 0), count(*) FILTER (WHERE o.state = 2), count(*) FILTER (WHERE o.state = 3),
                 count(*) FILTER (WHERE o.state = 4), count(*) FILTER (WHERE o.kept)
            INTO k, k0, k2, k3, k4, k5 FROM unnest(rows_, states, kept) AS o (ctid, state, kept) WHERE o.ctid IS NOT NULL;
          q.underway := q.underway - (k0 + k2 + k3 + k4);
          q.pending := q.pending + k0;
          q.finished := q.finished + k2;
          q.failed := q.failed + k3;
          q.cancelled := q.cancelled + k4;
          q.places := q.places - (k - k5);
          -- They are back where they were.
          IF k0 > 0 THEN q.front_priority := '-Infinity'; END IF;
          IF part_#>'{tokens,all}' IS NOT NULL AND side = 'over' THEN
            PERFORM let_go(part_#>>'{tokens,all}', k);
          ELSE
            PERFORM let_go(f.token, f.n)
               FROM (SELECT o.token, count(*) AS n FROM unnest(rows_, keys, kept) AS o (ctid, token, kept)
                      WHERE o.ctid IS NOT NULL AND (side = 'over' OR NOT o.kept) GROUP BY o.token) f;
          END IF;
          CONTINUE WHEN k = size;
          ords := (part_->>'ords')::integer[];
          FOR i IN 1 .. size LOOP
            CONTINUE WHEN rows_[i] IS NOT NULL;
            IF ids[i] = ANY (locked) THEN
              -- What it reports on the way is of no interest any more.
              IF states[i] = 1 THEN passed := passed || ords[i]; ELSE put_off := put_off || ords[i]; END IF;
              CONTINUE;
            END IF;
            -- Completed in a transaction of the handler's: now that counts.
            SELECT * INTO job FROM jobs j WHERE j.id = ids[i] AND j.token = keys[i] AND j.state = 2;
            IF FOUND AND states[i] <> 1 THEN
              DELETE FROM jobs j WHERE j.queue = p_queue AND j.seq = job.seq;
              PERFORM let_go(job.token, 1);
              q.ended := q.ended + 1;
              q.underway := q.underway - 1;
              q.finished := q.finished + 1;
              job.ended := q.ended;
              IF NOT kept[i] THEN
                job.token := NULL;
                q.places := q.places - 1;
              END IF;
              INSERT INTO done VALUES ((job).*);
              RETURN QUERY SELECT n, 'news', (job).*;
              passed := passed || ords[i];
              CONTINUE;
            END IF;
            -- No longer underway by this token: cancelled or timed out, and its handler has ended; or taken away altogether.
            IF kept[i] THEN
              PERFORM FROM jobs j WHERE j.id = ids[i] AND j.token = keys[i];
              IF NOT FOUND THEN PERFORM FROM done d WHERE d.id = ids[i] AND d.token = keys[i]; END IF;
              IF FOUND THEN passed := passed || ords[i]; ELSE refused := refused || ords[i]; END IF;
              CONTINUE;
            END IF;
            RETURN QUERY UPDATE jobs j SET token = NULL, due = CASE WHEN j.run_at > now_ THEN j.run_at END
                          WHERE j.id = ids[i] AND j.token = keys[i] RETURNING n, 'news', j.*;
            IF FOUND THEN
              PERFORM let_go(keys[i], 1);
              q.front_priority := '-Infinity';
            ELSE
              RETURN QUERY UPDATE done d SET token = NULL WHERE d.id = ids[i] AND d.token = keys[i] RETURNING n, 'news', d.*;
            END IF;
            IF FOUND THEN
              passed := passed || ords[i];
              q.places := q.places - 1;
            ELSE
              refused := refused || ords[i];
            END IF;
          END LOOP;
        END LOOP;
        FOR entry IN SELECT value FROM jsonb_array_elements(part->'past') LOOP
          CONTINUE WHEN (entry->>0)::integer = ANY (refused || put_off);
          SELECT j.seq INTO k FROM jobs j WHERE j.id = entry->>1;
          IF NOT FOUND THEN SELECT d.seq INTO k FROM done d WHERE d.id = entry->>1; END IF;
          IF entry->>2 IS NOT NULL AND NOT (entry->>0)::integer = ANY (passed) THEN
            PERFORM remember(p_queue, k, 0, jsonb_build_array(entry->>2), (op->>'keptAttempts')::integer);
          END IF;
          IF jsonb_typeof(entry->3) = 'array' THEN PERFORM remember(p_queue, k, 1, entry->3, (op->>'keptLines')::integer); END IF;
          dirty := true;
        END LOOP;
      END LOOP;
      -- A hold that the caller does not know was set or moved by another process meanwhile.
      is_known := q.held_until = (op->>'knownHold')::bigint OR (op->>'holdUntil')::bigint > q.held_until;
      IF (op->>'holdUntil')::bigint > q.held_until THEN
        q.held_until := (op->>'holdUntil')::bigint;
        q.version := q.version + 1;
      END IF;
      IF op ? 'back' THEN
        -- The caller's clock was set back: what waits for a stretch of time must not wait longer for it.
        last := (op#>>'{back,last}')::bigint;
        k := (op#>>'{back,by}')::bigint;
        k2 := CASE WHEN q.held_until <= last THEN least(q.held_until, now_) WHEN q.held_until <= last + k THEN q.held_until - k
                   ELSE q.held_until END;
        IF is_known AND k2 <> q.held_until THEN
          q.held_until := k2;
          q.version := q.version + 1;
        END IF;
        UPDATE jobs j SET due = j.due - k, run_at = j.run_at - k
         WHERE j.queue = p_queue AND j.due > last AND j.due <= last + k AND j.attempt > 0;
        dirty := dirty OR FOUND;
      END IF;
      q := promoted(q, now_);
      wake := NULL;
      IF NOT q.paused AND coalesce(q.move->>'state', 'arrived') = 'arrived' THEN
        wake := next_due(p_queue);
        room := least((op->>'places')::bigint, coalesce(q.width, 9007199254740991) - q.places);
        IF q.held_until > now_ THEN
          room := 0;
          wake := least(wake, q.held_until);
        END IF;
        IF room > 0 AND NOT EXISTS (SELECT FROM workers w WHERE w.id = op->>'worker') THEN room := 0; END IF;
        IF room > 0 AND q.rate_limit IS NOT NULL THEN
          SELECT r.room, r.opens, r.keep, r.keep_until INTO k, opens, q.rate_keep, q.rate_keep_until FROM rate_room(q, t) r;
          IF k < room THEN
            room := k;
            wake := least(wake, CASE WHEN k > 0 THEN now_ + 1 ELSE ceil(opens - (t - now_)) END);
          END IF;
        END IF;
        IF room > 0 THEN
          SELECT array_agg(l.seq), array_agg(l.ctid), array_agg(l.priority), array_agg(l.place) INTO seqs, rows_, priorities, places
            FROM (SELECT j.seq, j.ctid, j.priority, j.place FROM jobs j
                   WHERE j.queue = p_queue AND j.due IS NULL AND (j.priority, j.place) >= (q.front_priority, q.front_place)
                     AND j.state = 0 AND j.token IS NULL
                   ORDER BY j.priority, j.place LIMIT room) l;
          IF seqs IS NULL THEN
            -- Nobody is in line. Should there be any whom the front has passed by, they are found next time.
            IF q.pending > 0 THEN q.front_priority := '-Infinity'; END IF;
          ELSE
            q.front_priority := priorities[cardinality(seqs)];
            q.front_place := places[cardinality(seqs)];
          END IF;
          RETURN QUERY
            UPDATE jobs j SET state = 1, token = op->>'token', attempt = j.attempt + 1, progress = NULL,
                   -- Who waited for his turn has said what time it is before others put what he gets, or let it join the line.
                   start_time = CASE WHEN j.run_at BETWEEN now_ AND now_ + ${WAITED} THEN j.run_at ELSE now_ END
             WHERE j.ctid = ANY (rows_)
            RETURNING n, 'claimed', j.*;
          GET DIAGNOSTICS k = ROW_COUNT;
          q.pending := q.pending - k;
          q.underway := q.underway + k;
          q.places := q.places + k;
          IF k > 0 THEN INSERT INTO claims (token, queue, n, seqs) VALUES (op->>'token', p_queue, k, seqs); END IF;
          IF k > 0 AND q.rate_limit IS NOT NULL THEN
            INSERT INTO starts (token, queue, at, n) VALUES (op->>'token', p_queue, NULL, k);
          END IF;
        END IF;
      END IF;
      info := jsonb_build_array(refused, passed, NOT q.paused AND q.rate_limit IS NOT NULL AND coalesce(q.move->>'state', 'arrived') = 'arrived', wake, put_off);
`
