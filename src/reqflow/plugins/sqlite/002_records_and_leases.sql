-- The smaller kinds of rows, and what they are found by. `keys` repeats the keys of a record, as a JSON list of
-- [name, content, rank], so that its next version can take away those that it no longer has.

CREATE TABLE record (
    workspace TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    keys TEXT,
    document TEXT NOT NULL,
    PRIMARY KEY (workspace, kind, id)
) WITHOUT ROWID;

CREATE TABLE record_key (
    workspace TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    rank TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (workspace, kind, name, content, rank, id)
) WITHOUT ROWID;

-- What most messages have nothing of, as one document; NULL where it is nothing.
ALTER TABLE message ADD COLUMN more TEXT;

ALTER TABLE outcome ADD COLUMN record_id TEXT;

-- How many leases ended without a word since the item was last tried.
ALTER TABLE inbox ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agenda ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
