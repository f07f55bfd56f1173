//! Who may start next: a state machine over tasks, what they wait for, and pools with so many places.
//!
//! Pure: it starts nothing, knows no files, and does not ask why a task runs. Whoever uses it says what became of each.

use std::collections::BTreeSet;

use super::model::TaskId;

/// No such place: the task is not in the queue.
const ABSENT: u32 = u32::MAX;

/// A task that is to be done.
pub(super) struct Entry {
    pub(super) task: TaskId,
    pub(super) pool: Option<&'static str>,
}

/// Where a task is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// For so many tasks.
    Waiting(u32),
    Ready,
    Running,
    Over,
}

struct Place {
    task: TaskId,
    stage: Stage,
    /// Whether something it depends on, directly or through a group, has made something.
    stirred: bool,
    lane: usize,
}

/// The ready tasks of one pool. The first lane is that of tasks without a pool.
struct Lane {
    pool: Option<&'static str>,
    ready: BTreeSet<u32>,
    running: usize,
    limit: usize,
}

/// All of them, in the order in which they are to start when they may.
pub(super) struct Queue {
    places: Vec<Place>,
    /// By task index.
    place_of: Vec<u32>,
    /// Who waits for each, by place: `waiters[first[n]..first[n + 1]]`.
    waiters: Vec<u32>,
    first: Vec<u32>,
    lanes: Vec<Lane>,
    running: usize,
}

impl Queue {
    /// `total` is the number of tasks in the graph; dependencies that are no entries are taken as done.
    pub(super) fn new<'d>(
        total: usize,
        entries: impl IntoIterator<Item = Entry>,
        limits: &[(&'static str, usize)],
        dependencies: impl Fn(TaskId) -> &'d [TaskId],
    ) -> Self {
        let lane = |pool, limit| Lane { pool, ready: BTreeSet::new(), running: 0, limit };
        let mut lanes = vec![lane(None, usize::MAX)];
        lanes.extend(limits.iter().map(|&(pool, limit)| lane(Some(pool), limit.max(1))));
        let mut place_of = vec![ABSENT; total];
        let mut places = Vec::new();
        for Entry { task, pool } in entries {
            place_of[task.index()] = number(places.len());
            let lane = lanes.iter().position(|lane| lane.pool == pool).unwrap_or(0);
            places.push(Place { task, stage: Stage::Over, stirred: false, lane });
        }
        let mut queue = Queue { places, place_of, waiters: Vec::new(), first: Vec::new(), lanes, running: 0 };
        queue.connect(dependencies);
        queue
    }

    fn connect<'d>(&mut self, dependencies: impl Fn(TaskId) -> &'d [TaskId]) {
        let place_of = &self.place_of;
        let open =
            |task: TaskId| dependencies(task).iter().map(|d| place_of[d.index()]).filter(|&place| place != ABSENT);
        let mut first = vec![0; self.places.len() + 1];
        for place in &self.places {
            open(place.task).for_each(|dependency| first[dependency as usize + 1] += 1);
        }
        for n in 1..first.len() {
            first[n] += first[n - 1];
        }
        let mut next = first.clone();
        self.waiters = vec![0; first.last().map_or(0, |&n| n as usize)];
        for (n, place) in self.places.iter_mut().enumerate() {
            let mut count = 0;
            for dependency in open(place.task) {
                let at = &mut next[dependency as usize];
                self.waiters[*at as usize] = number(n);
                *at += 1;
                count += 1;
            }
            place.stage = Stage::Waiting(count);
            if count == 0 {
                place.stage = Stage::Ready;
                self.lanes[place.lane].ready.insert(number(n));
            }
        }
        self.first = first;
    }

    /// Takes the next task that may start: it counts as running until somebody says what became of it.
    pub(super) fn next(&mut self) -> Option<TaskId> {
        let open = self.lanes.iter().filter(|lane| lane.running < lane.limit);
        let place = open.filter_map(|lane| lane.ready.first()).min().copied()?;
        let entry = &mut self.places[place as usize];
        entry.stage = Stage::Running;
        let lane = &mut self.lanes[entry.lane];
        lane.ready.remove(&place);
        lane.running += 1;
        self.running += 1;
        Some(entry.task)
    }

    /// How many were taken and not given back.
    pub(super) fn running(&self) -> usize {
        self.running
    }

    /// Whether something it depends on has made something, so that an earlier judgement no longer holds.
    pub(super) fn is_stirred(&self, task: TaskId) -> bool {
        self.place(task).is_some_and(|place| self.places[place].stirred)
    }

    /// A running task is done; `made` tells whether it made anything.
    pub(super) fn done(&mut self, task: TaskId, made: bool) {
        let Some(place) = self.end(task) else { return };
        for n in self.waiters_of(place) {
            let waiter = self.waiters[n] as usize;
            let place = &mut self.places[waiter];
            place.stirred |= made;
            let Stage::Waiting(count) = place.stage else { continue };
            place.stage = Stage::Waiting(count - 1);
            if count == 1 {
                place.stage = Stage::Ready;
                self.lanes[place.lane].ready.insert(number(waiter));
            }
        }
    }

