-- What people look for: the closed conversations of a channel or of who asked, an agent's requests. Only what opens,
-- closes or changes hands is written there; a message is not. They end in an expression that only their own queries
-- order by, so that no plan can prefer the primary key to them.

ALTER TABLE reqflow.conversations ADD COLUMN requester text COLLATE "C";
UPDATE reqflow.conversations SET requester = document::jsonb ->> 'requester';
ALTER TABLE reqflow.conversations ALTER COLUMN requester SET NOT NULL;

CREATE INDEX conversations_past_in ON reqflow.conversations (workspace, channel_id, (id || ''))
    WHERE NOT is_open AND channel_id IS NOT NULL;
CREATE INDEX conversations_past_of ON reqflow.conversations (workspace, requester, (id || ''))
    WHERE NOT is_open AND requester IS NOT NULL;
CREATE INDEX requests_assigned ON reqflow.requests (workspace, assignee, (id || ''))
    WHERE state <> 'closed' AND assignee IS NOT NULL;
CREATE INDEX requests_closed_of ON reqflow.requests (workspace, assignee, (id || ''))
    WHERE state = 'closed' AND assignee IS NOT NULL;
CREATE INDEX requests_closed_in ON reqflow.requests (workspace, channel_id, (id || ''))
    WHERE state = 'closed' AND channel_id IS NOT NULL;
