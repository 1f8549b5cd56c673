-- Files of runs, versions of artifacts, and what W&B's clients need remembered.

ALTER TABLE runs ADD COLUMN deleted_us INTEGER;
CREATE INDEX runs_by_project ON runs (entity, project, created_us);

-- Projects that were made by name; one that has runs need not be here.
CREATE TABLE projects (
    entity     TEXT NOT NULL,
    project    TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    PRIMARY KEY (entity, project)
) WITHOUT ROWID;

-- The files of a run; a removed one has no row.
CREATE TABLE files (
    run        INTEGER NOT NULL REFERENCES runs (id),
    path       TEXT NOT NULL,
    blob       BLOB NOT NULL,
    md5        BLOB NOT NULL,
    size       INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    PRIMARY KEY (run, path)
) WITHOUT ROWID;

-- What the first line of a writer's file was, by digest: another first line is
-- another life.
ALTER TABLE line_writers ADD COLUMN first_line BLOB;

-- Versions of artifacts, in the order in which they came to be here.
CREATE TABLE artifacts (
    id          BLOB PRIMARY KEY,
    run         INTEGER NOT NULL REFERENCES runs (id),
    entity      TEXT NOT NULL,
    project     TEXT NOT NULL,
    collection  TEXT NOT NULL,
    kind        TEXT NOT NULL,
    version     INTEGER NOT NULL,
    client_id   TEXT NOT NULL,
    sequence_client_id TEXT,
    digest      TEXT NOT NULL,
    -- The version as its maker logged it, in JSON.
    body        TEXT NOT NULL,
    created_us  INTEGER NOT NULL,
    UNIQUE (entity, project, collection, version)
) WITHOUT ROWID;
CREATE INDEX artifacts_by_run ON artifacts (run);
CREATE INDEX artifacts_by_client ON artifacts (client_id);
CREATE INDEX artifacts_by_digest ON artifacts (entity, project, collection, digest);

CREATE TABLE artifact_aliases (
    entity     TEXT NOT NULL,
    project    TEXT NOT NULL,
    collection TEXT NOT NULL,
    alias      TEXT NOT NULL,
    artifact   BLOB NOT NULL REFERENCES artifacts (id),
    PRIMARY KEY (entity, project, collection, alias)
) WITHOUT ROWID;

-- Which run logged which version; one of the same content is not logged twice,
-- and has several such runs.
CREATE TABLE artifact_logs (
    run      INTEGER NOT NULL REFERENCES runs (id),
    artifact BLOB NOT NULL,
    PRIMARY KEY (run, artifact)
) WITHOUT ROWID;

CREATE TABLE artifact_uses (
    run      INTEGER NOT NULL REFERENCES runs (id),
    artifact BLOB NOT NULL,
    PRIMARY KEY (run, artifact)
) WITHOUT ROWID;

-- Versions that are being uploaded to this home: known to nobody else yet.
CREATE TABLE drafts (
    id         BLOB PRIMARY KEY,
    -- What was asked for, in JSON.
    body       TEXT NOT NULL,
    -- The manifest, once it has arrived: a content, in JSON.
    manifest   TEXT,
    created_us INTEGER NOT NULL
) WITHOUT ROWID;

-- The bytes that are stored here, by the digest that W&B's manifests name.
CREATE TABLE contents (
    md5  BLOB PRIMARY KEY,
    blob BLOB NOT NULL,
    size INTEGER NOT NULL
) WITHOUT ROWID;
