//! What a newcomer sees first: the list, the help, the version, completions, and what a slip of the finger gets.

use super::openssl::have;
use super::repo::Repo;
use super::zoo::ZOO;

const SECTIONS: [&str; 6] = ["Lifecycle", "PKI", "Nodes", "Day two", "Add-ons", "Tools"];

#[test]
fn alone_it_lists_everything_in_sections_one_line_each_in_the_width_of_the_terminal() {
    for columns in ["60", "80", "100", "200"] {
        let repo = Repo::new(ZOO).with("COLUMNS", columns);
        let text = repo.ok(&[]);
        let headings: Vec<&str> = text.lines().filter(|line| SECTIONS.contains(line)).collect();
        assert_eq!(headings, SECTIONS);
        let width: usize = columns.parse().unwrap();
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{columns}: {line}");
            assert!(!line.ends_with(' '), "blanks at the end of `{line}`");
        }
        let verbs = repo.json(&["tasks", "--json"]);
        for verb in verbs["verbs"].as_array().unwrap() {
            let (name, doc) = (verb["name"].as_str().unwrap(), verb["doc"].as_str().unwrap());
            let lines: Vec<&str> = text
                .lines()
                .filter(|line| line.split_whitespace().next() == Some(name) && line.starts_with("  "))
                .collect();
            assert_eq!(lines.len(), 1, "{name}");
            assert!(lines[0].ends_with(doc), "{columns}: {name} takes more than one line");
        }
    }
}

#[test]
fn every_verb_has_help_of_its_own() {
    let repo = Repo::new(ZOO);
    let verbs = repo.json(&["tasks", "--json"]);
    for verb in verbs["verbs"].as_array().unwrap() {
        let (name, doc) = (verb["name"].as_str().unwrap(), verb["doc"].as_str().unwrap());
        let help = repo.ok(&["help", name]);
        assert!(help.starts_with(doc), "{name}: {help}");
        assert!(help.contains(&format!("Usage: cargo xtask {name}")), "{help}");
        let about = help.split("Usage:").next().unwrap();
        assert!(about.trim().lines().count() > 1, "`help {name}` says no more than the list does");
    }
    let help = repo.ok(&["--help"]);
    for option in ["--force", "--dry-run", "--explain", "--jobs", "--keep-going", "--json", "--quiet", "--env-file"] {
        assert!(help.contains(option), "{option}");
    }
    assert!(help.contains("Exit codes: 0 success"), "{help}");
}

#[test]
fn the_version_is_that_of_the_package() {
    let text = Repo::new(ZOO).ok(&["--version"]);
    assert_eq!(text, format!("cargo xtask {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn it_can_be_asked_about_itself_without_a_configuration() {
    let repo = Repo::new("NONSENSE");
    for args in [&[][..], &["--version"], &["help"], &["help", "pki"], &["completions", "bash"], &["test", "--list"]] {
        repo.ok(args);
    }
}

#[test]
fn completions_are_scripts_of_their_shells() {
    let repo = Repo::new(ZOO);
    for (shell, mark) in [("bash", "complete "), ("zsh", "#compdef xtask"), ("fish", "complete -c xtask")] {
        let script = repo.ok(&["completions", shell]);
        assert!(script.contains(mark) && script.contains("clobber"), "{shell}");
        repo.write(&format!("completions.{shell}"), &script);
        if have(shell, &["-c", "true"]) {
            let parsed = repo
                .program(repo.root(), shell, &["-n", &format!("completions.{shell}")])
                .stderr_to_stdout()
                .read()
                .unwrap();
            assert_eq!(parsed, "", "{shell}");
        }
    }
}

#[test]
fn slips_get_a_suggestion_and_exit_with_2() {
    let repo = Repo::new(ZOO);
    for (args, meant) in [
        (&["pik"][..], "pki"),
        (&["chekc"], "check"),
        (&["help", "clober"], "clobber"),
        (&["kubeconfig"], "kubeconfigs"),
        (&["pki", "--forse"], "--force"),
        (&["run", "pki/kuberntes"], "pki/kubernetes"),
        (&["explain", "pik"], "pki"),
        (&["graph", "kubeconfig/be"], "kubeconfig/bee"),
        (&["completions", "bsh"], "bash"),
        (&["pki", "--renew=al"], "all"),
    ] {
        let output = repo.run(args);
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{args:?}: {output:?}");
        let quoted = [format!("'{meant}'"), format!("`{meant}`")];
        assert!(quoted.iter().any(|q| output.stderr.contains(q.as_str())), "{args:?}: {}", output.stderr);
    }
    for args in [&["zzzz"][..], &["run", "zzzz"], &["pki", "-j0"], &["-q", "-v", "pki"], &["run"], &["test", "zzzz"]] {
        let output = repo.run(args);
        assert!(output.code == 2 && output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}: {output:?}");
    }
}
