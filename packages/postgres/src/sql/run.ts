import { CHANGE } from './change.ts'
import { EXCHANGE } from './exchange.ts'
import { MOVE } from './move.ts'
import { LOOK } from './look.ts'
import { PUT } from './put.ts'
import { WORKERS } from './workers.ts'

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
export const RUN = `
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
