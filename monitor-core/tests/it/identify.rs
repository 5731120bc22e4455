//! Texts and the statements they are.

mod properties;
