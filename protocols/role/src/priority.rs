//! How urgent a send is.

/// The access category of a frame on the air (IEEE 802.11-2020, section 10.2.3.2), from the least urgent to the most.
///
/// ETSI TS 102 636-4-2 maps its decentralised congestion control profiles to them: DP0 to voice, DP1 to video, DP2 to best
/// effort, DP3 to background. Wires know no priorities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// AC_BK: what may wait behind everything else.
    Background,
    /// AC_BE: whatever says nothing else. Awareness messages of vehicles are sent so.
    #[default]
    BestEffort,
    /// AC_VI.
    Video,
    /// AC_VO: warnings of danger.
    Voice,
}
