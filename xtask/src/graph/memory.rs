//! What is remembered of earlier runs: where it lies, the key that belongs to it, when it is tidied up.
//!
//! It neither judges nor runs anything.

use std::path::{Path, PathBuf};

use anyhow::Result;
use rustc_hash::FxHashSet;

use super::model::{Artifact, Graph, TaskId};
use super::state::State;
use super::why::Why;
use super::world::World;
use crate::sys::fs::{Access, create_dir, write_atomic};
use crate::sys::random;

/// What is remembered of earlier runs. Loading needs no graph, so both can be made at the same time.
pub struct Memory {
    dir: PathBuf,
    pub(super) key: [u8; 32],
    identity: [u8; 16],
    pub(super) state: State,
    pub(super) writable: bool,
}

impl Memory {
    /// Reads the state directory, which is made if it is not there. Nobody else may write it meanwhile.
    pub fn load(dir: &Path) -> Result<Self> {
        create_dir(dir, Access::Secret)?;
        let path = dir.join("key");
        let key = match read_key(&path) {
            Some(key) => key,
            None => new_key(&path)?,
        };
        Ok(Self::with_key(dir, key, true))
    }

    /// Reads the state directory without changing anything, for looking only.
    pub fn peek(dir: &Path) -> Self {
        // Without a key there is no state either: an all-zero key matches none.
        Self::with_key(dir, read_key(&dir.join("key")).unwrap_or_default(), false)
    }

    fn with_key(dir: &Path, key: [u8; 32], writable: bool) -> Self {
        let mut identity = [0; 16];
        identity.copy_from_slice(&blake3::derive_key("xtask graph state: which key made it", &key)[..16]);
        let state = State::load(&dir.join("records"), identity);
        Memory { dir: dir.to_path_buf(), key, identity, state, writable }
    }

    pub(super) fn why(&self) -> Why {
        Why::load(&self.dir.join("manifests"), self.identity)
    }

    pub(super) fn trace(&self) -> PathBuf {
        trace_in(&self.dir)
    }

    /// Forgets, when that is worth the trouble, what no task of this graph and no file of these trees needs any more.
    pub(super) fn compact(&mut self, graph: &Graph<'_>, world: &World, tasks: &[TaskId]) -> Result<()> {
        if !self.state.wants_compaction() {
            return Ok(());
        }
        let names = || graph.nodes.iter().map(|node| &*node.name);
        let mut seen = FxHashSet::default();
        let trees = tasks.iter().flat_map(|&id| graph.inputs(id).iter().chain(graph.outputs(id)));
        let in_trees: Vec<&str> = trees
            .filter_map(|artifact| if let Artifact::Tree(tree) = artifact { Some(*tree) } else { None })
            .flat_map(|tree| world.tree(tree).files.iter())
            .map(|(path, _)| path.as_str())
            .filter(|path| graph.files.find(path).is_none() && seen.insert(*path))
            .collect();
        self.state.compact(graph.files.paths().chain(in_trees), names())?;
        self.why().compact(names())
    }
}

/// Where a run leaves its trace.
pub fn trace_in(state: &Path) -> PathBuf {
    state.join("trace.json")
}

/// The key for hashes of secrets: without it a remembered hash would let anybody try guesses.
fn read_key(path: &Path) -> Option<[u8; 32]> {
    fs_err::read(path).ok()?.try_into().ok()
}

fn new_key(path: &Path) -> Result<[u8; 32]> {
    let key = random::bytes()?;
    write_atomic(path, &key, Access::Secret)?;
    Ok(key)
}
