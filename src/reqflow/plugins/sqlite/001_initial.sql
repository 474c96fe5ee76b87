-- Moments are whole microseconds since 1970 in UTC. Documents are JSON, as reqflow.codec makes it.
-- The workspace leads every key. Trees are what a commit pays for: each index here serves a want or a view.
-- Short rows live in their key's tree. Long ones (conversations, messages, history) are appended to a tree of
-- their own with the keys beside it, which writes fewer pages.

CREATE TABLE conversation (
    workspace TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    open INTEGER NOT NULL,
    quiet INTEGER NOT NULL,
    channel_id TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX conversation_open ON conversation (workspace, id) WHERE open = 1;

CREATE TABLE request (
    workspace TEXT NOT NULL,
    id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    open INTEGER NOT NULL,
    state TEXT NOT NULL,
    assignee TEXT,
    queue TEXT,
    waiting_at INTEGER,
    document TEXT NOT NULL,
    PRIMARY KEY (workspace, id)
) WITHOUT ROWID;
CREATE INDEX request_conversation ON request (workspace, conversation_id);
CREATE INDEX request_open ON request (workspace, channel_id, opened_at) WHERE open = 1;
CREATE INDEX request_waiting ON request (workspace, queue, waiting_at)
    WHERE state = 'unassigned' AND queue IS NOT NULL AND waiting_at IS NOT NULL;

CREATE TABLE message (
    workspace TEXT NOT NULL,
    id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    native TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    request_id TEXT,
    author_kind TEXT NOT NULL,
    author_id TEXT NOT NULL,
    profile_id TEXT,
    side TEXT NOT NULL,
    audience TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    text_id TEXT,
    text_audience TEXT,
    text_owner TEXT,
    text_digest TEXT,
    thread TEXT,
    detected INTEGER NOT NULL,
    top INTEGER NOT NULL,
    group_at INTEGER,
    PRIMARY KEY (workspace, id)
);
CREATE UNIQUE INDEX message_native ON message (workspace, channel_id, native);
CREATE INDEX message_conversation ON message (workspace, conversation_id, sent_at);
-- What grouping looks at.
CREATE INDEX message_listed ON message (workspace, channel_id, profile_id, sent_at, id)
    WHERE top = 1 AND side = 'requester' AND profile_id IS NOT NULL;

CREATE TABLE lane (
    workspace TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    profile_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    conversation_id TEXT,
    PRIMARY KEY (workspace, channel_id, profile_id)
) WITHOUT ROWID;

CREATE TABLE thread (
    workspace TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    native TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    PRIMARY KEY (workspace, channel_id, native)
) WITHOUT ROWID;
CREATE INDEX thread_conversation ON thread (workspace, conversation_id);

CREATE TABLE agent (
    workspace TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    load INTEGER NOT NULL,
    chosen_at INTEGER,
    PRIMARY KEY (workspace, id)
) WITHOUT ROWID;

CREATE TABLE profile (
    workspace TEXT NOT NULL,
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (workspace, id)
) WITHOUT ROWID;

CREATE TABLE text (
    workspace TEXT NOT NULL,
    id TEXT NOT NULL,
    audience TEXT NOT NULL,
    owner TEXT NOT NULL,
    digest TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (workspace, id)
) WITHOUT ROWID;

CREATE TABLE history (
    workspace TEXT NOT NULL,
    stream TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    cause_kind TEXT NOT NULL,
    cause_key TEXT NOT NULL,
    rules TEXT, -- a JSON list of the automations on the way, if there were any
    events TEXT NOT NULL,
    PRIMARY KEY (workspace, stream, seq)
);

CREATE TABLE outcome (
    workspace TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    code TEXT,
    conversation_id TEXT,
    request_id TEXT,
    message_id TEXT,
    duplicate INTEGER NOT NULL,
    PRIMARY KEY (workspace, key)
) WITHOUT ROWID;

CREATE TABLE desk (
    workspace TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    content TEXT NOT NULL,
    salt TEXT NOT NULL
) WITHOUT ROWID;

-- The three queues. `free_at` is until when an item rests: leased, or given back to be tried later.
-- A fence is drawn from the one counter, so that no lease of the past ever fits again.

CREATE TABLE fence (last INTEGER NOT NULL);
INSERT INTO fence VALUES (0);

CREATE TABLE inbox (
    number INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL,
    id TEXT NOT NULL,
    lane TEXT NOT NULL,
    state TEXT NOT NULL,
    free_at INTEGER,
    leased INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    note TEXT,
    document TEXT NOT NULL
);
CREATE UNIQUE INDEX inbox_id ON inbox (workspace, id);
CREATE INDEX inbox_ready ON inbox (workspace, number, lane) WHERE state = 'ready';
CREATE INDEX inbox_resting ON inbox (workspace, free_at) WHERE state = 'ready' AND free_at IS NOT NULL;

CREATE TABLE outbox (
    number INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL,
    lane TEXT NOT NULL, -- the destination
    conversation_id TEXT,
    collapse TEXT,
    state TEXT NOT NULL,
    free_at INTEGER,
    leased INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    note TEXT,
    document TEXT NOT NULL
);
CREATE INDEX outbox_ready ON outbox (workspace, number, lane) WHERE state = 'ready';
CREATE INDEX outbox_resting ON outbox (workspace, free_at) WHERE state = 'ready' AND free_at IS NOT NULL;
CREATE INDEX outbox_conversation ON outbox (workspace, conversation_id);
CREATE INDEX outbox_collapse ON outbox (workspace, lane, collapse)
    WHERE state = 'ready' AND collapse IS NOT NULL;

CREATE TABLE agenda (
    workspace TEXT NOT NULL,
    key TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    again_at INTEGER, -- what it was armed for while it was leased
    free_at INTEGER,  -- leased until then
    fence INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    parked INTEGER NOT NULL DEFAULT 0,
    note TEXT,
    PRIMARY KEY (workspace, key)
) WITHOUT ROWID;
CREATE INDEX agenda_due ON agenda (workspace, due_at) WHERE parked = 0;
