//! The task of one session, which owns the connection and runs the application's handlers.

#[expect(clippy::module_inception, reason = "the type that gives the module its name")]
mod driver;
pub(crate) use driver::Driver;

mod admission;
mod completion;
mod dispatch;
mod local;
mod running;
mod streams;
mod timer;
mod turn;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Command, Session};
    use crate::trace::Span;
    use crate::transport::MessageStream;

    /// Bounds the size in bytes of types that exist once per client, socket or command. The driver is measured without
    /// its span, which is large only with `tracing`.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn sizes() {
        let bounds = [
            ("Driver", size_of::<Driver>() - size_of::<Span>(), 752),
            ("Session", size_of::<Session>(), 280),
            ("LocalSocket", size_of::<local::LocalSocket>(), 112),
            ("MessageStream", size_of::<MessageStream>(), 200),
            ("Command", size_of::<Command>(), 56),
        ];
        for (name, size, bound) in bounds {
            assert!(size <= bound, "a {name} has {size} bytes, its bound is {bound}");
        }
    }
}
