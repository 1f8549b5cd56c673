//! Tickets: what `pannier open` gives to a browser instead of the key. Each is
//! good once and for a minute, and is kept in memory only.

use std::io;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::Json;
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
pub struct Tickets(Mutex<Vec<(String, Instant)>>);

impl Tickets {
    /// A new one.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn issue(&self, now: Instant) -> io::Result<String> {
        let ticket = Id128(token::random()?).to_string();
        let mut held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if held.len() >= TICKETS_MAX {
            held.remove(0);
        }
        held.push((ticket.clone(), now + LIFE));
        Ok(ticket)
    }

    /// Whether this is one; from now on it is none.
    #[must_use]
    pub fn redeem(&self, shown: &str, now: Instant) -> bool {
        let mut held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        held.retain(|(_, until)| now < *until);
        let before = held.len();
        held.retain(|(ticket, _)| !token::same(ticket, shown));
        held.len() < before
    }
}

/// The answer of `POST /v1/http/ticket`.
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
pub async fn ticket(State(app): State<App>) -> Answer<Json<LocalTicket>> {
    let Some(url) = app.web.local_url.clone() else {
        return Err(Failure::new(StatusCode::CONFLICT, "there is no port on 127.0.0.1 here")
            .hint("a daemon has one unless --no-http or PANNIER_HTTP=off; at a hub, open its own URL and sign in with a user's token"));
    };
    let ticket = app.pages.tickets.issue(Instant::now()).map_err(broken)?;
    Ok(Json(LocalTicket { url, ticket, expires_in_s: LIFE.as_secs() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_once_and_for_a_minute() {
        let (tickets, now) = (Tickets::default(), Instant::now());
        let (first, second) = (tickets.issue(now).unwrap(), tickets.issue(now).unwrap());
        assert!(!tickets.redeem("", now) && !tickets.redeem(&"0".repeat(32), now));
        assert!(tickets.redeem(&second, now) && !tickets.redeem(&second, now));
        assert!(!tickets.redeem(&first, now + LIFE), "too late");
        let late = tickets.issue(now).unwrap();
        assert!(tickets.redeem(&late, now + LIFE - Duration::from_millis(1)));
    }

    #[test]
    fn they_do_not_pile_up() {
        let (tickets, now) = (Tickets::default(), Instant::now());
        let first = tickets.issue(now).unwrap();
        let rest: Vec<_> = (0..TICKETS_MAX).map(|_| tickets.issue(now).unwrap()).collect();
        assert!(!tickets.redeem(&first, now));
        assert!(rest.iter().all(|ticket| tickets.redeem(ticket, now)));
    }
}
