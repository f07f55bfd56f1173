//! The binary: hands the command line to [`xtask::cli`] and returns its exit code. Knows nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    xtask::cli::main()
}
