-- Idle workers are told when there is something to do. Whoever waits leaves a mark with an end; a commit that puts
-- something in a queue looks for it, and only where one stands it notifies: a notification takes a lock that the whole
-- server shares until its commit is through, which a busy desk, where nobody waits, does not pay for. Marks are worth
-- nothing after a crash, so they are not written ahead.

CREATE UNLOGGED TABLE reqflow.listeners (
    workspace text COLLATE "C" PRIMARY KEY,
    until timestamptz NOT NULL
) WITH (fillfactor = 40);

-- What was put aside is looked up by people and counted every few seconds.

CREATE INDEX inbox_parked ON reqflow.inbox (workspace, seq) WHERE parked AND seq IS NOT NULL;
CREATE INDEX agenda_parked ON reqflow.agenda (workspace, key) WHERE parked;
