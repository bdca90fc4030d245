//! The checksums of other tools, to the bit.

use sha1::Digest as _;
use sha2::{Sha256, Sha384};

/// Flyway: CRC-32 over the lines without what parts them, as a signed number (ChecksumCalculator.java).
///
/// Lines are Java's: `\n`, `\r` and `\r\n` end one. A byte order mark does not count.
pub fn flyway(text: &str) -> i32 {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let bytes = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r'));
    crc32(bytes).cast_signed()
}

/// sqlx: SHA-384 of the file's bytes, as hexadecimal digits.
pub fn sqlx(text: &str) -> String {
    hex(&Sha384::digest(text))
}

/// drizzle: SHA-256 of the file's bytes, as hexadecimal digits.
pub fn drizzle(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// sqitch: SHA-1 of the deploy script's bytes, as hexadecimal digits.
pub fn sqitch(text: &str) -> String {
    hex(&sha1::Sha1::digest(text))
}

/// graphile-migrate: SHA-1 over the hash before and the trimmed body, chained (hash.ts).
pub fn graphile(previous: Option<&str>, body: &str) -> String {
    let whole = format!("{}\n{}", previous.unwrap_or(""), body.trim());
    format!("sha1:{}", hex(&sha1::Sha1::digest(format!("{}\n", whole.trim()))))
}

/// How wide refinery's versions were when it wrote its table; its feature `int8-versions` says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// 32 bits, unless told otherwise.
    Four,
    /// 64 bits.
    Eight,
}

/// refinery: SipHash-1-3 without a key, over name, version and text as Rust hashes them (runner.rs).
pub fn refinery(name: &str, version: u64, width: Width, text: &str) -> u64 {
    let mut bytes = name.as_bytes().to_vec();
    bytes.push(0xff);
    match width {
        Width::Four => bytes.extend((version as u32).to_le_bytes()),
        Width::Eight => bytes.extend(version.to_le_bytes()),
    }
    bytes.extend(text.as_bytes());
    bytes.push(0xff);
    siphash_1_3(&bytes)
}

/// CRC-32 as IEEE 802.3 has it, which is zlib's and Go's.
pub(crate) fn crc32(bytes: impl Iterator<Item = u8>) -> u32 {
    let step = |crc: u32, byte: u8| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    };
    !bytes.fold(!0, step)
}

/// SipHash-1-3 with both keys 0 (Aumasson and Bernstein, "SipHash: a fast short-input PRF").
fn siphash_1_3(bytes: &[u8]) -> u64 {
    let mut v: [u64; 4] =
        [0x736f_6d65_7073_6575, 0x646f_7261_6e64_6f6d, 0x6c79_6765_6e65_7261, 0x7465_6462_7974_6573];
    let round = |v: &mut [u64; 4]| {
        v[0] = v[0].wrapping_add(v[1]);
        v[1] = v[1].rotate_left(13) ^ v[0];
        v[0] = v[0].rotate_left(32);
        v[2] = v[2].wrapping_add(v[3]);
        v[3] = v[3].rotate_left(16) ^ v[2];
        v[0] = v[0].wrapping_add(v[3]);
        v[3] = v[3].rotate_left(21) ^ v[0];
        v[2] = v[2].wrapping_add(v[1]);
        v[1] = v[1].rotate_left(17) ^ v[2];
        v[2] = v[2].rotate_left(32);
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    last[7] = bytes.len() as u8;
    for word in words.iter().chain([&last]) {
        let word = u64::from_le_bytes(*word);
        v[3] ^= word;
        round(&mut v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    (0..3).for_each(|_| round(&mut v));
    v.into_iter().fold(0, |all, one| all ^ one)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
