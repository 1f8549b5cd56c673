//! `pannier hub user|org|team`. They work before there is a hub, or while it
//! runs: in the first case this process takes the home and writes itself, in
//! the second it asks the hub.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Subcommand;
use pannier_proto::admin::{
    AddOrganization, AddTeam, AddUser, Deleted, Group, MadeUser, Organizations, Role, Teams, Users,
};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::client::Client;
use super::failure::{Failure, Result};
use super::show::{self, Table};
use crate::administration::{Asked, Of};
use crate::daemon::open_store;
use crate::home::{Home, HomeError, HomeLock};
use crate::store::Store;

/// A process that holds the home but does not listen is starting or ending.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// A file that is longer holds no key and no password.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// Who may come in.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Make a user and print the token, the only time it is shown
    #[command(after_help = "\
The name is also the entity of the user's own runs. The token is what `pannier remote add` and
WANDB_API_KEY want; a password signs a browser in besides it. Other users of this machine can see
what is on a command line, so prefer --password-file and --api-key-file, and leave the key out
unless an old one is to be kept.

Examples:
  pannier hub user add ann
  pannier hub user add root --admin --email root@example.org --password-file -")]
    Add {
        /// What to call the user
        name: String,
        /// The token, instead of a new one: 40 or more letters, digits, - or _
        #[arg(long, value_name = "KEY", conflicts_with = "api_key_file")]
        api_key: Option<String>,
        /// The file with the token; `-` for standard input
        #[arg(long, value_name = "FILE|-")]
        api_key_file: Option<PathBuf>,
        /// The password; others can see it here, prefer --password-file
        #[arg(long, value_name = "PASSWORD", conflicts_with = "password_file")]
        password: Option<String>,
        /// The file with the password; `-` for standard input
        #[arg(long, value_name = "FILE|-")]
        password_file: Option<PathBuf>,
        /// Where the user gets mail
        #[arg(long)]
        email: Option<String>,
        /// Let the user administer the hub: everything, of everybody
        #[arg(long)]
        admin: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the users
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete a user; the token is refused from then on, what was logged stays
    #[command(alias = "remove")]
    Delete {
        /// The user
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Whose registries and teams there are.
#[derive(Debug, Subcommand)]
pub enum Org {
    /// Make an organization; the name is also the entity of its registries
    Add {
        /// What to call it
        name: String,
        /// The user who administers it
        #[arg(long, value_name = "USER")]
        admin: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the organizations and their members
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a user a role in an organization, or take it away
    Member {
        /// The organization
        name: String,
        #[command(flatten)]
        member: Membership,
    },
    /// Delete an organization; what its registries hold stays
    Delete {
        /// The organization
        name: String,
        /// With its teams
        #[arg(long)]
        force: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Who logs together.
#[derive(Debug, Subcommand)]
pub enum Team {
    /// Make a team of an organization; the name is also the entity of its runs
    Add {
        /// What to call it
        name: String,
        /// Whose team it is
        #[arg(long, value_name = "ORG")]
        org: String,
        /// The user who administers it
        #[arg(long, value_name = "USER")]
        admin: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the teams and their members
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a user a role in a team, or take it away
    Member {
        /// The team
        name: String,
        #[command(flatten)]
        member: Membership,
    },
    /// Delete a team; what it logged stays
    Delete {
        /// The team
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// A role to give, or one to take away.
#[derive(Debug, clap::Args)]
pub struct Membership {
    /// The user
    user: String,
    /// admin, member or viewer
    #[arg(long, required_unless_present = "remove")]
    role: Option<Role>,
    /// Take the role away
    #[arg(long, conflicts_with = "role")]
    remove: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// `pannier hub user`.
pub fn user(home: &Home, command: User, out: &mut dyn Write) -> Result {
    match command {
        User::Add { name, api_key, api_key_file, password, password_file, email, admin, json } => {
            let api_key = secret(api_key, api_key_file.as_deref(), "key")?;
            let password = secret(password, password_file.as_deref(), "password")?;
            let asked = AddUser { name, api_key, password, email, admin };
            show_or(out, json, ask(home, Asked::AddUser(asked))?, |out, made: MadeUser| {
                writeln!(out, "{}", made.token)?;
                out.flush()?;
                // Beside the token, so that standard output is the token alone.
                eprintln!(
                    "The token of {}, shown only this once. Keep it in a file of mode 600 and use it with",
                    show::clean(&made.name)
                );
                eprintln!("  pannier remote add hub URL --token-file FILE");
                Ok(())
            })
        }
        User::List { json } => show_or(out, json, ask(home, Asked::Users)?, |out, all: Users| {
            let mut table = Table::new(&["USER", "ADMIN", "EMAIL", "SINCE"]);
            for user in all.users {
                let admin = if user.admin { "yes" } else { "" };
                let (email, since) = (user.email.unwrap_or_default(), show::moment(user.created_us));
                table.row([user.name, admin.to_owned(), email, since]);
            }
            Ok(table.print(out)?)
        }),
        User::Delete { name, json } => deleted(out, json, ask(home, Asked::DeleteUser(name))?),
    }
}

/// `pannier hub org`.
pub fn org(home: &Home, command: Org, out: &mut dyn Write) -> Result {
    let of = Of::Organization;
    match command {
        Org::Add { name, admin, json } => {
            group(out, json, of, ask(home, Asked::AddOrganization(AddOrganization { name, admin }))?)
        }
        Org::List { json } => show_or(out, json, ask(home, Asked::List(of))?, |out, all: Organizations| {
            groups(out, &["ORGANIZATION", "MEMBERS"], all.organizations)
        }),
        Org::Member { name, member } => self::member(home, of, name, member, out),
        Org::Delete { name, force, json } => {
            deleted(out, json, ask(home, Asked::Delete { of, name, force })?)
        }
    }
}

/// `pannier hub team`.
pub fn team(home: &Home, command: Team, out: &mut dyn Write) -> Result {
    let of = Of::Team;
    match command {
        Team::Add { name, org: organization, admin, json } => {
            group(out, json, of, ask(home, Asked::AddTeam(AddTeam { name, organization, admin }))?)
        }
        Team::List { json } => show_or(out, json, ask(home, Asked::List(of))?, |out, all: Teams| {
            groups(out, &["TEAM", "ORGANIZATION", "MEMBERS"], all.teams)
        }),
        Team::Member { name, member } => self::member(home, of, name, member, out),
        Team::Delete { name, json } => {
            deleted(out, json, ask(home, Asked::Delete { of, name, force: false })?)
        }
    }
}

fn member(home: &Home, of: Of, name: String, member: Membership, out: &mut dyn Write) -> Result {
    let Membership { user, role, remove, json } = member;
    let role = role.filter(|_| !remove);
    let said = ask(home, Asked::Member { of, name, user, role })?;
    if role.is_some() { group(out, json, of, said) } else { deleted(out, json, said) }
}

/// Prints what was answered, as it is or for people.
fn show_or<T: DeserializeOwned>(
    out: &mut dyn Write,
    json: bool,
    said: Json,
    print: impl FnOnce(&mut dyn Write, T) -> Result<()>,
) -> Result {
    if json {
        show::json(out, &said)?;
    } else {
        print(out, serde_json::from_value(said)?)?;
    }
    Ok(0)
}

fn deleted(out: &mut dyn Write, json: bool, said: Json) -> Result {
    show_or(out, json, said, |out, said: Deleted| Ok(writeln!(out, "{}", show::clean(&said.done))?))
}

fn group(out: &mut dyn Write, json: bool, of: Of, said: Json) -> Result {
    show_or(out, json, said, |out, group: Group| {
        let name = show::clean(&group.name).into_owned();
        Ok(writeln!(out, "{} {name}: {}", of.word(), members(&group))?)
    })
}

fn groups(out: &mut dyn Write, titles: &[&str], groups: Vec<Group>) -> Result<()> {
    let mut table = Table::new(titles);
    for group in groups {
        let members = members(&group);
        table.row([Some(group.name), group.organization, Some(members)].into_iter().flatten());
    }
    Ok(table.print(out)?)
}

fn members(group: &Group) -> String {
    let member = |(name, role): (&String, &Role)| format!("{} ({role})", show::clean(name));
    group.members.iter().map(member).collect::<Vec<_>>().join(", ")
}

/// What was said, or what a file or standard input holds, without its line end.
fn secret(said: Option<String>, file: Option<&Path>, what: &str) -> Result<Option<String>> {
    let Some(file) = file else { return Ok(said) };
    let failed = |error: std::io::Error| Failure::file("read", file, &error);
    let mut text = String::new();
    match file == Path::new("-") {
        true => std::io::stdin().take(SECRET_BYTES_MAX).read_to_string(&mut text).map_err(failed)?,
        false => {
            let file = std::fs::File::open(file).map_err(failed)?;
            file.take(SECRET_BYTES_MAX).read_to_string(&mut text).map_err(failed)?
        }
    };
    match text.trim_end_matches(['\r', '\n']) {
        "" => {
            Err(Failure::new(format!("the {what} is empty")).hint(format!("write the {what}, alone, there")))
        }
        text => Ok(Some(text.to_owned())),
    }
}

/// Does it, or has the hub do it.
fn ask(home: &Home, asked: Asked) -> Result<Json> {
    // The database is for this user only, whoever makes it.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    home.prepare()?;
    match Reached::to(home)? {
        Reached::Own(store, lock) => {
            let said = asked.perform(&store);
            store.close();
            drop(lock);
            Ok(said?)
        }
        Reached::Served(hub) => {
            let (method, path, body) = asked.request();
            hub.call(method, &path, body.as_ref())?.json()
        }
    }
}

/// How the users of a home can be reached.
enum Reached {
    /// Nobody serves the home; it is ours as long as we have the lock.
    Own(Box<Store>, HomeLock),
    /// A hub serves it.
    Served(Client),
}

impl Reached {
    fn to(home: &Home) -> Result<Self> {
        let client = Client::new(home.socket());
        let began = Instant::now();
        loop {
            match home.lock() {
                Ok(lock) => return Ok(Self::Own(Box::new(open_store(home)?), lock)),
                Err(HomeError::Held { .. }) if client.ready() => return Ok(Self::Served(client)),
                Err(error) if began.elapsed() > PATIENCE || !matches!(error, HomeError::Held { .. }) => {
                    return Err(error.into());
                }
                Err(_) => sleep(LOOK_INTERVAL),
            }
        }
    }
}
