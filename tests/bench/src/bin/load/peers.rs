//! The server's end of connections, from `/proc/net/tcp`.

use std::collections::HashSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};

use crate::failure::Failure;

/// Returns the number of these clients that the server keeps open. A client that does not read cannot see that itself:
/// data sent before the close comes before the end of file.
pub(crate) fn open(port: u16, clients: &HashSet<SocketAddrV4>) -> Result<usize, Failure> {
    let table = fs::read_to_string("/proc/net/tcp").map_err(|error| Failure::Io("/proc/net/tcp", error))?;
    // Servers that listen on `::` are in the other file, which may be missing.
    let other = fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    let lines = table.lines().chain(other.lines());
    // A table that changes while it is read may list a connection twice.
    let open: HashSet<_> = lines.filter_map(|line| peer(line, port)).collect();
    Ok(open.intersection(clients).count())
}

/// Returns the remote end of an established connection of this port: proc(5), `local_address`, `rem_address`, `st`.
fn peer(line: &str, port: u16) -> Option<SocketAddrV4> {
    let mut columns = line.split_ascii_whitespace().skip(1);
    let (local, remote, state) = (columns.next()?, columns.next()?, columns.next()?);
    let (_, local) = address(local)?;
    let (ip, remote) = address(remote)?;
    (local == port && state == "01").then(|| SocketAddrV4::new(ip, remote))
}

/// Parses `0100007F:1F90`, in the byte order of this machine. An IPv4 address mapped to IPv6 has it as its last 8
/// digits.
fn address(text: &str) -> Option<(Ipv4Addr, u16)> {
    let (ip, port) = text.split_once(':')?;
    let ip = ip.get(ip.len().checked_sub(8)?..)?;
    let ip = u32::from_str_radix(ip, 16).ok()?;
    Some((Ipv4Addr::from(ip.to_ne_bytes()), u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn only_established_connections_of_the_port_count() {
        let mapped = "0: 0000000000000000FFFF00000200007F:1F90 0000000000000000FFFF00000300007F:0050 01 0:0";
        let expected = SocketAddrV4::new(Ipv4Addr::from(0x0300_007F_u32.to_ne_bytes()), 80);
        assert_eq!(peer(mapped, 8080), Some(expected));
        assert_eq!(peer(mapped, 8081), None);
        assert_eq!(peer(&mapped.replace(" 01 ", " 04 "), 8080), None);
        assert_eq!(peer("  sl  local_address rem_address   st tx_queue", 8080), None);
    }

    #[test]
    fn a_connection_is_open_until_the_server_closes() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        let std::net::SocketAddr::V4(own) = client.local_addr().unwrap() else { panic!("IPv4") };
        let (server, _) = listener.accept().unwrap();
        let clients = HashSet::from([own]);
        assert_eq!(open(address.port(), &clients).unwrap(), 1);
        drop(server);
        assert_eq!(open(address.port(), &clients).unwrap(), 0);
    }
}
