-- The log: streams of blocks. Everything else is a view of it, or a position in it.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE runs (
    id           INTEGER PRIMARY KEY,
    entity       TEXT NOT NULL,
    project      TEXT NOT NULL,
    run          TEXT NOT NULL,
    name         TEXT NOT NULL,
    run_group    TEXT,
    job_type     TEXT,
    notes        TEXT,
    tags         TEXT NOT NULL DEFAULT '[]',
    state        TEXT NOT NULL DEFAULT 'running',
    exit_code    INTEGER,
    created_us   INTEGER NOT NULL,
    updated_us   INTEGER NOT NULL,
    last_step    INTEGER,
    history_rows INTEGER NOT NULL DEFAULT 0,
    dropped      INTEGER NOT NULL DEFAULT 0,
    config       TEXT NOT NULL DEFAULT '{}',
    summary      TEXT NOT NULL DEFAULT '{}',
    metadata     TEXT NOT NULL DEFAULT '{}',
    definitions  TEXT NOT NULL DEFAULT '[]',
    UNIQUE (entity, project, run)
);
CREATE INDEX runs_by_age ON runs (created_us);

-- The records of one run from one origin.
CREATE TABLE streams (
    id        INTEGER PRIMARY KEY,
    run       INTEGER NOT NULL REFERENCES runs (id),
    origin    BLOB NOT NULL,
    last_seq  INTEGER NOT NULL DEFAULT 0,
    last_step INTEGER,
    life      INTEGER NOT NULL DEFAULT 0,
    UNIQUE (run, origin)
);

-- Consecutive records; the blocks of a stream cover 1 ..= last_seq without gap
-- or overlap.
CREATE TABLE blocks (
    id        INTEGER PRIMARY KEY,
    stream    INTEGER NOT NULL REFERENCES streams (id),
    first_seq INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL,
    life      INTEGER NOT NULL,
    sealed    INTEGER NOT NULL,
    points    INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    stored_us INTEGER NOT NULL,
    min_step  INTEGER,
    max_step  INTEGER,
    head      BLOB NOT NULL,
    UNIQUE (stream, first_seq)
);
CREATE INDEX blocks_fresh ON blocks (stream) WHERE sealed = 0;

CREATE TABLE parts (
    id        INTEGER PRIMARY KEY,
    block     INTEGER NOT NULL REFERENCES blocks (id),
    tag       INTEGER NOT NULL,
    first_key TEXT NOT NULL,
    last_key  TEXT NOT NULL,
    body      BLOB NOT NULL
);
CREATE INDEX parts_by_key ON parts (block, tag, first_key, last_key);

-- The outline of a large column: its extremes by stretches, so that a long
-- curve is drawn without reading all of it.
CREATE TABLE sketches (
    id    INTEGER PRIMARY KEY,
    block INTEGER NOT NULL REFERENCES blocks (id),
    key   TEXT NOT NULL,
    body  BLOB NOT NULL,
    UNIQUE (block, key)
);

-- A life of a stream that begins again at a step.
CREATE TABLE rewinds (
    stream INTEGER NOT NULL REFERENCES streams (id),
    life   INTEGER NOT NULL,
    step   INTEGER NOT NULL,
    PRIMARY KEY (stream, life)
) WITHOUT ROWID;

-- What each metric came to: the automatic part of the summary.
CREATE TABLE metrics (
    run       INTEGER NOT NULL,
    key       TEXT NOT NULL,
    last_step INTEGER NOT NULL,
    last      TEXT NOT NULL,
    count     INTEGER NOT NULL,
    sum       REAL NOT NULL,
    min       REAL,
    max       REAL,
    PRIMARY KEY (run, key)
) WITHOUT ROWID;

CREATE TABLE text_files (
    run  INTEGER NOT NULL REFERENCES runs (id),
    path TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (run, path)
) WITHOUT ROWID;

-- How far each journal is consumed; committed with the records up to there.
CREATE TABLE journals (
    writer  BLOB PRIMARY KEY,
    segment INTEGER NOT NULL,
    offset  INTEGER NOT NULL,
    -- Set once the writer's last record is in; the folder can go.
    done    INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- The same for writers that post lines: the next line's number.
CREATE TABLE line_writers (
    run    INTEGER NOT NULL REFERENCES runs (id),
    writer TEXT NOT NULL,
    next   INTEGER NOT NULL,
    PRIMARY KEY (run, writer)
) WITHOUT ROWID;

CREATE TABLE remotes (
    name       TEXT PRIMARY KEY,
    url        TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    -- The hub's start that the cursors were last checked against.
    epoch      BLOB
) WITHOUT ROWID;

-- The state of sync: one position per remote and stream.
CREATE TABLE cursors (
    remote    TEXT NOT NULL REFERENCES remotes (name) ON DELETE CASCADE,
    stream    INTEGER NOT NULL REFERENCES streams (id),
    seq       INTEGER NOT NULL,
    last_step INTEGER,
    -- Why nothing is sent until someone acts.
    parked    TEXT,
    PRIMARY KEY (remote, stream)
) WITHOUT ROWID;

-- Who may come in over TCP.
CREATE TABLE users (
    name       TEXT PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    created_us INTEGER NOT NULL
) WITHOUT ROWID;

-- What a person should know.
CREATE TABLE problems (
    object  TEXT NOT NULL,
    what    TEXT NOT NULL,
    hint    TEXT NOT NULL,
    time_us INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (object, what)
) WITHOUT ROWID;
