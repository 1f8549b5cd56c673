//! Protocol buffers, read in place: the fields of a message, one by one. A field
//! that nobody asks for costs its length.

/// A message that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no protocol buffer")]
pub struct BadMessage;

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field<'a> {
    /// Integers, truth values, enumerations.
    Int(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// Four bytes.
    Fixed32(u32),
    /// Text, bytes, messages, packed numbers.
    Bytes(&'a [u8]),
}

/// The fields of a message.
#[derive(Debug, Clone)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn read(&mut self) -> Option<(u32, Field<'a>)> {
        let tag = varint(&mut self.0)?;
        let number = u32::try_from(tag >> 3).ok()?;
        let field = match tag & 7 {
            0 => Field::Int(varint(&mut self.0)?),
            1 => Field::Fixed64(u64::from_le_bytes(self.fixed()?)),
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Field::Bytes(bytes)
            }
            5 => Field::Fixed32(u32::from_le_bytes(self.fixed()?)),
            _ => return None,
        };
        Some((number, field))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Field<'a>), BadMessage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_none() {
            self.0 = &[];
        }
        Some(read.ok_or(BadMessage))
    }
}

/// Takes a number off the front.
pub fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            *bytes = &bytes[at + 1..];
            return Some(value);
        }
    }
    None
}

impl<'a> Field<'a> {
    /// As text; what is no UTF-8 is no text.
    #[must_use]
    pub fn text(self) -> &'a str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    /// As bytes.
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// As a number.
    #[must_use]
    pub fn int(self) -> i64 {
        match self {
            Self::Int(value) | Self::Fixed64(value) => value.cast_signed(),
            Self::Fixed32(value) => i64::from(value),
            Self::Bytes(_) => 0,
        }
    }
}

/// Writes fields, for tests.
#[cfg(test)]
pub mod put {
    fn varint(mut value: u64, out: &mut Vec<u8>) {
        while value >= 0x80 {
            out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
            value >>= 7;
        }
        out.push(u8::try_from(value).unwrap());
    }

    /// A varint.
    pub fn int(number: u32, value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        varint(u64::from(number) << 3, &mut out);
        varint(value, &mut out);
        out
    }

    /// Bytes, with their length.
    pub fn bytes(number: u32, value: impl AsRef<[u8]>) -> Vec<u8> {
        let mut out = Vec::new();
        varint(u64::from(number) << 3 | 2, &mut out);
        varint(value.as_ref().len() as u64, &mut out);
        out.extend(value.as_ref());
        out
    }

    /// Eight bytes.
    pub fn double(number: u32, value: f64) -> Vec<u8> {
        let mut out = Vec::new();
        varint(u64::from(number) << 3 | 1, &mut out);
        out.extend(value.to_le_bytes());
        out
    }

    /// Four bytes.
    pub fn float(number: u32, value: f32) -> Vec<u8> {
        let mut out = Vec::new();
        varint(u64::from(number) << 3 | 5, &mut out);
        out.extend(value.to_le_bytes());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_place() {
        let message =
            [put::int(1, 300), put::bytes(2, "hi"), put::double(3, 1.5), put::float(99, 2.0)].concat();
        let read: Vec<_> = Fields::of(&message).collect::<Result<_, _>>().unwrap();
        assert_eq!(
            read,
            [
                (1, Field::Int(300)),
                (2, Field::Bytes(b"hi")),
                (3, Field::Fixed64(1.5_f64.to_bits())),
                (99, Field::Fixed32(2.0_f32.to_bits())),
            ]
        );
        for cut in 1..message.len() {
            // Never more than there is, and never an endless loop.
            assert!(Fields::of(&message[..cut]).count() <= 4);
        }
        for junk in [&[0xff; 12][..], &[0x0a, 0x05, 1], &[0x0b], &[0x0c]] {
            assert!(Fields::of(junk).any(|field| field.is_err()), "{junk:?}");
        }
    }
}
