//! Where every verb stands in the list that `cargo xtask` prints. The grammar says what a verb is.

use clap::CommandFactory as _;

use super::args::Cli;

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
    ("stage", Section::Nodes),
    ("nix", Section::Nodes),
    ("config", Section::Tools),
    ("tasks", Section::Tools),
    ("graph", Section::Tools),
    ("explain", Section::Tools),
    ("trace", Section::Tools),
    ("test", Section::Tools),
    ("completions", Section::Tools),
];

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
