-- Who there is at a hub, and what each may do with whose data.

ALTER TABLE users ADD COLUMN email TEXT;
-- Of a password, only what argon2id makes of it.
ALTER TABLE users ADD COLUMN password_hash TEXT;
ALTER TABLE users ADD COLUMN admin INTEGER NOT NULL DEFAULT 0;

-- The entities that somebody registered: users, teams and organizations share
-- one space of names. A deleted one keeps its row, so that its data does not
-- become everybody's.
CREATE TABLE accounts (
    name         TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    -- Of a team.
    organization TEXT,
    created_us   INTEGER NOT NULL,
    deleted_us   INTEGER
) WITHOUT ROWID;
INSERT INTO accounts (name, kind, created_us) SELECT name, 'user', created_us FROM users;

-- The roles of users in teams and organizations.
CREATE TABLE members (
    account TEXT NOT NULL REFERENCES accounts (name),
    member  TEXT NOT NULL,
    role    TEXT NOT NULL,
    PRIMARY KEY (account, member)
) WITHOUT ROWID;
CREATE INDEX members_by_name ON members (member);

-- Moves with every change of the two, so that others know when to read anew.
CREATE TABLE account_changes (
    one    INTEGER PRIMARY KEY,
    number INTEGER NOT NULL
);
INSERT INTO account_changes (one, number) VALUES (1, 1);

-- Whose daemon an origin is: the user's who first pushed for it.
CREATE TABLE origins (
    origin   BLOB PRIMARY KEY,
    owner    TEXT NOT NULL,
    bound_us INTEGER NOT NULL
) WITHOUT ROWID;

-- What a hub said of organizations and their teams, in JSON.
CREATE TABLE learned_organizations (
    remote TEXT PRIMARY KEY REFERENCES remotes (name) ON DELETE CASCADE,
    body   TEXT NOT NULL
) WITHOUT ROWID;
