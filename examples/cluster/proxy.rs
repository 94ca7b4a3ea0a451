use std::path::{Path, PathBuf};

/// The proxy before the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proxy {
    Nginx,
    Haproxy,
    Caddy,
}

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

    fn template(self) -> &'static str {
        match self {
            Self::Nginx => "nginx.conf",
            Self::Haproxy => "haproxy.cfg",
            Self::Caddy => "Caddyfile",
        }
    }

    /// Writes the configuration with the actual ports and paths.
    pub(super) fn write(
        self,
        folder: &Path,
        here: &Path,
        port: u16,
        nodes: &[u16],
    ) -> std::io::Result<PathBuf> {
        let template = std::fs::read_to_string(here.join(self.template()))?;
        let mut text = template
            .replace("{port}", &port.to_string())
            .replace("{folder}", &folder.to_string_lossy())
            .replace("{here}", &here.to_string_lossy());
        for (name, node) in ["{a}", "{b}", "{c}"].iter().zip(nodes) {
            text = text.replace(name, &node.to_string());
        }
        let file = folder.join(self.template());
        std::fs::write(&file, text)?;
        Ok(file)
    }

    pub(super) fn arguments(self, configuration: &Path, folder: &Path) -> Vec<String> {
        let configuration = configuration.to_string_lossy().into_owned();
        let folder = folder.to_string_lossy();
        let words: &[&str] = match self {
            Self::Nginx => &["-p", &folder, "-e", "stderr", "-g", "daemon off;", "-c", &configuration],
            Self::Haproxy => &["-db", "-f", &configuration],
            Self::Caddy => &["run", "--adapter", "caddyfile", "--config", &configuration],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }
}
