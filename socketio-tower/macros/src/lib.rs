//! The attribute `namespace` of [socketio-tower](https://docs.rs/socketio-tower), which re-exports it with its feature
//! `macros`.

mod block;
mod define;
mod method;
mod options;

use proc_macro::TokenStream;
use syn::ItemImpl;

use block::Block;
use options::Options;

/// Makes a type a namespace: each method of the `impl` block handles the event with its name.
///
/// Implements `socketio_tower::NamespaceHandlers`. `NamespaceBuilder::handlers` then adds a value shared by all sockets,
/// `handlers_per_socket` a separate value for each socket.
///
/// ```
/// use std::sync::Mutex;
/// use socketio_tower::handler::{Cause, ErrorContext};
/// use socketio_tower::ConnectError;
/// use socketio_tower::{Auth, Data, DisconnectReason, Event, Socket, SocketIo, namespace};
///
/// struct Chat {
///     password: String,
/// }
///
/// #[namespace]
/// impl Chat {
///     /// Accepts or rejects a client.
///     #[middleware]
///     async fn check_password(&self, Auth(password): Auth<String>) -> Result<(), ConnectError> {
///         if password == self.password { Ok(()) } else { Err(ConnectError::new("wrong password")) }
///     }
///
///     /// Runs when a client has been connected.
///     async fn connect(&self, socket: Socket) {
///         socket.join("lobby");
///     }
///
///     /// Handles the event `message`.
///     async fn message(&self, socket: Socket, Data(text): Data<String>) {
///         socket.to("lobby").emit("message", &text);
///     }
///
///     /// Handles an event whose name is not an identifier. The return value is the ack.
///     #[on("member count")]
///     async fn count(&self, socket: Socket) -> usize {
///         socket.io().to("lobby").count()
///     }
///
///     /// Handles the events that have no handler.
///     #[fallback]
///     async fn unknown(&self, event: Event) {
///         println!("no handler for {}", event.name());
///     }
///
///     /// Runs once when a socket has been disconnected.
///     async fn disconnect(&self, socket: Socket, reason: DisconnectReason) {
///         println!("{} has left: {reason}", socket.id());
///     }
///
///     /// Handles errors. The only method that is not async.
///     fn error(&self, error: ErrorContext<'_>) {
///         if let Cause::BadArgs(why) = error.cause() {
///             let why = why.to_string();
///             error.answer(&why);
///         }
///     }
/// }
///
/// /// The drawing of one client.
/// #[derive(Default)]
/// struct Drawing(Mutex<Vec<(f32, f32)>>);
///
/// #[namespace]
/// impl Drawing {
///     async fn line_to(&self, Data(point): Data<(f32, f32)>) {
///         self.0.lock().expect("no panic inside").push(point);
///     }
///
///     async fn undo(&self) -> bool {
///         self.0.lock().expect("no panic inside").pop().is_some()
///     }
/// }
///
/// let io = SocketIo::new();
/// io.of("/chat", |ns| {
///     ns.handlers(Chat { password: "melon".to_owned() });
/// });
/// io.of("/draw", |ns| {
///     ns.handlers_per_socket(|_| Drawing::default());
/// });
/// let app: axum::Router = axum::Router::new().layer(io.layer());
/// ```
///
/// # Methods
///
/// A method is `async` and takes `&self`, followed by any extractors, in any pattern. It cannot have generic
/// parameters; those of the block, and its `where` clause, are kept. The type must be
/// `Send + Sync + 'static`. Put helper functions into another `impl` block.
///
/// | method | registered as |
/// |---|---|
/// | `connect`, `disconnect` | the handler for `NamespaceBuilder::on_connect`, `on_disconnect` |
/// | `error` | the hook for `on_error`: `fn error(&self, error: ErrorContext<'_>)` |
/// | with `#[middleware]` | a `middleware`, in the order of the block |
/// | with `#[fallback]` | the handler for `fallback` |
/// | with `#[on("name")]` | the handler of the event `name`, whatever the method's name |
/// | any other | the handler of the event with its name |
///
/// The block itself is unchanged, so that tests can call the methods. `#[cfg]` on a method also applies to its handler.
///
///
/// # Options
///
/// `#[namespace(crate = "path::to::socketio_tower")]` sets the path of the crate, if it is imported under another name.
#[proc_macro_attribute]
pub fn namespace(options: TokenStream, block: TokenStream) -> TokenStream {
    let options = syn::parse::<Options>(options);
    let output = match (syn::parse::<ItemImpl>(block.clone()), options) {
        (Ok(block), Ok(options)) => Block::new(block).expand(&options.root()),
        (Ok(block), Err(error)) => {
            let mut block = Block::new(block);
            block.errors.push(error);
            block.expand(&Options::default().root())
        }
        (Err(error), _) => {
            let message = format!("`#[namespace]` applies to an `impl` block: {error}");
            let mut output = block;
            output.extend(TokenStream::from(syn::Error::new(error.span(), message).into_compile_error()));
            return output;
        }
    };
    output.into()
}
