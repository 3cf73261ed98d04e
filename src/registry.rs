//! The protocols that this program knows. To add one: its crate, a line here, a topology.

use roadveil_role::Protocol;

/// All protocols, sorted by name.
pub static PROTOCOLS: &[&Protocol] = &[
    &roadveil_ecpp::PROTOCOL,
    &roadveil_grid::PROTOCOL,
    &roadveil_gsb::PROTOCOL,
    &roadveil_hab::PROTOCOL,
];

/// The protocol of that name.
pub fn protocol(name: &str) -> Option<&'static Protocol> {
    PROTOCOLS.iter().copied().find(|protocol| protocol.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_sorted_and_names_and_numbers_are_theirs_alone() {
        assert!(PROTOCOLS.windows(2).all(|pair| pair[0].name < pair[1].name));
        let mut numbers: Vec<u8> = PROTOCOLS.iter().map(|protocol| protocol.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), PROTOCOLS.len());
        for known in PROTOCOLS {
            assert!(
                known.message_names().count() < 128,
                "{}: a message's number is one byte",
                known.name
            );
            assert!(protocol(known.name).is_some());
        }
    }
}
