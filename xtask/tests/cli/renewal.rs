//! `--force`, `--renew` and what ends soon.

use super::repo::Repo;
use super::zoo::{AUTHORITIES, ZOO, certs, configs, everything, kubeconfigs, leaves};

fn made(more: &str) -> Repo {
    let repo = Repo::new(&format!("{ZOO}{more}"));
    repo.pki(&[]);
    repo
}

/// The keys of the encryption configuration, in order.
fn secrets(repo: &Repo) -> Vec<String> {
    let text = repo.read("pki/encryption-config.yaml");
    text.lines().filter_map(|line| line.trim().strip_prefix("secret: ").map(String::from)).collect()
}

#[test]
fn force_makes_everything_anew_says_what_follows_and_keeps_the_old_encryption_key() {
    let repo = made("");
    let (before, old) = (repo.bytes("pki"), secrets(&repo));
    let output = repo.run(&["pki", "--force"]);
    assert_eq!(output.code, 0);
    assert!(output.stderr.contains("reconfigured"), "{}", output.stderr);
    for (name, bytes) in repo.bytes("pki") {
        assert_ne!(bytes, before[&name], "{name}");
    }
    let new = secrets(&repo);
    assert_eq!(new.len(), 2);
    assert_eq!(new[1], old[0]);
    repo.pki(&["--force"]).made_only(everything());
    assert_eq!(secrets(&repo).len(), 3);
    repo.pki(&[]).made_nothing();
    assert!(!repo.run(&["pki"]).stderr.contains("reconfigured"));
}

#[test]
fn parts_can_be_forced() {
    let repo = made("");
    repo.tasks(&["ssh-key", "--force"]).made_only(["ssh-key"]);
    repo.tasks(&["run", "encryption", "--force"]).made_only(["encryption"]);
    repo.pki(&[]).made_nothing();
}

#[test]
fn nothing_is_renewed_that_has_time() {
    let repo = made("");
    repo.pki(&["--renew"]).made_nothing();
    assert!(!repo.run(&["pki"]).stderr.contains("ending soon"));
}

#[test]
fn what_ends_soon_is_named_and_renewed_under_the_same_authorities() {
    let repo = made("CERT_DAYS=40\n");
    // The clock cannot be moved, the meaning of "soon" can.
    repo.set("CERT_RENEW_DAYS", "39");
    repo.pki(&["--renew"]).made_nothing();
    repo.set("CERT_DAYS", "20");
    repo.set("CERT_RENEW_DAYS", "10");
    repo.pki(&[]);
    repo.set("CERT_RENEW_DAYS", "21");
    let output = repo.run(&["pki"]);
    assert!(output.stderr.contains("`cargo xtask pki --renew`") && output.stderr.contains("bee"), "{}", output.stderr);
    let before = repo.bytes("pki");
    repo.pki(&["--renew"]).made_only(&certs(&leaves()) | &configs(&kubeconfigs()));
    let after = repo.bytes("pki");
    for name in AUTHORITIES.iter().chain(&["service-account"]) {
        for file in [format!("{name}.pem"), format!("{name}-key.pem")] {
            assert_eq!(after[&file], before[&file], "{file}");
        }
    }
    assert_eq!(after["encryption-config.yaml"], before["encryption-config.yaml"]);
    assert_ne!(after["bee-key.pem"], before["bee-key.pem"], "a renewed certificate has a new key");
}

#[test]
fn all_leaves_can_be_renewed_and_nothing_else_is() {
    let repo = made("");
    repo.pki(&["--renew=all"]).made_only(&certs(&leaves()) | &configs(&kubeconfigs()));
    let output = repo.run(&["pki", "--renew=all"]);
    assert!(output.stderr.contains("both are believed"), "{}", output.stderr);
    repo.pki(&[]).made_nothing();
}
