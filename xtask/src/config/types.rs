//! Small values that are valid once they exist: address ranges and MAC addresses.
//!
//! They know their own syntax and arithmetic, nothing of files, keys or clusters.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// An IPv4 range whose host bits are zero, such as `10.96.7.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: Ipv4Addr,
    prefix: u8,
}

impl Cidr {
    /// The first address: the network itself.
    pub fn network(self) -> Ipv4Addr {
        self.network
    }

    /// Length of the network part, 0 to 32.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// How many addresses the range has, network and broadcast included.
    pub fn len(self) -> u64 {
        1 << (32 - u32::from(self.prefix))
    }

    /// A range always has an address.
    pub fn is_empty(self) -> bool {
        false
    }

    /// The last address: the broadcast address of a subnet.
    pub fn last(self) -> Ipv4Addr {
        let size = u32::try_from(self.len() - 1).expect("BUG: a prefix is at most 32");
        Ipv4Addr::from(u32::from(self.network) | size)
    }

    /// The `n`th address of the range (0 is the network), if it is in it.
    pub fn nth(self, n: u64) -> Option<Ipv4Addr> {
        (n < self.len()).then(|| Ipv4Addr::from(u32::from(self.network) + u32::try_from(n).unwrap_or(u32::MAX)))
    }

    /// Whether the address lies in the range.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        self.network <= address && address <= self.last()
    }

    /// Whether the two ranges share an address.
    pub fn overlaps(self, other: Cidr) -> bool {
        self.contains(other.network) || other.contains(self.network)
    }
}

/// Why a text is not a [`Cidr`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CidrError {
    /// Not of the form `a.b.c.d/n`.
    Syntax,
    /// Bits to the right of the prefix are set; holds the range that was probably meant.
    HostBits(Cidr),
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address, prefix) = text.split_once('/').ok_or(CidrError::Syntax)?;
        let address: Ipv4Addr = address.parse().map_err(|_| CidrError::Syntax)?;
        let all_digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
        let prefix: u8 = prefix.parse().map_err(|_| CidrError::Syntax)?;
        if !all_digits || prefix > 32 {
            return Err(CidrError::Syntax);
        }
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        let network = Ipv4Addr::from(u32::from(address) & mask);
        let cidr = Cidr { network, prefix };
        if network == address { Ok(cidr) } else { Err(CidrError::HostBits(cidr)) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

impl Serialize for Cidr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A MAC address, shown as `52:54:00:12:34:56`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Whether the address names one station (the group bit is clear).
    pub fn is_unicast(self) -> bool {
        self.0[0] & 1 == 0
    }
}

impl FromStr for Mac {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().ok_or(())?;
            if part.len() != 2 || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(());
            }
            *byte = u8::from_str_radix(part, 16).map_err(|_| ())?;
        }
        if parts.next().is_some() { Err(()) } else { Ok(Mac(bytes)) }
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, byte) in self.0.iter().enumerate() {
            let colon = if position > 0 { ":" } else { "" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_knows_its_edges() {
        let range = cidr("10.96.7.0/24");
        assert_eq!(range.nth(1), Some(Ipv4Addr::new(10, 96, 7, 1)));
        assert_eq!(range.last(), Ipv4Addr::new(10, 96, 7, 255));
        assert_eq!(range.nth(256), None);
        assert_eq!(cidr("0.0.0.0/0").len(), 1 << 32);
        assert_eq!(cidr("0.0.0.0/0").last(), Ipv4Addr::BROADCAST);
        assert_eq!(cidr("1.2.3.4/32").last(), Ipv4Addr::new(1, 2, 3, 4));
    }

    #[test]
    fn host_bits_come_back_with_what_was_meant() {
        assert_eq!("10.96.7.10/24".parse::<Cidr>(), Err(CidrError::HostBits(cidr("10.96.7.0/24"))));
        for bad in ["10.96.7.0", "10.96.7.0/33", "10.96.7/24", "10.96.7.0/+4", "10.96.7.0/", "x/8"] {
            assert_eq!(bad.parse::<Cidr>(), Err(CidrError::Syntax), "{bad}");
        }
    }

    #[test]
    fn overlap_is_symmetric() {
        let (wide, narrow, other) = (cidr("10.0.0.0/8"), cidr("10.7.0.0/16"), cidr("172.16.0.0/12"));
        assert!(wide.overlaps(narrow) && narrow.overlaps(wide));
        assert!(!wide.overlaps(other) && !other.overlaps(wide));
    }

    #[test]
    fn macs_round_trip_and_bad_ones_do_not() {
        let mac: Mac = "52:54:00:Ab:00:01".parse().unwrap();
        assert_eq!(mac.to_string(), "52:54:00:ab:00:01");
        for bad in
            ["52:54:00:ab:00", "52:54:00:ab:00:01:02", "52:54:0:ab:00:01", "52-54-00-ab-00-01", "+2:54:00:ab:00:01"]
        {
            assert!(bad.parse::<Mac>().is_err(), "{bad}");
        }
    }
}
