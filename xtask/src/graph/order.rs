//! Orders things by what they depend on, or shows the circle that forbids it. Knows numbers only.

use super::model::TaskId;

/// Every id from 0 to `count` after all that `dependencies` gives for it, otherwise in ascending order.
///
/// # Errors
/// A cycle, as a path whose first and last element are the same.
pub(super) fn topological<'d>(
    count: usize,
    dependencies: impl Fn(TaskId) -> &'d [TaskId],
) -> Result<Vec<TaskId>, Vec<TaskId>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; count];
    let mut order = Vec::with_capacity(count);
    // Depth first with an explicit stack: a chain of 100,000 tasks must not overflow ours.
    let mut stack: Vec<(TaskId, usize)> = Vec::new();
    for start in 0..u32::try_from(count).unwrap_or(u32::MAX) {
        if marks[start as usize] != Mark::New {
            continue;
        }
        stack.push((TaskId(start), 0));
        marks[start as usize] = Mark::Open;
        while let Some((id, next)) = stack.last_mut() {
            let Some(&dependency) = dependencies(*id).get(*next) else {
                marks[id.index()] = Mark::Done;
                order.push(*id);
                stack.pop();
                continue;
            };
            *next += 1;
            match marks[dependency.index()] {
                Mark::Done => {}
                Mark::New => {
                    marks[dependency.index()] = Mark::Open;
                    stack.push((dependency, 0));
                }
                Mark::Open => {
                    let from = stack.iter().position(|(id, _)| *id == dependency).unwrap_or(0);
                    let cycle = stack[from..].iter().map(|(id, _)| *id);
                    return Err(cycle.chain([dependency]).collect());
                }
            }
        }
    }
    Ok(order)
}

/// These tasks and everything they depend on, each after its dependencies.
pub(super) fn closure<'d>(
    order: &[TaskId],
    targets: &[TaskId],
    dependencies: impl Fn(TaskId) -> &'d [TaskId],
) -> Vec<TaskId> {
    let mut wanted = vec![false; order.len()];
    let mut stack = targets.to_vec();
    while let Some(id) = stack.pop() {
        if !std::mem::replace(&mut wanted[id.index()], true) {
            stack.extend_from_slice(dependencies(id));
        }
    }
    order.iter().copied().filter(|id| wanted[id.index()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[&[u32]]) -> Vec<Vec<TaskId>> {
        edges.iter().map(|e| e.iter().map(|&n| TaskId(n)).collect()).collect()
    }

    #[test]
    fn dependencies_come_first() {
        let edges = graph(&[&[2], &[0], &[], &[1, 2]]);
        let order = topological(4, |id| &edges[id.index()]).unwrap();
        assert_eq!(order, [2, 0, 1, 3].map(TaskId));
        assert_eq!(closure(&order, &[TaskId(0)], |id| &edges[id.index()]), [2, 0].map(TaskId));
    }

    #[test]
    fn a_cycle_is_shown_whole() {
        let edges = graph(&[&[], &[2], &[3], &[1]]);
        assert_eq!(topological(4, |id| &edges[id.index()]), Err([1, 2, 3, 1].map(TaskId).to_vec()));
    }

    #[test]
    fn long_chains_do_not_overflow_the_stack() {
        let edges: Vec<Vec<TaskId>> =
            (0..200_000).map(|n| (n > 0).then(|| TaskId(n - 1)).into_iter().collect()).collect();
        assert_eq!(topological(200_000, |id| &edges[id.index()]).unwrap().len(), 200_000);
    }
}
