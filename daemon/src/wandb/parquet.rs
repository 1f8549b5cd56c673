//! A run's history as a Parquet file, for `download_history_exports` and for
//! whoever reads with DuckDB or pandas: which columns rows make, and writing
//! them group by group in bounded memory.
//!
//! Only four types are used, `int64`, `double`, `boolean` and UTF-8 strings:
//! the W&B SDK's own reader aborts its process on some others. Must not know
//! where rows come from, which run they belong to, or who asked.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::sync::Arc;

use ::parquet::basic::{
    Compression, ConvertedType, Encoding, LogicalType, Repetition, Type as Physical, ZstdLevel,
};
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::types::{ColumnPath, Type};
use pannier_proto::record::Row;
use pannier_proto::value::{Kind, Value};

/// The step that a row was logged at.
const STEP: &str = "_step";
/// When, in seconds since 1970.
const TIMESTAMP: &str = "_timestamp";
/// How long after the run's start, in seconds.
const RUNTIME: &str = "_runtime";
/// The columns that every file has, whatever was logged, in their order.
const FIXED: [(&str, Column); 3] =
    [(STEP, Column::Int), (TIMESTAMP, Column::Double), (RUNTIME, Column::Double)];

/// The level at which zstd still keeps up with a disk.
const ZSTD_LEVEL: i32 = 3;

/// Why a file could not be written. It is of no use after any of them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A row has a key that the schema was not told about.
    #[error("the history export has no column for the key {key:?} of step {step}; export the run again")]
    UnknownKey {
        /// The key.
        key: String,
        /// Of the row.
        step: i64,
    },
    /// A cell is of a kind that its column cannot hold.
    #[error(
        "the history export's {column:?} column {key:?} cannot hold the {kind:?} of step {step}; export the run again"
    )]
    Misfit {
        /// The key.
        key: String,
        /// What its column holds.
        column: Column,
        /// What the cell is.
        kind: Kind,
        /// Of the row.
        step: i64,
    },
    /// The encoder refused, or the sink did.
    #[error("cannot write the history export: {0}")]
    Write(#[from] ParquetError),
}

/// What one column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Truth values.
    Bool,
    /// 64-bit signed integers.
    Int,
    /// 64-bit floats; integers and truth values of mixed keys, too, so integers
    /// beyond 2^53 are rounded there.
    Double,
    /// UTF-8: strings as they are, any other value as its JSON text.
    Text,
}

impl Column {
    /// What a key holds whose cells are all of this kind.
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::F64 => Self::Double,
            Kind::I64 => Self::Int,
            Kind::Bool => Self::Bool,
            Kind::Text | Kind::Json => Self::Text,
        }
    }

    /// The narrowest column that holds what either does.
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Text, _) | (_, Self::Text) => Self::Text,
            _ => Self::Double,
        }
    }

    /// Whether a cell of this kind can be written into it.
    fn holds(self, kind: Kind) -> bool {
        self.join(Self::of(kind)) == self
    }

    fn physical(self) -> Physical {
        match self {
            Self::Bool => Physical::BOOLEAN,
            Self::Int => Physical::INT64,
            Self::Double => Physical::DOUBLE,
            Self::Text => Physical::BYTE_ARRAY,
        }
    }
}

/// The columns of a file: gathered before the first row is written, because a
/// Parquet file has one schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    keys: BTreeMap<String, Column>,
}

impl Schema {
    /// Makes room for cells of this kind under this key.
    pub fn add(&mut self, key: &str, kind: Kind) {
        let column = Column::of(kind);
        if let Some(known) = self.keys.get_mut(key) {
            *known = known.join(column);
        } else if !FIXED.iter().any(|(fixed, _)| *fixed == key) {
            self.keys.insert(key.to_owned(), column);
        }
    }

    /// Makes room for all cells of this row.
    pub fn add_row(&mut self, row: &Row) {
        for (key, value) in &row.cells {
            self.add(key, value.kind());
        }
    }

    /// All columns in the order of the file: `_step`, `_timestamp`, `_runtime`,
    /// then the keys, sorted.
    pub fn columns(&self) -> impl Iterator<Item = (&str, Column)> {
        FIXED.into_iter().chain(self.keys.iter().map(|(key, column)| (key.as_str(), *column)))
    }

