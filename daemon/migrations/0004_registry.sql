-- Versions of artifacts, the collections that hold them, the names they have
-- there, and what is done to projects as such.

-- A project as such has a stream, and so a row among the runs, that no list of
-- runs shows.
ALTER TABLE runs ADD COLUMN workspace INTEGER NOT NULL DEFAULT 0;
CREATE VIEW shown_runs AS SELECT * FROM runs WHERE deleted_us IS NULL AND workspace = 0;

ALTER TABLE projects ADD COLUMN updated_us INTEGER;
ALTER TABLE projects ADD COLUMN deleted_us INTEGER;
ALTER TABLE projects ADD COLUMN description TEXT;
ALTER TABLE projects ADD COLUMN access TEXT;
-- JSON lists: the types a registry takes (NULL: all), the names that only its
-- administrators move.
ALTER TABLE projects ADD COLUMN artifact_types TEXT;
ALTER TABLE projects ADD COLUMN protected_aliases TEXT NOT NULL DEFAULT '[]';

ALTER TABLE artifacts RENAME TO artifacts_before;
DROP INDEX artifacts_by_run;
DROP INDEX artifacts_by_client;
DROP INDEX artifacts_by_digest;

-- Versions, wherever they were logged.
CREATE TABLE artifacts (
    id          BLOB PRIMARY KEY,
    -- The run that logged it first.
    entity      TEXT NOT NULL,
    project     TEXT NOT NULL,
    run         TEXT NOT NULL,
    client_id   TEXT NOT NULL,
    sequence_client_id TEXT,
    digest      TEXT NOT NULL,
    -- Bytes of its entries.
    size        INTEGER NOT NULL,
    -- As its maker logged it, in JSON, but for its files.
    body        TEXT NOT NULL,
    created_us  INTEGER NOT NULL,
    -- As it is now.
    description TEXT,
    metadata    TEXT,
    tags        TEXT NOT NULL DEFAULT '[]',
    ttl_s       INTEGER,
    updated_us  INTEGER,
    deleted_us  INTEGER,
    -- The remote it was fetched from, where it was not logged here.
    fetched     TEXT
) WITHOUT ROWID;
CREATE INDEX artifacts_by_client ON artifacts (client_id);

-- What a version holds; its manifest is the file with no path.
CREATE TABLE artifact_files (
    artifact BLOB NOT NULL,
    path     TEXT NOT NULL,
    blob     BLOB NOT NULL,
    md5      BLOB NOT NULL,
    size     INTEGER NOT NULL,
    PRIMARY KEY (artifact, path)
) WITHOUT ROWID;
CREATE INDEX artifact_files_by_blob ON artifact_files (blob);

CREATE TABLE collections (
    id          INTEGER PRIMARY KEY,
    entity      TEXT NOT NULL,
    project     TEXT NOT NULL,
    name        TEXT NOT NULL,
    -- The type of its versions.
    kind        TEXT NOT NULL,
    -- Whether it holds links to versions that were logged elsewhere.
    links       INTEGER NOT NULL,
    description TEXT,
    tags        TEXT NOT NULL DEFAULT '[]',
    created_us  INTEGER NOT NULL,
    updated_us  INTEGER,
    deleted_us  INTEGER,
    made_by     TEXT,
    UNIQUE (entity, project, name)
);

-- Which versions a collection holds, and what number each has there. A number
-- is settled once the remote has given it, or where there is none to ask.
CREATE TABLE memberships (
    id         INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL REFERENCES collections (id),
    artifact   BLOB NOT NULL,
    version    INTEGER NOT NULL,
    settled    INTEGER NOT NULL DEFAULT 0,
    -- The number it had here first, where it has another now.
    was        INTEGER,
    created_us INTEGER NOT NULL,
    made_by    TEXT,
    removed_us INTEGER,
    UNIQUE (collection, artifact),
    UNIQUE (collection, version)
);
CREATE INDEX memberships_by_artifact ON memberships (artifact);
CREATE INDEX memberships_unsettled ON memberships (collection) WHERE settled = 0;

