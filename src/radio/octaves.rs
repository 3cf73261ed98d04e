//! Functions of a positive number in tables: so many points an octave, straight lines between them.
//!
//! A double's exponent and first mantissa bits are the table's index as they stand and the other mantissa bits are the
//! share of the cell, so that no logarithm is taken and every platform finds the same value.

/// Bits of a double's mantissa.
const MANTISSA: u32 = 52;

/// A function at `2^BITS` points an octave. Beyond its ends it keeps the value that it has there.
#[derive(Clone, Debug, Default)]
pub struct Octaves<const BITS: u32> {
    /// Number of the first cell.
    first: u64,
    /// Number of the last cell, counted from the first.
    last: u64,
    /// Values where cells begin, and where the last one ends.
    values: Vec<f32>,
}

/// The cell of a positive number, counted over all doubles, and its place within the cell, from 0 to below 1.
#[inline]
pub fn locate<const BITS: u32>(x: f64) -> (u64, f32) {
    let bits = x.to_bits();
    // 23 bits behind the index, as a number from 1 to below 2.
    let share = (bits >> (MANTISSA - BITS - 23)) as u32 & 0x007f_ffff | 0x3f80_0000;
    (bits >> (MANTISSA - BITS), f32::from_bits(share) - 1.0)
}

/// Where a cell begins.
pub fn start<const BITS: u32>(cell: u64) -> f64 {
    f64::from_bits(cell << (MANTISSA - BITS))
}

impl<const BITS: u32> Octaves<BITS> {
    /// Tabulates a function from `low` to `high`, both positive, and up to one cell beyond.
    pub fn new(low: f64, high: f64, mut f: impl FnMut(f64) -> f64) -> Octaves<BITS> {
        let (first, end) = (locate::<BITS>(low).0, locate::<BITS>(high).0 + 1);
        Octaves {
            first,
            last: end - 1 - first,
            values: (first..=end).map(|cell| f(start::<BITS>(cell)) as f32).collect(),
        }
    }

    /// The function's value at a positive number.
    #[inline]
    pub fn at(&self, x: f64) -> f32 {
        let (cell, share) = locate::<BITS>(x);
        let index = cell.wrapping_sub(self.first);
        if index > self.last {
            return self.beyond(x);
        }
        let index = index as usize;
        let [here, next] = self.values[index..index + 2] else {
            return 0.0;
        };
        here + (next - here) * share
    }

    #[cold]
    fn beyond(&self, x: f64) -> f32 {
        let end = if x < start::<BITS>(self.first) {
            self.values.first()
        } else {
            self.values.last()
        };
        end.copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_exact_and_between_them_there_are_straight_lines() {
        let table = Octaves::<3>::new(0.5, 8.0, |x| x * x);
        for eighth in 0..32 {
            // From 0.5 to 8 in eighths of an octave.
            let x = f64::from(1u32 << (eighth / 8)) * 0.5 * (1.0 + f64::from(eighth % 8) / 8.0);
            let step = f64::from(1u32 << (eighth / 8)) * 0.5 / 8.0;
            assert_eq!(f64::from(table.at(x)), x * x);
            let expected = 0.75 * x * x + 0.25 * (x + step) * (x + step);
            assert!((f64::from(table.at(x + step / 4.0)) - expected).abs() < 1e-5, "{x}");
        }
    }

    #[test]
    fn beyond_its_ends_a_table_keeps_their_values() {
        let table = Octaves::<3>::new(0.5, 8.0, |x| x);
        assert_eq!(table.at(0.1), 0.5);
        assert_eq!(table.at(0.0), 0.5);
        assert_eq!(table.at(9.0), 9.0);
        assert_eq!(table.at(1e300), 9.0);
    }
}
