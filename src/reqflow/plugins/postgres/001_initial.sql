-- The first schema. Every key begins with the workspace, so that tables can be partitioned by it.
-- Keys compare byte by byte (COLLATE "C"), which is the order of Python's strings. What the engine reads as a
-- whole is one document (JSON as text); beside it stand only the columns that something is found by.
-- Rows that are often updated leave room on their pages for their next version.
--
-- Plans are made once for a connection, often while tables are empty and every index seems as good as any other.
-- So an index is partial wherever it can be, on the column that only its own queries name (a condition like
-- "conversation_id = ..." implies "conversation_id IS NOT NULL"): then there is nothing else to choose.

CREATE SCHEMA IF NOT EXISTS reqflow;

CREATE TABLE reqflow.schema_versions (
    version integer PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- Raises the one error by which a statement says that something it relied on was not there.
CREATE FUNCTION reqflow.refuse() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'RF001', MESSAGE = 'a row changed that this relied on';
END $$;

-- --- state ---

CREATE TABLE reqflow.conversations (
    workspace text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    channel_id text COLLATE "C" NOT NULL,
    is_open boolean NOT NULL,
    is_quiet boolean NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (workspace, id)
) WITH (fillfactor = 60);
CREATE INDEX conversations_open ON reqflow.conversations (workspace, id) WHERE is_open;

CREATE TABLE reqflow.requests (
    workspace text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    conversation_id text COLLATE "C" NOT NULL,
    channel_id text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    assignee text COLLATE "C",
    queue text COLLATE "C",
    opened_at timestamptz NOT NULL,
    waiting_at timestamptz,
    document text NOT NULL,
    PRIMARY KEY (workspace, id)
) WITH (fillfactor = 60);
CREATE INDEX requests_of ON reqflow.requests (workspace, conversation_id, id)
    WHERE conversation_id IS NOT NULL;
CREATE INDEX requests_open ON reqflow.requests (workspace, channel_id, opened_at, id)
    WHERE state <> 'closed';
CREATE INDEX requests_waiting ON reqflow.requests (workspace, queue, waiting_at, id)
    WHERE state = 'unassigned' AND queue IS NOT NULL AND waiting_at IS NOT NULL;

CREATE TABLE reqflow.lanes (
    workspace text COLLATE "C" NOT NULL,
    channel_id text COLLATE "C" NOT NULL,
    profile_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    conversation_id text COLLATE "C",
    PRIMARY KEY (workspace, channel_id, profile_id)
) WITH (fillfactor = 60);

CREATE TABLE reqflow.messages (
    workspace text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    channel_id text COLLATE "C" NOT NULL,
    native text COLLATE "C" NOT NULL,
    conversation_id text COLLATE "C" NOT NULL,
    request_id text COLLATE "C",
    lone_profile_id text COLLATE "C", -- of messages that count as their author's neighbours
    sent_at timestamptz NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (workspace, id),
    CONSTRAINT messages_native UNIQUE (workspace, channel_id, native)
);
CREATE INDEX messages_of ON reqflow.messages (workspace, conversation_id, id)
    WHERE conversation_id IS NOT NULL;
CREATE INDEX messages_lone ON reqflow.messages (workspace, channel_id, lone_profile_id, sent_at, id)
    WHERE lone_profile_id IS NOT NULL;

CREATE TABLE reqflow.thread_keys (
    workspace text COLLATE "C" NOT NULL,
    channel_id text COLLATE "C" NOT NULL,
    native text COLLATE "C" NOT NULL,
    conversation_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace, channel_id, native)
);
CREATE INDEX thread_keys_of ON reqflow.thread_keys (workspace, conversation_id)
    WHERE conversation_id IS NOT NULL;

CREATE TABLE reqflow.texts (
    workspace text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    audience text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (workspace, id)
);

CREATE TABLE reqflow.profiles (
    workspace text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (workspace, id)
);

CREATE TABLE reqflow.agents (
    workspace text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    load bigint NOT NULL,
    chosen_at timestamptz,
    PRIMARY KEY (workspace, id)
) WITH (fillfactor = 40);

