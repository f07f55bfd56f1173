//! Programs that the tests let judge, built with Go from the modules below `tests/tools`, once for all runs.
//!
//! They lie in a cache outside of the tree, under a name that says from what they were made: whatever changes them
//! changes the name. It does not know what the programs are for.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use xtask::sys::fs::{Access, create_dir};
use xtask::sys::lock::{Lock, Patience};

/// What `go build` is told besides the stamps of versions. Paths of the machine stay out of the programs.
const FLAGS: [&str; 3] = ["-trimpath", "-buildvcs=false", "-mod=readonly"];

/// Go names a program after the last part of its path; these it names badly.
const RENAMED: [(&str, &str); 1] = [("server", "etcd")];

/// How much of the compiler's complaint is worth showing.
const COMPLAINT_LINES: usize = 20;

/// The directory of the programs of one module below `tests/tools`; `None` where there is no Go, which is said aloud.
///
/// # Panics
/// Where `CI=true` and there is no Go, and where the programs cannot be built.
pub(crate) fn programs(module: &'static str) -> Option<PathBuf> {
    static BUILT: Mutex<BTreeMap<&str, Result<PathBuf, String>>> = Mutex::new(BTreeMap::new());
    let go = go()?;
    // One test builds and the others wait; what failed for the first is not tried again by each of them.
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = built.entry(module).or_insert_with(|| {
        let programs = Build::of(module, go).and_then(|build| build.programs());
        programs.map_err(|error| format!("{error:#}"))
    });
    Some(outcome.clone().unwrap_or_else(|error| panic!("{error}")))
}

/// What `go version` says.
fn go() -> Option<String> {
    if let Ok(version) = duct::cmd!("go", "version").stdin_null().stderr_null().read() {
        return Some(version);
    }
    let get = "install Go 1.26 or newer, see https://go.dev/dl; the one of your distribution may be too old";
    assert!(std::env::var("CI").as_deref() != Ok("true"), "`go` is needed to build what judges the nodes: {get}");
    say(&format!("SKIPPED: `go` is not installed, so no real program has judged the nodes ({get})"));
    None
}

/// Says something past the test harness, which would swallow what `eprintln!` says.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// One module, and everything that its programs depend on.
struct Build {
    module: &'static str,
    source: PathBuf,
    cache: PathBuf,
    go: String,
    stamps: String,
    /// Of all that makes the programs what they are.
    digest: String,
}

impl Build {
    fn of(module: &'static str, go: String) -> Result<Build> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools").join(module);
        let requirements = fs_err::read_to_string(source.join("go.mod"))?;
        let sums = fs_err::read_to_string(source.join("go.sum"))?;
        let stamps = stamps(&requirements);
        let mut parts = vec![go.as_str(), &requirements, &sums, &stamps];
        parts.extend(FLAGS);
        let digest = digest(&parts);
        Ok(Build { module, source, cache: cache()?, go, stamps, digest })
    }

    /// The directory of the programs, built now if nobody has built them yet.
    fn programs(&self) -> Result<PathBuf> {
        let place = self.cache.join(format!("tools-{}-{}", self.module, self.digest));
        if place.is_dir() {
            return Ok(place);
        }
        create_dir(&self.cache, Access::Public)?;
        let lock = self.cache.join(format!("tools-{}.lock", self.module));
        let waiting = || say(&format!("waiting for another run that builds the tools of `{}`", self.module));
        let _lock = Lock::acquire(&lock, "building tools", Patience::Forever, |_| waiting())
            .map_err(|refused| anyhow::anyhow!("cannot lock `{}`: {refused:?}", lock.display()))?;
        if !place.is_dir() {
            self.build(&place)?;
        }
        Ok(place)
    }

