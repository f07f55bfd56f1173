//! `holds` notices what a person, a killed run or the calendar did to the files; `issue` refuses what cannot be right.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::Duration;
use xtask::pki::{self, Kind, Mismatch, San, State, Usage};
use xtask::sys::fs::{Access, write_atomic};

use crate::fixtures::{Made, NOW, harbour};
use crate::ordinary::plain;

fn why(made: &Made, name: &str) -> String {
    let why = pki::holds(made.row(name), made.dir(), NOW).expect_err("nothing was noticed").to_string();
    // Whatever is wrong with a key, nothing of it may be quoted.
    let key = std::fs::read_to_string(made.key(name)).unwrap_or_default();
    for line in key.lines().filter(|line| line.len() > 10 && !line.starts_with('-')) {
        assert!(!why.contains(line), "the message quotes a key");
    }
    why
}

#[track_caller]
fn noticed(made: &Made, name: &str, fragment: &str) {
    let said = why(made, name);
    assert!(said.contains(fragment), "expected `{fragment}` in `{said}`");
}

fn edit(path: &Path, access: Access, change: impl Fn(&str) -> String) {
    let before = std::fs::read_to_string(path).unwrap();
    let after = change(&before);
    assert_ne!(before, after);
    write_atomic(path, after.as_bytes(), access).unwrap();
}

/// Replaces one character in the middle of the second line, which is well inside the encoded bytes.
fn one_character(text: &str) -> String {
    let place = text.find('\n').unwrap() + 40;
    let other = if text.as_bytes()[place] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &text[..place], &text[place + 1..])
}

#[test]
fn what_was_just_made_holds_in_every_cluster() {
    for cluster in [plain(), harbour()] {
        let made = Made::new(&cluster, NOW);
        for row in &made.rows {
            pki::holds(row, made.dir(), NOW).unwrap();
        }
        assert!(pki::show(&cluster, made.dir(), NOW).iter().all(|one| one.state == State::Ok));
    }
}

#[test]
fn an_edited_or_truncated_file_is_noticed() {
    let made = Made::new(&plain(), NOW);
    for name in ["ca", "admin", "service-account"] {
        edit(&made.key(name), Access::Secret, one_character);
        noticed(&made, name, "not one intact P-256 private key");
    }
    let made = Made::new(&plain(), NOW);
    edit(&made.key("admin"), Access::Secret, |text| text[..text.len() / 2].to_string());
    noticed(&made, "admin", "not one intact P-256 private key");
    edit(&made.public("sigma"), Access::Public, |text| text[..text.len() - 40].to_string());
    noticed(&made, "sigma", "not one intact X.509 certificate");
    edit(&made.public("kubernetes"), Access::Public, |text| format!("{text}{text}"));
    noticed(&made, "kubernetes", "not one intact X.509 certificate");
    edit(&made.public("service-account"), Access::Public, |text| text.replace("PUBLIC", "PRIVATE"));
    noticed(&made, "service-account", "not one intact public key");
}

/// Parsers are lenient in places: a wrong tag, an unused bit. `holds` must not be.
#[test]
fn any_single_flipped_bit_is_noticed() {
    let made = Made::new(&plain(), NOW);
    for (path, label) in [(made.public("admin"), "CERTIFICATE"), (made.key("admin"), "PRIVATE KEY")] {
        let good = std::fs::read_to_string(&path).unwrap();
        let body: String = good.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(body).unwrap();
        assert_eq!(block(label, &der), good);
        for place in 0..der.len() * 8 {
            let mut bad = der.clone();
            bad[place / 8] ^= 1 << (place % 8);
            File::create(&path).unwrap().write_all(block(label, &bad).as_bytes()).unwrap();
            let outcome = pki::holds(made.row("admin"), made.dir(), NOW);
            assert!(outcome.is_err(), "{label}: flipped bit {} of byte {} passed", place % 8, place / 8);
        }
        File::create(&path).unwrap().write_all(good.as_bytes()).unwrap();
    }
    pki::holds(made.row("admin"), made.dir(), NOW).unwrap();
}

