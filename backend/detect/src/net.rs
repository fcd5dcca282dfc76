//! Address ranges for `cidr`.

use crate::sigma::error::quote;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network, with the mask applied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Net {
    V4(u32, u32),
    V6(u128, u128),
}

impl Net {
    /// `10.0.0.0/8`, `fe80::/10`, or one address. Bits outside the mask are refused.
    pub fn parse(text: &str) -> Result<Net, String> {
        let bad = |why: &str| format!("{} is not a network: {why}", quote(text));
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.trim().parse().map_err(|_| bad("not an IPv4 or IPv6 address"))?;
        let bits: u32 = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(p) => {
                p.parse().ok().filter(|p| *p <= bits).ok_or_else(|| bad("the prefix is out of range"))?
            }
        };
        let net = match address {
            IpAddr::V4(a) => Net::V4(a.to_bits(), u32::MAX.checked_shl(32 - prefix).unwrap_or(0)),
            IpAddr::V6(a) => Net::V6(a.to_bits(), u128::MAX.checked_shl(128 - prefix).unwrap_or(0)),
        };
        match net {
            Net::V4(a, m) if a & !m != 0 => {
                Err(bad(&format!("write {}/{prefix}", Ipv4Addr::from_bits(a & m))))
            }
            Net::V6(a, m) if a & !m != 0 => {
                Err(bad(&format!("write {}/{prefix}", Ipv6Addr::from_bits(a & m))))
            }
            net => Ok(net),
        }
    }

    /// Whether the text is an address in this network. An IPv4 address in the form of IPv6 (RFC 4291, 2.5.5.2) is of
    /// the networks of both; a zone (RFC 4007, 11) is no part of the address.
    pub fn holds(&self, text: &str) -> bool {
        let Some(address) = address(text) else { return false };
        match (self, address) {
            (Net::V4(net, mask), IpAddr::V4(a)) => a.to_bits() & mask == *net,
            (Net::V6(net, mask), IpAddr::V6(a)) => a.to_bits() & mask == *net,
            (Net::V4(net, mask), IpAddr::V6(a)) => {
                a.to_ipv4_mapped().is_some_and(|a| a.to_bits() & mask == *net)
            }
            (Net::V6(..), IpAddr::V4(_)) => false,
        }
    }
}

fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    match text.split_once('%') {
        Some((address, zone)) if !zone.is_empty() => address.parse().ok().map(IpAddr::V6),
        _ => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let net = Net::parse("172.16.0.0/12").unwrap();
        assert!(net.holds("172.31.255.255") && !net.holds("172.32.0.0") && !net.holds("x"));
        assert!(Net::parse("0.0.0.0/0").unwrap().holds("255.1.2.3"));
        let six = Net::parse("fe80::/10").unwrap();
        assert!(six.holds("fe80::1") && !six.holds("fec0::1") && !six.holds("10.0.0.1"));
        assert!(Net::parse("::1").unwrap().holds("::1"));
        assert!(six.holds("fe80::1%eth0") && !six.holds("fe80::1%") && !six.holds("fec0::1%eth0"));
        let ten = Net::parse("10.0.0.0/8").unwrap();
        assert!(ten.holds("::ffff:10.1.1.1") && ten.holds("::FFFF:a01:101") && !ten.holds("::ffff:11.1.1.1"));
        assert!(!ten.holds("::10.1.1.1") && !ten.holds("10.1.1.1%eth0"));
        let mapped = Net::parse("::ffff:0:0/96").unwrap();
        assert!(mapped.holds("::ffff:10.1.1.1") && !mapped.holds("10.1.1.1"));
        for bad in ["300.1.1.0/24", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "", "a/8"] {
            assert!(Net::parse(bad).is_err(), "{bad}");
        }
    }
}
