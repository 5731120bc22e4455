//! Which database a URL means, and nothing else of it.

use monitor_core::capture::{Database, System};

/// The database a diesel connection URL leads to: system, host, port and name.
///
/// Password and options are not kept, and the user only as the name of a PostgreSQL database that is
/// not named otherwise, as the server does. Knows URLs (`postgres://`, `mysql://`), PostgreSQL's
/// `host=db dbname=shop` and SQLite's files. Of a URL that is malformed only the system is kept, as
/// what looks like a host may be a piece of a password.
#[must_use]
pub fn database_of(url: &str) -> Database {
    let url = url.trim();
    if let Some((scheme, rest)) = url.split_once("://") {
        match scheme.to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" => return server(System::PostgreSql, rest),
            "mysql" | "mariadb" => return server(System::MySql, rest),
            "sqlite" | "file" => return sqlite(&format!("file:{rest}")),
            _ if is_scheme(scheme) => return Database::default(),
            _ => {}
        }
    }
    match url {
        "" => Database::default(),
        _ if is_key_values(url) => key_values(url),
        // No file that people make; most likely a server's URL that is not quite one.
        _ if url.contains('@') || url.contains("://") || begins_like_a_server(url) => {
            Database::default()
        }
        _ => sqlite(url),
    }
}

fn begins_like_a_server(url: &str) -> bool {
    let name = url.split([':', '/', '=']).next().unwrap_or_default().to_ascii_lowercase();
    name.len() < url.len()
        && ["postgres", "postgresql", "mysql", "mariadb", "jdbc"].contains(&&*name)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

// === servers ===

/// What was said of a server so far.
#[derive(Default)]
struct Said {
    host: String,
    port: Option<u16>,
    name: String,
    user: String,
}

/// `user:password@host:port/name?key=value`
fn server(system: System, rest: &str) -> Database {
    authority_and_rest(rest).map_or_else(|| Database::of(system), |said| said.about(system))
}

fn authority_and_rest(rest: &str) -> Option<Said> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    // A password that was not escaped ends the authority too early, and leaves its `@` behind.
    if rest.contains('@') {
        return None;
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    // Of several hosts the first one names the cluster.
    let first = hosts.split(',').next().unwrap_or_default();
    let (host, port) = split_port(first)?;
    let mut said = Said {
        host: decode(host),
        port,
        name: decode(path.strip_prefix('/').unwrap_or(path)),
        user: decode(user.split(':').next().unwrap_or_default()),
    };
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        said.hear(key, &decode(value));
    }
    Some(said)
}

impl Said {
    /// A `key=value`: PostgreSQL takes anything that way, MySQL its socket.
    fn hear(&mut self, key: &str, value: &str) {
        let first = value.split(',').next().unwrap_or_default();
        match key {
            "host" | "hostaddr" | "unix_socket" | "socket" => self.host = first.into(),
            "port" => self.port = first.parse().ok().or(self.port),
            "dbname" => self.name = value.into(),
            "user" => self.user = value.into(),
            _ => {}
        }
    }

    fn about(self, system: System) -> Database {
        let Self { mut host, mut port, mut name, user } = self;
        match system {
            System::PostgreSql => {
                name = if name.is_empty() { user } else { name };
                port = port.or(Some(5432));
            }
            _ => {
                host = if host.is_empty() { "localhost".into() } else { host };
                port = port.or(Some(3306));
            }
        }
        // A socket has a folder, and no port.
        let port = port.filter(|_| !host.starts_with('/'));
        Database { system, name, host, port }
    }
}

/// `host`, `host:port`, `[::1]:port`; `None` where the port is not a number.
fn split_port(host: &str) -> Option<(&str, Option<u16>)> {
    if let Some((address, rest)) = host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        let port = rest.strip_prefix(':').filter(|port| !port.is_empty());
        return Some((address, port.map(str::parse).transpose().ok()?));
    }
    match host.split_once(':') {
        None | Some((_, "")) => Some((host.trim_end_matches(':'), None)),
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
    }
}

/// Undoes percent-encoding; what is not UTF-8 then is replaced.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let digits = (byte == b'%').then(|| tail.split_at_checked(2)).flatten();
        let digits = digits.and_then(|(digits, tail)| Some((hex(digits)?, tail)));
        let (byte, tail) = digits.unwrap_or((byte, tail));
        bytes.push(byte);
        rest = tail;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digits: &[u8]) -> Option<u8> {
    digits.iter().try_fold(0, |value: u8, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(value << 4 | u8::try_from(digit).ok()?)
    })
}

// === libpq's key=value ===

/// A file's name may have a `=` in it too, but seldom behind one plain word.
fn is_key_values(text: &str) -> bool {
    let key = text.split_once('=').map(|(key, _)| key.trim());
    key.is_some_and(|key| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
}

/// `host=db port=5432 dbname='my shop'`
fn key_values(text: &str) -> Database {
    let system = System::PostgreSql;
    let mut said = Said::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let Some((key, tail)) = rest.split_once('=') else { return Database::of(system) };
        let Some((value, tail)) = quoted_value(tail.trim_start()) else {
            return Database::of(system);
        };
        said.hear(key.trim(), &value);
        rest = tail.trim_start();
    }
    said.about(system)
}

