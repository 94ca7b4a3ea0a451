use std::collections::HashMap;

use syn::{ImplItem, ItemImpl};

use crate::method::{Method, Role};

/// An `impl` block without this crate's attributes, the methods found in it, and the errors.
pub(crate) struct Block {
    pub(crate) item: ItemImpl,
    pub(crate) methods: Vec<Method>,
    pub(crate) errors: Vec<syn::Error>,
}

impl Block {
    pub(crate) fn new(mut item: ItemImpl) -> Self {
        let (mut methods, mut errors) = (Vec::new(), Vec::new());
        if let Some((path, _)) = &item.trait_ {
            let message = "`#[namespace]` applies to an `impl` block of a type, not of a trait";
            errors.push(syn::Error::new_spanned(path, message));
            return Self { item, methods, errors };
        }
        for member in &mut item.items {
            let ImplItem::Fn(function) = member else { continue };
            match Method::take(function) {
                Ok(method) => methods.push(method),
                Err(error) => errors.push(error),
            }
        }
        errors.extend(duplicates(&methods));
        Self { item, methods, errors }
    }
}

/// Returns an error for each method that would replace another.
fn duplicates(methods: &[Method]) -> Vec<syn::Error> {
    let mut seen = HashMap::new();
    let mut errors = Vec::new();
    for method in methods {
        // At most one of several methods with conditions may be compiled.
        if method.is_conditional() || method.role == Role::Middleware {
            continue;
        }
        let role = method.role.to_string();
        if let Some(first) = seen.get(&role) {
            let message = format!("`{first}` is already {role}");
            errors.push(syn::Error::new(method.role_span, message));
        } else {
            seen.insert(role, method.ident.to_string());
        }
    }
    errors
}
