//! Who a process is: its pid together with when it started, because pids are used again.
//!
//! It only looks; see `children` for starting and stopping.

use serde::{Deserialize, Serialize};

/// A process, told from a later one with the same pid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Process id.
    pub pid: u32,
    /// When it started, in the system's own words: only good for comparing.
    pub started: String,
}

impl Identity {
    /// This process.
    pub fn own() -> Self {
        let pid = std::process::id();
        Identity { pid, started: started(pid).unwrap_or_default() }
    }

    /// Whether that very process still runs.
    pub fn is_alive(&self) -> bool {
        started(self.pid).is_some_and(|started| started == self.started)
    }
}

/// Clock ticks from boot to the start of the process, from `/proc/PID/stat`; `None` if there is no such process
/// (a zombie counts as none).
#[cfg(target_os = "linux")]
fn started(pid: u32) -> Option<String> {
    let stat = fs_err::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name may hold anything, parentheses and blanks included: the fields start behind the last one.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    (fields.next()? != "Z").then(|| fields.nth(18)).flatten().map(String::from)
}

/// The start time as `ps` prints it; `None` if there is no such process.
#[cfg(not(target_os = "linux"))]
fn started(pid: u32) -> Option<String> {
    let output = duct::cmd!("ps", "-o", "lstart=", "-p", pid.to_string()).stderr_null().unchecked().read().ok()?;
    let started = output.trim();
    (!started.is_empty()).then(|| started.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_itself_and_no_other() {
        let own = Identity::own();
        assert!(own.is_alive());
        assert!(!own.started.is_empty());
        assert!(!Identity { started: "1".into(), ..own }.is_alive());
        assert!(!Identity { pid: u32::MAX, started: "1".into() }.is_alive());
    }
}
