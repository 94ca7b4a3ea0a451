//! A chat on three servers behind a proxy: two of this crate and one of Node.js, in one cluster over Redis.
//!
//! ```sh
//! npm ci --prefix examples/cluster
//! cargo run -p socketio-examples --bin cluster # behind nginx
//! cargo run -p socketio-examples --bin cluster -- --proxy haproxy   # or caddy
//! ```
//!
//! Starts Redis, the servers and the proxy on free ports, and prints the address of the page. The environment variable `PORT`
//! sets the port of the proxy. A server that is killed is not started again: its clients move to the others.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod children;
use children::{Children, free_port};

mod node;
mod proxy;
use proxy::Proxy;

#[cfg(test)]
mod tests;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["node", name, port, redis] => node::run(name, port, redis).await,
        [] => start(Proxy::Nginx).await,
        ["--proxy", proxy] => match Proxy::named(proxy) {
            Some(proxy) => start(proxy).await,
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

/// Starts everything, and waits for Ctrl-C.
async fn start(proxy: Proxy) -> Result<(), Error> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster");
    if !here.join("node_modules").exists() {
        return Err("the packages of the Node server are missing: npm ci --prefix examples/cluster".into());
    }
    let folder = Folder::new()?;
    let mut children = Children::default();
    let redis = free_port()?;
    let program = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
    let arguments = ["--port", &redis.to_string(), "--save", "", "--appendonly", "no"];
    children.start("Redis", &program, &arguments, "apt-get install redis-server, or set REDIS_SERVER")?;
    children.listens(redis).await?;

    let url = format!("redis://127.0.0.1:{redis}");
    let this = std::env::current_exe()?.to_string_lossy().into_owned();
    let node_js = here.join("node.mjs").to_string_lossy().into_owned();
    let mut ports = Vec::new();
    for name in ["node-a", "node-b", "node-c"] {
        let port = free_port()?;
        let words = [name, &port.to_string(), &url];
        match name {
            "node-c" => children.start(
                name,
                "node",
                &[&[&*node_js], &words[..]].concat(),
                "install Node.js 20 or newer",
            )?,
            _ => children.start(name, &this, &[&["node"], &words[..]].concat(), "")?,
        }
        ports.push(port);
    }
    for port in &ports {
        children.listens(*port).await?;
    }
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok());
    let port = port.map_or_else(free_port, Ok)?;
    let configuration = proxy.write(&folder.0, &here, port, &ports)?;
    let arguments = proxy.arguments(&configuration, &folder.0);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    children.start(proxy.name(), proxy.name(), &arguments, &format!("apt-get install {}", proxy.name()))?;
    children.listens(port).await?;
    println!("the chat is at http://localhost:{port}");
    children.watch().await;
    Ok(())
}

/// A temporary folder, which is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("socketio-cluster-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}
