//! How this daemon is reached over HTTP: by which listener, under what URL, and
//! with what secrets. Knows no route.

use http::HeaderMap;
use http::header::HOST;
use pannier_proto::id::DEFAULT_ENTITY;

use super::App;

/// The listener that a request came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The home's socket: whoever gets in is the owner.
    Socket,
    /// 127.0.0.1: every program of this machine can knock; the owner has the key.
    Loopback,
    /// A hub's address: users have tokens.
    Hub {
        /// Whether it speaks TLS.
        tls: bool,
    },
}

/// What is the same for all listeners. It holds secrets: no `Debug`.
pub struct Web {
    /// What others call us, where the operator said so; without a `/` at its end.
    pub public_url: Option<String>,
    /// `http://127.0.0.1:PORT`, where there is such a listener.
    pub local_url: Option<String>,
    /// The key of the loopback listener.
    pub token: String,
    /// What transfer links are signed with.
    pub blob_key: [u8; 32],
    /// The owner's name, for views that say who somebody is.
    pub owner: String,
}

/// The name that the owner has in answers: that of the system's user.
#[must_use]
pub fn owner() -> String {
    let named = |name| std::env::var(name).ok().filter(|name| !name.is_empty());
    named("USER").or_else(|| named("LOGNAME")).unwrap_or_else(|| DEFAULT_ENTITY.to_owned())
}

/// The entity of runs that name none: the one that the daemon was given.
#[must_use]
pub fn default_entity() -> String {
    let named = |name| std::env::var(name).ok().filter(|name| !name.is_empty());
    named("PANNIER_ENTITY").or_else(|| named("WANDB_ENTITY")).unwrap_or_else(|| DEFAULT_ENTITY.to_owned())
}

/// The beginning of absolute links in the answer to this request: the public
/// URL, else where the request was sent to. `X-Forwarded-…` is not believed:
/// anybody can send it, and an operator with a proxy can say `--public-url`.
#[must_use]
pub fn base_url(app: &App, headers: &HeaderMap) -> String {
    let scheme = if app.door == (Door::Hub { tls: true }) { "https" } else { "http" };
    let asked = || host(headers).map(|host| format!("{scheme}://{host}"));
    let found = match (&app.web.public_url, app.door) {
        (Some(url), _) => Some(url.clone()),
        // A client of the socket writes there what it likes.
        (None, Door::Socket) => app.web.local_url.clone(),
        (None, Door::Loopback) => asked().or_else(|| app.web.local_url.clone()),
        (None, Door::Hub { .. }) => asked(),
    };
    found.unwrap_or_else(|| format!("{scheme}://localhost"))
}

/// The one `Host` of a request, where it is a host and perhaps a port.
#[must_use]
pub fn host(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(HOST).iter();
    let (Some(host), None) = (all.next(), all.next()) else { return None };
    let usable = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte);
    host.to_str().ok().filter(|host| !host.is_empty() && host.bytes().all(|byte| usable(&byte)))
}

/// A host without its port.
#[must_use]
pub fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // The colons of `[::1]` are no port's.
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// A public URL as it is kept.
///
/// # Errors
/// For people: what is wrong with it.
pub fn check_public_url(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text)
        .map_err(|error| format!("{error}; use for example https://hub.example.org"))?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    match () {
        () if !matches!(url.scheme(), "http" | "https") => Err("use http:// or https://".to_owned()),
        () if !url.username().is_empty() || url.password().is_some() => {
            Err("leave out user and password".to_owned())
        }
        () if !bare => Err("give the scheme, the host and perhaps a port, and no path".to_owned()),
        () => Ok(url.as_str().trim_end_matches('/').to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_urls() {
        for (text, kept) in [
            ("https://hub.example.org/", "https://hub.example.org"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("https://Hub.example.org:8443", "https://hub.example.org:8443"),
        ] {
            assert_eq!(check_public_url(text).as_deref(), Ok(kept));
        }
        for text in ["", "hub", "ftp://h", "https://u:p@h", "https://h/path", "https://h/?q", "https://h/#f"]
        {
            assert!(check_public_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn hosts() {
        for (text, name) in
            [("h:1", "h"), ("h", "h"), ("[::1]:1", "[::1]"), ("[::1]", "[::1]"), ("127.0.0.1:8", "127.0.0.1")]
        {
            assert_eq!(without_port(text), name);
        }
        let mut headers = HeaderMap::new();
        assert_eq!(host(&headers), None);
        headers.insert(HOST, http::HeaderValue::from_static("h:1"));
        assert_eq!(host(&headers), Some("h:1"));
        headers.append(HOST, http::HeaderValue::from_static("h:1"));
        assert_eq!(host(&headers), None, "two are one too many");
        headers.insert(HOST, http::HeaderValue::from_static("h/\"><script>"));
        assert_eq!(host(&headers), None);
    }
}
