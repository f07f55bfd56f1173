//! Cluster × Graph: the only place that knows both, and declares every task.
