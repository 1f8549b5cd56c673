-- What is known of our objects at remotes that have no records but objects of
-- their own: W&B's. By our name for it, in JSON that the remote's own code reads:
-- how far a run is there, under which id and number a version is.
CREATE TABLE counterparts (
    remote TEXT NOT NULL REFERENCES remotes (name) ON DELETE CASCADE,
    object TEXT NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (remote, object)
) WITHOUT ROWID;
