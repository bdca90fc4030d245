//! Moves a database in: `adopt TOOL FOLDER [--baseline VERSION AT…]`, the address in DATABASE_URL. `adopt cut UP DOWN FOLDER`
//! writes what Alembic prints offline as files.
//!
//! Shows what there is and what would be adopted, adopts it, shows the status, and applies what is pending. What
//! `scripts/adopt-live` runs behind the real tools.

#![allow(clippy::print_stdout, reason = "a program for people")]

use std::error::Error;
use std::process::ExitCode;

use deadpool_postgres::{Manager, Pool};
use tokio_postgres::NoTls;
use upshift::{Migrator, Source};
use upshift_adopt::{Request, Tool};

#[tokio::main]
async fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Vec<String>) -> Result<(), Box<dyn Error>> {
    if let [cut, up, down, folder] = arguments.as_slice()
        && cut == "cut"
    {
        let [up, down] = [std::fs::read_to_string(up)?, std::fs::read_to_string(down)?];
        for file in upshift_adopt::alembic_files(&up, &down, "alembic_version")? {
            std::fs::write(format!("{folder}/{}", file.path), &*file.text)?;
        }
        return Ok(());
    }
    let [tool, folder, rest @ ..] = arguments.as_slice() else {
        return Err("usage: adopt TOOL FOLDER [--baseline VERSION AT]".into());
    };
    let tool: Tool = tool.parse()?;
    let mut request = Request::new(tool);
    if let [flag, version, at @ ..] = rest
        && flag == "--baseline"
    {
        request = request.baseline(version.parse()?, at);
    }
    let url = std::env::var("DATABASE_URL")?;
    let pool = Pool::builder(Manager::new(url.parse()?, NoTls)).max_size(4).build()?;
    let migrator = Migrator::new(pool, Source::folder(folder));
    println!("{}", upshift_adopt::survey(&migrator).await?);
    println!("{}", upshift_adopt::decide(&migrator, &request).await?);
    upshift_adopt::adopt(&migrator, &request).await?;
    println!("{}", migrator.status().await?);
    println!("{}", migrator.run().await?);
    println!("{}", migrator.status().await?);
    println!("{}", upshift_adopt::look_back(&migrator).await?);
    Ok(())
}
