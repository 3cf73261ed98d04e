//! Interruption of headless commands: a first Ctrl-C ends the run in good order, with its log closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that SIGINT and SIGTERM set. A second signal ends the program at once.
pub(super) fn interruption() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    let watch = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return;
        };
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if seen.swap(true, Ordering::Relaxed) {
                    std::process::exit(130);
                }
            }
        });
    };
    // Without the thread a signal ends the program as signals do.
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(watch);
    flag
}