    /// As Parquet has it: everything but the step may be missing in a row.
    fn to_parquet(&self) -> Result<Type, ParquetError> {
        let fields = self.columns().map(|(key, column)| {
            let needed = if key == STEP { Repetition::REQUIRED } else { Repetition::OPTIONAL };
            let field = Type::primitive_type_builder(key, column.physical()).with_repetition(needed);
            let field = match column {
                Column::Text => field
                    .with_logical_type(Some(LogicalType::String))
                    .with_converted_type(ConvertedType::UTF8),
                Column::Bool | Column::Int | Column::Double => field,
            };
            field.build().map(Arc::new)
        });
        Type::group_type_builder("history").with_fields(fields.collect::<Result<_, _>>()?).build()
    }

    /// Numbers seldom repeat, and looking for repetitions costs more than
    /// writing them; strings do, and get a dictionary.
    fn properties(&self) -> Result<WriterProperties, ParquetError> {
        let properties = WriterProperties::builder()
            .set_created_by(concat!("pannier ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_dictionary_enabled(false);
        let properties = self.columns().fold(properties, |properties, (key, column)| {
            let path = ColumnPath::new(vec![key.to_owned()]);
            match column {
                Column::Bool => properties,
                Column::Int => properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
                Column::Double => properties.set_column_encoding(path, Encoding::BYTE_STREAM_SPLIT),
                Column::Text => properties.set_column_dictionary_enabled(path, true),
            }
        });
        Ok(properties.build())
    }
}

impl<K: AsRef<str>> FromIterator<(K, Kind)> for Schema {
    fn from_iter<I: IntoIterator<Item = (K, Kind)>>(pairs: I) -> Self {
        let mut schema = Self::default();
        for (key, kind) in pairs {
            schema.add(key.as_ref(), kind);
        }
        schema
    }
}

/// The cells of one column in one row group, each with the index of its row.
type Cells<'a> = Vec<(usize, &'a Value)>;

/// Writes one file. Beside the rows it is given it holds the encoded pages of
/// one column, and a footer that grows by some 100 bytes a column and group.
pub struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    columns: Vec<(String, Column)>,
    /// Where a key is in `columns`.
    places: HashMap<String, usize>,
    /// Microseconds since 1970.
    started_us: i64,
}

impl<W: Write + Send> Writer<W> {
    /// Begins a file. `_runtime` counts from `started_us` (microseconds since
    /// 1970) in rows that have no such cell.
    ///
    /// # Errors
    /// [`Error::Write`] if the sink cannot be written to.
    pub fn new(sink: W, schema: &Schema, started_us: i64) -> Result<Self, Error> {
        let columns: Vec<_> = schema.columns().map(|(key, column)| (key.to_owned(), column)).collect();
        let places = columns.iter().enumerate().map(|(place, (key, _))| (key.clone(), place)).collect();
        let file =
            SerializedFileWriter::new(sink, Arc::new(schema.to_parquet()?), Arc::new(schema.properties()?))?;
        Ok(Self { file, columns, places, started_us })
    }

