//! The function under the attribute, and what the attribute says.

use proc_macro2::{Group, Span, TokenStream};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, Expr, ExprArray, ExprAssign, ExprLit, Lit, LitStr, Signature, Token, Visibility,
};

/// What the attribute says.
pub(crate) struct Arguments {
    pub migrations: Expr,
    pub fixtures: Vec<LitStr>,
    /// The variant of `upshift_test::Isolation`.
    pub isolation: &'static str,
    pub role: Option<LitStr>,
    pub flavor: Flavor,
}

/// The runtime.
pub(crate) enum Flavor {
    CurrentThread,
    MultiThread(Option<usize>),
}

/// The function under the attribute. Its body stays as it is.
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
pub(crate) fn function(item: TokenStream) -> Result<Function, Error> {
    syn::parse2(item)
        .map_err(|mistake| Error::new(mistake.span(), format!("a test is an async function: {mistake}")))
}

/// The arguments, or everything that is wrong with them.
pub(crate) fn arguments(arguments: TokenStream) -> Result<Arguments, Vec<Error>> {
    let all =
        Punctuated::<Expr, Token![,]>::parse_terminated.parse2(arguments).map_err(|mistake| vec![mistake])?;
    let mut said = Said::default();
    let mut mistakes = Vec::new();
    for (n, expression) in all.into_iter().enumerate() {
        mistakes.extend(said.take(ungrouped(expression), n).err());
    }
    let flavor = match (said.multi_thread, said.threads) {
        (Some(true), threads) => Flavor::MultiThread(threads.map(|(_, threads)| threads)),
        (_, None) => Flavor::CurrentThread,
        (_, Some((span, _))) => {
            mistakes.push(Error::new(span, "threads without `flavor = \"multi_thread\"`: add it"));
            Flavor::CurrentThread
        }
    };
    let migrations = said.migrations.ok_or_else(|| {
        let message = "no migrations: name them first, as in `#[upshift_test::test(MIGRATIONS)]`";
        Error::new(Span::call_site(), message)
    });
    match migrations {
        Ok(migrations) if mistakes.is_empty() => Ok(Arguments {
            migrations,
            fixtures: said.fixtures.unwrap_or_default(),
            isolation: said.isolation.unwrap_or("Database"),
            role: said.role,
            flavor,
        }),
        Ok(_) => Err(mistakes),
        Err(missing) => {
            mistakes.insert(0, missing);
            Err(mistakes)
        }
    }
}

#[derive(Default)]
struct Said {
    migrations: Option<Expr>,
    fixtures: Option<Vec<LitStr>>,
    isolation: Option<&'static str>,
    role: Option<LitStr>,
    multi_thread: Option<bool>,
    threads: Option<(Span, usize)>,
}

const KEYS: &str = "`fixtures`, `isolation`, `role`, `flavor` and `worker_threads`";

impl Said {
    fn take(&mut self, expression: Expr, n: usize) -> Result<(), Error> {
        let (key, value) = match expression {
            Expr::Assign(ExprAssign { left, right, .. }) => (*left, ungrouped(*right)),
            migrations if n == 0 => {
                self.migrations = Some(migrations);
                return Ok(());
            }
            other => {
                let message = format!("one argument too many: behind the migrations there are {KEYS}");
                return Err(Error::new_spanned(other, message));
            }
        };
        let name = match &key {
            Expr::Path(path) => path.path.get_ident().map(ToString::to_string).unwrap_or_default(),
            _ => String::new(),
        };
        let twice = match name.as_str() {
            "fixtures" => self.fixtures.replace(fixtures(value)?).is_some(),
            "isolation" => self.isolation.replace(isolation(value)?).is_some(),
            "role" => self.role.replace(string(value, "role", "orders")?).is_some(),
            "flavor" => self.multi_thread.replace(is_multi_thread(value)?).is_some(),
            "worker_threads" => self.threads.replace(threads(value)?).is_some(),
            _ => return Err(Error::new_spanned(key, format!("unknown argument: there are {KEYS}"))),
        };
        if twice {
            return Err(Error::new_spanned(key, format!("`{name}` is said twice: keep one of them")));
        }
        Ok(())
    }
}

fn fixtures(value: Expr) -> Result<Vec<LitStr>, Error> {
    let wrong =
        |value| Error::new_spanned(value, "`fixtures` wants file names, as in `fixtures = [\"users.sql\"]`");
    let Expr::Array(ExprArray { elems, .. }) = value else { return Err(wrong(value)) };
    let file = |one: Expr| match ungrouped(one) {
        Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Ok(path),
        other => Err(wrong(other)),
    };
    elems.into_iter().map(file).collect()
}

fn isolation(value: Expr) -> Result<&'static str, Error> {
    let text = string(value, "isolation", "schema")?;
    match text.value().as_str() {
        "database" => Ok("Database"),
        "schema" => Ok("Schema"),
        "rollback" => Ok("Rollback"),
        other => {
            let message =
                format!("`isolation` is \"database\", \"schema\" or \"rollback\", found \"{other}\"");
            Err(Error::new(text.span(), message))
        }
    }
}

fn is_multi_thread(value: Expr) -> Result<bool, Error> {
    let text = string(value, "flavor", "multi_thread")?;
    match text.value().as_str() {
        "multi_thread" => Ok(true),
        "current_thread" => Ok(false),
        other => {
            let message = format!("`flavor` is \"current_thread\" or \"multi_thread\", found \"{other}\"");
            Err(Error::new(text.span(), message))
        }
    }
}

fn threads(value: Expr) -> Result<(Span, usize), Error> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => match number.base10_parse::<usize>()? {
            0 => Err(Error::new(number.span(), "no thread could run the test: there must be 1 at least")),
            threads => Ok((number.span(), threads)),
        },
        other => {
            Err(Error::new_spanned(other, "`worker_threads` wants a number, as in `worker_threads = 2`"))
        }
    }
}

fn string(value: Expr, key: &str, example: &str) -> Result<LitStr, Error> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text),
        other => {
            let message = format!("`{key}` wants a string literal, as in `{key} = \"{example}\"`");
            Err(Error::new_spanned(other, message))
        }
    }
}

/// A literal that came through another macro is wrapped in a group nobody sees.
fn ungrouped(expression: Expr) -> Expr {
    match expression {
        Expr::Group(group) => ungrouped(*group.expr),
        other => other,
    }
}
