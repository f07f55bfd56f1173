//! Files that somebody edited, cut short, deleted or opened to others.

use std::os::unix::fs::PermissionsExt as _;

use super::openssl::{have, verify};
use super::repo::Repo;
use super::zoo::{ZOO, certs, configs, everything};

fn made() -> Repo {
    let repo = Repo::new(ZOO);
    repo.pki(&[]);
    repo
}

/// One character of the base64 is another, as after a slip of an editor.
fn edited(text: &str) -> String {
    let at = text.len() / 2;
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

#[test]
fn a_damaged_certificate_or_key_is_noticed_and_its_pair_made_anew() {
    let repo = made();
    for file in ["admin-key.pem", "admin.pem"] {
        let path = format!("pki/{file}");
        let good = repo.read(&path);
        for bad in [edited(&good), good[..good.len() / 2].to_string(), String::new(), format!("{good}\n")] {
            repo.replace(&path, &bad);
            repo.pki(&[]).made_only(&certs(&["admin"]) | &configs(&["admin"]));
        }
        repo.delete(&path);
        repo.pki(&[]).made_only(&certs(&["admin"]) | &configs(&["admin"]));
    }
    repo.pki(&[]).made_nothing();
    if have("openssl", &["version"]) {
        verify(&repo, true);
    }
}

#[test]
fn each_other_file_is_made_again_alone() {
    let repo = made();
    for (file, task) in [
        ("kubeconfig/bee.kubeconfig", "kubeconfig/bee"),
        ("pki/etcd-client.pem", "pki/etcd-client"),
        ("pki/service-account.pem", "pki/service-account"),
        ("ssh/id_ed25519.pub", "ssh-key"),
    ] {
        repo.delete(file);
        repo.pki(&[]).made_only([task]);
    }
    repo.replace("kubeconfig/wasp.kubeconfig", "server: https://198.51.100.1\n");
    repo.pki(&[]).made_only(["kubeconfig/wasp"]);
    repo.replace("ssh/id_ed25519", "no key\n");
    repo.pki(&[]).made_only(["ssh-key"]);
}

#[test]
fn a_key_that_others_can_read_is_closed_again_with_a_warning() {
    let repo = made();
    let open = || {
        std::fs::set_permissions(repo.at("pki/bee-key.pem"), std::fs::Permissions::from_mode(0o644)).unwrap();
        std::fs::set_permissions(repo.at("pki"), std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    open();
    let run = repo.pki(&[]);
    run.made_nothing();
    let said = run.warnings.join("\n");
    assert!(said.contains("pki/bee-key.pem") && said.contains("0644") && said.contains("--force"), "{said}");
    assert_eq!((repo.mode("pki/bee-key.pem"), repo.mode("pki")), (0o600, 0o700));
    assert_eq!(repo.pki(&[]).warnings, [""; 0]);
    open();
    repo.ok(&["pki", "--dry-run"]);
    assert_eq!((repo.mode("pki/bee-key.pem"), repo.mode("pki")), (0o644, 0o755), "a look changes nothing");
    let output = repo.run(&["-q", "pki"]);
    assert!(output.code == 0 && output.stderr.starts_with("warning: "), "{output:?}");
}

#[test]
fn an_encryption_key_that_cannot_be_read_is_not_thrown_away() {
    let repo = made();
    let file = "pki/encryption-config.yaml";
    let good = repo.read(file);
    let bad = &good[..good.len() / 2];
    repo.replace(file, bad);
    repo.delete("pki/wasp.pem");
    let run = repo.tasks(&["pki", "--keep-going"]);
    assert_eq!(run.code, 1);
    run.made_only(&certs(&["wasp"]) | &configs(&["wasp"]));
    assert_eq!(run.failed.keys().collect::<Vec<_>>(), ["encryption"]);
    let error = &run.failed["encryption"];
    assert!(error.contains("encryption-config.yaml") && error.contains("--force"), "{error}");
    assert_eq!(repo.read(file), bad);
    repo.replace(file, &good);
    repo.pki(&[]).made_nothing();
    repo.replace(file, bad);
    assert_eq!(repo.tasks(&["encryption", "--force"]).code, 0);
    assert_eq!(repo.read("pki/encryption-config.yaml.aside"), bad);
}

#[test]
fn the_state_can_be_deleted_or_spoilt_and_everything_is_kept() {
    let repo = made();
    let before = ["pki", "kubeconfig", "ssh"].map(|dir| repo.bytes(dir));
    for spoil in ["", "records", "key", "manifests"] {
        match spoil {
            "" => repo.delete("state"),
            file => repo.replace(&format!("state/{file}"), "not what was written"),
        }
        let run = repo.pki(&[]);
        run.made_nothing();
        assert_eq!(run.kept.len() + run.up_to_date, everything().len(), "{spoil}: {run:?}");
        assert_eq!(["pki", "kubeconfig", "ssh"].map(|dir| repo.bytes(dir)), before, "{spoil}");
    }
    assert_eq!(repo.pki(&[]).kept.len(), 0);
    // What differs from its row is not taken over.
    repo.delete("state");
    repo.set("API_VIP", "172.20.0.5");
    let run = repo.pki(&[]);
    run.made_only(&certs(&["kubernetes"]) | &configs(&["kube-proxy", "bee", "wasp"]));
}

#[test]
fn files_of_a_copied_repository_are_taken_over() {
    let (old, new) = (made(), Repo::new(ZOO));
    for dir in ["pki", "kubeconfig", "ssh"] {
        std::fs::create_dir_all(new.at(dir)).unwrap();
        for name in old.bytes(dir).into_keys() {
            std::fs::copy(old.at(&format!("{dir}/{name}")), new.at(&format!("{dir}/{name}"))).unwrap();
        }
    }
    let run = new.pki(&[]);
    run.made_nothing();
    assert_eq!(run.kept, everything());
    assert_eq!(new.mode("pki"), 0o700);
}
