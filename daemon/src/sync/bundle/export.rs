//! Writes a bundle: what a destination lacks, stream by stream, each blob before
//! the record that names it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use pannier_proto::bundle::{Carried, Export, Exported, Manifest, Since};
use pannier_proto::id::{Id128, Seq};

use super::carrier::Carrier;
use super::known::Known;
use super::{MANIFEST, Meter, Problem, Result, host, off};
use crate::blobs::Blobs;
use crate::bundle::{self, Lock, PART_BYTES_MIN, SigningKey};
use crate::clock::now_us;
use crate::limits::{PUSH_BLOCKS_MAX, PUSH_BYTES};
use crate::store::{Exportable, Store, StoreError};
use crate::sync::remote::{Remote as _, RemoteError, StreamPush};
use crate::sync::{blocking, carry};

/// What was asked, checked.
struct Plan {
    to: String,
    place: PathBuf,
    split: Option<u64>,
    lock: Option<Lock>,
    key: Option<SigningKey>,
}

impl Plan {
    fn of(ask: &Export) -> Result<Self> {
        let usable = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if ask.to.is_empty() || ask.to.len() > 128 || !ask.to.chars().all(usable) {
            return Err(Problem::refused(
                format!("{:?} is no name for a destination", ask.to),
                "use letters, digits, - _ or .",
            ));
        }
        let place = PathBuf::from(&ask.place);
        if !place.is_absolute() || place.file_name().is_none() {
            return Err(Problem::refused(format!("{:?} names no file by its whole path", ask.place), ""));
        }
        if ask.split.is_some_and(|bytes| bytes < PART_BYTES_MIN) {
            return Err(Problem::refused(
                format!("parts of fewer than {PART_BYTES_MIN} bytes are not made"),
                "say for example --split 2GiB",
            ));
        }
        let keys =
            ask.recipients.iter().map(|text| bundle::recipient(text)).collect::<Result<Vec<_>, _>>()?;
        let lock = match (keys.is_empty(), &ask.passphrase) {
            (true, None) => None,
            (true, Some(passphrase)) => Some(Lock::Passphrase(passphrase.clone().into())),
            (false, None) => Some(Lock::Recipients(keys)),
            (false, Some(_)) => {
                return Err(Problem::refused(
                    "it is encrypted to recipients or with a passphrase, not both",
                    "",
                ));
            }
        };
        let key = ask.sign.as_deref().map(SigningKey::from_text).transpose()?;
        Ok(Self { to: ask.to.clone(), place, split: ask.split, lock, key })
    }
}

/// Which streams go, and from where on; and what is there already.
struct Lacking {
    streams: Vec<(Exportable, Seq)>,
    /// Stretches of streams that the other side has.
    sent: Vec<(i64, Seq, Seq)>,
}

fn lacking(store: &Store, ask: &Export) -> Result<Lacking, StoreError> {
    let wanted = |stream: &Exportable| {
        let path = &stream.id.path;
        let project =
            |(entity, project): &(String, String)| path.entity == *entity && path.project == *project;
        (ask.runs.is_empty() && ask.projects.is_empty())
            || ask.runs.contains(path)
            || ask.projects.iter().any(project)
    };
    let (mut streams, mut sent) = (Vec::new(), Vec::new());
    for stream in store.exportable(&ask.to)? {
        let after = match ask.since {
            Since::Beginning => 0,
            Since::Last => stream.exported.max(stream.received),
            Since::Received => stream.received,
        };
        let after = after.min(stream.last_seq);
        if after > 0 {
            sent.push((stream.stream, 0, after));
        }
        if after < stream.last_seq && wanted(&stream) {
            streams.push((stream, after));
        }
    }
    Ok(Lacking { streams, sent })
}

