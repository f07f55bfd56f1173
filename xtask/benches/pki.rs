//! The certificates of one cluster, made by us, by cfssl and by openssl, in turns on the same disk.
//!
//! Everybody makes the whole default table: the same kind of keys, names, uses and authorities. It compares time, not
//! what comes out; that is for the tests. We alone wait until each file is on the disk, so there are two results: one
//! on the disk of the build, and one in memory, where nobody waits and only the work itself is left.
#![allow(clippy::unwrap_used, reason = "a bench that cannot run has nothing to say")]

#[path = "../tests/pki/ordinary.rs"]
mod ordinary;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use duct::{Expression, cmd};
use serde_json::{Value, json};
use time::OffsetDateTime;
use xtask::pki::{Kind, Row, San, Usage, issue, table};
use xtask::sys::fs::{Access, write_atomic};

/// Rounds under `cargo bench`; elsewhere one is enough to see that it works.
const ROUNDS: usize = 9;
/// Rows that are made at once where the scheduler of the build would do so: they wait for the disk together.
const AT_ONCE: usize = 8;
/// The disk that the build is on (not `/tmp`, which may be memory), and memory where the system has such a directory.
const PLACES: [(&str, &str); 2] = [("on disk", env!("CARGO_TARGET_TMPDIR")), ("in memory", "/dev/shm")];

/// A maker prepares its inputs, which is not timed, and returns its work, which is.
type Maker = fn(&[Row], &Path) -> Box<dyn Fn()>;

struct Contender {
    name: &'static str,
    /// The programs that it needs.
    needs: &'static [&'static str],
    maker: Maker,
}

const CONTENDERS: [Contender; 4] = [
    Contender { name: "xtask, one after another", needs: &[], maker: ours },
    Contender { name: "xtask, 8 at once", needs: &[], maker: ours_at_once },
    Contender { name: "cfssl gencert | cfssljson", needs: &["cfssl", "cfssljson"], maker: cfssl },
    Contender { name: "openssl ecparam, req, x509", needs: &["openssl"], maker: openssl },
];

fn main() {
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    let rows = table(&ordinary::plain());
    let present: Vec<&Contender> = CONTENDERS.iter().filter(|one| is_present(one)).collect();
    println!("{} rows, {rounds} rounds in turns, median", rows.len());
    for (title, place) in PLACES.into_iter().filter(|(_, place)| Path::new(place).is_dir()) {
        let mut times = vec![Vec::new(); present.len()];
        for _ in 0..rounds {
            for (contender, times) in present.iter().zip(&mut times) {
                times.push(once(contender, &rows, Path::new(place)));
            }
        }
        report(title, &present, times);
    }
}

fn report(title: &str, present: &[&Contender], times: Vec<Vec<Duration>>) {
    println!("{title}:");
    let medians: Vec<Duration> = times.into_iter().map(median).collect();
    for (contender, time) in present.iter().zip(&medians) {
        let ratio = time.as_secs_f64() / medians[0].as_secs_f64();
        println!("  {:<28} {:>9.2} ms {ratio:>8.2} x", contender.name, time.as_secs_f64() * 1000.0);
    }
}

fn is_present(contender: &Contender) -> bool {
    let missing = contender.needs.iter().find(|program| cmd!("which", program).stdout_null().run().is_err());
    if let Some(program) = missing {
        println!("{:<28} left out: `{program}` is not installed", contender.name);
    }
    missing.is_none()
}

fn once(contender: &Contender, rows: &[Row], place: &Path) -> Duration {
    let dir = tempfile::tempdir_in(place).unwrap();
    let work = (contender.maker)(rows, dir.path());
    let start = Instant::now();
    work();
    let taken = start.elapsed();
    for row in rows {
        assert!(
            row.files().iter().all(|(file, _)| dir.path().join(file).is_file()),
            "{}: {}",
            contender.name,
            row.name
        );
    }
    taken
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ours(rows: &[Row], dir: &Path) -> Box<dyn Fn()> {
    let (rows, dir) = (rows.to_vec(), dir.to_path_buf());
    Box::new(move || rows.iter().for_each(|row| issue(row, &dir, OffsetDateTime::now_utc()).unwrap()))
}

fn ours_at_once(rows: &[Row], dir: &Path) -> Box<dyn Fn()> {
    let (authorities, others): (Vec<_>, Vec<_>) = rows.iter().cloned().partition(|row| row.kind == Kind::Authority);
    let dir = dir.to_path_buf();
    Box::new(move || {
        for group in [&authorities, &others] {
            let next = AtomicUsize::new(0);
            let work = || {
                while let Some(row) = group.get(next.fetch_add(1, Ordering::Relaxed)) {
                    issue(row, &dir, OffsetDateTime::now_utc()).unwrap();
                }
            };
            std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
        }
    })
}

fn run_all(commands: Vec<Expression>, dir: &Path) -> Box<dyn Fn()> {
    let quiet = |command: Expression| command.dir(dir).stdin_null().stdout_null().stderr_null();
    let commands: Vec<_> = commands.into_iter().map(quiet).collect();
    Box::new(move || {
        for command in &commands {
            command.run().unwrap();
        }
    })
}

fn write(dir: &Path, name: &str, text: &str) {
    write_atomic(&dir.join(name), text.as_bytes(), Access::Public).unwrap();
}

/// The name of the set of uses of a row.
fn profile(row: &Row) -> &'static str {
    match row.usages.as_slice() {
        [Usage::Server] => "server",
        [Usage::Client] => "client",
        _ => "both",
    }
}

