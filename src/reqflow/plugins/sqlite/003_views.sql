-- What people look for: the closed conversations of a channel or of who asked, an agent's requests. Only what opens,
-- closes or changes hands is written there; a message is not.

ALTER TABLE conversation ADD COLUMN requester TEXT;
UPDATE conversation SET requester = json_extract(document, '$.requester');

CREATE INDEX conversation_past_in ON conversation (workspace, channel_id, id) WHERE open = 0;
CREATE INDEX conversation_past_of ON conversation (workspace, requester, id) WHERE open = 0;
CREATE INDEX request_assigned ON request (workspace, assignee, id) WHERE open = 1 AND assignee IS NOT NULL;
CREATE INDEX request_closed_of ON request (workspace, assignee, id) WHERE open = 0 AND assignee IS NOT NULL;
CREATE INDEX request_closed_in ON request (workspace, channel_id, id) WHERE open = 0;