/// Writes a bundle. Where there is nothing to write, no file is made.
///
/// # Errors
/// [`Problem`]; then there is no bundle, and nothing was noted of one.
pub async fn export(
    store: &Arc<Store>,
    blobs: &Arc<Blobs>,
    ask: Export,
    meter: &Arc<Meter>,
) -> Result<Exported> {
    let plan = Plan::of(&ask)?;
    let (to, now) = (plan.to.clone(), now_us());
    store.write(move |tx| tx.set_destination(&to, now)).await?;
    let lacking = blocking(store, move |store| lacking(store, &ask)).await?;
    if lacking.streams.is_empty() {
        return Ok(Exported { to: plan.to, ..Exported::default() });
    }
    let set = Id128(crate::token::random().map_err(|source| bundle::BundleError::Io {
        verb: "name",
        path: plan.place.clone(),
        source,
    })?);
    let number = blocking(store, {
        let to = plan.to.clone();
        move |store| store.bundles_for(&to)
    })
    .await?
        + 1;
    let total = lacking.streams.iter().map(|(stream, after)| stream.last_seq - after).sum();
    meter.begin(1, total);
    let mut writing = {
        let (store, meter, sent) = (store.clone(), meter.clone(), lacking.sent);
        let (place, split) = (plan.place.clone(), plan.split);
        let (carrier, plan) = off(move || {
            let origin = store.origin();
            let known = Known::of(store, &sent)?;
            let packer = bundle::create(&place, set, split, plan.lock.as_ref())?;
            Ok((Carrier::new(packer, origin, known, meter)?, plan))
        })
        .await?;
        Writing { carrier, plan, left_out: Vec::new(), upto: BTreeMap::new(), stopped: Vec::new() }
    };
    writing.records(store, blobs, &lacking.streams, meter).await?;
    writing.finish(store, &lacking.streams, (set, number)).await
}

/// A bundle that is being filled.
struct Writing {
    carrier: Carrier,
    plan: Plan,
    left_out: Vec<String>,
    /// By stream, up to where it is in the bundle.
    upto: BTreeMap<i64, Seq>,
    /// Streams of which nothing more goes.
    stopped: Vec<i64>,
}

/// Blocks that go into one file, each with its stream and its last record.
#[derive(Default)]
struct Batch {
    blocks: Vec<(i64, Seq, StreamPush)>,
    bytes: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.bytes >= PUSH_BYTES || self.blocks.len() >= PUSH_BLOCKS_MAX / 2
    }
}

impl Writing {
    async fn records(
        &mut self,
        store: &Arc<Store>,
        blobs: &Arc<Blobs>,
        streams: &[(Exportable, Seq)],
        meter: &Meter,
    ) -> Result<()> {
        let (mut batch, mut done) = (Batch::default(), 0);
        for (stream, after) in streams {
            let mut at = *after;
            while at < stream.last_seq && !self.stopped.contains(&stream.stream) {
                let (id, from) = (stream.stream, at);
                let found = match blocking(store, move |store| store.log_after(id, from, PUSH_BYTES)).await {
                    Err(StoreError::Damaged { source, .. }) => {
                        self.leave_out(stream, &format!("its records here are damaged: {source}"));
                        break;
                    }
                    found => found?,
                };
                if found.is_empty() {
                    break;
                }
                for block in found {
                    batch.bytes += block.encoded.bytes();
                    at = block.last_seq;
                    let push = StreamPush {
                        id: stream.id.clone(),
                        first_seq: block.first_seq,
                        block: block.encoded,
                    };
                    batch.blocks.push((stream.stream, at, push));
                    if batch.is_full() {
                        self.send(blobs, std::mem::take(&mut batch), streams).await?;
                    }
                }
                meter.done(done + (at - after));
            }
            done += at - after;
        }
        self.send(blobs, batch, streams).await
    }

    fn leave_out(&mut self, stream: &Exportable, why: &str) {
        self.left_out.push(format!("{}: {why}", stream.id.path));
        self.stopped.push(stream.stream);
    }

