//! The environment file as text: found, small enough, UTF-8, with the line ends of Unix.
//!
//! Knows bytes, not lines.

use std::io::Read as _;
use std::path::Path;

use super::diagnostic::Diagnostic;
use super::report::Report;

/// A configuration is a few KiB; more is another file.
const LARGEST: u64 = 1024 * 1024;
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The text of the file, and what was wrong with it as a text.
pub(super) struct Text {
    pub(super) content: String,
    pub(super) report: Report,
}

/// Reads the file; `shown` is how the user named it. An error means that there is no text to go on with.
pub(super) fn read(path: &Path, shown: &Path) -> Result<Text, Report> {
    let shown = shown.display().to_string();
    let bytes = bytes(path, &shown).map_err(|mistake| alone(&shown, "", *mistake))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let lossy = String::from_utf8_lossy(&bytes);
        let at = error.valid_up_to();
        let replacement = char::REPLACEMENT_CHARACTER.len_utf8();
        alone(&shown, &lossy, not_utf8(&bytes).at(at..at + replacement, format!("the byte {:#04x}", bytes[at])))
    })?;
    if let Some(at) = text.find('\0') {
        let mistake = Diagnostic::error("there is a NUL byte in the environment file", "name a text file")
            .at(at..at + 1, "no text has this byte");
        return Err(alone(&shown, text, mistake));
    }
    Ok(clean(text, shown))
}

fn alone(shown: &str, source: &str, mistake: Diagnostic) -> Report {
    let mut report = Report::new(shown, source);
    report.push(mistake);
    report
}

fn bytes(path: &Path, shown: &str) -> Result<Vec<u8>, Box<Diagnostic>> {
    let meta = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Diagnostic::error(
            format!("there is no environment file `{shown}`"),
            "name another with `--env-file`, or get the one of the repository back with `git checkout cluster.env`",
        ),
        _ => unreadable(shown, &error),
    })?;
    if meta.is_dir() {
        let help = format!("name the file in it, such as `{shown}/cluster.env`");
        return Diagnostic::error(format!("the environment file `{shown}` is a directory"), help).refuse();
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| unreadable(shown, &error))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(shown, &error))?;
    if bytes.len() as u64 > LARGEST {
        let message = format!("the environment file `{shown}` is larger than {} MiB", LARGEST / (1024 * 1024));
        return Diagnostic::error(message, "name a file of `KEY=VALUE` lines; this one is something else").refuse();
    }
    Ok(bytes)
}

fn unreadable(shown: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(
        format!("the environment file `{shown}` cannot be read"),
        "make it readable for yourself, or name another with `--env-file`",
    )
    .because(error.to_string())
}

fn not_utf8(bytes: &[u8]) -> Diagnostic {
    let sixteen = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let help = if sixteen {
        "save the file as UTF-8; it looks like UTF-16, which some editors call Unicode"
    } else {
        "save the file as UTF-8; plain ASCII is UTF-8 too"
    };
    Diagnostic::error("the environment file is not UTF-8", help)
}

/// Goes on without a byte order mark and with Unix line ends, after saying once that they are wrong.
fn clean(text: &str, shown: String) -> Text {
    let bare = text.strip_prefix(BYTE_ORDER_MARK);
    let marked = bare.is_some();
    let text = bare.unwrap_or(text);
    let windows = text.find("\r\n");
    let content = text.replace("\r\n", "\n");
    let mut report = Report::new(shown, &content);
    if marked {
        report.push(
            Diagnostic::error("the file begins with a byte order mark", "save it as UTF-8 without one")
                .at(0..0, "before this, and invisible")
                .because("a shell takes the mark for a part of the first line"),
        );
    }
    if let Some(at) = windows {
        report.push(
            Diagnostic::error(
                "the file has the line ends of Windows (CRLF)",
                "convert it, for instance with `sed -i 's/\\r$//'`",
            )
            .at(at..at, "the first one")
            .because("a shell takes the carriage return for a part of every value"),
        );
    }
    Text { content, report }
}
