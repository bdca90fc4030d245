//! A proxy between client and server that counts round trips.
