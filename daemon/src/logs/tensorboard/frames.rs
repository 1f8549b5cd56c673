//! The frame of an event file: records with their length, each with a checksum.
//! Pure.
//!
//! ```text
//! record = length: u64, crc of the length: u32, data, crc of the data: u32
//! ```
//!
//! The checksum is CRC-32C, turned and shifted as TensorFlow does.

use super::super::Report;

/// Bytes in front of a record's data, and behind it.
const HEAD: usize = 12;
const TAIL: usize = 4;
/// The longest record: a picture and some.
pub const RECORD_BYTES_MAX: usize = 256 << 20;

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let mut crc = at as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
};

fn checksum(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ crc >> 8;
    let crc = !bytes.iter().fold(!0, step);
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

enum Frame<'a> {
    Sound(&'a [u8]),
    /// It would go on behind what is there.
    Short,
    Bad,
}

fn frame(bytes: &[u8]) -> Frame<'_> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else { return Frame::Short };
    let [l0, l1, l2, l3, l4, l5, l6, l7, c0, c1, c2, c3] = *head;
    let length = u64::from_le_bytes([l0, l1, l2, l3, l4, l5, l6, l7]);
    let sound = checksum(&head[..8]) == u32::from_le_bytes([c0, c1, c2, c3]);
    let length = usize::try_from(length).ok().filter(|length| sound && *length <= RECORD_BYTES_MAX);
    let Some(length) = length else { return Frame::Bad };
    let (Some(data), Some(tail)) = (rest.get(..length), rest.get(length..length + TAIL)) else {
        return Frame::Short;
    };
    match checksum(data).to_le_bytes() == tail {
        true => Frame::Sound(data),
        false => Frame::Bad,
    }
}

/// Hands over the records that lie in the bytes from `at` on in the file, each with
/// where it ends, and returns how far it came. What is damaged is counted. With
/// `whole`, nothing will come behind them.
pub fn take(
    at: u64,
    bytes: &[u8],
    whole: bool,
    report: &mut Report,
    each: &mut dyn FnMut(&[u8], u64),
) -> u64 {
    let mut pos = 0;
    while pos < bytes.len() {
        match frame(&bytes[pos..]) {
            Frame::Sound(data) => {
                pos += HEAD + data.len() + TAIL;
                each(data, at + pos as u64);
            }
            Frame::Short if !whole => break,
            Frame::Short | Frame::Bad => {
                // What is cut at the end of the bytes may be a record, once there is more.
                let next = (pos + 1..bytes.len()).find(|at| match frame(&bytes[*at..]) {
                    Frame::Sound(_) => true,
                    Frame::Short => !whole,
                    Frame::Bad => false,
                });
                let next = next.unwrap_or(bytes.len());
                report.damaged += (next - pos) as u64;
                pos = next;
            }
        }
    }
    at + pos as u64
}

/// Writes records, for tests.
#[cfg(test)]
pub fn write(records: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for record in records {
        let length = (record.len() as u64).to_le_bytes();
        file.extend(length);
        file.extend(checksum(&length).to_le_bytes());
        file.extend(record);
        file.extend(checksum(record).to_le_bytes());
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &[u8]) -> (Vec<Vec<u8>>, u64) {
        let (mut found, mut report) = (Vec::new(), Report::default());
        let end = take(0, file, true, &mut report, &mut |data, _| found.push(data.to_vec()));
        assert_eq!(end, file.len() as u64);
        (found, report.damaged)
    }

    #[test]
    fn checksums_are_those_of_tensorflow() {
        // CRC-32C of "123456789" is e3069283.
        assert_eq!(checksum(b"123456789"), 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8));
    }

    #[test]
    fn damage_costs_what_it_is_in() {
        let all: Vec<Vec<u8>> = (0..20_u8).map(|n| vec![n; 10 + usize::from(n)]).collect();
        let file = write(&all);
        assert_eq!(read(&file), (all.clone(), 0));
        for at in 0..file.len() {
            let mut flipped = file.clone();
            flipped[at] ^= 0x40;
            let (found, damaged) = read(&flipped);
            let kept: Vec<_> = all.iter().filter(|record| found.contains(record)).cloned().collect();
            assert_eq!((found.len(), damaged > 0, &found), (all.len() - 1, true, &kept), "byte {at}");
            let (mut parts, mut lost) = (Vec::new(), Report::default());
            let mut part = |from: u64, to: usize, whole: bool| {
                let bytes = &flipped[usize::try_from(from).unwrap()..to];
                take(from, bytes, whole, &mut lost, &mut |data, _| parts.push(data.to_vec()))
            };
            let come = part(0, file.len().min(at + 20), false);
            part(come, file.len(), true);
            assert_eq!((&parts, lost.damaged), (&found, damaged), "byte {at}, and what is behind it later");
            let (found, _) = read(&file[..at]);
            assert_eq!(found, all[..found.len()], "cut at {at}");
        }
    }
}
