//! The primitives of a batch's bytes: numbers in little-endian base 128, and a reader that never trusts a length.
//!
//! Every value has one encoding. The reader refuses any other, so that bytes which decode are the bytes that their
//! records encode to: without that, two logs with one content could have two hashes.

use super::error::Malformed;

/// The longest encoding of a number: 64 bits, seven a byte.
const LONGEST: usize = 10;

/// Appends a number, seven bits a byte, lowest first.
pub(super) fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends `value` as its distance from `base`, small either way. Distances wrap, so every pair has one.
pub(super) fn put_distance(out: &mut Vec<u8>, base: u64, value: u64) {
    put_number(out, zigzag(value.wrapping_sub(base).cast_signed()));
}

/// Appends a length and the bytes.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Small numbers of either sign become small numbers.
pub(super) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Undoes [`zigzag`].
pub(super) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Reads what the functions above wrote.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// What has not been read.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Malformed::Short)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn number(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for place in 0..LONGEST {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if place == LONGEST - 1 && bits > 1 {
                return Err(Malformed::Number);
            }
            value |= bits << (7 * place);
            if byte & 0x80 == 0 {
                // A last byte of zero says nothing: the number has a shorter form.
                return if byte == 0 && place > 0 {
                    Err(Malformed::Number)
                } else {
                    Ok(value)
                };
            }
        }
        Err(Malformed::Number)
    }

    pub(super) fn number_u32(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.number()?).map_err(|_| Malformed::Number)
    }

    pub(super) fn distance(&mut self, base: u64) -> Result<u64, Malformed> {
        Ok(base.wrapping_add(unzigzag(self.number()?).cast_unsigned()))
    }

    pub(super) fn signed(&mut self) -> Result<i32, Malformed> {
        i32::try_from(unzigzag(self.number()?)).map_err(|_| Malformed::Number)
    }

    /// A count of things of at least `least` bytes each. What is left bounds it, so that nothing is allocated for a
    /// count that cannot be true.
    pub(super) fn count(&mut self, least: usize) -> Result<usize, Malformed> {
        let count = usize::try_from(self.number()?).map_err(|_| Malformed::Short)?;
        match count.checked_mul(least) {
            Some(bytes) if bytes <= self.rest.len() => Ok(count),
            _ => Err(Malformed::Short),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let count = self.count(1)?;
        self.take(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_round_trip(value: u64, base: u64) {
            let mut out = Vec::new();
            put_number(&mut out, value);
            put_distance(&mut out, base, value);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.number(), Ok(value));
            prop_assert_eq!(reader.distance(base), Ok(value));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn bytes_that_decode_are_the_bytes_that_encode(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let mut reader = Reader::new(&bytes);
            if let Ok(value) = reader.number() {
                let mut out = Vec::new();
                put_number(&mut out, value);
                prop_assert_eq!(&out[..], &bytes[..bytes.len() - reader.rest().len()]);
            }
        }
    }

    #[test]
    fn overlong_and_oversized_numbers_are_refused() {
        assert_eq!(Reader::new(&[0x80, 0x00]).number(), Err(Malformed::Number));
        assert_eq!(Reader::new(&[0xff; 10]).number(), Err(Malformed::Number));
        assert_eq!(Reader::new(&[0xff; 9]).number(), Err(Malformed::Short));
        let mut out = Vec::new();
        put_number(&mut out, u64::MAX);
        assert_eq!(out.len(), LONGEST);
        assert_eq!(Reader::new(&out).number(), Ok(u64::MAX));
    }

    #[test]
    fn a_count_that_cannot_be_true_is_refused() {
        let mut out = Vec::new();
        put_number(&mut out, u64::MAX);
        assert_eq!(Reader::new(&out).count(3), Err(Malformed::Short));
        assert_eq!(Reader::new(&[2, 0, 0, 0]).count(2), Err(Malformed::Short));
    }
}
