//! What happens to a graph and its files between two runs, and what the model makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use proptest::prelude::*;

use crate::plan::{Files as _, LEAVES, RawTask, SOURCES, Selector, Spec, put, source};

/// Something that happens between two runs.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    /// Another text of the same size, at once: often within one tick of the clock.
    Change(Selector, u8),
    /// The same with the old time stamp put back.
    ChangeBehindTheClock(Selector, u8),
    Touch(Selector),
    /// An optional source, or a file of the source directory.
    Delete(Selector),
    ChangeOutput(Selector, u8),
    TruncateOutput(Selector),
    DeleteOutput(Selector),
    TouchOutput(Selector),
    /// A file that nobody made, in a made directory.
    Litter(Selector),
    /// Which task, which of its declared values, to what.
    Declare(Selector, Selector, u8),
    SwapInputs(Selector),
    Add(RawTask),
    Remove(Selector),
    LoseState,
    TruncateState(Selector),
}

impl Arbitrary for Edit {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        let which = || any::<u16>().prop_map(Selector);
        prop_oneof![
            6 => (which(), 0_u8..4).prop_map(|(at, to)| Edit::Change(at, to)),
            2 => (which(), 0_u8..4).prop_map(|(at, to)| Edit::ChangeBehindTheClock(at, to)),
            2 => which().prop_map(Edit::Touch),
            2 => which().prop_map(Edit::Delete),
            2 => (which(), 0_u8..4).prop_map(|(at, to)| Edit::ChangeOutput(at, to)),
            1 => which().prop_map(Edit::TruncateOutput),
            1 => which().prop_map(Edit::DeleteOutput),
            1 => which().prop_map(Edit::TouchOutput),
            1 => which().prop_map(Edit::Litter),
            3 => (which(), which(), 0_u8..3).prop_map(|(task, field, to)| Edit::Declare(task, field, to)),
            1 => which().prop_map(Edit::SwapInputs),
            2 => any::<RawTask>().prop_map(Edit::Add),
            1 => which().prop_map(Edit::Remove),
            1 => Just(Edit::LoseState),
            1 => which().prop_map(Edit::TruncateState),
        ]
        .boxed()
    }
}

/// What a task was last made of, and what came out.
struct Record {
    basis: String,
    made: BTreeMap<String, String>,
}

/// A directory, its tasks, and what the model remembers.
pub(crate) struct World {
    dir: tempfile::TempDir,
    pub(crate) tasks: Vec<Spec>,
    born: usize,
    /// The texts of all sources that are there.
    sources: BTreeMap<String, String>,
    records: BTreeMap<usize, Record>,
}

impl World {
    pub(crate) fn new(tasks: &[RawTask]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (sources, records) = (BTreeMap::new(), BTreeMap::new());
        let mut world = World { dir, tasks: Vec::new(), born: 0, sources, records };
        world.change("tree/keep", "0000");
        (0..SOURCES).for_each(|n| world.change(&source(n), "0000"));
        for task in tasks {
            world.add(task);
        }
        world
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.root().join("state")
    }

    /// Makes everything anew, in thought: the files, and what each task was made of.
    fn remake(&self) -> (BTreeMap<String, String>, BTreeMap<usize, Record>) {
        let (mut files, mut records) = (self.sources.clone(), BTreeMap::new());
        for task in &self.tasks {
            let (basis, made) = (task.basis(&files), task.make(&files));
            files.extend(made.clone());
            records.insert(task.id, Record { basis, made });
        }
        (files, records)
    }

    /// Every output, as it has to be.
    pub(crate) fn expected(&self) -> BTreeMap<String, String> {
        self.remake().1.into_values().flat_map(|record| record.made).collect()
    }

    /// The tasks that are not what they were last made of, or whose outputs are not what they made.
    pub(crate) fn must_run(&self) -> BTreeSet<String> {
        let (_, now) = self.remake();
        let stale = |task: &&Spec| {
            self.records
                .get(&task.id)
                .is_none_or(|last| last.basis != now[&task.id].basis || last.made != self.on_disk(task))
        };
        self.tasks.iter().filter(stale).map(Spec::name).collect()
    }

    /// Everything ran that had to.
    pub(crate) fn settle(&mut self) {
        self.records = self.remake().1;
    }

