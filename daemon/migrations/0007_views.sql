-- Saved views of projects: reports and workspaces.

CREATE TABLE views (
    id           BLOB NOT NULL,
    entity       TEXT NOT NULL,
    project      TEXT NOT NULL,
    -- 'runs', 'runs/draft', 'project-view'
    kind         TEXT NOT NULL DEFAULT '',
    name         TEXT NOT NULL DEFAULT '',
    display_name TEXT NOT NULL DEFAULT '',
    description  TEXT NOT NULL DEFAULT '',
    spec         TEXT NOT NULL DEFAULT '',
    -- Of the first save.
    created_us   INTEGER NOT NULL,
    -- What was done to it last: when, by whom, on which home, and whether it is
    -- there since.
    updated_us   INTEGER NOT NULL,
    made_by      TEXT,
    origin       BLOB NOT NULL,
    deleted      INTEGER NOT NULL,
    -- Acts of one project do nothing to another's views, whatever ids they name.
    UNIQUE (entity, project, id)
);
CREATE INDEX views_by_id ON views (id);

-- Of the last deletion of the project: what was saved before is gone, even if
-- it comes later.
ALTER TABLE projects ADD COLUMN emptied_us INTEGER;
