//! Tasks on live things: reality is asked every time, and asked again after acting.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::bail;
use xtask::graph::{Force, Graph, Task};
use xtask::sys::children::Children;

use crate::space::{How, Space, cat, graph};

/// A thing that is up or down, and counts who asks and who acts.
#[derive(Default)]
struct Thing {
    up: Mutex<bool>,
    stubborn: bool,
    asked: AtomicUsize,
    acted: AtomicUsize,
}

impl Thing {
    fn check(&self) -> Option<String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let up = *self.up.lock().unwrap();
        (!up).then(|| "it is down".to_string())
    }

    fn act(&self) {
        self.acted.fetch_add(1, Ordering::Relaxed);
        *self.up.lock().unwrap() = !self.stubborn;
    }

    fn counts(&self) -> (usize, usize) {
        (self.asked.swap(0, Ordering::Relaxed), self.acted.swap(0, Ordering::Relaxed))
    }

    fn graph(&self) -> Graph<'_> {
        let up = Task::converge("up", || Ok(self.check())).action(|_| {
            self.act();
            Ok(())
        });
        graph([cat("image", &["x"], "image.out"), up.after("image"), cat("later", &["x"], "later.out").after("up")])
    }
}

fn space() -> Space {
    let space = Space::new();
    space.write("x", "1");
    space
}

#[test]
fn it_acts_on_a_difference_and_looks_again() {
    let (thing, space) = (Thing::default(), space());
    let graph = thing.graph();
    let ran = space.run(&graph);
    assert_eq!((ran.summary.done, thing.counts()), (3, (2, 1)));
    let ran = space.run(&graph);
    assert_eq!((ran.names(), thing.counts()), (vec!["up"], (1, 0)), "as wanted: asked once, nothing done");
    assert_eq!((ran.summary.done, ran.summary.up_to_date), (0, 3));
    *thing.up.lock().unwrap() = false;
    assert_eq!((space.run(&graph).summary.done, thing.counts()), (1, (2, 1)), "no record makes it believe otherwise");
    assert_eq!(space.explain(&graph), ["up: looks at reality every time", "later: only if up makes something new"]);
}

#[test]
fn force_acts_on_what_is_as_wanted() {
    let (thing, space) = (Thing::default(), space());
    let graph = thing.graph();
    space.run(&graph);
    thing.counts();
    let children = Children::default();
    let how = How { force: Force::Only(vec!["up".to_string()]), ..How::plain(&children) };
    let ran = space.run_with(&graph, &how).unwrap();
    assert_eq!((ran.names(), thing.counts()), (vec!["up"], (2, 1)));
}

#[test]
fn a_difference_that_stays_is_a_failure() {
    let (thing, space) = (Thing { stubborn: true, ..Thing::default() }, space());
    let graph = thing.graph();
    let ran = space.run(&graph);
    assert_eq!(ran.error(), "it was acted upon, and still: it is down");
    assert_eq!(ran.skipped, [("later".to_string(), "`up` failed".to_string())]);
}

#[test]
fn a_check_that_cannot_look_is_a_failure() {
    let blind = Task::converge("up", || bail!("no route to it")).action(|_| Ok(()));
    assert_eq!(Space::new().run(&graph([blind])).error(), "cannot look at it: no route to it");
}
