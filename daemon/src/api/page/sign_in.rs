//! Signing in and out with a browser: by the key, or by a ticket of `pannier
//! open`. Knows no view.

use std::time::{Duration, Instant};

use axum::Form;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, LOCATION, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;

use super::frame::Page;
use super::{Refused, session};
use crate::api::App;
use crate::api::auth::{Caller, by_token, user};
use crate::api::web::Door;
use crate::password;
use crate::percent::encode;

#[derive(Deserialize)]
pub struct Look {
    ticket: Option<String>,
    to: Option<String>,
}

#[derive(Deserialize)]
pub struct SignIn {
    /// At a hub, with a password.
    user: Option<String>,
    key: String,
    to: Option<String>,
}

/// `GET /login`: with a ticket, signs in; else shows the form to whoever is not
/// signed in yet.
pub async fn look(
    State(app): State<App>,
    headers: HeaderMap,
    Query(asked): Query<Look>,
) -> Result<Response, Refused> {
    let to = local(asked.to.as_deref());
    if let Some(ticket) = asked.ticket {
        if !app.pages.tickets.redeem(&ticket, Instant::now()) {
            let said = "This link has been used, or is older than a minute. Run `pannier open` again.";
            return Ok(form(app.door, to, Some(said)).into_response());
        }
        let owner = Caller::owner(&app.web.owner);
        return signed_in(&app, &headers, &owner, to).await;
    }
    match session::caller(&app, &headers).await? {
        Some(_) => Ok(go(to)),
        None => Ok(Page { status: StatusCode::OK, ..form(app.door, to, None) }.into_response()),
    }
}

/// `POST /login`: signs in with a key, or with a user's name and password.
pub async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    Form(asked): Form<SignIn>,
) -> Result<Response, Refused> {
    let to = local(asked.to.as_deref());
    if let Err(wait) = app.pages.throttle.begin(Instant::now()) {
        return Ok(too_often(app.door, to, wait));
    }
    let named = asked.user.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let found = match by_token(&app, asked.key.trim().to_owned()).await? {
        None if matches!(app.door, Door::Hub { .. }) => by_password(&app, named, asked.key.clone()).await?,
        found => found.filter(|caller| named.is_none_or(|name| name == caller.name)),
    };
    match found {
        Some(caller) => {
            app.pages.throttle.forgive();
            signed_in(&app, &headers, &caller, to).await
        }
        None => Ok(form(app.door, to, Some(wrong(app.door))).into_response()),
    }
}

fn wrong(door: Door) -> &'static str {
    match door {
        Door::Hub { .. } => "Nobody here has this name and this password, or this token.",
        Door::Socket | Door::Loopback => "This key is not known here.",
    }
}

async fn by_password(app: &App, name: Option<&str>, given: String) -> Result<Option<Caller>, Refused> {
    let Some(name) = name.map(str::to_owned) else { return Ok(None) };
    let found = user(app, move |store| {
        let kept = store.password_hash_of(&name)?;
        match password::is_right(&given, kept.as_deref()) {
            true => store.user_known(&name),
            false => Ok(None),
        }
    });
    Ok(found.await?)
}

/// `POST /logout`: takes the cookie away.
pub async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Result<Response, Refused> {
    let mut response = go("/login");
    response.headers_mut().insert(SET_COOKIE, session::end(&app, &headers)?);
    Ok(response)
}

async fn signed_in(app: &App, headers: &HeaderMap, user: &Caller, to: &str) -> Result<Response, Refused> {
    // Removed in this very moment.
    let Some(cookie) = session::begin(app, headers, user).await? else {
        return Ok(form(app.door, to, None).into_response());
    };
    let mut response = go(to);
    response.headers_mut().insert(SET_COOKIE, cookie);
    Ok(response)
}

