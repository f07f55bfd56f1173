//! What a task says of itself: what it reads, what it writes, what it does.
//!
//! Declarations only: nothing here looks at the disk, and nothing knows other tasks than by name.
//! Paths are relative to the graph's root (absolute ones are left alone), with `/` between their parts.

use std::borrow::Cow;
use std::panic::Location;

use anyhow::Result;

use super::run::Run;

/// Makes the outputs of a build task.
pub type Action<'a> = Box<dyn Fn(&Run<'_>) -> Result<()> + Send + Sync + 'a>;
/// Says whether existing outputs, of which nothing is recorded, are exactly what the action would make; if not, why.
pub type Adopt<'a> = Box<dyn Fn() -> Result<(), String> + Send + Sync + 'a>;
/// Looks at a live thing: `None` when it is as wanted, else the difference.
pub type Check<'a> = Box<dyn Fn() -> Result<Option<String>> + Send + Sync + 'a>;

/// What a task does.
pub(super) enum Body<'a> {
    /// Files out of files: fingerprinted, skipped when nothing changed.
    Build { action: Option<Action<'a>>, adopt: Option<Adopt<'a>> },
    /// Acts on a live thing: checked against reality on every run, never cached.
    Converge { check: Check<'a>, action: Option<Action<'a>> },
    /// A name for other tasks.
    Group,
}

/// Which part of a fingerprint a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FieldKind {
    /// Version or text of the action.
    Action = 1,
    /// A value of the configuration.
    Config = 2,
    /// A declared environment variable.
    Env = 3,
    /// The version of a program that the action runs.
    Tool = 4,
    /// Content of a file.
    Input = 5,
    /// That this file is made here.
    Output = 6,
}

impl FieldKind {
    /// One word, the same in every kind of output.
    pub fn word(self) -> &'static str {
        match self {
            FieldKind::Action => "action",
            FieldKind::Config => "config",
            FieldKind::Env => "environment",
            FieldKind::Tool => "tool",
            FieldKind::Input => "input",
            FieldKind::Output => "output",
        }
    }
}

pub(super) struct Field<'a> {
    pub(super) kind: FieldKind,
    pub(super) key: Cow<'a, str>,
    pub(super) value: Cow<'a, str>,
}

/// Something on disk that a task reads or writes.
pub(super) enum Place<'a> {
    File {
        path: Cow<'a, str>,
        secret: bool,
        optional: bool,
    },
    /// Every file below a directory, or those of them that match a pattern.
    Tree {
        dir: Cow<'a, str>,
        pattern: Option<glob::Pattern>,
    },
}

/// A task under construction. See [`Task::build`], [`Task::converge`] and [`Task::group`].
pub struct Task<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) doc: Cow<'a, str>,
    pub(super) site: &'static Location<'static>,
    pub(super) pool: Option<&'static str>,
    pub(super) fields: Vec<Field<'a>>,
    pub(super) inputs: Vec<Place<'a>>,
    pub(super) outputs: Vec<Place<'a>>,
    pub(super) after: Vec<Cow<'a, str>>,
    pub(super) env: Vec<(Cow<'a, str>, String)>,
    pub(super) body: Body<'a>,
}

impl<'a> Task<'a> {
    /// A task that makes files out of files.
    #[track_caller]
    pub fn build(name: impl Into<Cow<'a, str>>) -> Self {
        Self::new(name.into(), Body::Build { action: None, adopt: None }, Location::caller())
    }

    /// A task that brings a live thing to a wanted state. `check` runs every time, the action only on a difference.
    #[track_caller]
    pub fn converge(
        name: impl Into<Cow<'a, str>>,
        check: impl Fn() -> Result<Option<String>> + Send + Sync + 'a,
    ) -> Self {
        Self::new(name.into(), Body::Converge { check: Box::new(check), action: None }, Location::caller())
    }

    /// A name for other tasks: add them with [`Task::after`].
    #[track_caller]
    pub fn group(name: impl Into<Cow<'a, str>>) -> Self {
        Self::new(name.into(), Body::Group, Location::caller())
    }

    fn new(name: Cow<'a, str>, body: Body<'a>, site: &'static Location<'static>) -> Self {
        Task {
            name,
            doc: Cow::Borrowed(""),
            site,
            pool: None,
            fields: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            after: Vec::new(),
            env: Vec::new(),
            body,
        }
    }

    /// One line on what the task is for.
    #[must_use]
    pub fn doc(mut self, doc: impl Into<Cow<'a, str>>) -> Self {
        self.doc = doc.into();
        self
    }

