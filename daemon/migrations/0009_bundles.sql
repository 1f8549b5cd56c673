-- Destinations of bundles: remotes that nobody can ask. Their cursors say what
-- arrived, by receipts; this says what was written for them.

ALTER TABLE remotes ADD COLUMN bundles INTEGER NOT NULL DEFAULT 0;

CREATE TABLE exported (
    remote TEXT NOT NULL REFERENCES remotes (name) ON DELETE CASCADE,
    stream INTEGER NOT NULL REFERENCES streams (id),
    seq    INTEGER NOT NULL,
    PRIMARY KEY (remote, stream)
) WITHOUT ROWID;
