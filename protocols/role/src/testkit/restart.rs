//! A node that fails and comes back.

use super::{Net, Pending};

impl Net {
    /// Starts the roles of the node called `name` again, as after a failure: they keep what they remember, and their
    /// timers are forgotten.
    ///
    /// # Panics
    /// If there is no node of that name.
    pub fn restart(&mut self, name: &str) {
        let node = self.index(name);
        let lost: Vec<_> = self.timers.keys().copied().filter(|(of, ..)| *of == node).collect();
        for (node, role, timer) in lost {
            self.forget(node, role, timer);
        }
        for role in 0..self.nodes[node].roles.len() {
            self.push(self.now, node, Pending::Start { role });
        }
    }
}
