//! Starts programs that belong to a test and end with it, whichever way it ends.
//!
//! Each has a process group of its own, and only those are ever signalled. It does not know what a program is for.

use std::io::{PipeWriter, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::command::Command;

/// How long anything may take before it counts as hanging. Machines that test are slow, and share what they have.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

/// How often is looked whether something has come about.
const POLL: Duration = Duration::from_millis(50);

/// The most of a log that is worth showing.
const LAST_LINES: usize = 30;

/// Starts the program behind it, and ends it when standard input does: that is a pipe which the test holds, so that the
/// program is gone when the test is, even if the test was killed.
const LEASH: &str = r#"
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
{ read -r _; kill -KILL $program; } <&3 &
leash=$!
exec 3<&-
wait $program
status=$?
kill $leash
exit $status
"#;

/// A running program.
pub(crate) struct Daemon {
    name: String,
    log: PathBuf,
    handle: duct::Handle,
    leash: Option<PipeWriter>,
}

impl Daemon {
    /// Starts a command from a directory of programs; what it says goes to a file in `place`.
    pub(crate) fn start(programs: &Path, command: &Command, place: &Path) -> Daemon {
        let name = command.name().to_string();
        let log = place.join(format!("{name}.log"));
        let (end, leash) = std::io::pipe().unwrap();
        let mut arguments = vec!["-c".to_string(), LEASH.to_string(), "leash".to_string()];
        arguments.push(programs.join(&name).display().to_string());
        arguments.extend(command.arguments.iter().cloned());
        let mut expression = duct::cmd("sh", arguments).dir(place).stdin_file(end).stderr_to_stdout().stdout_path(&log);
        for (variable, value) in &command.environment {
            expression = expression.env(variable, value);
        }
        let expression = expression.unchecked().before_spawn(|command| {
            std::os::unix::process::CommandExt::process_group(command, 0);
            Ok(())
        });
        Daemon { handle: expression.start().unwrap(), name, log, leash: Some(leash) }
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&fs_err::read(&self.log).unwrap()).into_owned()
    }

    fn ended(&self) -> Option<ExitStatus> {
        self.handle.try_wait().unwrap().map(|output| output.status)
    }

    /// Waits for it to end, and says how it did.
    pub(crate) fn end(&self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "{} does not end:\n{}", self.name, self.last_lines());
            std::thread::sleep(POLL);
        }
    }

    /// Waits until something holds, which is asked again and again. It must not end before.
    pub(crate) fn until<T>(&self, what: &str, mut holds: impl FnMut() -> Result<T, String>) -> T {
        let start = Instant::now();
        loop {
            let why = match holds() {
                Ok(found) => return found,
                Err(why) => why,
            };
            if let Some(status) = self.ended() {
                panic!("{} ended ({status}) before {what}:\n{}", self.name, self.last_lines());
            }
            assert!(start.elapsed() < PATIENCE, "{}: not {what}: {why}\n{}", self.name, self.last_lines());
            std::thread::sleep(POLL);
        }
    }

    fn last_lines(&self) -> String {
        last_lines(&self.said(), LAST_LINES)
    }
}

/// The end of a log.
pub(crate) fn last_lines(said: &str, number: usize) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(number)..].join("\n")
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.leash.take());
        // One that was reaped has no group of its own any more.
        if let Ok(None) = self.handle.try_wait() {
            let pid = self.handle.pids()[0];
            let group = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
            let _ = kill_process_group(group, Signal::KILL);
            let _ = self.handle.wait();
        }
    }
}

fn shell(script: &str) -> Command {
    let arguments = vec!["-c".to_string(), script.to_string()];
    Command { program: "/bin/sh".to_string(), arguments, environment: [("WORD".into(), "hello".into())].into() }
}

#[test]
fn a_program_is_heard_and_its_end_is_its_own() {
    let place = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(Path::new("/bin"), &shell("echo $WORD; exit 7"), place.path());
    assert_eq!(daemon.end().code(), Some(7));
    assert_eq!(daemon.said(), "hello\n");
}

#[test]
fn a_program_ends_with_its_test_and_with_its_leash() {
    let place = tempfile::tempdir().unwrap();
    let sign = place.path().join("sign");
    duct::cmd!("mkfifo", &sign).run().unwrap();
    let begin = Instant::now();
    for killed in [false, true] {
        // A sign of life: its end is read when nobody has it open for writing any more.
        let mut daemon = Daemon::start(Path::new("/bin"), &shell("exec 9>sign; exec sleep 600"), place.path());
        let mut life = fs_err::File::open(&sign).unwrap();
        if killed {
            // The kernel closes the pipes of a test that is killed.
            daemon.leash = None;
            assert!(!daemon.end().success());
        }
        drop(daemon);
        assert_eq!(life.read_to_end(&mut Vec::new()).unwrap(), 0);
    }
    assert!(begin.elapsed() < PATIENCE, "it ended by itself");
}
