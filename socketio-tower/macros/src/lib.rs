//! The attribute `namespace` of [socketio-tower](https://docs.rs/socketio-tower), which re-exports it under its feature
//! `macros`.

mod block;
mod define;
mod method;
mod options;

use proc_macro::TokenStream;
use syn::ItemImpl;

use block::Block;
use options::Options;

/// Makes a type a namespace: every method of the `impl` block handles the event of its name.
///
/// It implements `socketio_tower::NamespaceHandlers`; `NamespaceBuilder::handlers` then adds a value that all sockets share,
/// `handlers_per_socket` one that is made for each.
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
///     /// Decides who may connect.
///     #[middleware]
///     async fn knows_the_password(&self, Auth(password): Auth<String>) -> Result<(), ConnectError> {
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
///     /// Handles an event whose name is no identifier. What it returns is the ack.
///     #[on("how many")]
///     async fn count(&self, socket: Socket) -> usize {
///         socket.io().to("lobby").count()
///     }
///
///     /// Handles the events that have no handler.
///     #[fallback]
///     async fn unknown(&self, event: Event) {
///         println!("nobody knows {}", event.name());
///     }
///
///     /// Runs once when a socket has been disconnected.
///     async fn disconnect(&self, socket: Socket, reason: DisconnectReason) {
///         println!("{} has left: {reason}", socket.id());
///     }
///
///     /// Is told of what was not handled. The one method that is not async.
///     fn error(&self, error: ErrorContext<'_>) {
///         if let Cause::BadArgs(why) = error.cause() {
///             let why = why.to_string();
///             error.answer(&why);
///         }
///     }
/// }
///
/// /// What one client has drawn so far.
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
/// A method is `async`, takes `&self`, and then whatever a handler can ask for, by any pattern. It has no generic
/// parameters of its own; those of the block, and its `where` clause, are kept. The type must be
/// `Send + Sync + 'static`. Helper functions belong into another `impl` block.
///
/// | method | is |
/// |---|---|
/// | `connect`, `disconnect` | what `NamespaceBuilder::on_connect` and `on_disconnect` take |
/// | `error` | what `on_error` takes: `fn error(&self, error: ErrorContext<'_>)` |
/// | with `#[middleware]` | added with `middleware`, in the order of the block |
/// | with `#[fallback]` | what `fallback` takes |
/// | with `#[on("name")]` | the handler of the event `name`, whatever the method's name |
/// | any other | the handler of the event of its name |
///
/// The block itself stays as it is, so that tests can call the methods. `#[cfg]` on a method holds for its handler
/// too.
///
/// # Options
///
/// `#[namespace(crate = "path::to::socketio_tower")]` is for those who have the crate under another name.
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
            let message = format!("`#[namespace]` stands on an `impl` block: {error}");
            let mut output = block;
            output.extend(TokenStream::from(syn::Error::new(error.span(), message).into_compile_error()));
            return output;
        }
    };
    output.into()
}
