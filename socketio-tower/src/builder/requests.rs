use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::SocketIoBuilder;
use crate::admission::{AdmissionHook, ClientFiles, Origins, Rejection, SessionCookie};
use crate::config::IdGenerator;

/// Who may come.
impl SocketIoBuilder {
    /// Decides whether a request may open a session, whatever its transport. It is asked once for each session, before
    /// there is one; later requests, and the upgrade to a WebSocket, need the session's secret id. Called again, it adds
    /// another hook, which is asked if those before have agreed. `allowRequest` on the Node server.
    ///
    /// The hook gets the request without its body, and rejects it with a [`Rejection`] or a string: the answer has status 403 and
    /// the message. A hook that panics, or has not answered within [`connect_timeout`](Self::connect_timeout), rejects too.
    ///
    /// To decide with what the client sends in its `auth`, see
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

    /// Which web pages may open sessions, by long polling or by WebSocket. Default: any, as on the Node server.
    pub fn origins(mut self, origins: Origins) -> Self {
        self.settings.requests.origins = Some(origins);
        self
    }

    /// Sets a hook that receives every rejected request, whether it would have opened a session or belongs to one.
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

/// What they are told.
impl SocketIoBuilder {
    /// A cookie for load balancers, with the session's id. Default none. `cookie` on the Node server.
    pub fn cookie(mut self, cookie: SessionCookie) -> Self {
        self.settings.requests.cookie = Some(cookie);
        self
    }

    /// Files of the JavaScript client, which are served under the server's path: `/socket.io/socket.io.js`. Default none;
    /// `serveClient` on the Node server. The hooks for headers are not called for them.
    pub fn client_files(mut self, files: ClientFiles) -> Self {
        self.settings.requests.files = Some(Arc::new(files));
        self
    }

    /// Adds headers to the answer that opens a session, by long polling or by WebSocket. `initial_headers` on the Node
    /// server's engine.
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

    /// Adds headers to every answer of this server, refusals included. `headers` on the Node server's engine. It copies
    /// each request's headers; what needs none of them is better done by a layer around this one.
    pub fn headers(mut self, hook: impl Fn(&Parts, &mut HeaderMap) + Send + Sync + 'static) -> Self {
        self.settings.requests.headers.push(Arc::new(hook));
        self
    }

    /// What ids are made of: 15 bytes, which become 20 characters. Default: randomness of the operating system.
    /// `generateId` on the Node server's engine.
    ///
    /// The id of a session is a secret: who knows it can speak for the client. What it
    /// makes for sockets, whose ids are public, must not tell what it makes for sessions. A client whose id is taken is
    /// refused, for a session after some attempts.
    pub fn id_generator(mut self, generate: impl Fn() -> [u8; 15] + Send + Sync + 'static) -> Self {
        self.settings.ids = Some(IdGenerator(Arc::new(generate)));
        self
    }
}

/// What is kept of a session's first request.
impl SocketIoBuilder {
    /// The headers of a session's first request that [`Handshake::headers`](crate::Handshake::headers)
    /// keeps. Default none: at 100 000 sessions every header costs megabytes.
    pub fn keep_headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.settings.handshake.headers.extend(names);
        self
    }

    /// A type of value that [`Handshake::extensions`](crate::Handshake::extensions) keeps of what outer
    /// layers attached to a session's first request, such as axum's `ConnectInfo`. Default none: an
    /// extension may hold a slice of the request, and with it a whole read buffer.
    pub fn keep_extension<T: Clone + Send + Sync + 'static>(mut self) -> Self {
        self.settings.handshake.extensions.push(|from, to| {
            if let Some(value) = from.get::<T>() {
                to.insert(value.clone());
            }
        });
        self
    }
}
