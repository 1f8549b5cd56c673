//! The files of a version on their way: a batch of names is said, each file goes to
//! the link that the answer gives, a large one in parts. What the server has
//! already by its digest does not go.

use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::header::ETAG;
use md5::{Digest as _, Md5 as Hasher};
use pannier_proto::content::Content;
use serde_json::{Value as Json, json};
use tokio::time::sleep;

use super::files::{Held, about};
use super::server::Upload;
use super::together::Mutation;
use super::upsert::variables;
use super::{AT_ONCE, Wandb};
use crate::blobs::pieces;
use crate::sync::carry::unreadable;
use crate::sync::remote::{RemoteError, RemoteResult};
use crate::wandb::ids;

/// Files of one request.
const BATCH: usize = 100;
/// A file that is as large goes in parts.
pub const PARTS_FROM: u64 = 2 << 30;
/// The size of a part; of a file that would have too many, it is larger.
pub const PART_BYTES: u64 = 100 << 20;
const PARTS_MAX: u64 = 10_000;
/// Between the tries of a part: whoever gives up begins the whole file anew.
const PAUSES_S: [u64; 7] = if cfg!(test) { [0; 7] } else { [2, 4, 8, 16, 32, 32, 32] };

const CREATE: &str = "mutation CreateArtifactFiles ($input: CreateArtifactFilesInput!) {
    createArtifactFiles(input: $input) { files { edges { node {
        storagePath uploadUrl uploadHeaders artifact { id }
        uploadMultipartUrls { uploadID uploadUrlParts { partNumber uploadUrl } } } } } } }";

const COMPLETE: Mutation = Mutation {
    operation: "CompleteMultipartUploadArtifact",
    field: "completeMultipartUploadArtifact",
    input: &[
        ("completeMultipartAction", "completeMultipartAction", "CompleteMultipartAction!"),
        ("completedParts", "completedParts", "[UploadPartsInput!]!"),
        ("artifactID", "artifactID", "ID!"),
        ("storagePath", "storagePath", "String!"),
        ("uploadID", "uploadID", "String!"),
    ],
    selection: "digest",
};

/// From which size on files go in parts, and how large these are.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// From this size on.
    pub from: u64,
    /// A part.
    pub part: u64,
}

impl Default for Cut {
    fn default() -> Self {
        Self { from: PARTS_FROM, part: PART_BYTES }
    }
}

impl Cut {
    /// The size of the parts of a file.
    fn of(self, size: u64) -> u64 {
        self.part.max(size.div_ceil(PARTS_MAX))
    }
}

/// A digest as W&B writes it.
pub fn md5_base64(bytes: &[u8]) -> String {
    STANDARD.encode(Hasher::digest(bytes))
}

struct Part {
    number: u64,
    /// In hexadecimal.
    md5: String,
    at: u64,
    length: u64,
}

impl Wandb {
    /// Sends files of a version; for each path the id of the version that its bytes
    /// came with first.
    pub(super) async fn send_parts(
        &self,
        artifact: &str,
        manifest: &str,
        files: Vec<(String, Content)>,
    ) -> RemoteResult<Vec<(String, String)>> {
        let mut births = Vec::with_capacity(files.len());
        for batch in files.chunks(BATCH) {
            let mut asked = Vec::with_capacity(batch.len());
            for (path, content) in batch {
                let md5 = ids::md5_base64(content.md5);
                let parts = self.parts_of(content).await?;
                let said: Vec<_> = parts
                    .iter()
                    .map(|part| json!({ "partNumber": part.number, "hexMD5": part.md5 }))
                    .collect();
                asked.push((
                    json!({
                        "artifactID": artifact, "artifactManifestID": manifest, "name": path, "md5": md5,
                        "mimetype": null, "uploadPartsInput": Some(said).filter(|said| !said.is_empty()),
                    }),
                    parts,
                ));
            }
            let (inputs, parts): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
            let input = json!({ "artifactFiles": inputs, "storageLayout": "V2", "cloudRegionID": null,
                "clientMutationId": null });
            let answer =
                self.server.graphql("CreateArtifactFiles", CREATE, json!({ "input": input })).await?;
            let mut answer = answer.only("createArtifactFiles")?;
            let nodes = match answer["files"]["edges"].take() {
                Json::Array(edges) if edges.len() == batch.len() => edges,
                _ => {
                    let what =
                        format!("{} answered for other files than it was asked about", self.server.who);
                    return Err(RemoteError::transient(what));
                }
            };
            let mut sends = Vec::with_capacity(batch.len());
            for (((path, content), edge), parts) in batch.iter().zip(&nodes).zip(parts) {
                sends.push(async move {
                    let sent = self.send_part(artifact, content, &edge["node"], parts).await;
                    sent.map_err(|error| about(path, error))
                });
            }
            stream::iter(sends).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
            births.extend(batch.iter().zip(&nodes).filter_map(|((path, _), edge)| {
                Some((path.clone(), edge["node"]["artifact"]["id"].as_str()?.to_owned()))
            }));
        }
        Ok(births)
    }

