//! Reading the command line, with a suggestion for verbs that were mistyped.
//!
//! clap suggests by a measure that knows nothing of swapped letters, so that `pik` means nothing to it.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser as _};

use super::args::Cli;

/// More slips than this make another word.
const SLIPS: usize = 2;

/// The command line of this process. Help, the version and mistakes are printed, and end it.
pub(super) fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| suggest(error).exit())
}

fn suggest(mut error: clap::Error) -> clap::Error {
    let known = error.get(ContextKind::SuggestedSubcommand).is_some();
    if error.kind() == ErrorKind::InvalidSubcommand
        && !known
        && let Some(ContextValue::String(written)) = error.get(ContextKind::InvalidSubcommand)
        && let Some(meant) = nearest(written)
    {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![meant]));
    }
    error
}

fn nearest(written: &str) -> Option<String> {
    let grammar = Cli::command();
    let distance = |verb: &&str| strsim::damerau_levenshtein(verb, written);
    let nearest = grammar.get_subcommands().map(clap::Command::get_name).min_by_key(distance)?;
    // Of a short word hardly anything is left after two slips.
    let near = distance(&nearest) <= SLIPS.min(written.chars().count() / 2);
    near.then(|| nearest.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_not_another_word() {
        for (written, meant) in
            [("pik", "pki"), ("pk", "pki"), ("tset", "test"), ("chek", "check"), ("sshkey", "ssh-key")]
        {
            assert_eq!(nearest(written).as_deref(), Some(meant));
        }
        for written in ["x", "zzz", "nodes", "build"] {
            assert_eq!(nearest(written), None, "{written}");
        }
    }
}
