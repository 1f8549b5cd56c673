//! The whole system, as its users and their machines treat it: one test binary,
//! one module a theme.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod administration;
mod alerts;
mod api;
mod artifact_cli;
mod artifact_roles;
mod artifacts;
mod bad_input;
mod blobs;
mod bundle;
mod bundle_keys;
mod clusters;
mod crash;
mod crashpoints;
mod dashboard;
mod file_stream;
mod folder;
mod graphql;
mod hostile_artifacts;
mod hosts;
mod http_doors;
mod hub;
mod in_flight;
mod lifecycle;
mod negative;
mod never_in_the_way;
mod pages;
mod powerloss;
mod preemption;
mod registry_rights;
mod roads;
mod roles;
mod site;
mod sync;
mod tidy;
mod transfers;
mod views;
mod wandb_objects;
mod wandb_remote;
mod wire;

#[test]
fn every_file_here_is_listed() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e");
    let main = std::fs::read_to_string(here.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(here).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let module = name.trim_end_matches(".rs");
        assert!(
            module == "main" || main.contains(&format!("mod {module};")),
            "e2e/{name} is not in e2e/main.rs"
        );
    }
}
