/** How a store comes to a queue and leaves it, and finds out what became of what it has asked. */
export const SESSIONS = `
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
