import { OUTBOX_LENGTH } from '@potoroo/queue'
import { PUTTING } from './tables.ts'

/** Cases of `run`: steps of a queue's moving from one store to another. What may be when is what \`leaving` and `arriving` say. */
export const MOVE = `
    WHEN 'depart' THEN
      mark := CASE
        WHEN q.move IS NULL OR q.move->>'state' = 'arrived' THEN
          jsonb_build_object('state', 'leaving', 'id', op->>'move', 'jobs', 0, 'outbox', 0)
        WHEN q.move->>'id' = op->>'move' AND q.move->>'state' <> 'arriving' THEN q.move
        WHEN q.move->>'state' = 'leaving' AND q.move->'jobs' = '0' THEN q.move || jsonb_build_object('id', op->>'move')
      END;
      IF mark IS NULL THEN
        info := '"ERR_MOVE_ELSEWHERE"';
      ELSE
        q := promoted(q, now_);
        ids := ARRAY(SELECT jsonb_array_elements_text(op->'delivered'));
        WITH gone AS (
          DELETE FROM outbox o WHERE o.queue = p_queue AND o.id = ANY (ids) AND NOT o.arrived AND (o.key IS NULL OR o.state <> 0) RETURNING 1
        ), kept AS (
          UPDATE outbox o SET arrived = true WHERE o.queue = p_queue AND o.id = ANY (ids) AND NOT o.arrived AND o.key IS NOT NULL AND o.state = 0
          RETURNING 1
        )
        SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM kept) INTO k;
        k2 := (mark->>'outbox')::bigint - k;
        IF k2 = 0 AND mark->>'state' = 'leaving' THEN
          -- In order of arrival, up to the first that holds a place: what comes behind that one waits for it.
          k3 := 0;
          FOR job IN
            (SELECT * FROM jobs j WHERE j.queue = p_queue ORDER BY j.seq LIMIT (op->>'limit')::bigint)
            UNION ALL
            (SELECT * FROM done d WHERE d.queue = p_queue ORDER BY d.seq LIMIT (op->>'limit')::bigint)
            ORDER BY seq LIMIT (op->>'limit')::bigint
          LOOP
            EXIT WHEN job.token IS NOT NULL OR k3 > ${OUTBOX_LENGTH};
            INSERT INTO outbox
            SELECT (job).*, coalesce(jsonb_agg(p.entry ORDER BY p.n) FILTER (WHERE p.kind = 0), '[]'),
                   coalesce(jsonb_agg(p.entry ORDER BY p.n) FILTER (WHERE p.kind = 1), '[]')
              FROM past p WHERE p.queue = p_queue AND p.seq = job.seq;
            DELETE FROM jobs j WHERE j.queue = p_queue AND j.seq = job.seq;
            DELETE FROM done d WHERE d.queue = p_queue AND d.seq = job.seq;
            DELETE FROM past p WHERE p.queue = p_queue AND p.seq = job.seq;
            q := counted(q, job.state, -1);
            k2 := k2 + 1;
            k3 := k3 + length(job.arg) + coalesce(length(job.result), 0);
          END LOOP;
        END IF;
        mark := mark || jsonb_build_object('jobs', (mark->>'jobs')::bigint + k, 'outbox', k2);
        -- Transactions that are open may put more: what they have put is seen once they have let go of this lock.
        IF k2 = 0 AND mark->>'state' = 'leaving' AND is_empty(q) AND pg_try_advisory_xact_lock(${PUTTING}) THEN
          IF is_empty(q) THEN
            mark := mark || '{"state": "left"}';
            DELETE FROM outbox o WHERE o.queue = p_queue;
            UPDATE departures d SET times = d.times + 1 WHERE d.queue = p_queue;
          END IF;
        END IF;
        IF mark IS DISTINCT FROM q.move THEN
          q.move := mark;
          q.version := q.version + 1;
        END IF;
        RETURN QUERY SELECT n, jsonb_build_array(o.attempts, o.log)::text, (packed(o)).*
          FROM outbox o WHERE o.queue = p_queue AND NOT o.arrived ORDER BY o.seq;
        info := jsonb_build_object('status', described(q), 'width', q.declared_width, 'rate', q.declared_rate);
      END IF;

    WHEN 'arrive' THEN
      mark := q.move;
      IF mark->>'id' = op->>'move' AND mark->>'state' IN ('arriving', 'arrived') THEN
        refusal := NULL;
      ELSIF mark->>'state' = 'leaving' OR mark->>'state' = 'arriving' AND NOT is_empty(q) THEN
        refusal := 'ERR_MOVE_ELSEWHERE';
      ELSIF NOT is_empty(q) THEN
        refusal := 'ERR_QUEUE_EXISTS';
      ELSE
        refusal := NULL;
        mark := jsonb_build_object('state', 'arriving', 'id', op->>'move', 'jobs', 0, 'outbox', 0);
        -- Of what was declared when it was here before, nothing is left.
        IF q.move->>'state' = 'left' THEN
          q.declared_width := NULL;
          q.declared_rate := NULL;
        END IF;
      END IF;
      IF refusal IS NOT NULL THEN
        info := to_jsonb(refusal);
      ELSIF mark->>'state' = 'arrived' THEN
        info := described(q);
      ELSE
        k := 0;
        FOR moving IN SELECT value FROM jsonb_array_elements(op->'jobs') LOOP
          CONTINUE WHEN EXISTS (SELECT FROM jobs j WHERE j.id = moving->>'id' AND j.queue = p_queue)
                     OR EXISTS (SELECT FROM done d WHERE d.id = moving->>'id' AND d.queue = p_queue);
          job := jsonb_populate_record(NULL::jobs, moving - 'attempts' - 'log');
          q.seq := q.seq + 1;
          job.queue := p_queue;
          job.seq := q.seq;
          IF job.state < 2 THEN INSERT INTO jobs VALUES ((job).*); ELSE INSERT INTO done VALUES ((job).*); END IF;
          PERFORM remember(p_queue, job.seq, 0, moving->'attempts', jsonb_array_length(moving->'attempts'));
          PERFORM remember(p_queue, job.seq, 1, moving->'log', jsonb_array_length(moving->'log'));
          q := counted(q, job.state, 1);
          q.joined := greatest(q.joined, job.place);
          q.ended := greatest(q.ended, coalesce(job.ended, 0));
          q.front_priority := '-Infinity';
          k := k + 1;
          RETURN QUERY SELECT n, 'news', (job).*;
        END LOOP;
        q.move := mark || jsonb_build_object('jobs', (mark->>'jobs')::bigint + k);
        IF jsonb_typeof(op->'landing') = 'object' THEN
          q.move := q.move || '{"state": "arrived"}';
          part := jsonb_build_object('declaredWidth', q.declared_width, 'declaredRate', q.declared_rate);
          q := patched(q, op#>'{landing,settings}');
          q.held_until := (op#>>'{landing,settings,heldUntil}')::bigint;
          q.declared_width := op#>>'{landing,declaredWidth}';
          q.declared_rate := op#>>'{landing,declaredRate}';
          q := declared(q, part);
        END IF;
        IF q IS DISTINCT FROM before THEN q.version := q.version + 1; END IF;
        info := described(q);
      END IF;
`
