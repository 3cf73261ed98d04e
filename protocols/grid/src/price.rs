//! The price of the next slot, from what is known of this one. Reconstruction: that supply and demand set the price is published,
//! its rule is not.

/// How the price is set; thousandths of a currency unit per kWh.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// By the load: `base` at the reference, and higher in proportion to what is above it.
    Linear {
        /// At the reference.
        base: u32,
        /// For the reference once more.
        slope: u32,
        /// Net load at which the price is the base, watts.
        reference: f64,
    },
    /// Two tiers by the hour.
    TimeOfUse {
        /// By night, and at all other times.
        base: u32,
        /// From one hour to the other.
        peak: u32,
        /// The hours.
        from: f64,
        /// The hours.
        until: f64,
    },
}

impl Rule {
    /// The price before anything is known.
    pub fn first(self) -> u32 {
        match self {
            Rule::Linear { base, .. } | Rule::TimeOfUse { base, .. } => base,
        }
    }

    /// The price of a slot that begins at that hour, with that net load before it (nothing: unknown). From a fifth of the base to
    /// five times as much: an estimate may be off, even below zero.
    pub fn price(self, net: Option<f64>, hour: f64) -> u32 {
        match self {
            Rule::Linear { base, slope, reference } => {
                let above = net.map_or(0.0, |net| (net - reference) / reference.max(1.0));
                let price = f64::from(base) + f64::from(slope) * above;
                // A float cast saturates.
                libm::round(price.clamp(f64::from(base) / 5.0, f64::from(base) * 5.0)) as u32
            }
            Rule::TimeOfUse {
                base,
                peak,
                from,
                until,
            } => {
                let inside = if from <= until {
                    (from..until).contains(&hour)
                } else {
                    hour >= from || hour < until
                };
                if inside { peak } else { base }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_price_follows_the_load_within_bounds() {
        let rule = Rule::Linear {
            base: 300,
            slope: 150,
            reference: 1000.0,
        };
        assert_eq!(
            (rule.price(Some(1000.0), 0.0), rule.price(None, 0.0), rule.first()),
            (300, 300, 300)
        );
        assert_eq!((rule.price(Some(3000.0), 0.0), rule.price(Some(0.0), 0.0)), (600, 150));
        assert_eq!((rule.price(Some(1e12), 0.0), rule.price(Some(-1e12), 0.0)), (1500, 60));
        assert_eq!(rule.price(Some(f64::NAN), 0.0), 0);
    }

    #[test]
    fn time_of_use_has_two_tiers() {
        let rule = Rule::TimeOfUse {
            base: 200,
            peak: 500,
            from: 17.0,
            until: 21.0,
        };
        assert_eq!(
            [16.9, 17.0, 20.9, 21.0].map(|hour| rule.price(None, hour)),
            [200, 500, 500, 200]
        );
        let night = Rule::TimeOfUse {
            base: 200,
            peak: 500,
            from: 22.0,
            until: 6.0,
        };
        assert_eq!(
            [21.0, 23.0, 3.0, 6.0].map(|hour| night.price(None, hour)),
            [200, 500, 500, 200]
        );
    }
}
