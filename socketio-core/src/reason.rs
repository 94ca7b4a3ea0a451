use std::fmt;

/// Why a socket was disconnected, under the names the Node server gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The client left the namespace.
    ClientNamespaceDisconnect,
    /// The application disconnected the socket.
    ServerNamespaceDisconnect,
    /// The client ended its connection.
    TransportClose,
    /// The connection failed, or the client broke the rules of its transport.
    TransportError,
    /// The client did not answer a ping in time.
    PingTimeout,
    /// What the client sent was no Engine.IO packet.
    ParseError,
    /// The client broke the rules of Socket.IO.
    ForcedClose,
    /// The application closed the connection, or the client joined no namespace in time.
    ForcedServerClose,
    /// The server is going down.
    ServerShuttingDown,
}

impl DisconnectReason {
    /// The name on the Node server.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
            Self::ForcedServerClose => "forced server close",
            Self::ServerShuttingDown => "server shutting down",
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
