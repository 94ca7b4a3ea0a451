use std::sync::Arc;

use futures_core::Stream;
use futures_util::stream::FuturesUnordered;

use super::reply::Reply;
use super::stream::{self, Tls};
use super::{Address, Connection, Credentials, Failure};

/// The number of bytes that are read at once.
const READ: usize = 1024;

/// Asks Sentinels for the address of a master, all at the same time. The stream has one answer of each.
pub(super) fn ask<'a>(
    sentinels: &'a [Address],
    master: &'a str,
    credentials: &'a Credentials,
    tls: Option<&'a Tls>,
) -> impl Stream<Item = Result<Address, String>> + Send {
    let asking = sentinels.iter().map(move |sentinel| async move {
        let answer = ask_one(sentinel, master, credentials, tls).await;
        answer.map_err(|failure| format!("Sentinel at {sentinel}: {failure}"))
    });
    asking.collect::<FuturesUnordered<_>>()
}

async fn ask_one(
    sentinel: &Address,
    master: &str,
    credentials: &Credentials,
    tls: Option<&Tls>,
) -> Result<Address, Failure> {
    let (stream, _) = stream::open(sentinel, None, tls).await?;
    let mut connection = Connection::new(stream, READ, Arc::default());
    if let Some((username, password)) = credentials.login() {
        // Sentinels without access control lists know no user names.
        let login = if credentials.username.is_some() { vec![username, password] } else { vec![password] };
        if let Reply::Error(reply) = connection.ask(&["AUTH"], &login).await? {
            return Err(Failure::Refused { command: "the login".into(), reply: credentials.redact(&reply) });
        }
    }
    match connection.ask(&["SENTINEL", "get-master-addr-by-name"], &[master]).await? {
        Reply::List(parts) => match &parts[..] {
            [Reply::Text(host), Reply::Text(port)] => {
                let (host, port) = (str::from_utf8(host).ok(), str::from_utf8(port).ok());
                let port = port.and_then(|port| port.parse().ok());
                let address = host.zip(port).map(|(host, port)| Address::tcp(host, port));
                address.ok_or(Failure::Protocol("an invalid address of the master"))
            }
            _ => Err(Failure::Protocol("an invalid address of the master")),
        },
        Reply::Error(reply) => {
            Err(Failure::Refused { command: "SENTINEL get-master-addr-by-name".into(), reply })
        }
        _ => Err(Failure::UnknownMaster),
    }
}
