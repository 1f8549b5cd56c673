//! What sync asks of a remote, and what can go wrong. It knows no transport and
//! no store.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use pannier_proto::content::Blob;
use pannier_proto::hub::{
    BlobPart, CollectionQuestion, CollectionState, HubInfo, Me, PartAnswer, PositionsAnswer, PushAnswer,
    StreamDigest, StreamId,
};
use pannier_proto::id::Seq;

use crate::block::Encoded;

/// One block of one stream on its way to a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPush {
    /// Whose records, of which run.
    pub id: StreamId,
    /// The `Seq` of the block's first record.
    pub first_seq: Seq,
    /// The records.
    pub block: Encoded,
}

/// Why a remote did not do what it was asked, sorted by what can be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// It may work later. Whether it was done is not known.
    #[error("{what}")]
    Transient {
        /// Who and why, for people.
        what: String,
        /// When it asked to be tried again.
        retry_after: Option<Duration>,
    },
    /// It does not know us.
    #[error("{0}")]
    Unauthorized(String),
    /// The request is longer than it takes.
    #[error("{0}")]
    TooLarge(String),
    /// It understood and refused; the same again would be refused again.
    #[error("{0}")]
    Rejected(String),
}

impl RemoteError {
    /// A failure that may pass.
    pub fn transient(what: impl Into<String>) -> Self {
        Self::Transient { what: what.into(), retry_after: None }
    }
}

/// What a method of a remote returns.
pub type RemoteResult<T> = Result<T, RemoteError>;

/// A place that takes records. Every method may be called any number of times
/// with the same arguments: what is there already is left as it is.
pub trait Remote: Send + Sync {
    /// Who it is, and which start of it this is.
    fn info(&self) -> impl Future<Output = RemoteResult<HubInfo>> + Send;

    /// Who we are there, and which organizations there are for us; `None` where
    /// the remote knows neither.
    fn me(&self) -> impl Future<Output = RemoteResult<Option<Me>>> + Send {
        async { Ok(None) }
    }

    /// What became of versions of artifacts that were sent, in the order asked;
    /// `None` where the remote gives no numbers.
    fn collections(
        &self,
        asked: &[CollectionQuestion],
    ) -> impl Future<Output = RemoteResult<Option<Vec<CollectionState>>>> + Send {
        let _ = asked;
        async { Ok(None) }
    }

    /// Where streams stand there, in the order asked;
    /// at most [`crate::limits::POSITIONS_MAX`].
    fn positions(&self, streams: &[StreamId]) -> impl Future<Output = RemoteResult<PositionsAnswer>> + Send;

    /// Which of these blobs it lacks; at most [`crate::limits::POSITIONS_MAX`].
    fn missing(&self, blobs: &[Blob]) -> impl Future<Output = RemoteResult<Vec<Blob>>> + Send;

    /// Hands small blobs over, whole; they are durable there once this returns.
    /// At most [`crate::limits::CHUNK_BATCH`].
    fn put_whole(&self, blobs: Vec<(Blob, Bytes)>) -> impl Future<Output = RemoteResult<()>> + Send;

    /// Which of these chunks it lacks; at most [`crate::limits::CHUNKS_MAX`].
    fn missing_chunks(&self, chunks: &[Blob]) -> impl Future<Output = RemoteResult<Vec<Blob>>> + Send;

    /// Hands chunks over; they are durable there once this returns, and kept for
    /// a while until a blob has them. At most [`crate::limits::CHUNK_BATCH`].
    fn put_chunks(&self, chunks: Vec<(Blob, Bytes)>) -> impl Future<Output = RemoteResult<()>> + Send;

    /// Says which chunks a blob has, part by part.
    fn assemble(&self, part: &BlobPart) -> impl Future<Output = RemoteResult<PartAnswer>> + Send;

    /// Some of the chunks of a blob that it has, from a position on.
    fn chunk_list(
        &self,
        blob: Blob,
        from: u64,
    ) -> impl Future<Output = RemoteResult<Vec<(Blob, u32)>>> + Send;

    /// These chunks, each compared with its digest; at most
    /// [`crate::limits::CHUNK_BATCH`].
    fn chunks(&self, chunks: &[Blob]) -> impl Future<Output = RemoteResult<Vec<(Blob, Bytes)>>> + Send;

    /// Hands blocks over; the blobs that their records name are there already,
    /// but for those that are `gone`. An answer for each, in the same order, and
    /// only after it is durable there.
    fn push(
        &self,
        blocks: Vec<StreamPush>,
        gone: Vec<Blob>,
    ) -> impl Future<Output = RemoteResult<PushAnswer>> + Send;

    /// Of these streams, up to which record it passed them on and has them no
    /// longer, in the order asked.
    fn passed_on(&self, streams: &[StreamId]) -> impl Future<Output = RemoteResult<Vec<Seq>>> + Send {
        let none = vec![0; streams.len()];
        async { Ok(none) }
    }

    /// Digests over the first records of streams, up to a `Seq` each, in the order
    /// asked: without those that it [passed on](Remote::passed_on).
    fn digests(
        &self,
        streams: &[(StreamId, Seq)],
    ) -> impl Future<Output = RemoteResult<Vec<StreamDigest>>> + Send;
}