    /// Writes blocks; where that is refused, each stream by itself, so that one
    /// whose file is lost leaves the others alone.
    async fn send(&mut self, blobs: &Arc<Blobs>, batch: Batch, streams: &[(Exportable, Seq)]) -> Result<()> {
        let stopped = self.stopped.clone();
        let blocks: Vec<_> = batch.blocks.into_iter().filter(|(id, ..)| !stopped.contains(id)).collect();
        match self.try_send(blobs, &blocks).await {
            Ok(()) => return Ok(()),
            Err(Problem::Remote(RemoteError::Rejected(_) | RemoteError::TooLarge(_))) => {}
            Err(problem) => return Err(problem),
        }
        for of_one in blocks.chunk_by(|a, b| a.0 == b.0) {
            let Some((stream, ..)) = streams.iter().find(|(stream, _)| stream.stream == of_one[0].0) else {
                continue;
            };
            match self.try_send(blobs, of_one).await {
                Err(Problem::Remote(RemoteError::Rejected(why) | RemoteError::TooLarge(why))) => {
                    self.leave_out(stream, &why);
                }
                sent => sent?,
            }
        }
        Ok(())
    }

    async fn try_send(&mut self, blobs: &Arc<Blobs>, blocks: &[(i64, Seq, StreamPush)]) -> Result<()> {
        if blocks.is_empty() {
            return Ok(());
        }
        let pushes: Vec<StreamPush> = blocks.iter().map(|(_, _, push)| push.clone()).collect();
        let send = async {
            let gone = carry::blobs(&self.carrier, blobs, &pushes, &AtomicU64::new(0)).await?;
            self.carrier.push(pushes, gone).await
        };
        if let Err(error) = send.await {
            return Err(self.carrier.failure().unwrap_or(error.into()));
        }
        for (stream, upto, _) in blocks {
            self.upto.insert(*stream, *upto);
        }
        Ok(())
    }

    /// Gives the bundle its manifest and its name, and notes what is in it.
    async fn finish(
        self,
        store: &Arc<Store>,
        streams: &[(Exportable, Seq)],
        (set, number): (Id128, u64),
    ) -> Result<Exported> {
        let carried = streams.iter().filter_map(|(stream, after)| {
            let upto = *self.upto.get(&stream.stream)?;
            Some(Carried { id: stream.id.clone(), after: *after, upto })
        });
        let carried: Vec<Carried> = carried.collect();
        let (to, left_out) = (self.plan.to.clone(), self.left_out);
        if carried.is_empty() {
            return Ok(Exported { to, left_out, ..Exported::default() });
        }
        let records = carried.iter().map(|stream| stream.upto - stream.after).sum();
        let (from, count) = (store.origin(), carried.len() as u64);
        let manifest = Manifest { from, host: host(), to, number, time_us: now_us(), streams: carried };
        let (carrier, plan) = (self.carrier, self.plan);
        let written = off(move || {
            // Plain data with string keys: serialising it into memory cannot fail.
            let json = serde_json::to_vec(&manifest).unwrap_or_default();
            let (packer, content_bytes) = carrier.end(MANIFEST, &json)?;
            let (_, files) = bundle::finish(packer, plan.key.as_ref())?;
            Ok((files, content_bytes, plan))
        });
        let (files, content_bytes, plan) = written.await?;
        let rows: Vec<(i64, Seq)> = self.upto.into_iter().collect();
        let to = plan.to.clone();
        store.write(move |tx| tx.set_exported(&to, &rows)).await?;
        Ok(Exported {
            set: Some(set),
            file_bytes: files.iter().map(|file| file.metadata().map_or(0, |meta| meta.len())).sum(),
            files: files.iter().map(|file| said(file)).collect(),
            to: plan.to,
            number,
            streams: count,
            records,
            content_bytes,
            signed_by: plan.key.map(|key| key.public().to_string()),
            left_out,
        })
    }
}

fn said(path: &Path) -> String {
    path.display().to_string()
}
