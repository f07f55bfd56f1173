//! The build graph: tasks, what they read and write, and what must run. Knows nothing of Kubernetes.
