//! Who asks: tokens, and what keeps pages of other origins out. What a route
//! needs of him is on the list in `permit`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::dashboard::session;
use super::permit::{self, Need};
use super::respond::Answer;
use super::web::{Door, Web, default_entity, host, without_port};
use super::{App, blocking};
use crate::access::{Access, Directory, Verb};
use crate::ingest::registry::Author;
use crate::store::{self, Known, Store};
use crate::token;

/// The names of this machine for itself.
const LOCAL: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Who asks. On the socket, and with the home's own key, its owner, who has the
/// name of the system's user; at a hub, the user whose token it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name.
    pub name: String,
    /// The entity of runs that name none: the home's, or a user's own.
    pub entity: String,
    /// What he may do.
    pub access: Access,
}

impl Caller {
    /// The home's owner.
    #[must_use]
    pub fn owner(name: &str) -> Self {
        Self { name: name.to_owned(), entity: default_entity(), access: Access::owner(name) }
    }

    fn user(user: Known, directory: Arc<Directory>) -> Self {
        let access = Access::user(&user.name, user.admin, directory);
        Self { entity: user.name.clone(), name: user.name, access }
    }

    /// As the author of what is done in this entity.
    #[must_use]
    pub fn author(&self, entity: &str) -> Author {
        Author { name: self.name.clone(), admin: self.access.allows(entity, Verb::Admin) }
    }
}

/// Lets a request through to its route, with its [`Caller`], or answers it.
pub async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if let Some(problem) = stranger(app.door, &app.web, request.method(), request.headers()) {
        return refusal(StatusCode::FORBIDDEN, problem, "open pannier's own address, and nothing else's");
    }
    let needed = permit::needed(&request);
    if matches!(needed, Ok(Some(Need::Nothing))) {
        return next.run(request).await;
    }
    let caller = match caller(&app, request.headers()).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return unknown(&app, request.headers()),
        Err(failure) => return failure.into_response(),
    };
    match permitted(needed, &caller, &mut request).await {
        Ok(()) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    }
}

async fn permitted(needed: Answer<Option<Need>>, caller: &Caller, request: &mut Request) -> Answer<()> {
    match needed? {
        Some(need) => permit::check(need, caller, request).await,
        None => Ok(()),
    }
}

/// Who asks: whose key it is that he shows, or whose session.
async fn caller(app: &App, headers: &HeaderMap) -> Answer<Option<Caller>> {
    if app.door == Door::Socket {
        return Ok(Some(Caller::owner(&app.web.owner)));
    }
    let Some(shown) = shown(headers) else { return Ok(None) };
    match session::caller(app, &shown).await? {
        None => by_key(app, shown).await,
        found => Ok(found),
    }
}

/// Whose key it is.
///
/// # Errors
/// As the store's.
pub async fn by_key(app: &App, shown: String) -> Answer<Option<Caller>> {
    match app.door {
        Door::Socket | Door::Loopback => {
            Ok(token::same(&shown, &app.web.token).then(|| Caller::owner(&app.web.owner)))
        }
        Door::Hub { .. } => user(app, move |store| store.user_of(&shown)).await,
    }
}

/// The user of a hub that `find` finds, with what he may do now.
///
/// # Errors
/// As the store's.
pub async fn user(
    app: &App,
    find: impl FnOnce(&Store) -> store::Result<Option<Known>> + Send + 'static,
) -> Answer<Option<Caller>> {
    let store = app.store.clone();
    let found = blocking(move || match find(&store)? {
        Some(user) => Ok(Some(Caller::user(user, store.directory()?))),
        None => Ok(None),
    });
    Ok(found.await?)
}

/// The token of a request: `Bearer TOKEN`, or what W&B's clients send, `Basic`
/// with the token as the password of whatever user.
fn shown(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.to_owned());
    }
    let basic = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest).ok()).flatten()?;
    let (_, password) = std::str::from_utf8(&basic).ok()?.split_once(':')?;
    Some(password.to_owned())
}

