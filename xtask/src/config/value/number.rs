//! Values that are numbers: sizes, counts, ports.
//!
//! Knows units and limits, not what has the size.

use super::{Outcome, Problem, Value};

/// Below this a machine does not boot, or kills what it was made for.
const LEAST_MEMORY: u32 = 1024;
/// Below this NixOS, Kubernetes and a few pods do not fit together.
const SCANT_MEMORY: u32 = 2048;
/// The first port that needs no root.
const FIRST_FREE_PORT: u32 = 1024;

/// MiB of memory.
pub(super) fn memory(text: &str) -> Outcome {
    let help = "write MiB, or a number with `M` or `G`, such as `4G`";
    let Some(mib) = mebibytes(text, true) else {
        return Err(Problem::new("is not an amount of memory", "not a number of MiB", help)).into();
    };
    let amount = format!("{mib} MiB");
    if mib < LEAST_MEMORY {
        let help = format!("write at least `{LEAST_MEMORY}`; plain numbers are MiB");
        let problem = Problem::new(format!("is less than {LEAST_MEMORY} MiB"), amount, help);
        return Err(problem.because("NixOS does not boot into a working Kubernetes node with so little memory")).into();
    }
    let scant = (mib < SCANT_MEMORY).then(|| {
        let help = format!("give it `{SCANT_MEMORY}` or more if this host has it");
        let problem = Problem::new(format!("is less than {SCANT_MEMORY} MiB"), amount, help);
        problem.because("it works, but the kernel will end processes when a few pods run").warning()
    });
    Outcome { value: Some(Value::Number(mib)), problems: scant.into_iter().collect() }
}

/// MiB of disk. A bare number is refused: what is MiB to one is bytes or GB to another.
pub(super) fn size(text: &str, least: u32) -> Result<Value, Problem> {
    let least_text = human(least);
    let help = format!("write a number with `M`, `G` or `T`, at least `{least_text}`");
    match mebibytes(text, false) {
        Some(mib) if mib >= least => Ok(Value::Number(mib)),
        Some(_) => Err(Problem::new(format!("is less than {least_text}"), "too small", help)),
        None if is_number(text) => {
            Err(Problem::new("has no unit", "MiB? GiB?", format!("write `{text}G` or `{text}M`")))
        }
        None => Err(Problem::new("is not a size", "not a number with a unit", help)),
    }
}

/// A whole number in a range.
pub(super) fn count(text: &str, min: u32, max: u32, of: &str) -> Result<Value, Problem> {
    let number = Some(text).filter(|text| is_number(text)).and_then(|text| text.parse().ok());
    number.filter(|number| (min..=max).contains(number)).map(Value::Number).ok_or_else(|| {
        let label = match number {
            Some(number) if number < min => "too few",
            None if !is_number(text) => "not a whole number",
            _ => "too many",
        };
        Problem::new(
            format!("is not a number of {of} from {min} to {max}"),
            label,
            format!("write a whole number from {min} to {max}"),
        )
    })
}

/// A port of this host's loopback, or one of a node that is also forwarded.
pub(super) fn port(text: &str) -> Result<Value, Problem> {
    let range = format!("from {FIRST_FREE_PORT} to {}", u16::MAX);
    let problem =
        |label: &str| Problem::new(format!("is not a port {range}"), label, format!("write a whole number {range}"));
    if !is_number(text) {
        return Err(problem("not a whole number"));
    }
    match text.parse::<u32>() {
        Ok(port) if port < FIRST_FREE_PORT => {
            let cause = format!("ports below {FIRST_FREE_PORT} need root, and nothing here runs as root");
            Err(problem("too low").because(cause))
        }
        Ok(port) => u16::try_from(port).map(Value::Port).map_err(|_| problem("too high")),
        Err(_) => Err(problem("too high")),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Reads `3000`, `3000M`, `3G`, `3GiB`, `1T`; `None` if it is none of these or does not fit.
fn mebibytes(text: &str, bare: bool) -> Option<u32> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "" if bare => 1,
        "M" | "MiB" => 1,
        "G" | "GiB" => 1024,
        "T" | "TiB" => 1024 * 1024,
        _ => return None,
    };
    number.parse::<u32>().ok()?.checked_mul(factor)
}

fn human(mib: u32) -> String {
    if mib.is_multiple_of(1024) { format!("{}G", mib / 1024) } else { format!("{mib}M") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_mebibytes() {
        for (text, bare, mib) in [
            ("3000", true, Some(3000)),
            ("3000", false, None),
            ("7G", false, Some(7168)),
            ("7GiB", true, Some(7168)),
            ("1T", false, Some(1 << 20)),
            ("300M", false, Some(300)),
            ("7g", true, None),
            ("7GB", true, None),
            ("G", true, None),
            ("-1", true, None),
            ("4096T", false, None),
            ("99999999999", true, None),
        ] {
            assert_eq!(mebibytes(text, bare), mib, "{text}");
        }
    }

    #[test]
    fn a_size_without_a_unit_gets_one_proposed() {
        assert_eq!(size("30", 128).unwrap_err().help, "write `30G` or `30M`");
        assert_eq!(size("300M", 128), Ok(Value::Number(300)));
        assert_eq!(size("3G", 4096).unwrap_err().what, "is less than 4G");
    }

    #[test]
    fn scant_memory_is_allowed_and_said() {
        let outcome = memory("1500");
        assert_eq!(outcome.value, Some(Value::Number(1500)));
        assert_eq!(outcome.problems.len(), 1);
        assert!(memory("3G").problems.is_empty());
        assert!(memory("1023").value.is_none());
    }

    #[test]
    fn ports_stay_where_no_root_is_needed() {
        for (text, label) in
            [("22", "too low"), ("65536", "too high"), ("99999999999", "too high"), ("x", "not a whole number")]
        {
            assert_eq!(port(text).unwrap_err().label, label, "{text}");
        }
        assert_eq!(port("1024"), Ok(Value::Port(1024)));
        assert_eq!(port("65535"), Ok(Value::Port(65535)));
    }
}
