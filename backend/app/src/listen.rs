//! The sockets of the listener for syslog. With `serve` and the window's own, all ports that this program binds.

use server::siem::Sockets;
use std::{
    io,
    net::{SocketAddr, TcpListener, UdpSocket},
};

/// Tries to find a port that is free for both.
const TRIES: usize = 16;

/// UDP and TCP on one port; a free one where it is 0.
pub(crate) fn bind(address: SocketAddr) -> io::Result<Sockets> {
    let tries = if address.port() == 0 { TRIES } else { 1 };
    let mut failed = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..tries {
        let tcp = TcpListener::bind(address)?;
        match udp(tcp.local_addr()?) {
            Ok(udp) => return Ok(Sockets { udp, tcp }),
            Err(e) => failed = e,
        }
    }
    Err(failed)
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one UDP socket: it receives, and nothing is ever sent by it"
)]
fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    UdpSocket::bind(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_have_the_same_port_and_a_taken_one_is_refused() {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let first = bind(loopback).unwrap();
        let address = first.udp.local_addr().unwrap();
        assert_eq!(first.tcp.local_addr().unwrap(), address);
        assert_eq!(bind(address).err().map(|e| e.kind()), Some(io::ErrorKind::AddrInUse));
    }
}
