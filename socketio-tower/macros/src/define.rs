use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Path, Type};

use crate::block::Block;
use crate::method::{Method, Role};

impl Block {
    /// The block, and the implementation of `Namespace` beside it. `root` is the path of socketio-tower.
    pub(crate) fn expand(self, root: &Path) -> TokenStream {
        let Self { item, methods, errors } = self;
        let errors = errors.into_iter().map(syn::Error::into_compile_error);
        if item.trait_.is_some() {
            return quote! { #item #(#errors)* };
        }
        let (parameters, _, conditions) = item.generics.split_for_impl();
        let namespace = &item.self_ty;
        let methods = methods.iter().map(|method| method.register(root));
        // Also when there are errors: otherwise whoever uses the type as a namespace would be reported as well.
        quote! {
            #item

            #[automatically_derived]
            impl #parameters #root::Namespace for #namespace #conditions {
                #[allow(unused_variables, deprecated)]
                fn define(ns: &mut #root::NamespaceBuilder, instance: #root::Instance<Self>) {
                    #(#methods)*
                }
            }

            #(#errors)*
        }
    }

    /// The block alone, and an error.
    pub(crate) fn refuse(self, error: &syn::Error) -> TokenStream {
        let (item, error) = (self.item, error.to_compile_error());
        quote! { #item #error }
    }
}

impl Method {
    /// The statement that adds the method to the builder `ns`.
    fn register(&self, root: &Path) -> TokenStream {
        let (handler, returned) = (quote!(#root::handler), &self.returned);
        let place = at(returned.span());
        let reply =
            quote_spanned!(place=> |reply, ack| <#returned as #handler::EventReply>::reply(reply, ack));
        let outcome = quote_spanned!(place=> |reply| <#returned as #handler::NoReply>::outcome(reply));
        let verdict = quote_spanned!(place=> |reply| <#returned as #handler::ConnectReply>::verdict(reply));
        let (context, finish, add) = match &self.role {
            Role::Event(name) => (quote!(#handler::EventContext), reply, quote!(on(#name, handler))),
            Role::Fallback => (quote!(#handler::EventContext), reply, quote!(fallback(handler))),
            Role::Connect => (quote!(#handler::ConnectContext), outcome, quote!(on_connect(handler))),
            Role::Disconnect => {
                (quote!(#handler::DisconnectContext), outcome, quote!(on_disconnect(handler)))
            }
            Role::Middleware => (quote!(#handler::ConnectContext), verdict, quote!(middleware(handler))),
            Role::Error => return self.register_error_hook(root),
        };
        let (conditions, ident, arguments) = (&self.conditions, &self.ident, &self.arguments);
        let values: Vec<_> = (0..arguments.len()).map(|index| format_ident!("argument{index}")).collect();
        let extract = |argument: &Type| {
            let place = at(argument.span());
            quote_spanned!(place=> <#argument as #handler::Extract<#context>>)
        };
        let extractors: Vec<_> = arguments.iter().map(extract).collect();
        let method = quote_spanned! {at(ident.span())=>
            instance.method(|this, context: &mut #context| {
                #(let #values = #extractors::extract(context)?;)*
                ::core::result::Result::Ok(async move {
                    #root::__private::Returned(this.#ident(#(#values),*).await, #finish)
                })
            })
        };
        quote! {
            #(#conditions)*
            {
                let handler = #method;
                ns.#add;
                ns.require(|requirements| { #(#extractors::require(requirements);)* });
            }
        }
    }

    /// What the error hook is told is borrowed, so it is no handler.
    fn register_error_hook(&self, root: &Path) -> TokenStream {
        let (conditions, ident) = (&self.conditions, &self.ident);
        let call = quote_spanned!(at(ident.span())=> this.#ident(error));
        quote! {
            #(#conditions)*
            {
                let instance = instance.clone();
                ns.on_error(move |error: #root::handler::ErrorContext<'_>| {
                    let this = error.socket().and_then(|socket| instance.of(socket));
                    if let ::core::option::Option::Some(this) = this {
                        #call;
                    }
                });
            }
        }
    }
}

/// A place in the source, but not as if it was written there: lints have nothing to say about it.
fn at(place: Span) -> Span {
    Span::call_site().located_at(place)
}