fn go(to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    let headers = [(LOCATION, to), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// The path of this daemon that is meant; where it could lead elsewhere, `/`.
/// Browsers leave out tabs and line ends, and take `\` for `/`.
fn local(to: Option<&str>) -> &str {
    let stays = |to: &&str| {
        to.starts_with('/')
            && !to.starts_with("//")
            && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    to.filter(stays).unwrap_or("/")
}

/// Whether the answer is for a person's eyes.
pub fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|accepted| accepted.to_str().ok());
    accepted
        .flat_map(|all| all.split(','))
        .any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html")))
}

/// The answer to a browser that shows no proof.
pub fn asked(door: Door, request: &Request) -> Response {
    let to = request.uri().path_and_query().map(http::uri::PathAndQuery::as_str);
    let to = local(to);
    let mut page = form(door, to, None);
    // Whoever follows a link on a page of another site does not send the cookie,
    // though he may have one. He does when he comes from here.
    let site = request.headers().get(HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| site == "cross-site" || site == "same-site") {
        page.onward = Some(format!("/login?to={}", encode(to)));
    }
    ([(WWW_AUTHENTICATE, "Bearer")], page).into_response()
}

fn too_often(door: Door, to: &str, wait: Duration) -> Response {
    let mut page = form(door, to, Some("Too many wrong keys were tried here. Wait a minute."));
    page.status = StatusCode::TOO_MANY_REQUESTS;
    let seconds = wait.as_secs() + 1;
    ([(RETRY_AFTER, seconds.to_string())], page).into_response()
}

/// What this is, and the form.
fn form(door: Door, to: &str, problem: Option<&'static str>) -> Page {
    let mut page = Page::new("Sign in to pannier");
    page.status = StatusCode::UNAUTHORIZED;
    let html = &mut page.body;
    if let Some(problem) = problem {
        html.tag("<p class=\"bad\" role=\"alert\">").text(problem).tag("</p>\n");
    }
    let hub = matches!(door, Door::Hub { .. });
    html.tag(if hub {
        "<p>This is a pannier hub: it keeps what its users’ training runs log, and shows it to them only. \
         Sign in with your name and password, or with your token alone. The hub’s operator makes them with \
         <code>pannier hub user add NAME</code>.</p>\n"
    } else {
        "<p>This is pannier, which keeps what training runs on this machine log. It shows them to its owner only.</p>\n\
         <p>In a terminal of that machine, <code>pannier open</code> signs this browser in. Or paste the key here: \
         <code>pannier env</code> prints it as <code>WANDB_API_KEY</code>.</p>\n"
    });
    html.tag("<form method=\"post\" action=\"/login\">\n<input type=\"hidden\" name=\"to\" value=\"")
        .text(to);
    html.tag("\">\n");
    if hub {
        html.tag("<label for=\"user\">Name</label>\n");
        html.tag("<input id=\"user\" name=\"user\" autocomplete=\"username\" autofocus>\n");
    }
    html.tag("<label for=\"key\">").tag(if hub { "Password or token" } else { "Key" }).tag("</label>\n");
    html.tag("<input id=\"key\" name=\"key\" type=\"password\" autocomplete=\"current-password\" required");
    html.tag(if hub { ">\n" } else { " autofocus>\n" });
    html.tag("<button>Sign in</button>\n</form>\n");
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_daemon_are_gone_to() {
        for to in ["/", "/e/p/runs/r?x=1#y", "/e/a%20b", "/login"] {
            assert_eq!(local(Some(to)), to);
        }
        for to in [
            "",
            "e",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            " /",
            "/ü",
            "/a\r\nSet-Cookie: x",
        ] {
            assert_eq!(local(Some(to)), "/", "{to:?}");
        }
        assert_eq!(local(None), "/");
    }

    #[test]
    fn browsers_are_told_from_programs() {
        let says = |accepted: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_str(accepted).unwrap());
            wants_html(&headers)
        };
        assert!(says("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8") && says("a/b, TEXT/HTML;q=0.5"));
        assert!(!says("*/*") && !says("application/json") && !says("text/htmlx"));
        assert!(!wants_html(&HeaderMap::new()));
    }
}
