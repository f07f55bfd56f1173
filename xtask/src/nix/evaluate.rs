//! The host's Nix, used to evaluate and to parse. It builds nothing, downloads nothing and needs no store of the host.
//!
//! It does not know what a node is: an expression goes in, a value comes out.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

/// A Nix that answers.
#[derive(Debug)]
pub struct Nix {
    /// Its version, as it says it itself.
    pub version: String,
    /// Where it may keep what it likes: a store of the host's, if there is one, is not touched.
    state: TempDir,
}

/// Evaluates and parses, and builds nothing.
const PROGRAM: &str = "nix-instantiate";
/// How to get one; where Nix is packaged, `check` knows the package.
const HOW: &str = "there is no `nix-instantiate` in PATH: install Nix (https://nixos.org/download, or your system's \
                   package, which `cargo xtask check` names)";

impl Nix {
    /// Finds it.
    ///
    /// # Errors
    /// When there is none, with how to get one.
    pub fn find() -> Result<Nix> {
        let said = duct::cmd!(PROGRAM, "--version").stdin_null().stderr_null().read().context(HOW)?;
        let state = tempfile::tempdir().context("cannot make a directory for Nix")?;
        Ok(Nix { version: said.trim().to_string(), state })
    }

    /// Says what is wrong with a file, if anything.
    pub fn parse(&self, file: &Path) -> Result<()> {
        self.run(&["--parse".as_ref(), file.as_os_str()]).map(drop)
    }

    /// The value of `import FUNCTION { name = path; ... }`.
    ///
    /// # Errors
    /// What Nix says against it.
    pub fn call(&self, function: &Path, arguments: &[(&str, &Path)]) -> Result<Value> {
        // As strings and not as expressions: a path may hold anything, and Nix text in it must stay text.
        let set: Vec<String> = arguments.iter().map(|(name, _)| format!("{name} = /. + {name};")).collect();
        let names: Vec<&str> = arguments.iter().map(|(name, _)| *name).collect();
        let (names, set) = (names.join(", "), set.join(" "));
        let expression = format!("{{ function, {names} }}: import (/. + function) {{ {set} }}");
        let mut strings: Vec<&OsStr> = Vec::new();
        for (name, path) in [("function", function)].iter().chain(arguments) {
            strings.extend(["--argstr".as_ref(), (*name).as_ref(), path.as_os_str()]);
        }
        self.value(&expression, &strings)
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// What Nix says against it.
    pub fn evaluate(&self, expression: &str) -> Result<Value> {
        self.value(expression, &[])
    }

    fn value(&self, expression: &str, arguments: &[&OsStr]) -> Result<Value> {
        let asked = ["--eval", "--strict", "--json", "--expr", expression].map(OsStr::new);
        let text = self.run(&[&asked, arguments].concat())?;
        serde_json::from_str(&text).context("BUG: what Nix printed as JSON is none")
    }

    fn run(&self, arguments: &[&OsStr]) -> Result<String> {
        let state = self.state.path();
        let mut command = duct::cmd(PROGRAM, arguments);
        for (variable, dir) in
            [("NIX_STORE_DIR", "store"), ("NIX_STATE_DIR", "var"), ("NIX_LOG_DIR", "log"), ("NIX_CONF_DIR", "etc")]
        {
            command = command.env(variable, state.join(dir));
        }
        let output = command.stdin_null().stdout_capture().stderr_capture().unchecked().run().context(HOW)?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim_end());
        }
        String::from_utf8(output.stdout).context("BUG: Nix prints UTF-8")
    }
}
