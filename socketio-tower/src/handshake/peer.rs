use std::fmt;
use std::net::IpAddr;

use http::request::Parts;

use super::forwarded::{Forwarded, ForwardedHeader};
use crate::panics::contained;

/// How the server finds out what a request does not say itself: who sent it, and whether it was encrypted.
#[derive(Default)]
pub(crate) struct PeerSettings {
    pub(crate) address: Option<Hook<Option<IpAddr>>>,
    pub(crate) secure: Option<Hook<bool>>,
    pub(crate) proxies: Option<(usize, ForwardedHeader)>,
}

/// A question about a request that the application answers.
pub(crate) type Hook<T> = Box<dyn Fn(&Parts) -> T + Send + Sync>;

impl PeerSettings {
    /// The address of the client and whether its connection is encrypted.
    pub(crate) fn of(&self, parts: &Parts) -> (Option<IpAddr>, bool) {
        let forwarded = match self.proxies {
            Some((count, header)) => Forwarded::read(&parts.headers, count, header),
            None => Forwarded::default(),
        };
        let address = match forwarded.address {
            Some(told) => told,
            None => self.address.as_ref().and_then(|hook| contained(|| hook(parts)).flatten()),
        };
        // The scheme of the request's URI is the client's word.
        let secure = forwarded.secure.unwrap_or_else(|| {
            self.secure.as_ref().is_some_and(|hook| contained(|| hook(parts)).unwrap_or_default())
        });
        // A socket for both versions of IP gives IPv4 as `::ffff:192.0.2.1`.
        (address.map(|address| address.to_canonical()), secure)
    }
}

impl fmt::Debug for PeerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerSettings").field("proxies", &self.proxies).finish_non_exhaustive()
    }
}
