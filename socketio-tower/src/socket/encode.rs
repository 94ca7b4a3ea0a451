use std::cell::RefCell;

use socketio_core::packet::Encoder;

thread_local! {
    static ENCODER: RefCell<Encoder> = RefCell::default();
}

/// Runs with this thread's encoder, whose buffers are used again. A `Serialize` that emits finds the
/// encoder taken and gets one of its own.
pub(crate) fn with_encoder<R>(run: impl FnOnce(&mut Encoder) -> R) -> R {
    ENCODER.with(|encoder| match encoder.try_borrow_mut() {
        Ok(mut encoder) => run(&mut encoder),
        Err(_) => run(&mut Encoder::default()),
    })
}
