//! The test that takes the function's place.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Ident};

use crate::check::Test;
use crate::parse::{Flavor, Function};

/// The function, called with what it wants by one that is a test.
pub(crate) fn expand(test: &Test, function: &Function) -> TokenStream {
    let Function { attributes, visibility, signature, body } = function;
    let name = &signature.ident;
    let output = &signature.output;
    let migrations = &test.arguments.migrations;
    let source = quote_spanned!(migrations.span()=> ::upshift_test::TestDatabase::builder(#migrations));
    let isolation = format_ident!("{}", test.arguments.isolation);
    let flavor = match test.arguments.flavor {
        Flavor::CurrentThread => quote!(CurrentThread),
        Flavor::MultiThread(None) => quote!(MultiThread(::core::option::Option::None)),
        Flavor::MultiThread(Some(threads)) => quote!(MultiThread(::core::option::Option::Some(#threads))),
    };
    let role = test.arguments.role.iter().map(|name| quote_spanned!(name.span()=> .role(#name)));
    let fixtures = test.fixtures.iter().map(|file| {
        let (absolute, shown) = (&file.absolute, &file.shown);
        // A file that vanishes later is shown where it is named.
        quote_spanned!(file.said.span()=> .fixture(#shown, ::core::include_str!(#absolute)))
    });
    let values: Vec<Ident> =
        (0..test.types.len()).map(|n| format_ident!("value_{n}", span = Span::mixed_site())).collect();
    let types = test
        .types
        .iter()
        .map(|ty| quote_spanned!(ty.span()=> <#ty as ::upshift_test::FromDatabase>::from_database));
    quote! {
        #[::core::prelude::v1::test]
        #(#attributes)*
        #visibility fn #name() #output {
            #signature #body
            ::upshift_test::__private::run(
                #source
                    .test(::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)))
                    .isolation(::upshift_test::Isolation::#isolation)
                    #(#role)*
                    #(#fixtures)*,
                ::upshift_test::__private::Flavor::#flavor,
                async |db: &::upshift_test::TestDatabase| {
                    #(let #values = #types(db).await?;)*
                    ::core::result::Result::Ok(#name(#(#values),*).await)
                },
            )
        }
    }
}

/// Every mistake, and the function as it is, so that what it uses is not called unused.
pub(crate) fn fallback(mistakes: &[Error], function: &Function) -> TokenStream {
    let mistakes: TokenStream = mistakes.iter().map(Error::to_compile_error).collect();
    let Function { signature, body, .. } = function;
    let kept = quote!(#[allow(dead_code)] #signature #body);
    // A method outside of an `impl` would only be a mistake more.
    let kept = if signature.receiver().is_some() { TokenStream::new() } else { kept.to_token_stream() };
    quote!(#mistakes #kept)
}
