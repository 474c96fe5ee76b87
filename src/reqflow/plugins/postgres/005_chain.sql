-- The chain of history (see reqflow.core.chain): every entry carries a digest over what it says and over the digest of
-- the entry before. A commit sends what each entry says as a digest of its own; here they are linked, one after the
-- other, so that neither a round trip nor the digest before is needed to write one.

CREATE FUNCTION reqflow.link(state bytea, previous bytea, own bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN sha256(coalesce(state, previous) || own);
END $$;

-- Of entries in their order: the digest of the last one. `previous` is that before the first.
CREATE AGGREGATE reqflow.chained(previous bytea, own bytea) (SFUNC = reqflow.link, STYPE = bytea);

CREATE FUNCTION reqflow.told(word text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT length(word) || ':' || word
$$;

-- What is here already gets its digests as if it had been written with them.
ALTER TABLE reqflow.history ADD COLUMN digest bytea;
UPDATE reqflow.history h SET digest = c.digest FROM (
    SELECT t.workspace, t.stream, t.seq, reqflow.chained('', sha256(convert_to(
        reqflow.told(t.stream) || t.seq || ':' || (extract(epoch FROM t.at) * 1000000)::bigint || ':'
        || reqflow.told(t.actor_kind) || reqflow.told(t.actor_id)
        || reqflow.told(t.cause_kind) || reqflow.told(t.cause_key)
        || coalesce(reqflow.told(t.rules), '-') || reqflow.told(t.events), 'UTF8'
    ))) OVER (PARTITION BY t.workspace, t.stream ORDER BY t.seq) AS digest
    FROM reqflow.history t
) c WHERE h.workspace = c.workspace AND h.stream = c.stream AND h.seq = c.seq;
ALTER TABLE reqflow.history ALTER COLUMN digest SET NOT NULL;
DROP FUNCTION reqflow.told(text);
