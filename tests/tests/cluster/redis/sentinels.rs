//! Sentinels, which are asked for the address of the master.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use socketio_tests::servers::{Folder, Redis, free_port};
use tokio::time::timeout;

use super::fakes::server_with;
use super::{Served, channel, classic};
use crate::nodes::{redis, until};

/// Starts a Sentinel that names this master.
async fn sentinel(master: SocketAddr) -> SocketAddr {
    let (host, port) = (master.ip().to_string(), master.port().to_string());
    server_with(format!("*2\r\n${}\r\n{host}\r\n${}\r\n{port}\r\n", host.len(), port.len())).await
}

fn url(sentinels: &[SocketAddr]) -> String {
    let sentinels: Vec<_> = sentinels.iter().map(ToString::to_string).collect();
    format!("redis+sentinel://{}/mymaster", sentinels.join(","))
}

/// During a failover, some Sentinels are away, and others name the former master.
#[tokio::test]
async fn the_first_that_names_a_master_is_believed() {
    let master = redis!();
    let port = master.address().port().to_string();
    let replica = redis!(Redis::options().argument("--replicaof", &["127.0.0.1", &port]));
    let nowhere = "127.0.0.1:1".parse().expect("an address");
    let away = nowhere;
    let ignorant = server_with("*-1\r\n").await;
    let late = sentinel(replica.address()).await;
    let dead = sentinel(nowhere).await;
    let mut served = Served::attempt(classic(&url(&[away, ignorant, late, dead])), [channel("c")]);
    let error = served.lost().await;
    assert!(error.starts_with("cannot connect to Redis at the master `mymaster`: "), "{error}");
    for expected in [
        "Sentinel at 127.0.0.1:1: Connection refused".to_owned(),
        format!("Sentinel at {ignorant}: the master is not known"),
        format!("{}: the server is a replica", replica.address()),
        "; 127.0.0.1:1: Connection refused".to_owned(),
    ] {
        assert!(format!("; {error}").contains(&expected), "{expected}: {error}");
    }
    let right = sentinel(master.address()).await;
    let served = Served::start(classic(&url(&[away, ignorant, late, dead, right])), [channel("c")]).await;
    assert_eq!(served.publish("c", "").await, Some(1));
}

/// A Sentinel that watches one server. Dropping the value kills it.
struct Sentinel {
    address: SocketAddr,
    child: Child,
    _folder: Folder,
}

impl Sentinel {
    fn start(master: &Redis, password: &str) -> Self {
        let (port, folder) = (free_port(), Folder::new("sentinel"));
        let file = folder.join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nrequirepass {password}\n\
             sentinel monitor mymaster 127.0.0.1 {} 1\nsentinel auth-pass mymaster secret\n\
             sentinel down-after-milliseconds mymaster 500\n",
            folder.path().display(),
            master.address().port(),
        );
        fs::write(&file, text).expect("the folder is writable");
        let program = env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
        let mut command = Command::new(program);
        let child = command.arg(file).arg("--sentinel").stdout(Stdio::null()).spawn().expect("it runs");
        Self { address: SocketAddr::from(([127, 0, 0, 1], port)), child, _folder: folder }
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The master is replaced by its replica.
#[tokio::test]
async fn a_failover_is_followed() {
    let mut master = redis!(Redis::options().password("secret"));
    let port = master.address().port().to_string();
    let options = Redis::options().password("secret").argument("--masterauth", &["secret"]);
    let replica = redis!(options.argument("--replicaof", &["127.0.0.1", &port]));
    until_link_is_up(&replica).await;
    let sentinel = Sentinel::start(&master, "sesame");
    let url = format!("redis+sentinel://:secret@{}/mymaster", sentinel.address);
    let backend = || classic(&url).sentinel_password("sesame");
    let mut served = Served::attempt(backend(), [channel("c")]);
    // The Sentinel may not listen yet.
    while timeout(Duration::from_millis(100), served.node.up()).await.is_err() {
        served.lost().await;
        served.serve();
    }
    let error = Served::attempt(classic(&url), []).lost().await;
    assert!(error.contains("NOAUTH"), "{error}");
    let unknown = classic(&url.replace("mymaster", "other")).sentinel_password("sesame");
    let error = Served::attempt(unknown, []).lost().await;
    assert!(error.contains("the master is not known"), "{error}");
    assert_eq!(served.publish("c", "").await, Some(1));
    // It finds replicas by asking the master, which it does every ten seconds.
    until("the Sentinel knows the replica", || {
        master.command(&["INFO", "replication"]).contains("connected_slaves:1")
            && sentinel_knows_a_replica(&sentinel)
    })
    .await;
    master.kill();
    served.lost().await;
    served.serve();
    while timeout(Duration::from_millis(100), served.node.up()).await.is_err() {
        served.lost().await;
        served.serve();
    }
    assert_eq!(replica.command(&["PUBSUB", "NUMSUB", "c"]), "c\n1");
}

async fn until_link_is_up(replica: &Redis) {
    until("it is a replica", || replica.command(&["INFO", "replication"]).contains("master_link_status:up"))
        .await;
}

fn sentinel_knows_a_replica(sentinel: &Sentinel) -> bool {
    let mut stream = TcpStream::connect(sentinel.address).expect("it listens");
    stream.write_all(b"AUTH sesame\r\nSENTINEL REPLICAS mymaster\r\n").expect("it is open");
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("an option");
    let mut replies = Vec::new();
    // Until nothing follows.
    stream.read_to_end(&mut replies).ok();
    let replies = String::from_utf8_lossy(&replies);
    replies.contains("\nslave")
}
