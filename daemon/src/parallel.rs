//! Work on many things, on a few threads. Knows neither what they are nor what is
//! done.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that are read, hashed and written at a time.
const PIECE_BYTES: usize = 1 << 20;
/// Files that are worked on side by side, at most: what they wait for is the disk.
const THREADS_MAX: usize = 8;

/// What becomes of each of so many files, in their order, on a few threads. Each
/// thread has a buffer to lend.
pub fn side_by_side<T: Send, E: Send>(
    count: usize,
    work: impl Fn(usize, &mut [u8]) -> Result<T, E> + Sync,
) -> Vec<Result<T, E>> {
    on_threads(count, THREADS_MAX, || vec![0; PIECE_BYTES], |at, buffer| work(at, buffer))
}

/// What becomes of each of so many, in their order, on so many threads at most,
/// each with something of its own.
pub fn on_threads<O, T: Send>(
    count: usize,
    threads: usize,
    own: impl Fn() -> O + Sync,
    work: impl Fn(usize, &mut O) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let some = || {
        let mut own = own();
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return done;
            }
            done.push((at, work(at, &mut own)));
        }
    };
    let mut done = std::thread::scope(|scope| {
        // A thread that cannot be had is one fewer.
        let helpers: Vec<_> = (1..count.min(threads))
            .filter_map(|_| std::thread::Builder::new().name("helper".into()).spawn_scoped(scope, some).ok())
            .collect();
        let mut done = some();
        for helper in helpers {
            done.extend(helper.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
