//! Bad inputs: each gives exactly the mistakes it should, at the place where it stands, with something to do about it.

use super::cases::{self, Case};
use super::*;

use xtask::config::Severity;

fn space(text: &str) -> Space {
    let space = Space::new(text);
    space.write("here.iso", "not really");
    let key = ["PRIVATE", "KEY"].join(" ");
    space.write("key.pem", format!("-----BEGIN CERTIFICATE-----\n-----BEGIN {key}-----\n"));
    space
}

/// What is not as it should be about the report on a bad input.
fn fault(report: &Report, (_, message, at): &Case) -> Option<&'static str> {
    let plain = plain(report);
    let data = serde_json::to_value(report).unwrap();
    let errors = report.diagnostics().iter().filter(|d| d.severity == Severity::Error).count();
    let same_place = |d: &serde_json::Value| *at == format!("{}:{}", d["line"], d["column"]);
    match () {
        () if !plain.contains(message) => Some("another message"),
        () if !plain.contains(&format!("--> cluster.env:{at}\n")) => Some("another place"),
        () if !data.as_array().unwrap().iter().any(same_place) => Some("another place in the data"),
        () if !plain.contains(" = help: ") => Some("no mend"),
        () if errors != 1 => Some("more than one mistake"),
        () => None,
    }
}

#[test]
fn every_bad_input_gives_one_mistake_at_its_place_with_a_mend() {
    let wrong: Vec<String> = cases::all()
        .filter_map(|case| match space(case.0).load() {
            Ok(_) => Some(format!("no mistake found in:\n{}", case.0)),
            Err(report) => fault(&report, case).map(|fault| format!("{fault} for {case:?}:\n{}", plain(&report))),
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases::all().count() >= 60);
}

#[test]
fn files_that_are_no_environment_files() {
    let message = |text: &[u8]| plain(&bad(text));
    assert!(message(b"").contains("the environment file is empty"));
    assert!(message(b"# only\n\n# comments\n").contains("the environment file sets nothing"));
    let latin = message(b"# ok\nCLUSTER_NAME=caf\xe9\n");
    assert!(latin.contains("not UTF-8") && latin.contains("cluster.env:2:17") && latin.contains("0xe9"), "{latin}");
    assert!(message(b"\xff\xfeC\0L\0").contains("looks like UTF-16"));
    assert!(message(&vec![b'#'; 1024 * 1024 + 1]).contains("larger than 1 MiB"));
    let space = Space::new("CNI=cilium\n");
    let other = |name: &str| plain(&space.load_file(name).unwrap_err());
    assert!(other("gone.env").contains("there is no environment file `gone.env`"));
    assert!(other("gone.env").contains("--env-file"));
    assert!(other(".").contains("the environment file `.` is a directory"));
    assert!(other("cluster.env/x").contains("cannot be read"));
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_says_so() {
    use std::os::unix::fs::PermissionsExt as _;
    let space = Space::new("CNI=cilium\n");
    let path = space.dir.path().join("cluster.env");
    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if fs_err::File::open(&path).is_ok() {
        eprintln!("SKIPPED: a_file_that_may_not_be_read_says_so: root can read every file");
        return;
    }
    assert!(plain(&space.load().unwrap_err()).contains("cannot be read"));
}

#[test]
fn all_mistakes_come_at_once_in_the_order_of_the_file() {
    let report =
        Space::new("WORKER_MEM=1\nCNI=none\nBOGUS_KEY=1\nCLUSTER_NAME=$X\nK8S_CLUSTER_DNS=10.9.9.9\nDISK_SIZE=1G\n")
            .with("API_PORT", "80")
            .load()
            .unwrap_err();
    let keys: Vec<_> = report.diagnostics().iter().map(|d| d.key.as_deref().unwrap_or("-")).collect();
    assert_eq!(keys, ["WORKER_MEM", "CNI", "BOGUS_KEY", "CLUSTER_NAME", "K8S_CLUSTER_DNS", "DISK_SIZE", "API_PORT"]);
    assert_eq!(report.to_string(), "7 errors in the configuration `cluster.env`");
}

#[test]
fn nothing_is_ever_executed_or_expanded() {
    let space = Space::new("X=1\n");
    let witness = space.dir.path().join("witness");
    let text = format!("CLUSTER_NAME=$(touch {0})\nCNI=`touch {0}`\nISO_PATH=a;touch {0}\n", witness.display());
    space.write("cluster.env", text);
    let report = space.load().unwrap_err();
    assert_eq!(report.diagnostics().len(), 3);
    assert!(!witness.exists());
}

#[test]
fn a_bad_value_in_the_environment_is_blamed_on_the_environment() {
    let space = Space::new("WORKER_NAMES='one two'\n").with("MEM_one", "12").with("CLUSTER_CIDR", "10.32.0.0/16");
    let report = plain(&space.load().unwrap_err());
    assert!(report.contains("--> in the environment: MEM_one=12"), "{report}");
    assert!(report.contains("--> in the environment: CLUSTER_CIDR=10.32.0.0/16"), "{report}");
    assert!(!report.contains("cluster.env:"), "{report}");
}

#[test]
fn passwords_are_in_no_report() {
    for text in [
        "PROXY_HTTP=http://me:hush@proxy:99999\n",
        "PROXY_HTTP=me:hush@proxy\n",
        "PROXY_HTTP=http://me:hush@proxy x\n",
        "PROXY_HTTP= http://me:hush@proxy\n",
        "PROXY_HTTP='http://me:hush@proxy\n",
        "PROXY_HTTPP=http://me:hush@proxy\n",
    ] {
        let report = bad(text);
        let data = serde_json::to_string(&report).unwrap();
        assert!(!plain(&report).contains("hush") && !data.contains("hush"), "{text}{}\n{data}", plain(&report));
    }
    let report = Space::new("CNI=cilium\n").with("PROXY_HTTP", "http://me:hush@proxy:x").load().unwrap_err();
    assert!(plain(&report).contains("in the environment: PROXY_HTTP=http://me:***@proxy:x"), "{}", plain(&report));
    assert!(!plain(&report).contains("hush"));
}
