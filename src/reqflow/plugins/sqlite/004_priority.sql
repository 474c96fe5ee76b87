-- Waiting work is handed out by its priority first: the smallest, then whatever waits longest.

ALTER TABLE request ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;

DROP INDEX request_waiting;
CREATE INDEX request_waiting ON request (workspace, queue, priority, waiting_at)
    WHERE state = 'unassigned' AND queue IS NOT NULL AND waiting_at IS NOT NULL;
