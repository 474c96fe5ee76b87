-- What keeps tables from being partitioned by their workspace. Places in a line come from sequences: identity columns
-- of partitioned tables are new in PostgreSQL 17. And claims go to their rows by workspace and place (see places.py),
-- since each partition counts its places anew. But for that, claims are what they were.

LOCK TABLE reqflow.inbox, reqflow.outbox IN ACCESS EXCLUSIVE MODE;
CREATE SEQUENCE reqflow.inbox_seq;
CREATE SEQUENCE reqflow.outbox_seq;
SELECT setval('reqflow.inbox_seq', nextval(pg_get_serial_sequence('reqflow.inbox', 'seq')), false);
SELECT setval('reqflow.outbox_seq', nextval(pg_get_serial_sequence('reqflow.outbox', 'seq')), false);
ALTER TABLE reqflow.inbox ALTER COLUMN seq DROP IDENTITY;
ALTER TABLE reqflow.inbox ALTER COLUMN seq SET DEFAULT nextval('reqflow.inbox_seq');
ALTER TABLE reqflow.outbox ALTER COLUMN seq DROP IDENTITY;
ALTER TABLE reqflow.outbox ALTER COLUMN seq SET DEFAULT nextval('reqflow.outbox_seq');

CREATE OR REPLACE FUNCTION reqflow.lease_inbox(space text, moment timestamptz, until timestamptz, most integer)
RETURNS SETOF reqflow.inbox LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    number bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1919250034, hashtext('inbox ' || space));
    number := nextval('reqflow.fences');
    RETURN QUERY
    WITH scanned AS MATERIALIZED (
        SELECT i.seq, i.key, i.lane, i.ctid AS place, i.workspace AS home FROM reqflow.inbox i
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
        SELECT s.place, s.home, bool_and(s.place = ANY (ARRAY(SELECT l.place FROM locked l)))
               OVER (PARTITION BY s.lane ORDER BY s.seq) AS free
        FROM scanned s
    )
    UPDATE reqflow.inbox i
    SET lease_until = until, ready_at = NULL, fence = number, attempts = i.attempts + 1,
        lost = i.lost + (i.lease_until IS NOT NULL)::integer
    FROM whole w WHERE w.free AND i.ctid = w.place AND i.workspace = w.home
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
        SELECT o.seq, o.destination, o.ctid AS place, o.workspace AS home FROM reqflow.outbox o
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
        SELECT s.place, s.home, bool_and(s.place = ANY (ARRAY(SELECT l.place FROM locked l)))
               OVER (PARTITION BY s.destination ORDER BY s.seq) AS free
        FROM scanned s
    )
    UPDATE reqflow.outbox o
    SET lease_until = until, ready_at = NULL, fence = number, attempts = o.attempts + 1,
        lost = o.lost + (o.lease_until IS NOT NULL)::integer
    FROM whole w WHERE w.free AND o.ctid = w.place AND o.workspace = w.home
    RETURNING o.*;
END $$;