CREATE TABLE reqflow.outcomes (
    workspace text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (workspace, key)
);

CREATE TABLE reqflow.desks (
    workspace text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL,
    content text NOT NULL,
    salt text NOT NULL
);

-- --- history ---

CREATE TABLE reqflow.history (
    workspace text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    actor_kind text COLLATE "C" NOT NULL,
    actor_id text COLLATE "C" NOT NULL,
    cause_kind text COLLATE "C" NOT NULL,
    cause_key text COLLATE "C" NOT NULL,
    rules text,
    events text NOT NULL,
    PRIMARY KEY (workspace, stream, seq)
);

-- --- the leased queues ---
-- A row is leased while lease_until is set, and delayed while ready_at is. Few rows are either, and those are
-- what an item must not overtake in its lane. Finished rows leave dead index entries behind, which claims would have
-- to pass: they are vacuumed early.

CREATE SEQUENCE reqflow.fences;

CREATE TABLE reqflow.inbox (
    workspace text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    lane text COLLATE "C" NOT NULL,
    parked boolean NOT NULL DEFAULT false,
    ready_at timestamptz,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    note text,
    document text NOT NULL,
    PRIMARY KEY (workspace, key)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX inbox_ready ON reqflow.inbox (workspace, seq) WHERE NOT parked AND seq IS NOT NULL;
CREATE INDEX inbox_held ON reqflow.inbox (workspace, lane, seq)
    WHERE NOT parked AND lane IS NOT NULL AND (lease_until IS NOT NULL OR ready_at IS NOT NULL);

CREATE TABLE reqflow.outbox (
    workspace text COLLATE "C" NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    destination text COLLATE "C" NOT NULL,
    conversation_id text COLLATE "C",
    collapse text COLLATE "C",
    state text COLLATE "C" NOT NULL,
    ready_at timestamptz,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    note text,
    document text NOT NULL,
    PRIMARY KEY (workspace, seq)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX outbox_ready ON reqflow.outbox (workspace, seq) WHERE state = 'ready' AND seq IS NOT NULL;
CREATE INDEX outbox_held ON reqflow.outbox (workspace, destination, seq)
    WHERE state = 'ready' AND destination IS NOT NULL AND (lease_until IS NOT NULL OR ready_at IS NOT NULL);
CREATE INDEX outbox_parked ON reqflow.outbox (workspace, seq) WHERE state = 'parked';
CREATE INDEX outbox_of ON reqflow.outbox (workspace, conversation_id, state, seq)
    WHERE conversation_id IS NOT NULL;
CREATE INDEX outbox_collapse ON reqflow.outbox (workspace, destination, collapse)
    WHERE state = 'ready' AND collapse IS NOT NULL;

CREATE TABLE reqflow.agenda (
    workspace text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    due_at timestamptz NOT NULL,
    again_at timestamptz,
    parked boolean NOT NULL DEFAULT false,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    note text,
    PRIMARY KEY (workspace, key)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX agenda_due ON reqflow.agenda (workspace, due_at, key) WHERE NOT parked;

-- Claims the oldest items whose lane nobody works on. One claimer at a time and queue: while two claim at once,
-- neither sees what the other takes, and one would overtake the other in a lane. The lock comes before the
-- statement that looks, which therefore sees all that earlier claimers took. A row that some commit is busy
-- with is skipped, and with it whatever comes after it in its lane.

CREATE FUNCTION reqflow.lease_inbox(space text, moment timestamptz, until timestamptz, most integer)
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
    SET lease_until = until, ready_at = NULL, fence = number, attempts = i.attempts + 1
    WHERE i.ctid = ANY (ARRAY(SELECT w.place FROM whole w WHERE w.free))
    RETURNING i.*;
END $$;

CREATE FUNCTION reqflow.lease_outbox(space text, moment timestamptz, until timestamptz, most integer)
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
    SET lease_until = until, ready_at = NULL, fence = number, attempts = o.attempts + 1
    WHERE o.ctid = ANY (ARRAY(SELECT w.place FROM whole w WHERE w.free))
    RETURNING o.*;
END $$;
