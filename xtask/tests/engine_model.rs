//! Random graphs and random edits against a model that makes everything anew each time: no output is ever stale, and
//! exactly those tasks run that have to.
//!
//! The model is naive on purpose: it knows contents, and nothing of stats, hashes, journals or schedules.

#![allow(clippy::unwrap_used)] // the lint knows tests by their attribute, and helpers of tests have none

use std::collections::BTreeSet;
use std::sync::Mutex;

use proptest::prelude::*;
use xtask::graph::{Event, Force, Graph, Memory, Observer, Options, Session};
use xtask::sys::children::Children;

#[path = "engine_model/edits.rs"]
mod edits;
#[path = "engine_model/plan.rs"]
mod plan;

use edits::{Edit, World};
use plan::RawTask;

/// Names of the tasks that ran.
#[derive(Default)]
struct Ear(Mutex<BTreeSet<String>>);

impl Observer for Ear {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Started { task, .. } => drop(self.0.lock().unwrap().insert((*task).to_string())),
            Event::Failed { task, error, .. } => panic!("`{task}` failed: {error:#}"),
            Event::Warning { message } => panic!("{message}"),
            _ => {}
        }
    }
}

/// One run of the engine over the model's tasks.
fn run(world: &World, jobs: usize) -> BTreeSet<String> {
    let mut builder = Graph::builder();
    world.tasks.iter().for_each(|task| builder.add(task.declare()));
    let graph = builder.finish().unwrap_or_else(|errors| panic!("{errors}"));
    let memory = Memory::load(&world.state()).unwrap();
    let mut session = Session::new(&graph, memory, world.root(), &world.root().join("logs")).unwrap();
    let names: Vec<&str> = graph.tasks().map(|id| graph.name(id)).collect();
    let survey = session.survey(&names, Force::Nothing).unwrap();
    let (children, ear) = (Children::default(), Ear::default());
    let options = Options { jobs, keep_going: false, pools: &[], children: &children, leash: None };
    session.run(survey, &options, &ear).unwrap();
    ear.0.into_inner().unwrap()
}

fn check(world: &mut World, jobs: usize, step: usize) {
    let must_run = world.must_run();
    let ran = run(world, jobs);
    assert_eq!(ran, must_run, "step {step}: what ran (left) is not what had to (right)");
    for (path, expected) in world.expected() {
        let found = fs_err::read_to_string(world.root().join(&path)).unwrap();
        assert_eq!(found, expected, "step {step}: `{path}` is stale");
    }
    world.settle();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_does_what_the_model_says(
        tasks in prop::collection::vec(any::<RawTask>(), 1..9),
        steps in prop::collection::vec((prop::collection::vec(any::<Edit>(), 0..4), 1_usize..4), 1..20),
    ) {
        let mut world = World::new(&tasks);
        check(&mut world, 2, 0);
        for (n, (edits, jobs)) in steps.iter().enumerate() {
            for edit in edits {
                world.apply(edit);
            }
            check(&mut world, *jobs, n + 1);
            if n % 4 == 0 {
                assert_eq!(run(&world, *jobs), BTreeSet::new(), "step {}: a second run had something to do", n + 1);
            }
        }
    }
}