    /// A running task failed: gives back, in order, what can no longer be done.
    pub(super) fn failed(&mut self, task: TaskId) -> Vec<TaskId> {
        let mut lost = BTreeSet::new();
        let mut stack: Vec<usize> = self.end(task).into_iter().collect();
        while let Some(place) = stack.pop() {
            for n in self.waiters_of(place) {
                let waiter = self.waiters[n] as usize;
                if matches!(self.places[waiter].stage, Stage::Waiting(_)) {
                    self.places[waiter].stage = Stage::Over;
                    lost.insert(waiter);
                    stack.push(waiter);
                }
            }
        }
        lost.into_iter().map(|place| self.places[place].task).collect()
    }

    /// What was never taken, in order.
    pub(super) fn rest(&self) -> impl Iterator<Item = TaskId> + '_ {
        let left = |place: &&Place| matches!(place.stage, Stage::Waiting(_) | Stage::Ready);
        self.places.iter().filter(left).map(|place| place.task)
    }

    fn end(&mut self, task: TaskId) -> Option<usize> {
        let place = self.place(task)?;
        let entry = &mut self.places[place];
        debug_assert_eq!(entry.stage, Stage::Running, "a task ended that did not run");
        entry.stage = Stage::Over;
        self.lanes[entry.lane].running -= 1;
        self.running -= 1;
        Some(place)
    }

    fn place(&self, task: TaskId) -> Option<usize> {
        self.place_of.get(task.index()).filter(|&&place| place != ABSENT).map(|&place| place as usize)
    }

    fn waiters_of(&self, place: usize) -> std::ops::Range<usize> {
        self.first[place] as usize..self.first[place + 1] as usize
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).expect("BUG: the graph counts its tasks in 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: &str = "install";

    /// Tasks by number; `edges[n]` is what task n waits for.
    fn queue(edges: &'static [&'static [TaskId]], pooled: &[u32], limit: usize) -> Queue {
        let entry = |n: u32| Entry { task: TaskId(n), pool: pooled.contains(&n).then_some(POOL) };
        Queue::new(edges.len(), (0..number(edges.len())).map(entry), &[(POOL, limit)], |id| edges[id.index()])
    }

    fn drain(queue: &mut Queue) -> Vec<u32> {
        std::iter::from_fn(|| queue.next()).map(|task| task.0).collect()
    }

    const DIAMOND: &[&[TaskId]] = &[&[], &[TaskId(0)], &[TaskId(0)], &[TaskId(1), TaskId(2)]];

    #[test]
    fn a_task_waits_for_all_it_depends_on() {
        let mut queue = queue(DIAMOND, &[], 1);
        assert_eq!(drain(&mut queue), [0]);
        queue.done(TaskId(0), true);
        assert_eq!(drain(&mut queue), [1, 2]);
        queue.done(TaskId(2), false);
        assert_eq!((drain(&mut queue), queue.running()), (vec![], 1));
        queue.done(TaskId(1), false);
        assert_eq!(drain(&mut queue), [3]);
        assert!(queue.is_stirred(TaskId(1)) && queue.is_stirred(TaskId(2)));
        assert!(!queue.is_stirred(TaskId(3)), "neither of the two before it made anything");
        queue.done(TaskId(3), true);
        assert_eq!((queue.running(), queue.rest().count()), (0, 0));
    }

    #[test]
    fn one_that_made_something_is_enough_to_stir() {
        let mut queue = queue(DIAMOND, &[], 1);
        drain(&mut queue);
        queue.done(TaskId(0), false);
        drain(&mut queue);
        queue.done(TaskId(1), true);
        queue.done(TaskId(2), false);
        assert!(queue.is_stirred(TaskId(3)));
    }

    #[test]
    fn a_failure_takes_along_only_what_depends_on_it() {
        const EDGES: &[&[TaskId]] = &[&[], &[TaskId(0)], &[TaskId(1)], &[], &[TaskId(3), TaskId(2)], &[TaskId(3)]];
        let mut queue = queue(EDGES, &[], 1);
        assert_eq!(drain(&mut queue), [0, 3]);
        assert_eq!(queue.failed(TaskId(0)), [1, 2, 4].map(TaskId));
        queue.done(TaskId(3), true);
        assert_eq!(drain(&mut queue), [5]);
        assert_eq!(queue.rest().count(), 0);
    }

    #[test]
    fn a_full_pool_holds_up_nobody_else() {
        const EDGES: &[&[TaskId]] = &[&[], &[], &[], &[]];
        let mut queue = queue(EDGES, &[0, 1, 2], 2);
        assert_eq!(drain(&mut queue), [0, 1, 3], "the third of the pool has to wait");
        queue.done(TaskId(3), true);
        assert_eq!(drain(&mut queue), [0; 0]);
        assert_eq!(queue.rest().collect::<Vec<_>>(), [TaskId(2)]);
        assert!(queue.failed(TaskId(0)).is_empty());
        assert_eq!(drain(&mut queue), [2], "a failed task gives its place back too");
    }

    #[test]
    fn what_is_not_in_the_queue_counts_as_done() {
        let entry = Entry { task: TaskId(3), pool: Some("a pool without a limit") };
        let mut queue = Queue::new(4, [entry], &[(POOL, 1)], |id| DIAMOND[id.index()]);
        assert_eq!(drain(&mut queue), [3]);
    }
}
