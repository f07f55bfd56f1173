//! Values of the network: addresses, ranges, MAC addresses.
//!
//! Knows which parts of the address space nobody may use, not what the ranges are for.

use std::net::Ipv4Addr;

use super::{Problem, Value};
use crate::config::types::{Cidr, CidrError, Mac};

/// Parts of the address space (RFC 6890) that no machine can be given.
const SPECIAL: [(&str, &str); 5] = [
    ("0.0.0.0/8", "the addresses of no machine in particular"),
    ("127.0.0.0/8", "loopback: every machine takes it for itself"),
    ("169.254.0.0/16", "link-local: never routed, and where clouds keep their metadata"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved, the broadcast address included"),
];

/// A range that can be used, of a sane size.
pub(super) fn range(text: &str, shortest: u8, longest: u8) -> Result<Value, Problem> {
    let sizes = format!("from /{shortest} to /{longest}");
    let cidr: Cidr = text.parse().map_err(|error| match error {
        CidrError::HostBits(meant) => Problem::new(
            "is an address with a prefix, not a range",
            "bits are set to the right of the prefix",
            format!("write `{meant}`, which is the range that holds this address"),
        ),
        CidrError::Syntax => Problem::new(
            "is not an IPv4 range",
            "not of the form a.b.c.d/n",
            format!("write an address and a prefix length {sizes}"),
        ),
    })?;
    if cidr.prefix() < shortest || cidr.prefix() > longest {
        let label = if cidr.prefix() < shortest { "too large a range" } else { "too small a range" };
        return Err(Problem::new(
            format!("has a prefix length that is not {sizes}"),
            format!("{label}: {} addresses", cidr.len()),
            format!("write a prefix length {sizes}"),
        ));
    }
    match special(cidr) {
        Some(why) => {
            Err(Problem::new("holds addresses that no machine can have", why, "use a private range (RFC 1918)"))
        }
        None => Ok(Value::Cidr(cidr)),
    }
}

fn special(cidr: Cidr) -> Option<&'static str> {
    SPECIAL.iter().find_map(|&(range, why)| {
        let range: Cidr = range.parse().expect("BUG: the table holds ranges");
        cidr.overlaps(range).then_some(why)
    })
}

/// A single address; that it lies in the right range is checked with the range.
pub(super) fn address(text: &str) -> Result<Value, Problem> {
    text.parse::<Ipv4Addr>().map(Value::Address).map_err(|_| {
        let label = match text.split_once('/') {
            Some((address, _)) if address.parse::<Ipv4Addr>().is_ok() => "a range, and one address is wanted",
            _ => "not of the form a.b.c.d",
        };
        Problem::new(
            "is not an IPv4 address",
            label,
            "write four numbers from 0 to 255 with dots between, without zeros in front",
        )
    })
}

/// A MAC address that one station can have.
pub(super) fn mac(text: &str) -> Result<Value, Problem> {
    let help = "write six pairs of hex digits with colons between; `52:54:00:` is QEMU's own beginning";
    let mac: Mac =
        text.parse().map_err(|()| Problem::new("is not a MAC address", "not six pairs of hex digits", help))?;
    if mac == Mac([0; 6]) {
        return Err(Problem::new("is the MAC address of nobody", "all zero", help));
    }
    if !mac.is_unicast() {
        return Err(Problem::new(
            "is a group address",
            "the lowest bit of the first byte is set",
            format!("write `{:02x}` as the first byte, or another even number", mac.0[0] & !1),
        )
        .because("a switch floods frames to a group address; a machine cannot have one"));
    }
    Ok(Value::Mac(mac))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_sane() {
        for (text, what) in [
            ("10.1.2.3/24", "not a range"),
            ("10.1.2.0", "not an IPv4 range"),
            ("10.0.0.0/4", "not a range"),
            ("0.0.0.0/4", "prefix length"),
            ("10.0.0.0/30", "prefix length"),
            ("127.1.0.0/16", "no machine"),
            ("168.0.0.0/7", "prefix length"),
            ("169.0.0.0/8", "no machine"),
            ("224.1.0.0/16", "no machine"),
            ("255.255.255.0/24", "no machine"),
        ] {
            let problem = range(text, 8, 29).unwrap_err();
            assert!(problem.what.contains(what), "{text}: {}", problem.what);
        }
        assert!(range("172.20.0.0/16", 8, 29).is_ok());
    }

    #[test]
    fn addresses_have_four_parts_and_no_prefix() {
        for text in ["10.1.2", "10.1.2.3/24", "10.1.2.300", "10.1.2.03", "::1", "host"] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn group_addresses_are_mended() {
        assert!(mac("53:54:00:00:00:01").unwrap_err().help.contains("`52`"));
        assert!(mac("00:00:00:00:00:00").is_err());
        assert!(mac("52:54:00:00:00:01").is_ok());
    }
}
