//! Tells the service manager how far the daemon is, where one asked to be told
//! (`NOTIFY_SOCKET`, as systemd has it). What it says changes nothing here.

use std::io;
use std::os::unix::net::UnixDatagram;

/// It serves.
pub fn ready() {
    tell("READY=1\nSTATUS=Serving.");
}

/// It is about to go.
pub fn stopping() {
    tell("STOPPING=1");
}

fn tell(state: &str) {
    let Ok(socket) = std::env::var("NOTIFY_SOCKET") else { return };
    if let Err(error) = send(&socket, state) {
        tracing::warn!("cannot tell the service manager on {socket}: {error}");
    }
}

fn send(socket: &str, state: &str) -> io::Result<()> {
    let sender = UnixDatagram::unbound()?;
    match socket.strip_prefix('@') {
        None => sender.send_to(state.as_bytes(), socket).map(drop),
        Some(name) => send_to_abstract(&sender, name, state),
    }
}

#[cfg(target_os = "linux")]
fn send_to_abstract(sender: &UnixDatagram, name: &str, state: &str) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
    sender.send_to_addr(state.as_bytes(), &address).map(drop)
}

#[cfg(not(target_os = "linux"))]
fn send_to_abstract(_: &UnixDatagram, _: &str, _: &str) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_manager_hears_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let listener = UnixDatagram::bind(&path).unwrap();
        send(&path.display().to_string(), "READY=1").unwrap();
        let mut buffer = [0; 32];
        let length = listener.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"READY=1");
        assert!(send(&dir.path().join("none").display().to_string(), "READY=1").is_err());
    }
}
