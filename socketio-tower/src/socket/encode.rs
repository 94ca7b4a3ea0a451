use std::cell::RefCell;

use socketio_core::packet::Encoder;

thread_local! {
    static ENCODER: RefCell<Encoder> = RefCell::default();
}

/// Calls `run` with this thread's encoder, whose buffers are reused. A `Serialize` that emits, or a destructor at the
/// thread's exit, gets a new encoder.
pub(crate) fn with_encoder<R>(run: impl FnOnce(&mut Encoder) -> R) -> R {
    let mut run = Some(run);
    let result = ENCODER.try_with(|encoder| {
        let mut encoder = encoder.try_borrow_mut().ok()?;
        run.take().map(|run| run(&mut encoder))
    });
    match (result, run) {
        (Ok(Some(result)), _) => result,
        (_, Some(run)) => run(&mut Encoder::default()),
        (_, None) => unreachable!("a call that ran has a result"),
    }
}
