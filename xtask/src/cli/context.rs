//! What every verb starts from: the repository, the cluster, and how the user wants to be talked to.
//!
//! It loads and looks; it changes nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use time::OffsetDateTime;

use super::args::Global;
use crate::config::{self, Layout, Loaded, Request};
use crate::facts::Architecture;
use crate::graph::Graph;
use crate::plan::{self, Basis};
use crate::ui::json::Line;
use crate::ui::run::Verbosity;

/// Wrong usage or configuration: exit code 2. The text is final and may hold colours.
#[derive(Debug)]
pub(super) struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// What every verb starts from.
pub(super) struct Context {
    /// The options that every verb has.
    pub(super) global: Global,
    /// The repository.
    pub(super) root: PathBuf,
}

/// A cluster, ready to be planned.
pub(super) struct Chosen {
    /// The cluster and where its values came from.
    pub(super) loaded: Loaded,
    /// Where its things lie.
    pub(super) layout: Layout,
}

impl Context {
    /// Finds the repository.
    pub(super) fn new(global: Global) -> Result<Self> {
        let root = match &global.root {
            Some(root) => std::path::absolute(root)?,
            None => find_root().ok_or_else(|| {
                Refused("no repository here: run this as `cargo xtask` from somewhere inside it".into())
            })?,
        };
        Ok(Context { global, root })
    }

    /// Loads the cluster; its warnings go to stderr.
    pub(super) fn cluster(&self) -> Result<Chosen> {
        // Variables that are no UTF-8 cannot be ours.
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let here = std::env::current_dir().context("cannot tell the current directory")?;
        let (file, root) = match &self.global.env_file {
            Some(file) => (file.as_path(), here.as_path()),
            None => (Path::new("cluster.env"), self.root.as_path()),
        };
        let request = Request { file, root, environment: &environment };
        let loaded = config::load(&request).map_err(|report| {
            if !self.global.json {
                return Refused(report.render());
            }
            Line::Refused { problems: &report }.print();
            Refused(report.to_string())
        })?;
        if !loaded.warnings.is_empty() && !self.global.quiet {
            anstream::eprintln!("{}", loaded.warnings.render().trim_end());
        }
        let layout = Layout::new(&self.root, &loaded.cluster.name);
        Ok(Chosen { loaded, layout })
    }

    /// How much is said.
    pub(super) fn verbosity(&self) -> Verbosity {
        match (self.global.quiet, self.global.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        }
    }

    /// Asks on the terminal; `--yes` answers, and without a terminal the answer is no, aloud.
    pub(super) fn ask(&self, question: &str) -> Result<bool> {
        if self.global.yes {
            return Ok(true);
        }
        if !std::io::stdin().is_terminal() {
            bail!(Refused(format!("{question}: nobody is there to answer; add --yes if you mean it")));
        }
        anstream::eprint!("{question}? [y/N] ");
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).context("cannot read the answer")?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}

impl Chosen {
    /// What the cluster's plan is made from.
    pub(super) fn basis(&self) -> Basis {
        Basis {
            cluster: Arc::new(self.loaded.cluster.clone()),
            layout: self.layout.clone(),
            architecture: Architecture::of_this_host(),
            now: OffsetDateTime::now_utc(),
        }
    }

    /// The cluster's whole plan.
    pub(super) fn graph(&self) -> Result<Graph<'static>> {
        Ok(plan::graph(&self.basis())?)
    }
}

/// Under cargo, the parent of this crate; else the nearest directory above that looks like the repository.
fn find_root() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let crate_dir = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let candidates = crate_dir.iter().filter_map(|dir| dir.parent()).chain(here.ancestors());
    candidates.filter(|dir| dir.join("xtask/Cargo.toml").is_file()).map(Path::to_path_buf).next()
}
