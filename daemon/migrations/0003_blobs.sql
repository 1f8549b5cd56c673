-- The index of the bytes that are stored here: which chunks lie in which pack,
-- and which chunks make which blob.

CREATE TABLE packs (
    id     INTEGER PRIMARY KEY,
    -- What lies behind it in the pack does not count.
    length INTEGER NOT NULL
);

CREATE TABLE chunks (
    id      INTEGER PRIMARY KEY,
    digest  BLOB NOT NULL UNIQUE,
    pack    INTEGER NOT NULL REFERENCES packs (id),
    at      INTEGER NOT NULL,
    length  INTEGER NOT NULL,
    made_us INTEGER NOT NULL
);
CREATE INDEX chunks_by_pack ON chunks (pack, at);

CREATE TABLE blobs (
    id      INTEGER PRIMARY KEY,
    blob    BLOB NOT NULL UNIQUE,
    md5     BLOB NOT NULL,
    size    INTEGER NOT NULL,
    -- When it was stored or last named.
    made_us INTEGER NOT NULL,
    -- The sweep that had begun by then: no earlier one may remove it.
    sweep   INTEGER NOT NULL,
    -- It came from a remote that has it, so it may give way to others.
    fetched INTEGER NOT NULL DEFAULT 0,
    pinned  INTEGER NOT NULL DEFAULT 0,
    used_us INTEGER NOT NULL
);
CREATE INDEX blobs_by_md5 ON blobs (md5);

-- The chunks of a blob, some at a time: where in the blob the first of them
-- begins, then the id and length of each. A blob that is being written has such
-- rows before it has one in `blobs`.
CREATE TABLE blob_chunks (
    blob   INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    chunks BLOB NOT NULL,
    PRIMARY KEY (blob, at)
) WITHOUT ROWID;

-- Blobs that were removed because nothing names them any more. Older records
-- may: whoever is sent those need not wait for the bytes.
CREATE TABLE gone_blobs (
    blob BLOB PRIMARY KEY
) WITHOUT ROWID;

-- Searches for what nobody needs, by number.
CREATE TABLE sweeps (
    number   INTEGER PRIMARY KEY,
    began_us INTEGER NOT NULL
);

-- `blobs` says it.
DROP TABLE contents;
