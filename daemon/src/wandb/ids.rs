//! The ids of W&B's objects. They are opaque to its users, but some have a form
//! that its clients rely on: an artifact's must be base64 of bytes, a project's
//! internal id base64 of `ProjectInternalId:NUMBER`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use pannier_proto::content::Md5;
use pannier_proto::id::{Id128, RunPath};

fn write(text: &str) -> String {
    STANDARD.encode(text)
}

fn read(id: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(id).ok()?).ok()
}

/// A run's storage id; it says which run it is.
#[must_use]
pub fn run(path: &RunPath) -> String {
    write(&format!("Run:v1:{}:{}:{}", path.run, path.project, path.entity))
}

/// The run that a storage id names. Names hold no colon.
#[must_use]
pub fn read_run(id: &str) -> Option<RunPath> {
    let text = read(id)?;
    let mut parts = text.strip_prefix("Run:v1:")?.split(':');
    let (run, project, entity) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() { None } else { RunPath::new(entity, project, run).ok() }
}

/// A project's id.
#[must_use]
pub fn project(entity: &str, project: &str) -> String {
    write(&format!("Project:v1:{project}:{entity}"))
}

/// The entity and project that an id names.
#[must_use]
pub fn read_project(id: &str) -> Option<(String, String)> {
    let text = read(id)?;
    let (project, entity) = text.strip_prefix("Project:v1:")?.split_once(':')?;
    Some((entity.to_owned(), project.to_owned()))
}

/// A project's internal id, which py decodes to a number.
#[must_use]
pub fn project_number(number: i64) -> String {
    write(&format!("ProjectInternalId:{number}"))
}

/// Of anything that no client gives back: a kind, and what makes it unique.
#[must_use]
pub fn other(kind: &str, key: &str) -> String {
    write(&format!("{kind}:v1:{key}"))
}

/// A file of a run.
#[must_use]
pub fn file(path: &RunPath, file: &str) -> String {
    write(&format!("File:v1:{}:{}:{}:{file}", path.run, path.project, path.entity))
}

/// The run and the file that an id names.
#[must_use]
pub fn read_file(id: &str) -> Option<(RunPath, String)> {
    let text = read(id)?;
    let mut parts = text.strip_prefix("File:v1:")?.splitn(4, ':');
    let (run, project, entity, file) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some((RunPath::new(entity, project, run).ok()?, file.to_owned()))
}

/// A version of an artifact. core writes the id into `wandb-artifact://` as hex
/// of the decoded bytes.
#[must_use]
pub fn artifact(id: Id128) -> String {
    write(&format!("Artifact:{id}"))
}

/// The version that an id names.
#[must_use]
pub fn read_artifact(id: &str) -> Option<Id128> {
    read(id)?.strip_prefix("Artifact:")?.parse().ok()
}

/// The id that a version has everywhere, made of its maker's own.
#[must_use]
pub fn artifact_of_client(client_id: &str) -> Id128 {
    let digest = blake3::derive_key("pannier artifact id of a W&B client id", client_id.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    Id128(id)
}

/// A manifest of a version that is being uploaded.
#[must_use]
pub fn manifest(artifact: Id128, number: u32) -> String {
    write(&format!("ArtifactManifest:{artifact}:{number}"))
}

/// The version and the manifest that an id names.
#[must_use]
pub fn read_manifest(id: &str) -> Option<(Id128, u32)> {
    let text = read(id)?;
    let (artifact, number) = text.strip_prefix("ArtifactManifest:")?.split_once(':')?;
    Some((artifact.parse().ok()?, number.parse().ok()?))
}

/// A collection, by its number.
#[must_use]
pub fn collection(number: i64) -> String {
    write(&format!("ArtifactCollection:{number}"))
}

/// The collection that an id names.
#[must_use]
pub fn read_collection(id: &str) -> Option<i64> {
    read(id)?.strip_prefix("ArtifactCollection:")?.parse().ok()
}

/// A saved view. No `/` can be in it, because of what it is made of.
#[must_use]
pub fn view(id: Id128) -> String {
    write(&format!("View:{id}"))
}

/// The same, as links have it.
#[must_use]
pub fn view_link(id: Id128) -> String {
    STANDARD_NO_PAD.encode(format!("View:{id}"))
}

/// The view that an id names, with or without the `=` at its end.
#[must_use]
pub fn read_view(id: &str) -> Option<Id128> {
    let bytes = STANDARD_NO_PAD.decode(id.trim_end_matches('=')).ok()?;
    String::from_utf8(bytes).ok()?.strip_prefix("View:")?.parse().ok()
}

/// An MD5 digest as manifests have it.
#[must_use]
pub fn md5_base64(md5: Md5) -> String {
    STANDARD.encode(md5.0)
}

/// And back.
#[must_use]
pub fn read_md5(text: &str) -> Option<Md5> {
    Some(Md5(STANDARD.decode(text).ok()?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_say_what_they_name() {
        let path = RunPath::new("e", "p q", "r-1").unwrap();
        assert_eq!(read_run(&run(&path)), Some(path.clone()));
        assert_eq!(read_file(&file(&path, "a:b/c.txt")), Some((path, "a:b/c.txt".to_owned())));
        let id = artifact_of_client("x");
        assert_eq!(read_artifact(&artifact(id)), Some(id));
        assert_eq!(read_manifest(&manifest(id, 7)), Some((id, 7)));
        assert_eq!(read_collection(&collection(3)), Some(3));
        assert_eq!(read_project(&project("e", "p")), Some(("e".into(), "p".into())));
        for id in [Id128([0; 16]), Id128([0xff; 16]), id] {
            let (whole, link) = (view(id), view_link(id));
            assert_eq!((read_view(&whole), read_view(&link)), (Some(id), Some(id)));
            assert!(whole.starts_with(&link) && !link.contains(['/', '+', '=', '-']), "{link}");
        }
        for junk in
            ["", "x", "UnVuOnYx", &write("Run:v1:a:b"), &write("Run:v1:a:b:c:d"), &write("Run:v1:..:b:c")]
        {
            assert_eq!(read_run(junk), None, "{junk}");
        }
        assert_eq!(read_md5(&md5_base64(Md5([7; 16]))), Some(Md5([7; 16])));
        assert_eq!(read_md5("AAAA"), None);
    }
}
