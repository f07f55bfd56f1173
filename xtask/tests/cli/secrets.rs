//! No private key and no secret leaves the three directories that hold them: not by a log, a message or the state.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::repo::{Output, Repo};
use super::zoo::ZOO;

/// What must not be found elsewhere, by the file it is from: lines of base64, and the bytes behind them.
fn secrets(repo: &Repo) -> Vec<(String, Vec<u8>)> {
    let mut secrets = Vec::new();
    let files = ["pki", "ssh"].into_iter().flat_map(|dir| repo.bytes(dir));
    for (name, bytes) in files {
        let text = String::from_utf8(bytes).unwrap();
        let body: Vec<&str> = if name.ends_with("-key.pem") || name == "id_ed25519" {
            text.lines().filter(|line| !line.starts_with("-----")).collect()
        } else {
            text.lines().filter_map(|line| line.trim().strip_prefix("secret: ")).collect()
        };
        let whole = body.concat();
        if let Ok(der) = STANDARD.decode(&whole)
            && !der.is_empty()
        {
            // Of PKCS#8 and of OpenSSH's format alike, something secret lies in the middle; headers are no secret.
            let middle = if name == "id_ed25519" { &der[161..193] } else { &der[der.len().min(36)..] };
            let middle = if name.contains("encryption") { &der[..] } else { middle };
            secrets.push((name.clone(), middle[..32.min(middle.len())].to_vec()));
            secrets.push((name.clone(), hex(&middle[..32.min(middle.len())]).into_bytes()));
        }
        // The first line of a key is mostly its header, the same in every key.
        secrets.extend(body.iter().skip(usize::from(body.len() > 1)).map(|l| (name.clone(), l.as_bytes().to_vec())));
    }
    assert!(secrets.len() > 60, "{}", secrets.len());
    secrets.retain(|(_, secret)| secret.len() >= 24);
    secrets
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Every file outside of the directories that hold secrets.
fn open_files(repo: &Repo) -> BTreeMap<PathBuf, Vec<u8>> {
    let closed = ["pki", "kubeconfig", "ssh"].map(|dir| repo.at(dir));
    let files = repo.snapshot().into_iter().filter(|(path, _)| path.is_file());
    files
        .filter(|(path, _)| !closed.iter().any(|dir| path.starts_with(dir)))
        .map(|(path, seen)| (path, seen.3))
        .collect()
}

#[test]
fn nothing_secret_is_told_or_logged_or_remembered() {
    let repo = Repo::new(ZOO);
    let mut said: Vec<Output> = vec![repo.run(&["pki", "-v"])];
    let whole = repo.read("pki/etcd-client-key.pem");
    repo.replace("pki/etcd-client-key.pem", &whole[..whole.len() - 9]);
    repo.delete("state/records");
    let encryption = repo.read("pki/encryption-config.yaml");
    repo.replace("pki/encryption-config.yaml", &format!("{encryption}x"));
    for args in [
        &["pki", "--dry-run"][..],
        &["pki", "-v", "--keep-going"],
        &["pki", "--show"],
        &["pki", "--show", "--json"],
        &["pki", "--json", "--explain", "--keep-going"],
        &["explain", "pki", "--json"],
        &["graph", "--format", "json"],
        &["tasks", "--json"],
        &["trace", "--json"],
        &["config", "--json"],
        &["clean", "--dry-run"],
    ] {
        said.push(repo.run(args));
    }
    assert!(said.iter().any(|output| output.code == 1), "the damaged encryption key stops nothing");
    let mut places = open_files(&repo);
    assert!(
        places.keys().any(|path| path.ends_with("records"))
            && places.keys().any(|path| path.ends_with("encryption.log"))
    );
    for (number, output) in said.into_iter().enumerate() {
        places.insert(format!("stdout {number}").into(), output.stdout.into_bytes());
        places.insert(format!("stderr {number}").into(), output.stderr.into_bytes());
    }
    for (name, secret) in secrets(&repo) {
        let held = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
        let kept = repo
            .bytes("pki")
            .into_iter()
            .chain(repo.bytes("ssh"))
            .any(|(file, bytes)| file == name && (held(&bytes) || secret.len() == 32 || secret.len() == 64));
        assert!(kept, "this test looks for something that `{name}` does not hold");
        for (place, bytes) in &places {
            assert!(!held(bytes), "a secret of `{name}` is in {}", place.display());
        }
    }
}
