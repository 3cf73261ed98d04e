//! What each sender knows of the walls towards those who hear it, for as long as it surely holds.
//!
//! A car moves two metres between two beacons, and what is between it and its neighbours is mostly what it was. A look along
//! the walls tells by how much both ends may move before that can change ([`Look::steady`](super::obstacle::Look)); until
//! then nobody has to look again. What is remembered is never a guess: with it or without, a link is the same.

use super::obstacle::Sightline;

/// Metres that both ends may move: in whole millimetres, so that sums are exact.
type Millimetres = u32;

/// What one sender knows of one who hears it.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    to: u32,
    /// It holds until either end has travelled so far.
    until: [Millimetres; 2],
    line: Sightline,
}

/// What every sender knows, in order of the hearers' numbers.
#[derive(Clone, Debug, Default)]
pub struct Sightlines {
    /// How far each node has travelled in all, rounded up. At the end of the range nothing holds any longer.
    travelled: Vec<Millimetres>,
    known: Vec<Vec<Known>>,
    /// The list that is being gone through, how far, and what takes its place.
    before: Vec<Known>,
    at: usize,
    now: Vec<Known>,
}

impl Sightlines {
    /// Nothing is known yet among so many nodes.
    pub fn new(nodes: usize) -> Sightlines {
        Sightlines {
            travelled: vec![0; nodes],
            known: vec![Vec::new(); nodes],
            ..Sightlines::default()
        }
    }

    /// A node is so many metres from where it was.
    pub fn moved(&mut self, node: u32, metres: f64) {
        let travelled = &mut self.travelled[node as usize];
        *travelled = travelled
            .saturating_add((metres * 1e3) as Millimetres)
            .saturating_add(1);
    }

    /// Begins with a sender; then come those who hear it, by number.
    pub fn begin(&mut self, from: u32) {
        self.before = core::mem::take(&mut self.known[from as usize]);
        self.at = 0;
        self.now.clear();
    }

    /// What is known towards the next who hears it, and still holds.
    #[inline]
    pub fn recall(&mut self, from: u32, to: u32) -> Option<Sightline> {
        let known = self.pass(to)?;
        let holds = self.travelled[from as usize] < known.until[0] && self.travelled[to as usize] < known.until[1];
        holds.then_some(known.line)
    }

    /// Goes on to the next who hears it, without asking.
    #[inline]
    pub fn pass(&mut self, to: u32) -> Option<Known> {
        let known = seek(&self.before, &mut self.at, to, |known| known.to);
        self.now.extend(known);
        known.copied()
    }

    /// What a look found, and for how many metres it holds.
    pub fn keep(&mut self, from: u32, to: u32, line: Sightline, steady: f64) {
        let metres = (steady * 1e3) as Millimetres;
        let until = [from, to].map(|node| self.travelled[node as usize].saturating_add(metres).saturating_add(1));
        if self.now.last().is_some_and(|known| known.to == to) {
            self.now.pop();
        }
        self.now.push(Known { to, until, line });
    }

    /// Ends with the sender.
    pub fn end(&mut self, from: u32) {
        core::mem::swap(&mut self.before, &mut self.now);
        self.known[from as usize] = core::mem::take(&mut self.before);
    }
}

/// The entry with a number in a list that is sorted by number, from `at` on; nothing before it will be asked for again.
#[inline]
pub(super) fn seek<'l, T>(list: &'l [T], at: &mut usize, wanted: u32, number: impl Fn(&T) -> u32) -> Option<&'l T> {
    while list.get(*at).is_some_and(|entry| number(entry) < wanted) {
        *at += 1;
    }
    list.get(*at).filter(|entry| number(entry) == wanted)
}

#[cfg(test)]
mod tests {
    use super::super::obstacle::Obstacles;
    use super::*;

    fn line() -> Sightline {
        Obstacles::default().look((0.0, 0.0), (1.0, 0.0), 1.0).line
    }

    /// What node 0 knows of the nodes 1 and 2, asked for by number.
    fn recalled(lines: &mut Sightlines) -> [bool; 2] {
        lines.begin(0);
        let known = [1, 2].map(|to| lines.recall(0, to).is_some());
        lines.end(0);
        known
    }

    fn kept(steady: f64) -> Sightlines {
        let mut lines = Sightlines::new(3);
        lines.begin(0);
        lines.keep(0, 1, line(), steady);
        lines.keep(0, 2, line(), steady);
        lines.end(0);
        lines
    }

    #[test]
    fn what_is_known_holds_until_either_end_has_moved_too_far() {
        let mut lines = kept(3.0);
        assert_eq!(recalled(&mut lines), [true, true]);
        lines.moved(1, 2.5);
        lines.moved(0, 2.9);
        assert_eq!(recalled(&mut lines), [true, true]);
        lines.moved(1, 0.6);
        assert_eq!(recalled(&mut lines), [false, true]);
        lines.moved(0, 0.2);
        assert_eq!(recalled(&mut lines), [false, false]);
    }

    #[test]
    fn between_two_who_stand_still_it_holds_for_good() {
        let mut lines = kept(0.0);
        assert_eq!(recalled(&mut lines), [true, true]);
        lines.moved(2, 0.0001);
        assert_eq!(recalled(&mut lines), [true, false]);
    }

    #[test]
    fn who_is_not_asked_for_is_forgotten_and_what_is_found_anew_replaces() {
        let mut lines = kept(1.0);
        lines.moved(1, 1.5);
        lines.begin(0);
        assert!(lines.recall(0, 1).is_none());
        lines.keep(0, 1, line(), 1.0);
        lines.end(0);
        assert_eq!(recalled(&mut lines), [true, false]);
        assert_eq!(lines.known[0].len(), 1);
    }

    #[test]
    fn who_has_travelled_to_the_end_of_the_range_knows_nothing() {
        let mut lines = Sightlines::new(3);
        lines.moved(1, 1e9);
        lines.begin(0);
        lines.keep(0, 1, line(), 5.0);
        lines.keep(0, 2, line(), 5.0);
        lines.end(0);
        assert_eq!(recalled(&mut lines), [false, true]);
    }
}
