//! A repository in a temporary directory, the binary run in it with a clean environment, and what came of it.
//!
//! It knows how to run and to look. What should come of it is the tests' affair.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use xtask::sys::fs::{Access, write_atomic};

/// The binary under test.
pub(crate) const XTASK: &str = env!("CARGO_BIN_EXE_xtask");

/// A repository with one environment file.
pub(crate) struct Repo {
    root: PathBuf,
    cluster: String,
    environment: BTreeMap<String, String>,
    _dir: tempfile::TempDir,
}

/// What a run left on its streams.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// What a run with `--json` told, sorted.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) made: BTreeSet<String>,
    pub(crate) kept: BTreeSet<String>,
    pub(crate) failed: BTreeMap<String, String>,
    pub(crate) skipped: BTreeSet<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) up_to_date: usize,
    pub(crate) stderr: String,
}

impl Repo {
    /// A repository whose `cluster.env` is that text.
    pub(crate) fn new(text: &str) -> Self {
        Repo::below("repository", text)
    }

    /// The same, in a directory of that name.
    pub(crate) fn below(name: &str, text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Some systems hand out temporary directories by way of a link.
        let root = dir.path().canonicalize().unwrap().join(name);
        std::fs::create_dir_all(&root).unwrap();
        // The modules are those of the real one: they are not made and do not change.
        let modules = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("nix");
        std::os::unix::fs::symlink(modules, root.join("nix")).unwrap();
        let cluster = text.lines().find_map(|line| line.strip_prefix("CLUSTER_NAME=")).unwrap_or_default().to_string();
        let repo = Repo { root, cluster, environment: BTreeMap::new(), _dir: dir };
        repo.write("cluster.env", text);
        repo
    }

    /// The same repository, with a variable more in the environment of everything that is run.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.environment.insert(key.to_string(), value.to_string());
        self
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        write_atomic(&self.root.join(file), text.as_ref(), Access::Public).unwrap();
    }

    /// Sets a key in `cluster.env`, in its place or at the end.
    pub(crate) fn set(&self, key: &str, value: &str) {
        let text = std::fs::read_to_string(self.root.join("cluster.env")).unwrap();
        let others = text.lines().filter(|line| !line.starts_with(&format!("{key}=")));
        let line = format!("{key}=\"{value}\"");
        self.write("cluster.env", others.chain([line.as_str()]).fold(String::new(), |text, line| text + line + "\n"));
    }

    /// A path below the artifacts of the cluster.
    pub(crate) fn at(&self, file: &str) -> PathBuf {
        self.root.join("artifacts").join(&self.cluster).join(file)
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.at(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Replaces a file of the artifacts and keeps its mode.
    pub(crate) fn replace(&self, file: &str, text: &str) {
        let access = if self.mode(file) == Access::Secret.mode() { Access::Secret } else { Access::Public };
        write_atomic(&self.at(file), text.as_bytes(), access).unwrap();
    }

    pub(crate) fn delete(&self, file: &str) {
        xtask::sys::fs::remove(&self.at(file)).unwrap();
    }

    pub(crate) fn mode(&self, file: &str) -> u32 {
        std::fs::metadata(self.at(file)).unwrap().permissions().mode() & 0o7777
    }

    /// The command, with nothing of our own environment but what every program needs.
    pub(crate) fn command(&self, args: &[&str]) -> duct::Expression {
        self.program(&self.root, XTASK, args).stdin_null()
    }

    /// Any program in the same surroundings. The innermost setting wins with duct: where it reads from is not set here.
    pub(crate) fn program(&self, dir: &Path, program: &str, args: &[&str]) -> duct::Expression {
        let mut environment: BTreeMap<OsString, OsString> =
            self.environment.iter().map(|(key, value)| (key.into(), value.into())).collect();
        environment.entry("PATH".into()).or_insert_with(|| std::env::var_os("PATH").unwrap_or_default());
        environment.insert("HOME".into(), self.root.clone().into());
        environment.insert("XTASK_ROOT".into(), self.root.clone().into());
        duct::cmd(program, args).dir(dir).full_env(environment).unchecked()
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        let output = self.command(args).stdout_capture().stderr_capture().run().unwrap();
        Output {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs something that must succeed; its standard output.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.code, 0, "{args:?}: {output:?}");
        output.stdout
    }

    /// Runs something that must succeed and print one JSON document.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(args);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}: {text}"))
    }

    /// Runs a verb that runs tasks, and sorts what it tells.
    pub(crate) fn tasks(&self, args: &[&str]) -> Run {
        let output = self.run(&[&["--json"], args].concat());
        let mut run = Run {
            code: output.code,
            made: BTreeSet::new(),
            kept: BTreeSet::new(),
            failed: BTreeMap::new(),
            skipped: BTreeSet::new(),
            warnings: Vec::new(),
            up_to_date: 0,
            stderr: output.stderr,
        };
        for line in output.stdout.lines() {
            let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            run.hear(&event);
        }
        run
    }

    /// Makes every credential; nothing may go wrong.
    pub(crate) fn pki(&self, options: &[&str]) -> Run {
        let run = self.tasks(&[&["pki"], options].concat());
        assert_eq!(run.code, 0, "{options:?}: {run:?}");
        run
    }

    /// Everything in the repository: mode, time of the last change, content.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, (u32, i64, i64, Vec<u8>)> {
        let entries = walkdir::WalkDir::new(&self.root).into_iter().map(Result::unwrap);
        let seen = entries.map(|entry| {
            let meta = entry.metadata().unwrap();
            let content = if meta.is_file() { std::fs::read(entry.path()).unwrap() } else { Vec::new() };
            (entry.into_path(), (meta.mode(), meta.mtime(), meta.mtime_nsec(), content))
        });
        seen.collect()
    }

    /// The bytes of every file in one directory of the artifacts.
    pub(crate) fn bytes(&self, dir: &str) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(self.at(dir)).unwrap().map(Result::unwrap);
        entries.map(|e| (e.file_name().into_string().unwrap(), std::fs::read(e.path()).unwrap())).collect()
    }
}

impl Run {
    fn hear(&mut self, event: &Value) {
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_string();
        let task = text("task");
        match (event["event"].as_str(), event["outcome"].as_str()) {
            (Some("finished"), Some("done")) => drop(self.made.insert(task)),
            (Some("finished"), Some("adopted")) => drop(self.kept.insert(task)),
            (Some("failed"), _) => drop(self.failed.insert(task, text("error"))),
            (Some("skipped"), _) => drop(self.skipped.insert(task)),
            (Some("warning"), _) => self.warnings.push(text("message")),
            (Some("ended"), _) => {
                self.up_to_date = usize::try_from(event["up_to_date"].as_u64().unwrap()).unwrap();
                assert_eq!(event["success"] == true, self.code == 0, "{event}");
                assert_eq!(event["done"], self.made.len(), "{event}");
            }
            _ => {}
        }
    }

    /// Fails unless exactly these tasks ran.
    pub(crate) fn made_only<T: Into<String>>(&self, expected: impl IntoIterator<Item = T>) {
        let expected: BTreeSet<String> = expected.into_iter().map(Into::into).collect();
        assert_eq!(self.made, expected, "{}", self.stderr);
    }

    /// Fails unless nothing ran.
    pub(crate) fn made_nothing(&self) {
        self.made_only([""; 0]);
    }
}
