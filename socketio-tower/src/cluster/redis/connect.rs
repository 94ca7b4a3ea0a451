use std::sync::Arc;

use futures_util::StreamExt;
use socketio_core::cluster::NodeId;
use tokio::time::timeout;

use super::address::{Address, Target};
use super::connection::Hello;
use super::reply::Reply;
use super::stream;
use super::{Connection, Failure, Redis, publisher, sentinel, subscriber};
use crate::bus::BackendError;

/// The connections to a server.
pub(super) struct Connected {
    pub(super) subscriber: Connection,
    pub(super) publisher: Connection,
    /// Set if the server is a node of a Redis Cluster.
    pub(super) in_cluster: bool,
}

impl Redis {
    /// Connects to the server.
    pub(super) async fn connect(&self, node: &NodeId) -> Result<Connected, BackendError> {
        let connecting = async {
            match &self.target {
                Target::Server(address) => {
                    self.connect_to(address, node).await.map_err(|failure| failure.to_string())
                }
                Target::Sentinels { addresses, master } => {
                    self.connect_to_master(addresses, master, node).await
                }
            }
        };
        let silence = || Err(Failure::Silent(self.connect_timeout).to_string());
        let connected = timeout(self.connect_timeout, connecting).await.unwrap_or_else(|_| silence());
        connected
            .map_err(|why| BackendError::new(format!("cannot connect to Redis at {}: {why}", self.target)))
    }

    /// Connects to the first address that is that of a master. Sentinels do not learn of a failover at the same time.
    async fn connect_to_master(
        &self,
        sentinels: &[Address],
        master: &str,
        node: &NodeId,
    ) -> Result<Connected, String> {
        let mut answers = sentinel::ask(sentinels, master, &self.sentinel_credentials, self.tls());
        let (mut tried, mut failures) = (Vec::new(), Vec::new());
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(address) if tried.contains(&address) => {}
                Ok(address) => {
                    match self.connect_to(&address, node).await {
                        Ok(connected) => return Ok(connected),
                        Err(failure) => failures.push(format!("{address}: {failure}")),
                    }
                    tried.push(address);
                }
                Err(failure) => failures.push(failure),
            }
        }
        Err(failures.join("; "))
    }

    async fn connect_to(&self, address: &Address, node: &NodeId) -> Result<Connected, Failure> {
        let name = format!("{}:{node}", self.client_name);
        let label = |purpose| Arc::from(format!("connection that {purpose} Redis at {address}"));
        let (stream, at) = stream::open(address, None, self.tls()).await?;
        let mut subscriber = Connection::new(stream, subscriber::READ, label("receives from"));
        // A name may have the addresses of several servers.
        let (stream, _) = stream::open(address, at, self.tls()).await?;
        let mut publisher = Connection::new(stream, publisher::READ, label("publishes to"));
        let Hello { id, in_cluster } = subscriber.hello(&self.credentials, &name).await?;
        let Hello { id: other, .. } = publisher.hello(&self.credentials, &name).await?;
        let former = self.former().replace(id);
        // A server that was restarted gives the same ids again.
        if let Some(former) = former
            && ![id, other].contains(&former)
        {
            end(&mut publisher, former, &name).await?;
        }
        subscriber.connected();
        publisher.connected();
        Ok(Connected { subscriber, publisher, in_cluster })
    }
}

/// Ends a former connection of this node, which the server may not know to be dead: it would count as a subscriber until
/// a keepalive fails. The user may be denied the commands.
async fn end(connection: &mut Connection, former: i64, name: &str) -> Result<(), Failure> {
    let id = former.to_string();
    let Reply::Text(list) = connection.ask(&["CLIENT", "LIST", "ID"], &[&id]).await? else { return Ok(()) };
    // Another client may have the id.
    let is_ours = |line: &str| line.split(' ').any(|field| field.strip_prefix("name=") == Some(name));
    if String::from_utf8_lossy(&list).lines().any(is_ours) {
        connection.ask(&["CLIENT", "KILL", "ID"], &[&id]).await?;
    }
    Ok(())
}
