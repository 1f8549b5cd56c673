//! What goes into a block comes out; damage is seen.

#![expect(clippy::cast_precision_loss, reason = "small numbers")]

use super::*;
use proptest::prelude::*;

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<u64>().prop_map(|bits| Value::F64(f64::from_bits(bits))),
        any::<i64>().prop_map(Value::I64),
        any::<bool>().prop_map(Value::Bool),
        ".{0,12}".prop_map(Value::Text),
        (0..100i64).prop_map(|n| Value::Json(format!("[{n}]"))),
    ]
}

fn any_record() -> impl Strategy<Value = Record> {
    let cells = proptest::collection::btree_map("[a-d]", any_value(), 0..4);
    let row = (0..3usize, any::<i64>(), any::<i64>(), cells).prop_map(|(table, step, time_us, cells)| {
        Record::Row(Row { table: Table::ALL[table], step, time_us, cells: cells.into_iter().collect() })
    });
    let change = ".{0,20}".prop_map(|text| Record::Change(Change::TextFile { path: "a".into(), text }));
    prop_oneof![4 => row, 1 => change]
}

/// Equal to the bit, which `==` on floats is not.
fn text(records: impl IntoIterator<Item = Record>) -> Vec<String> {
    let bits = |value: &Value| match value {
        Value::F64(x) => format!("f{:x}", x.to_bits()),
        other => format!("{other:?}"),
    };
    let row = |row: &Row| {
        let cells: Vec<_> = row.cells.iter().map(|(key, value)| format!("{key}={}", bits(value))).collect();
        format!("{:?} {} {} {cells:?}", row.table, row.step, row.time_us)
    };
    records
        .into_iter()
        .map(|record| match &record {
            Record::Row(found) => row(found),
            Record::Change(change) => format!("{change:?}"),
        })
        .collect()
}

fn block_of(records: &[Record]) -> Block {
    let mut block = Block::default();
    records.iter().for_each(|record| block.push(record.clone()));
    block
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(records in proptest::collection::vec(any_record(), 0..60), sealed: bool) {
        let effort = if sealed { Effort::Sealed } else { Effort::Fresh };
        let encoded = block_of(&records).encode(effort);
        let mut wire = Vec::new();
        encoded.write_to(&mut wire);
        let mut rest = wire.as_slice();
        prop_assert_eq!(&Encoded::read_from(&mut rest).unwrap(), &encoded);
        prop_assert!(rest.is_empty());
        prop_assert_eq!(text(Block::decode(&encoded).unwrap().into_records()), text(records));
    }

    #[test]
    fn joining_and_cutting_keep_the_order(a in proptest::collection::vec(any_record(), 0..40), b in proptest::collection::vec(any_record(), 0..40), skip in 0..50usize) {
        let mut joined = block_of(&a);
        joined.extend(Block::decode(&block_of(&b).encode(Effort::Fresh)).unwrap());
        let all: Vec<_> = a.into_iter().chain(b).collect();
        prop_assert_eq!(text(joined.clone().into_records()), text(all.clone()));
        prop_assert_eq!(text(joined.tail(skip).into_records()), text(all.into_iter().skip(skip)));
    }

    #[test]
    fn damage_is_seen(at in any::<proptest::sample::Index>(), bit in 0..8u8) {
        let records: Vec<_> = (0..300).map(|step| Record::Row(Row {
            table: Table::History, step, time_us: step, cells: vec![("a".into(), Value::F64(0.5))],
        })).collect();
        let good = block_of(&records).encode(Effort::Sealed);
        let pieces = good.parts.len() + 1;
        for piece in 0..pieces {
            let mut bad = good.clone();
            let bytes = if piece == 0 { &mut bad.head } else { &mut bad.parts[piece - 1].body };
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(Block::decode(&bad).is_err());
        }
    }

    #[test]
    fn hostile_bytes_are_refused_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Encoded::read_from(&mut bytes.as_slice());
        let mut body = crc32fast::hash(&bytes).to_le_bytes().to_vec();
        body.extend(&bytes);
        let _ = Head::decode(&body);
        let _ = unpack(&body, |_| true);
    }
}

#[test]
fn repeated_noise_and_smooth_curves_both_pack() {
    let mut noise = Block::default();
    let mut smooth = Block::default();
    let mut state = 1u64;
    let values: Vec<f64> = (0..5003)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            f64::from_bits((state >> 12) | 0x3ff0_0000_0000_0000) - 1.0
        })
        .collect();
    for step in 0..32_768i64 {
        let row = |value| Row {
            table: Table::History,
            step,
            time_us: step * 1000,
            cells: vec![("x".into(), Value::F64(value))],
        };
        noise.push_row(row(values[usize::try_from(step).unwrap() * 7 % values.len()]));
        smooth.push_row(row(f64::from(1.0f32 / (1.0 + step as f32))));
    }
    for block in [noise, smooth] {
        let bytes = block.encode(Effort::Sealed).bytes();
        assert!(bytes < 4 * 32_768, "{bytes} bytes for 32,768 points");
    }
}