fn block(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<_> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[test]
fn a_missing_file_is_named() {
    let made = Made::new(&plain(), NOW);
    std::fs::remove_file(made.key("admin")).unwrap();
    assert_eq!(pki::holds(made.row("admin"), made.dir(), NOW), Err(Mismatch::Missing("admin-key.pem".into())));
    std::fs::remove_file(made.public("ca")).unwrap();
    assert_eq!(pki::holds(made.row("sigma"), made.dir(), NOW), Err(Mismatch::Missing("ca.pem".into())));
}

#[test]
fn a_replaced_authority_is_noticed_by_what_it_signed_and_by_nothing_else() {
    let made = Made::new(&harbour(), NOW);
    pki::issue(made.row("ca"), made.dir(), NOW).unwrap();
    for row in &made.rows {
        let outcome = pki::holds(row, made.dir(), NOW);
        assert_eq!(outcome.is_err(), row.issuer == Some("ca"), "{}: {outcome:?}", row.name);
    }
    noticed(&made, "oak", "issued by an earlier `ca`");
}

#[test]
fn a_certificate_of_another_cluster_is_noticed() {
    let (mine, yours) = (Made::new(&plain(), NOW), Made::new(&harbour(), NOW));
    for file in ["admin.pem", "admin-key.pem"] {
        std::fs::copy(yours.dir().join(file), mine.dir().join(file)).unwrap();
    }
    noticed(&mine, "admin", "another issuer");
}

#[test]
fn swapped_files_are_noticed() {
    let made = Made::new(&plain(), NOW);
    std::fs::copy(made.key("sigma"), made.key("gamma")).unwrap();
    noticed(&made, "gamma", "`gamma-key.pem` is not the key of `gamma.pem`");
    std::fs::copy(made.public("sigma"), made.public("gamma")).unwrap();
    noticed(&made, "gamma", "subject: O=system:nodes, CN=system:node:sigma, where the table says");
    std::fs::copy(made.key("admin"), made.key("service-account")).unwrap();
    noticed(&made, "service-account", "not the public half");
}

type Change = fn(&mut pki::Row);

#[test]
fn every_field_of_a_row_that_changes_is_noticed_and_named() {
    let mut made = Made::new(&plain(), NOW);
    let row = made.rows.iter_mut().find(|row| row.name == "kubernetes").unwrap();
    row.sans.push(San::dns("added.example"));
    noticed(&made, "kubernetes", "names: ");
    let changes: [(&str, Change); 5] = [
        ("names: DNS:sigma, IP:192.168.100.20, where", |row| row.sans.truncate(1)),
        ("usages: server, client, where the table says server", |row| row.usages = vec![Usage::Server]),
        ("days: 365, where the table says 364", |row| row.days = 364),
        ("O=system:nodes, CN=system:node:sigma", |row| row.subject.organisation = None),
        ("authority: no, where the table says yes", |row| row.kind = Kind::Authority),
    ];
    for (fragment, change) in changes {
        let mut made = Made::new(&plain(), NOW);
        change(made.rows.iter_mut().find(|row| row.name == "sigma").unwrap());
        noticed(&made, "sigma", fragment);
    }
}

#[test]
fn a_key_that_others_can_read_is_noticed() {
    let made = Made::new(&plain(), NOW);
    for (name, mode) in [("admin", 0o644), ("ca", 0o640), ("service-account", 0o604)] {
        std::fs::set_permissions(made.key(name), std::fs::Permissions::from_mode(mode)).unwrap();
        noticed(&made, name, &format!("mode 0{mode:o}"));
    }
}

#[test]
fn keys_are_0600_and_certificates_0644() {
    let made = Made::new(&plain(), NOW);
    for row in &made.rows {
        let modes = row.files().map(|(file, _)| std::fs::metadata(made.dir().join(file)).unwrap().permissions().mode());
        assert_eq!(modes.map(|mode| mode & 0o777), [0o600, 0o644], "{}", row.name);
    }
}

#[test]
fn the_calendar_is_noticed() {
    let made = Made::new(&plain(), NOW);
    let holds = |name: &str, then| pki::holds(made.row(name), made.dir(), then).map_err(|why| why.to_string());
    // Valid for a clock that is a little behind, and not for one that is far behind.
    assert_eq!(holds("admin", NOW - Duration::minutes(4)), Ok(()));
    assert!(holds("admin", NOW - Duration::minutes(6)).unwrap_err().contains("begins only on"));
    assert_eq!(holds("admin", NOW + Duration::days(365) - Duration::SECOND), Ok(()));
    assert!(holds("admin", NOW + Duration::days(365)).unwrap_err().contains("ended on 2032-05-03"));
    assert_eq!(holds("service-account", NOW + Duration::days(100_000)), Ok(()));
}

#[test]
fn leaves_that_end_soon_are_listed_and_renewal_works_under_the_same_authority() {
    let made = Made::new(&plain(), NOW);
    let listed = |then| pki::renewable(&made.rows, made.dir(), then, 30);
    assert_eq!(listed(NOW + Duration::days(335)), vec![]);
    let later = NOW + Duration::days(335) + Duration::SECOND;
    let leaves: Vec<_> = made.rows.iter().filter(|row| row.kind == Kind::Leaf).collect();
    let found = listed(later);
    assert_eq!(found.iter().map(|r| &r.name).collect::<Vec<_>>(), leaves.iter().map(|r| &r.name).collect::<Vec<_>>());
    assert!(found.iter().all(|renewal| renewal.days_left == 29 && renewal.helps()));
    assert_eq!(listed(NOW + Duration::days(366))[0].days_left, -1);

    pki::issue(made.row("admin"), made.dir(), later).unwrap();
    assert!(!listed(later).iter().any(|renewal| renewal.name == "admin"));
    pki::holds(made.row("admin"), made.dir(), later).unwrap();
    pki::holds(made.row("sigma"), made.dir(), later).unwrap();
}

#[test]
fn a_leaf_ends_with_its_authority_and_is_not_renewed_in_vain() {
    let made = Made::new(&plain(), NOW);
    let late = NOW + Duration::days(3650 - 10);
    pki::issue(made.row("admin"), made.dir(), late).unwrap();
    pki::holds(made.row("admin"), made.dir(), late).unwrap();
    let found = pki::renewable(&made.rows[..], made.dir(), late, 30);
    let admin = found.iter().find(|renewal| renewal.name == "admin").unwrap();
    assert_eq!((admin.days_left, admin.ends_with, admin.helps()), (10, Some("ca"), false));

    let error = pki::issue(made.row("admin"), made.dir(), NOW + Duration::days(3650)).unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("`ca.pem` ended on 2041-05-01") && error.contains("pki --force"), "{error}");
}

