//! Who may read a bundle, and who made it: keys, passphrases, signatures, parts.

use pannier_tests::hub::TestHub;
use serde_json::json;

use crate::bundle::{Alone, digests, import, is_clean, text};

const IDENTITY: &str = "AGE-SECRET-KEY-1G7PVZ2C5J8FP8XXEPSUVQRY9RC29A5X4GTQRNL9Q2P00PXXQQDDSY52WEP";
const RECIPIENT: &str = "age14hcsz5r8ulh8uxd56k52275crmt635kjcns7wlh6q30nmqyvdu4qd7u384";
const OTHER_IDENTITY: &str = "AGE-SECRET-KEY-1HJKG0CTG2MVK7Y546KE95W30ZXZZQU0D4FVRNYHPS68V47E5PWHS76LAJE";

#[test]
fn parts_signatures_and_encryption() {
    let mut alone = Alone::new();
    alone.rows("first", 0..2000);
    alone.version(2, 0);
    let beside = |name: &str, content: &str| {
        let path = alone.home.beside(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let key = alone.home.beside("site.key");
    let public = alone.run(&["export", "--new-key", text(&key)]).stdout.trim().to_owned();
    let other = alone.run(&["export", "--new-key", text(&alone.home.beside("other.key"))]).stdout;
    let (identity, wrong) = (beside("id", IDENTITY), beside("wrong", OTHER_IDENTITY));
    let flags = ["--sign", text(&key), "--encrypt-to", RECIPIENT, "--split", "512KiB"];
    let (_, said) = alone.export("sealed.bundle", &flags);
    assert_eq!(said["signed_by"], json!(public));
    let files: Vec<&str> =
        said["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    assert!(files.len() > 3 && files[0].ends_with("sealed.bundle.001"), "{files:?}");
    let bytes: Vec<u8> = files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
    assert!(!bytes.windows(8).any(|part| part == b"writers/"), "nothing can be read of it");

    let hub = TestHub::started();
    let refused = |args: &[&str], word: &str| {
        let out = hub.home.run(&[&["import"], args].concat()).expect(1);
        assert!(out.stdout.contains(word), "{word}: {}", out.stdout);
        assert!(hub.http().get("/v1/runs/local/p/first").status == 404 && is_clean(&hub.home));
    };
    let with = |flags: &[&'static str]| [&files[..], flags].concat();
    refused(&with(&[]), "encrypted");
    refused(&[&files[..], &["--identity", text(&wrong)]].concat(), "not to this key");
    refused(&[&files[1..], &["--identity", text(&identity)]].concat(), "part 1 of");
    refused(&[&files[..2], &["--identity", text(&identity)]].concat(), "part 3 is missing");
    refused(
        &[&files[..], &["--identity", text(&identity), "--key", other.trim()]].concat(),
        "not one of the keys",
    );
    let mut all = files.clone();
    all.reverse();
    let _ = import(&hub, &[&all[..], &["--identity", text(&identity), "--key", &public]].concat()).expect(0);
    let streams = alone.streams();
    assert_eq!(digests(&hub.http(), &streams[..1]), digests(&alone.home.http(), &streams[..1]));

    // With a passphrase, and no signature.
    let phrase = beside("phrase", "correct horse battery\n");
    let (plain, _) = alone.export("phrase.bundle", &["--passphrase-file", text(&phrase)]);
    let hub = TestHub::started();
    let out = hub.home.run(&["import", text(&plain), "--passphrase-file", text(&wrong)]).expect(1);
    assert!(out.stdout.contains("not to this key or passphrase"), "{}", out.stdout);
    let given = [text(&plain), "--passphrase-file", text(&phrase)];
    let out = import(&hub, &[&given[..], &["--key", &public]].concat()).expect(1);
    assert!(out.stdout.contains("not signed"), "{}", out.stdout);
    let _ = import(&hub, &given).expect(0);
    assert_eq!(hub.http().get("/v1/runs/local/p/first").status, 200);
    let log = format!("{}{}", alone.home.log(), hub.home.log());
    assert!(!log.contains("correct horse") && !log.contains("SECRET"), "secrets are in no log");
    alone.daemon.stop();
}
