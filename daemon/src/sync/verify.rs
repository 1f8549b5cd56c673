//! Proof: compares what is here with what a remote has, record by record, by
//! digests. It changes nothing on either side.

use std::sync::Arc;

use pannier_proto::hub::{Position, StreamId};
use pannier_proto::id::Seq;

use super::blocking;
use super::remote::{Remote, RemoteError};
use crate::limits::{DIGEST_RECORDS, POSITIONS_MAX};
use crate::store::{Store, StoreError};

/// How a comparison came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Streams that were compared.
    pub compared: u64,
    /// Records that were compared.
    pub records: u64,
    /// What is not the same there, for people. Records that are not sent yet
    /// count, too.
    pub differences: Vec<String>,
}

/// Why a comparison could not be made.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The remote did not answer.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The store here did not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl VerifyReport {
    /// Whether the remote has all that is here, and the same.
    #[must_use]
    pub fn equal(&self) -> bool {
        self.differences.is_empty()
    }
}

struct Stream {
    id: i64,
    name: StreamId,
    here: Seq,
    there: Seq,
}

/// Compares every stream, as far as both sides have it. `progress` hears how
/// many streams of how many are done.
///
/// # Errors
/// [`VerifyError`].
pub async fn verify(
    store: &Arc<Store>,
    remote: &impl Remote,
    mut progress: impl FnMut(u64, u64),
) -> Result<VerifyReport, VerifyError> {
    let streams = blocking(store, Store::streams).await?;
    let total = streams.len() as u64;
    let mut report = VerifyReport::default();
    for asked in streams.chunks(POSITIONS_MAX) {
        let names: Vec<StreamId> = asked.iter().map(|(_, name, _)| name.clone()).collect();
        let answer = remote.positions(&names).await?;
        if answer.positions.len() != asked.len() {
            return Err(RemoteError::transient(
                "the remote answered for other streams than were asked about",
            )
            .into());
        }
        let both = asked.iter().zip(&answer.positions).map(|((id, name, here), Position { seq, .. })| {
            Stream { id: *id, name: name.clone(), here: *here, there: *seq }
        });
        let both: Vec<Stream> = both.collect();
        for group in in_groups(&both) {
            compare(store, remote, group, &mut report).await?;
            progress(report.compared, total);
        }
    }
    Ok(report)
}

/// Cuts streams into questions that are answered in reasonable time.
fn in_groups(mut streams: &[Stream]) -> impl Iterator<Item = &[Stream]> {
    std::iter::from_fn(move || {
        let mut records = 0;
        let count = streams.iter().take_while(|stream| {
            let first = records == 0;
            records += stream.here.max(1);
            first || records <= DIGEST_RECORDS
        });
        let count = count.count();
        let (group, rest) = streams.split_at(count);
        streams = rest;
        (!group.is_empty()).then_some(group)
    })
}

async fn compare(
    store: &Arc<Store>,
    remote: &impl Remote,
    group: &[Stream],
    report: &mut VerifyReport,
) -> Result<(), VerifyError> {
    let upto = |stream: &Stream| stream.here.min(stream.there);
    let question: Vec<(StreamId, Seq)> =
        group.iter().map(|stream| (stream.name.clone(), upto(stream))).collect();
    let names: Vec<StreamId> = group.iter().map(|stream| stream.name.clone()).collect();
    let after = remote.passed_on(&names).await?;
    let ids: Vec<(i64, Seq, Seq)> =
        group.iter().zip(after).map(|(stream, after)| (stream.id, after, upto(stream))).collect();
    let here = blocking(store, move |store| {
        let digest = |(id, after, upto)| store.stream_digest(id, after, upto);
        Ok(ids.into_iter().map(digest).collect::<Vec<_>>())
    });
    let (here, there) = tokio::join!(here, remote.digests(&question));
    let (here, there) = (here?, there?);
    if there.len() != group.len() {
        return Err(
            RemoteError::transient("the remote answered for other streams than were asked about").into()
        );
    }
    for ((stream, here), there) in group.iter().zip(here).zip(there) {
        let (run, upto) = (&stream.name.path, upto(stream));
        report.compared += 1;
        report.records += here.as_ref().map_or(0, |here| here.records);
        match here {
            Ok(here) if here == there => {}
            Ok(_) => {
                report
                    .differences
                    .push(format!("run {run}: the first {upto} records are not the same there"));
            }
            Err(StoreError::Damaged { source, .. }) => {
                report.differences.push(format!("run {run}: damaged here: {source}"));
            }
            Err(error) => return Err(error.into()),
        }
        if stream.there < stream.here {
            report.differences.push(format!(
                "run {run}: {} of {} records are not there yet",
                stream.here - upto,
                stream.here
            ));
        }
    }
    Ok(())
}
