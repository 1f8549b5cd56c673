-- What our own client logged together with the bytes of files, in the order in
-- which it was read: the bytes are stored behind it, and then a record is made.
CREATE TABLE intake (
    id          INTEGER PRIMARY KEY,
    -- Whose snapshot it is, and which of his.
    writer      BLOB NOT NULL,
    number      INTEGER NOT NULL,
    entity      TEXT NOT NULL,
    project     TEXT NOT NULL,
    run         TEXT NOT NULL,
    -- The maker's id of an artifact; none of a file of the run.
    client_id   TEXT,
    -- What several writers log parts of; a part waits for the one that finalizes.
    distributed TEXT,
    finalize    INTEGER NOT NULL,
    -- The rows of files go when they are recorded. Those of artifacts stay: they
    -- say which version was made of them, which may be an earlier one with the
    -- same content, or why none was.
    artifact    BLOB,
    error       TEXT,
    UNIQUE (writer, number)
);
CREATE INDEX intake_waiting ON intake (id) WHERE artifact IS NULL AND error IS NULL;
CREATE INDEX intake_by_client ON intake (client_id);
