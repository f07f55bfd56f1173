//! Values that lead somewhere: files of this host, URLs, proxies.
//!
//! Looks at files, never at the network.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{Outcome, Problem, Value, split_list};
use crate::config::url;

/// No honest bundle of certificates is larger; reading stops here.
const LARGEST_BUNDLE: u64 = 16 * 1024 * 1024;
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";
/// Every kind of private key has this in its first line.
const PRIVATE_KEY: &str = "PRIVATE KEY-----";

/// A file that exists.
pub(super) fn file(text: &str, directory: &Path) -> Result<Value, Problem> {
    existing(text, directory).map(Value::Path)
}

/// A file of certificates without a private key.
pub(super) fn certificates(text: &str, directory: &Path) -> Result<Value, Problem> {
    let path = existing(text, directory)?;
    let shown = path.display();
    let help = "name a PEM file that holds the certificates of the authorities, and only these";
    let mut content = Vec::new();
    let read = fs_err::File::open(&path).and_then(|file| file.take(LARGEST_BUNDLE).read_to_end(&mut content));
    if let Err(error) = read {
        return Err(Problem::new("cannot be read", error.to_string(), "make it readable for yourself"));
    }
    let content = String::from_utf8_lossy(&content);
    if content.contains(PRIVATE_KEY) {
        let problem = Problem::new("holds a private key", format!("`{shown}`"), help);
        return Err(problem.because("the file is copied to every node, where everybody can read it"));
    }
    if !content.contains(CERTIFICATE) {
        let problem = Problem::new("holds no PEM certificate", format!("`{shown}`"), help);
        return Err(
            problem.because(format!("there is no line `{CERTIFICATE}` in it; a DER file must be converted first"))
        );
    }
    Ok(Value::Path(path))
}

fn existing(text: &str, directory: &Path) -> Result<PathBuf, Problem> {
    let path = directory.join(text);
    let relative = "a relative path begins at the directory of the environment file";
    match std::fs::metadata(&path) {
        Ok(meta) if meta.is_file() => Ok(path),
        Ok(_) => Err(Problem::new("is not a file", format!("`{}` is something else", path.display()), "name a file")),
        Err(error) => Err(Problem::new(
            "names a file that cannot be found",
            format!("`{}`: {error}", path.display()),
            "mend the path, or delete the line if you do not need it",
        )
        .because(relative)),
    }
}

/// What can be downloaded over http or https.
pub(super) fn url(text: &str) -> Result<Value, Problem> {
    match url::parse(text) {
        Ok(_) => Ok(Value::Text(text.to_string())),
        Err(why) => Err(not_a_url(why)),
    }
}

fn not_a_url(why: String) -> Problem {
    Problem::new("is not a URL", why, "write `https://host/path` or `http://host:port`, in full")
}

/// A proxy; a password in it is allowed, and not kept secret by what uses it.
pub(super) fn proxy(text: &str) -> Outcome {
    if let Err(why) = url::parse(text) {
        return Err(not_a_url(why)).into();
    }
    let exposed = url::password(text).map(|span| {
        Problem::new(
            "has a password in it",
            "readable by everybody on every node",
            "use a proxy on this host that adds the password",
        )
        .because("the nodes' proxy settings lie in the Nix store, which is world-readable")
        .part(span)
        .warning()
    });
    Outcome { value: Some(Value::Text(text.to_string())), problems: exposed.into_iter().collect() }
}

/// What is reached without a proxy.
pub(super) fn no_proxy(text: &str) -> Outcome {
    let parts = split_list(text);
    let problems = parts.iter().filter(|(_, entry)| !is_exempt(entry)).map(|(at, entry)| {
        let label = if entry.contains("://") { "a URL, and a host is wanted" } else { "neither" };
        let help = "write a host, `.domain`, an address or a range such as `10.0.0.0/8`, separated by commas";
        Problem::new(format!("has an entry that is no host, address or range: `{entry}`"), label, help).part(at.clone())
    });
    Outcome {
        problems: problems.collect(),
        value: Some(Value::List(parts.iter().map(|(_, p)| (*p).to_string()).collect())),
    }
}

/// `*`, a host, `.suffix`, `*.suffix`, `host:port`, an address or a range of either IP version.
fn is_exempt(entry: &str) -> bool {
    if let Some((address, prefix)) = entry.split_once('/') {
        let widest = match address.parse() {
            Ok(std::net::IpAddr::V4(_)) => 32,
            Ok(std::net::IpAddr::V6(_)) => 128,
            Err(_) => return false,
        };
        return prefix.parse::<u8>().is_ok_and(|prefix| prefix <= widest);
    }
    let name = entry.strip_prefix('*').unwrap_or(entry);
    let name = name.strip_prefix('.').unwrap_or(name);
    let host = match name.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.parse::<u16>().is_ok() => host,
        _ => name,
    };
    entry == "*" || url::is_host(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exemptions_from_the_proxy() {
        for entry in
            ["*", "localhost", ".corp", "*.corp", "build.corp:8080", "10.1.2.3", "10.0.0.0/8", "::1", "fd00::/8"]
        {
            assert!(is_exempt(entry), "{entry}");
        }
        for entry in ["http://build.corp", "10.0.0.0/33", "a/8", "..", "a$b", "*x."] {
            assert!(!is_exempt(entry), "{entry}");
        }
    }

    #[test]
    fn certificates_are_told_from_keys() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let mut file = fs_err::File::create(dir.path().join(name)).unwrap();
            std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        };
        let header = |what: &str| format!("-----BEGIN {what}-----\n");
        write("good", &header("CERTIFICATE"));
        write("key", &format!("{}{}", header("CERTIFICATE"), header(&["PRIVATE", "KEY"].join(" "))));
        write("der", "0\u{1}\u{2}");
        assert!(certificates("good", dir.path()).is_ok());
        assert_eq!(certificates("key", dir.path()).unwrap_err().what, "holds a private key");
        assert_eq!(certificates("der", dir.path()).unwrap_err().what, "holds no PEM certificate");
        assert_eq!(certificates(".", dir.path()).unwrap_err().what, "is not a file");
        assert!(certificates("none", dir.path()).unwrap_err().label.contains("none"));
    }
}
