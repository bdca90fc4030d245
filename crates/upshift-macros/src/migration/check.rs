//! What the function must be.

use syn::{Error, FnArg, GenericParam, ReturnType};

use super::parse::Function;
use crate::mistake::{Mistakes, none_or};

/// Refuses a function of another shape. The types are left to the compiler, which knows them.
pub(crate) fn check(function: &Function) -> Result<(), Mistakes> {
    let signature = &function.signature;
    let mut mistakes = Vec::new();
    if signature.asyncness.is_none() {
        mistakes.push(Error::new_spanned(
            signature.fn_token,
            "a migration is an async function: write `async fn`",
        ));
    }
    for parameter in &signature.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            let message = "a migration has no generics: nobody could say what they are when it is called";
            mistakes.push(Error::new_spanned(parameter, message));
        }
    }
    let mut arguments = signature.inputs.iter();
    match arguments.next() {
        None => mistakes
            .push(Error::new_spanned(&signature.ident, "no argument: write `step: &mut StepContext<'_>`")),
        Some(FnArg::Receiver(receiver)) => {
            let message = "a migration is no method: write `step: &mut StepContext<'_>` instead of `self`";
            mistakes.push(Error::new_spanned(receiver, message));
        }
        Some(FnArg::Typed(_)) => {}
    }
    mistakes.extend(arguments.map(|more| {
        Error::new_spanned(
            more,
            "one argument too many: a migration is given `step: &mut StepContext<'_>` alone",
        )
    }));
    if let ReturnType::Default = signature.output {
        let message =
            "nothing is returned: write `-> Result<(), BoxError>`, or its errors could not stop the run";
        mistakes.push(Error::new_spanned(&signature.ident, message));
    }
    none_or(mistakes, ())
}