fn cfssl(rows: &[Row], dir: &Path) -> Box<dyn Fn()> {
    let signs = |usages: &[&str]| {
        let usages = [&["digital signature"], usages].concat();
        json!({ "expiry": "8760h", "usages": usages })
    };
    let profiles = json!({
        "server": signs(&["server auth"]),
        "client": signs(&["client auth"]),
        "both": signs(&["server auth", "client auth"]),
    });
    write(dir, "config.json", &json!({ "signing": { "profiles": profiles } }).to_string());
    let commands = rows.iter().map(|row| {
        let (name, request) = (&row.name, format!("{}.json", row.name));
        write(dir, &request, &cfssl_request(row).to_string());
        let make = match (row.kind, row.issuer) {
            (Kind::KeyPair, _) => cmd!("cfssl", "genkey", &request),
            (_, None) => cmd!("cfssl", "gencert", "-initca", &request),
            (_, Some(ca)) => {
                let (pem, key) = (format!("-ca={ca}.pem"), format!("-ca-key={ca}-key.pem"));
                let profile = format!("-profile={}", profile(row));
                cmd!("cfssl", "gencert", pem, key, "-config=config.json", profile, &request)
            }
        };
        make.stderr_null().pipe(cmd!("cfssljson", "-bare", name))
    });
    let work = run_all(commands.collect(), dir);
    // cfssl knows no bare key pair: the nearest that it makes is a key with a request.
    let bare: Vec<_> = rows.iter().filter(|row| row.kind == Kind::KeyPair).map(|row| row.name.clone()).collect();
    let dir = dir.to_path_buf();
    Box::new(move || {
        work();
        for name in &bare {
            std::fs::rename(dir.join(format!("{name}.csr")), dir.join(format!("{name}.pem"))).unwrap();
        }
    })
}

fn cfssl_request(row: &Row) -> Value {
    let hosts: Vec<_> = row.sans.iter().map(bare).collect();
    json!({
        "CN": row.subject.common_name,
        "names": row.subject.organisation.iter().map(|o| json!({ "O": o })).collect::<Vec<_>>(),
        "hosts": hosts,
        "key": { "algo": "ecdsa", "size": 256 },
        "ca": if row.kind == Kind::Authority { json!({ "expiry": "87600h", "pathlen": 0, "pathlenzero": true }) } else { json!(null) },
    })
}

fn bare(san: &San) -> String {
    match san {
        San::Dns(name) => name.clone(),
        San::Ip(address) => address.to_string(),
    }
}

fn openssl(rows: &[Row], dir: &Path) -> Box<dyn Fn()> {
    let mut commands = Vec::new();
    for row in rows {
        let name = &row.name;
        let (key, public, request) = (format!("{name}-key.pem"), format!("{name}.pem"), format!("{name}.csr"));
        let (extensions, subject) = (format!("{name}.cnf"), openssl_subject(row));
        write(dir, &extensions, &openssl_extensions(row));
        commands.push(cmd!("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &key));
        match (row.kind, row.issuer) {
            (Kind::KeyPair, _) => commands.push(cmd!("openssl", "pkey", "-in", &key, "-pubout", "-out", &public)),
            (_, None) => commands.push(cmd!(
                "openssl",
                "req",
                "-x509",
                "-new",
                "-key",
                &key,
                "-sha256",
                "-days",
                "3650",
                "-subj",
                subject,
                "-config",
                &extensions,
                "-extensions",
                "ext",
                "-out",
                &public
            )),
            (_, Some(ca)) => {
                let (ca_public, ca_key) = (format!("{ca}.pem"), format!("{ca}-key.pem"));
                commands.push(cmd!("openssl", "req", "-new", "-key", &key, "-subj", subject, "-out", &request));
                commands.push(cmd!(
                    "openssl",
                    "x509",
                    "-req",
                    "-in",
                    &request,
                    "-CA",
                    ca_public,
                    "-CAkey",
                    ca_key,
                    "-CAcreateserial",
                    "-sha256",
                    "-days",
                    "365",
                    "-extfile",
                    &extensions,
                    "-extensions",
                    "ext",
                    "-out",
                    &public
                ));
            }
        }
    }
    run_all(commands, dir)
}

fn openssl_subject(row: &Row) -> String {
    let organisation = row.subject.organisation.as_ref().map(|o| format!("/O={o}")).unwrap_or_default();
    format!("{organisation}/CN={}", row.subject.common_name)
}

fn openssl_extensions(row: &Row) -> String {
    let request = "[req]\ndistinguished_name = name\n[name]\n[ext]\n";
    if row.kind == Kind::Authority {
        return format!(
            "{request}basicConstraints = critical, CA:TRUE, pathlen:0\nkeyUsage = critical, keyCertSign, cRLSign\n"
        );
    }
    let usages = match profile(row) {
        "server" => "serverAuth",
        "client" => "clientAuth",
        _ => "serverAuth, clientAuth",
    };
    let names: Vec<_> = row.sans.iter().map(ToString::to_string).collect();
    let names = if names.is_empty() { String::new() } else { format!("subjectAltName = {}\n", names.join(", ")) };
    format!(
        "{request}basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\nextendedKeyUsage = {usages}\n{names}"
    )
}
