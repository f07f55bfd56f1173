//! Just enough of URLs: the parts that can be checked without a network, and the password that must not be shown.
//!
//! It does not know what a URL is for, and never resolves or dials anything.

use std::ops::Range;

/// The parts of `scheme://user:password@host:port/path` that the configuration has rules for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Url<'a> {
    pub(super) scheme: &'a str,
    pub(super) host: &'a str,
}

/// Why a text is no URL, in words that complete "it ...".
pub(super) fn parse(text: &str) -> Result<Url<'_>, String> {
    let (scheme, rest) = text.split_once("://").ok_or("does not begin with `http://` or `https://`")?;
    if scheme != "http" && scheme != "https" {
        return Err(format!("begins with `{scheme}://`, and only `http://` and `https://` are understood"));
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("holds a blank".into());
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
    let (host, port) = split_port(address)?;
    if host.is_empty() {
        return Err("names no host".into());
    }
    if !is_host(host) {
        return Err(format!("names a host that cannot exist: `{host}`"));
    }
    match port {
        Some(port) if !port.bytes().all(|b| b.is_ascii_digit()) || port.parse::<u16>().unwrap_or(0) == 0 => {
            Err(format!("has a port that is not a number from 1 to 65535: `{port}`"))
        }
        _ => Ok(Url { scheme, host }),
    }
}

/// Host and port; the colons of an IPv6 address in brackets separate nothing.
fn split_port(address: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(rest) = address.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or("opens a bracket that is never closed")?;
        return match port.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if port.is_empty() => Ok((host, None)),
            None => Err(format!("goes on with `{port}` after the bracket")),
        };
    }
    Ok(address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port))))
}

/// A DNS name, an IPv4 address or an IPv6 address, by its characters.
pub(super) fn is_host(host: &str) -> bool {
    let name = host.split('.').all(|label| {
        let inner = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
    });
    name || host.parse::<std::net::Ipv6Addr>().is_ok()
}

/// Where the password of `scheme://user:password@host` stands, also when the scheme was forgotten.
pub(super) fn password(text: &str) -> Option<Range<usize>> {
    let start = text.find("://").map_or(0, |at| at + "://".len());
    let end = text.find(" #").unwrap_or(text.len());
    // The last one: a password that holds an `@` itself is a mistake, but not one to make public.
    let at = start + text.get(start..end)?.rfind('@')?;
    let colon = start + text[start..at].find(':')?;
    (colon + 1 < at).then_some(colon + 1..at)
}

/// The text with `***` in place of the password of a URL, if it has one.
pub fn mask_password(text: &str) -> String {
    match password(text) {
        Some(span) => format!("{}***{}", &text[..span.start], &text[span.end..]),
        None => text.to_string(),
    }
}

/// A whole environment file with passwords starred out, byte for byte, so that every offset stays true.
pub(super) fn mask_source(source: &str) -> String {
    source.split('\n').map(mask_line).collect::<Vec<_>>().join("\n")
}

fn mask_line(line: &str) -> String {
    let value = line.find('=').map_or(line.len(), |at| at + 1);
    match password(&line[value..]) {
        Some(span) => {
            let (start, end) = (value + span.start, value + span.end);
            format!("{}{}{}", &line[..start], "*".repeat(end - start), &line[end..])
        }
        None => line.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found() {
        for (text, host) in [
            ("http://proxy.corp:3128", "proxy.corp"),
            ("https://me:pa:ss@proxy/x?y#z", "proxy"),
            ("http://[fd00::1]:80/", "fd00::1"),
            ("https://10.1.2.3", "10.1.2.3"),
        ] {
            assert_eq!(parse(text).map(|u| u.host), Ok(host), "{text}");
        }
    }

    #[test]
    fn what_is_no_url_says_why() {
        for (text, why) in [
            ("proxy:3128", "does not begin"),
            ("socks5://proxy", "begins with `socks5://`"),
            ("http://", "no host"),
            ("http://:80", "no host"),
            ("http://a b", "blank"),
            ("http://proxy:0", "port"),
            ("http://proxy:70000", "port"),
            ("http://proxy:", "port"),
            ("http://pro$xy", "cannot exist"),
            ("http://[fd00::1", "never closed"),
            ("http://[fd00::1]x", "after the bracket"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn passwords_are_masked_wherever_they_stand() {
        assert_eq!(mask_password("http://me:secret@proxy:80"), "http://me:***@proxy:80");
        assert_eq!(mask_password("me:se@cret@proxy:80"), "me:***@proxy:80");
        assert_eq!(mask_password("http://proxy:80"), "http://proxy:80");
        let source = "A=1\nPROXY_HTTP='http://me:sécret@proxy:80' # ask it@corp\n";
        let masked = mask_source(source);
        assert_eq!(masked, "A=1\nPROXY_HTTP='http://me:*******@proxy:80' # ask it@corp\n");
        assert_eq!(masked.len(), source.len());
    }
}