#[test]
fn issuing_is_refused_with_reason_where_it_cannot_be_right() {
    let made = Made::new(&plain(), NOW);
    let error = |name: &str| format!("{:#}", pki::issue(made.row(name), made.dir(), NOW).unwrap_err());
    std::fs::copy(made.key("etcd-ca"), made.key("ca")).unwrap();
    assert!(error("admin").contains("`ca-key.pem` is not the key of `ca.pem`"), "{}", error("admin"));
    std::fs::remove_file(made.key("front-proxy-ca")).unwrap();
    assert!(error("front-proxy-client").contains("`front-proxy-ca-key.pem` is missing"));
    // What was there before is untouched by a refusal.
    pki::holds(made.row("service-account"), made.dir(), NOW).unwrap();
    pki::holds(made.row("front-proxy-client"), made.dir(), NOW).unwrap();

    let made = Made::new(&plain(), NOW);
    let long = crate::ordinary::cluster("long", &["cp"], &[&"w".repeat(53)]);
    let row = pki::table(&long).into_iter().find(|row| row.name.starts_with('w')).unwrap();
    let error = format!("{:#}", pki::issue(&row, made.dir(), NOW).unwrap_err());
    assert!(error.contains("longer than the 64 characters"), "{error}");
}

#[test]
fn every_issue_makes_a_new_key_and_a_new_serial() {
    let made = Made::new(&plain(), NOW);
    let seen = || pki::show(&plain(), made.dir(), NOW).into_iter().find(|one| one.name == "admin").unwrap().serial;
    let before = (std::fs::read(made.key("admin")).unwrap(), seen());
    pki::issue(made.row("admin"), made.dir(), NOW).unwrap();
    let after = (std::fs::read(made.key("admin")).unwrap(), seen());
    assert!(before.0 != after.0 && before.1 != after.1);
}
