//! The grammar of the command line, and nothing of what it does.

use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

/// Where a verb stands in the list that `cargo xtask` prints, and in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// From nothing to a cluster and back.
    Lifecycle,
    /// Credentials.
    Pki,
    /// Machines.
    Nodes,
    /// What an operator does with a running cluster.
    DayTwo,
    /// What runs in the cluster.
    AddOns,
    /// About this tool and its configuration.
    Tools,
}

impl Section {
    /// In the order in which they are shown; those without a verb yet are shown as such.
    pub(super) const ALL: [Section; 6] =
        [Section::Lifecycle, Section::Pki, Section::Nodes, Section::DayTwo, Section::AddOns, Section::Tools];

    /// Its heading.
    pub(super) fn title(self) -> &'static str {
        match self {
            Section::Lifecycle => "Lifecycle",
            Section::Pki => "PKI",
            Section::Nodes => "Nodes",
            Section::DayTwo => "Day two",
            Section::AddOns => "Add-ons",
            Section::Tools => "Tools",
        }
    }
}

/// The section of every verb; a test holds it against the grammar.
const SECTIONS: &[(&str, Section)] = &[
    ("all", Section::Lifecycle),
    ("check", Section::Lifecycle),
    ("run", Section::Lifecycle),
    ("clean", Section::Lifecycle),
    ("clobber", Section::Lifecycle),
    ("pki", Section::Pki),
    ("certs", Section::Pki),
    ("kubeconfigs", Section::Pki),
    ("encryption", Section::Pki),
    ("ssh-key", Section::Pki),
    ("config", Section::Tools),
    ("tasks", Section::Tools),
    ("graph", Section::Tools),
    ("explain", Section::Tools),
    ("trace", Section::Tools),
    ("test", Section::Tools),
    ("completions", Section::Tools),
];

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
    /// Build everything, from nothing, as far as it is built today
    All,
    /// Look for everything this host needs, and say how to get what is missing
    Check {
        /// Install what is missing with the system's package manager, after showing the command and asking
        #[arg(long)]
        fix: bool,
    },
    /// Run tasks by their full names (`tasks` lists them)
    Run {
        /// Names such as pki/kubernetes
        #[arg(required = true, value_name = "TASK")]
        tasks: Vec<String>,
    },
    /// Remove everything that was generated for this cluster, except its disks
    Clean,
    /// Remove everything of this cluster, disks included
    Clobber,
    /// Make every credential: certificates, kubeconfigs, encryption key, ssh key
    Pki {
        /// Show every certificate, who signed it, what it is for and when it ends
        #[arg(long, conflicts_with = "renew")]
        show: bool,
        /// Reissue certificates that end soon (or all of them) under the same authorities
        #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "ending")]
        renew: Option<Renew>,
    },
    /// Make the certificates and keys only
    Certs,
    /// Make the kubeconfigs, and the certificates in them
    Kubeconfigs,
    /// Make the key that secrets are encrypted with in etcd
    Encryption,
    /// Make the key pair that opens the nodes
    SshKey,
    /// Show the whole cluster as it follows from its description
    Config,
    /// List every verb and every task
    Tasks,
    /// Draw the tasks and what they depend on
    Graph {
        /// How to draw
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        /// Only this task and what it depends on
        task: Option<String>,
    },
    /// Say why a task would run, down to the value that changed
    Explain {
        /// A task or a verb such as pki
        #[arg(required = true, value_name = "TASK")]
        tasks: Vec<String>,
    },
    /// Find the trace of the last run that did something: what ran when, for Perfetto
    Trace {
        /// Write it there
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Prove the project: formatting, lints, documentation, dependencies, tests
    Test {
        /// List the steps instead
        #[arg(long)]
        list: bool,
        /// Only these steps
        #[arg(value_name = "STEP")]
        steps: Vec<String>,
    },
    /// Print completions for a shell
    Completions {
        /// Which one
        shell: Shell,
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

/// Name, section and one line of every verb, in the order of the table.
pub(super) fn verbs() -> Vec<(String, Section, String)> {
    let grammar = Cli::command();
    let about = |name: &str| {
        let verb = grammar.find_subcommand(name);
        verb.and_then(|verb| verb.get_about()).map(ToString::to_string).unwrap_or_default()
    };
    SECTIONS.iter().map(|(name, section)| ((*name).to_string(), *section, about(name))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_has_a_section_and_every_section_entry_is_a_verb() {
        let grammar = Cli::command();
        let verbs: BTreeSet<&str> = grammar.get_subcommands().map(clap::Command::get_name).collect();
        let listed: BTreeSet<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
        assert_eq!(verbs, listed);
    }
}
