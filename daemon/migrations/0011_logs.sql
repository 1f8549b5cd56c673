-- Logs that other trackers left on disk, as far as they are taken in. One is known
-- by what it begins with, wherever it lies.
CREATE TABLE logs (
    run          INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    life         BLOB NOT NULL,
    -- Bytes, and lines of history, of system metrics and of the console.
    offset       INTEGER NOT NULL,
    rows         INTEGER NOT NULL,
    system       INTEGER NOT NULL,
    console      INTEGER NOT NULL,
    -- The number of its first line in the run's console.
    console_base INTEGER NOT NULL,
    -- Whether it came by another door before: only what is lacking is added.
    joins        INTEGER NOT NULL,
    -- Whether nothing more will come.
    done         INTEGER NOT NULL,
    PRIMARY KEY (run, life)
) WITHOUT ROWID;

-- Folders that are watched for such logs.
CREATE TABLE watched (
    dir      TEXT PRIMARY KEY,
    entity   TEXT,
    project  TEXT,
    added_us INTEGER NOT NULL
) WITHOUT ROWID;