    /// The version (or the text) of the action: change it when the same inputs should give other outputs.
    #[must_use]
    pub fn version(self, version: impl Into<Cow<'a, str>>) -> Self {
        self.field(FieldKind::Action, "version", version)
    }

    /// A value of the configuration that the action depends on.
    #[must_use]
    pub fn config(self, key: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        self.field(FieldKind::Config, key, value)
    }

    /// A variable that the action's commands see; they see no other than these and a bare minimum.
    #[must_use]
    pub fn env(mut self, name: impl Into<Cow<'a, str>>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.env.push((name.clone(), value.clone()));
        self.field(FieldKind::Env, name, value)
    }

    /// The version of a program that the action runs.
    #[must_use]
    pub fn tool(self, name: impl Into<Cow<'a, str>>, version: impl Into<Cow<'a, str>>) -> Self {
        self.field(FieldKind::Tool, name, version)
    }

    fn field(mut self, kind: FieldKind, key: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        self.fields.push(Field { kind, key: key.into(), value: value.into() });
        self
    }

    /// A file that is read: its content dirties this task.
    #[must_use]
    pub fn input(self, path: impl Into<Cow<'a, str>>) -> Self {
        self.reads(Place::File { path: path.into(), secret: false, optional: false })
    }

    /// A file that is read when it is there; its coming and going dirties this task.
    #[must_use]
    pub fn input_if_present(self, path: impl Into<Cow<'a, str>>) -> Self {
        self.reads(Place::File { path: path.into(), secret: false, optional: true })
    }

    /// A secret that is read: only a keyed hash of it is remembered. (Secret outputs of other tasks are known as such.)
    #[must_use]
    pub fn input_secret(self, path: impl Into<Cow<'a, str>>) -> Self {
        self.reads(Place::File { path: path.into(), secret: true, optional: false })
    }

    /// Every file below a directory.
    #[must_use]
    pub fn tree(self, dir: impl Into<Cow<'a, str>>) -> Self {
        self.reads(Place::Tree { dir: dir.into(), pattern: None })
    }

    /// Every file below `dir` whose path relative to `dir` matches the pattern (`*`, `**`, `?`, `[...]`).
    #[must_use]
    pub fn glob(self, dir: impl Into<Cow<'a, str>>, pattern: glob::Pattern) -> Self {
        self.reads(Place::Tree { dir: dir.into(), pattern: Some(pattern) })
    }

    fn reads(mut self, place: Place<'a>) -> Self {
        self.inputs.push(place);
        self
    }

    /// A task that must be done before, without dirtying this one. It becomes part of what is asked for.
    #[must_use]
    pub fn after(mut self, task: impl Into<Cow<'a, str>>) -> Self {
        self.after.push(task.into());
        self
    }

    /// A file that the action makes.
    #[must_use]
    pub fn output(self, path: impl Into<Cow<'a, str>>) -> Self {
        self.writes(Place::File { path: path.into(), secret: false, optional: false })
    }

    /// A file that the action makes and that only its owner may read.
    #[must_use]
    pub fn output_secret(self, path: impl Into<Cow<'a, str>>) -> Self {
        self.writes(Place::File { path: path.into(), secret: true, optional: false })
    }

    /// A directory that the action makes, with all in it.
    #[must_use]
    pub fn output_dir(self, dir: impl Into<Cow<'a, str>>) -> Self {
        self.writes(Place::Tree { dir: dir.into(), pattern: None })
    }

    fn writes(mut self, place: Place<'a>) -> Self {
        self.outputs.push(place);
        self
    }

    /// At most so many tasks of a pool run at once; see [`Options::pools`](super::Options).
    #[must_use]
    pub fn pool(mut self, pool: &'static str) -> Self {
        self.pool = Some(pool);
        self
    }

    /// What the task does.
    #[must_use]
    pub fn action(mut self, run: impl Fn(&Run<'_>) -> Result<()> + Send + Sync + 'a) -> Self {
        match &mut self.body {
            Body::Build { action, .. } | Body::Converge { action, .. } => *action = Some(Box::new(run)),
            Body::Group => panic!("BUG: the group `{}` has an action", self.name),
        }
        self
    }

    /// How to recognise good outputs of which nothing is recorded (the state was lost, or somebody replaced them by
    /// hand). Without it such outputs are made again.
    #[must_use]
    pub fn adopt(mut self, holds: impl Fn() -> Result<(), String> + Send + Sync + 'a) -> Self {
        match &mut self.body {
            Body::Build { adopt, .. } => *adopt = Some(Box::new(holds)),
            _ => panic!("BUG: `{}` is no build task and has nothing to adopt", self.name),
        }
        self
    }
}
