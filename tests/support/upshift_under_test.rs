//! The program `upshift`, beside the tests that start it.

fn main() -> std::process::ExitCode {
    upshift_cli::main()
}