    /// The parts of a large file, each with its digest; none of a smaller one.
    async fn parts_of(&self, content: &Content) -> RemoteResult<Vec<Part>> {
        if content.size < self.cut.from {
            return Ok(Vec::new());
        }
        let (content, length) = (*content, self.cut.of(content.size));
        self.bytes(move |blobs| {
            let mut reader = blobs.read(&content.blob)?;
            let (mut parts, mut at, mut buffer) = (Vec::new(), 0, vec![0; 1 << 20]);
            while at < content.size {
                let length = length.min(content.size - at);
                let (mut hasher, mut left) = (Hasher::new(), length);
                while left > 0 {
                    let wanted = usize::try_from(left).unwrap_or(buffer.len()).min(buffer.len());
                    let read = reader.read_exact(&mut buffer[..wanted]);
                    read.map_err(unreadable(content.blob))?;
                    hasher.update(&buffer[..wanted]);
                    left -= wanted as u64;
                }
                let md5 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
                parts.push(Part { number: parts.len() as u64 + 1, md5, at, length });
                at += length;
            }
            Ok(parts)
        })
        .await
    }

    async fn send_part(
        &self,
        artifact: &str,
        content: &Content,
        node: &Json,
        parts: Vec<Part>,
    ) -> RemoteResult<()> {
        let urls = &node["uploadMultipartUrls"];
        if !parts.is_empty()
            && let (Some(upload), Some(links)) =
                (urls["uploadID"].as_str(), urls["uploadUrlParts"].as_array())
        {
            let birth = node["artifact"]["id"].as_str().unwrap_or(artifact);
            let path = node["storagePath"].as_str().unwrap_or_default();
            let done = self.send_each(content, &parts, links).await?;
            let asked = json!({
                "completeMultipartAction": "Complete", "completedParts": done, "artifactID": birth,
                "storagePath": path, "uploadID": upload,
            });
            return COMPLETE.one(&self.server, variables(asked)).await.map(drop);
        }
        // Without a link it has these bytes.
        let Some(link) = node["uploadUrl"].as_str() else { return Ok(()) };
        let headers = node["uploadHeaders"].as_array().cloned().unwrap_or_default();
        let gone =
            || RemoteError::Rejected(format!("the bytes of blob {} are not here any more", content.blob));
        let upload = self.upload(&Held::Stored(*content)).await?.ok_or_else(gone)?;
        self.server.put(link, &headers, upload).await.map(drop)
    }

    async fn send_each(&self, content: &Content, parts: &[Part], links: &[Json]) -> RemoteResult<Vec<Json>> {
        let mut done = Vec::with_capacity(parts.len());
        for part in parts {
            let number = Some(part.number);
            let link = links.iter().find(|link| link["partNumber"].as_u64() == number);
            let Some(link) = link.and_then(|link| link["uploadUrl"].as_str()) else {
                let what = format!("{} gave no link for part {}", self.server.who, part.number);
                return Err(RemoteError::transient(what));
            };
            let mut pauses = PAUSES_S.into_iter().map(Duration::from_secs);
            let tag = loop {
                match (self.send_one(content, part, link).await, pauses.next()) {
                    (Err(RemoteError::Transient { retry_after, .. }), Some(pause)) => {
                        sleep(retry_after.unwrap_or(pause)).await;
                    }
                    (sent, _) => break sent?,
                }
            };
            done.push(json!({ "partNumber": part.number, "hexMD5": tag }));
        }
        Ok(done)
    }

    /// Sends one part; the tag that it has there.
    async fn send_one(&self, content: &Content, part: &Part, link: &str) -> RemoteResult<String> {
        let (blob, at, length) = (content.blob, part.at, part.length);
        let reader = self
            .bytes(move |blobs| {
                let mut reader = blobs.read(&blob)?;
                reader.seek(SeekFrom::Start(at)).map_err(unreadable(blob))?;
                Ok(reader)
            })
            .await?;
        let hex = &part.md5;
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .filter_map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok())
            .collect();
        let headers = [
            Json::from(format!("Content-MD5:{}", STANDARD.encode(bytes))),
            Json::from("Content-Type:application/octet-stream"),
        ];
        let answer = self.server.put(link, &headers, Upload::Stream(length, pieces(reader, length))).await?;
        let tag = answer.get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        tag.ok_or_else(|| RemoteError::transient(format!("{} took a part and gave no tag", self.server.who)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_few_enough() {
        let cut = Cut::default();
        assert_eq!(cut.of(3 << 30), PART_BYTES);
        let size = 20 << 40;
        assert!(size / cut.of(size) <= PARTS_MAX);
    }
}
