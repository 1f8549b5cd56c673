//! Who may do what with whose data: the one rule, pure. Knows no route, no
//! store, and not how a caller proved who he is.
//!
//! An **entity** (the first name of every path) that somebody registered is a
//! user's own, a team's, or an organization's, which holds its registries. What
//! nobody registered is open to every user, so that a small group needs no
//! administration.

use std::collections::BTreeMap;
use std::sync::Arc;

use pannier_proto::admin::Role;

/// The organization of entities for which nobody named one.
pub const DEFAULT_ORGANIZATION: &str = "pannier";

/// What is done to an entity's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Look at it.
    Read,
    /// Log, upload, edit, link.
    Write,
    /// Take runs, files, versions away.
    Delete,
    /// Settings of registries, protected aliases, members.
    Admin,
}

/// What a registered entity is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A user's own.
    User,
    /// An organization's.
    Organization,
    /// A team's.
    Team {
        /// Whose team it is.
        organization: String,
    },
}

/// A registered entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What it is.
    pub kind: Kind,
    /// Its data stays, for administrators of the hub only.
    pub deleted: bool,
    /// The roles in it, by user.
    pub members: BTreeMap<String, Role>,
}

/// Every registered entity, by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Directory(pub BTreeMap<String, Account>);

/// What a caller may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    user: String,
    everything: bool,
    directory: Arc<Directory>,
}

fn permits(role: Role, verb: Verb) -> bool {
    let needed = match verb {
        Verb::Read => Role::Viewer,
        Verb::Write | Verb::Delete => Role::Member,
        Verb::Admin => Role::Admin,
    };
    role >= needed
}

impl Directory {
    /// The role that a user has at an entity.
    #[must_use]
    pub fn role(&self, user: &str, entity: &str) -> Option<Role> {
        let Some(account) = self.0.get(entity) else { return Some(Role::Member) };
        if account.deleted {
            return None;
        }
        let own = account.members.get(user).copied();
        match &account.kind {
            Kind::User => (entity == user).then_some(Role::Admin),
            Kind::Organization => own,
            Kind::Team { organization } => {
                // Whoever administers an organization administers its teams;
                // its other members look.
                let theirs = self.alive(organization).and_then(|of| of.members.get(user));
                own.max(theirs.map(|role| if *role == Role::Admin { Role::Admin } else { Role::Viewer }))
            }
        }
    }

    fn alive(&self, name: &str) -> Option<&Account> {
        self.0.get(name).filter(|account| !account.deleted)
    }

    /// The organization of an entity: its team's, itself, or of a user the only
    /// one that he has.
    #[must_use]
    pub fn organization_of(&self, entity: &str) -> Option<&str> {
        let (name, account) = self.0.get_key_value(entity).filter(|(_, account)| !account.deleted)?;
        match &account.kind {
            Kind::Organization => Some(name),
            Kind::Team { organization } => Some(organization),
            Kind::User => match self.organizations_of(entity).as_slice() {
                [only] => Some(only),
                _ => None,
            },
        }
    }

