//! Commands that we start and that do not outlive us: each in a process group of its own, so that an interrupt reaches
//! what a command started in its turn.
//!
//! Only groups that we started and have not yet reaped are ever signalled. It does not know why a command runs.

use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// The running commands of this process.
#[derive(Debug, Default)]
pub struct Children {
    /// In the order they were started.
    live: Mutex<Vec<Pid>>,
    stopping: AtomicBool,
}

impl Children {
    /// Runs a command to its end. Its status is the answer: failing is no error here.
    ///
    /// # Errors
    /// When it cannot be started, or when everything is being stopped.
    pub fn run(&self, command: &duct::Expression) -> Result<ExitStatus> {
        if self.is_stopping() {
            bail!("interrupted");
        }
        let command = command.before_spawn(|command| {
            std::os::unix::process::CommandExt::process_group(command, 0);
            Ok(())
        });
        let handle = command.unchecked().start().with_context(|| format!("cannot start {command:?}"))?;
        let pid = handle.pids().first().and_then(|&pid| Pid::from_raw(i32::try_from(pid).ok()?));
        let pid = pid.context("BUG: a started command has no pid")?;
        self.live().push(pid);
        if self.is_stopping() {
            // The interrupt came between the start and the entry in the list: it is for this one too.
            signal(pid, Signal::TERM);
        }
        // Wait without reaping: until its entry is gone the pid must not become somebody else's.
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
        {
        }
        self.live().retain(|&other| other != pid);
        Ok(handle.wait().with_context(|| format!("cannot wait for {command:?}"))?.status)
    }

    /// Asks every running command to end, the youngest first, and lets no new one start.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.signal_all(Signal::TERM);
    }

    /// Ends every running command at once.
    pub fn kill(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.signal_all(Signal::KILL);
    }

    /// Whether [`Children::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    fn signal_all(&self, with: Signal) {
        for &pid in self.live().iter().rev() {
            signal(pid, with);
        }
    }

    fn live(&self) -> MutexGuard<'_, Vec<Pid>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signal(pid: Pid, with: Signal) {
    // A group whose last member just ended is what we wanted.
    let _ = kill_process_group(pid, with);
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_stop_reaches_what_a_command_started() {
        let children = Children::default();
        let started = Instant::now();
        std::thread::scope(|scope| {
            let run = scope.spawn(|| children.run(&duct::cmd!("sh", "-c", "sleep 600 | sleep 600")).unwrap());
            while children.live().is_empty() {
                std::thread::yield_now();
            }
            children.stop();
            assert!(!run.join().unwrap().success());
        });
        assert!(started.elapsed() < Duration::from_secs(300), "the command ran to its own end");
        assert_eq!(children.run(&duct::cmd!("true")).unwrap_err().to_string(), "interrupted");
    }
}
