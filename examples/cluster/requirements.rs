use std::path::{Path, PathBuf};
use std::process::Command;

use super::proxy::Proxy;

/// The programs that the example starts.
pub(super) struct Requirements {
    pub(super) redis: PathBuf,
    pub(super) node: PathBuf,
    pub(super) proxy: PathBuf,
}

impl Requirements {
    /// Looks for the programs, and for the npm packages in `here`. Returns a line for each that is missing, with the way to
    /// get it.
    pub(super) fn find(proxy: Proxy, here: &Path) -> Result<Self, String> {
        let mut missing = Vec::new();
        let mut need = |name: &str, found: Option<PathBuf>, remedy: &str| {
            if found.is_none() {
                missing.push(format!("{name} is missing: {remedy}"));
            }
            found.unwrap_or_default()
        };
        let named = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
        let redis =
            need(&named, find(&named), "apt-get install redis-server, or name the program in REDIS_SERVER");
        let node = need("Node.js 20 or newer", find("node").filter(is_recent), "https://nodejs.org");
        let proxy = need(proxy.name(), find(proxy.name()), &format!("apt-get install {}", proxy.name()));
        let packages = ["@socket.io/redis-adapter", "redis", "socket.io", "socket.io-client"];
        let modules = here.join("node_modules");
        let installed = packages.iter().all(|name| modules.join(name).is_dir()).then_some(modules);
        need("a package of the Node server", installed, "npm ci --prefix examples/cluster");
        if missing.is_empty() { Ok(Self { redis, node, proxy }) } else { Err(missing.join("\n")) }
    }
}

/// Returns the path of a program.
fn find(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian installs proxies in folders that are only in the PATH of root.
    let more = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(more).map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn is_recent(node: &PathBuf) -> bool {
    let Ok(output) = Command::new(node).arg("--version").output() else { return false };
    let version = String::from_utf8_lossy(&output.stdout);
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    major.is_some_and(|major: u32| major >= 20)
}
