use std::fmt;
use std::net::IpAddr;

use http::request::Parts;

use super::forwarded::{Forwarded, ForwardedHeader};
use crate::panics::contained;

/// The sources of the client's address and of the encryption of its connection, which the request does not contain.
#[derive(Default)]
pub(crate) struct PeerSettings {
    pub(crate) address: Option<Hook<Option<IpAddr>>>,
    pub(crate) secure: Option<Hook<bool>>,
    pub(crate) proxies: Option<(usize, ForwardedHeader)>,
}

/// A function of the application that inspects a request.
pub(crate) type Hook<T> = Box<dyn Fn(&Parts) -> T + Send + Sync>;

impl PeerSettings {
    /// Returns the address of the client, and `true` if its connection is encrypted.
    pub(crate) fn of(&self, parts: &Parts) -> (Option<IpAddr>, bool) {
        let forwarded = match self.proxies {
            Some((count, header)) => Forwarded::read(&parts.headers, count, header),
            None => Forwarded::default(),
        };
        let address = match forwarded.address {
            Some(forwarded) => forwarded,
            None => self.address.as_ref().and_then(|hook| contained(|| hook(parts)).flatten()),
        };
        // The scheme in the request's URI is not trusted: the client writes it.
        let secure = forwarded.secure.unwrap_or_else(|| {
            self.secure.as_ref().is_some_and(|hook| contained(|| hook(parts)).unwrap_or_default())
        });
        // A dual-stack socket reports IPv4 addresses as `::ffff:192.0.2.1`.
        (address.map(|address| address.to_canonical()), secure)
    }
}

impl fmt::Debug for PeerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerSettings").field("proxies", &self.proxies).finish_non_exhaustive()
    }
}