    fn on_disk(&self, task: &Spec) -> BTreeMap<String, String> {
        let paths = if task.makes_dir { self.root().list(&task.output()) } else { vec![task.output()] };
        paths.into_iter().filter_map(|path| Some((path.clone(), self.root().read(&path)?))).collect()
    }

    pub(crate) fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Change(at, to) => self.change(&Self::a_source(*at), &format!("{to:04}")),
            Edit::ChangeBehindTheClock(at, to) => {
                let path = Self::a_source(*at);
                let before = std::fs::metadata(self.root().join(&path)).and_then(|meta| meta.modified()).ok();
                self.change(&path, &format!("{to:04}"));
                if let Some(time) = before {
                    self.stamp(&path, time);
                }
            }
            Edit::Touch(at) => self.stamp(&Self::a_source(*at), SystemTime::now()),
            Edit::Delete(at) => self.delete(*at),
            Edit::ChangeOutput(at, to) => self.with_output(*at, |path| put(path, &format!("{to:04}"))),
            Edit::TruncateOutput(at) => self.with_output(*at, |path| put(path, "")),
            Edit::DeleteOutput(at) => self.with_output(*at, |path| fs_err::remove_file(path).unwrap()),
            Edit::TouchOutput(at) => self.with_output(*at, |path| stamp(path, SystemTime::now())),
            Edit::Litter(at) => {
                let dirs: Vec<&Spec> = self.tasks.iter().filter(|task| task.makes_dir).collect();
                if let Some(task) = dirs.get(at.among(dirs.len())) {
                    put(&self.root().join(task.output()).join("litter"), "litter");
                }
            }
            Edit::LoseState => {
                let _ = std::fs::remove_dir_all(self.state());
                self.records.clear();
            }
            Edit::TruncateState(at) => self.truncate_state(*at),
            _ => self.redeclare(edit),
        }
    }

    fn redeclare(&mut self, edit: &Edit) {
        let count = self.tasks.len();
        match edit {
            Edit::Add(task) => self.add(task),
            Edit::Declare(task, field, to) if count > 0 => {
                self.tasks[task.among(count)].declared[field.among(4)] = *to;
            }
            Edit::SwapInputs(task) if count > 0 => self.tasks[task.among(count)].inputs.reverse(),
            Edit::Remove(task) if count > 0 => {
                let gone = self.tasks.remove(task.among(count)).id;
                self.tasks.iter_mut().for_each(|task| task.forget(gone));
            }
            _ => {}
        }
    }

    fn add(&mut self, task: &RawTask) {
        self.tasks.push(task.among(self.born, &self.tasks));
        self.born += 1;
    }

    fn a_source(at: Selector) -> String {
        let all: Vec<String> = (0..SOURCES).map(source).chain(LEAVES.map(String::from)).collect();
        all[at.among(all.len())].clone()
    }

    fn change(&mut self, path: &str, text: &str) {
        put(&self.root().join(path), text);
        self.sources.insert(path.to_string(), text.to_string());
    }

    fn delete(&mut self, at: Selector) {
        let optional = (0..SOURCES).filter(|n| n % 2 == 1).map(source).chain(LEAVES.map(String::from));
        let there: Vec<String> = optional.filter(|path| self.sources.contains_key(path)).collect();
        if let Some(path) = there.get(at.among(there.len())) {
            fs_err::remove_file(self.root().join(path)).unwrap();
            self.sources.remove(path);
        }
    }

    fn stamp(&self, path: &str, time: SystemTime) {
        if self.sources.contains_key(path) {
            stamp(&self.root().join(path), time);
        }
    }

    fn with_output(&self, at: Selector, edit: impl FnOnce(&Path)) {
        let there: Vec<String> = self.tasks.iter().flat_map(|task| self.on_disk(task).into_keys()).collect();
        if let Some(path) = there.get(at.among(there.len())) {
            edit(&self.root().join(path));
        }
    }

    /// Cuts the records off within their header, so that the model can say what is left of them: nothing.
    fn truncate_state(&mut self, at: Selector) {
        let path = self.state().join("records");
        if let Ok(file) = std::fs::File::options().write(true).open(&path) {
            file.set_len(u64::try_from(at.among(28)).unwrap()).unwrap();
            self.records.clear();
        }
    }
}

fn stamp(path: &Path, time: SystemTime) {
    std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}
