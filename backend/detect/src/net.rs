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

    /// Whether the text is an address in this network.
    pub fn holds(&self, text: &str) -> bool {
        match (self, text.trim().parse()) {
            (Net::V4(net, mask), Ok(IpAddr::V4(a))) => a.to_bits() & mask == *net,
            (Net::V6(net, mask), Ok(IpAddr::V6(a))) => a.to_bits() & mask == *net,
            _ => false,
        }
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
        for bad in ["300.1.1.0/24", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "", "a/8"] {
            assert!(Net::parse(bad).is_err(), "{bad}");
        }
    }
}
