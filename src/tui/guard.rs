//! The terminal as it was found: raw mode and alternate screen end on every way out, a panic on any thread included.

use std::io::{self, stdout};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::execute;
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

/// Is the terminal ours?
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// Did a thread panic while it was?
static PANICKED: AtomicBool = AtomicBool::new(false);

/// Holds the terminal; gives it back when dropped.
pub struct Guard(());

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    /// If there is none.
    pub fn enter() -> io::Result<Guard> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                if crate::kernel::catches_panic() {
                    // A role broke: its node goes down, the run and the screen go on. The kernel tells of it.
                    return;
                }
                // Before the message, which would be lost with the alternate screen.
                if restore() {
                    PANICKED.store(true, Ordering::SeqCst);
                }
                previous(info);
            }));
        });
        PANICKED.store(false, Ordering::SeqCst);
        // From here on every way out gives it back, a failure of the next lines included.
        let guard = Guard(());
        ACTIVE.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        execute!(stdout(), EnterAlternateScreen, Hide)?;
        Ok(guard)
    }

    /// Did a thread panic, so that the terminal is no longer ours?
    pub fn panicked(&self) -> bool {
        PANICKED.load(Ordering::SeqCst)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, once. Was it ours?
fn restore() -> bool {
    let ours = ACTIVE.swap(false, Ordering::SeqCst);
    if ours {
        // If the terminal is gone there is nobody left to restore it for.
        let _ = execute!(stdout(), EndSynchronizedUpdate, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
    ours
}
