use std::collections::HashMap;

use syn::{ImplItem, ItemImpl};

use crate::method::{Method, Role};

/// An `impl` block without our attributes, what was found in it, and what is wrong with it.
pub(crate) struct Block {
    pub(crate) item: ItemImpl,
    pub(crate) methods: Vec<Method>,
    pub(crate) errors: Vec<syn::Error>,
}

impl Block {
    pub(crate) fn new(mut item: ItemImpl) -> Self {
        let (mut methods, mut errors) = (Vec::new(), Vec::new());
        if let Some((path, _)) = &item.trait_ {
            let message = "the handlers of a namespace stand in an `impl` block of the type, not of a trait";
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
        errors.extend(twice(&methods));
        Self { item, methods, errors }
    }
}

/// One error for each method that would take the place of another.
fn twice(methods: &[Method]) -> Vec<syn::Error> {
    let mut known = HashMap::new();
    let mut errors = Vec::new();
    for method in methods {
        // Of several methods under conditions at most one may be there.
        if method.is_conditional() || method.role == Role::Middleware {
            continue;
        }
        let role = method.role.to_string();
        if let Some(first) = known.get(&role) {
            let message = format!("`{first}` is {role} already");
            errors.push(syn::Error::new(method.role_span, message));
        } else {
            known.insert(role, method.ident.to_string());
        }
    }
    errors
}