-- Every move of a name. Of one name's moves those count that no other has seen.
CREATE TABLE alias_moves (
    id         BLOB PRIMARY KEY,
    collection INTEGER NOT NULL REFERENCES collections (id),
    alias      TEXT NOT NULL,
    artifact   BLOB,
    time_us    INTEGER NOT NULL,
    made_by    TEXT,
    origin     BLOB NOT NULL,
    -- The moves that it replaced: a JSON list of ids.
    seen       TEXT NOT NULL DEFAULT '[]',
    stands     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX alias_moves_standing ON alias_moves (collection, alias) WHERE stands = 1;
CREATE INDEX alias_moves_by_version ON alias_moves (artifact, collection);

-- Edits and deletions of versions that are not here yet: acts, in JSON.
CREATE TABLE waiting_acts (
    artifact BLOB NOT NULL,
    -- The project in whose stream it is.
    entity   TEXT NOT NULL,
    project  TEXT NOT NULL,
    time_us  INTEGER NOT NULL,
    made_by  TEXT,
    origin   BLOB NOT NULL,
    body     TEXT NOT NULL
);
CREATE INDEX waiting_acts_by_version ON waiting_acts (artifact);

-- Moves that another move has seen, those included that are not here yet.
CREATE TABLE alias_seen (
    id BLOB PRIMARY KEY
) WITHOUT ROWID;

ALTER TABLE artifact_aliases RENAME TO aliases_before;

-- What the moves come to.
CREATE TABLE artifact_aliases (
    collection INTEGER NOT NULL REFERENCES collections (id),
    alias      TEXT NOT NULL,
    artifact   BLOB NOT NULL,
    time_us    INTEGER NOT NULL,
    made_by    TEXT,
    -- Whether another move stands that has not seen this one.
    conflict   INTEGER NOT NULL,
    PRIMARY KEY (collection, alias)
) WITHOUT ROWID;
CREATE INDEX artifact_aliases_by_artifact ON artifact_aliases (artifact);

INSERT INTO artifacts (id, entity, project, run, client_id, sequence_client_id, digest, size, body, created_us,
        description, metadata, tags, ttl_s)
    SELECT a.id, a.entity, a.project, r.run, a.client_id, a.sequence_client_id, a.digest,
        json_extract(a.body, '$.size'), json_set(a.body, '$.files', json('[]')), a.created_us, json_extract(a.body, '$.description'),
        json_extract(a.body, '$.metadata'), coalesce(json_extract(a.body, '$.tags'), '[]'), json_extract(a.body, '$.ttl_s')
    FROM artifacts_before a JOIN runs r ON r.id = a.run;
INSERT INTO artifact_files (artifact, path, blob, md5, size)
    SELECT a.id, json_extract(f.value, '$[0]'), unhex(json_extract(f.value, '$[1].blob')),
        unhex(json_extract(f.value, '$[1].md5')), json_extract(f.value, '$[1].size')
    FROM artifacts_before a, json_each(a.body, '$.files') f
    UNION ALL
    SELECT a.id, '', unhex(json_extract(a.body, '$.manifest.blob')), unhex(json_extract(a.body, '$.manifest.md5')),
        json_extract(a.body, '$.manifest.size')
    FROM artifacts_before a;
INSERT INTO collections (entity, project, name, kind, links, created_us)
    SELECT entity, project, collection, min(kind), 0, min(created_us) FROM artifacts_before GROUP BY 1, 2, 3;
INSERT INTO memberships (collection, artifact, version, created_us)
    SELECT c.id, a.id, a.version, a.created_us FROM artifacts_before a
    JOIN collections c ON c.entity = a.entity AND c.project = a.project AND c.name = a.collection;
INSERT INTO alias_moves (id, collection, alias, artifact, time_us, origin, stands)
    SELECT randomblob(16), c.id, l.alias, l.artifact, a.created_us, zeroblob(16), 1 FROM aliases_before l
    JOIN collections c ON c.entity = l.entity AND c.project = l.project AND c.name = l.collection
    JOIN artifacts_before a ON a.id = l.artifact;
INSERT INTO artifact_aliases (collection, alias, artifact, time_us, conflict)
    SELECT collection, alias, artifact, time_us, 0 FROM alias_moves;
DROP TABLE aliases_before;
DROP TABLE artifacts_before;

-- The manifests of versions that are being uploaded: one; or several, that
-- several writers send, or that only say what differs from a base.
CREATE TABLE draft_manifests (
    draft   BLOB NOT NULL REFERENCES drafts (id) ON DELETE CASCADE,
    number  INTEGER NOT NULL,
    -- 'full', 'incremental', 'patch'
    kind    TEXT NOT NULL,
    base    BLOB,
    -- Once it has arrived: a content, in JSON.
    content TEXT,
    PRIMARY KEY (draft, number)
) WITHOUT ROWID;
INSERT INTO draft_manifests (draft, number, kind, content) SELECT id, 0, 'full', manifest FROM drafts;
ALTER TABLE drafts DROP COLUMN manifest;

-- Lineage is asked of versions, not only of runs.
CREATE INDEX artifact_logs_by_artifact ON artifact_logs (artifact);
CREATE INDEX artifact_uses_by_artifact ON artifact_uses (artifact);
