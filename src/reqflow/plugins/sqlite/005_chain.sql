-- The chain of history (see reqflow.core.chain): 32 bytes on every entry. Those that are here already get theirs in
-- the same transaction, made by reqflow, since SQLite has no such function.

ALTER TABLE history ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
