//! A chat on three nodes behind a proxy: two servers of this crate and one of Node.js, in one cluster over Redis.
//!
//! ```sh
//! npm ci --prefix examples/cluster
//! cargo run -p socketio-examples --bin cluster                      # behind nginx
//! cargo run -p socketio-examples --bin cluster -- --proxy haproxy   # or caddy
//! ```
//!
//! Starts Redis, the nodes and the proxy on ports of 127.0.0.1, and prints the address of the page. The environment
//! variable `PORT` sets the port of the proxy: by default 3000, or another one if that is in use. Commands on the standard
//! input end a process and start it again: `kill node-b`, `stop node-b`, `start node-b`. Ctrl-C ends everything.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod children;
use children::{Children, Program, commands};

mod node;

mod proxy;
use proxy::{PORTS, Proxy};

mod requirements;
use requirements::Requirements;

#[cfg(test)]
mod tests;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["node", name, port, redis] => node::run(name, port, redis).await,
        [] => run(Proxy::Nginx).await,
        ["--proxy", proxy] => match Proxy::named(proxy) {
            Some(proxy) => run(proxy).await,
            None => Err(format!("unknown proxy: {proxy}; choose nginx, haproxy or caddy").into()),
        },
        _ => Err("usage: cluster [--proxy nginx|haproxy|caddy]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Runs all processes until Ctrl-C.
async fn run(proxy: Proxy) -> Result<(), Error> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster");
    let requirements = Requirements::find(proxy, &here)?;
    let port = public_port()?;
    let folder = Folder::new()?;
    let mut children = Children::new(&folder.0)?;
    let done = match start(&mut children, proxy, requirements, &here, &folder.0, port).await {
        Ok(()) => {
            println!("commands: kill NAME, stop NAME, start NAME; Ctrl-C ends everything");
            println!("the chat is at http://localhost:{port}");
            children.watch(commands()).await.map_err(Error::from)
        }
        Err(error) => Err(error),
    };
    children.stop().await;
    done
}

async fn start(
    children: &mut Children,
    proxy: Proxy,
    requirements: Requirements,
    here: &Path,
    folder: &Path,
    port: u16,
) -> Result<(), Error> {
    let redis = free_port()?;
    let arguments = ["--bind", "127.0.0.1", "--port", &redis.to_string(), "--save", "", "--appendonly", "no"];
    children.start(program("redis", requirements.redis, &arguments, redis)).await?;

    let url = format!("redis://127.0.0.1:{redis}");
    let this = std::env::current_exe()?;
    let script = here.join("node.mjs").to_string_lossy().into_owned();
    let nodes = [
        ("node-a", &this, "node"),
        ("node-b", &this, "node"),
        ("node-c", &requirements.node, script.as_str()),
    ];
    let mut ports = [port; PORTS.len()];
    for ((name, path, first), port) in nodes.into_iter().zip(&mut ports[1..]) {
        *port = free_port()?;
        let arguments = [first, name, &port.to_string(), &url];
        children.start(program(name, path.clone(), &arguments, *port)).await?;
    }

    let configuration = proxy.configure(here, folder, ports)?;
    children
        .start(Program {
            name: proxy.name(),
            path: requirements.proxy,
            arguments: proxy.arguments(&configuration, folder),
            // Caddy keeps files there.
            variables: ["XDG_CONFIG_HOME", "XDG_DATA_HOME"].map(|name| (name, folder.to_owned())).into(),
            is_node: false,
            port,
        })
        .await
}

fn program(name: &'static str, path: PathBuf, arguments: &[&str], port: u16) -> Program {
    let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    Program { name, path, arguments, variables: Vec::new(), is_node: name.starts_with("node-"), port }
}

/// Returns the port of the proxy.
fn public_port() -> Result<u16, Error> {
    let is_free = |port| TcpListener::bind(("127.0.0.1", port));
    match std::env::var("PORT") {
        Ok(port) => {
            let port = port.parse().map_err(|error| format!("PORT is not a port: {error}"))?;
            is_free(port).map_err(|error| format!("port {port}: {error}"))?;
            Ok(port)
        }
        Err(_) if is_free(PORTS[0]).is_ok() => Ok(PORTS[0]),
        Err(_) => Ok(free_port()?),
    }
}

/// Returns a port that is free now.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A temporary folder, which is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("socketio-cluster-{}", std::process::id()));
        std::fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}
