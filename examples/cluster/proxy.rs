use std::io;
use std::path::{Path, PathBuf};

/// The proxy before the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proxy {
    Nginx,
    Haproxy,
    Caddy,
}

/// The ports in the configurations: that of the proxy, and those of the nodes.
pub(super) const PORTS: [u16; 4] = [3000, 3001, 3002, 3003];

impl Proxy {
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Nginx, Self::Haproxy, Self::Caddy].into_iter().find(|proxy| proxy.name() == name)
    }

    /// Returns the name of the program.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Caddy => "caddy",
        }
    }

    /// Returns the name of the configuration.
    fn file(self) -> &'static str {
        match self {
            Self::Nginx => "nginx.conf",
            Self::Haproxy => "haproxy.cfg",
            Self::Caddy => "Caddyfile",
        }
    }

    /// Copies the configuration from `here` to `folder`, with `ports` in place of [`PORTS`].
    pub(super) fn configure(self, here: &Path, folder: &Path, ports: [u16; 4]) -> io::Result<PathBuf> {
        let text = std::fs::read_to_string(here.join(self.file()))?;
        let configuration = folder.join(self.file());
        std::fs::write(&configuration, with_ports(&text, ports))?;
        Ok(configuration)
    }

    /// Returns the arguments that run the program in the foreground, with its files in `folder`.
    pub(super) fn arguments(self, configuration: &Path, folder: &Path) -> Vec<String> {
        let configuration = configuration.to_string_lossy();
        let folder = folder.to_string_lossy();
        let words: &[&str] = match self {
            Self::Nginx => &["-p", &folder, "-e", "stderr", "-g", "daemon off;", "-c", &configuration],
            Self::Haproxy => &["-db", "-f", &configuration],
            Self::Caddy => &["run", "--adapter", "caddyfile", "--config", &configuration],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }
}

/// Replaces each of [`PORTS`] after a colon.
fn with_ports(text: &str, ports: [u16; 4]) -> String {
    let mut parts = text.split(':');
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (port, rest) = part.split_at(digits);
        let index = PORTS.iter().position(|known| *port == known.to_string());
        let port = index.map_or_else(|| port.to_owned(), |index| ports[index].to_string());
        replaced.extend([":", &port, rest]);
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_replaced_after_colons() {
        let text =
            "bind :3000\nserver 127.0.0.1:3001;\nserver 127.0.0.1:30010;\ntimeout 3000\nhttp://:3003 {";
        let replaced =
            "bind :3001\nserver 127.0.0.1:4001;\nserver 127.0.0.1:30010;\ntimeout 3000\nhttp://:4003 {";
        assert_eq!(with_ports(text, [3001, 4001, 4002, 4003]), replaced);
    }
}
