//! The program `upshift`, for the tests that run what pages show.

fn main() -> std::process::ExitCode {
    upshift_cli::main()
}
