//! Reading for whoever waits without a thread.

use std::io::{self, Read};

use bytes::Bytes;
use tokio::sync::mpsc;

/// Bytes of one piece.
pub const PIECE: usize = 256 << 10;
/// Pieces that wait for a slow reader, or a slow disk.
pub const PIECES: usize = 4;

/// The next `length` bytes, read a few pieces ahead. Within a runtime.
#[must_use]
pub fn pieces(mut from: impl Read + Send + 'static, length: u64) -> mpsc::Receiver<io::Result<Bytes>> {
    let (send, queue) = mpsc::channel(PIECES);
    tokio::task::spawn_blocking(move || {
        let mut left = length;
        while left > 0 {
            let mut piece = vec![0; usize::try_from(left).unwrap_or(PIECE).min(PIECE)];
            let read = from.read_exact(&mut piece);
            left -= piece.len() as u64;
            let failed = read.is_err();
            // The reader may be gone; then nobody wants the rest.
            if send.blocking_send(read.map(|()| Bytes::from(piece))).is_err() || failed {
                return;
            }
        }
    });
    queue
}