/// A value and what follows it; `None` where a quote is left open.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut chars = text.char_indices().skip(usize::from(quoted));
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Some((value, &text[at + 1..])),
            c if c.is_whitespace() && !quoted => return Some((value, &text[at..])),
            c => value.push(c),
        }
    }
    (!quoted).then_some((value, ""))
}

// === SQLite ===

/// A file's name without its folder; `:memory:` where there is no file.
fn sqlite(url: &str) -> Database {
    let url = url.strip_prefix("sqlite:").unwrap_or(url);
    let (file, is_uri) = match url.strip_prefix("file:") {
        Some(file) => (file, true),
        None => (url, false),
    };
    let path = file.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = if is_uri { decode(name) } else { name.to_owned() };
    let name = if name.is_empty() { ":memory:".into() } else { name };
    Database { name, ..Database::of(System::Sqlite) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, system: System, host: &str, port: Option<u16>, name: &str) {
        let expected = Database { system, host: host.into(), port, name: name.into() };
        assert_eq!(database_of(url), expected, "{url}");
    }

    #[test]
    fn a_url_tells_host_port_and_name() {
        let check = |url, host, port, name| check(url, System::PostgreSql, host, port, name);
        check("postgres://alice:secret@db.example:6000/shop?x=y", "db.example", Some(6000), "shop");
        check("postgresql://db/shop", "db", Some(5432), "shop");
        check("POSTGRES://db", "db", Some(5432), "");
        check("postgres://alice:secret@db", "db", Some(5432), "alice");
        check("postgres://[::1]:6000/shop", "::1", Some(6000), "shop");
        check("postgres://[::1]/shop", "::1", Some(5432), "shop");
        check("postgres://u:p%40ss@db/my%20shop", "db", Some(5432), "my shop");
        check("postgres://u:p@x@db/shop", "db", Some(5432), "shop");
        check("postgres://a:6000,b:6001/shop", "a", Some(6000), "shop");
        check("postgres://db:/shop", "db", Some(5432), "shop");
        check("postgres://db/100%", "db", Some(5432), "100%");
    }

    #[test]
    fn a_socket_has_no_port() {
        let check = |url, system, host, name| check(url, system, host, None, name);
        check("postgres://%2Fvar%2Frun/shop", System::PostgreSql, "/var/run", "shop");
        check("postgres:///s?host=/var/run&port=6000", System::PostgreSql, "/var/run", "s");
        check("host=/var/run dbname=shop", System::PostgreSql, "/var/run", "shop");
        check("mysql:///shop?unix_socket=/run/m.sock", System::MySql, "/run/m.sock", "shop");
    }

    #[test]
    fn a_url_of_mysql_is_one_of_mysql() {
        let check = |url, host, port, name| check(url, System::MySql, host, Some(port), name);
        check("mysql://root@127.0.0.1/shop", "127.0.0.1", 3306, "shop");
        check("mariadb://db:3307/shop", "db", 3307, "shop");
        check("mysql://root@/shop", "localhost", 3306, "shop");
    }

    #[test]
    fn words_of_libpq_are_understood() {
        let check = |url, host, port, name| check(url, System::PostgreSql, host, Some(port), name);
        check("host=db port=6000 user=alice password=secret dbname=shop", "db", 6000, "shop");
        check(r"password = 'it\'s = host=evil' dbname='my shop' host = db", "db", 5432, "my shop");
        check("user=alice dbname=shop", "", 5432, "shop");
        check("user=alice", "", 5432, "alice");
        check("host=a,b port=1,2", "a", 1, "");
    }

    #[test]
    fn what_is_malformed_gives_nothing_away() {
        for url in [
            "postgres://alice:se/cret@db/shop",
            "postgres://alice:se?cret@db/shop",
            "postgres://alice:123/456@db/shop",
            "postgres://alice:secret",
            "postgres://alice:99999999@",
            "password='secret",
            "password",
            "x=secret y",
            "\"postgres://alice:secret@db\"",
            "'postgres://alice:secret@db'",
            "jdbc:postgresql://alice:secret@db",
            "DATABASE_URL=postgres://alice:secret@db",
            "\u{feff}postgres://alice:secret@db",
            "postgres//alice:secret@db",
            "postgres:alice:secret",
            "mysql:secret",
        ] {
            let seen = format!("{:?}", database_of(url));
            assert!(!["secret", "cret", "456", "123"].iter().any(|s| seen.contains(s)), "{seen}");
        }
    }

    #[test]
    fn a_file_is_known_by_its_name() {
        let check = |url, name| check(url, System::Sqlite, "", None, name);
        check(":memory:", ":memory:");
        check("shop.db", "shop.db");
        check("/var/lib/a=b/shop.db", "shop.db");
        check("./data/shop.db", "shop.db");
        check(r"C:\data\shop.db", "shop.db");
        check("file:data/shop.db?mode=ro", "shop.db");
        check("file:my%20shop.db", "my shop.db");
        check("file::memory:?cache=shared", ":memory:");
        check("file:///var/shop.db", "shop.db");
        check("sqlite://data/shop.db", "shop.db");
        check("sqlite::memory:", ":memory:");
    }

    #[test]
    fn what_is_not_known_is_some_sql_database() {
        for url in ["", "  ", "oracle://scott:tiger@db/shop"] {
            assert_eq!(database_of(url), Database::default(), "{url}");
        }
    }
}
