//! The names of tables and columns as a system wants them written.

use crate::capture::System;
use crate::inquire::{Table, quoted};

/// A column's name, in quotes where it needs them.
pub(super) fn column_written(system: System, name: &str) -> String {
    match system {
        System::MySql | System::MariaDb => format!("`{}`", name.replace('`', "``")),
        _ => quoted(name),
    }
}

/// A table's name with its schema before it, as the search path of whoever follows the advice is not known.
pub(super) fn table_written(system: System, table: &Table) -> String {
    let name = column_written(system, &table.name);
    match table.schema.as_str() {
        "" => name,
        schema => format!("{}.{name}", column_written(system, schema)),
    }
}

/// A text as a literal. Names with a backslash, which is an escape to some, are kept out of it.
pub(super) fn text_written(text: &str) -> String {
    format!("'{}'", text.replace('\\', "").replace('\'', "''"))
}
