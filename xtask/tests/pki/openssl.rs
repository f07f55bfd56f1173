//! OpenSSL reads every certificate of several clusters and says whether it is what its row says.

use std::path::Path;

use time::OffsetDateTime;
use xtask::pki::{Kind, Row, San, Usage};

use crate::fixtures::{Made, harbour, have, lonely};
use crate::ordinary::plain;

/// What a run of OpenSSL printed on both streams, and whether it succeeded.
fn openssl(arguments: &[&str]) -> (bool, String) {
    let output = duct::cmd("openssl", arguments).stdin_null().stderr_to_stdout().stdout_capture().unchecked().run();
    let output = output.unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn everywhere(check: impl Fn(&Made)) {
    if have("openssl", &["version"]) {
        for cluster in [plain(), harbour(), lonely()] {
            check(&Made::new(&cluster, OffsetDateTime::now_utc()));
        }
    }
}

fn leaves(made: &Made) -> impl Iterator<Item = &Row> {
    made.rows.iter().filter(|row| row.kind == Kind::Leaf)
}

fn verify(made: &Made, authority: &str, row: &Row, more: &[&str]) -> (bool, String) {
    let (authority, certificate) = (made.public(authority), made.public(&row.name));
    let mut arguments = vec!["verify", "-x509_strict", "-no-CApath", "-CAfile", text(&authority)];
    arguments.extend(more);
    arguments.push(text(&certificate));
    openssl(&arguments)
}

#[test]
fn every_leaf_serves_its_purposes_and_no_other() {
    everywhere(|made| {
        for row in leaves(made) {
            let issuer = row.issuer.unwrap();
            for (usage, purpose) in [(Usage::Server, "sslserver"), (Usage::Client, "sslclient")] {
                let (accepted, said) = verify(made, issuer, row, &["-purpose", purpose]);
                assert_eq!(accepted, row.usages.contains(&usage), "{} as {purpose}: {said}", row.name);
                assert!(accepted || said.contains("purpose"), "{} was refused for another reason: {said}", row.name);
            }
        }
    });
}

#[test]
fn no_leaf_is_believed_under_another_authority() {
    everywhere(|made| {
        let authorities: Vec<_> = made.rows.iter().filter(|row| row.kind == Kind::Authority).collect();
        assert_eq!(authorities.len(), 3);
        for row in leaves(made) {
            for authority in &authorities {
                let (accepted, said) = verify(made, &authority.name, row, &[]);
                assert_eq!(accepted, row.issuer == Some(&authority.name), "{} by {}: {said}", row.name, authority.name);
            }
        }
    });
}

#[test]
fn every_name_of_a_row_is_answered_to_and_a_strange_one_is_not() {
    everywhere(|made| {
        for row in leaves(made).filter(|row| !row.sans.is_empty()) {
            let issuer = row.issuer.unwrap();
            for san in &row.sans {
                let (option, name) = match san {
                    San::Dns(name) => ("-verify_hostname", name.clone()),
                    San::Ip(address) => ("-verify_ip", address.to_string()),
                };
                let (accepted, said) = verify(made, issuer, row, &[option, &name]);
                assert!(accepted, "{} as {san}: {said}", row.name);
            }
            for strange in [["-verify_hostname", "elsewhere.example"], ["-verify_ip", "203.0.113.9"]] {
                assert!(!verify(made, issuer, row, &strange).0, "{} as {}", row.name, strange[1]);
            }
        }
    });
}

#[test]
fn the_printed_certificate_says_what_the_row_says() {
    everywhere(|made| {
        for row in made.rows.iter().filter(|row| row.kind != Kind::KeyPair) {
            let path = made.public(&row.name);
            let (ok, printed) = openssl(&["x509", "-noout", "-text", "-in", text(&path)]);
            assert!(ok, "{printed}");
            for line in expected(made, row) {
                assert!(printed.contains(&line), "{}: expected\n{line}\nin\n{printed}", row.name);
            }
            let present = |title: &str| printed.contains(title);
            assert_eq!(present("Subject Alternative Name"), !row.sans.is_empty(), "{}", row.name);
            assert_eq!(present("Extended Key Usage"), row.kind == Kind::Leaf, "{}", row.name);
            let serial = printed.lines().skip_while(|line| !line.contains("Serial Number:")).nth(1).unwrap();
            let octets: Vec<&str> = serial.trim().split(':').collect();
            assert_eq!(octets.len(), 16, "{}: {serial}", row.name);
            assert!(u8::from_str_radix(octets[0], 16).unwrap() < 0x80, "{}: a negative serial {serial}", row.name);
        }
    });
}

/// The lines that OpenSSL must print for a row.
fn expected(made: &Made, row: &Row) -> Vec<String> {
    let issuer = row.issuer.map_or(row, |name| made.row(name));
    let name = |row: &Row| {
        let organisation = row.subject.organisation.as_ref().map(|o| format!("O = {o}, ")).unwrap_or_default();
        format!("{organisation}CN = {}", row.subject.common_name)
    };
    let mut lines = vec![
        "Version: 3 (0x2)".to_string(),
        "Signature Algorithm: ecdsa-with-SHA256".to_string(),
        "ASN1 OID: prime256v1".to_string(),
        format!("Issuer: {}\n", name(issuer)),
        format!("Subject: {}\n", name(row)),
        "X509v3 Subject Key Identifier:".to_string(),
        "X509v3 Authority Key Identifier:".to_string(),
    ];
    if row.kind == Kind::Authority {
        lines.push("X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0\n".to_string());
        lines.push("X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n".to_string());
        return lines;
    }
    lines.push("X509v3 Basic Constraints: critical\n                CA:FALSE\n".to_string());
    lines.push("X509v3 Key Usage: critical\n                Digital Signature\n".to_string());
    let usages = row.usages.iter().map(|usage| match usage {
        Usage::Server => "TLS Web Server Authentication",
        Usage::Client => "TLS Web Client Authentication",
    });
    lines.push(format!("X509v3 Extended Key Usage: \n                {}\n", usages.collect::<Vec<_>>().join(", ")));
    if !row.sans.is_empty() {
        let names = row.sans.iter().map(|san| san.to_string().replace("IP:", "IP Address:"));
        lines.push(format!("Alternative Name: \n                {}\n", names.collect::<Vec<_>>().join(", ")));
    }
    lines
}

#[test]
fn the_dates_are_those_of_the_row_and_no_leaf_outlives_its_authority() {
    everywhere(|made| {
        for row in made.rows.iter().filter(|row| row.kind != Kind::KeyPair) {
            let path = made.public(&row.name);
            let ends_within = |days: u64| {
                let seconds = (days * 86400).to_string();
                !openssl(&["x509", "-noout", "-checkend", &seconds, "-in", text(&path)]).0
            };
            assert!(!ends_within(u64::from(row.days) - 1), "{} ends too early", row.name);
            assert!(ends_within(u64::from(row.days) + 1), "{} ends too late", row.name);
        }
    });
}

#[test]
fn every_key_is_pkcs8_and_belongs_to_its_public_half() {
    everywhere(|made| {
        for row in &made.rows {
            let (key, public) = (made.key(&row.name), made.public(&row.name));
            assert!(std::fs::read_to_string(&key).unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
            let (ok, from_key) = openssl(&["pkey", "-check", "-pubout", "-in", text(&key)]);
            assert!(ok && from_key.contains("Key is valid"), "{}: {from_key}", row.name);
            let (ok, expected) = match row.kind {
                Kind::KeyPair => openssl(&["pkey", "-pubin", "-pubout", "-in", text(&public)]),
                _ => openssl(&["x509", "-noout", "-pubkey", "-in", text(&public)]),
            };
            assert!(ok && from_key.ends_with(&expected), "{}: {from_key}\n{expected}", row.name);
        }
    });
}
