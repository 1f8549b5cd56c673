//! The format under scissors: cut at every byte, flipped at every bit.

use super::read::parse_shape;
use super::*;
use crate::id::Id128;
use crate::record::Table;
use crate::value::{Kind, Value};

fn sample() -> (Vec<u8>, Vec<usize>) {
    let mut out = Vec::new();
    let mut starts = Vec::new();
    let open = Open {
        version: 1,
        writer: Id128([7; 16]),
        segment: 1,
        path: RunPath::new("e", "p", "r").unwrap(),
        pid: 1,
        remote: None,
        parent: None,
    };
    put_open(&mut out, &open);
    put_shape(&mut out, 0, [(Kind::F64, "loss"), (Kind::Text, "note"), (Kind::I64, "n")].into_iter());
    for step in 0..4 {
        starts.push(out.len());
        let mut row = RowWriter::new(&mut out, Table::History, 0, 3, step, 1000 + step);
        row.word(0.5f64.to_bits());
        row.word(0);
        row.word(step.cast_unsigned());
        assert!(row.finish([(1, "hé")].into_iter()));
    }
    put_close(&mut out);
    (out, starts)
}

/// Reads all there is, as the daemon does with a dead writer's segment.
fn read_steps(bytes: &[u8]) -> (Vec<i64>, bool) {
    let (mut at, mut steps, mut shape, mut damaged) = (0, Vec::new(), None, false);
    while at < bytes.len() {
        match next(&bytes[at..]) {
            Next::Frame(frame, len) => {
                at += len;
                match frame {
                    Frame::Shape(0, found) => shape = Some(found),
                    Frame::Row(packed) => {
                        let row = packed.unpack(shape.as_ref().unwrap()).unwrap();
                        assert_eq!(row.cells[1].1, Value::Text("hé".into()));
                        steps.push(row.step);
                    }
                    _ => {}
                }
            }
            Next::Incomplete | Next::Damaged => {
                damaged = true;
                match resync(&bytes[at..]) {
                    Some(skip) => at += skip,
                    None => break,
                }
            }
        }
    }
    (steps, damaged)
}

#[test]
fn round_trip() {
    assert_eq!(read_steps(&sample().0), (vec![0, 1, 2, 3], false));
}

#[test]
fn a_cut_at_every_byte_keeps_every_whole_row() {
    let (bytes, starts) = sample();
    let row_bytes = starts[1] - starts[0];
    for cut in 0..bytes.len() {
        let whole = starts.iter().filter(|start| **start + row_bytes <= cut).count();
        let (steps, _) = read_steps(&bytes[..cut]);
        assert_eq!(steps.len(), whole, "cut at {cut}");
    }
}

#[test]
fn a_flip_of_any_bit_loses_at_most_the_row_it_hits() {
    let (bytes, starts) = sample();
    let row_bytes = starts[1] - starts[0];
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            let (steps, damaged) = read_steps(&flipped);
            let hit = starts.iter().position(|start| (*start..start + row_bytes).contains(&at));
            let expected: Vec<i64> = (0..4).filter(|step| usize::try_from(*step).ok() != hit).collect();
            assert_eq!(steps, expected, "byte {at} bit {bit}");
            assert!(damaged, "byte {at} bit {bit} went unnoticed");
        }
    }
}

#[test]
fn lies_about_lengths_are_harmless() {
    for len in [0u32, 1, 7, 1 << 20, FRAME_BODY_BYTES_MAX as u32, u32::MAX] {
        let mut bytes = sample().0;
        bytes[4..8].copy_from_slice(&len.to_le_bytes());
        assert_eq!(read_steps(&bytes).0, [0, 1, 2, 3]);
    }
    let mut body = vec![0; 8];
    body[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(parse_shape(&body), None);
}
