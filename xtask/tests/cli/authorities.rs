//! Authorities that are lost, replaced, brought along or made anew: everything they signed follows, nothing else does.

use xtask::sys::fs::{Access, create_dir, write_atomic};

use super::openssl::{have, openssl, say, verify};
use super::repo::Repo;
use super::zoo::{BELOW_ETCD_CA, BELOW_FRONT_PROXY_CA, ZOO, below_ca, certs, configs, everything, kubeconfigs};

fn made() -> Repo {
    let repo = Repo::new(ZOO);
    repo.pki(&[]);
    repo
}

/// Puts an authority that OpenSSL makes in place of ours. `key` are the arguments that choose the kind of key.
fn bring(repo: &Repo, name: &str, key: &[&str]) {
    create_dir(&repo.at("pki"), Access::Secret).unwrap();
    let (key_file, certificate) = (format!("{name}-key.pem"), format!("{name}.pem"));
    let request = ["req", "-x509", "-nodes", "-subj", "/O=Example Ltd/CN=brought along"];
    let files = ["-keyout", &key_file, "-out", &certificate];
    let usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
    let (ok, said) = openssl(repo, &[&request[..], &files, key, &usage].concat());
    assert!(ok, "{said}");
    let text = repo.read(&format!("pki/{key_file}"));
    write_atomic(&repo.at(&format!("pki/{key_file}")), text.as_bytes(), Access::Secret).unwrap();
}

const P256: [&str; 6] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "900"];

#[test]
fn a_lost_authority_costs_what_it_signed() {
    let repo = made();
    let embed = configs(&kubeconfigs());
    repo.delete("pki/ca-key.pem");
    repo.pki(&[]).made_only(&(&certs(&["ca"]) | &certs(&below_ca())) | &embed);
    repo.delete("pki/ca.pem");
    repo.pki(&[]).made_only(&(&certs(&["ca"]) | &certs(&below_ca())) | &embed);
    repo.delete("pki/etcd-ca.pem");
    repo.pki(&[]).made_only(&certs(&["etcd-ca"]) | &certs(&BELOW_ETCD_CA));
    repo.replace("pki/front-proxy-ca-key.pem", "");
    repo.pki(&[]).made_only(&certs(&["front-proxy-ca"]) | &certs(&BELOW_FRONT_PROXY_CA));
    repo.pki(&[]).made_nothing();
    if have("openssl", &["version"]) {
        verify(&repo, true);
    }
}

#[test]
fn one_authority_forced_alone_costs_what_it_signed() {
    let repo = made();
    repo.tasks(&["run", "pki/etcd-ca", "--force"]).made_only(["pki/etcd-ca"]);
    repo.pki(&[]).made_only(certs(&BELOW_ETCD_CA));
    repo.pki(&[]).made_nothing();
    // And a forced leaf leaves its authority alone.
    repo.tasks(&["run", "pki/bee", "--force"]).made_only(["pki/bee"]);
    repo.pki(&[]).made_only(["kubeconfig/bee"]);
}

#[test]
fn an_authority_of_somebody_elses_is_kept_and_everything_below_it_follows() {
    if !have("openssl", &["version"]) {
        return;
    }
    for already in [false, true] {
        let repo = Repo::new(ZOO);
        if already {
            repo.pki(&[]);
        }
        bring(&repo, "ca", &P256);
        let theirs = ["pki/ca.pem", "pki/ca-key.pem"].map(|file| repo.read(file));
        let run = repo.pki(&[]);
        let below = &certs(&below_ca()) | &configs(&kubeconfigs());
        run.made_only(if already { below } else { &everything() - &certs(&["ca"]) });
        assert_eq!(run.kept, certs(&["ca"]));
        assert_eq!(["pki/ca.pem", "pki/ca-key.pem"].map(|file| repo.read(file)), theirs);
        assert_eq!(say(&repo, "bee", "-issuer"), "issuer=O = Example Ltd, CN = brought along");
        openssl_verifies_below(&repo);
        repo.pki(&[]).made_nothing();
        repo.delete("state");
        repo.pki(&[]).made_nothing();
    }
}

/// As [`verify`], but `pki --show` may say that the authority is not what the table says: it is not.
fn openssl_verifies_below(repo: &Repo) {
    let files: Vec<String> = below_ca().iter().map(|name| format!("{name}.pem")).collect();
    let mut args = vec!["verify", "-x509_strict", "-no-CApath", "-CAfile", "ca.pem"];
    args.extend(files.iter().map(String::as_str));
    let (ok, said) = openssl(repo, &args);
    assert!(ok, "{said}");
}

#[test]
fn an_authority_that_cannot_be_used_is_never_lost() {
    if !have("openssl", &["version"]) {
        return;
    }
    for already in [false, true] {
        let repo = Repo::new(ZOO);
        if already {
            repo.pki(&[]);
        }
        bring(&repo, "ca", &["-newkey", "rsa:2048"]);
        let theirs = ["ca.pem", "ca-key.pem"].map(|file| repo.read(&format!("pki/{file}")));
        let output = repo.run(&["pki"]);
        assert_eq!(output.code, 0, "{output:?}");
        assert!(output.stderr.contains("artifacts/zoo/pki/ca-key.pem.aside"), "{}", output.stderr);
        assert_eq!(["ca.pem.aside", "ca-key.pem.aside"].map(|file| repo.read(&format!("pki/{file}"))), theirs);
        assert_eq!(repo.mode("pki/ca-key.pem.aside"), 0o600);
        verify(&repo, true);
        repo.pki(&[]).made_nothing();
        // A second one does not push out the first.
        repo.replace("pki/ca-key.pem", "damaged\n");
        repo.pki(&[]);
        assert_eq!(repo.read("pki/ca-key.pem.aside"), theirs[1]);
        assert_eq!(repo.read("pki/ca-key.pem.aside-2"), "damaged\n");
    }
}

#[test]
fn a_change_of_the_configuration_does_not_lose_an_authority_either() {
    if !have("openssl", &["version"]) {
        return;
    }
    let repo = Repo::new(ZOO);
    bring(&repo, "ca", &P256);
    let theirs = repo.read("pki/ca-key.pem");
    repo.pki(&[]);
    repo.set("CA_DAYS", "3000");
    repo.pki(&[]);
    let kept = ["pki/ca-key.pem", "pki/ca-key.pem.aside"].map(|file| repo.at(file)).into_iter();
    let kept: Vec<String> = kept.filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    assert!(kept.contains(&theirs), "the key of the authority is gone");
}

#[test]
fn leaves_that_end_with_their_authority_are_not_renewed_but_said_to_need_a_new_one() {
    if !have("openssl", &["version"]) {
        return;
    }
    let repo = Repo::new(ZOO);
    bring(&repo, "etcd-ca", &[&P256[..4], &["-days", "10"]].concat());
    repo.pki(&[]);
    let before = repo.bytes("pki");
    let output = repo.run(&["pki", "--renew"]);
    assert!(output.stderr.contains("`etcd-ca`") && output.stderr.contains("--force"), "{}", output.stderr);
    assert_eq!(repo.bytes("pki"), before);
}
