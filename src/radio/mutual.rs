//! Links that were computed from their other end, since nodes last moved.
//!
//! A link is alike in both directions, and whoever hears a beacon sends one soon: what walls and vehicles take of it is
//! computed once for both.

use super::channel::Link;
use super::sightlines::seek;

/// What a node was told by those whom it heard.
#[derive(Clone, Debug, Default)]
struct Told {
    /// Who told, and how a frame of this node arrives there.
    links: Vec<Word>,
    /// Since which movement.
    since: u32,
    /// Has it asked since then? It will not soon ask again.
    asked: bool,
}

/// Who told, and the link there, if there is one.
#[derive(Clone, Copy, Debug)]
struct Word {
    by: u32,
    /// Without power in the open there is no link.
    link: Link,
}

impl Word {
    fn link(&self) -> Option<Link> {
        (self.link.open_mw > 0.0).then_some(self.link)
    }
}

/// No link.
const NONE: Link = Link {
    open_mw: 0.0,
    walled_mw: 0.0,
    mw: 0.0,
    metres: 0.0,
};

/// What every node was told.
#[derive(Clone, Debug, Default)]
pub struct Mutual {
    /// Counts movements: at ten a second it comes round after thirteen years.
    movements: u32,
    told: Vec<Told>,
    /// What the present sender was told, by number, and how far it was gone through.
    known: Vec<Word>,
    at: usize,
    /// Has it not told anybody since the last movement?
    news: bool,
}

impl Mutual {
    /// Nobody was told anything yet.
    pub fn new(nodes: usize) -> Mutual {
        Mutual {
            told: vec![Told::default(); nodes],
            ..Mutual::default()
        }
    }

    /// Something moved: nothing holds any longer.
    pub fn moved(&mut self) {
        self.movements = self.movements.wrapping_add(1);
    }

    /// A word of each line that telling a node reads, for [`warm`](super::warm::warm).
    pub fn words(&self, to: u32) -> u64 {
        let told = &self.told[to as usize];
        u64::from(told.since) ^ told.links.last().map_or(0, |word| u64::from(word.by))
    }

    /// Begins with a sender; then come those who hear it, by number.
    pub fn begin(&mut self, from: u32) {
        let told = &mut self.told[from as usize];
        self.at = 0;
        self.known.clear();
        if told.since == self.movements {
            self.known.append(&mut told.links);
            self.known.sort_unstable_by_key(|word| word.by);
        }
        self.news = told.since != self.movements || !told.asked;
        told.links.clear();
        (told.since, told.asked) = (self.movements, true);
    }

    /// The link to the next who hears it, if that was computed from there.
    #[inline]
    pub fn recall(&mut self, to: u32) -> Option<Option<Link>> {
        seek(&self.known, &mut self.at, to, |word| word.by).map(Word::link)
    }

    /// Tells who hears a sender about the link, with its first frame since the last movement.
    #[inline]
    pub fn tell(&mut self, from: u32, to: u32, link: Option<Link>) {
        if !self.news {
            return;
        }
        let told = &mut self.told[to as usize];
        if told.since != self.movements {
            told.links.clear();
            (told.since, told.asked) = (self.movements, false);
        }
        if !told.asked {
            let link = link.unwrap_or(NONE);
            told.links.push(Word { by: from, link });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: Option<Link> = Some(Link {
        open_mw: 1.0,
        walled_mw: 1.0,
        mw: 1.0,
        metres: 2.0,
    });

    #[test]
    fn who_is_heard_tells_once_until_something_moves() {
        let mut mutual = Mutual::new(4);
        mutual.moved();
        for (from, link) in [(3, LINK), (1, None), (2, LINK)] {
            mutual.begin(from);
            mutual.tell(from, 0, link);
        }
        mutual.begin(0);
        assert_eq!(
            [0, 1, 3].map(|other| mutual.recall(other)),
            [None, Some(None), Some(LINK)]
        );
        // It has asked: nobody needs to tell it any more.
        mutual.begin(1);
        mutual.tell(1, 0, LINK);
        assert!(mutual.told[0].links.is_empty());
        mutual.moved();
        for _ in 0..2 {
            mutual.begin(1);
            mutual.tell(1, 0, LINK);
        }
        assert_eq!(mutual.told[0].links.len(), 1, "told once");
        mutual.moved();
        mutual.begin(0);
        assert_eq!(mutual.recall(1), None);
    }
}