/// The answer to whom nobody knows.
fn unknown(app: &App, headers: &HeaderMap) -> Response {
    let problem = match shown(headers) {
        None => "a token is needed here",
        Some(_) => "this token is not known here",
    };
    let hint = match app.door {
        Door::Hub { .. } => {
            "ask the hub's operator for a token: `pannier hub user add NAME`, and give it to `pannier remote add`"
        }
        Door::Socket | Door::Loopback => {
            "`pannier run -- CMD` gives a program the key, `pannier env` prints it"
        }
    };
    let mut response = refusal(StatusCode::UNAUTHORIZED, problem, hint);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// A refusal in the two forms that clients read: ours, and GraphQL's.
fn refusal(status: StatusCode, error: &str, hint: &str) -> Response {
    let errors = json!([{ "message": format!("{error}; {hint}") }]);
    (status, Json(json!({ "error": error, "hint": hint, "errors": errors }))).into_response()
}

/// Why the request comes from a page that has no business here, whatever it
/// knows, or from one that calls itself us by a name that is not ours (DNS
/// rebinding). Said before any token is looked at, whatever the method.
fn stranger(door: Door, web: &Web, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let public = web.public_url.as_deref();
    let public_host = public.and_then(|url| url.split_once("://")).map(|(_, host)| host);
    let checked = match door {
        Door::Socket => return None,
        Door::Loopback => true,
        Door::Hub { .. } => public.is_some(),
    };
    let host = host(headers);
    let ours = |host: &str| {
        let name = without_port(host);
        LOCAL.iter().chain(&public_host.map(without_port)).any(|known| name.eq_ignore_ascii_case(known))
    };
    if checked && !host.is_some_and(ours) {
        return Some("this is not a name of this pannier");
    }
    let text = |name: HeaderName| headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"));
    let same_origin = |origin: &str| {
        public == Some(origin) || origin.split_once("://").is_some_and(|(_, from)| Some(from) == host)
    };
    if !text(ORIGIN).all(same_origin) {
        return Some("requests from pages of other origins are refused");
    }
    let fetch = |name| text(HeaderName::from_static(name)).next().unwrap_or_default();
    let foreign = !["", "same-origin", "none"].contains(&fetch("sec-fetch-site"));
    // A link to us that a person follows, in a notebook for example: the other
    // page learns nothing of the answer, and reading changes nothing.
    let followed = matches!(*method, Method::GET | Method::HEAD)
        && (fetch("sec-fetch-mode"), fetch("sec-fetch-dest")) == ("navigate", "document");
    (foreign && !followed).then_some("requests from pages of other origins are refused")
}

/// What the home's owner needs to come in over TCP: asked for on the socket.
pub async fn local_http(State(app): State<App>) -> Json<LocalHttp> {
    let token = app.web.local_url.as_ref().map(|_| app.web.token.clone());
    Json(LocalHttp { url: app.web.local_url.clone(), token })
}

/// The answer of `GET /v1/http`; both, or neither.
#[derive(Serialize, Deserialize)]
pub struct LocalHttp {
    /// `http://127.0.0.1:PORT`.
    pub url: Option<String>,
    /// Its key.
    pub token: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUB: Door = Door::Hub { tls: true };

    fn web(public_url: Option<&str>) -> Web {
        let (token, blob_key, owner) = (String::new(), [0; 32], String::new());
        Web { public_url: public_url.map(str::to_owned), local_url: None, token, blob_key, owner }
    }

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let value = |value: &str| HeaderValue::from_str(value).unwrap();
        all.iter().map(|(name, text)| (HeaderName::from_static(name), value(text))).collect()
    }

    #[test]
    fn who_gets_past_the_door() {
        const PUBLIC: Option<&str> = Some("https://p.example");
        let methods = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
        for (door, public, sent, passes) in [
            (Door::Loopback, None, &[("host", "127.0.0.1:1")][..], true),
            (Door::Loopback, None, &[("host", "LocalHost:1")], true),
            (Door::Loopback, None, &[("host", "[::1]:1")], true),
            (Door::Loopback, None, &[("host", "evil.example:1")], false),
            (Door::Loopback, None, &[("host", "127.0.0.1.evil.example")], false),
            (Door::Loopback, None, &[("host", "p.example")], false),
            (Door::Loopback, PUBLIC, &[("host", "p.example:1")], true),
            (Door::Loopback, None, &[], false),
            (HUB, None, &[("host", "anything.example")], true),
            (HUB, PUBLIC, &[("host", "anything.example")], false),
            (HUB, PUBLIC, &[("host", "P.example")], true),
            (Door::Loopback, None, &[("host", "localhost:1"), ("origin", "http://localhost:1")], true),
            (Door::Loopback, None, &[("host", "localhost:1"), ("origin", "http://localhost:2")], false),
            (Door::Loopback, None, &[("host", "localhost:1"), ("origin", "http://evil.example")], false),
            (Door::Loopback, None, &[("host", "localhost:1"), ("origin", "null")], false),
            (HUB, None, &[("host", "h"), ("origin", "https://evil.example")], false),
            (HUB, PUBLIC, &[("host", "localhost:1"), ("origin", "https://p.example")], true),
            (HUB, None, &[("host", "h"), ("sec-fetch-site", "cross-site")], false),
            (HUB, None, &[("host", "h"), ("sec-fetch-site", "same-site")], false),
            (HUB, None, &[("host", "h"), ("sec-fetch-site", "same-origin")], true),
            (HUB, None, &[("host", "h"), ("sec-fetch-site", "none")], true),
            (Door::Socket, PUBLIC, &[("host", "pannier"), ("origin", "x")], true),
        ] {
            for method in &methods {
                let found = stranger(door, &web(public), method, &headers(sent));
                assert_eq!(found.is_none(), passes, "{method} {door:?} {public:?} {sent:?}: {found:?}");
            }
        }
    }

    #[test]
    fn a_link_may_be_followed_but_not_framed_nor_posted_to() {
        let sent = |dest| {
            headers(&[
                ("host", "localhost:1"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", dest),
            ])
        };
        let found = |method, dest| stranger(Door::Loopback, &web(None), &method, &sent(dest)).is_none();
        assert!(found(Method::GET, "document"));
        assert!(!found(Method::GET, "iframe") && !found(Method::POST, "document"));
    }

    #[test]
    fn two_hosts_or_two_origins_are_no_way_around() {
        let mut two = headers(&[("host", "localhost")]);
        two.append("host", HeaderValue::from_static("evil.example"));
        assert!(stranger(Door::Loopback, &web(None), &Method::GET, &two).is_some());
        let mut two = headers(&[("host", "localhost"), ("origin", "http://localhost")]);
        two.append("origin", HeaderValue::from_static("http://evil.example"));
        assert!(stranger(Door::Loopback, &web(None), &Method::GET, &two).is_some());
    }

    #[test]
    fn tokens_are_found_where_clients_put_them() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        for (header, token) in [
            ("Bearer pan-x".to_owned(), Some("pan-x")),
            ("bearer  pan-x ".to_owned(), Some("pan-x")),
            (basic("api:pan-x"), Some("pan-x")),
            (basic("user:a:b"), Some("a:b")),
            (basic("pan-x"), None),
            ("Basic ???".to_owned(), None),
            ("pan-x".to_owned(), None),
            ("Digest pan-x".to_owned(), None),
        ] {
            assert_eq!(shown(&headers(&[("authorization", &header)])).as_deref(), token, "{header}");
        }
    }
}
