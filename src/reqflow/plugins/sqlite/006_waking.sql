-- What was put aside is looked up by people and counted every few seconds. (PostgreSQL wakes idle workers with this
-- version of the schema; with SQLite they look.)

CREATE INDEX inbox_parked ON inbox (workspace, number) WHERE state = 'parked';
CREATE INDEX outbox_parked ON outbox (workspace, number) WHERE state = 'parked';
CREATE INDEX agenda_parked ON agenda (workspace, key) WHERE parked = 1;