    /// The organizations that a user has a role in, or in one of whose teams.
    #[must_use]
    pub fn organizations_of(&self, user: &str) -> Vec<&str> {
        let mut found = Vec::new();
        for (name, account) in self.0.iter().filter(|(_, account)| !account.deleted) {
            match &account.kind {
                _ if !account.members.contains_key(user) => {}
                Kind::User => {}
                Kind::Organization => found.push(name.as_str()),
                Kind::Team { organization } => found.push(organization.as_str()),
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The teams of an organization, by name.
    pub fn teams_of<'a>(&'a self, organization: &'a str) -> impl Iterator<Item = &'a str> {
        let of = move |account: &Account| matches!(&account.kind, Kind::Team { organization: of } if of == organization);
        self.0
            .iter()
            .filter(move |(_, account)| !account.deleted && of(account))
            .map(|(name, _)| name.as_str())
    }
}

impl Access {
    /// The home's owner: everything.
    #[must_use]
    pub fn owner(name: &str) -> Self {
        Self { user: name.to_owned(), everything: true, directory: Arc::default() }
    }

    /// A user of a hub; an administrator of it may do everything.
    #[must_use]
    pub fn user(name: &str, admin: bool, directory: Arc<Directory>) -> Self {
        Self { user: name.to_owned(), everything: admin, directory }
    }

    /// Whether the caller may do this to this entity's data.
    #[must_use]
    pub fn allows(&self, entity: &str, verb: Verb) -> bool {
        self.everything || self.directory.role(&self.user, entity).is_some_and(|role| permits(role, verb))
    }

    /// Whether the caller may do everything, and administers the hub.
    #[must_use]
    pub fn everything(&self) -> bool {
        self.everything
    }

    /// Every registered entity.
    #[must_use]
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// The entities that the caller may not read.
    #[must_use]
    pub fn hidden(&self) -> Vec<String> {
        self.directory.0.keys().filter(|entity| !self.allows(entity, Verb::Read)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERBS: [Verb; 4] = [Verb::Read, Verb::Write, Verb::Delete, Verb::Admin];

    fn account(kind: Kind, members: &[(&str, Role)]) -> Account {
        let members = members.iter().map(|(name, role)| ((*name).to_owned(), *role)).collect();
        Account { kind, deleted: false, members }
    }

    fn team(members: &[(&str, Role)]) -> Account {
        account(Kind::Team { organization: "acme".into() }, members)
    }

    fn directory() -> Arc<Directory> {
        use Role::{Admin, Member, Viewer};
        let mut all = BTreeMap::new();
        for user in ["boss", "clerk", "guest", "lead", "coder", "reader", "other"] {
            all.insert(user.to_owned(), account(Kind::User, &[]));
        }
        let acme = [("boss", Admin), ("clerk", Member), ("guest", Viewer)];
        all.insert("acme".into(), account(Kind::Organization, &acme));
        let vision = [("lead", Admin), ("coder", Member), ("reader", Viewer)];
        all.insert("vision".into(), team(&vision));
        all.insert("audio".into(), team(&[("other", Admin)]));
        all.insert("gone".into(), Account { deleted: true, ..team(&vision) });
        Arc::new(Directory(all))
    }

    #[test]
    fn users_entities_and_verbs() {
        let directory = directory();
        // How many of the verbs, which are in order of what they need.
        for (user, entity, verbs) in [
            ("boss", "acme", 4),
            ("clerk", "acme", 3),
            ("guest", "acme", 1),
            ("lead", "acme", 0),
            ("coder", "acme", 0),
            ("boss", "vision", 4),
            ("clerk", "vision", 1),
            ("guest", "vision", 1),
            ("lead", "vision", 4),
            ("coder", "vision", 3),
            ("reader", "vision", 1),
            ("other", "vision", 0),
            ("coder", "audio", 0),
            ("boss", "audio", 4),
            ("boss", "gone", 0),
            ("lead", "gone", 0),
            ("boss", "boss", 4),
            ("boss", "coder", 0),
            ("coder", "coder", 4),
            ("coder", "local", 3),
            ("nobody", "local", 3),
            ("nobody", "nobody", 3),
            ("nobody", "acme", 0),
        ] {
            let access = Access::user(user, false, directory.clone());
            let allowed = VERBS.map(|verb| access.allows(entity, verb));
            assert_eq!(allowed, [0, 1, 2, 3].map(|at| at < verbs), "{user} at {entity}");
        }
        for access in [Access::user("x", true, directory), Access::owner("x")] {
            for entity in ["acme", "vision", "gone", "coder", "local"] {
                assert!(VERBS.iter().all(|verb| access.allows(entity, *verb)), "{entity}");
            }
            assert!(access.hidden().is_empty());
        }
    }

    #[test]
    fn what_one_may_not_read_is_hidden() {
        let access = Access::user("coder", false, directory());
        assert_eq!(
            access.hidden(),
            ["acme", "audio", "boss", "clerk", "gone", "guest", "lead", "other", "reader"]
        );
    }

    #[test]
    fn entities_have_an_organization() {
        let directory = directory();
        for (entity, organization) in [
            ("vision", Some("acme")),
            ("acme", Some("acme")),
            ("coder", Some("acme")),
            ("gone", None),
            ("local", None),
        ] {
            assert_eq!(directory.organization_of(entity), organization, "{entity}");
        }
        assert_eq!(directory.teams_of("acme").collect::<Vec<_>>(), ["audio", "vision"]);
        assert_eq!(directory.organizations_of("nobody"), [""; 0]);
    }
}
