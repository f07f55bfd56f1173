//! The grammar of the command line, and nothing of what it does.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "\
Exit codes: 0 success, 1 a task failed or something needed is missing, 2 wrong usage or configuration, 130 interrupted";

/// Kubernetes the hardest way: from `cluster.env` and nothing else to a cluster.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, after_help = EXIT_CODES, max_term_width = 110)]
pub(super) struct Cli {
    /// What means the same everywhere.
    #[command(flatten)]
    pub(super) global: Global,
    /// What to do; without it, the list of everything.
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
}

/// Options that mean the same for every verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options for every task")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(super) struct Global {
    /// Make everything that is asked for anew, whether it is up to date or not
    #[arg(long, global = true)]
    pub(super) force: bool,
    /// Say what would run, in order, and why; change nothing
    #[arg(long, global = true)]
    pub(super) dry_run: bool,
    /// Say for each task whether it is up to date, or exactly what changed
    #[arg(long, global = true)]
    pub(super) explain: bool,
    /// At most N tasks at once [default: one for each core]
    #[arg(short, long, value_name = "N", global = true, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    /// After a failure, go on with everything that does not depend on it
    #[arg(long, global = true)]
    pub(super) keep_going: bool,
    /// Output for programs: documents, or one event a line
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Only say what went wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Also say what was up to date, and show what tasks wrote to their logs
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// The cluster's description [default: cluster.env of the repository]
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) env_file: Option<PathBuf>,
    /// Answer every question with yes
    #[arg(long, global = true)]
    pub(super) yes: bool,
    /// Wait for another run of this cluster to end, instead of giving up
    #[arg(long, global = true)]
    pub(super) wait: bool,
    /// The repository, when it is not the one this was built from
    #[arg(long, value_name = "DIR", env = "XTASK_ROOT", global = true, hide = true)]
    pub(super) root: Option<PathBuf>,
}

/// Everything that can be asked for.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Verb {
    /// Build everything that can be built today
    ///
    /// Runs every task of the graph that is not up to date. What is not built yet is said at the end, and a
    /// description that asks for it is refused before anything is done.
    All,
    /// Look for what this host needs
    ///
    /// Looks for programs, firmware, a working accelerator, room, memory and free ports, and says for each what was
    /// found, what it is for and how to get it on this system. Exits with 1 when something needed is missing.
    Check {
        /// Install what is missing with the system's package manager, after showing the command and asking
        #[arg(long)]
        fix: bool,
    },
    /// Run tasks by their full names
    ///
    /// Runs these tasks and what they depend on; `cargo xtask tasks` lists them. With --force only those that are
    /// named are made anew: forcing one certificate does not replace the authority that signs it.
    Run {
        /// Names such as pki/kubernetes
        #[arg(required = true, value_name = "TASK")]
        tasks: Vec<String>,
    },
    /// Remove what was generated, except disks
    ///
    /// Disks and what belongs to running machines stay. Credentials go: machines that were set up with them believe
    /// nothing that is made afterwards. --dry-run lists what would be removed.
    Clean,
    /// Remove everything of this cluster
    ///
    /// Asks first, because disks go with it; --yes answers, --dry-run lists. Other clusters and shared downloads stay.
    Clobber,
    /// Make every certificate, kubeconfig and key
    ///
    /// Makes what is missing, damaged or no longer what cluster.env describes, and nothing else. --force makes
    /// everything anew, authorities included: nodes that run must then be reconfigured.
    Pki {
        /// Show every certificate, who signed it, what it is for and when it ends
        #[arg(long, conflicts_with = "renew")]
        show: bool,
        /// Reissue certificates that end soon (or all of them) under the same authorities
        #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "ending")]
        renew: Option<Renew>,
    },
    /// Make the certificates and their keys only
    ///
    /// That is `pki` without kubeconfigs, encryption key and ssh key.
    Certs,
    /// Make kubeconfigs and the certificates in them
    ///
    /// A kubeconfig says where the API server is, whom to believe and who the caller is. The one of the operator is
    /// kubeconfig/admin.kubeconfig below the artifacts of the cluster.
    Kubeconfigs,
    /// Make the key that encrypts Secrets in etcd
    ///
    /// The key is kept across runs. --force puts a new one in front of it: the new one encrypts, the old ones can
    /// still read.
    Encryption,
    /// Make the key pair that opens the nodes
    ///
    /// An ed25519 pair for ssh, below the artifacts of the cluster.
    SshKey,
    /// Lay out what each node is installed from
    ///
    /// For each node a directory to look into and an archive for the installer: the NixOS modules with the facts of
    /// that node, exactly its credentials, and its ssh host key. Nodes that nothing changed for are left alone.
    #[command(visible_alias = "configs")]
    Stage {
        /// Only these nodes
        #[arg(value_name = "NODE")]
        nodes: Vec<String>,
    },
    /// Look at the NixOS configuration of nodes
    ///
    /// Evaluates `nix/` for this cluster with the Nix of this host, in a second and without downloading anything.
    #[command(subcommand)]
    Nix(NixVerb),
    /// Show the cluster that cluster.env describes
    ///
    /// Nodes with addresses, ports and MACs, networks, names of the API server, forwards, versions, and where each
    /// value that is no default comes from.
    Config,
    /// List every verb and every task
    ///
    /// The tasks are those of the graph; `cargo xtask run TASK` runs one of them.
    Tasks,
    /// Draw the tasks and what they depend on
    ///
    /// Prints a picture as text: `cargo xtask graph | dot -Tsvg > graph.svg` draws it.
    Graph {
        /// How to draw
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        /// Only this task and what it depends on
        task: Option<String>,
    },
    /// Say why a task would run, to the exact value
    ///
    /// For a task and everything it depends on: up to date, or the field, input or output that changed, old and new.
    /// Nothing is run and nothing is changed.
    Explain {
        /// A task or a verb such as pki
        #[arg(required = true, value_name = "TASK")]
        tasks: Vec<String>,
    },
    /// Find what ran when, in the last run
    ///
    /// The last run that did something, as Perfetto (ui.perfetto.dev) and chrome://tracing read it.
    Trace {
        /// Write it there
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Prove the project: lints, docs, tests
    ///
    /// Formatting, lints, documentation, dependencies and tests: what a build machine runs. --list shows the steps.
    Test {
        /// List the steps instead
        #[arg(long)]
        list: bool,
        /// Only these steps
        #[arg(value_name = "STEP")]
        steps: Vec<String>,
    },
    /// Print completions for a shell
    ///
    /// They are for a command called xtask: `alias xtask='cargo xtask'` makes it one.
    Completions {
        /// Which one
        shell: Shell,
    },
}

/// What can be done with the NixOS configuration before a machine exists.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum NixVerb {
    /// Parse and lint every module, and evaluate every node
    Check,
    /// Show a unit or a file as a node will have it
    Show {
        /// Which node
        node: String,
        /// Such as kube-apiserver or /etc/hosts; without it, the list of them
        #[arg(value_name = "UNIT")]
        page: Option<String>,
    },
    /// Show what changed since the nodes were staged, unit by unit
    Diff {
        /// Only these nodes
        #[arg(value_name = "NODE")]
        nodes: Vec<String>,
    },
}

/// Which certificates to renew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Renew {
    /// Those with fewer than CERT_RENEW_DAYS days left
    Ending,
    /// All but the authorities
    All,
}

/// How to draw a graph.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Graphviz
    #[default]
    Dot,
    /// Mermaid, as Markdown viewers draw it
    Mermaid,
    /// An array of tasks
    Json,
}

/// Shells with completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    /// GNU bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}
