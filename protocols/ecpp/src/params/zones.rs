//! Where vehicles mix: `mix_zones`.

use roadveil_role::plan::list;
use roadveil_role::{Fix, SetupError};

/// Most zones; a vehicle looks at all of them each time that it could speak.
const MAX_ZONES: usize = 1000;
/// Farthest coordinate and largest radius, metres.
const MAX_METRES: f64 = 1e7;

/// A circle in which vehicles say nothing and change their keys (Beresford and Stajano 2003; Freudiger and others 2007).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zone {
    /// Its centre, metres east.
    pub x: f64,
    /// Metres north.
    pub y: f64,
    /// Its radius, metres.
    pub radius: f64,
}

impl Zone {
    /// Is a receiver in it, by what its GNSS says?
    pub fn has(&self, fix: &Fix) -> bool {
        let (x, y) = (fix.x - self.x, fix.y - self.y);
        x * x + y * y <= self.radius * self.radius
    }
}

/// Reads the parameter `mix_zones`: `X/Y/RADIUS`, separated by commas.
///
/// # Errors
/// What could not be read.
pub fn zones(text: &str) -> Result<Vec<Zone>, SetupError> {
    let expected = "mix_zones: expected X/Y/RADIUS in metres such as \"120/240/30\", with a radius above 0";
    let zones = list(text, expected, |entry| {
        let numbers: Vec<f64> = entry
            .split('/')
            .map(|number| number.trim().parse().ok().filter(|n: &f64| n.abs() <= MAX_METRES))
            .collect::<Option<_>>()?;
        match numbers[..] {
            [x, y, radius] if radius > 0.0 => Some(Zone { x, y, radius }),
            _ => None,
        }
    })?;
    if zones.len() > MAX_ZONES {
        return Err(SetupError(format!("mix_zones: expected at most {MAX_ZONES} zones")));
    }
    Ok(zones)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_read() {
        let read = zones("120/240/30, -1.5/0/2 ").expect("well formed");
        let zone = |x, y, radius| Zone { x, y, radius };
        assert_eq!(read, [zone(120.0, 240.0, 30.0), zone(-1.5, 0.0, 2.0)]);
        assert_eq!(zones(""), Ok(vec![]));
        for wrong in [
            "1/2", "1/2/3/4", "1/2/0", "1/2/-3", "a/2/3", "nan/0/1", "inf/0/1", "1/2/1e9", "1 2 3",
        ] {
            assert!(zones(wrong).is_err(), "{wrong}");
        }
        assert!(zones(&"1/1/1,".repeat(MAX_ZONES + 1)).is_err());
    }

    #[test]
    fn a_zone_has_its_rim() {
        let zone = zones("10/0/5").expect("good")[0];
        let at = |x| zone.has(&Fix { x, ..Fix::default() });
        assert!(at(5.0) && at(15.0) && !at(4.9) && !at(15.1));
    }
}