    /// Builds beside the place and then takes it: a build that is cut short leaves nothing that looks finished.
    fn build(&self, place: &Path) -> Result<()> {
        let (start, go) = (Instant::now(), self.go.trim_start_matches("go version "));
        say(&format!("building the tools of `{}` with {go}: once, and it can take a quarter of an hour", self.module));
        let workshop = tempfile::Builder::new().prefix(".tools-").tempdir_in(&self.cache)?;
        let bin = workshop.path().join("bin");
        let mut arguments: Vec<String> = vec!["build".into()];
        arguments.extend(FLAGS.map(String::from));
        arguments.extend(["-ldflags".into(), self.stamps.clone(), "-o".into(), format!("{}/", bin.display())]);
        arguments.push("tool".into());
        // Settings of the person who runs this would make other programs under the same name.
        let output = duct::cmd("go", arguments)
            .dir(&self.source)
            .env("GOFLAGS", "")
            .env("GOWORK", "off")
            .stdin_null()
            .stderr_to_stdout()
            .stdout_capture()
            .unchecked()
            .run()
            .context("cannot start `go`")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let lines: Vec<&str> = text.lines().collect();
        ensure!(
            output.status.success(),
            "cannot build the tools of `{}`: it takes Go 1.26 and a way to the module proxy\n{}",
            self.source.display(),
            lines[lines.len().saturating_sub(COMPLAINT_LINES)..].join("\n")
        );
        for (from, to) in RENAMED {
            if bin.join(from).exists() {
                fs_err::rename(bin.join(from), bin.join(to))?;
            }
        }
        fs_err::rename(&bin, place)?;
        let seconds = start.elapsed().as_secs();
        say(&format!("built the tools of `{}` in {seconds} s: {} MB in {}", self.module, size(place), place.display()));
        Ok(())
    }
}

/// Versions that the linker writes into the programs: Kubernetes' own build does the same, and without it the programs
/// say that they are nothing in particular.
fn stamps(requirements: &str) -> String {
    let mut flags = String::from("-s -w");
    let mut lines = requirements.lines().map(str::trim);
    let Some(version) = lines.find_map(|line| line.strip_prefix("k8s.io/kubernetes v")) else { return flags };
    let version = version.split_whitespace().next().unwrap_or_default();
    let mut numbers = version.split('.');
    let mut number = || numbers.next().unwrap_or_default().to_string();
    let values = [
        ("gitVersion", format!("v{version}")),
        ("gitMajor", number()),
        ("gitMinor", number()),
        ("gitTreeState", "clean".to_string()),
    ];
    for package in ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"] {
        for (name, value) in &values {
            flags = format!("{flags} -X {package}.{name}={value}");
        }
    }
    flags
}

/// Lengths go in too: two texts that meet elsewhere are other texts.
fn digest(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_string()
}

fn cache() -> Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let own = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    Ok(own.context("no place for the tools: set `HOME` or `XDG_CACHE_HOME`")?.join("xtask-ci"))
}

/// Megabytes of the files in a directory.
fn size(directory: &Path) -> u64 {
    let entries = walkdir::WalkDir::new(directory).into_iter().filter_map(Result::ok);
    entries.filter_map(|entry| entry.metadata().ok()).map(|file| file.len()).sum::<u64>() / 1_000_000
}

#[test]
fn programs_are_stamped_with_the_version_that_is_required() {
    let stamped = stamps("require (\n\tk8s.io/kubernetes v1.99.7 // indirect\n)\n");
    assert!(stamped.contains("-X k8s.io/component-base/version.gitVersion=v1.99.7 "), "{stamped}");
    assert!(stamped.contains("-X k8s.io/client-go/pkg/version.gitMinor=99 "), "{stamped}");
    assert_eq!(stamps("require example.org/other v1.2.3\n"), "-s -w");
}

#[test]
fn whatever_changes_the_programs_changes_their_place() {
    assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    assert_ne!(digest(&["ab"]), digest(&["ab", ""]));
    assert_eq!(digest(&["ab", "c"]), digest(&["ab", "c"]));
}
