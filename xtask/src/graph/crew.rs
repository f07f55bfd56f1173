//! Threads that do jobs: one more is called when all are busy, and they stay until the crew is sent home.
//!
//! It does not know what a job is. Whoever hands them out decides how many may be under way.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Scope;
use std::time::Duration;

/// Does jobs of type `J`, each of which comes to a `D`.
pub(super) struct Crew<'scope, 'env, J, D> {
    scope: &'scope Scope<'scope, 'env>,
    work: &'scope (dyn Fn(J) -> D + Sync),
    jobs: Sender<J>,
    inbox: Arc<Mutex<Receiver<J>>>,
    report: Sender<D>,
    reports: Receiver<D>,
    hands: usize,
    busy: usize,
}

impl<'scope, 'env, J: Send + 'scope, D: Send + 'scope> Crew<'scope, 'env, J, D> {
    /// A crew of nobody yet.
    pub(super) fn new(scope: &'scope Scope<'scope, 'env>, work: &'scope (dyn Fn(J) -> D + Sync)) -> Self {
        let ((jobs, inbox), (report, reports)) = (mpsc::channel(), mpsc::channel());
        Crew { scope, work, jobs, inbox: Arc::new(Mutex::new(inbox)), report, reports, hands: 0, busy: 0 }
    }

    /// Begins a job at once.
    pub(super) fn begin(&mut self, job: J) {
        if self.busy == self.hands {
            self.call_another();
        }
        self.busy += 1;
        // The other end is ours as well: it cannot be gone.
        let _ = self.jobs.send(job);
    }

    /// The next job that ends, if one does within this time.
    pub(super) fn next_done(&mut self, patience: Duration) -> Option<D> {
        match self.reports.recv_timeout(patience) {
            Ok(done) => {
                self.busy -= 1;
                Some(done)
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => unreachable!("BUG: the crew holds a sender itself"),
        }
    }

    fn call_another(&mut self) {
        let (work, inbox, report) = (self.work, Arc::clone(&self.inbox), self.report.clone());
        self.hands += 1;
        self.scope.spawn(move || {
            loop {
                // A statement of its own: the lock must not be held while the job is done.
                let job = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(job) = job else { break };
                if report.send(work(job)).is_err() {
                    break;
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::thread::{self, ThreadId};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn threads_are_used_again_and_never_shared() {
        let work = |job: u32| (job, thread::current().id());
        thread::scope(|scope| {
            let mut crew = Crew::new(scope, &work);
            assert_eq!(crew.next_done(Duration::from_millis(1)), None);
            let mut one = |job: u32| -> ThreadId {
                crew.begin(job);
                let (done, thread) = crew.next_done(LONG).unwrap();
                assert_eq!(done, job);
                thread
            };
            let first = one(1);
            assert_eq!((one(2), one(3)), (first, first));
        });
    }

    #[test]
    fn as_many_run_at_once_as_were_begun() {
        let barrier = std::sync::Barrier::new(3);
        let work = |(): ()| barrier.wait().is_leader();
        thread::scope(|scope| {
            let mut crew = Crew::new(scope, &work);
            (0..3).for_each(|_| crew.begin(()));
            let leaders = (0..3).filter(|_| crew.next_done(LONG).unwrap());
            assert_eq!(leaders.count(), 1, "all three met at the barrier");
        });
    }
}
