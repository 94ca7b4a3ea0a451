use socketio_core::namespace::NamespacePath;

use super::{NamespaceBuilder, NamespaceSet};
use crate::error::SetupError;

impl NamespaceSet {
    /// Defines a namespace, or adds to its definition.
    ///
    /// # Panics
    ///
    /// Panics if the layer has already been created and the definition has an error.
    pub(crate) fn define(&self, path: &str, define: impl FnOnce(&mut NamespaceBuilder)) {
        match path.parse::<NamespacePath>() {
            Ok(path) => {
                let mut builder = NamespaceBuilder::new(path.as_str());
                define(&mut builder);
                let (table, errors) = builder.finish();
                self.add(&path, table, errors);
            }
            Err(error) => self.record([SetupError::Namespace { path: path.to_owned(), error }]),
        }
    }
}
