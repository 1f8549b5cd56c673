//! The loopback listener's port and key, and the key of transfer links: one
//! file of the home, made once, so that a script that was given them can go on
//! after the daemon was restarted. Knows no route.

use std::fs::File;
use std::io::{self, Read};
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use crate::health::Health;
use crate::home::write_private;
use crate::token;

/// Under what the trouble of this listener is noted.
const OBJECT: &str = "the local HTTP port";
/// How long the port of an earlier daemon may still be taken: by that daemon,
/// which the kernel is clearing away.
const PATIENCE: Duration = Duration::from_millis(500);
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
/// Ports that systems do not give to outgoing connections. One of those could
/// be taken, while no daemon runs, by any program that connects to anywhere.
const CHOICE: std::ops::Range<u16> = 20_000..32_000;
/// Ports that are tried before the system is asked for any.
const TRIES: usize = 16;

/// What the file holds.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Where the listener was; `None` before it first was anywhere.
    port: Option<u16>,
    /// The owner's key.
    token: String,
    /// The key of transfer links, in hex.
    blob_key: String,
}

/// The secrets of a home's HTTP, and the listener, where it could be had.
pub struct Loopback {
    /// The owner's key.
    pub token: String,
    /// What transfer links are signed with.
    pub blob_key: [u8; 32],
    /// The listener and its port.
    pub listener: Option<(TcpListener, u16)>,
}

/// Reads the file or makes it, and takes the port where `listen` says so.
/// Whatever goes wrong is noted and costs the listener, never the daemon.
///
/// # Errors
/// Where the system has no random numbers.
pub async fn open(path: &Path, listen: bool, health: &Health) -> io::Result<Loopback> {
    let fresh =
        Kept { port: None, token: token::new()?, blob_key: blake3::Hash::from(token::random()?).to_string() };
    let (mut kept, usable) = match read(path) {
        Ok(Some(kept)) => (kept, true),
        Ok(None) => match write(path, &fresh) {
            Ok(()) => (fresh, true),
            Err(error) => {
                health.bad(
                    OBJECT,
                    &format!("cannot write {}: {error}", path.display()),
                    "make room, or look at the rights of the home",
                );
                (fresh, false)
            }
        },
        Err(error) => {
            health.bad(
                OBJECT,
                &format!("cannot use {}: {error}", path.display()),
                &format!("remove it and restart the daemon; it makes another: rm {}", path.display()),
            );
            (fresh, false)
        }
    };
    let mut listener = None;
    if listen && usable {
        match take(path, &mut kept, health).await {
            Ok(taken) => listener = Some(taken),
            Err(error) => health.bad(
                OBJECT,
                &format!("cannot listen on 127.0.0.1: {error}"),
                "`import wandb` cannot reach this daemon; restart it when a port is free",
            ),
        }
    }
    let blob_key = *blake3::Hash::from_hex(&kept.blob_key).map_err(io::Error::other)?.as_bytes();
    Ok(Loopback { token: kept.token, blob_key, listener })
}

async fn take(path: &Path, kept: &mut Kept, health: &Health) -> io::Result<(TcpListener, u16)> {
    if let Some(port) = kept.port {
        match again(port).await {
            Ok(listener) => return Ok((listener, port)),
            Err(error) => health.bad(
                OBJECT,
                &format!("port {port} cannot be had any more: {error}"),
                "another port and another key are used; programs that were given the old ones must be started again",
            ),
        }
        // Whoever has the port now may have been shown the key by a program
        // that took him for us.
        kept.token = token::new()?;
    }
    let listener = anywhere().await?;
    let port = listener.local_addr()?.port();
    kept.port = Some(port);
    write(path, kept)?;
    Ok((listener, port))
}

async fn again(port: u16) -> io::Result<TcpListener> {
    let began = Instant::now();
    loop {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && began.elapsed() < PATIENCE => {
                sleep(LOOK_INTERVAL).await;
            }
            bound => return bound,
        }
    }
}

async fn anywhere() -> io::Result<TcpListener> {
    for random in token::random::<{ 2 * TRIES }>()?.chunks_exact(2) {
        let port = CHOICE.start + u16::from_le_bytes([random[0], random[1]]) % (CHOICE.end - CHOICE.start);
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            return Ok(listener);
        }
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}

/// `None` where there is no file yet.
fn read(path: &Path) -> io::Result<Option<Kept>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let found = file.metadata()?;
    let refuse = |problem: String| Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    if found.uid() != rustix::process::getuid().as_raw() {
        return refuse(format!("it belongs to user {}", found.uid()));
    }
    if found.mode() & 0o077 != 0 {
        return refuse(format!(
            "others may read it (mode {:o}), so its key is no secret any more",
            found.mode() & 0o777
        ));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    // Not the content in the words: it is secret.
    match serde_json::from_slice::<Kept>(&bytes) {
        Ok(kept) if blake3::Hash::from_hex(&kept.blob_key).is_ok() => Ok(Some(kept)),
        _ => refuse("it is not what pannier writes".to_owned()),
    }
}

fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    write_private(path, &serde_json::to_vec_pretty(kept)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn port(opened: &Loopback) -> u16 {
        opened.listener.as_ref().unwrap().1
    }

    #[tokio::test]
    async fn port_and_key_stay() {
        let dir = tempfile::tempdir().unwrap();
        let (path, health) = (dir.path().join("http.json"), Health::default());
        let first = open(&path, true, &health).await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let (port_before, token, key) = (port(&first), first.token.clone(), first.blob_key);
        drop(first);
        let second = open(&path, true, &health).await.unwrap();
        assert_eq!((port(&second), &second.token, second.blob_key), (port_before, &token, key));
        let unheard = open(&path, false, &health).await.unwrap();
        assert!(unheard.listener.is_none() && unheard.token == token);
        assert!(health.problems().is_empty());
    }

    #[tokio::test]
    async fn a_stranger_on_the_port_gets_neither_us_nor_the_key() {
        let dir = tempfile::tempdir().unwrap();
        let (path, health) = (dir.path().join("http.json"), Health::default());
        let first = open(&path, true, &health).await.unwrap();
        let second = open(&path, true, &health).await.unwrap();
        assert_ne!(port(&first), port(&second));
        assert!(first.token != second.token, "who holds the port may have been shown the key");
        assert_eq!(first.blob_key, second.blob_key);
        assert!(health.problems()[0].what.contains(&port(&first).to_string()));
        assert!(fs::read_to_string(&path).unwrap().contains(&second.token));
    }

    #[tokio::test]
    async fn a_file_that_others_can_read_or_that_is_damaged_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("http.json");
        let token = open(&path, true, &Health::default()).await.unwrap().token;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let health = Health::default();
        let opened = open(&path, true, &health).await.unwrap();
        assert!(opened.listener.is_none() && opened.token != token);
        assert!(health.problems()[0].what.contains("640"), "{:?}", health.problems());
        fs::remove_file(&path).unwrap();
        write_private(&path, format!("{{\"token\": {token}}}").as_bytes()).unwrap();
        let health = Health::default();
        assert!(open(&path, true, &health).await.unwrap().listener.is_none());
        assert!(!format!("{:?}", health.problems()).contains(&token));
    }
}
