use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The certificate of a server on `localhost` and 127.0.0.1, signed by an authority of its own, made with OpenSSL.
#[derive(Debug, Clone)]
pub struct Certificate {
    folder: PathBuf,
}

impl Certificate {
    /// Creates a certificate as files in `folder`; returns `None` if OpenSSL is not installed.
    ///
    /// # Panics
    ///
    /// Panics if OpenSSL fails.
    pub fn create(folder: &Path) -> Option<Self> {
        let version = Command::new("openssl").arg("version").stdout(Stdio::null()).status();
        if version.is_err() {
            return super::missing("openssl");
        }
        let certificate = Self { folder: folder.to_owned() };
        fs::write(certificate.folder.join("names"), NAMES).expect("the folder is writable");
        for arguments in [AUTHORITY, REQUEST, SIGNATURE] {
            certificate.openssl(arguments);
        }
        Some(certificate)
    }

    /// Returns the path of the authority's certificate, which clients trust.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Returns the path of the server's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("cert.pem")
    }

    /// Returns the path of the server's private key.
    pub fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(&self.folder)
            .output()
            .expect("it has printed its version");
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

// A certificate of its own authority would do for Redis, but rustls rejects an authority as a server.
const AUTHORITY: &str = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=tests \
     -keyout ca-key.pem -out ca.pem";
const REQUEST: &str = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
     -keyout key.pem -out request.pem";
const SIGNATURE: &str = "x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -set_serial 1 -days 30 \
     -extfile names -out cert.pem";
const NAMES: &str = "subjectAltName = DNS:localhost, IP:127.0.0.1\nbasicConstraints = critical, CA:FALSE\n";
