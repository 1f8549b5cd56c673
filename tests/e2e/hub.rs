//! The hub's door: who gets in, and over what.

use std::path::Path;
use std::process::Command;

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::http::Http;
use pannier_tests::hub::{TestHub, add_user, listening};
use pannier_tests::ledger::judge;
use pannier_tests::trainer::Trainer;
use pannier_tests::wait;
use serde_json::json;

#[test]
fn only_users_get_in() {
    let hub = TestHub::started();
    let with = |token: Option<&str>| Http::Tcp(hub.address.to_string(), token.map(str::to_owned));
    let _ = with(Some(&hub.token)).get("/v1/hub").expect(200);
    for token in [None, Some(""), Some("x"), Some(&hub.token[..hub.token.len() - 1])] {
        for route in ["/v1/hub", "/v1/runs", "/v1/status"] {
            assert_eq!(with(token).get(route).status, 401, "{route} with {token:?}");
        }
        assert_eq!(with(token).post("/v1/hub/push", &json!({})).status, 401);
    }
    let second = add_user(&hub.home, "second");
    let _ = with(Some(&second)).get("/v1/hub").expect(200);
    let users = hub.home.run(&["hub", "user", "list"]).expect(0);
    assert!(users.stdout.contains("tester") && users.stdout.contains("second"), "{}", users.stdout);
    let _ = hub.home.run(&["hub", "user", "remove", "second"]).expect(0);
    wait::until("the removed user is out", || {
        (with(Some(&second)).get("/v1/hub").status == 401).then_some(())
    });
    let _ = with(Some(&hub.token)).get("/v1/hub").expect(200);
    for file in files(hub.home.path()) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let found = bytes.windows(hub.token.len()).any(|window| window == hub.token.as_bytes());
        assert!(!found, "the token lies in {}", file.display());
    }
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
        .collect()
}

#[test]
fn plain_http_is_for_this_machine() {
    let home = TestHome::new();
    let refused = home.run(&["hub", "--listen", "0.0.0.0:0"]);
    assert_ne!(refused.code, Some(0));
    assert!(
        refused.stderr.contains("--tls-cert") || refused.stderr.contains("--allow-plain-http"),
        "{}",
        refused.stderr
    );
    let (_hub, url) =
        listening(&mut home.pannier(&["hub", "--listen", "0.0.0.0:0", "--allow-plain-http"]), &home);
    assert!(url.starts_with("http://"), "{url}");
    let trainer = TestHome::new();
    let _daemon = TestDaemon::start(&trainer);
    std::fs::write(trainer.beside("token"), "t").unwrap();
    let token = trainer.beside("token").display().to_string();
    let far = trainer.run(&["remote", "add", "far", "http://192.0.2.1:80", "--token-file", &token]);
    assert_ne!(far.code, Some(0), "a token does not go over plain HTTP to another machine");
}

#[test]
fn over_tls() {
    let home = TestHome::new();
    let Some((cert, key)) = certificate(&home) else {
        println!("left out: `openssl` is not installed");
        return;
    };
    let token = add_user(&home, "tester");
    let args = ["hub", "--listen", "127.0.0.1:0", "--tls-cert", &cert, "--tls-key", &key];
    let (_hub, url) = listening(&mut home.pannier(&args), &home);
    let url = url.replace("127.0.0.1", "localhost");
    assert!(url.starts_with("https://"), "{url}");
    let trainer = TestHome::new();
    // The certificate signs itself; trust in it comes from the standard variable.
    let _daemon = TestDaemon::start_with(&trainer, |command| command.env("SSL_CERT_FILE", &cert));
    std::fs::write(trainer.beside("token"), &token).unwrap();
    let file = trainer.beside("token").display().to_string();
    let _ = trainer.run(&["remote", "add", "hub", &url, "--token-file", &file]).expect(0);
    let trained = Trainer::new(&trainer, "tls", "run").rows(100).run();
    let _ = trainer.run(&["sync", "--wait", "--timeout", "30"]).expect(0);
    assert_eq!(judge(&home.http(), &trained.claim), Ok(100));
}

#[test]
fn an_unknown_certificate_is_refused() {
    let home = TestHome::new();
    let Some((cert, key)) = certificate(&home) else {
        println!("left out: `openssl` is not installed");
        return;
    };
    let token = add_user(&home, "tester");
    let args = ["hub", "--listen", "127.0.0.1:0", "--tls-cert", &cert, "--tls-key", &key];
    let (_hub, url) = listening(&mut home.pannier(&args), &home);
    let trainer = TestHome::new();
    let daemon = TestDaemon::start(&trainer);
    std::fs::write(trainer.beside("token"), &token).unwrap();
    let file = trainer.beside("token").display().to_string();
    let added =
        trainer.run(&["remote", "add", "hub", &url.replace("127.0.0.1", "localhost"), "--token-file", &file]);
    if added.code == Some(0) {
        let _ = Trainer::new(&trainer, "tls", "run").rows(10).run();
        let error = wait::until("the daemon says what is wrong", || {
            daemon.status()["remotes"][0]["last_error"].as_str().map(str::to_owned)
        });
        assert!(error.to_lowercase().contains("certificate"), "{error}");
    }
    assert_eq!(home.http().get("/v1/runs").expect(200).json()["runs"], json!([]));
}

/// A certificate for localhost that signs itself; `None` without openssl.
fn certificate(home: &TestHome) -> Option<(String, String)> {
    let (cert, key) = (home.beside("cert.pem"), home.beside("key.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]);
    openssl.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl.arg("-keyout").arg(&key).arg("-out").arg(&cert);
    openssl.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    openssl.stderr(std::process::Stdio::piped()).output().ok().filter(|out| out.status.success())?;
    Some((cert.display().to_string(), key.display().to_string()))
}
