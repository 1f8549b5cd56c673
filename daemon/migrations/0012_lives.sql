-- Lives of a scheduler's jobs, by the streams that they wrote: a life hides what
-- lives of lower attempts of its job, in other streams, recorded from the first
-- step on that it logged.
CREATE TABLE lives (
    stream     INTEGER NOT NULL REFERENCES streams (id),
    -- The life of the stream, as blocks have it.
    life       INTEGER NOT NULL,
    job        TEXT NOT NULL,
    attempt    INTEGER NOT NULL,
    start_step INTEGER NOT NULL,
    PRIMARY KEY (stream, life)
) WITHOUT ROWID;

-- Whose the last value is: of two homes at one step the greater origin's holds,
-- whichever came first.
ALTER TABLE metrics ADD COLUMN last_by BLOB;
