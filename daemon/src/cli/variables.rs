//! The variables that put a program into a home: ours, and those that bring
//! W&B's client to the home's daemon. One list for `run` and `env`.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::api::auth::LocalHttp;
use crate::home::Home;

/// What W&B's client would go by instead of its key and URL.
const ELSEWHERE: [&str; 2] = ["WANDB_IDENTITY_TOKEN_FILE", "WANDB_APP_URL"];
const PROXIES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// What is to be set, and what is to be taken away.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// In the order in which they are shown.
    pub set: Vec<(&'static str, OsString)>,
    /// Only where they are there.
    pub unset: Vec<&'static str>,
}

impl Variables {
    /// Those of a home, given its daemon's listener, where there is one, and
    /// the environment as the user has it.
    #[must_use]
    pub fn new(home: &Home, http: Option<&LocalHttp>, env: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut all = Self::default();
        let path = |path: &Path| path.as_os_str().to_owned();
        all.set.push(("PANNIER_HOME", path(home.root())));
        all.set.push(("PANNIER_SOCKET", path(home.socket())));
        let Some((url, token)) = http.and_then(|http| http.url.as_ref().zip(http.token.as_ref())) else {
            return all;
        };
        let env = |name: &str| env(name).filter(|value| !value.is_empty());
        all.set.push(("WANDB_BASE_URL", url.into()));
        all.set.push(("WANDB_API_KEY", token.into()));
        if let (None, Some(entity)) = (env("WANDB_ENTITY"), env("PANNIER_ENTITY")) {
            all.set.push(("WANDB_ENTITY", entity.into()));
        }
        // Its crash reports go to W&B, whatever the base URL is: a try that only
        // costs time where there is no network.
        if env("WANDB_ERROR_REPORTING").is_none() {
            all.set.push(("WANDB_ERROR_REPORTING", "false".into()));
        }
        if PROXIES.iter().any(|name| env(name).is_some()) {
            let known = env("no_proxy").or_else(|| env("NO_PROXY"));
            let both = beside(known.as_deref());
            all.set.extend([("NO_PROXY", both.clone()), ("no_proxy", both)]);
        }
        all.unset.extend(ELSEWHERE.iter().filter(|name| env(name).is_some()));
        all
    }

    /// The base URL that the user had set to elsewhere.
    #[must_use]
    pub fn overridden(&self, env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let ours = self.set.iter().find(|(name, _)| *name == "WANDB_BASE_URL")?;
        env("WANDB_BASE_URL").filter(|theirs| !theirs.is_empty() && *ours.1 != *OsStr::new(theirs))
    }
}

/// The hosts that need no proxy, and this machine.
fn beside(known: Option<&str>) -> OsString {
    let known: Vec<_> =
        known.unwrap_or_default().split(',').map(str::trim).filter(|host| !host.is_empty()).collect();
    let missing = ["127.0.0.1", "localhost"].into_iter().filter(|host| !known.contains(host));
    known.iter().copied().chain(missing).collect::<Vec<_>>().join(",").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(http: bool, env: &[(&str, &str)]) -> (Variables, Option<String>) {
        let home = Home::at("/h".into(), "/h/s".into());
        let http =
            http.then(|| LocalHttp { url: Some("http://127.0.0.1:9".into()), token: Some("pan-k".into()) });
        let env =
            |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let found = Variables::new(&home, http.as_ref(), &env);
        let overridden = found.overridden(&env);
        (found, overridden)
    }

    fn get<'a>(found: &'a Variables, name: &str) -> Option<&'a str> {
        found.set.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.to_str())
    }

    #[test]
    fn a_bare_environment() {
        let (found, overridden) = variables(true, &[]);
        let names: Vec<_> = found.set.iter().map(|(name, _)| *name).collect();
        let expected =
            ["PANNIER_HOME", "PANNIER_SOCKET", "WANDB_BASE_URL", "WANDB_API_KEY", "WANDB_ERROR_REPORTING"];
        assert_eq!((names.as_slice(), found.unset.as_slice(), overridden), (&expected[..], &[][..], None));
        let (found, _) = variables(false, &[("WANDB_BASE_URL", "https://w"), ("PANNIER_ENTITY", "me")]);
        assert_eq!(found.set.len(), 2, "without a listener W&B's client is left alone");
    }

    #[test]
    fn what_the_user_has_set_stays_unless_it_leads_elsewhere() {
        let env = [
            ("WANDB_BASE_URL", "https://w"),
            ("WANDB_ERROR_REPORTING", "true"),
            ("PANNIER_ENTITY", "me"),
            ("WANDB_IDENTITY_TOKEN_FILE", "/t"),
            ("https_proxy", "http://proxy"),
            ("no_proxy", "a, localhost"),
        ];
        let (found, overridden) = variables(true, &env);
        assert_eq!(overridden.as_deref(), Some("https://w"));
        assert_eq!(get(&found, "WANDB_ERROR_REPORTING"), None);
        assert_eq!(get(&found, "WANDB_ENTITY"), Some("me"));
        assert_eq!(found.unset, ["WANDB_IDENTITY_TOKEN_FILE"]);
        for name in ["no_proxy", "NO_PROXY"] {
            assert_eq!(get(&found, name), Some("a,localhost,127.0.0.1"));
        }
        let (found, overridden) = variables(
            true,
            &[("WANDB_BASE_URL", "http://127.0.0.1:9"), ("WANDB_ENTITY", "e"), ("PANNIER_ENTITY", "me")],
        );
        assert_eq!((get(&found, "WANDB_ENTITY"), overridden), (None, None));
    }
}
