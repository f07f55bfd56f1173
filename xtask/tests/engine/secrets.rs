//! Secrets: closed from the beginning, closed again, and nowhere to be found in what the engine remembers.

use std::os::unix::fs::PermissionsExt as _;

use xtask::graph::{Graph, Task};
use xtask::sys::fs::{Access, write_atomic};

use crate::space::{Space, cat, graph, put};

const GUESSABLE: &str = "hunter2";

fn mode(space: &Space, name: &str) -> u32 {
    fs_err::metadata(space.path(name)).unwrap().permissions().mode() & 0o777
}

fn chmod(space: &Space, name: &str, mode: u32) {
    fs_err::set_permissions(space.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

fn tasks<'a>() -> Graph<'a> {
    let key = Task::build("key").input_secret("password").output_secret("pki/key").action(|run| {
        let text = fs_err::read(run.root().join("password"))?;
        write_atomic(&run.root().join("pki/key"), &text, Access::Secret)
    });
    // Declared first, and it makes the directory that the secret will lie in.
    graph([cat("cert", &["name"], "pki/cert"), key])
}

fn built() -> (Space, Graph<'static>) {
    let (space, graph) = (Space::new(), tasks());
    space.write("password", GUESSABLE);
    space.write("name", "a name");
    assert!(space.run(&graph).summary.is_success());
    (space, graph)
}

#[test]
fn the_directory_of_a_secret_is_closed_whoever_makes_it() {
    let (space, _) = built();
    assert_eq!((mode(&space, "pki"), mode(&space, "pki/key"), mode(&space, "pki/cert")), (0o700, 0o600, 0o644));
    assert_eq!((mode(&space, ".state"), mode(&space, ".state/key")), (0o700, 0o600));
}

#[test]
fn an_opened_secret_is_closed_again_and_said_aloud() {
    let (space, graph) = built();
    chmod(&space, "pki/key", 0o644);
    let ran = space.run(&graph);
    assert_eq!(ran.names(), [""; 0]);
    assert_eq!(
        ran.warnings,
        ["`pki/key` is a secret that others could read (mode 0644); it is 0600 again. If others use this machine, \
          replace it: run its task with --force"]
    );
    assert_eq!(mode(&space, "pki/key"), 0o600);
    assert_eq!(space.run(&graph).warnings, [""; 0]);
}

#[test]
fn a_task_that_makes_an_open_secret_fails() {
    let careless = Task::build("key").output_secret("key").action(|run| {
        put(&run.root().join("key"), b"1");
        chmod_path(&run.root().join("key"));
        Ok(())
    });
    let (space, graph) = (Space::new(), graph([careless]));
    let ran = space.run(&graph);
    assert_eq!(ran.error(), "it made `key`, which it declares as a secret, readable by others (mode 0644)");
    assert!(!space.exists("key"));
}

fn chmod_path(path: &std::path::Path) {
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
}

#[test]
fn nothing_remembered_gives_a_secret_away() {
    let (space, graph) = built();
    space.write("password", "hunter3");
    let explained = space.explain(&graph).join("\n");
    space.run(&graph);
    let mut remembered = explained.into_bytes();
    for entry in walkdir::WalkDir::new(space.state()).into_iter().chain(walkdir::WalkDir::new(space.path(".logs"))) {
        let Ok(entry) = entry else { continue };
        if entry.file_type().is_file() {
            remembered.extend(fs_err::read(entry.path()).unwrap());
        }
    }
    let has = |needle: &[u8]| remembered.windows(needle.len()).any(|window| window == needle);
    for secret in [GUESSABLE, "hunter3"] {
        let hash = blake3::hash(secret.as_bytes());
        assert!(!has(secret.as_bytes()), "a secret itself is written down");
        assert!(!has(hash.as_bytes()), "whoever guesses `{secret}` can prove it");
        assert!(!has(&hash.to_hex().as_bytes()[..12]), "an explanation shows a hash that anybody can compute");
    }
    assert!(has(blake3::hash(b"a name").as_bytes()), "an ordinary input is found, so the search works");
}

#[test]
fn a_file_that_becomes_a_secret_is_hashed_anew() {
    let task = |secret: bool| {
        let task = Task::build("a");
        let task = if secret { task.input_secret("password") } else { task.input("password") };
        graph([task.output("out").action(|run| {
            put(&run.root().join("out"), b"");
            Ok(())
        })])
    };
    let space = Space::new();
    space.write("password", GUESSABLE);
    space.run(&task(false));
    // Long enough for its stat to be trusted from now on.
    std::thread::sleep(std::time::Duration::from_millis(50));
    space.run(&task(false));
    assert_eq!(space.run(&task(true)).names(), ["a"]);
    assert_eq!(space.run(&task(true)).names(), [""; 0]);
}
