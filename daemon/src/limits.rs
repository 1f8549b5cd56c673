//! Every bound, with its reason. What has no bound here has one in `proto`.

use std::time::Duration;

/// The most records of one block. A block is the unit that is read, merged and
/// sent, so this bounds memory.
pub const BLOCK_RECORDS_MAX: usize = 1 << 20;
/// The most bytes of one block, unpacked: a frame of the journal and some.
pub const BLOCK_BYTES_MAX: usize = 256 << 20;

/// A block with this many records is sealed. Large enough that a codec sees
/// structure (below 8,192 points pco loses ten percent), small enough that a
/// zoomed chart does not read too much.
pub const SEAL_RECORDS: usize = 32 << 10;
/// A block with this many cells is sealed: 4 MiB of floats.
pub const SEAL_POINTS: usize = 512 << 10;
/// A block of this many bytes, as first stored, is sealed.
pub const SEAL_BYTES: usize = 8 << 20;
/// Fresh blocks of a stream are merged when there are this many.
pub const FRESH_BLOCKS_MAX: usize = 32;

/// How often journals that are being written are looked at. Bounds how old the
/// newest visible row is, together with the time of a commit.
pub const TAIL_INTERVAL: Duration = Duration::from_millis(50);
/// How often the spool is searched for writers that nobody announced.
pub const SCAN_INTERVAL: Duration = Duration::from_secs(2);
/// Bytes read from one journal at a time.
pub const READ_BYTES: usize = 2 << 20;
/// Bytes read from all journals between two commits.
pub const COMMIT_BYTES: usize = 4 << 20;
/// How long a frame may stay incomplete while its writer lives before the
/// reader takes its length for a lie and looks behind it.
pub const INCOMPLETE_PATIENCE: Duration = Duration::from_secs(2);

/// The longest request body on native routes.
pub const REQUEST_BYTES_MAX: usize = 96 << 20;
/// The most streams of one question for positions.
pub const POSITIONS_MAX: usize = 10_000;
/// The most bytes of one push, before compression.
pub const PUSH_BYTES: usize = 8 << 20;
/// The most blocks of one push.
pub const PUSH_BLOCKS_MAX: usize = 4096;
/// The least that a stream gets of a push: so many bytes make a request worth
/// its round trip, and so few let a hundred streams share one.
pub const PUSH_SHARE_BYTES: usize = 64 << 10;
/// Cells of pushed blocks that a hub unpacks and commits at a time: 16 MiB of
/// floats.
pub const PUSH_COMMIT_POINTS: usize = 2 << 20;
/// New records are pushed at most this often; a backlog goes without pause.
pub const PUSH_INTERVAL: Duration = Duration::from_secs(1);
/// The same for a server of W&B's: as often as W&B's own client posts.
pub const WANDB_INTERVAL: Duration = Duration::from_secs(15);
/// How often a remote that lacks nothing is asked whether it still has it: one
/// restored from a backup is to be refilled.
pub const REMOTE_CHECK_INTERVAL: Duration = Duration::from_secs(60);
/// The longest `Retry-After` that is obeyed.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(600);
/// How long after a remote's last good answer a backlog still counts as moving.
pub const REACHABLE: Duration = Duration::from_secs(600);
/// Records that a question for digests covers, so that it is answered in time.
pub const DIGEST_RECORDS: u64 = 1 << 20;
/// The most rows merged in memory at a time: about a sealed block, so that a
/// block is not unpacked again for each page.
pub const ROWS_PAGE: usize = 40_000;

/// Host metrics are sampled this often (W&B's default).
pub const SAMPLE_INTERVAL: Duration = Duration::from_secs(15);
/// Runs that `status` lists.
pub const STATUS_RUNS: usize = 200;
/// The longest a diff may be to be kept, in bytes.
pub const DIFF_BYTES_MAX: usize = 4 << 20;
/// How long SIGTERM may take: cluster schedulers kill soon after.
pub const SHUTDOWN: Duration = Duration::from_secs(8);

/// The longest manifest of an artifact: a million entries of 200 bytes and some.
pub const MANIFEST_BYTES_MAX: u64 = 256 << 20;
/// The longest post of a file stream, unpacked. W&B's client makes them of about
/// 10 MiB, and a line of the same length may come on top.
pub const STREAM_BYTES_MAX: usize = 64 << 20;
/// The longest GraphQL request: a config or a summary may be in it.
pub const GRAPHQL_BYTES_MAX: usize = 32 << 20;
/// How deep a GraphQL query may be nested; W&B's clients need 9.
pub const GRAPHQL_DEPTH: usize = 14;
/// How many fields a GraphQL query may ask for; W&B's clients need about 80.
pub const GRAPHQL_FIELDS: usize = 400;
/// The most items of one page.
pub const PAGE_MAX: usize = 5000;
/// The most rows of one answer.
pub const ANSWER_ROWS_MAX: usize = 100_000;
/// How long a transfer link is good for: an upload may be queued behind others,
/// and is tried again for a while.
pub const LINK_LIFE: Duration = Duration::from_secs(24 * 3600);
/// How long a link for a frame is good for: it is asked for right before.
pub const FRAME_LIFE: Duration = Duration::from_secs(3600);
/// A program that writes by W&B's file stream and is not heard of for so long
/// has crashed. It posts at least every 30 s; one that was only held up is taken
/// for running again with its next post.
pub const SILENCE: Duration = Duration::from_secs(180);
/// The most nodes of a lineage: more than anybody reads.
pub const LINEAGE_NODES_MAX: usize = 2000;
/// The most generations of a lineage, in each direction.
pub const LINEAGE_DEPTH_MAX: usize = 100;

/// About how many bytes of chunks go in one request: what an interrupted transfer
/// sends again, times those that are under way.
pub const CHUNK_BATCH_BYTES: u64 = 4 << 20;
/// The most chunks, or small blobs, of one request.
pub const CHUNK_BATCH: usize = 256;
/// The most chunks of a part of a large blob, about 16 MiB: the next one is sent
/// while the hub reads the last, so the first and the last are waited for alone.
pub const PART_CHUNKS: usize = 256;
/// The most chunks that one question or part names.
pub const CHUNKS_MAX: usize = 1024;
/// The longest request or answer that holds chunks: a batch and its last chunk.
pub const CHUNKS_BYTES_MAX: usize = 5 << 20;

/// A pack that is longer gets a successor: so few files for a terabyte that one
/// folder holds them, and so little to copy where most of one is dead.
pub const PACK_BYTES: u64 = 64 << 20;
/// Bytes that are written before they are made durable even though nobody waits:
/// bounds what is kept in memory of them, and what a crash costs a long upload.
pub const BLOB_COMMIT_BYTES: u64 = 512 << 20;
/// How long bytes are kept that nothing names: an upload may take so long until
/// it is said what it was.
pub const GC_GRACE: Duration = Duration::from_secs(24 * 3600);
/// How often a daemon looks for bytes that nothing names.
pub const GC_INTERVAL: Duration = Duration::from_secs(24 * 3600);

/// The longest spec of a saved view: a report of some thousand blocks.
pub const VIEW_SPEC_BYTES_MAX: usize = 4 << 20;
/// The longest description of a saved view.
pub const VIEW_DESCRIPTION_BYTES_MAX: usize = 64 << 10;
/// The longest type, name and title of a saved view, in characters.
pub const VIEW_NAME_CHARS_MAX: usize = 512;

/// What a life leaves for the next in a shared folder: its config and summary, and
/// no more.
pub const HANDOVER_BYTES_MAX: u64 = 16 << 20;
