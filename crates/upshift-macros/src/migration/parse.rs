//! The function under the attribute, and what the attribute says.

use proc_macro2::{Group, Span, TokenStream};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, Expr, ExprLit, Lit, LitStr, Meta, MetaNameValue, Path, Signature, Token, Visibility,
};
use upshift_files::{Transaction, Version};

use crate::mistake::{Mistakes, both, none_or};

/// What the attribute says, understood.
pub(crate) struct Arguments {
    pub version: Version,
    /// `None` means the function's name.
    pub name: Option<String>,
    pub transaction: Transaction,
    pub down: Option<Path>,
}

/// The function under the attribute. Its body stays as it is: the compiler reads it better, and the checksum is of it.
pub(crate) struct Function {
    pub attributes: Vec<Attribute>,
    pub visibility: Visibility,
    pub signature: Signature,
    pub body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Function, Error> {
        Ok(Function {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            signature: input.parse()?,
            body: input.parse()?,
        })
    }
}

/// The function, or the mistake of an item that is none.
pub(crate) fn function(item: TokenStream) -> Result<Function, Mistakes> {
    syn::parse2(item).map_err(|mistake| {
        let message = format!("a migration is an async function: {mistake}");
        vec![Error::new(mistake.span(), message)]
    })
}

/// The arguments, or everything that is wrong with them.
pub(crate) fn arguments(arguments: TokenStream) -> Result<Arguments, Mistakes> {
    let said = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(arguments).map_err(|mistake| {
        vec![Error::new(mistake.span(), "expected `key = value`, as in `version = \"20260514093000\"`")]
    })?;
    let said = Said(said.into_iter().collect());
    let header = both(said.version(), said.name());
    let behaviour = both(said.transaction(), said.down());
    let ((header, behaviour), ()) = both(both(header, behaviour), said.known())?;
    let ((version, name), (transaction, down)) = (header, behaviour);
    Ok(Arguments { version, name, transaction, down })
}

struct Said(Vec<Meta>);

impl Said {
    fn version(&self) -> Result<Version, Mistakes> {
        let Some(text) = self.string("version", "20260514093000")? else {
            let message = "no version: write `#[upshift::migration(version = \"20260514093000\")]`, \
                a timestamp in UTC";
            return Err(vec![Error::new(Span::call_site(), message)]);
        };
        match text.value().parse::<Version>() {
            Ok(version) if version.number() > 0 => Ok(version),
            Ok(_) => {
                Err(vec![Error::new(text.span(), "version 0 is the empty database: versions begin at 1")])
            }
            Err(error) => Err(vec![Error::new(text.span(), error)]),
        }
    }

    fn name(&self) -> Result<Option<String>, Mistakes> {
        let Some(text) = self.string("name", "split_names")? else { return Ok(None) };
        let name = text.value();
        match name.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '_' | '-'))) {
            None if name.is_empty() => {
                Err(vec![Error::new(text.span(), "an empty name: leave it out, and it is the function's")])
            }
            None => Ok(Some(name)),
            Some(wrong) => Err(vec![Error::new(
                text.span(),
                format!("`{wrong}` has no place in a name, which is letters, digits, `_` and `-`"),
            )]),
        }
    }

    fn transaction(&self) -> Result<Transaction, Mistakes> {
        let Some(text) = self.string("transaction", "off")? else { return Ok(Transaction::On) };
        match text.value().as_str() {
            "on" => Ok(Transaction::On),
            "off" => Ok(Transaction::Off),
            other => Err(vec![Error::new(
                text.span(),
                format!("`transaction` is \"on\" or \"off\", found \"{other}\""),
            )]),
        }
    }

    fn down(&self) -> Result<Option<Path>, Mistakes> {
        match self.value("down", "join_names")? {
            None => Ok(None),
            Some(Expr::Path(path)) if path.qself.is_none() => Ok(Some(path.path.clone())),
            Some(other) => {
                let message = "`down` wants the path of a function, as in `down = join_names`";
                Err(vec![Error::new_spanned(other, message)])
            }
        }
    }

    fn known(&self) -> Result<(), Mistakes> {
        const KEYS: [&str; 4] = ["version", "name", "transaction", "down"];
        let unknown = self.0.iter().filter(|meta| !KEYS.iter().any(|key| meta.path().is_ident(key)));
        let message = "unknown argument: there are `version`, `name`, `transaction` and `down`";
        none_or(unknown.map(|meta| Error::new_spanned(meta.path(), message)).collect(), ())
    }

    fn string(&self, key: &str, example: &str) -> Result<Option<LitStr>, Mistakes> {
        match self.value(key, &format!("\"{example}\""))? {
            None => Ok(None),
            Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => Ok(Some(text.clone())),
            Some(other) => {
                let message = format!("`{key}` wants a string literal, as in `{key} = \"{example}\"`");
                Err(vec![Error::new_spanned(other, message)])
            }
        }
    }

    /// What stands behind `key =`.
    fn value(&self, key: &str, example: &str) -> Result<Option<&Expr>, Mistakes> {
        let mut all = self.0.iter().filter(|meta| meta.path().is_ident(key));
        let Some(first) = all.next() else { return Ok(None) };
        let twice =
            all.map(|meta| Error::new_spanned(meta.path(), format!("`{key}` is said twice: keep one")));
        let value = match first {
            Meta::NameValue(MetaNameValue { value, .. }) => Ok(Some(ungrouped(value))),
            other => {
                let message = format!("`{key}` wants a value, as in `{key} = {example}`");
                Err(vec![Error::new_spanned(other, message)])
            }
        };
        both(value, none_or(twice.collect(), ())).map(|(value, ())| value)
    }
}

/// A literal that came through another macro is wrapped in a group nobody sees.
fn ungrouped(expression: &Expr) -> &Expr {
    match expression {
        Expr::Group(group) => ungrouped(&group.expr),
        other => other,
    }
}
