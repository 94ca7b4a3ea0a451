use std::collections::BTreeMap;
use std::fmt;
use std::hash::BuildHasher;
use std::io;
use std::path::Path;

use bytes::Bytes;
use foldhash::fast::FixedState;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode};

/// The files of the JavaScript client, served below the server's path: `/socket.io/socket.io.min.js` and others.
///
/// This crate does not include them. They are in the folder `dist` of the npm package `socket.io-client`.
///
/// ```no_run
/// use socketio_tower::SocketIo;
/// use socketio_tower::layer::{ClientFiles, Encoding};
///
/// # fn main() -> std::io::Result<()> {
/// let io = SocketIo::builder().client_files(ClientFiles::from_dir("node_modules/socket.io-client/dist")?).build();
///
/// // Or files that are embedded into the binary.
/// let bundle: &[u8] = &[]; // include_bytes!("socket.io.min.js")
/// let compressed: &[u8] = &[]; // include_bytes!("socket.io.min.js.br")
/// let files = ClientFiles::new()
///     .file("socket.io.min.js", bundle)
///     .precompressed("socket.io.min.js", Encoding::Brotli, compressed);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct ClientFiles(BTreeMap<Box<str>, Vec<Variant>>);

/// The compression of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// Brotli, with the suffix `.br`.
    Brotli,
    /// gzip, with the suffix `.gz`.
    Gzip,
}

/// A file, uncompressed or compressed.
#[derive(Clone)]
struct Variant {
    encoding: Option<Encoding>,
    bytes: Bytes,
    etag: HeaderValue,
}

/// The files to look for in a folder: the bundles that the Node server serves.
const NAMES: [&str; 8] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
];

impl ClientFiles {
    /// Creates an empty set of files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the client's bundles and source maps from a folder, and their compressed variants with the suffixes `.br`
    /// and `.gz`. The files are kept in memory.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be read, or if the folder contains none of them.
    pub fn from_dir(folder: impl AsRef<Path>) -> io::Result<Self> {
        let folder = folder.as_ref();
        let mut files = Self::new();
        for name in NAMES {
            let Some(bytes) = read(&folder.join(name))? else { continue };
            files = files.file(name, bytes);
            for encoding in [Encoding::Brotli, Encoding::Gzip] {
                if let Some(bytes) = read(&folder.join(format!("{name}.{}", encoding.suffix())))? {
                    files = files.precompressed(name, encoding, bytes);
                }
            }
        }
        if files.0.is_empty() {
            let message = format!("{} contains none of the Socket.IO client's files", folder.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        Ok(files)
    }

    /// Adds a file, or replaces the file of this name. The suffix of the name, `.js` or `.map`, determines its content
    /// type.
    pub fn file(mut self, name: &str, bytes: impl Into<Bytes>) -> Self {
        self.add(name, None, bytes.into());
        self
    }

    /// Adds a compressed variant of a file, for browsers that accept the encoding. It is served only if the
    /// uncompressed [`file`](Self::file) was added too.
    pub fn precompressed(mut self, name: &str, encoding: Encoding, bytes: impl Into<Bytes>) -> Self {
        self.add(name, Some(encoding), bytes.into());
        self
    }

    fn add(&mut self, name: &str, encoding: Option<Encoding>, bytes: Bytes) {
        // A fixed seed: all servers behind a load balancer compute the same tag for the same bytes.
        let hash = FixedState::with_seed(0).hash_one(&bytes);
        let etag = HeaderValue::try_from(format!("\"{:x}-{hash:x}\"", bytes.len())).expect("a tag is ASCII");
        let variants = self.0.entry(name.into()).or_default();
        variants.retain(|variant| variant.encoding != encoding);
        variants.push(Variant { encoding, bytes, etag });
        // The best compression first, the uncompressed file last.
        variants.sort_by_key(|variant| match variant.encoding {
            Some(Encoding::Brotli) => 0,
            Some(Encoding::Gzip) => 1,
            None => 2,
        });
    }

    /// Returns the response to a request for a file, or `None` if the request is for something else.
    pub(crate) fn respond(
        &self,
        method: &Method,
        name: &str,
        headers: &HeaderMap,
    ) -> Option<Response<Bytes>> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        let variants = self.0.get(name)?;
        let plain = variants.iter().find(|variant| variant.encoding.is_none())?;
        let accepted =
            |variant: &&Variant| variant.encoding.is_some_and(|encoding| encoding.is_accepted(headers));
        let variant = variants.iter().find(accepted).unwrap_or(plain);
        let fresh = is_fresh(headers, &variant.etag);
        let mut response = Response::new(Bytes::new());
        let head = response.headers_mut();
        head.insert(header::ETAG, variant.etag.clone());
        head.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=0"));
        if variants.len() > 1 {
            head.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        if fresh {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Some(response);
        }
        head.insert(header::CONTENT_TYPE, content_type(name));
        head.insert(header::CONTENT_LENGTH, variant.bytes.len().into());
        if let Some(encoding) = variant.encoding {
            head.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
        }
        if method == Method::GET {
            *response.body_mut() = variant.bytes.clone();
        }
        Some(response)
    }
}

impl Encoding {
    fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gz",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// Returns `true` if `Accept-Encoding` lists the encoding, or `*`, with a weight above zero (RFC 9110 §12.5.3).
    fn is_accepted(self, headers: &HeaderMap) -> bool {
        let mut any = false;
        for value in headers.get_all(header::ACCEPT_ENCODING) {
            for item in value.to_str().unwrap_or_default().split(',') {
                let (coding, weight) = item.split_once(';').unwrap_or((item, ""));
                let weight =
                    weight.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse::<f32>().ok());
                let accepted = weight.is_none_or(|weight| weight > 0.0);
                match coding.trim() {
                    coding if coding.eq_ignore_ascii_case(self.name()) => return accepted,
                    "*" => any = accepted,
                    _ => {}
                }
            }
        }
        any
    }
}

/// Returns `true` if the browser already has the file (RFC 9110 §13.1.2). Weak tags match as well.
fn is_fresh(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes())
}

fn content_type(name: &str) -> HeaderValue {
    HeaderValue::from_static(match name.rsplit_once('.') {
        Some((_, "js")) => "application/javascript; charset=utf-8",
        Some((_, "map")) => "application/json; charset=utf-8",
        _ => "application/octet-stream",
    })
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl fmt::Debug for ClientFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
