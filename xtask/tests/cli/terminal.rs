//! On a terminal: colour, the wish for none, and questions. `script` (util-linux) plays the terminal.

use super::openssl::have;
use super::repo::{Repo, XTASK};
use super::zoo::ZOO;

/// Runs the binary on a terminal that types `answer`; what was on the screen, and the exit code.
fn on_a_terminal(repo: &Repo, args: &str, answer: &str) -> Option<(String, i32)> {
    if cfg!(not(target_os = "linux")) {
        eprintln!("SKIPPED: only Linux has the `script` that runs a command");
        return None;
    }
    if !have("script", &["--version"]) {
        return None;
    }
    let command = format!("'{XTASK}' {args}");
    let run = repo.program(repo.root(), "script", &["--quiet", "--return", "--command", &command, "/dev/null"]);
    let output = run.stdin_bytes(answer).stderr_to_stdout().stdout_capture().run().unwrap();
    Some((String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().unwrap_or(-1)))
}

#[test]
fn colour_is_there_for_people_who_want_it() {
    let repo = Repo::new(ZOO).with("TERM", "xterm-256color");
    let Some((screen, code)) = on_a_terminal(&repo, "", "") else { return };
    assert!(code == 0 && screen.contains("\x1b["), "{screen}");
    let repo = repo.with("NO_COLOR", "1");
    let (screen, _) = on_a_terminal(&repo, "", "").unwrap();
    assert!(!screen.contains('\x1b'), "{screen}");
    let (screen, _) = on_a_terminal(&repo, "pki", "").unwrap();
    assert!(screen.contains("25 made"), "{screen}");
    // Lines that come and go need escapes; colours would end in `m`.
    let colours = screen.split('\x1b').skip(1).filter(|rest| {
        rest.trim_start_matches('[').trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m')
    });
    assert_eq!(colours.count(), 0, "{screen:?}");
}

#[test]
fn clobber_asks_and_takes_no_for_an_answer() {
    let repo = Repo::new(ZOO).with("TERM", "xterm");
    repo.pki(&[]);
    for answer in ["n\n", "\n", "yep\n"] {
        let Some((screen, code)) = on_a_terminal(&repo, "clobber", answer) else { return };
        assert_eq!(code, 1, "{screen}");
        assert!(screen.contains("[y/N]") && screen.contains("nothing was removed"), "{screen}");
        assert!(repo.at("pki/ca.pem").exists());
    }
    let (screen, code) = on_a_terminal(&repo, "clobber", "y\n").unwrap();
    assert!(code == 0 && screen.contains("removed artifacts/zoo"), "{screen}");
    assert!(!repo.at("").exists());
}
