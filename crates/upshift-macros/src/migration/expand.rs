//! The constant that takes the function's place.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Attribute, Error, Ident, Path, Visibility};
use upshift_files::Transaction;

use super::check::check;
use super::parse::{Arguments, Function};
use super::text;
use crate::mistake::compile_errors;

/// The constant, with the function inside.
pub(crate) fn expand(arguments: &Arguments, function: &Function) -> TokenStream {
    let Function { attributes, visibility, signature, body } = function;
    let (outer, inner): (Vec<&Attribute>, Vec<&Attribute>) = attributes.iter().partition(of_the_constant);
    let header = header(arguments, function);
    let up = wrapped(&signature.ident.clone().into());
    let down = match &arguments.down {
        None => quote!(::core::option::Option::None),
        Some(path) => {
            let down = wrapped(path);
            quote!(::core::option::Option::Some(#down))
        }
    };
    let value = quote! {
        #(#inner)*
        #signature #body
        ::upshift::__private::CodeMigration::function(#header, #up, #down)
    };
    constant(&outer, visibility, &signature.ident, &value)
}

fn header(arguments: &Arguments, function: &Function) -> TokenStream {
    let text = text::of(function, arguments.down.as_ref());
    let name = arguments.name.clone().unwrap_or_else(|| function.signature.ident.unraw().to_string());
    let number = arguments.version.number();
    // Told in messages, and the key the engine finds the function by: versions are unique in a set, lines are not where
    // another macro writes functions.
    let place = format!("#{number}_{name}");
    let transaction = match arguments.transaction {
        Transaction::On => quote!(On),
        Transaction::Off => quote!(Off),
    };
    let down = if arguments.down.is_some() { quote!(Present) } else { quote!(Absent) };
    quote! {
        ::upshift::__private::CodeHeader {
            path: ::core::concat!(::core::file!(), ":", ::core::line!(), #place),
            version: match ::upshift::__private::Version::new(#number) {
                ::core::option::Option::Some(version) => version,
                ::core::option::Option::None => ::core::panic!("a version has at most 18 digits"),
            },
            name: #name,
            text: #text,
            transaction: ::upshift::__private::Transaction::#transaction,
            down: ::upshift::__private::CodeDown::#down,
        }
    }
}

/// The function's future in a box; what the types say against it is shown at `path`.
fn wrapped(path: &Path) -> TokenStream {
    let first = path.segments.first().map_or_else(Span::call_site, |segment| segment.ident.span());
    let span = Span::mixed_site().located_at(first);
    quote_spanned!(span=> |step| ::std::boxed::Box::pin(#path(step)))
}

fn constant(
    attributes: &[&Attribute],
    visibility: &Visibility,
    name: &Ident,
    value: &TokenStream,
) -> TokenStream {
    quote! {
        #(#attributes)*
        #[allow(non_upper_case_globals)]
        #visibility const #name: ::upshift::__private::CodeMigration = { #value };
    }
}

/// Whether an attribute is about the item rather than about the function's code.
fn of_the_constant(attribute: &&Attribute) -> bool {
    ["doc", "cfg", "deprecated", "allow", "warn", "deny", "forbid", "expect"]
        .iter()
        .any(|name| attribute.path().is_ident(name))
}

/// Every mistake, and a constant that does nothing in the function's place.
pub(crate) fn fallback(mistakes: &[Error], function: &Function) -> TokenStream {
    let mistakes = compile_errors(mistakes);
    let Function { visibility, signature, body, .. } = function;
    // A function of the right shape stays: what it uses would be called unused.
    let kept = if check(function).is_ok() { quote!(#[allow(dead_code)] #signature #body) } else { quote!() };
    let harmless = quote! {
        #kept
        ::upshift::__private::CodeMigration::file(
            "",
            |_| ::std::boxed::Box::pin(async { ::core::result::Result::Ok(()) }),
            ::core::option::Option::None,
        )
    };
    let constant = constant(&[], visibility, &signature.ident, &harmless);
    quote!(#mistakes #constant)
}

/// Every mistake beside an item that is no function.
pub(crate) fn beside(mistakes: &[Error], item: impl ToTokens) -> TokenStream {
    let mistakes = compile_errors(mistakes);
    quote!(#mistakes #item)
}
