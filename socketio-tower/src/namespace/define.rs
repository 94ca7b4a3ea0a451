use socketio_core::namespace::NamespacePath;

use super::{NamespaceBuilder, NamespaceSet};
use crate::error::SetupError;

impl NamespaceSet {
    /// Defines a namespace, or adds to one.
    ///
    /// # Panics
    ///
    /// Panics if a layer was made already and the definition has a mistake.
    pub(crate) fn define(&self, path: &str, define: impl FnOnce(&mut NamespaceBuilder)) {
        match path.parse::<NamespacePath>() {
            Ok(path) => {
                let mut builder = NamespaceBuilder::new(path.as_str());
                define(&mut builder);
                let (table, mistakes) = builder.finish();
                self.add(&path, table, mistakes);
            }
            Err(error) => self.record([SetupError::Namespace { path: path.to_owned(), error }]),
        }
    }
}
