-- The smaller kinds of rows, and what they are found by. `keys` repeats the keys of a record, as a JSON list of
-- [name, content, rank], so that its next version can take away those that it no longer has; each is then found by
-- the one index that there is.

CREATE TABLE reqflow.records (
    workspace text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    keys text,
    document text NOT NULL,
    PRIMARY KEY (workspace, kind, id)
) WITH (fillfactor = 60);

CREATE TABLE reqflow.record_keys (
    workspace text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    content text COLLATE "C" NOT NULL,
    rank text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace, kind, name, content, rank, id)
);

-- Messages are looked up by their ids now, too: there must be no other index that would do (see the first schema).

ALTER TABLE reqflow.messages DROP CONSTRAINT messages_native;
CREATE UNIQUE INDEX messages_native ON reqflow.messages (workspace, channel_id, native) WHERE native IS NOT NULL;

-- How many leases ended without a word since the item was last tried. But for that, claims are what they were.

ALTER TABLE reqflow.inbox ADD COLUMN lost integer NOT NULL DEFAULT 0;
ALTER TABLE reqflow.outbox ADD COLUMN lost integer NOT NULL DEFAULT 0;
ALTER TABLE reqflow.agenda ADD COLUMN lost integer NOT NULL DEFAULT 0;

CREATE OR REPLACE FUNCTION reqflow.lease_inbox(space text, moment timestamptz, until timestamptz, most integer)
RETURNS SETOF reqflow.inbox LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    number bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1919250034, hashtext('inbox ' || space));
    number := nextval('reqflow.fences');
    RETURN QUERY
    WITH scanned AS MATERIALIZED (
        SELECT i.seq, i.key, i.lane, i.ctid AS place FROM reqflow.inbox i
        WHERE i.workspace = space AND NOT i.parked AND i.seq > 0
          AND (i.lease_until IS NULL OR i.lease_until <= moment)
          AND (i.ready_at IS NULL OR i.ready_at <= moment)
          AND (SELECT true FROM reqflow.inbox h
               WHERE h.workspace = space AND h.lane = i.lane AND NOT h.parked
                 AND (h.lease_until IS NOT NULL OR h.ready_at IS NOT NULL)
                 AND (h.lease_until > moment OR (h.ready_at > moment AND h.seq < i.seq))
               LIMIT 1) IS NULL -- looked up row by row, which no plan for a join would promise
        ORDER BY i.seq LIMIT most
    ), locked AS MATERIALIZED (
        SELECT l.place FROM scanned s CROSS JOIN LATERAL (
            SELECT i.ctid AS place FROM reqflow.inbox i
            WHERE i.workspace = space AND i.key = s.key AND NOT i.parked
              AND (i.lease_until IS NULL OR i.lease_until <= moment)
              AND (i.ready_at IS NULL OR i.ready_at <= moment)
            FOR UPDATE SKIP LOCKED) l
    ), whole AS MATERIALIZED ( -- what has moved since it was scanned is not where it was: left out like the locked
        SELECT s.place, bool_and(s.place = ANY (ARRAY(SELECT l.place FROM locked l)))
               OVER (PARTITION BY s.lane ORDER BY s.seq) AS free
        FROM scanned s
    )
    UPDATE reqflow.inbox i
    SET lease_until = until, ready_at = NULL, fence = number, attempts = i.attempts + 1,
        lost = i.lost + (i.lease_until IS NOT NULL)::integer
    WHERE i.ctid = ANY (ARRAY(SELECT w.place FROM whole w WHERE w.free))
    RETURNING i.*;
END $$;

CREATE OR REPLACE FUNCTION reqflow.lease_outbox(space text, moment timestamptz, until timestamptz, most integer)
RETURNS SETOF reqflow.outbox LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    number bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1919250034, hashtext('outbox ' || space));
    number := nextval('reqflow.fences');
    RETURN QUERY
    WITH scanned AS MATERIALIZED (
        SELECT o.seq, o.destination, o.ctid AS place FROM reqflow.outbox o
        WHERE o.workspace = space AND o.state = 'ready' AND o.seq > 0
          AND (o.lease_until IS NULL OR o.lease_until <= moment)
          AND (o.ready_at IS NULL OR o.ready_at <= moment)
          AND (SELECT true FROM reqflow.outbox h
               WHERE h.workspace = space AND h.destination = o.destination AND h.state = 'ready'
                 AND (h.lease_until IS NOT NULL OR h.ready_at IS NOT NULL)
                 AND (h.lease_until > moment OR (h.ready_at > moment AND h.seq < o.seq))
               LIMIT 1) IS NULL -- looked up row by row, which no plan for a join would promise
        ORDER BY o.seq LIMIT most
    ), locked AS MATERIALIZED (
        SELECT l.place FROM scanned s CROSS JOIN LATERAL (
            SELECT o.ctid AS place FROM reqflow.outbox o
            WHERE o.workspace = space AND o.seq = s.seq AND o.state = 'ready'
              AND (o.lease_until IS NULL OR o.lease_until <= moment)
              AND (o.ready_at IS NULL OR o.ready_at <= moment)
            FOR UPDATE SKIP LOCKED) l
    ), whole AS MATERIALIZED ( -- what has moved since it was scanned is not where it was: left out like the locked
        SELECT s.place, bool_and(s.place = ANY (ARRAY(SELECT l.place FROM locked l)))
               OVER (PARTITION BY s.destination ORDER BY s.seq) AS free
        FROM scanned s
    )
    UPDATE reqflow.outbox o
    SET lease_until = until, ready_at = NULL, fence = number, attempts = o.attempts + 1,
        lost = o.lost + (o.lease_until IS NOT NULL)::integer
    WHERE o.ctid = ANY (ARRAY(SELECT w.place FROM whole w WHERE w.free))
    RETURNING o.*;
END $$;
