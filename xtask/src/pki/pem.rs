//! PEM, the strict way: one block, nothing before or after it, lines of 64 characters.
//!
//! It knows the envelope only, not what is in it. It is strict because a file that somebody edited must not pass for
//! the one that was written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Characters in a line, by RFC 7468.
const WIDTH: usize = 64;

/// Label of a certificate.
pub(super) const CERTIFICATE: &str = "CERTIFICATE";
/// Label of a private key in PKCS#8.
pub(super) const PRIVATE_KEY: &str = "PRIVATE KEY";
/// Label of a public key (SubjectPublicKeyInfo).
pub(super) const PUBLIC_KEY: &str = "PUBLIC KEY";

/// The text of one block.
pub(super) fn encode(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for start in (0..body.len()).step_by(WIDTH) {
        text.push_str(&body[start..body.len().min(start + WIDTH)]);
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

/// What a text holds, if it is byte for byte what [`encode`] would have written.
pub(super) fn decode(label: &str, text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let body = text.strip_prefix(&format!("-----BEGIN {label}-----\n"))?;
    let body = body.strip_suffix(&format!("-----END {label}-----\n"))?;
    let der = STANDARD.decode(body.replace('\n', "")).ok()?;
    (encode(label, &der) == text).then_some(der)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_decodes_and_nothing_else_does() {
        for length in [0, 1, 47, 48, 49, 96, 500] {
            let der = vec![0xA5; length];
            let text = encode(CERTIFICATE, &der);
            assert!(text.lines().all(|line| line.len() <= WIDTH));
            assert_eq!(decode(CERTIFICATE, text.as_bytes()), Some(der));
        }
        let good = encode(PRIVATE_KEY, &[7; 100]);
        let bad = [
            format!("# mine\n{good}"),
            format!("{good}{good}"),
            format!("{good}\n"),
            good.replace('\n', "\r\n"),
            good.replacen('\n', "", 2),
            good[..good.len() - 30].to_string(),
            encode(PUBLIC_KEY, &[7; 100]),
            String::new(),
        ];
        for text in bad {
            assert_eq!(decode(PRIVATE_KEY, text.as_bytes()), None, "{text}");
        }
        assert_eq!(decode(PRIVATE_KEY, &[0xFF, 0xFE]), None);
    }
}
