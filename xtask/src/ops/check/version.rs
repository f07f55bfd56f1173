//! Version numbers in what programs print about themselves.
//!
//! It knows digits and dots, and no program.

use std::fmt;

/// A version as far as it can be compared, and as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    text: String,
}

impl Version {
    /// The first `digits.digits[.digits...]` of a text: `QEMU emulator version 8.2.2 (...)`, `OpenSSH_9.6p1 ...`.
    pub fn first_in(text: &str) -> Option<Version> {
        text.split(|c: char| !c.is_ascii_digit() && c != '.').find_map(|word| {
            let text = word.trim_matches('.');
            let mut numbers = text.split('.').map(str::parse);
            let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else { return None };
            Some(Version { major, minor, text: text.to_string() })
        })
    }

    /// Whether it is that version or a later one.
    pub fn at_least(&self, (major, minor): (u32, u32)) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_say_of_themselves() {
        let cases = [
            ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright (c) 2003-2022 ...", "7.2.22"),
            ("QEMU emulator version 8.2.2 (Debian 1:8.2.2+ds-0ubuntu1.4)", "8.2.2"),
            ("QEMU emulator version 9.1.3 (qemu-9.1.3-2.fc41)", "9.1.3"),
            ("QEMU emulator version 10.0.50 (v10.0.0-1-gabcdef1)", "10.0.50"),
            ("QEMU emulator version 6.2.0(openSUSE Leap 15.4)", "6.2.0"),
            ("qemu-img version 9.2.0\nCopyright (c) 2003-2024 Fabrice Bellard", "9.2.0"),
            ("OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19 27 Jan 2026", "9.2"),
            ("OpenSSH_9.9p2, LibreSSL 3.3.6", "9.9"),
            ("Client Version: v1.30.1\nKustomize Version: v5.0.4", "1.30.1"),
            ("Client Version: version.Info{Major:\"1\", Minor:\"20\", GitVersion:\"v1.20.5\"}", "1.20.5"),
            ("nix (Nix) 2.8.0", "2.8.0"),
        ];
        for (text, version) in cases {
            assert_eq!(Version::first_in(text).map(|v| v.to_string()).as_deref(), Some(version), "{text}");
        }
        for text in ["", "command not found", "version 7", "7.", "99999999999.1"] {
            assert_eq!(Version::first_in(text), None, "{text}");
        }
    }

    #[test]
    fn ten_comes_after_nine() {
        let version = |text| Version::first_in(text).unwrap();
        assert!(version("10.0").at_least((7, 2)) && version("7.2.0").at_least((7, 2)));
        assert!(!version("7.1.9").at_least((7, 2)) && !version("6.10").at_least((7, 2)));
    }
}