    /// Writes these rows as one row group; a file has at most 32767. They are
    /// written as they come: sorting them and making one row of those that share
    /// a step is the caller's part. Cells called `_step` and `_timestamp`, and a
    /// `_runtime` that is no number, give way to the row's own step and time.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] and [`Error::Misfit`] if the schema was not told of
    /// a cell, [`Error::Write`] if the encoder or the sink refuses.
    pub fn write(&mut self, rows: &[Row]) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let cells = self.by_column(rows)?;
        let steps: Vec<i64> = rows.iter().map(|row| row.step).collect();
        let times: Vec<f64> = rows.iter().map(|row| seconds(row.time_us)).collect();
        let runtimes = self.runtimes(rows, &cells);
        let present = vec![1; rows.len()];
        let mut group = self.file.next_row_group()?;
        put::<Int64Type, _>(&mut group, &steps, None)?;
        put::<DoubleType, _>(&mut group, &times, Some(&present))?;
        put::<DoubleType, _>(&mut group, &runtimes, Some(&present))?;
        let mut levels = Vec::with_capacity(rows.len());
        for ((_, column), cells) in self.columns.iter().zip(&cells).skip(FIXED.len()) {
            levels.clear();
            levels.resize(rows.len(), 0);
            for (row, _) in cells {
                levels[*row] = 1;
            }
            put_cells(&mut group, *column, cells, &levels)?;
        }
        group.close()?;
        Ok(())
    }

    /// Writes the footer and gives the sink back, flushed.
    ///
    /// # Errors
    /// [`Error::Write`] if the sink refuses.
    pub fn finish(self) -> Result<W, Error> {
        let mut sink = self.file.into_inner()?;
        sink.flush().map_err(ParquetError::from)?;
        Ok(sink)
    }

    /// Sorts the cells of these rows by column. Of two cells of one key in a row
    /// the later counts.
    fn by_column<'a>(&self, rows: &'a [Row]) -> Result<Vec<Cells<'a>>, Error> {
        let mut cells: Vec<Cells<'a>> = vec![Vec::new(); self.columns.len()];
        // Rows mostly have the keys of the row before, in the same order.
        let mut guesses: Vec<usize> = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            guesses.resize(guesses.len().max(row.cells.len()), 0);
            for ((key, value), guess) in row.cells.iter().zip(&mut guesses) {
                if self.columns[*guess].0 != *key {
                    *guess = *self
                        .places
                        .get(key)
                        .ok_or_else(|| Error::UnknownKey { key: key.clone(), step: row.step })?;
                }
                let (place, column) = (*guess, self.columns[*guess].1);
                if place >= FIXED.len() && !column.holds(value.kind()) {
                    let (key, kind, step) = (key.clone(), value.kind(), row.step);
                    return Err(Error::Misfit { key, column, kind, step });
                }
                match cells[place].last_mut() {
                    Some(last) if last.0 == at => last.1 = value,
                    _ => cells[place].push((at, value)),
                }
            }
        }
        Ok(cells)
    }

    /// Every row's `_runtime`: what was logged, where that is a number.
    fn runtimes(&self, rows: &[Row], cells: &[Cells<'_>]) -> Vec<f64> {
        let mut runtimes: Vec<f64> =
            rows.iter().map(|row| seconds(row.time_us.saturating_sub(self.started_us))).collect();
        for (row, value) in &cells[self.places[RUNTIME]] {
            if let Some(logged) = value.as_f64() {
                runtimes[*row] = logged;
            }
        }
        runtimes
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact until the year 2255, which is what W&B's column holds")]
fn seconds(time_us: i64) -> f64 {
    time_us as f64 / 1e6
}

/// Writes the next column of a group from cells that fit it.
fn put_cells<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: Column,
    cells: &[(usize, &Value)],
    levels: &[i16],
) -> Result<(), Error> {
    let values = cells.iter().map(|(_, value)| *value);
    match column {
        Column::Bool => {
            let values: Vec<bool> = values.map(|value| matches!(value, Value::Bool(true))).collect();
            put::<BoolType, _>(group, &values, Some(levels))
        }
        Column::Int => {
            let values: Vec<i64> =
                values.map(|value| if let Value::I64(x) = value { *x } else { 0 }).collect();
            put::<Int64Type, _>(group, &values, Some(levels))
        }
        Column::Double => {
            let values: Vec<f64> = values.map(|value| value.as_f64().unwrap_or(f64::NAN)).collect();
            put::<DoubleType, _>(group, &values, Some(levels))
        }
        Column::Text => {
            let values: Vec<ByteArray> = values.map(text).collect();
            put::<ByteArrayType, _>(group, &values, Some(levels))
        }
    }
}

/// A cell in a column of strings.
fn text(value: &Value) -> ByteArray {
    match value {
        Value::Text(text) | Value::Json(text) => text.as_bytes().to_vec().into(),
        Value::F64(x) if !x.is_finite() => value.to_json().as_str().unwrap_or_default().into(),
        Value::F64(_) | Value::I64(_) | Value::Bool(_) => value.to_json().to_string().into_bytes().into(),
    }
}

/// Writes the next column of a group: the values there are, and for each row
/// whether it has one.
fn put<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), Error> {
    let next: Option<SerializedColumnWriter<'_>> = group.next_column()?;
    let mut column =
        next.ok_or_else(|| ParquetError::General("the schema has fewer columns than rows".into()))?;
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use pannier_proto::record::Table;
    use parquet::file::metadata::RowGroupMetaData;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::file::statistics::Statistics;
    use parquet::record::Field;

    use super::*;

    fn row(step: i64, cells: &[(&str, Value)]) -> Row {
        let cells = cells.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        Row { table: Table::History, step, time_us: 1_500_000_000_000_000 + step * 250_000, cells }
    }

    fn file(groups: &[&[Row]]) -> SerializedFileReader<Bytes> {
        let mut schema = Schema::default();
        groups.iter().flat_map(|rows| rows.iter()).for_each(|row| schema.add_row(row));
        let mut writer = Writer::new(Vec::new(), &schema, 1_500_000_000_000_000).unwrap();
        groups.iter().for_each(|rows| writer.write(rows).unwrap());
        SerializedFileReader::new(Bytes::from(writer.finish().unwrap())).unwrap()
    }

    /// All rows, as lists of fields that are there.
    fn read(file: &SerializedFileReader<Bytes>) -> Vec<Vec<(String, Field)>> {
        file.get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap().into_columns().into_iter().filter(|(_, field)| *field != Field::Null))
            .map(Iterator::collect)
            .collect()
    }

    fn names(file: &SerializedFileReader<Bytes>) -> Vec<(String, Physical)> {
        let schema = file.metadata().file_metadata().schema_descr();
        schema.columns().iter().map(|c| (c.name().to_owned(), c.physical_type())).collect()
    }

    fn cell(rows: &[Vec<(String, Field)>], row: usize, key: &str) -> Option<Field> {
        rows[row].iter().find(|(name, _)| name == key).map(|(_, field)| field.clone())
    }

    #[test]
    fn every_kind_comes_back_and_missing_cells_are_missing() {
        let file = file(&[&[
            row(-2, &[("i", Value::I64(i64::MIN)), ("f", Value::F64(0.1)), ("b", Value::Bool(true))]),
            row(0, &[("s", Value::Text("ü\"\n".into())), ("a.b/c", Value::Json("{\"_type\":\"x\"}".into()))]),
            row(
                7,
                &[
                    ("b", Value::Bool(false)),
                    ("f", Value::F64(f64::NEG_INFINITY)),
                    ("s", Value::Text("".into())),
                ],
            ),
        ]]);
        let names = names(&file);
        let keys: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(keys, ["_step", "_timestamp", "_runtime", "a.b/c", "b", "f", "i", "s"]);
        let rows = read(&file);
        let count: Vec<usize> = rows.iter().map(Vec::len).collect();
        assert_eq!(count, [6, 5, 6]);
        assert_eq!(cell(&rows, 0, "_step"), Some(Field::Long(-2)));
        assert_eq!(cell(&rows, 2, "_timestamp"), Some(Field::Double(1_500_000_001.75)));
        assert_eq!(cell(&rows, 2, "_runtime"), Some(Field::Double(1.75)));
        assert_eq!(cell(&rows, 0, "i"), Some(Field::Long(i64::MIN)));
        assert_eq!(cell(&rows, 0, "f"), Some(Field::Double(0.1)));
        assert_eq!(cell(&rows, 2, "f"), Some(Field::Double(f64::NEG_INFINITY)));
        assert_eq!(cell(&rows, 0, "b"), Some(Field::Bool(true)));
        assert_eq!(cell(&rows, 2, "b"), Some(Field::Bool(false)));
        assert_eq!(cell(&rows, 1, "s"), Some(Field::Str("ü\"\n".into())));
        assert_eq!(cell(&rows, 2, "s"), Some(Field::Str(String::new())));
        assert_eq!(cell(&rows, 1, "a.b/c"), Some(Field::Str("{\"_type\":\"x\"}".into())));
    }

    #[test]
    fn mixed_numbers_are_doubles_and_anything_with_text_is_text() {
        let cells = |n: Value, t: Value| [("n", n), ("t", t)];
        let file = file(&[
            &[
                row(0, &cells(Value::I64(3), Value::F64(0.5))),
                row(1, &cells(Value::F64(2.5), Value::I64(-1))),
            ],
            &[
                row(2, &cells(Value::Bool(true), Value::Text("x".into()))),
                row(3, &cells(Value::F64(f64::NAN), Value::F64(f64::NAN))),
                row(4, &cells(Value::I64(1), Value::Json("[1]".into()))),
                row(5, &cells(Value::I64(1), Value::Bool(false))),
            ],
        ]);
        let rows = read(&file);
        let n: Vec<f64> = (0..5)
            .map(|at| match cell(&rows, at, "n") {
                Some(Field::Double(x)) => x,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(n[..3], [3.0, 2.5, 1.0]);
        assert!(n[3].is_nan());
        let t: Vec<String> = (0..6)
            .map(|at| match cell(&rows, at, "t") {
                Some(Field::Str(text)) => text,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(t, ["0.5", "-1", "x", "NaN", "[1]", "false"]);
    }

    #[test]
    fn a_write_is_a_row_group_with_statistics_and_zstd() {
        let file = file(&[
            &[row(0, &[("f", Value::F64(1.0))]), row(1, &[("f", Value::F64(f64::NAN))])],
            &[],
            &[row(2, &[("s", Value::Text("x".into()))])],
        ]);
        let groups = file.metadata().row_groups();
        assert_eq!(groups.iter().map(RowGroupMetaData::num_rows).collect::<Vec<_>>(), [2, 1]);
        for column in groups.iter().flat_map(RowGroupMetaData::columns) {
            assert!(matches!(column.compression(), Compression::ZSTD(_)), "{column:?}");
            assert!(column.statistics().is_some(), "{column:?}");
        }
        let Some(Statistics::Int64(steps)) = groups[0].column(0).statistics() else {
            panic!("no statistics")
        };
        assert_eq!((steps.min_opt(), steps.max_opt()), (Some(&0), Some(&1)));
        let nulls: Vec<_> =
            groups.iter().map(|group| group.column(3).statistics().unwrap().null_count_opt()).collect();
        assert_eq!(nulls, [Some(0), Some(1)]);
    }

    #[test]
    fn fixed_columns_are_the_rows_own_but_a_logged_runtime_counts() {
        let file = file(&[&[
            row(
                4,
                &[("_step", Value::I64(9)), ("_timestamp", Value::F64(1.0)), ("_runtime", Value::F64(0.5))],
            ),
            row(5, &[("_runtime", Value::Text("soon".into()))]),
        ]]);
        assert_eq!(names(&file).len(), 3);
        let rows = read(&file);
        assert_eq!(cell(&rows, 0, "_step"), Some(Field::Long(4)));
        assert_eq!(cell(&rows, 0, "_timestamp"), Some(Field::Double(1_500_000_001.0)));
        assert_eq!(cell(&rows, 0, "_runtime"), Some(Field::Double(0.5)));
        assert_eq!(cell(&rows, 1, "_runtime"), Some(Field::Double(1.25)));
    }

    #[test]
    fn a_run_without_rows_is_a_readable_file() {
        let file = file(&[]);
        assert_eq!(file.metadata().file_metadata().num_rows(), 0);
        assert_eq!(names(&file).len(), 3);
    }

    #[test]
    fn the_later_of_two_cells_counts_and_order_does_not_matter() {
        let file = file(&[&[
            row(0, &[("a", Value::I64(1)), ("b", Value::I64(2))]),
            row(1, &[("b", Value::I64(3)), ("a", Value::I64(4)), ("b", Value::I64(5))]),
            row(2, &[("b", Value::I64(6))]),
        ]]);
        let rows = read(&file);
        assert_eq!(cell(&rows, 1, "a"), Some(Field::Long(4)));
        assert_eq!(cell(&rows, 1, "b"), Some(Field::Long(5)));
        assert_eq!((cell(&rows, 2, "a"), cell(&rows, 2, "b")), (None, Some(Field::Long(6))));
    }

    #[test]
    fn what_the_schema_was_not_told_is_refused() {
        let schema: Schema = [("f", Kind::I64)].into_iter().collect();
        let mut writer = Writer::new(Vec::new(), &schema, 0).unwrap();
        let unknown = writer.write(&[row(3, &[("g", Value::I64(1))])]).unwrap_err();
        assert!(matches!(&unknown, Error::UnknownKey { key, step: 3 } if key == "g"), "{unknown}");
        let misfit = writer.write(&[row(3, &[("f", Value::F64(1.5))])]).unwrap_err();
        assert!(matches!(&misfit, Error::Misfit { column: Column::Int, kind: Kind::F64, .. }), "{misfit}");
    }

    #[test]
    fn a_full_sink_is_an_error() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let schema: Schema = [("f", Kind::F64)].into_iter().collect();
        let written = Writer::new(Full, &schema, 0).and_then(|mut writer| {
            writer.write(&[row(0, &[("f", Value::F64(1.0))])])?;
            writer.finish()
        });
        assert!(matches!(written.err(), Some(Error::Write(_))));
    }
}
