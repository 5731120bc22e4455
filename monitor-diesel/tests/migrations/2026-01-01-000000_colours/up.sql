create table colours (id integer primary key, name text not null);
