//! What people who mean harm call things: paths, names and references, as data. It
//! must not know who is asked to take them.

use std::path::Path;

/// What no path in an artifact may be.
#[must_use]
pub fn paths_that_lead_out() -> Vec<String> {
    let mut paths: Vec<String> = [
        "../x",
        "..",
        ".",
        "",
        "/etc/passwd",
        "//etc/passwd",
        "a/../../x",
        "a/./x",
        "a//x",
        "a/",
        "a\u{0}b",
        "..\\x",
        "a\\..\\..\\x",
        "\\\\host\\share\\x",
        "C:\\x",
        "C:/x",
        "c:x",
        "a\nb",
        "a\rb",
        "\u{1b}[2Ja",
        "a\u{7f}",
        "a\u{85}b",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.extend(["x".repeat(256), "x/".repeat(2500) + "x"]);
    paths
}

/// What no artifact may be called, of a collection and of an alias alike.
#[must_use]
pub fn names_with_traps() -> Vec<String> {
    let mut names: Vec<String> =
        ["", "../x", "..", "/etc/passwd", "a/b", "a\u{0}b", "a\nb", "\u{1b}[2J", "C:/x", "a:b", "x\u{7f}"]
            .map(str::to_owned)
            .to_vec();
    names.extend(["x".repeat(129), "x".repeat(100_000)]);
    names
}

/// What was published against MLflow (host parsing, `#`, `;`, decoding twice), and
/// what else makes a server that follows references read its own files, here
/// `secret`, or ask its neighbours, here whoever listens at `port`.
#[must_use]
pub fn references(secret: &Path, port: u16) -> Vec<String> {
    let secret = secret.display().to_string();
    let shapes = [
        "file://SECRET",
        "file:SECRET",
        "file://localhostSECRET",
        "file://127.0.0.1SECRET",
        "file:////SECRET",
        "file://./../../../../SECRET",
        "file://%2e%2e/%2e%2e/SECRET",
        "file://%252e%252e/SECRET",
        "file:///#/../SECRET",
        "file:///?/../SECRET",
        "file:///;/../SECRET",
        "FILE://SECRET",
        "SECRET",
        "../../../../../../SECRET",
        "..%2f..%2f..%2fSECRET",
        "..%252f..%252fSECRET",
        "..;/..;/SECRET",
        "local:SECRET",
        "mlflow-artifacts:SECRET",
        "mlflow-artifacts://#/../../SECRET",
        "mlflow-artifacts:/..%2f..%2fSECRET",
        "models:/x/1/../../SECRET",
        "runs:/x/#/../../SECRET",
        "runs:/x/;/../../SECRET",
        "dbfs:SECRET",
        "dbfs://127.0.0.1:PORT/x",
        "http://127.0.0.1:PORT/x",
        "http://localhost:PORT/x",
        "http://[::ffff:127.0.0.1]:PORT/x",
        "http://2130706433:PORT/x",
        "http://0x7f000001:PORT/x",
        "http://user@127.0.0.1:PORT#@example.org/x",
        "http:///SECRET",
        "https://127.0.0.1:PORT/x",
        "ftp://127.0.0.1:PORT/x",
        "gopher://127.0.0.1:PORT/x",
        "s3://bucket/#/../../SECRET",
        "\\\\127.0.0.1\\SECRET",
        "wandb-artifact://../../SECRET",
        "jar:http://127.0.0.1:PORT/x!/y",
    ];
    shapes.map(|shape| shape.replace("SECRET", &secret).replace("PORT", &port.to_string())).to_vec()
}
