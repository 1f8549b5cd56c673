//! Tickets: what `pannier open` gives to a browser instead of the key. Each is
//! good once and for a minute, and is kept in memory only.

use std::io;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use http::StatusCode;
use pannier_proto::id::Id128;
use serde::{Deserialize, Serialize};

use crate::api::App;
use crate::api::bytes::broken;
use crate::api::respond::{Answer, Failure};
use crate::token;

/// How long a ticket is good.
pub const LIFE: Duration = Duration::from_secs(60);
/// Tickets at once; the oldest makes room.
const TICKETS_MAX: usize = 16;

/// The tickets that nobody has used yet.
#[derive(Default)]
pub struct Tickets(Mutex<Vec<Ticket>>);

struct Ticket {
    ticket: String,
    until: Instant,
    path: Option<String>,
}

impl Tickets {
    /// A new one, for whoever wants to go to this path.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn issue(&self, now: Instant, path: Option<String>) -> io::Result<String> {
        let ticket = Id128(token::random()?).to_string();
        let mut held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if held.len() >= TICKETS_MAX {
            held.remove(0);
        }
        held.push(Ticket { ticket: ticket.clone(), until: now + LIFE, path });
        Ok(ticket)
    }

    /// The path of a ticket, where this is one; from now on it is none.
    #[must_use]
    pub fn redeem(&self, shown: &str, now: Instant) -> Option<Option<String>> {
        let mut held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        held.retain(|ticket| now < ticket.until);
        let at = held.iter().position(|held| token::same(&held.ticket, shown))?;
        Some(held.remove(at).path)
    }
}

/// `POST /v1/http/ticket`.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AskTicket {
    /// The path of the dashboard to go to.
    pub path: Option<String>,
}

/// The answer to [`AskTicket`].
#[derive(Serialize, Deserialize)]
pub struct LocalTicket {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// The ticket.
    pub ticket: String,
    /// For how many seconds it is good.
    pub expires_in_s: u64,
}

/// Makes a ticket for the owner, who asks on the socket.
pub async fn ticket(State(app): State<App>, body: Bytes) -> Answer<Json<LocalTicket>> {
    let asked: Option<AskTicket> = match body.trim_ascii() {
        b"" => None,
        body => serde_json::from_slice(body)
            .map_err(|error| Failure::bad(format!("the body is not {{\"path\": …}}: {error}")))?,
    };
    let path = asked.and_then(|asked| asked.path).filter(|path| is_local(path));
    let Some(url) = app.web.local_url.clone() else {
        return Err(Failure::new(StatusCode::CONFLICT, "there is no port on 127.0.0.1 here")
            .hint("a daemon has one unless --no-http or PANNIER_HTTP=off; at a hub, open its own URL and sign in with a user's token"));
    };
    let ticket = app.entrance.tickets.issue(Instant::now(), path).map_err(broken)?;
    Ok(Json(LocalTicket { url, ticket, expires_in_s: LIFE.as_secs() }))
}

/// Whether a path leads nowhere else. Browsers leave out tabs and line ends, and
/// take `\` for `/`.
fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_daemon_are_gone_to() {
        for path in ["/", "/e/p/runs/r?x=1#y", "/e/a%20b"] {
            assert!(is_local(path), "{path}");
        }
        for path in [
            "",
            "e",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example",
            " /",
            "/ü",
        ] {
            assert!(!is_local(path), "{path:?}");
        }
    }

    #[test]
    fn a_ticket_is_good_once_and_for_a_minute() {
        let (tickets, now) = (Tickets::default(), Instant::now());
        let (first, second) =
            (tickets.issue(now, None).unwrap(), tickets.issue(now, Some("/e".to_owned())).unwrap());
        assert!(tickets.redeem("", now).is_none() && tickets.redeem(&"0".repeat(32), now).is_none());
        assert_eq!(tickets.redeem(&second, now), Some(Some("/e".to_owned())));
        assert_eq!(tickets.redeem(&second, now), None);
        assert_eq!(tickets.redeem(&first, now + LIFE), None, "too late");
        let late = tickets.issue(now, None).unwrap();
        assert_eq!(tickets.redeem(&late, now + LIFE - Duration::from_millis(1)), Some(None));
    }

    #[test]
    fn they_do_not_pile_up() {
        let (tickets, now) = (Tickets::default(), Instant::now());
        let first = tickets.issue(now, None).unwrap();
        let rest: Vec<_> = (0..TICKETS_MAX).map(|_| tickets.issue(now, None).unwrap()).collect();
        assert!(tickets.redeem(&first, now).is_none());
        assert!(rest.iter().all(|ticket| tickets.redeem(ticket, now).is_some()));
    }
}
