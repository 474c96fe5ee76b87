-- Waiting work is handed out by its priority first: the smallest, then whatever waits longest.

ALTER TABLE reqflow.requests ADD COLUMN priority bigint NOT NULL DEFAULT 0;

DROP INDEX reqflow.requests_waiting;
CREATE INDEX requests_waiting ON reqflow.requests (workspace, queue, priority, waiting_at, id)
    WHERE state = 'unassigned' AND queue IS NOT NULL AND waiting_at IS NOT NULL;
