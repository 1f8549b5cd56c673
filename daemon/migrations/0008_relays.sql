-- Folders that this home reads and carries on to a remote.
CREATE TABLE relays (
    folder     TEXT PRIMARY KEY,
    remote     TEXT NOT NULL REFERENCES remotes (name) ON DELETE CASCADE,
    created_us INTEGER NOT NULL
) WITHOUT ROWID;

-- Up to which of a writer's files all is here. It spares reading them again; where
-- it is too low, that changes nothing.
CREATE TABLE relay_cursors (
    folder     TEXT NOT NULL REFERENCES relays (folder) ON DELETE CASCADE,
    writer     BLOB NOT NULL,
    -- Of the files' numbers.
    generation BLOB NOT NULL,
    number     INTEGER NOT NULL,
    PRIMARY KEY (folder, writer)
) WITHOUT ROWID;
