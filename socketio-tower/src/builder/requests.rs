use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::SocketIoBuilder;
use crate::admission::{AdmissionHook, ClientFiles, Origins, Rejection, SessionCookie};
use crate::config::IdGenerator;

/// Accepting and rejecting requests.
impl SocketIoBuilder {
    /// Adds a hook that decides whether a request may open a session, for all transports. `allowRequest` on the Node
    /// server.
    ///
    /// The hook is called once per session, before the session is opened. Later requests, including the upgrade to
    /// WebSocket, are authorized by the session's secret id. Several hooks are called one after the other, until one
    /// rejects.
    ///
    /// The hook receives the request without its body, and rejects it with a [`Rejection`] or a string: the response
    /// has status 403 and the message. A hook that panics also rejects the request, as does one that does not finish
    /// within [`connect_timeout`](Self::connect_timeout).
    ///
    /// To use the `auth` object that the client sends, see
    /// [`NamespaceBuilder::middleware`](crate::NamespaceBuilder::middleware).
    ///
    /// ```
    /// use http::request::Parts;
    /// use socketio_tower::SocketIo;
    ///
    /// let io = SocketIo::builder()
    ///     .allow_request(async |request: Parts| match request.headers.get("x-api-key") {
    ///         Some(key) if key == "secret" => Ok(()),
    ///         _ => Err("no API key".into()),
    ///     })
    ///     .build();
    /// ```
    pub fn allow_request<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce(Parts) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Rejection>> + Send + 'static,
    {
        self.settings.requests.admission.push(AdmissionHook::new(hook));
        self
    }

    /// Sets the web pages that may open sessions, by long polling or by WebSocket. Default: all, as on the Node server.
    ///
    /// ```
    /// use socketio_tower::SocketIo;
    /// use socketio_tower::layer::Origins;
    ///
    /// let io = SocketIo::builder().origins(Origins::only(["https://example.com"])).build();
    /// ```
    pub fn origins(mut self, origins: Origins) -> Self {
        self.settings.requests.origins = Some(origins);
        self
    }

    /// Sets a hook that receives every rejected request, including those of existing sessions. Default: none.
    /// `connection_error` on the Node server's engine.
    ///
    /// ```
    /// use socketio_tower::SocketIo;
    ///
    /// let io = SocketIo::builder()
    ///     .on_connection_error(|request, rejection| eprintln!("{}: {rejection}", request.uri))
    ///     .build();
    /// ```
    pub fn on_connection_error(mut self, hook: impl Fn(&Parts, &Rejection) + Send + Sync + 'static) -> Self {
        self.settings.requests.rejected = Some(Arc::new(hook));
        self
    }
}

/// Responses and ids.
impl SocketIoBuilder {
    /// Sets a cookie for load balancers, with the session's id or the name of the node. Default: none. `cookie` on the
    /// Node server.
    pub fn cookie(mut self, cookie: SessionCookie) -> Self {
        self.settings.requests.cookie = Some(cookie);
        self
    }

    /// Sets the files of the JavaScript client to serve below the server's path, such as `/socket.io/socket.io.js`.
    /// Default: none. `serveClient` on the Node server. Header hooks are not called for these files.
    pub fn client_files(mut self, files: ClientFiles) -> Self {
        self.settings.requests.files = Some(Arc::new(files));
        self
    }

    /// Adds a hook that adds headers to the response that opens a session, by long polling or by WebSocket.
    /// `initial_headers` on the Node server's engine.
    ///
    /// ```
    /// use http::HeaderValue;
    /// use socketio_tower::SocketIo;
    ///
    /// let io = SocketIo::builder()
    ///     .initial_headers(|_, headers| drop(headers.insert("x-node", HeaderValue::from_static("7"))))
    ///     .build();
    /// ```
    pub fn initial_headers(mut self, hook: impl Fn(&Parts, &mut HeaderMap) + Send + Sync + 'static) -> Self {
        self.settings.requests.initial_headers.push(Arc::new(hook));
        self
    }

    /// Adds a hook that adds headers to every response of the server, including rejections. `headers` on the Node
    /// server's engine.
    ///
    /// The server copies the headers of each request for the hook. If the hook does not need the request, use a layer
    /// around this one instead.
    pub fn headers(mut self, hook: impl Fn(&Parts, &mut HeaderMap) + Send + Sync + 'static) -> Self {
        self.settings.requests.headers.push(Arc::new(hook));
        self
    }

    /// Sets a generator for the ids of sessions and sockets: it returns 15 bytes, which are written as 20 characters.
    /// Default: random bytes from the operating system. `generateId` on the Node server's engine.
    ///
    /// The id of a session is a secret that authorizes its client's requests. The generator also makes the ids of
    /// sockets, which are public, and must not reveal session ids through them. If an id is already in use, the
    /// connection request is rejected; for a session, the generator is called a few times before the request is
    /// rejected.
    pub fn id_generator(mut self, generate: impl Fn() -> [u8; 15] + Send + Sync + 'static) -> Self {
        self.settings.ids = Some(IdGenerator(Arc::new(generate)));
        self
    }
}

/// Keeping parts of the request that opens a session.
impl SocketIoBuilder {
    /// Adds headers of the session's first request to those kept in [`Handshake::headers`](crate::Handshake::headers).
    /// Default: none, since each header costs megabytes at 100 000 sessions.
    ///
    /// ```
    /// use http::header;
    /// use socketio_tower::{Socket, SocketIo};
    ///
    /// let io = SocketIo::builder().keep_headers([header::USER_AGENT]).build();
    /// io.of("/", |ns| {
    ///     ns.on_connect(async |socket: Socket| println!("{:?}", socket.handshake().headers().get(header::USER_AGENT)));
    /// });
    /// ```
    pub fn keep_headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.settings.handshake.headers.extend(names);
        self
    }

    /// Adds a type of request extension to those kept in [`Handshake::extensions`](crate::Handshake::extensions). Outer
    /// layers attach such values to the session's first request, for example axum's `ConnectInfo` or an authenticated
    /// user.
    ///
    /// Default: none, since an extension may hold a slice of the request and thereby a whole read buffer.
    ///
    /// ```
    /// use socketio_tower::SocketIo;
    /// use socketio_tower::extract::Extension;
    ///
    /// #[derive(Clone)]
    /// struct User(String); // inserted into the request by an outer layer
    ///
    /// let io = SocketIo::builder().keep_extension::<User>().build();
    /// io.of("/", |ns| {
    ///     ns.on("whoami", async |Extension(User(name)): Extension<User>| name);
    /// });
    /// ```
    pub fn keep_extension<T: Clone + Send + Sync + 'static>(mut self) -> Self {
        self.settings.handshake.extensions.push(|from, to| {
            if let Some(value) = from.get::<T>() {
                to.insert(value.clone());
            }
        });
        self
    }
}
