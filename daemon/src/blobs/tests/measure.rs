//! Measurements, to be run in release, by hand or by `cargo xtask bench blobs`:
//! `cargo test --release -p pannier --lib blobs::tests::measure -- --ignored --nocapture`

use std::time::Instant;

use super::*;

/// A line that the benchmark reads.
fn figure(name: &str, value: f64, unit: &str) {
    println!("figure {}", serde_json::json!({"name": name, "value": value, "unit": unit}));
}

#[test]
#[ignore = "a measurement"]
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn large_files() {
    const SIZE: usize = 1 << 30;
    let place = place();
    let mut bytes = noise(1, SIZE);
    let rate = |began: Instant| SIZE as f64 / f64::from(1 << 20) / began.elapsed().as_secs_f64();
    let began = Instant::now();
    std::hint::black_box(<md5::Md5 as md5::Digest>::digest(&bytes));
    let floor = rate(began);
    figure("MD5 alone", floor, "MiB/s");
    let write = |bytes: &[u8]| {
        let mut writer = place.blobs.writer().unwrap();
        bytes.chunks(256 << 10).for_each(|piece| writer.write(piece).unwrap());
        writer.finish().unwrap()
    };
    let began = Instant::now();
    write(&bytes);
    let written = rate(began);
    figure("writing 1 GiB, durable", written, "MiB/s");
    figure("writing 1 GiB, of MD5 alone", written / floor, "×");
    let before = place.bytes();
    for n in 0..164 {
        let at = n * 6_500_000 + 4321;
        bytes[at..at + (64 << 10)].copy_from_slice(&noise(100 + n as u64, 64 << 10));
    }
    let began = Instant::now();
    let changed = write(&bytes);
    figure("writing it again, 1 % changed", rate(began), "MiB/s");
    let cost = (place.bytes() - before) as f64 / SIZE as f64;
    figure("cost of 164 changed places of 64 KiB", 100.0 * cost, "% of 1 GiB");
    let began = Instant::now();
    place.blobs.verify(&changed.blob).unwrap();
    figure("reading and checking", rate(began), "MiB/s");
}

#[test]
#[ignore = "a measurement"]
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn small_files() {
    let place = place();
    let put = |range: std::ops::Range<u64>| {
        let began = Instant::now();
        let seal = |n| {
            let mut writer = place.blobs.writer().unwrap();
            writer.write(&noise(n, 1000 + usize::try_from(n % 8000).unwrap())).unwrap();
            writer.seal().unwrap()
        };
        let sealed: Vec<Pending> = range.map(seal).collect();
        for pending in sealed {
            let _ = pending.wait().unwrap();
        }
        began.elapsed().as_secs_f64()
    };
    figure("10,000 small files, waited for together", put(0..10_000), "s");
    put(10_000..100_000);
    figure(
        "files on the disk for 100,000 small files",
        files(&place.home.join("blobs")).len() as f64,
        "files",
    );
    let began = Instant::now();
    thread::scope(|scope| {
        for thread in 0..16_u64 {
            let place = &place;
            scope.spawn(move || {
                for n in 0..625 {
                    place.blobs.put(&noise(1_000_000 + thread * 1000 + n, 5000)).unwrap();
                }
            });
        }
    });
    figure("10,000 small files, 16 writers that wait for each", began.elapsed().as_secs_f64(), "s");
}
