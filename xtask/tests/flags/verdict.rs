//! Lets a program judge its configuration without letting it work, and reads the verdict.
//!
//! One thing is made wrong on purpose, the last that the program looks at before it goes to work. Whoever complains of
//! that, and of nothing else, has accepted everything before it. It does not know where the configuration is from.

use std::path::Path;

use crate::command::Command;
use crate::daemon::{Daemon, last_lines};
use crate::site::Machine;

/// Words with which the programs object, or put up with something, in small letters. Where a document has a field that
/// they do not know, some of them say so, fall back to lenient reading and go on.
const OBJECTIONS: [&str; 9] = [
    "deprecated",
    "unknown flag",
    "unknown shorthand flag",
    "unknown field",
    "duplicate field",
    "lenient",
    "invalid argument",
    "ignoring unknown",
    "unrecognized feature gate",
];

/// How much of a log shows where a program gave up.
const LAST_LINES: usize = 5;

/// The file of which the API server is told, and which is not there.
const ABSENT: &str = "/etc/kubernetes/absent.json";

/// How a missing file is complained of.
const MISSING: &str = ": no such file or directory";

/// Everything that a daemon of Kubernetes has against its configuration.
pub(crate) fn objections(programs: &Path, command: Command, machine: &Machine) -> Vec<String> {
    let (command, planted) = planted(command, machine);
    let daemon = Daemon::start(programs, &command, &machine.path("/"));
    let status = daemon.end();
    let said = daemon.said();
    let mut found = read(&said, &planted);
    if status.success() {
        found.push(format!("{} should have missed `{planted}`", command.name()));
    }
    found
}

/// A command that will miss a file, and how the complaint ends.
fn planted(mut command: Command, machine: &Machine) -> (Command, String) {
    match command.name() {
        // Read when every certificate, key, policy and document has been.
        "kube-apiserver" => {
            let absent = machine.path(ABSENT).display().to_string();
            return (command.and(format!("--admission-control-config-file={absent}")), absent + MISSING);
        }
        // What it makes at once, it makes below the root of the node and not of the machine that judges.
        "kubelet" => command = command.and(format!("--root-dir={}", machine.path("/var/lib/kubelet").display())),
        _ => {}
    }
    for file in machine.credentials().filter(|file| file.extension().is_some_and(|own| own == "kubeconfig")) {
        fs_err::remove_file(file).unwrap();
    }
    (command, format!(".kubeconfig{MISSING}"))
}

/// What a log holds against the configuration: its objections, or that it never came to what was planted.
fn read(said: &str, planted: &str) -> Vec<String> {
    let objects = |line: &&str| {
        let line = line.to_lowercase();
        OBJECTIONS.iter().any(|word| line.contains(word))
    };
    let mut found: Vec<String> = said.lines().filter(objects).map(String::from).collect();
    if found.is_empty() && !said.contains(planted) {
        found.push(format!("it did not come as far as `{planted}`:\n{}", last_lines(said, LAST_LINES)));
    }
    found
}

#[test]
fn a_log_is_read_for_objections_and_for_how_far_it_came() {
    assert_eq!(read("I1 fine\nE1 stat /r/absent: no such file", "/r/absent"), [""; 0]);
    assert_eq!(read("Flag --x has been deprecated\nstat /r/absent", "/r/absent"), ["Flag --x has been deprecated"]);
    assert_eq!(read("Error: unknown flag: --y", "/r/absent"), ["Error: unknown flag: --y"]);
    let short = read("E1 cannot read /r/ca.pem", "/r/absent");
    assert!(short[0].contains("did not come") && short[0].contains("ca.pem"), "{short:?}");
}
