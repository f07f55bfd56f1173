//! Ctrl-C, once and twice.
//!
//! The first one lets the work end in order: commands are asked to stop, then told after a grace period. The second
//! one ends everything at once. It does not know what the work is.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::children::Children;

/// What a shell reports for a process that SIGINT ended.
pub const INTERRUPTED: i32 = 130;
/// How long a command may take to end in order.
const GRACE: Duration = Duration::from_secs(10);

/// Turns SIGINT, SIGTERM and SIGHUP into a stop of these children; the second signal exits with [`INTERRUPTED`].
pub fn listen(children: Arc<Children>) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot listen for signals")?;
    thread::spawn(move || {
        for _ in signals.forever() {
            if children.is_stopping() {
                children.kill();
                std::process::exit(INTERRUPTED);
            }
            children.stop();
            let children = Arc::clone(&children);
            thread::spawn(move || {
                thread::sleep(GRACE);
                children.kill();
            });
        }
    });
    Ok(())
}
