//! Certificates as OpenSSL sees them, and the rule for programs that a test needs and a machine may lack.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::repo::Repo;
use super::zoo::{AUTHORITIES, BELOW_ETCD_CA, BELOW_FRONT_PROXY_CA, below_ca, kubeconfigs};

/// Whether a program is there. On a build machine it must be.
pub(crate) fn have(program: &str, probe: &[&str]) -> bool {
    let run = duct::cmd(program, probe).stdin_null().stdout_null().stderr_null().unchecked().run();
    let found = run.is_ok_and(|output| output.status.success());
    if !found {
        skip(&format!("`{program}` is not installed"));
    }
    found
}

/// Says that something was not tested; on a build machine that is a failure.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{why}: a build machine must have it");
    eprintln!("SKIPPED: {why}");
}

/// Both streams of OpenSSL, and whether it succeeded.
pub(crate) fn openssl(repo: &Repo, args: &[&str]) -> (bool, String) {
    let output =
        repo.program(&repo.at("pki"), "openssl", args).stdin_null().stderr_to_stdout().stdout_capture().run().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

/// Everything of the zoo is there, signed by the authority that lies beside it, each key the key of its certificate,
/// each kubeconfig with what lies beside it. `keys` is slow: two commands for each pair.
pub(crate) fn verify(repo: &Repo, keys: bool) {
    for (authority, leaves) in
        AUTHORITIES.into_iter().zip([below_ca(), BELOW_ETCD_CA.to_vec(), BELOW_FRONT_PROXY_CA.to_vec()])
    {
        let pem = |name: &str| format!("{name}.pem");
        let files: Vec<String> = leaves.iter().copied().map(pem).collect();
        let mut args = vec!["verify", "-x509_strict", "-no-CApath", "-CAfile"];
        let authority_file = pem(authority);
        args.push(&authority_file);
        args.extend(files.iter().map(String::as_str));
        let (verified, said) = openssl(repo, &args);
        assert!(verified && said.lines().count() == files.len(), "{authority}: {said}");
        for name in leaves.into_iter().chain([authority]).filter(|_| keys) {
            assert_eq!(public_of_key(repo, name), public_of_certificate(repo, name), "{name}");
        }
    }
    for name in kubeconfigs() {
        let text = repo.read(&format!("kubeconfig/{name}.kubeconfig"));
        for file in ["ca.pem".to_string(), format!("{name}.pem"), format!("{name}-key.pem")] {
            let embedded = STANDARD.encode(repo.read(&format!("pki/{file}")));
            assert!(text.contains(&embedded), "the kubeconfig of {name} does not embed {file}");
        }
    }
    let shown = repo.json(&["pki", "--show", "--json"]);
    for row in shown.as_array().unwrap() {
        assert_eq!(row["state"], "ok", "{row}");
    }
}

fn public_of_key(repo: &Repo, name: &str) -> String {
    openssl(repo, &["pkey", "-pubout", "-in", &format!("{name}-key.pem")]).1
}

fn public_of_certificate(repo: &Repo, name: &str) -> String {
    openssl(repo, &["x509", "-noout", "-pubkey", "-in", &format!("{name}.pem")]).1
}

/// One line of `openssl x509`, such as `-subject`.
pub(crate) fn say(repo: &Repo, name: &str, what: &str) -> String {
    let (read, said) = openssl(repo, &["x509", "-noout", what, "-in", &format!("{name}.pem")]);
    assert!(read, "{said}");
    said.trim().to_string()
}
