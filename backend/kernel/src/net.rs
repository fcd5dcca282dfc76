//! Networks of IP addresses, for lists of who may send.

use std::{fmt, net::IpAddr};

/// An address, or a network in CIDR notation (RFC 4632, RFC 4291).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    address: IpAddr,
    bits: u8,
}

impl Net {
    /// `10.0.0.1`, `10.0.0.0/8`, `fe80::/10`; or why it is none.
    pub fn parse(text: &str) -> Result<Net, &'static str> {
        let text = text.trim();
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr =
            address.parse().map_err(|_| "must be an IP address, or a network as 10.1.0.0/16")?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let digits = |b: &str| b.bytes().all(|b| b.is_ascii_digit());
        let bits = match bits {
            None => most,
            Some(b) => b
                .parse()
                .ok()
                .filter(|n| *n <= most && digits(b))
                .ok_or("the number behind / must be from 0 to 32, or to 128 for IPv6")?,
        };
        let net = Net { address, bits };
        if net.masked(address) != number(address).0 {
            return Err("the address has bits behind the network's length");
        }
        Ok(net)
    }

    /// Whether an address lies in it. An IPv4 address that is written as IPv6 is the IPv4 address.
    pub fn holds(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && self.masked(address) == self.masked(self.address)
    }

    /// The network's part of an address, as a number.
    fn masked(&self, address: IpAddr) -> u128 {
        let (number, width) = number(address);
        let shift = u32::from(width - self.bits);
        number.checked_shr(shift).unwrap_or(0).checked_shl(shift).unwrap_or(0)
    }
}

/// An address as a number, and its bits.
fn number(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(a) => (u128::from(a.to_bits()), 32),
        IpAddr::V6(a) => (a.to_bits(), 128),
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = if self.address.is_ipv4() { 32 } else { 128 };
        match self.bits == most {
            true => write!(f, "{}", self.address),
            false => write!(f, "{}/{}", self.address, self.bits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_its_networks_and_no_other() {
        for (net, inside, outside) in [
            ("10.1.0.0/16", "10.1.255.1", "10.2.0.1"),
            ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("10.1.0.0/16", "::ffff:10.1.2.3", "::a01:203"),
            ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
            ("::/0", "2001:db8::1", "203.0.113.9"),
            ("2001:db8::/32", "2001:db8:1::9", "2001:db9::1"),
            ("fe80::/10", "febf::1", "fec0::1"),
        ] {
            let found = Net::parse(net).unwrap();
            assert!(found.holds(inside.parse().unwrap()), "{inside} in {net}");
            assert!(!found.holds(outside.parse().unwrap()), "{outside} not in {net}");
            assert_eq!(found.to_string(), net);
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in
            ["", "example.org", "10.0.0.1/", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0.1/8", "::/129", "1.2.3"]
        {
            assert!(Net::parse(bad).is_err(), "{bad}");
        }
    }
}
